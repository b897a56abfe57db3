-- Messages.
--
-- Clients read the table under RLS and write it through functions alone. A send, an edit
-- and a deletion each take the lock of the chat's row with `rev = rev + 1`: so rev has no
-- hole, created_at is strictly increasing in a chat, and two writers never deadlock.

-- Table ----------------------------------------------------------------------

create table public.messages (
  id uuid primary key default gen_random_uuid(),
  chat_id uuid not null references public.chats (id) on delete cascade,
  -- No foreign key: a message outlives the account that sent it.
  sender_id uuid not null,
  text text,
  attachment_path text,
  attachment_file_name text,
  attachment_content_type text,
  attachment_size bigint,
  client_id uuid,
  client_digest bytea,
  rev bigint not null,
  created_at timestamptz not null,
  edited_at timestamptz,
  deleted_at timestamptz,
  deleted_by uuid,
  constraint messages_have_content check (text is not null or attachment_path is not null),
  constraint messages_attachment_is_whole check (
    num_nulls(attachment_path, attachment_file_name, attachment_content_type, attachment_size) in (0, 4)
  ),
  constraint messages_text_fits check (char_length(text) between 1 and 4000),
  constraint messages_rev_is_of_one_change unique (chat_id, rev),
  constraint messages_client_id_is_of_one_send unique (chat_id, sender_id, client_id),
  constraint messages_client_id_has_a_digest check ((client_id is null) = (client_digest is null))
);
comment on table public.messages is 'What was said. A deleted message keeps its row and is hidden from all but moderators.';
comment on column public.messages.attachment_path is
  'The name of its object in the bucket `chat-attachments`. One object belongs to one message.';
comment on column public.messages.rev is 'The chat''s rev of this message''s last change.';
comment on column public.messages.client_id is 'The sender''s idempotency key.';
comment on column public.messages.client_digest is
  'SHA-256 of what was first sent under client_id: an edited message still knows its own retry.';
-- Statistics answer past RLS: `Prefer: count=planned` would tell strangers which texts and
-- files are common and who sends much. No plan needs these.
alter table public.messages
  alter column text set statistics 0, alter column sender_id set statistics 0,
  alter column attachment_path set statistics 0, alter column attachment_file_name set statistics 0,
  alter column attachment_content_type set statistics 0, alter column attachment_size set statistics 0;
-- deleted_at and sender_id are in the index so that pages skip the deleted, and unread
-- counts the own, without a look at the table.
create index messages_page_idx on public.messages (chat_id, created_at desc, deleted_at) include (sender_id);
create unique index messages_attachment_path_idx on public.messages (attachment_path) where attachment_path is not null;

-- Row-level security ---------------------------------------------------------

alter table public.messages enable row level security;
alter table public.messages force row level security;

create policy "participants read messages, and moderators the deleted ones"
  on public.messages for select to authenticated
  using (
    exists (
      select from public.chat_participants me
      where me.chat_id = messages.chat_id and me.user_id = (select auth.uid())
        and me.left_at is null and messages.created_at > me.history_from
    )
    and (deleted_at is null or chat_id in (select private.moderated_chats()))
  );

revoke all on public.messages from public, anon, authenticated, service_role;
grant select (
  id, chat_id, sender_id, text, attachment_path, attachment_file_name, attachment_content_type, attachment_size,
  client_id, rev, created_at, edited_at, deleted_at, deleted_by
) on public.messages to authenticated;
grant select on public.messages to service_role;

-- Answers --------------------------------------------------------------------

create type private.attachment as (path text, "fileName" text, "contentType" text, size bigint);
comment on type private.attachment is 'The file of a message, as the API shows it.';

create type private.message as (
  id uuid, "chatId" uuid, "senderId" uuid, text text, "attachmentUrl" text, attachment private.attachment,
  "clientId" uuid, "createdAt" text, "editedAt" text, "editableUntil" text, rev bigint
);
comment on type private.message is
  'A Message as the API shows it. attachmentUrl is null here: the edge puts it in, as Postgres can sign nothing.';

