-- Realtime: what subscribers are told.
--
-- Two sources, both fed by the database: the publication, where RLS decides for each
-- subscriber and row, and broadcasts on the private channels `chat:{id}` and `user:{id}`,
-- which triggers send. Neither promises delivery: what a client has missed it learns from
-- `list_changes`, by `rev`. So a broadcast that fails is counted, and the write goes on.
--
-- Realtime counts each row of realtime.messages, and each delivery, against the project's messages
-- a second, and above that limit drops every broadcast of the project without an error. So a send
-- writes one row for the chat, and one for each participant only where these are few.

-- Sending --------------------------------------------------------------------

create sequence chat.lost_broadcasts as bigint minvalue 0 start 0;
do $$ begin perform nextval('chat.lost_broadcasts'); end $$;
comment on sequence chat.lost_broadcasts is
  'Its last_value counts the broadcasts that failed. A sequence, as it makes nobody wait and counts in writes that are rolled back too. What Realtime itself drops is counted nowhere.';

create function chat.max_broadcast_bytes() returns integer
language sql immutable parallel safe
return 250000;
comment on function chat.max_broadcast_bytes() is
  'How large a payload may be. Hosted Realtime takes 256 KB on its smallest plan and drops what is larger.';

create type chat.notice as (topic text, event text, payload jsonb);
comment on type chat.notice is 'An event for a private channel.';

create function chat.broadcast(notices chat.notice[]) returns void
language plpgsql volatile set search_path = ''
-- The day's partition goes by the session's time zone, which a caller of PostgREST chooses.
set timezone = 'UTC'
-- Upkeep of Realtime's table must not hold up a write, nor those that wait for the chat's lock behind it.
set lock_timeout = '50ms'
as $$
declare
  begun constant timestamptz := clock_timestamp();
  notice chat.notice;
  sent integer := 0;
begin
  foreach notice in array notices loop
    -- Where one has failed in this transaction, the next would take as long to fail.
    exit when current_setting('chat.realtime_fails', true) = 'yes';
    if octet_length(notice.payload::text) > chat.max_broadcast_bytes() then
      notice.payload := jsonb_strip_nulls(jsonb_build_object(
        'chatId', notice.payload -> 'chatId', 'rev', notice.payload -> 'rev', 'topic', notice.payload -> 'topic'
      ));
    end if;
    perform set_config('realtime.topic', '', true);
    perform realtime.send(notice.payload, notice.event, notice.topic, true);
    -- realtime.send turns errors into warnings, and takes back the topic that it had set.
    if current_setting('realtime.topic', true) <> notice.topic then
      perform set_config('chat.realtime_fails', 'yes', true);
    else
      sent := sent + 1;
      if clock_timestamp() > begun + interval '500 milliseconds' then
        perform set_config('chat.realtime_fails', 'yes', true);
      end if;
    end if;
  end loop;
  if sent < cardinality(notices) then
    perform nextval('chat.lost_broadcasts') from generate_series(sent + 1, cardinality(notices));
  end if;
exception when others then
  -- Those that were sent are taken back too.
  perform nextval('chat.lost_broadcasts') from generate_series(1, cardinality(notices));
  raise warning 'broadcasts were lost: %', sqlerrm;
end
$$;
comment on function chat.broadcast(chat.notice[]) is
  'Sends events until one fails or they take too long, and counts each that was not sent. An event that is too large goes without its content.';

create function chat.told_participants(chat_id uuid) returns uuid[]
language plpgsql stable security definer set search_path = ''
as $$
declare
  at_most constant integer := coalesce(chat.setting('told_participants'), 0);
  people constant uuid[] := array(
    select p.user_id from chat.chat_participants p
    where p.chat_id = told_participants.chat_id and p.left_at is null
    limit at_most + 1
  );
begin
  return case when cardinality(people) <= at_most then people else '{}' end;
end
$$;
comment on function chat.told_participants(uuid) is
  'A chat''s participants, or nobody where they are more than the setting told_participants says: then each is not told on their own channel, and nobody of read marks.';

create function chat.for_participants(chat_id uuid, payload jsonb) returns chat.notice[]
language plpgsql stable security definer set search_path = ''
as $$
begin
  return array(
    select row(chat.user_topic(person), 'chat.updated', payload)::chat.notice
    from unnest(chat.told_participants(chat_id)) as person
  );
end
$$;
comment on function chat.for_participants(uuid, jsonb) is
  'chat.updated for each participant''s own channel, unless the chat has too many.';

-- Messages -------------------------------------------------------------------

create function chat.on_message_changed() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  room chat.chats;
  event constant text := case
    when tg_op = 'INSERT' then 'created' when new.deleted_at is not null then 'deleted' else 'updated'
  end;
  for_all constant jsonb := jsonb_build_object('chatId', new.chat_id, 'rev', new.rev);
  hidden boolean := false;
