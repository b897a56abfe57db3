-- Moderators: one rule, in chat.moderated_chats. A moderator sees deleted messages and deletes those of others.

create function chat.has_moderator_token() returns boolean
language sql stable
return coalesce(auth.jwt() -> 'app_metadata' ->> 'role' = 'moderator', false);
comment on function chat.has_moderator_token() is
  'Whether the caller''s token makes them a moderator of every chat in which they are a participant.';

create function chat.moderated_chats() returns setof uuid
language plpgsql stable security definer set search_path = ''
as $$
begin
  if chat.has_moderator_token() then
    return query select p.chat_id from chat.chat_participants p where p.user_id = auth.uid() and p.left_at is null;
  else
    return query
      select c.id
      from chat.moderated_events() e (id)
      join chat.chats c on c.event_id = e.id
      join chat.chat_participants p on p.chat_id = c.id and p.user_id = auth.uid() and p.left_at is null;
  end if;
end
$$;
comment on function chat.moderated_chats() is
  'The rule of moderators: the chats that the caller moderates. The caller is a participant of them, and has a moderator''s token or moderates the chat''s event.';

create function chat.is_moderator(chat_id uuid) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
  -- A chat without an event has moderators only by their tokens. So the host is not asked about it.
  return (
      chat.has_moderator_token()
      or exists (select from chat.chats c where c.id = is_moderator.chat_id and c.event_id is not null)
    )
    and exists (select from chat.moderated_chats() m (id) where m.id = is_moderator.chat_id);
end
$$;
comment on function chat.is_moderator(uuid) is 'Whether the caller moderates the chat.';
