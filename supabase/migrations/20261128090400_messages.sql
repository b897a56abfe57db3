-- Messages.
--
-- Clients read the table under RLS and write it through functions alone. A send, an edit
-- and a deletion each take the lock of the chat's row and its next rev: so rev has no
-- hole, created_at is strictly increasing in a chat, and two writers never deadlock.

-- On hosted Supabase each statement about a policy locks all tables of auth, storage and realtime until the
-- transaction ends: who waits for one of them must not make all requests wait.
set local lock_timeout = '5s';

-- Table ----------------------------------------------------------------------

create table public.messages (
  id uuid primary key default gen_random_uuid(),
  chat_id uuid not null references chat.chats (id) on delete cascade,
  -- No foreign key: a message outlives the account that sent it.
  sender_id uuid not null,
  text text,
  attachment_path text,
  attachment_file_name text,
  attachment_content_type text,
  attachment_size bigint,
  attachment_width integer,
  attachment_height integer,
  client_id uuid,
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
  constraint messages_text_fits check (char_length(text) between 1 and 4000),
  -- The included columns make it no smaller than the page's index: or else the planner, which has no
  -- statistics here, would read a chat by it and sort.
  constraint messages_rev_is_of_one_change unique (chat_id, rev) include (id, created_at, deleted_at)
);
comment on table public.messages is 'What was said. A deleted message keeps its row and is hidden from all but moderators.';
comment on column public.messages.attachment_path is
  'The name of its object in the bucket `chat-attachments`. One object belongs to one message.';
comment on column public.messages.rev is 'The chat''s rev of this message''s last change.';
comment on column public.messages.client_id is 'The sender''s idempotency key.';

-- Planner statistics answer past RLS: `Prefer: count=planned` would tell strangers who sends much, which
-- chats are busy and what files are called. So the table has none, and the planner goes by constants.
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

-- deleted_at and sender_id are in the index so that pages skip the deleted, and unread
-- counts the own, without a look at the table.
create index messages_page_idx on public.messages (chat_id, created_at desc, deleted_at) include (sender_id);
create unique index messages_attachment_path_idx on public.messages (attachment_path) where attachment_path is not null;

create table chat.sends (
  client_id uuid not null,
  sender_id uuid not null,
  chat_id uuid not null references chat.chats (id) on delete cascade,
  message_id uuid not null,
  digest bytea not null,
  primary key (client_id, sender_id, chat_id)
);
comment on table chat.sends is
  'Which message was sent under an idempotency key. Apart from messages, whose rows clients may read whole.';
comment on column chat.sends.digest is
  'SHA-256 of what was first sent: an edited message still knows its own retry. Readers of it could test guesses of what an edited text first was.';
create index sends_chat_id_idx on chat.sends (chat_id);
alter table chat.sends enable row level security;
alter table chat.sends force row level security;

-- Row-level security ---------------------------------------------------------

alter table public.messages enable row level security;
alter table public.messages force row level security;

create policy "participants read messages, and moderators the deleted ones"
  on public.messages for select to authenticated
  using (
    -- The bound: an index condition, so that no read goes through other people's chats.
    chat_id = any (array(
      select me.chat_id from chat.chat_participants me
      where me.user_id = (select auth.uid()) and me.left_at is null
    ))
    -- These four hold for every row. Without statistics the planner takes a range for one row in 200,
    -- and so finds the bound's index cheaper than anything that a query's own filters and order offer.
    and chat_id >= '00000000-0000-0000-0000-000000000000' and chat_id <= 'ffffffff-ffff-ffff-ffff-ffffffffffff'
    and created_at > '-infinity' and created_at < 'infinity'
    -- Not what lies before a returner's history.
    and not exists (
      select from chat.chat_participants me
      where me.chat_id = messages.chat_id and me.user_id = (select auth.uid())
        and me.left_at is null and me.history_from > '-infinity' and me.history_from >= messages.created_at
    )
    and (deleted_at is null or chat_id in (select chat.moderated_chats()))
  );

-- Shapes ---------------------------------------------------------------------

create type chat.attachment as (
  path text, "fileName" text, "contentType" text, size bigint, width integer, height integer
);
comment on type chat.attachment is 'The file of a message, as the API shows it.';

