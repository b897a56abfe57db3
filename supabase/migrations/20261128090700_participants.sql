-- Participants: whether the caller is one, and how a person leaves a chat.

create function chat.is_participant(chat_id uuid) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
  return exists (
    select from chat.chat_participants me
    where me.chat_id = is_participant.chat_id and me.user_id = auth.uid() and me.left_at is null
  );
end
$$;
comment on function chat.is_participant(uuid) is 'Whether the caller is a participant of the chat now.';

create function chat.require_participant(chat_id uuid) returns void
language plpgsql stable security definer set search_path = ''
as $$
begin
  if chat.is_participant(chat_id) then
    return;
  end if;
  perform chat.require_account();
  perform chat.refuse(case
    when exists (select from chat.chats c where c.id = require_participant.chat_id) then 'not_participant'
    else 'chat_not_found'
  end);
end
$$;
comment on function chat.require_participant(uuid) is
  'Raises an error unless the caller is a participant: invalid_token for a deleted account, chat_not_found for an unknown chat, not_participant otherwise.';

create function chat.hold_participation(chat_id uuid) returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  perform from chat.chat_participants me
  where me.chat_id = hold_participation.chat_id and me.user_id = auth.uid() and me.left_at is null
  for key share;
  if not found then
    perform chat.require_participant(chat_id);
  end if;
end
$$;
comment on function chat.hold_participation(uuid) is
  'As require_participant, and keeps the caller''s row until the transaction ends. For functions that write without the chat''s lock.';

create function chat.require_unblocked_pair(a uuid, b uuid) returns void
language plpgsql stable security definer set search_path = ''
as $$
begin
  if chat.is_blocked(a, b) then
    perform chat.refuse('blocked');
  end if;
end
$$;
comment on function chat.require_unblocked_pair(uuid, uuid) is 'Raises blocked if one of two people has blocked the other.';

create function chat.require_unblocked(chat_id uuid) returns void
language plpgsql stable security definer set search_path = ''
as $$
begin
  perform chat.require_unblocked_pair(c.direct_low, c.direct_high)
  from chat.chats c
  where c.id = require_unblocked.chat_id and c.type = 'direct';
end
$$;
comment on function chat.require_unblocked(uuid) is
  'Raises blocked if the chat is direct and one person of its pair has blocked the other.';

-- The API --------------------------------------------------------------------
-- The functions that write set statement_timeout. PostgREST applies it to the whole request, so no request holds a
-- lock for longer.

create function public.leave_chat(chat_id uuid) returns void
language plpgsql volatile security definer set search_path = '' set statement_timeout = '3s'
as $$
declare
  room chat.chats;
begin
  perform chat.require_participant(chat_id);
  perform chat.check_allowance('leave');
  -- The chat's lock orders the leaving and each send. A message sent before it is history. A message sent after it
  -- brings the person back.
  select c.* into room from chat.chats c where c.id = leave_chat.chat_id for no key update;
  perform chat.require_participant(chat_id);
  perform chat.charge('leave');

  update chat.chat_participants p
  set left_at = clock_timestamp(),
      history_from = case room.type when 'direct' then coalesce(room.last_message_at, p.history_from) else p.history_from end,
      history_rev = case room.type when 'direct' then room.rev else p.history_rev end
  where p.chat_id = leave_chat.chat_id and p.user_id = auth.uid();
end
$$;
comment on function public.leave_chat(uuid) is 'The caller leaves a chat.';
