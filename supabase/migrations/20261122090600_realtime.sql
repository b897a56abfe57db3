-- Realtime: what subscribers are told, and who may listen.
--
-- Two sources, both fed by the database: the publication, where RLS decides for each
-- subscriber and row, and broadcasts on the private channels `chat:{id}` and `user:{id}`,
-- which triggers send. Neither promises delivery: what a client has missed it learns from
-- `list_changes`, by `rev`. So a broadcast that fails is counted, and the write goes on.

-- The publication ------------------------------------------------------------
-- With the default replica identity: with a full one a deleted row would reach strangers whose filter fits.

alter publication supabase_realtime add table public.messages;

-- Sending --------------------------------------------------------------------

create sequence private.lost_broadcasts as bigint minvalue 0 start 0;
do $$ begin perform nextval('private.lost_broadcasts'); end $$;
comment on sequence private.lost_broadcasts is
  'Its last_value counts the broadcasts that failed. A sequence, as it makes nobody wait and counts in writes that are rolled back too.';
revoke all on sequence private.lost_broadcasts from public, anon, authenticated, service_role;

create function private.max_broadcast_bytes() returns integer
language sql immutable parallel safe
return 250000;
comment on function private.max_broadcast_bytes() is
  'How large a payload may be. Hosted Realtime takes 256 KB on its smallest plan and drops what is larger.';

create function private.max_told_participants() returns integer
language sql immutable parallel safe
return 50;
comment on function private.max_told_participants() is
  'How many participants a chat may have for each of them to be told of its messages on their own channel. Each costs the sender a subtransaction, and Postgres keeps 64 of a transaction at hand.';

create function private.broadcast(topics text[], event text, payload jsonb) returns boolean
language plpgsql volatile set search_path = ''
-- The day's partition goes by the session's time zone, which a caller of PostgREST chooses.
set timezone = 'UTC'
-- Upkeep of Realtime's table must not hold up a write, nor those that wait for the chat's lock behind it.
set lock_timeout = '50ms'
as $$
declare
  begun constant timestamptz := clock_timestamp();
  content constant jsonb := case
    when octet_length(payload::text) <= private.max_broadcast_bytes() then payload
    else jsonb_build_object('chatId', payload -> 'chatId', 'rev', payload -> 'rev')
  end;
  topic text;
begin
  foreach topic in array topics loop
    -- Where one has failed in this transaction, the next would take as long to fail.
    if current_setting('private.realtime_fails', true) = 'yes' then
      perform nextval('private.lost_broadcasts');
      return false;
    end if;
    perform set_config('realtime.topic', '', true);
    perform realtime.send(content, event, topic, true);
    -- realtime.send turns errors into warnings, and takes back the topic that it had set.
    if current_setting('realtime.topic', true) <> topic then
      perform set_config('private.realtime_fails', 'yes', true), nextval('private.lost_broadcasts');
      return false;
    elsif clock_timestamp() > begun + interval '500 milliseconds' then
      perform set_config('private.realtime_fails', 'yes', true);
    end if;
  end loop;
  return true;
end
$$;
comment on function private.broadcast(text[], text, jsonb) is
  'Sends an event to private channels until one fails or they take too long: whether none did. One that is too large goes without its content.';

create function private.lose_broadcast(reason text) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  perform nextval('private.lost_broadcasts');
  raise warning 'a broadcast was lost: %', reason;
end
$$;
comment on function private.lose_broadcast(text) is 'Counts a broadcast that could not even be tried.';

create function private.tell_participants(chat_id uuid, payload jsonb) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  topics constant text[] := array(
    select 'user:' || p.user_id::text from public.chat_participants p
    where p.chat_id = tell_participants.chat_id and p.left_at is null
    limit private.max_told_participants() + 1
  );
begin
  if cardinality(topics) <= private.max_told_participants() then
    perform private.broadcast(topics, 'chat.updated', payload);
  end if;
