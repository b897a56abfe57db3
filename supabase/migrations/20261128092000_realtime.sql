-- Realtime: the broadcasts that the database sends.
--
-- Subscribers have two sources: the publication, where RLS decides for each subscriber and row, and broadcasts on
-- private channels, which the triggers here send. Neither guarantees delivery: a client learns what it has missed
-- from `list_changes`, by `rev`. So a broadcast that fails is counted, and the write succeeds.
--
-- Realtime counts each row of realtime.messages and each delivery against the project's messages a second. Above that
-- limit it drops all broadcasts of the project without an error. So a send writes one row for the chat, and one row
-- for each participant only in small chats.

-- Sending --------------------------------------------------------------------

create sequence chat.lost_broadcasts as bigint minvalue 0 start 0;
do $$ begin perform nextval('chat.lost_broadcasts'); end $$;
comment on sequence chat.lost_broadcasts is
  'Its last_value is the number of broadcasts that failed. A sequence never waits, and also counts in a transaction that is rolled back. Broadcasts that Realtime itself drops are not counted.';

create function chat.max_broadcast_bytes() returns integer
language sql immutable parallel safe
return 250000;
comment on function chat.max_broadcast_bytes() is
  'The largest payload of a broadcast. Hosted Realtime accepts 256 KB on its smallest plan and drops larger payloads.';

create type chat.notice as (topic text, event text, payload jsonb);
comment on type chat.notice is 'An event for a private channel.';

create function chat.broadcast(notices chat.notice[]) returns void
language plpgsql volatile set search_path = ''
-- Realtime chooses the partition of the day by the session's time zone, which a caller of PostgREST can set.
set timezone = 'UTC'
-- Maintenance of Realtime's table must not delay a write and the requests that wait for the same chat's lock.
set lock_timeout = '50ms'
as $$
declare
  begun constant timestamptz := clock_timestamp();
  notice chat.notice;
  sent integer := 0;
begin
  foreach notice in array notices loop
    -- After one failure in this transaction, the next broadcast would take as long to fail.
    exit when current_setting('chat.realtime_fails', true) = 'yes';
    if octet_length(notice.payload::text) > chat.max_broadcast_bytes() then
      notice.payload := jsonb_strip_nulls(jsonb_build_object(
        'chatId', notice.payload -> 'chatId', 'rev', notice.payload -> 'rev', 'topic', notice.payload -> 'topic'
      ));
    end if;
    perform set_config('realtime.topic', '', true);
    perform realtime.send(notice.payload, notice.event, notice.topic, true);
    -- realtime.send sets this setting to the topic. If it fails, it raises a warning and resets the setting.
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
  -- The error also takes back the broadcasts that were sent.
  perform nextval('chat.lost_broadcasts') from generate_series(1, cardinality(notices));
  raise warning 'broadcasts were lost: %', sqlerrm;
end
$$;
comment on function chat.broadcast(chat.notice[]) is
  'Sends events until one fails or they take too long, and counts each event that was not sent. An event that is too large is sent without its content.';

create function chat.told_participants(chat_id uuid) returns uuid[]
language plpgsql stable security definer set search_path = ''
-- For a few rows, a bitmap takes longer than the index alone.
set enable_bitmapscan = off
as $$
declare
  at_most constant integer := coalesce(
    (select s.value from chat.settings s where s.name = 'told_participants'), 0
  );
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
  'The participants of a chat, or nobody if they are more than the setting told_participants. Without them, the chat sends nothing to people''s own channels and no read marks.';

create function chat.for_participants(chat_id uuid, payload jsonb) returns chat.notice[]
language plpgsql stable security definer set search_path = ''
as $$
begin
  return array(
    select row(chat.topic('user', person), 'chat.updated', payload)::chat.notice
    from unnest(chat.told_participants(chat_id)) as person
  );
end
$$;
comment on function chat.for_participants(uuid, jsonb) is
  'chat.updated for each participant''s own channel, unless the chat has too many participants.';