create function private.edit_window() returns interval
language sql immutable parallel safe
return interval '15 minutes';
comment on function private.edit_window() is 'How long after sending a message its sender may edit it.';

create function private.to_attachment(path text, file_name text, content_type text, size bigint) returns private.attachment
language sql immutable parallel safe
return case when path is not null then row(path, file_name, content_type, size)::private.attachment end;
comment on function private.to_attachment(text, text, text, bigint) is
  'The file of a message as the API shows it; null where there is none.';

create function private.to_message(
  id uuid, chat_id uuid, sender_id uuid, text text, attachment private.attachment, client_id uuid,
  created_at timestamptz, edited_at timestamptz, rev bigint, viewer uuid
) returns private.message
language sql stable parallel safe
return row(
  id, chat_id, sender_id, text, null, attachment, client_id, private.rfc3339(created_at), private.rfc3339(edited_at),
  case when sender_id = viewer then private.rfc3339(created_at + private.edit_window()) end, rev
)::private.message;
comment on function private.to_message(
  uuid, uuid, uuid, text, private.attachment, uuid, timestamptz, timestamptz, bigint, uuid
) is 'A message as the API shows it to a viewer.';

create function private.to_message(message public.messages, viewer uuid) returns private.message
language sql stable parallel safe
return private.to_message(
  message.id, message.chat_id, message.sender_id, message.text,
  private.to_attachment(
    message.attachment_path, message.attachment_file_name, message.attachment_content_type, message.attachment_size
  ),
  message.client_id, message.created_at, message.edited_at, message.rev, viewer
);
comment on function private.to_message(public.messages, uuid) is
  'The same of a whole row, which only functions that write can read.';

create function private.moderated_message(message private.message, deleted_at timestamptz, deleted_by uuid) returns json
language sql stable parallel safe
return (
  select row_to_json(moderated)
  from (select message.*, private.rfc3339(deleted_at) as "deletedAt", deleted_by as "deletedBy") as moderated
);
comment on function private.moderated_message(private.message, timestamptz, uuid) is
  'A message as the API shows it to a moderator.';

create function private.unread(chat_id uuid, read_to timestamptz, reader uuid) returns table (messages integer)
language sql stable
begin atomic
  -- 100 means "more than 99": the scan ends there, however long the history is.
  select count(*)::integer
  from (
    select from public.messages m
    where m.chat_id = unread.chat_id and m.created_at > read_to and m.sender_id <> reader and m.deleted_at is null
    order by m.created_at desc
    limit 100
  ) as newest;
end;
comment on function private.unread(uuid, timestamptz, uuid) is
  'How many messages of others a reader has not read, up to 100; deleted ones do not count. A table of one row, as the planner puts only such a function into the statement that calls it.';

-- Rules ----------------------------------------------------------------------

create function private.check_text(content text) returns void
language plpgsql immutable set search_path = ''
as $$
begin
  if content is null or char_length(content) not between 1 and 4000 then
    raise sqlstate 'PT400' using message = 'invalid_request', detail = 'text must have 1 to 4000 characters after trimming';
  end if;
end
$$;
comment on function private.check_text(text) is 'Raises invalid_request unless a trimmed text has 1 to 4,000 characters.';

create function private.require_unblocked(chat_id uuid) returns void
language plpgsql stable security definer set search_path = ''
as $$
begin
  if exists (
    select from public.chats c
    where c.id = require_unblocked.chat_id and c.type = 'direct' and private.is_blocked(c.direct_low, c.direct_high)
  ) then
    raise sqlstate 'PT403' using message = 'blocked';
  end if;
end
$$;
comment on function private.require_unblocked(uuid) is
  'Raises blocked where the chat is a pair''s and one has blocked the other.';

