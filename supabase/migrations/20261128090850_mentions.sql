-- Mentions: whom a message mentions, and how many unread mentions a person has.
--
-- A message has the ids of everybody whom it mentions in its own row. chat.mentions has a row for each of them who is
-- told: a participant who is not the sender. Deleting a message deletes its rows here. A person who has left a chat
-- keeps their rows, but does not see them until they are a participant again.

create function chat.max_mentions() returns integer
language sql immutable parallel safe
return 50;
comment on function chat.max_mentions() is 'How many people a message may mention.';

create table chat.mentions (
  chat_id uuid not null references chat.chats (id) on delete cascade,
  -- No foreign keys: the trigger on auth.users removes the rows of deleted accounts, and a message is removed only with
  -- its chat.
  user_id uuid not null,
  message_id uuid not null,
  created_at timestamptz not null,
  primary key (chat_id, user_id, created_at)
);
comment on table chat.mentions is 'The people whom messages mention, apart from senders and deleted messages.';
comment on column chat.mentions.created_at is 'The created_at of the message. No other message of the chat has it.';
create index mentions_of_user_idx on chat.mentions (user_id, created_at, message_id);
alter table chat.mentions enable row level security;
alter table chat.mentions force row level security;

-- Rules ----------------------------------------------------------------------

create function chat.check_mentions(people uuid[]) returns void
language plpgsql stable set search_path = ''
as $$
begin
  if cardinality(people) > chat.max_mentions() then
    perform chat.refuse_field('mentions', format('must have at most %s ids', chat.max_mentions()));
  elsif array_position(people, null) is not null then
    perform chat.refuse_field('mentions', 'must be a list of UUIDs');
  elsif cardinality(people) > (select count(distinct person) from unnest(people) as person) then
    perform chat.refuse_field('mentions', 'must not have an id twice');
  end if;
end
$$;
comment on function chat.check_mentions(uuid[]) is 'Raises invalid_request unless a list of people can be the mentions of a message.';

create function chat.require_participants(room chat.chats, people uuid[]) returns void
language plpgsql stable security definer set search_path = ''
as $$
begin
  -- The API shows both people of a pair as participants, so nobody learns here that one of them has left.
  if exists (
    select from unnest(people) as person
    where person is distinct from room.direct_low and person is distinct from room.direct_high
      and not exists (
        select from chat.chat_participants p
        where p.chat_id = room.id and p.user_id = person and p.left_at is null
      )
  ) then
    perform chat.refuse_field('mentions', 'must be participants of the chat');
  end if;
end
$$;
comment on function chat.require_participants(chat.chats, uuid[]) is
  'Raises invalid_request unless all people are participants of the chat, as the API shows them.';

create function chat.people_to_tell(chat_id uuid, sender uuid, people uuid[]) returns setof uuid
language sql stable security definer set search_path = ''
as $$
  select p.user_id from chat.chat_participants p
  where p.chat_id = people_to_tell.chat_id and p.user_id = any (people) and p.user_id <> sender and p.left_at is null
  order by p.user_id
$$;
comment on function chat.people_to_tell(uuid, uuid, uuid[]) is
  'Of the people whom a message mentions, those who are told: the participants, without the sender.';

create function chat.store_mentions(
  chat_id uuid, message_id uuid, created_at timestamptz, sender uuid, before uuid[], after uuid[]
) returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  delete from chat.mentions m
  where m.chat_id = store_mentions.chat_id and m.created_at = store_mentions.created_at
    and m.user_id = any (before) and m.user_id <> all (after);
  insert into chat.mentions (chat_id, user_id, message_id, created_at)
  select store_mentions.chat_id, person, store_mentions.message_id, store_mentions.created_at
  from chat.people_to_tell(chat_id, sender, after) as person
  on conflict on constraint mentions_pkey do nothing;
end
$$;
comment on function chat.store_mentions(uuid, uuid, timestamptz, uuid, uuid[], uuid[]) is
  'Makes the rows of chat.mentions those of the people whom a message mentions now. The caller holds the chat''s lock.';

create function chat.unread_mentions(chat_id uuid, read_to timestamptz, reader uuid) returns table (messages integer)
language sql stable
begin atomic
  -- 100 means "more than 99", as in chat.unread.
  select count(*)::integer
  from (
    select from chat.mentions m
    where m.chat_id = unread_mentions.chat_id and m.user_id = reader and m.created_at > read_to
    limit 100
  ) as newest;
end;
comment on function chat.unread_mentions(uuid, timestamptz, uuid) is
  'The number of messages that mention a reader and that the reader has not read, up to 100. Deleted messages and the reader''s own do not count. Returns a table of one row, because the planner inlines only such a function.';

-- The API --------------------------------------------------------------------

create function chat.mentions_of_caller(row_limit integer, before timestamptz, before_id uuid)
returns table (chat_id uuid, message_id uuid, created_at timestamptz)
language plpgsql stable security definer set search_path = ''
-- The index of a person's mentions has them in order. A connection keeps its plans while the tables grow, so a plan for
-- nearly empty tables must use their indexes too.
set enable_sort = off set enable_seqscan = off set jit = off
as $$
declare
  me constant uuid := auth.uid();
  older_than constant timestamptz := coalesce(before, 'infinity');
  id_below constant uuid := coalesce(before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
begin
  return query
    select m.chat_id, m.message_id, m.created_at
    from chat.mentions m
    -- Without the limit the planner may read all chats of a person for each mention.
    cross join lateral (
      select p.history_from from chat.chat_participants p
      where p.chat_id = m.chat_id and p.user_id = me and p.left_at is null
      limit 1
    ) as mine
    where m.user_id = me and (m.created_at, m.message_id) < (older_than, id_below) and m.created_at > mine.history_from
    order by m.created_at desc, m.message_id desc
    limit row_limit;
end
$$;
comment on function chat.mentions_of_caller(integer, timestamptz, uuid) is
  'The messages that mention the caller, newest first: those in the caller''s history of the chats in which they are a participant now.';

create function public.list_mentions(
  page_limit integer default 50, before timestamptz default null, before_id uuid default null
) returns json
language plpgsql stable security invoker set search_path = ''
-- As list_messages: planning the shape of Message takes a sixth of the whole call.
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off
as $$
declare
  me constant uuid := auth.uid();
  data json;
  next_cursor text;
begin
  perform chat.check_page_limit(page_limit);
  with page as materialized (
    select * from chat.mentions_of_caller(page_limit + 1, before, before_id)
  ),
  shown as materialized (
    select * from page p order by p.created_at desc, p.message_id desc limit page_limit
  )
  select
    (
      select json_agg(shape order by s.created_at desc, s.message_id desc)
      from shown s
      -- Without the limit the planner may read all messages of a person's chats.
      cross join lateral (select m from public.messages m where m.id = s.message_id limit 1) as one (message)
      cross join lateral chat.to_message(one.message, me, s.chat_id in (select chat.moderated_chats())) as shape
    ),
    (
      select chat.cursor('mentions', chat.rfc3339(s.created_at), s.message_id::text)
      from shown s
      where (select count(*) from page) > page_limit
      order by s.created_at, s.message_id
      limit 1
    )
  into data, next_cursor;
  if data is null then
    perform chat.require_account();
  end if;
  return json_build_object('data', coalesce(data, '[]'), 'nextCursor', next_cursor);
end
$$;
comment on function public.list_mentions(integer, timestamptz, uuid) is
  'A page of the messages that mention the caller, newest first: {data: [Message], nextCursor}.';