-- Messages -------------------------------------------------------------------

create function chat.to_reaction_change(before jsonb, after jsonb) returns jsonb
language sql stable
return (
  select jsonb_build_object(
    'userId', auth.uid(), 'emoji', emoji, 'added', coalesce(now.count, 0) > coalesce(earlier.count, 0)
  )
  from jsonb_to_recordset(before) as earlier (emoji text, count integer)
  full join jsonb_to_recordset(after) as now (emoji text, count integer) using (emoji)
  where now.count is distinct from earlier.count and auth.uid() is not null
  limit 1
);
comment on function chat.to_reaction_change(jsonb, jsonb) is
  'The shape of ReactionChange: which reaction the caller has just added to a message, or removed. Null if nobody has.';

create function chat.for_mentioned_and_participants(message public.messages, before uuid[], after uuid[], payload jsonb)
returns chat.notice[]
language plpgsql stable security definer set search_path = ''
as $$
declare
  told uuid[] := chat.told_participants(message.chat_id);
begin
  if before <> after then
    told := array(
      select person from unnest(told) as person
      union
      select person
      from chat.people_to_tell(message.chat_id, message.sender_id, array(
        select person from unnest(before) as person where person <> all (after)
        union all
        select person from unnest(after) as person where person <> all (before)
      )) as person
    );
  end if;
  return array(
    select row(chat.topic('user', person), 'chat.updated', case
      when person = any (after) and person <> message.sender_id and payload ? 'message' then payload || '{"mentioned": true}'
      else payload
    end)::chat.notice
    from unnest(told) as person
  );
end
$$;
comment on function chat.for_mentioned_and_participants(public.messages, uuid[], uuid[], jsonb) is
  'chat.updated for each participant''s own channel, unless the chat has too many participants. Those whom the message mentions now and did not mention before, or the other way round, are told in every chat.';

create function chat.on_message_changed() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  room chat.chats;
  -- The readers of an event may read different messages. So nothing is quoted, and nobody's own reactions are marked.
  plain public.messages := new;
  reaction jsonb;
  for_people chat.notice[] := array[]::chat.notice[];
  event constant text := case
    when tg_op = 'INSERT' then 'created' when new.deleted_at is not null then 'deleted' else 'updated'
  end;
  for_all constant jsonb := jsonb_build_object('chatId', new.chat_id, 'rev', new.rev);
  for_list jsonb := for_all || jsonb_build_object('kind', event);
  change jsonb;
begin
  select c.* into room from chat.chats c where c.id = new.chat_id;
  -- One person of the pair may have left the message behind, and the other one must not notice. So an edit or a reaction
  -- is always sent without its content there, and both people read the feed.
  if event = 'updated' and room.type = 'direct' then
    change := for_all;
    for_list := for_all;
  else
    plain.reply_to_id := null;
    plain.reactions := '[]';
    select for_all || chat.to_change(new.rev, new.id, event = 'deleted', shape)::jsonb #- '{message,replyTo}' into change
    from chat.to_message(plain, new.sender_id, false) as shape;
    if new.reply_to_id is not null then
      change := jsonb_set(change, '{message,replyToId}', to_jsonb(new.reply_to_id), false);
    end if;
    change := jsonb_set(change, '{message,reactions}', new.reactions, false);
    if event <> 'deleted' then
      for_list := for_list || (select jsonb_build_object('message', shape) from chat.to_last_message(new) as shape);
    end if;
  end if;

  -- A reaction changes nothing in the list of chats, so it costs one broadcast.
  if tg_op = 'UPDATE' and event = 'updated' and new.reactions <> old.reactions then
    reaction := chat.to_reaction_change(old.reactions, new.reactions);
    if reaction is not null and change ? 'message' then
      change := change || jsonb_build_object('reaction', reaction);
    end if;
  else
    for_people := chat.for_mentioned_and_participants(
      new,
      case tg_op when 'UPDATE' then old.mentions else '{}' end,
      case event when 'deleted' then '{}' else new.mentions end,
      for_list
    );
  end if;

  perform chat.broadcast(
    row(chat.topic('chat', room.id, room.topic_version), 'message.' || event, change)::chat.notice || for_people
  );
  return null;
