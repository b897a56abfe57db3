-- Typing: announced to a chat while a person writes, and kept nowhere.

create function public.send_typing(chat_id uuid) returns void
language plpgsql volatile security definer set search_path = '' set statement_timeout = '3s'
-- Realtime's table has times without a zone, in UTC.
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
  this_topic := chat.topic('chat', room.id, room.topic_version);

  perform set_config('response.status', '202', true);
  -- If the lock is taken, another request announces the same person at this moment.
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
  'Announces to a chat that the caller is typing, at most once in 3 seconds: HTTP 202, also if nothing is sent.';