create type chat.message as (
  id uuid, "chatId" uuid, "senderId" uuid, text text, "attachmentUrl" text, attachment chat.attachment,
  "clientId" uuid, "createdAt" text, "editedAt" text, "editableUntil" text, rev bigint
);
comment on type chat.message is
  'A Message as the API shows it. attachmentUrl is null here: the edge puts it in, as Postgres can sign nothing.';

create function chat.edit_window() returns interval
language sql immutable parallel safe
return interval '15 minutes';
comment on function chat.edit_window() is 'How long after sending a message its sender may edit it.';

create function chat.to_message(m public.messages, viewer uuid) returns chat.message
language sql stable parallel safe
return row(
  m.id, m.chat_id, m.sender_id, m.text, null,
  case when m.attachment_path is not null then row(
    m.attachment_path, m.attachment_file_name, m.attachment_content_type, m.attachment_size, m.attachment_width,
    m.attachment_height
  )::chat.attachment end,
  m.client_id, chat.rfc3339(m.created_at), chat.rfc3339(m.edited_at),
  case when m.sender_id = viewer then chat.rfc3339(m.created_at + chat.edit_window()) end, m.rev
)::chat.message;
comment on function chat.to_message(public.messages, uuid) is 'A message as the API shows it to a viewer.';

create function chat.to_last_message(m public.messages) returns chat.last_message
language sql stable parallel safe
return row(m.id, m.sender_id, m.text, chat.rfc3339(m.created_at), m.attachment_path is not null)::chat.last_message;
comment on function chat.to_last_message(public.messages) is 'A message as the list of chats shows it.';

create function chat.moderated_message(message chat.message, deleted_at timestamptz, deleted_by uuid) returns json
language sql stable parallel safe
return (
  select row_to_json(moderated)
  from (select message.*, chat.rfc3339(deleted_at) as "deletedAt", deleted_by as "deletedBy") as moderated
);
comment on function chat.moderated_message(chat.message, timestamptz, uuid) is
  'A message as the API shows it to a moderator.';

create function chat.unread(chat_id uuid, read_to timestamptz, reader uuid) returns table (messages integer)
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
comment on function chat.unread(uuid, timestamptz, uuid) is
  'How many messages of others a reader has not read, up to 100; deleted ones do not count. A table of one row, as the planner puts only such a function into the statement that calls it.';

-- Rules ----------------------------------------------------------------------

create function chat.check_text(content text) returns void
language plpgsql stable set search_path = ''
as $$
begin
  if content is null or char_length(content) not between 1 and 4000 then
    perform chat.refuse_field('text', 'must have 1 to 4000 characters after trimming');
  elsif not chat.is_visible(content) then
    perform chat.refuse_field('text', 'must have a visible character');
  end if;
end
$$;
comment on function chat.check_text(text) is
  'Raises invalid_request unless a trimmed text has 1 to 4,000 characters, one of them visible.';

create function chat.find_message(chat_id uuid, message_id uuid) returns public.messages
language plpgsql stable security definer set search_path = ''
as $$
declare
  message public.messages;
begin
  perform chat.require_participant(chat_id);
  select m.* into message
  from public.messages m
  join chat.chat_participants me on me.chat_id = m.chat_id and me.user_id = auth.uid()
  where m.id = find_message.message_id and m.chat_id = find_message.chat_id and m.created_at > me.history_from;
  if not found then
    perform chat.refuse('message_not_found');
  end if;
  return message;
end
$$;
comment on function chat.find_message(uuid, uuid) is
  'A message of a chat and of the caller''s part of its history, deleted or not; raises where there is none.';

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
comment on function chat.next_rev(uuid) is 'The chat''s next rev, for an edit or a deletion. Called under the chat''s lock.';

-- The API --------------------------------------------------------------------

create function public.list_messages(chat_id uuid, page_limit integer default 50, before timestamptz default null)
returns json
language plpgsql stable security invoker set search_path = ''
-- One plan for all calls: a short page, or any page where chats are long, would be planned anew each time.
-- And never one that sorts a chat: the index has its messages in order.
set plan_cache_mode = force_generic_plan set enable_sort = off set jit = off
as $$
declare
  me constant uuid := auth.uid();
  -- A variable, as under RLS the planner keeps a coalesce in the query out of the index condition.
  older_than constant timestamptz := coalesce(before, 'infinity');
