-- Editing and deleting messages.

create function chat.next_rev(chat_id uuid) returns bigint
language plpgsql volatile security definer set search_path = ''
as $$
declare
  taken bigint;
begin
  update chat.chats c set rev = c.rev + 1 where c.id = next_rev.chat_id returning c.rev into taken;
  return taken;
end
$$;
comment on function chat.next_rev(uuid) is 'The chat''s next rev, for an edit, a deletion or a reaction. The caller holds the chat''s lock.';

create function chat.require_sender(message public.messages) returns void
language plpgsql stable security definer set search_path = ''
as $$
begin
  if message.sender_id <> auth.uid() then
    perform chat.refuse('not_sender');
  end if;
end
$$;
comment on function chat.require_sender(public.messages) is 'Raises not_sender unless the caller has sent the message.';

create function public.edit_message(chat_id uuid, message_id uuid, text text, mentions uuid[] default null) returns json
language plpgsql volatile security definer set search_path = '' set statement_timeout = '3s'
as $$
declare
  content constant text := chat.trim_text(text);
  message public.messages := chat.find_message(chat_id, message_id, false);
  -- Without a list the mentions stay. Null then, because another edit may change them before this one has the lock.
  people constant uuid[] := case when mentions is not null then
    array(select person from unnest(mentions) as person order by person)
  end;
  before public.messages;
  room chat.chats;
begin
  perform chat.refuse_filters();
  perform chat.require_sender(message);
  if clock_timestamp() > message.created_at + chat.edit_window() then
    perform chat.refuse('edit_window_expired');
  end if;
  perform chat.check_text(content);
  if mentions is not null then
    perform chat.check_mentions(mentions);
  end if;
  -- Without this, a blocked person could use an edit to send.
  perform chat.require_unblocked(message.chat_id);
  if (message.text, message.mentions) is distinct from (content, coalesce(people, message.mentions)) then
    perform chat.check_allowance('edit');
  end if;

  select c.* into room from chat.chats c where c.id = message.chat_id for no key update;
  message := chat.find_message(chat_id, message_id, false);
  -- The same text with the same mentions is no change: it takes no rev and no broadcast.
  if (message.text, message.mentions) is distinct from (content, coalesce(people, message.mentions)) then
    if people <> message.mentions then
      -- A person who has left stays mentioned.
      perform chat.require_participants(
        room, array(select person from unnest(people) as person where person <> all (message.mentions))
      );
    end if;
    perform chat.charge('edit');
    before := message;
    update public.messages m
    set text = content, mentions = coalesce(people, m.mentions), edited_at = clock_timestamp(),
        rev = chat.next_rev(before.chat_id)
    where m.id = before.id
    returning * into message;
    if message.mentions <> before.mentions then
      perform chat.store_mentions(
        message.chat_id, message.id, message.created_at, message.sender_id, before.mentions, message.mentions
      );
    end if;
  end if;
  return (select shape from chat.to_message(message, auth.uid(), false) as shape);
end
$$;
comment on function public.edit_message(uuid, uuid, text, uuid[]) is
  'Changes the text of the caller''s own message and, with a list, whom it mentions, within chat.edit_window of sending it: Message.';

create function public.delete_message(chat_id uuid, message_id uuid) returns void
language plpgsql volatile security definer set search_path = '' set statement_timeout = '3s'
as $$
declare
  me constant uuid := auth.uid();
  message public.messages := chat.find_message(chat_id, message_id, true);
begin
  if message.sender_id <> me and not chat.is_moderator(message.chat_id) then
    -- A person who is not allowed to delete it does not learn that a deleted message was there.
    perform chat.require_sender(chat.find_message(chat_id, message_id, false));
  end if;
  if message.deleted_at is null then
    perform chat.check_allowance('delete');
  end if;

  -- Only under the lock it is certain whether the message is deleted already. A second deletion takes no rev.
  perform from chat.chats c where c.id = message.chat_id for no key update;
  message := chat.find_message(chat_id, message_id, true);
  if message.deleted_at is null then
    perform chat.charge('delete');
    update public.messages m
    set deleted_at = clock_timestamp(), deleted_by = me, rev = chat.next_rev(message.chat_id)
    where m.id = message.id;
    if message.mentions <> '{}' then
      perform chat.store_mentions(
        message.chat_id, message.id, message.created_at, message.sender_id, message.mentions, '{}'
      );
    end if;
  end if;
end
$$;
comment on function public.delete_message(uuid, uuid) is
  'Hides a message from everybody except moderators. Its sender and moderators may do that. A second call changes nothing.';