create function private.next_rev(chat_id uuid) returns bigint
language sql volatile security definer set search_path = ''
as $$
  update public.chats c set rev = c.rev + 1 where c.id = next_rev.chat_id returning c.rev
$$;
comment on function private.next_rev(uuid) is 'Takes the chat''s lock and its next rev, for an edit or a deletion.';

create function private.find_message(chat_id uuid, message_id uuid) returns public.messages
language plpgsql stable security definer set search_path = ''
as $$
declare
  found_message public.messages;
begin
  perform private.require_participant(chat_id);
  select m.* into found_message
  from public.messages m
  join public.chat_participants me on me.chat_id = m.chat_id and me.user_id = auth.uid()
  where m.id = find_message.message_id and m.chat_id = find_message.chat_id and m.created_at > me.history_from;
  if not found then
    raise sqlstate 'PT404' using message = 'message_not_found';
  end if;
  return found_message;
end
$$;
comment on function private.find_message(uuid, uuid) is
  'A message of a chat and of the caller''s part of its history, deleted or not; raises where there is none.';

-- The API --------------------------------------------------------------------

create function public.list_messages(chat_id uuid, page_limit integer default 50, before timestamptz default null)
returns json
language plpgsql stable security invoker set search_path = ''
-- One plan for all calls: a short page, or any page where chats are long, would be planned anew each time.
set plan_cache_mode = force_generic_plan
as $$
declare
  me constant uuid := auth.uid();
  -- A variable, as under RLS the planner keeps a coalesce in the query out of the index condition.
  older_than constant timestamptz := coalesce(before, 'infinity');
begin
  perform private.check_page_limit(page_limit);
  perform private.require_participant(chat_id);

  if private.is_moderator(chat_id) then
    return (
      with page as materialized (
        select
          m.id, m.chat_id, m.sender_id, m.text,
          private.to_attachment(
            m.attachment_path, m.attachment_file_name, m.attachment_content_type, m.attachment_size
          ) as attachment,
          m.client_id, m.created_at, m.edited_at, m.rev, m.deleted_at, m.deleted_by
        from public.messages m
        where m.chat_id = list_messages.chat_id and m.created_at < older_than
        order by m.created_at desc
        limit page_limit + 1
      ),
      shown as materialized (select * from page p order by p.created_at desc limit page_limit)
      select json_build_object(
        'data', coalesce(json_agg(private.moderated_message(
          private.to_message(
            shown.id, shown.chat_id, shown.sender_id, shown.text, shown.attachment, shown.client_id, shown.created_at,
            shown.edited_at, shown.rev, me
          ),
          shown.deleted_at, shown.deleted_by
        ) order by shown.created_at desc), '[]'),
        'nextCursor', case when (select count(*) from page) > page_limit then
          private.cursor('messages', list_messages.chat_id::text, private.rfc3339(min(shown.created_at))) end
      )
      from shown
    );
  end if;

  return (
    with page as materialized (
      select
        m.id, m.chat_id, m.sender_id, m.text,
        private.to_attachment(
          m.attachment_path, m.attachment_file_name, m.attachment_content_type, m.attachment_size
        ) as attachment,
        m.client_id, m.created_at, m.edited_at, m.rev
      from public.messages m
      where m.chat_id = list_messages.chat_id and m.created_at < older_than and m.deleted_at is null
      order by m.created_at desc
      limit page_limit + 1
    ),
    shown as materialized (select * from page p order by p.created_at desc limit page_limit)
    select json_build_object(
      'data', coalesce(json_agg(private.to_message(
        shown.id, shown.chat_id, shown.sender_id, shown.text, shown.attachment, shown.client_id, shown.created_at,
        shown.edited_at, shown.rev, me
      ) order by shown.created_at desc), '[]'),
      'nextCursor', case when (select count(*) from page) > page_limit then
        private.cursor('messages', list_messages.chat_id::text, private.rfc3339(min(shown.created_at))) end
    )
    from shown
  );