begin
  select c.* into room from chat.chats c where c.id = new.chat_id;
  -- An edit of what one of the pair has left behind them is no news to that one: both ask the feed.
  if event = 'updated' and room.type = 'direct' then
    hidden := exists (
      select from chat.chat_participants p where p.chat_id = room.id and p.history_from >= new.created_at
    );
  end if;

  perform chat.broadcast(
    row(
      chat.topic(room.id, room.topic_version), 'message.' || event,
      case
        when hidden then for_all
        when event = 'deleted' then for_all || jsonb_build_object('kind', 'delete', 'messageId', new.id)
        else for_all || jsonb_build_object('kind', 'upsert', 'message', chat.to_message(new, new.sender_id))
      end
    )::chat.notice
    || chat.for_participants(room.id, case
      when hidden then for_all
      when event = 'deleted' then for_all || jsonb_build_object('kind', event)
      else for_all || jsonb_build_object('kind', event, 'message', chat.to_last_message(new))
    end)
  );
  return null;
end
$$;
comment on function chat.on_message_changed() is
  'Broadcasts message.created, message.updated or message.deleted, with a Change as the feed has it and the chat''s id.';

create trigger _100_broadcast_message
  after insert or update of rev on public.messages
  for each row execute function chat.on_message_changed();

-- Participants ---------------------------------------------------------------
-- Statement triggers: whoever changes participants of several chats has locked these chats before.

create function chat.announce_joining(room chat.chats, people uuid[], is_new_chat boolean) returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  perform chat.broadcast(array(
    select row(
      chat.user_topic(person), 'chat.created', jsonb_build_object('chatId', room.id, 'rev', room.rev)
    )::chat.notice
    from unnest(people) as person
    union all
    -- A direct chat is always the pair's: nobody notices that one of them has left and come back.
    select row(
      chat.topic(room.id, room.topic_version), 'chat.joined', jsonb_build_object('chatId', room.id, 'userIds', people)
    )::chat.notice
    where room.type <> 'direct' and not is_new_chat
  ));
end
$$;
comment on function chat.announce_joining(chat.chats, uuid[], boolean) is
  'Broadcasts chat.created to each who joined, and one chat.joined to the others of a group.';

create function chat.announce_leaving(left_chat uuid, people uuid[], are_gone boolean) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  room chat.chats;
begin
  -- Realtime asks once whether somebody may listen to a topic, and goes by that until their
  -- token changes. So a group moves to another topic, in the transaction that ends a part in
  -- it and under the chat's lock: no later message reaches a person who was allowed to hear the old one.
  -- A pair's chat moves when one's account is gone; a leaving there is nobody else's business.
  update chat.chats c set topic_version = c.topic_version + 1
  where c.id = left_chat and (c.type <> 'direct' or are_gone)
  returning c.* into room;

  perform chat.broadcast(array(
    select row(
      chat.topic(room.id, room.topic_version - 1), 'chat.left',
      jsonb_build_object('chatId', room.id, 'userIds', people, 'topic', chat.topic(room.id, room.topic_version))
    )::chat.notice
    where room.id is not null
    union all
    -- Nobody listens for a deleted account.
    select row(chat.user_topic(u.id), 'chat.left', jsonb_build_object('chatId', left_chat))::chat.notice
    from auth.users u
    where u.id = any (people)
  ));
end
$$;
comment on function chat.announce_leaving(uuid, uuid[], boolean) is
  'Moves a chat to its next topic, and broadcasts one chat.left to the old one and one to each who left.';

create function chat.on_participants_added() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  added_to uuid;
  people uuid[];
  room chat.chats;
begin
  for added_to, people in
    select a.chat_id, array_agg(a.user_id order by a.user_id)
    from added a
    where a.left_at is null
    group by a.chat_id
    order by a.chat_id
  loop
    select c.* into room from chat.chats c where c.id = added_to;
    perform chat.announce_joining(room, people, not exists (
      select from chat.chat_participants p
      where p.chat_id = room.id and p.left_at is null and p.user_id <> all (people)
    ));
  end loop;
  return null;
end
$$;
comment on function chat.on_participants_added() is 'Tells new participants of their chat, and a chat of its new participants.';

create function chat.on_participants_changed() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  changed uuid;
  came uuid[];
  went uuid[];
  room chat.chats;
begin
  for changed, came, went in
    select a.chat_id,
      array_agg(a.user_id order by a.user_id) filter (where a.left_at is null),
      array_agg(a.user_id order by a.user_id) filter (where a.left_at is not null)
    from after a
    join before b on b.chat_id = a.chat_id and b.user_id = a.user_id
    where (a.left_at is null) <> (b.left_at is null)
    group by a.chat_id
    order by a.chat_id
  loop
    if went is not null then
      perform chat.announce_leaving(changed, went, false);
    end if;
    if came is not null then
      select c.* into room from chat.chats c where c.id = changed;
      perform chat.announce_joining(room, came, false);
    end if;
  end loop;
  return null;
end
$$;
comment on function chat.on_participants_changed() is 'Tells a chat and its participants who left and who came back.';

create function chat.on_participants_deleted() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform chat.announce_leaving(d.chat_id, d.people, true)
  from (
    select o.chat_id, array_agg(o.user_id order by o.user_id) as people
    from deleted o
    where o.left_at is null
    group by o.chat_id
    order by o.chat_id
  ) d;
  return null;
