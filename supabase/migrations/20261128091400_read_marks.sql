-- Read marks: how far a participant has read, and how many messages are unread.

create table chat.read_marks (
  chat_id uuid not null,
  user_id uuid not null,
  last_read_at timestamptz not null,
  changed_in xid8 not null default pg_current_xact_id(),
  primary key (chat_id, user_id),
  -- Not to chats: the check would wait for a deletion of the chat that waits for the reader's participation.
  foreign key (chat_id, user_id) references chat.chat_participants (chat_id, user_id) on delete cascade
)
with (fillfactor = 80);
comment on table chat.read_marks is
  'How far each participant has read: the created_at of the newest message that they have read. It never moves back.';
alter table chat.read_marks enable row level security;
alter table chat.read_marks force row level security;

create trigger _000_note_change
  before insert or update on chat.read_marks
  for each row execute function chat.note_change();
alter table chat.read_marks enable always trigger _000_note_change;

create function chat.unread_messages(chat_id uuid, read_to timestamptz, reader uuid) returns setof timestamptz
language sql stable
begin atomic
  select m.created_at from public.messages m
  where m.chat_id = unread_messages.chat_id and m.created_at > read_to and m.sender_id <> reader and m.deleted_at is null;
end;
comment on function chat.unread_messages(uuid, timestamptz, uuid) is
  'The created_at of each message of other people that a reader has not read. Deleted messages do not count.';

create function chat.unread(chat_id uuid, read_to timestamptz, reader uuid) returns table (messages integer)
language sql stable
begin atomic
  -- 100 means "more than 99". The scan ends there, so its cost does not grow with the history.
  select count(*)::integer
  from (
    select from chat.unread_messages(unread.chat_id, read_to, reader) as m (created_at)
    order by m.created_at desc
    limit 100
  ) as newest;
end;
comment on function chat.unread(uuid, timestamptz, uuid) is
  'The number of chat.unread_messages, up to 100. Returns a table of one row, because the planner inlines only such a function.';

create function chat.unread_count(chat_id uuid) returns integer
language plpgsql stable security definer set search_path = ''
-- As chat.chats_of_caller, which counts the same in a page of chats.
set enable_sort = off set enable_seqscan = off set jit = off
as $$
declare
  me constant uuid := auth.uid();
begin
  return (
    select unread.messages
    from chat.chat_participants p
    left join chat.read_marks r on r.chat_id = p.chat_id and r.user_id = p.user_id
    cross join lateral chat.unread(p.chat_id, greatest(r.last_read_at, p.history_from), me) as unread
    where p.chat_id = unread_count.chat_id and p.user_id = me and p.left_at is null
  );
end
$$;
comment on function chat.unread_count(uuid) is 'The number of messages that the caller has not read, as chat.unread counts them.';

create function chat.unread_mention_count(chat_id uuid) returns integer
language plpgsql stable security definer set search_path = '' set enable_seqscan = off set jit = off
as $$
declare
  me constant uuid := auth.uid();
begin
  return (
    select mentions.messages
    from chat.chat_participants p
    left join chat.read_marks r on r.chat_id = p.chat_id and r.user_id = p.user_id
    cross join lateral chat.unread_mentions(p.chat_id, greatest(r.last_read_at, p.history_from), me) as mentions
    where p.chat_id = unread_mention_count.chat_id and p.user_id = me and p.left_at is null
  );
end
$$;
comment on function chat.unread_mention_count(uuid) is
  'The number of messages that mention the caller and that the caller has not read, as chat.unread_mentions counts them.';

-- mark_read calls this, and not a trigger, because a send also moves the sender's read mark and is not announced.
create function chat.announce_reading(
  chat_id uuid, message_id uuid, read_to timestamptz, unread_count integer, unread_mentions integer
) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  room chat.chats;
  me constant uuid := auth.uid();
begin
  select c.* into room from chat.chats c where c.id = announce_reading.chat_id;
  perform chat.broadcast(array(
    -- In a large chat, each message would cause one read mark for each reader, and each would go to all of them.
    select row(chat.topic('chat', room.id, room.topic_version), 'chat.read', jsonb_build_object(
      'chatId', room.id, 'userId', me, 'messageId', message_id, 'lastReadAt', chat.rfc3339(read_to)
    ))::chat.notice
    where me = any (chat.told_participants(room.id))
    union all
    select row(chat.topic('user', me), 'chat.updated', jsonb_build_object(
      'chatId', room.id, 'rev', room.rev, 'kind', 'read', 'unreadCount', unread_count,
      'unreadMentions', unread_mentions, 'lastReadAt', chat.rfc3339(read_to)
    ))::chat.notice
  ));
end
$$;
comment on function chat.announce_reading(uuid, uuid, timestamptz, integer, integer) is
  'Broadcasts chat.read to a small chat, and the new unread counts to the reader''s own devices.';

create function public.mark_read(chat_id uuid, message_id uuid) returns json
language plpgsql volatile security definer set search_path = '' set statement_timeout = '3s'
as $$
declare
  me constant uuid := auth.uid();
  read_to constant timestamptz := (chat.find_message(chat_id, message_id, true)).created_at;
  moved boolean;
  unread_count integer;
  unread_mentions integer;
begin
  perform chat.refuse_filters();
  if not exists (
    select from chat.read_marks r
    where r.chat_id = mark_read.chat_id and r.user_id = me and r.last_read_at >= read_to
  ) then
    perform chat.hold_participation(chat_id);
    perform chat.charge('read');
    insert into chat.read_marks as r (chat_id, user_id, last_read_at)
    values (mark_read.chat_id, me, read_to)
    on conflict on constraint read_marks_pkey do update set last_read_at = excluded.last_read_at
    where r.last_read_at < excluded.last_read_at;
    moved := found;
  end if;

  unread_count := chat.unread_count(chat_id);
  unread_mentions := case when unread_count = 0 then 0 else chat.unread_mention_count(chat_id) end;
  if moved then
    perform chat.announce_reading(chat_id, message_id, read_to, unread_count, unread_mentions);
  end if;
  perform chat.end_marked_unread(chat_id);
  return json_build_object('unreadCount', unread_count, 'unreadMentions', unread_mentions);
end
$$;
comment on function public.mark_read(uuid, uuid) is
  'Marks a chat as read up to a message: {unreadCount, unreadMentions}. The mark never moves back. Any call ends the setting marked_unread.';

create function public.list_reads(chat_id uuid) returns json
language plpgsql stable security definer set search_path = ''
as $$
begin
  perform chat.require_participant(chat_id);
  return (
    select json_build_object('data', coalesce(
      json_agg(json_build_object('userId', r.user_id, 'lastReadAt', chat.rfc3339(r.last_read_at)) order by r.user_id), '[]'
    ))
    from chat.read_marks r
    join chat.chats c on c.id = r.chat_id
    join chat.chat_participants p on p.chat_id = r.chat_id and p.user_id = r.user_id
    -- Both people of a direct chat, because the other one does not learn of a leaving.
    where r.chat_id = list_reads.chat_id and (p.left_at is null or c.type = 'direct')
  );
end
$$;
comment on function public.list_reads(uuid) is
  'How far the participants of a chat have read: {data: [{userId, lastReadAt}]}. Without those who have read nothing.';