end
$$;
comment on function public.list_messages(uuid, integer, timestamptz) is
  'A page of a chat''s messages, newest first: {data: [Message], nextCursor}; before is the creation time of the last one shown.';

create function public.send_message(
  chat_id uuid, text text default null, client_id uuid default null, attachment_path text default null
) returns json
language plpgsql volatile security definer set search_path = '' set statement_timeout = '3s'
as $$
declare
  me constant uuid := auth.uid();
  content constant text := private.trim_text(text);
  digest constant bytea := case
    when client_id is not null then sha256(convert_to(json_build_array(content, attachment_path)::text, 'UTF8'))
  end;
  chat public.chats;
  attached private.attachment;
  previous_at timestamptz;
  sent public.messages;
begin
  if text is not null or attachment_path is null then
    perform private.check_text(content);
  end if;
  -- A stranger and a flood are refused before the lock, so that neither can make a chat wait.
  perform private.require_participant(chat_id);
  perform private.check_send_allowance();

  select c.* into chat from public.chats c where c.id = send_message.chat_id for no key update;
  if not found then
    raise sqlstate 'PT404' using message = 'chat_not_found';
  end if;

  if client_id is not null then
    select m.* into sent
    from public.messages m
    where m.chat_id = send_message.chat_id and m.sender_id = me and m.client_id = send_message.client_id;
    if found then
      if sent.client_digest <> digest then
        raise sqlstate 'PT409' using message = 'idempotency_mismatch';
      elsif sent.deleted_at is not null then
        raise sqlstate 'PT404' using message = 'message_not_found';
      end if;
      -- Refuses who has left, and what a returner no longer sees.
      perform private.find_message(chat_id, sent.id);
      return row_to_json(private.to_message(sent, me));
    end if;
  end if;

  perform private.require_unblocked(chat.id);
  if attachment_path is not null then
    attached := private.attach_upload(chat.id, attachment_path);
  end if;

  -- After all that refuses, and after a retry has found its message: neither is charged. Under
  -- the chat's lock, so that nobody waits for a chat with their allowance locked, which would
  -- make all their other sends wait too.
  perform private.charge_send();

  previous_at := coalesce(chat.last_message_at, '-infinity');
  update public.chats c
  set rev = c.rev + 1, last_message_at = greatest(clock_timestamp(), previous_at + interval '1 microsecond')
  where c.id = chat.id
  returning c.* into chat;

  -- Asked again under the lock: the sender may have left while this waited for it.
  insert into public.messages (
    chat_id, sender_id, text, attachment_path, attachment_file_name, attachment_content_type, attachment_size,
    client_id, client_digest, rev, created_at
  )
  select
    chat.id, p.user_id, content, attached.path, attached."fileName", attached."contentType", attached.size,
    send_message.client_id, digest, chat.rev, chat.last_message_at
  from public.chat_participants p
  where p.chat_id = chat.id and p.user_id = me and p.left_at is null
  returning * into sent;
  if not found then
    raise sqlstate 'PT403' using message = 'not_participant';
  end if;

  -- Whoever has read all that came before has read this too. Unread counts leave it out
  -- anyway; this spares them reading a long run of a person's own messages.
  update public.chat_participants p set last_read_at = sent.created_at
  where p.chat_id = chat.id and p.user_id = me and greatest(p.last_read_at, p.history_from) >= previous_at;

  if chat.type = 'direct' then
    update public.chat_participants p set left_at = null, joined_at = clock_timestamp()
    where p.chat_id = chat.id and p.left_at is not null;
  end if;

  perform set_config('response.status', '201', true);
  return row_to_json(private.to_message(sent, me));
end
$$;
comment on function public.send_message(uuid, text, uuid, text) is
  'Sends a message of a text, an upload or both: Message, HTTP 201; the same client_id again writes nothing and gives the first message, HTTP 200.';