begin
  perform chat.check_page_limit(page_limit);
  perform chat.require_participant(chat_id);

  if chat.is_moderator(chat_id) then
    return (
      with page as materialized (
        select m.created_at, chat.moderated_message(chat.to_message(m, me), m.deleted_at, m.deleted_by) as message
        from public.messages m
        where m.chat_id = list_messages.chat_id and m.created_at < older_than
        order by m.created_at desc
        limit page_limit + 1
      ),
      shown as materialized (select * from page p order by p.created_at desc limit page_limit)
      select json_build_object(
        'data', coalesce(json_agg(s.message order by s.created_at desc), '[]'),
        'nextCursor', case when (select count(*) from page) > page_limit then
          chat.cursor('messages', list_messages.chat_id::text, chat.rfc3339(min(s.created_at))) end
      )
      from shown s
    );
  end if;

  return (
    with page as materialized (
      select m.created_at, chat.to_message(m, me) as message
      from public.messages m
      where m.chat_id = list_messages.chat_id and m.created_at < older_than and m.deleted_at is null
      order by m.created_at desc
      limit page_limit + 1
    ),
    shown as materialized (select * from page p order by p.created_at desc limit page_limit)
    select json_build_object(
      'data', coalesce(json_agg(s.message order by s.created_at desc), '[]'),
      'nextCursor', case when (select count(*) from page) > page_limit then
        chat.cursor('messages', list_messages.chat_id::text, chat.rfc3339(min(s.created_at))) end
    )
    from shown s
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
  content constant text := chat.trim_text(text);
  digest constant bytea := case
    when client_id is not null then sha256(convert_to(json_build_array(content, attachment_path)::text, 'UTF8'))
  end;
  before chat.chats;
  after chat.chats;
  mine chat.chat_participants;
  file chat.attachment;
  earlier chat.sends;
  sent public.messages;
begin
  perform chat.refuse_filters();
  if text is not null or attachment_path is null then
    perform chat.check_text(content);
  end if;
  -- A stranger and a flood are refused before the lock, so that neither can make a chat wait.
  perform chat.require_participant(chat_id);
  perform chat.check_allowance('send');

  select c.* into before from chat.chats c where c.id = send_message.chat_id for no key update;
  -- Asked again under the lock: the sender may have left, or the chat may have gone, while this waited for it.
  select p.* into mine
  from chat.chat_participants p
  where p.chat_id = send_message.chat_id and p.user_id = me and p.left_at is null;
  if not found then
    perform chat.require_participant(chat_id);
  end if;

  if client_id is not null then
    select s.* into earlier
    from chat.sends s
    where s.client_id = send_message.client_id and s.sender_id = me and s.chat_id = send_message.chat_id;
    if found then
      select m.* into sent from public.messages m where m.id = earlier.message_id;
      if earlier.digest <> digest then
        perform chat.refuse('idempotency_mismatch');
      -- What is deleted, or before a returner's history, is not there.
      elsif sent.deleted_at is not null or sent.created_at <= mine.history_from then
        perform chat.refuse('message_not_found');
      end if;
      return row_to_json(chat.to_message(sent, me));
    end if;
  end if;

  perform chat.require_unblocked(before.id);
  if attachment_path is not null then
    file := chat.attach_upload(before.id, attachment_path);
  end if;

  -- After all that refuses, and after a retry has found its message: neither is charged. Under
  -- the chat's lock, so that nobody waits for a chat with their allowance locked, which would
  -- make all their other sends wait too.
  perform chat.charge('send');

  update chat.chats c
  set rev = c.rev + 1, last_message_at = greatest(clock_timestamp(), c.last_message_at + interval '1 microsecond')
  where c.id = before.id
  returning c.* into after;

  insert into public.messages (
    chat_id, sender_id, text, attachment_path, attachment_file_name, attachment_content_type, attachment_size,
    attachment_width, attachment_height, client_id, rev, created_at
  )
  values (
    after.id, me, content, file.path, file."fileName", file."contentType", file.size, file.width, file.height,
    send_message.client_id, after.rev, after.last_message_at
  )
  returning * into sent;
  if client_id is not null then
    insert into chat.sends (client_id, sender_id, chat_id, message_id, digest)
    values (send_message.client_id, me, after.id, sent.id, digest);
  end if;

  -- Whoever has read all that came before has read this too. Unread counts leave it out
  -- anyway; this spares them reading a long run of a person's own messages.
  update chat.read_marks r set last_read_at = after.last_message_at
  where r.chat_id = after.id and r.user_id = me
    and greatest(r.last_read_at, mine.history_from) >= coalesce(before.last_message_at, '-infinity');
  if not found and mine.history_from >= coalesce(before.last_message_at, '-infinity') then
    insert into chat.read_marks (chat_id, user_id, last_read_at) values (after.id, me, after.last_message_at);
  end if;

  -- A message brings the other one of a pair back, with what is said from now on.
  if after.type = 'direct' and 2 > (
    select count(*) from chat.chat_participants p where p.chat_id = after.id and p.left_at is null
  ) then
    perform chat.complete_pair(
      before, coalesce(before.last_message_at, '-infinity'), before.rev,
      case me when after.direct_low then after.direct_high else after.direct_low end
    );
  end if;

  perform set_config('response.status', '201', true);
  return row_to_json(chat.to_message(sent, me));
end
$$;
comment on function public.send_message(uuid, text, uuid, text) is
  'Sends a message of a text, an upload or both: Message, HTTP 201; the same client_id again writes nothing and gives the first message, HTTP 200.';

create function public.edit_message(chat_id uuid, message_id uuid, text text) returns json
language plpgsql volatile security definer set search_path = '' set statement_timeout = '3s'
as $$
declare
  content constant text := chat.trim_text(text);
  message public.messages := chat.find_message(chat_id, message_id);
begin
  perform chat.refuse_filters();
  if message.deleted_at is not null then
    perform chat.refuse('message_not_found');
  elsif message.sender_id <> auth.uid() then
    perform chat.refuse('not_sender');
  elsif clock_timestamp() > message.created_at + chat.edit_window() then
    perform chat.refuse('edit_window_expired');
  end if;
  perform chat.check_text(content);
  -- Or else an edit would be a way to send.
  perform chat.require_unblocked(message.chat_id);
  if message.text is distinct from content then
    perform chat.check_allowance('edit');
  end if;

  perform chat.lock_chats(array[message.chat_id]);
  message := chat.find_message(chat_id, message_id);
  if message.deleted_at is not null then
    perform chat.refuse('message_not_found');
  end if;
  -- The same text again is no change: it takes no rev, and nobody is told.
  if message.text is distinct from content then
    perform chat.charge('edit');
    update public.messages m
    set text = content, edited_at = clock_timestamp(), rev = chat.next_rev(message.chat_id)
    where m.id = message.id
    returning * into message;
  end if;
  return row_to_json(chat.to_message(message, auth.uid()));
end
$$;
comment on function public.edit_message(uuid, uuid, text) is
  'Changes the text of a message of the caller''s own, within 15 minutes of sending it: Message.';

create function public.delete_message(chat_id uuid, message_id uuid) returns void
language plpgsql volatile security definer set search_path = '' set statement_timeout = '3s'
as $$
declare
  me constant uuid := auth.uid();
  message public.messages := chat.find_message(chat_id, message_id);
begin
  if message.sender_id <> me and not chat.is_moderator(message.chat_id) then
    perform chat.refuse(case when message.deleted_at is null then 'not_sender' else 'message_not_found' end);
  end if;
  if message.deleted_at is null then
    perform chat.check_allowance('delete');
  end if;

  -- A second deletion takes no rev: whether this is one is known only under the lock.
  perform chat.lock_chats(array[message.chat_id]);
  message := chat.find_message(chat_id, message_id);
  if message.deleted_at is null then
    perform chat.charge('delete');
    update public.messages m
    set deleted_at = clock_timestamp(), deleted_by = me, rev = chat.next_rev(message.chat_id)
    where m.id = message.id;
  end if;
end
$$;
comment on function public.delete_message(uuid, uuid) is
  'Hides a message from all but moderators; by its sender or a moderator; a second time changes nothing.';