end
$$;
comment on function private.tell_participants(uuid, jsonb) is
  'Sends chat.updated to each participant''s own channel, unless the chat has too many of them.';

-- Messages -------------------------------------------------------------------

create function private.on_message_changed() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  chat public.chats;
  event constant text := case
    when tg_op = 'INSERT' then 'created' when new.deleted_at is not null then 'deleted' else 'updated'
  end;
  notice constant jsonb := jsonb_build_object('chatId', new.chat_id, 'rev', new.rev);
  hidden boolean := false;
begin
  select c.* into chat from public.chats c where c.id = new.chat_id;
  -- An edit of what one of the pair has left behind them is no news to that one: both ask the feed.
  if event = 'updated' and chat.type = 'direct' then
    hidden := exists (
      select from public.chat_participants p where p.chat_id = chat.id and p.history_from >= new.created_at
    );
  end if;

  if private.broadcast(
    array[private.chat_topic(chat.id, chat.topic_epoch)], 'message.' || event,
    case
      when hidden then notice
      when event = 'deleted' then notice || jsonb_build_object('kind', 'delete', 'messageId', new.id)
      else notice || jsonb_build_object('kind', 'upsert', 'message', private.to_message(new, new.sender_id))
    end
  ) then
    perform private.tell_participants(chat.id, case
      when hidden then notice
      when event = 'deleted' then notice || jsonb_build_object('kind', event)
      else notice || jsonb_build_object('kind', event, 'message', row(
        new.id, new.sender_id, new.text, private.rfc3339(new.created_at)
      )::private.last_message)
    end);
  end if;
  return null;
exception when others then
  perform private.lose_broadcast(sqlerrm);
  return null;
end
$$;
comment on function private.on_message_changed() is
  'Broadcasts message.created, message.updated or message.deleted, with a Change as the feed has it and the chat''s id.';

create trigger _100_broadcast_message
  after insert or update of rev on public.messages
  for each row execute function private.on_message_changed();

-- Participants ---------------------------------------------------------------

create function private.announce_joining(chat_id uuid, member uuid, is_new_chat boolean) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  chat public.chats;
begin
  select c.* into chat from public.chats c where c.id = announce_joining.chat_id;
  perform private.broadcast(
    array['user:' || member::text], 'chat.created', jsonb_build_object('chatId', chat.id, 'rev', chat.rev)
  );
  -- A direct chat is always the pair's: nobody notices who has left and come back.
  if chat.type <> 'direct' and not is_new_chat then
    perform private.broadcast(
      array[private.chat_topic(chat.id, chat.topic_epoch)], 'chat.joined',
      jsonb_build_object('chatId', chat.id, 'userId', member)
    );
  end if;
exception when others then
  perform private.lose_broadcast(sqlerrm);
end
$$;
comment on function private.announce_joining(uuid, uuid, boolean) is
  'Broadcasts chat.created to the one who joined, and chat.joined to the others of a group.';

create function private.announce_leaving(chat_id uuid, member uuid, is_gone boolean) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  chat public.chats;
begin
  -- Realtime asks once whether somebody may listen to a topic, and goes by that until their
  -- token changes. So a group moves to another topic, in the transaction that ends a part in
  -- it and under the chat's lock: no later message reaches who was allowed to hear the old one.
  -- A pair's chat moves when one's account is gone; a leaving there is nobody else's business.
  update public.chats c set topic_epoch = c.topic_epoch + 1
  where c.id = announce_leaving.chat_id and (c.type <> 'direct' or is_gone)
  returning c.* into chat;

  begin
    if chat.id is not null then
      perform private.broadcast(
        array[private.chat_topic(chat.id, chat.topic_epoch - 1)], 'chat.left',
        jsonb_build_object(
          'chatId', chat.id, 'userId', member, 'topic', private.chat_topic(chat.id, chat.topic_epoch)
        )
      );
    end if;
    perform private.broadcast(
      array['user:' || member::text], 'chat.left', jsonb_build_object('chatId', announce_leaving.chat_id)
    );
  exception when others then
    perform private.lose_broadcast(sqlerrm);
  end;