create function public.edit_message(chat_id uuid, message_id uuid, text text) returns json
language plpgsql volatile security definer set search_path = '' set statement_timeout = '3s'
as $$
declare
  me constant uuid := auth.uid();
  content constant text := private.trim_text(text);
  message public.messages := private.find_message(chat_id, message_id);
  next_rev bigint;
begin
  if message.deleted_at is not null then
    raise sqlstate 'PT404' using message = 'message_not_found';
  elsif message.sender_id <> me then
    raise sqlstate 'PT403' using message = 'not_sender';
  elsif clock_timestamp() > message.created_at + private.edit_window() then
    raise sqlstate 'PT403' using message = 'edit_window_expired';
  end if;
  perform private.check_text(content);
  -- Or else an edit would be a way to send.
  perform private.require_unblocked(message.chat_id);

  next_rev := private.next_rev(message.chat_id);
  perform private.require_participant(message.chat_id);
  update public.messages m set text = content, edited_at = clock_timestamp(), rev = next_rev
  where m.id = message.id and m.deleted_at is null
  returning * into message;
  if not found then
    raise sqlstate 'PT404' using message = 'message_not_found';
  end if;
  return row_to_json(private.to_message(message, me));
end
$$;
comment on function public.edit_message(uuid, uuid, text) is
  'Changes the text of a message of the caller''s own, within 15 minutes of sending it: Message.';

create function public.delete_message(chat_id uuid, message_id uuid) returns void
language plpgsql volatile security definer set search_path = '' set statement_timeout = '3s'
as $$
declare
  me constant uuid := auth.uid();
  message public.messages := private.find_message(chat_id, message_id);
  next_rev bigint;
begin
  if message.sender_id <> me and not private.is_moderator(message.chat_id) then
    if message.deleted_at is not null then
      raise sqlstate 'PT404' using message = 'message_not_found';
    end if;
    raise sqlstate 'PT403' using message = 'not_sender';
  end if;

  -- A second deletion takes no rev: whether this is one is known only under the lock.
  perform from public.chats c where c.id = message.chat_id for no key update;
  perform private.require_participant(message.chat_id);
  if exists (select from public.messages m where m.id = message.id and m.deleted_at is null) then
    next_rev := private.next_rev(message.chat_id);
    update public.messages m set deleted_at = clock_timestamp(), deleted_by = me, rev = next_rev
    where m.id = message.id;
  end if;
end
$$;
comment on function public.delete_message(uuid, uuid) is
  'Hides a message from all but moderators; by its sender or a moderator; a second time changes nothing.';

-- Who may execute what -------------------------------------------------------

revoke execute on function
  private.edit_window(), private.check_text(text), private.require_unblocked(uuid), private.next_rev(uuid), private.find_message(uuid, uuid),
  private.to_attachment(text, text, text, bigint),
  private.to_message(uuid, uuid, uuid, text, private.attachment, uuid, timestamptz, timestamptz, bigint, uuid),
  private.to_message(public.messages, uuid),
  private.moderated_message(private.message, timestamptz, uuid), private.unread(uuid, timestamptz, uuid),
  public.list_messages(uuid, integer, timestamptz), public.send_message(uuid, text, uuid, text),
  public.edit_message(uuid, uuid, text), public.delete_message(uuid, uuid)
  from public, anon, authenticated, service_role;
grant execute on function
  private.edit_window(), private.to_attachment(text, text, text, bigint),
  private.to_message(uuid, uuid, uuid, text, private.attachment, uuid, timestamptz, timestamptz, bigint, uuid),
  private.moderated_message(private.message, timestamptz, uuid),
  public.list_messages(uuid, integer, timestamptz), public.send_message(uuid, text, uuid, text),
  public.edit_message(uuid, uuid, text), public.delete_message(uuid, uuid)
  to authenticated;
