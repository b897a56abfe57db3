-- Replies: which message a message may reply to, and how a reader sees that message.
--
-- A message keeps only the id. What is quoted is looked up for each reader and at each reading, so a message that the
-- reader may not read is never quoted. Events go to several readers, so they have the id alone.

create function chat.max_quoted_characters() returns integer
language sql immutable parallel safe
return 140;
comment on function chat.max_quoted_characters() is 'How many characters of a text a reply quotes.';

create function chat.to_reply_to(chat_id uuid, message_id uuid) returns json
language plpgsql stable security definer parallel safe set search_path = ''
as $$
declare
  quoted json;
begin
  -- Moderators see deleted messages, but nobody sees them quoted.
  select json_build_object(
    'id', m.id,
    'senderId', m.sender_id,
    'text', left(m.text, chat.max_quoted_characters()),
    'hasAttachment', m.attachment_path is not null
  ) into quoted
  from public.messages m
  join chat.chat_participants me on me.chat_id = m.chat_id and me.user_id = auth.uid() and me.left_at is null
  where m.id = to_reply_to.message_id and m.chat_id = to_reply_to.chat_id
    and m.deleted_at is null and m.created_at > me.history_from;
  return coalesce(quoted, json_build_object('id', message_id, 'unavailable', true));
end
$$;
comment on function chat.to_reply_to(uuid, uuid) is
  'The shape of ReplyTo: the message of this chat that a message replies to, as the caller sees it. It is unavailable if it is deleted or from before the caller''s history.';

create function chat.check_reply(chat_id uuid, message_id uuid) returns void
language plpgsql stable security definer set search_path = ''
as $$
begin
  if chat.to_reply_to(chat_id, message_id) ->> 'senderId' is null then
    perform chat.refuse_field('replyToId', 'must be a message of this chat that you can read');
  end if;
end
$$;
comment on function chat.check_reply(uuid, uuid) is
  'Raises invalid_request unless the caller can reply to a message. One text for all reasons, so nobody learns of messages that they may not read.';
