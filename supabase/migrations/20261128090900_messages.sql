-- Messages: the table, who reads it, and the form in which the API shows a message.
--
-- Clients read the table under RLS and write it only through functions. A send, an edit and a deletion each lock
-- the chat's row and take its next rev. So rev has no gaps, created_at strictly increases within a chat, and two
-- writers never deadlock.

-- On hosted Supabase, a statement about a policy locks all tables of auth, storage and realtime until the
-- transaction ends. While it waits for one of these locks, all requests wait behind it.
set local lock_timeout = '5s';

create function chat.max_text_length() returns integer
language sql immutable parallel safe
return 4000;
comment on function chat.max_text_length() is 'How many characters the text of a message may have.';

-- Table ----------------------------------------------------------------------

create table public.messages (
  id uuid primary key default gen_random_uuid(),
  chat_id uuid not null references chat.chats (id) on delete cascade,
  -- No foreign key: a message stays after the account of its sender is deleted.
  sender_id uuid not null,
  text text,
  attachment_path text,
  attachment_file_name text,
  attachment_content_type text,
  attachment_size bigint,
  attachment_width integer,
  attachment_height integer,
  client_id uuid,
  reply_to_id uuid,
  mentions uuid[] not null default '{}',
  reactions jsonb not null default '[]',
  rev bigint not null,
  created_at timestamptz not null,
  edited_at timestamptz,
  deleted_at timestamptz,
  deleted_by uuid,
  constraint messages_have_content check (text is not null or attachment_path is not null),
  constraint messages_attachment_is_whole check (
    num_nulls(attachment_path, attachment_file_name, attachment_content_type, attachment_size) in (0, 4)
  ),
  constraint messages_measures_are_of_an_attachment check (
    num_nulls(attachment_width, attachment_height) = 2
    or attachment_path is not null and attachment_width > 0 and attachment_height > 0
  ),
  -- chat.max_text_length. A literal, because Postgres would plan the function at each insert.
  constraint messages_text_fits check (char_length(text) between 1 and 4000),
  -- The included columns make this index as large as the page index. Otherwise the planner would choose it to read a
  -- chat, and would then have to sort.
  constraint messages_rev_is_of_one_change unique (chat_id, rev) include (id, created_at, deleted_at)
);
comment on table public.messages is 'The messages of all chats. A deleted message keeps its row, and only moderators see it.';
comment on column public.messages.attachment_path is
  'The name of the file''s object in the bucket of attachments. An object belongs to one message.';
comment on column public.messages.rev is 'The chat''s rev of this message''s last change.';
comment on column public.messages.client_id is 'The sender''s idempotency key.';
-- No foreign key: a message is removed only with its chat.
comment on column public.messages.reply_to_id is 'The message of the same chat that this one replies to.';
comment on column public.messages.mentions is 'The ids of the people whom the message mentions, sorted.';
comment on column public.messages.reactions is
  'The reactions, in the order of first use: [{emoji, count, userIds}], with the ids of the first chat.max_listed_users().';

-- Planner statistics are not protected by RLS: with `Prefer: count=planned`, strangers would learn who sends many
-- messages, which chats are busy, and names of files. So the table has no statistics.
do $$
declare
  name text;
begin
  for name in
    select a.attname from pg_attribute a
    where a.attrelid = 'public.messages'::regclass and a.attnum > 0 and not a.attisdropped
  loop
    execute format('alter table public.messages alter column %I set statistics 0', name);
  end loop;
end
$$;

-- With deleted_at and sender_id in the index, a page skips deleted messages, and the count of unread messages skips
-- the reader's own, without reading the table.
create index messages_page_idx on public.messages (chat_id, created_at desc, deleted_at) include (sender_id);
create unique index messages_attachment_path_idx on public.messages (attachment_path) where attachment_path is not null;

-- Row-level security ---------------------------------------------------------

alter table public.messages enable row level security;
alter table public.messages force row level security;

create policy "participants read messages, and moderators the deleted ones"
  on public.messages for select to authenticated
  using (
    -- This is an index condition, so no read goes through the chats of other people.
    chat_id = any (array(
      select me.chat_id from chat.chat_participants me
      where me.user_id = (select auth.uid()) and me.left_at is null
    ))
    -- These four are true for every row. Without statistics the planner expects one row in 200 within a range. So it
    -- finds the index of the condition above cheaper than the indexes for a query's own filters and order.
    and chat_id >= '00000000-0000-0000-0000-000000000000' and chat_id <= 'ffffffff-ffff-ffff-ffff-ffffffffffff'
    and created_at > '-infinity' and created_at < 'infinity'
    -- A person who has returned to a chat does not see what was said before.
    and not exists (
      select from chat.chat_participants me
      where me.chat_id = messages.chat_id and me.user_id = (select auth.uid())
        and me.left_at is null and me.history_from > '-infinity' and me.history_from >= messages.created_at
    )
    and (deleted_at is null or chat_id in (select chat.moderated_chats()))
  );