end
$$;
comment on function private.announce_leaving(uuid, uuid, boolean) is
  'Moves a chat to its next topic, and broadcasts chat.left to it and to the one who left, or is gone for good.';

create function private.on_participants_added() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform private.announce_joining(
    a.chat_id, a.user_id,
    not exists (
      select from public.chat_participants p
      where p.chat_id = a.chat_id and p.left_at is null
        and not exists (select from added b where b.chat_id = p.chat_id and b.user_id = p.user_id)
    )
  )
  from added a
  where a.left_at is null;
  return null;
end
$$;
comment on function private.on_participants_added() is 'Tells new participants of their chat, and a chat of its new participants.';

create function private.on_participation_changed() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if new.left_at is null then
    perform private.announce_joining(new.chat_id, new.user_id, false);
  else
    perform private.announce_leaving(new.chat_id, new.user_id, false);
  end if;
  return null;
end
$$;
comment on function private.on_participation_changed() is 'Tells a chat and a participant that they left or came back.';

create function private.on_participants_deleted() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform private.announce_leaving(d.chat_id, d.user_id, true)
  from (select * from deleted where left_at is null order by chat_id) d;
  return null;
end
$$;
comment on function private.on_participants_deleted() is
  'Ends the listening of those whose account or chat was deleted.';

create trigger _100_announce_added
  after insert on public.chat_participants
  referencing new table as added
  for each statement execute function private.on_participants_added();
create trigger _100_announce_changed
  after update on public.chat_participants
  for each row when ((old.left_at is null) <> (new.left_at is null))
  execute function private.on_participation_changed();
create trigger _100_announce_deleted
  after delete on public.chat_participants
  referencing old table as deleted
  for each statement execute function private.on_participants_deleted();

create function private.on_chat_renamed() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform private.tell_participants(new.id, jsonb_build_object('chatId', new.id, 'rev', new.rev));
  return null;
exception when others then
  perform private.lose_broadcast(sqlerrm);
  return null;
end
$$;
comment on function private.on_chat_renamed() is 'Tells participants of a chat''s new name.';

create trigger _100_announce_name
  after update of name on public.chats
  for each row when (old.name is distinct from new.name)
  execute function private.on_chat_renamed();

-- Reading and typing -----------------------------------------------------------

-- Called by mark_read and not by a trigger: a send moves last_read_at too, and is no reading.
create function private.announce_reading(chat_id uuid, message_id uuid, read_to timestamptz, unread_count integer)
returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  chat public.chats;
  me constant uuid := auth.uid();
begin
  select c.* into chat from public.chats c where c.id = announce_reading.chat_id;
  if private.broadcast(
    array[private.chat_topic(chat.id, chat.topic_epoch)], 'chat.read',
    jsonb_build_object(
      'chatId', chat.id, 'userId', me, 'messageId', message_id, 'lastReadAt', private.rfc3339(read_to)
    )
  ) then
    perform private.broadcast(
      array['user:' || me::text], 'chat.updated',
      jsonb_build_object('chatId', chat.id, 'rev', chat.rev, 'kind', 'read', 'unreadCount', unread_count)
    );
  end if;
exception when others then
  perform private.lose_broadcast(sqlerrm);
end
$$;
comment on function private.announce_reading(uuid, uuid, timestamptz, integer) is
  'Broadcasts chat.read to the chat, and the new unread count to the reader''s own devices.';

create function public.send_typing(chat_id uuid) returns void
language plpgsql volatile security definer set search_path = '' set statement_timeout = '3s'
-- Realtime's table keeps its time without a zone, in UTC.
set timezone = 'UTC'
as $$
declare
  chat public.chats;
  me constant uuid := auth.uid();
  chat_topic text;