end
$$;
comment on function chat.on_participants_deleted() is
  'Ends the listening of those whose account or chat was deleted.';

create trigger _100_announce_added
  after insert on chat.chat_participants
  referencing new table as added
  for each statement execute function chat.on_participants_added();
create trigger _100_announce_changed
  after update on chat.chat_participants
  referencing old table as before new table as after
  for each statement execute function chat.on_participants_changed();
create trigger _100_announce_deleted
  after delete on chat.chat_participants
  referencing old table as deleted
  for each statement execute function chat.on_participants_deleted();

create function chat.on_chats_changed() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform chat.broadcast(
    row(chat.topic(a.id, a.topic_version), 'chat.updated', jsonb_build_object('chatId', a.id, 'rev', a.rev))::chat.notice
    || chat.for_participants(a.id, jsonb_build_object('chatId', a.id, 'rev', a.rev))
  )
  from (
    select n.id, n.rev, n.topic_version
    from after n join before o on o.id = n.id
    where (n.name, n.event_id) is distinct from (o.name, o.event_id)
    order by n.id
  ) a;
  return null;
end
$$;
comment on function chat.on_chats_changed() is 'Tells a chat, and its participants where they are few, of its new name or event.';

create trigger _100_announce_name
  after update on chat.chats
  referencing old table as before new table as after
  for each statement execute function chat.on_chats_changed();

-- Reading and typing -----------------------------------------------------------

-- Called by mark_read and not by a trigger: a send moves the read mark too, and is no reading.
create function chat.announce_reading(chat_id uuid, message_id uuid, read_to timestamptz, unread_count integer)
returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  room chat.chats;
  me constant uuid := auth.uid();
begin
  select c.* into room from chat.chats c where c.id = announce_reading.chat_id;
  perform chat.broadcast(array(
    -- In a large chat each message would be followed by as many read marks as there are readers, each told to all.
    select row(chat.topic(room.id, room.topic_version), 'chat.read', jsonb_build_object(
      'chatId', room.id, 'userId', me, 'messageId', message_id, 'lastReadAt', chat.rfc3339(read_to)
    ))::chat.notice
    where me = any (chat.told_participants(room.id))
    union all
    select row(chat.user_topic(me), 'chat.updated', jsonb_build_object(
      'chatId', room.id, 'rev', room.rev, 'kind', 'read', 'unreadCount', unread_count,
      'lastReadAt', chat.rfc3339(read_to)
    ))::chat.notice
  ));
end
$$;
comment on function chat.announce_reading(uuid, uuid, timestamptz, integer) is
  'Broadcasts chat.read to a chat that is not too large, and the new unread count to the reader''s own devices.';

create function public.send_typing(chat_id uuid) returns void
language plpgsql volatile security definer set search_path = '' set statement_timeout = '3s'
-- Realtime's table keeps its time without a zone, in UTC.
set timezone = 'UTC'
as $$
declare
  room chat.chats;
  me constant uuid := auth.uid();
  this_topic text;
begin
  perform chat.require_participant(chat_id);
  perform chat.require_unblocked(chat_id);
  select c.* into room from chat.chats c where c.id = send_typing.chat_id;
  this_topic := chat.topic(room.id, room.topic_version);

  perform set_config('response.status', '202', true);
  -- Where the lock is taken, another request tells of the same person just now.
  if not pg_try_advisory_xact_lock(hashtextextended(room.id || '/' || me, 0)) then
    return;
  end if;
  if not exists (
    select from realtime.messages m
    where m.inserted_at > now() - interval '3 seconds' and m.topic = this_topic
      and m.extension = 'broadcast' and m.private is true
      and m.event = 'typing' and m.payload ->> 'userId' = me::text
  ) then
    perform chat.hold_participation(chat_id);
    perform chat.charge('typing');
    perform chat.broadcast(array[
      row(this_topic, 'typing', jsonb_build_object('chatId', room.id, 'userId', me))
    ]::chat.notice[]);
  end if;
end
$$;
comment on function public.send_typing(uuid) is
  'Tells a chat that the caller is typing, at most once in 3 seconds: HTTP 202, also where nothing is sent.';

-- Who may listen ---------------------------------------------------------------

create function chat.may_listen(topic text) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
declare
  me constant uuid := auth.uid();
begin
  if topic ~ '^chat:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(:[1-9][0-9]{0,9})?$' then
    return exists (
      select from chat.chat_participants p
      join chat.chats c on c.id = p.chat_id
      where p.chat_id = substr(topic, 6, 36)::uuid and p.user_id = me and p.left_at is null
        and chat.topic(c.id, c.topic_version) = topic
    );
  end if;
  return coalesce(topic = chat.user_topic(me), false);
end
$$;
comment on function chat.may_listen(text) is
  'Whether a topic is the present one of a chat that the caller takes part in, or the caller''s own.';

create function chat.is_chat_topic(topic text) returns boolean
language sql immutable parallel safe
return coalesce(topic ~ '^(chat|user):[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(:[0-9]+)?$', false);
comment on function chat.is_chat_topic(text) is
  'Whether a topic has the form of ours. Of others the restrictive policies say nothing.';