-- Shape ----------------------------------------------------------------------
-- A new field of Message is a column of the table and a line of chat.to_message, after `attachment`: the function
-- messages searches answers for the bytes of `attachmentUrl`, `attachment` and its `path`, in this order.
--
-- These functions return a set of one row, because the planner inlines such a function where a statement has it in
-- FROM. It does not inline a scalar function that has a subquery.

create function chat.edit_window() returns interval
language sql immutable parallel safe
return interval '15 minutes';
comment on function chat.edit_window() is 'How long after sending a message its sender may edit it.';

create function chat.to_message(m public.messages, viewer uuid, for_moderator boolean) returns setof json
language sql stable parallel safe rows 1
begin atomic
  select case when for_moderator then row_to_json(moderated) else row_to_json(message) end
  from (
    select
      m.attachment_path as path,
      m.attachment_file_name as "fileName",
      m.attachment_content_type as "contentType",
      m.attachment_size as size,
      m.attachment_width as width,
      m.attachment_height as height
  ) as file
  cross join lateral (
    select
      m.id,
      m.chat_id as "chatId",
      m.sender_id as "senderId",
      m.text,
      -- The edge fills it in, because Postgres cannot sign a URL.
      null::text as "attachmentUrl",
      case when m.attachment_path is not null then file end as attachment,
      m.client_id as "clientId",
      m.reply_to_id as "replyToId",
      case when m.reply_to_id is not null then chat.to_reply_to(m.chat_id, m.reply_to_id) end as "replyTo",
      m.mentions,
      case when m.reactions <> '[]' then chat.to_reactions(m.chat_id, m.id, m.reactions) else '[]' end as reactions,
      chat.rfc3339(m.created_at) as "createdAt",
      chat.rfc3339(m.edited_at) as "editedAt",
      case when m.sender_id = viewer then chat.rfc3339(m.created_at + chat.edit_window()) end as "editableUntil",
      m.rev
  ) as message
  cross join lateral (
    select message.*, chat.rfc3339(m.deleted_at) as "deletedAt", m.deleted_by as "deletedBy"
  ) as moderated;
end;
comment on function chat.to_message(public.messages, uuid, boolean) is
  'The shape of Message: a message as the API shows it to a viewer, who may be a moderator.';

create function chat.to_last_message(m public.messages) returns setof json
language sql stable parallel safe rows 1
begin atomic
  select row_to_json(message)
  from (
    select
      m.id,
      m.sender_id as "senderId",
      m.text,
      chat.rfc3339(m.created_at) as "createdAt",
      m.attachment_path is not null as "hasAttachment"
  ) as message;
end;
comment on function chat.to_last_message(public.messages) is
  'The shape of LastMessage: a message as the list of chats shows it.';

-- Rules ----------------------------------------------------------------------

create function chat.check_text(content text) returns void
language plpgsql stable set search_path = ''
as $$
begin
  if content is null or char_length(content) not between 1 and chat.max_text_length() then
    perform chat.refuse_field('text', format('must have 1 to %s characters after trimming', chat.max_text_length()));
  elsif not chat.is_visible(content) then
    perform chat.refuse_field('text', 'must have a visible character');
  end if;
end
$$;
comment on function chat.check_text(text) is
  'Raises invalid_request unless a trimmed text has an allowed length and a visible character.';

create function chat.find_message(chat_id uuid, message_id uuid, even_deleted boolean) returns public.messages
language plpgsql stable security definer set search_path = ''
as $$
declare
  message public.messages;
begin
  select one.* into message
  from chat.chat_participants me
  -- With the limit, no message is looked for unless the caller is a participant. So strangers learn nothing by the time.
  cross join lateral (
    select m.* from public.messages m
    where m.id = find_message.message_id and m.chat_id = me.chat_id and m.created_at > me.history_from
      and (even_deleted or m.deleted_at is null)
    limit 1
  ) as one
  where me.chat_id = find_message.chat_id and me.user_id = auth.uid() and me.left_at is null;
  if not found then
    perform chat.require_participant(chat_id);
    perform chat.refuse('message_not_found');
  end if;
  return message;
end
$$;
comment on function chat.find_message(uuid, uuid, boolean) is
  'A message in the caller''s history of a chat, or the error message_not_found.';
