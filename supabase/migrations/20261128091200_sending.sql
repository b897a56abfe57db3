-- Sending a message, once for each idempotency key.

create table chat.sends (
  client_id uuid not null,
  sender_id uuid not null,
  -- No foreign key, as in chat.message_words.
  chat_id uuid not null,
  message_id uuid not null,
  digest bytea not null,
  primary key (chat_id, sender_id, client_id)
);
comment on table chat.sends is
  'The messages that were sent under an idempotency key. Not columns of messages, because clients may read the rows of messages.';
comment on column chat.sends.digest is
  'SHA-256 of what was first sent, so a retry is known also after an edit. Someone who could read it could test guesses of a text before its edit.';
alter table chat.sends enable row level security;
alter table chat.sends force row level security;

create function chat.on_chat_removed() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  delete from chat.message_words w where w.chat_id = old.id;
  delete from chat.sends s where s.chat_id = old.id;
  return null;
end
$$;
comment on function chat.on_chat_removed() is
  'Removes what a send has written into tables without a foreign key, with the chat.';

create trigger _300_remove_sends
  after delete on chat.chats
  for each row execute function chat.on_chat_removed();

create function public.send_message(
  chat_id uuid, text text default null, client_id uuid default null, attachment_path text default null,
  reply_to_id uuid default null, mentions uuid[] default null
) returns json
language plpgsql volatile security definer set search_path = '' set statement_timeout = '3s'
as $$
declare
  me constant uuid := auth.uid();
  content constant text := chat.trim_text(text);
  new_id constant uuid := gen_random_uuid();
  people uuid[] := array[]::uuid[];
  digest bytea;
  before chat.chats;
  after chat.chats;
  mine chat.chat_participants;
  file chat.uploads;
  earlier chat.sends;
  sent public.messages;
begin
  perform chat.refuse_filters();
  if text is not null or attachment_path is null then
    perform chat.check_text(content);
  end if;
  if mentions is not null then
    perform chat.check_mentions(mentions);
    people := array(select person from unnest(mentions) as person order by person);
  end if;
  -- Non-participants and senders over their limit are refused before the lock, so they cannot make a chat wait.
  perform chat.require_participant(chat_id);
  perform chat.check_allowance('send');

  select c.* into before from chat.chats c where c.id = send_message.chat_id for no key update;
  -- Checked again under the lock: the sender may have left, or the chat may be deleted, since the check above.
  select p.* into mine
  from chat.chat_participants p
  where p.chat_id = send_message.chat_id and p.user_id = me and p.left_at is null;
  if not found then
    perform chat.require_participant(chat_id);
  end if;

  if client_id is not null then
    digest := sha256(convert_to(json_build_array(content, attachment_path, reply_to_id, people)::text, 'UTF8'));
    insert into chat.sends (chat_id, sender_id, client_id, message_id, digest)
    values (before.id, me, send_message.client_id, new_id, digest)
    on conflict on constraint sends_pkey do nothing;
    if not found then
      select s.* into earlier
      from chat.sends s
      where s.chat_id = before.id and s.sender_id = me and s.client_id = send_message.client_id;
      if earlier.digest <> digest then
        perform chat.refuse('idempotency_mismatch');
      end if;
      sent := chat.find_message(chat_id, earlier.message_id, false);
      return (select shape from chat.to_message(sent, me, false) as shape);
    end if;
  end if;

  if before.type = 'direct' then
    perform chat.require_unblocked_pair(before.direct_low, before.direct_high);
  end if;
  if reply_to_id is not null then
    perform chat.check_reply(before.id, reply_to_id);
  end if;
  if people <> '{}' then
    perform chat.require_participants(before, people);
  end if;
  if attachment_path is not null then
    file := chat.attach_upload(before.id, attachment_path);
  end if;

  -- This runs after all checks, so a refused send and a retry do not count. It runs under the chat's lock. Otherwise a
  -- sender would hold the allowance's lock while waiting for this chat, and would block their own sends to other chats.
  perform chat.charge('send');

  update chat.chats c
  set rev = c.rev + 1, last_message_at = greatest(clock_timestamp(), c.last_message_at + interval '1 microsecond')
  where c.id = before.id
  returning c.* into after;

  insert into public.messages (
    id, chat_id, sender_id, text, attachment_path, attachment_file_name, attachment_content_type, attachment_size,
    attachment_width, attachment_height, client_id, reply_to_id, mentions, rev, created_at
  )
  values (
    new_id, after.id, me, content, file.path, file.file_name, file.content_type, file.size, file.width, file.height,
    send_message.client_id, send_message.reply_to_id, people, after.rev, after.last_message_at
  )
  returning * into sent;

  -- A sender who has read everything before has read this message too. Unread counts skip a person's own messages
  -- anyway; this saves reading a long run of them.
  update chat.read_marks r set last_read_at = after.last_message_at
  where r.chat_id = after.id and r.user_id = me
    and greatest(r.last_read_at, mine.history_from) >= coalesce(before.last_message_at, '-infinity');
  if not found and mine.history_from >= coalesce(before.last_message_at, '-infinity') then
    insert into chat.read_marks (chat_id, user_id, last_read_at) values (after.id, me, after.last_message_at);
  end if;

  -- A message brings the other person of a direct chat back, who sees the messages from this one on.
  if after.type = 'direct' and 2 > (
    select count(*) from chat.chat_participants p where p.chat_id = after.id and p.left_at is null
  ) then
    perform chat.complete_pair(
      before, coalesce(before.last_message_at, '-infinity'), before.rev,
      case me when after.direct_low then after.direct_high else after.direct_low end
    );
  end if;

  if people <> '{}' then
    perform chat.store_mentions(after.id, sent.id, sent.created_at, me, '{}', people);
  end if;

  perform set_config('response.status', '201', true);
  return (select shape from chat.to_message(sent, me, false) as shape);
end
$$;
comment on function public.send_message(uuid, text, uuid, text, uuid, uuid[]) is
  'Sends a message with a text, an upload or both. It may reply to a message and mention people: Message, HTTP 201. A second call with the same client_id writes nothing and gives the first message, HTTP 200.';