end
$$;
comment on function chat.on_message_changed() is
  'Broadcasts message.created, message.updated or message.deleted, with the Change of the feed, the chat''s id and, after a reaction, who has reacted.';

create trigger _100_broadcast_message
  after insert or update of rev on public.messages
  for each row execute function chat.on_message_changed();

-- Participants ---------------------------------------------------------------
-- These are statement triggers. A function that changes participants of several chats has locked these chats before.

create function chat.announce_joining(room chat.chats, people uuid[], is_new_chat boolean) returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  perform chat.broadcast(array(
    select row(
      chat.topic('user', person), 'chat.created', jsonb_build_object('chatId', room.id, 'rev', room.rev)
    )::chat.notice
    from unnest(people) as person
    union all
    -- A direct chat always shows both people of its pair, so nobody learns that one of them has left and come back.
    select row(
      chat.topic('chat', room.id, room.topic_version), 'chat.joined',
      jsonb_build_object('chatId', room.id, 'userIds', people)
    )::chat.notice
    where room.type <> 'direct' and not is_new_chat
  ));
end
$$;
comment on function chat.announce_joining(chat.chats, uuid[], boolean) is
  'Broadcasts chat.created to each person who joined, and one chat.joined to the other participants of a group.';

create function chat.announce_leaving(left_chat uuid, people uuid[], are_gone boolean) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  room chat.chats;
begin
  -- Realtime asks only once whether a person may listen to a topic, and keeps the answer until their token changes.
  -- So a group gets another topic, in the transaction that removes the person and under the chat's lock. No later
  -- message reaches a person who was allowed to listen to the old topic.
  -- A direct chat gets another topic when an account is deleted. The other person does not learn of a leaving.
  update chat.chats c set topic_version = c.topic_version + 1
  where c.id = left_chat and (c.type <> 'direct' or are_gone)
  returning c.* into room;

  perform chat.broadcast(array(
    select row(
      chat.topic('chat', room.id, room.topic_version - 1), 'chat.left',
      jsonb_build_object('chatId', room.id, 'userIds', people, 'topic', chat.topic('chat', room.id, room.topic_version))
    )::chat.notice
    where room.id is not null
    union all
    -- A deleted account does not listen.
    select row(chat.topic('user', u.id), 'chat.left', jsonb_build_object('chatId', left_chat))::chat.notice
    from auth.users u
    where u.id = any (people)
  ));
end
$$;
comment on function chat.announce_leaving(uuid, uuid[], boolean) is
  'Moves a chat to its next topic. Broadcasts one chat.left to the old topic, and one to each person who left.';

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
comment on function chat.on_participants_added() is 'Announces new participants to themselves and to their chat.';

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
comment on function chat.on_participants_changed() is 'Announces the people who left and those who came back.';

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
  'Announces the people whose account or chat was deleted, and moves the chat to its next topic.';

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
declare
  change constant jsonb := jsonb_build_object('chatId', new.id, 'rev', new.rev);
begin
  perform chat.broadcast(
    row(chat.topic('chat', new.id, new.topic_version), 'chat.updated', change)::chat.notice
    || chat.for_participants(new.id, change)
  );
  return null;
end
$$;
comment on function chat.on_chats_changed() is 'Announces the new name or event of a chat, in a small chat also to each participant.';

-- For each row, because a statement trigger would run at each send.
create trigger _100_announce_name
  after update of name, event_id on chat.chats
  for each row when ((new.name, new.event_id) is distinct from (old.name, old.event_id))
  execute function chat.on_chats_changed();