begin
  perform private.require_participant(chat_id);
  perform private.require_unblocked(chat_id);
  select c.* into chat from public.chats c where c.id = send_typing.chat_id;
  chat_topic := private.chat_topic(chat.id, chat.topic_epoch);

  perform set_config('response.status', '202', true);
  -- Who finds the lock taken is told of by another request just now.
  if not pg_try_advisory_xact_lock(hashtextextended(chat.id || '/' || me, 0)) then
    return;
  end if;
  if not exists (
    select from realtime.messages m
    where m.inserted_at > now() - interval '3 seconds' and m.topic = chat_topic
      and m.extension = 'broadcast' and m.private is true
      and m.event = 'typing' and m.payload ->> 'userId' = me::text
  ) then
    perform private.broadcast(array[chat_topic], 'typing', jsonb_build_object('chatId', chat.id, 'userId', me));
  end if;
end
$$;
comment on function public.send_typing(uuid) is
  'Tells a chat that the caller is typing, at most once in 3 seconds: HTTP 202, also where nothing is sent.';

-- Who may listen ---------------------------------------------------------------

create function private.may_listen(topic text) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
declare
  me constant uuid := auth.uid();
begin
  if topic ~ '^chat:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(:[1-9][0-9]{0,9})?$' then
    return exists (
      select from public.chat_participants p
      join public.chats c on c.id = p.chat_id
      where p.chat_id = substr(topic, 6, 36)::uuid and p.user_id = me and p.left_at is null
        and private.chat_topic(c.id, c.topic_epoch) = topic
    );
  end if;
  return coalesce(topic = 'user:' || me::text, false);
end
$$;
comment on function private.may_listen(text) is
  'Whether a topic is the present one of a chat that the caller takes part in, or the caller''s own.';

create policy "people listen to their chats and to their own channel"
  on realtime.messages for select to authenticated
  using (extension in ('broadcast', 'presence') and (select private.may_listen((select realtime.topic()))));

create policy "people tell their presence where they may listen"
  on realtime.messages for insert to authenticated
  with check (extension = 'presence' and (select private.may_listen((select realtime.topic()))));

-- Policies are joined by "or": without these a policy of the project's own, for other channels,
-- could open the chat's, or let people forge its events. Of a topic that is not of our form they
-- say nothing.
create policy "nobody else listens to chats and people's own channels"
  on realtime.messages as restrictive for select to authenticated
  using (
    coalesce((select realtime.topic()) !~ '^(chat|user):[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(:[0-9]+)?$', true)
    or (select private.may_listen((select realtime.topic())))
  );

create policy "nobody broadcasts to chats and people's own channels"
  on realtime.messages as restrictive for insert to authenticated
  with check (
    coalesce((select realtime.topic()) !~ '^(chat|user):[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(:[0-9]+)?$', true)
    or (extension = 'presence' and (select private.may_listen((select realtime.topic()))))
  );

create policy "chats and people's own channels are for people with an account"
  on realtime.messages as restrictive for all to public
  using (
    coalesce((select realtime.topic()) !~ '^(chat|user):[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(:[0-9]+)?$', true)
    or current_user = 'authenticated'
  );

-- Who may execute what ---------------------------------------------------------

revoke execute on function
  private.max_broadcast_bytes(), private.max_told_participants(), private.broadcast(text[], text, jsonb),
  private.lose_broadcast(text), private.tell_participants(uuid, jsonb), private.on_message_changed(),
  private.announce_joining(uuid, uuid, boolean), private.announce_leaving(uuid, uuid, boolean),
  private.on_participants_added(), private.on_participation_changed(), private.on_participants_deleted(),
  private.on_chat_renamed(), private.announce_reading(uuid, uuid, timestamptz, integer), private.may_listen(text),
  public.send_typing(uuid)
  from public, anon, authenticated, service_role;
grant execute on function private.may_listen(text), public.send_typing(uuid) to authenticated;
