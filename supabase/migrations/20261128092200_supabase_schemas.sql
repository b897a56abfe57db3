-- What the chat makes in Supabase's own schemas: the bucket and the policies of Storage, the policies and the
-- publication of Realtime, and a trigger on the accounts.
--
-- This file can be run again at any time. It must be run after a restore, because `supabase db dump` leaves these
-- schemas out. Run it in one transaction (`psql -1`): between two of its statements, files would be open to everybody
-- or closed to everybody.

-- While this file waits for a long transaction, such as a dump, all requests wait behind it. So it gives up early.
set local lock_timeout = '5s';

-- Accounts -------------------------------------------------------------------

create or replace function chat.on_accounts_deleted() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  gone constant uuid[] := array(select d.id from deleted d order by d.id);
begin
  perform chat.lock_chats(array(select p.chat_id from chat.chat_participants p where p.user_id = any (gone)));
  -- Their read marks and settings go with these rows.
  delete from chat.chat_participants p where p.user_id = any (gone);
  delete from chat.allowances a where a.user_id = any (gone);
  delete from chat.gone_chats g where g.user_id = any (gone);
  -- Under the locks above: a person has mentions only in chats in which they have a row.
  delete from chat.mentions m where m.user_id = any (gone);
  return null;
end
$$;
comment on function chat.on_accounts_deleted() is
  'Removes deleted accounts from all their chats. Their messages and reactions stay.';

-- A statement trigger. It runs after the host's foreign keys have deleted their rows, so chats are locked after rows
-- of the host. It runs before the triggers of the tables to which the deletion cascades.
create or replace trigger _100_leave_chats
  after delete on auth.users
  referencing old table as deleted
  for each statement execute function chat.on_accounts_deleted();

-- Storage --------------------------------------------------------------------
-- The limits of files are those of the bucket. A reservation checks them, and Storage checks them at the upload.

do $$
declare
  bucket storage.buckets;
  foreign_file text;
begin
  select b.* into bucket from storage.buckets b where b.id = chat.bucket();
  if bucket.id is null then
    insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
    values (chat.bucket(), chat.bucket(), false, 26214400, array[
      'image/jpeg', 'image/png', 'image/gif', 'image/webp', 'image/heic', 'image/heif', 'image/avif',
      'video/mp4', 'video/quicktime', 'video/webm', 'video/3gpp',
      'audio/mpeg', 'audio/mp4', 'audio/ogg', 'audio/webm', 'audio/wav', 'audio/aac', 'audio/3gpp',
      -- Neither HTML nor SVG, because a browser would run scripts in them.
      'application/pdf', 'text/plain', 'text/csv', 'text/markdown', 'application/zip',
      'application/msword', 'application/vnd.ms-excel', 'application/vnd.ms-powerpoint',
      'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
      'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
      'application/vnd.openxmlformats-officedocument.presentationml.presentation',
      'application/vnd.oasis.opendocument.text', 'application/vnd.oasis.opendocument.spreadsheet',
      'application/vnd.oasis.opendocument.presentation'
    ]);
    return;
  end if;

  -- After a restore, somebody may have made the bucket and copied its files before this file was run.
  select o.name into foreign_file from storage.objects o
  where o.bucket_id = chat.bucket() and o.name !~ '^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/){3}[^/]+$'
  limit 1;
  if foreign_file is not null then
    raise exception 'bucket % has a file that is not the chat''s, and would be removed as left over: %', bucket.id, foreign_file
      using errcode = '55000', hint = 'Move such files into a bucket of another name, then run this again.';
  end if;
  if bucket.public then
    update storage.buckets set public = false where id = chat.bucket();
    raise warning 'bucket % was public, and is private now', bucket.id;
  end if;
end
$$;

create or replace function chat.may_upload(path text) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
  return exists (
    select from chat.uploads u
    where u.path = may_upload.path and u.user_id = auth.uid()
      and u.created_at > clock_timestamp() - chat.upload_window()
      and chat.is_participant(u.chat_id)
  );
end
$$;
comment on function chat.may_upload(text) is
  'Whether the caller has reserved a path, within chat.upload_window, in a chat in which they are still a participant.';

create or replace function chat.first_file() returns text
language plpgsql stable security definer set search_path = ''
as $$
begin
  return case
    when chat.is_sweeper() then ''
    -- A listing would read the files of other chats between the caller's own. So nobody may list.
    when current_setting('storage.operation', true) like '%.list%' then null
    else (
      select me.chat_id::text from chat.chat_participants me
      where me.user_id = auth.uid() and me.left_at is null
      order by me.chat_id
      limit 1
    )
  end;
end
$$;
comment on function chat.first_file() is
  'The smallest name of a file that the caller may read: the folder of the first of their chats. Null for a person without a chat. Called once for each statement.';

create or replace function chat.last_file() returns text
language plpgsql stable security definer set search_path = ''
as $$
begin
  return case
    when chat.is_sweeper() then (select max(o.name) from storage.objects o where o.bucket_id = chat.bucket())
    else (
      -- Greater than the folder's slash and every name after it, in every collation.
      select me.chat_id::text || 'g' from chat.chat_participants me
      where me.user_id = auth.uid() and me.left_at is null
      order by me.chat_id desc
      limit 1
    )
  end;
end
$$;
comment on function chat.last_file() is 'The greatest name of a file that the caller may read, as chat.first_file gives the smallest.';

create or replace function chat.my_folders() returns text[]
language plpgsql stable security definer set search_path = ''
as $$
begin
  return array(
    select me.chat_id::text from chat.chat_participants me where me.user_id = auth.uid() and me.left_at is null
  );
end
$$;
comment on function chat.my_folders() is
  'The first folders of the files that the caller may read: the ids of their chats. Called once for each statement, so files of other chats need no look-up.';

drop policy if exists "people upload what they have reserved" on storage.objects;
create policy "people upload what they have reserved"
  on storage.objects for insert to authenticated
  with check (bucket_id = chat.bucket() and chat.may_upload(name));

drop policy if exists "readers of a message read its file, and the sweeper leftovers" on storage.objects;
create policy "readers of a message read its file, and the sweeper leftovers"
  on storage.objects for select to authenticated
  using (
    bucket_id = chat.bucket()
    -- A range of Storage's index. For a person without a chat it is empty.
    and name >= (select chat.first_file()) and name <= (select chat.last_file())
    and (
      (
        split_part(name, '/', 1) = any ((select chat.my_folders())::text[])
        -- Without the offset the planner may read all of the caller's messages to decide about one file.
        and exists (select from public.messages m where m.attachment_path = objects.name offset 0)
      )
      or ((select chat.is_sweeper()) and chat.is_leftover(name, created_at))
    )
  );

drop policy if exists "the sweeper removes what is left over" on storage.objects;
create policy "the sweeper removes what is left over"
  on storage.objects for delete to authenticated
  using (bucket_id = chat.bucket() and (select chat.is_sweeper()) and chat.is_leftover(name, created_at));

-- Postgres joins permissive policies by "or". So a policy that the project has for other buckets could open the chat's
-- bucket. These restrictive policies prevent that. They allow every object in other buckets.
drop policy if exists "nobody else uploads attachments" on storage.objects;
create policy "nobody else uploads attachments"
  on storage.objects as restrictive for insert to authenticated
  with check (bucket_id is distinct from chat.bucket() or chat.may_upload(name));

drop policy if exists "nobody else reads attachments" on storage.objects;
create policy "nobody else reads attachments"
  on storage.objects as restrictive for select to authenticated
  using (
    bucket_id is distinct from chat.bucket()
    or (
      split_part(name, '/', 1) = any ((select chat.my_folders())::text[])
      and exists (select from public.messages m where m.attachment_path = objects.name offset 0)
    )
    or ((select chat.is_sweeper()) and chat.is_leftover(name, created_at))
  );

drop policy if exists "nobody else removes attachments" on storage.objects;
create policy "nobody else removes attachments"
  on storage.objects as restrictive for delete to authenticated
  using (
    bucket_id is distinct from chat.bucket()
    or ((select chat.is_sweeper()) and chat.is_leftover(name, created_at))
  );

drop policy if exists "nobody changes attachments, nor moves anything among them" on storage.objects;
create policy "nobody changes attachments, nor moves anything among them"
  on storage.objects as restrictive for update to authenticated
  using (bucket_id is distinct from chat.bucket())
  with check (bucket_id is distinct from chat.bucket());

-- The next policies are for every role. Most roles may not call chat.bucket(), so the policies have its value. The
-- last two protect the bucket itself: where a policy of the project lets people change buckets, a person could make
-- this one public.
drop policy if exists "attachments are for people with an account" on storage.objects;
drop policy if exists "nobody changes the bucket of attachments" on storage.buckets;
drop policy if exists "nobody removes the bucket of attachments" on storage.buckets;
do $$
begin
  execute format(
    'create policy "attachments are for people with an account"
       on storage.objects as restrictive for all to public
       using (bucket_id is distinct from %L or current_user = ''authenticated'')',
    chat.bucket()
  );
  execute format(
    'create policy "nobody changes the bucket of attachments"
       on storage.buckets as restrictive for update to public
       using (id is distinct from %1$L)
       with check (id is distinct from %1$L)',
    chat.bucket()
  );
  execute format(
    'create policy "nobody removes the bucket of attachments"
       on storage.buckets as restrictive for delete to public
       using (id is distinct from %L)',
    chat.bucket()
  );
end
$$;

-- Realtime -------------------------------------------------------------------
-- The table keeps its default replica identity. With a full one, a deleted row would reach every subscriber whose
-- filter matches it.

do $$
declare
  publication pg_publication;
  unfit text;
begin
  select p.* into publication from pg_publication p where p.pubname = 'supabase_realtime';
  if publication.oid is null then
    create publication supabase_realtime for table public.messages;
    return;
  end if;

  -- The publication is the project's. The chat does not change what it publishes, and of which other tables.
  if publication.puballtables then
    raise warning 'publication supabase_realtime is for all tables, the chat''s among them, and is left as it is'
      using detail = 'The event of a DELETE skips row level security: every subscriber whose filter matches gets the primary key of the deleted row, also where a table of the schema chat had it: the ids of a chat and of a former participant.',
      hint = 'A publication that lists its tables tells less: drop publication supabase_realtime; create publication supabase_realtime for table public.messages, …;';
  elsif exists (
    select from pg_publication_namespace n
    where n.pnpubid = publication.oid and n.pnnspid = 'public'::regnamespace
  ) then
    raise warning 'publication supabase_realtime is for all tables in schema public, messages among them, and is left as it is'
      using detail = 'The event of a DELETE skips row level security: every subscriber whose filter matches gets the primary key of the deleted row.';
  elsif not exists (
    select from pg_publication_rel r where r.prpubid = publication.oid and r.prrelid = 'public.messages'::regclass
  ) then
    alter publication supabase_realtime add table public.messages;
  end if;

  unfit := concat_ws(
    ' and ',
    case when not (publication.pubinsert and publication.pubupdate) then 'leaves out inserts or updates' end,
    (
      select 'publishes only some rows or columns of messages' from pg_publication_rel r
      where r.prpubid = publication.oid and r.prrelid = 'public.messages'::regclass
        and (r.prqual is not null or r.prattrs is not null)
    )
  );
  if unfit <> '' then
    raise warning 'publication supabase_realtime %, and is left as it is: clients miss messages or edits until they ask for changes', unfit
      using hint = 'alter publication supabase_realtime set (publish = ''insert, update, delete'');' || coalesce(
        (
          select ' alter publication supabase_realtime drop table public.messages; then run this again.'
          from pg_publication_rel r where r.prpubid = publication.oid and r.prrelid = 'public.messages'::regclass
        ),
        ''
      );
  end if;
end
$$;

drop policy if exists "people listen to their chats and to their own channel" on realtime.messages;
create policy "people listen to their chats and to their own channel"
  on realtime.messages for select to authenticated
  using (extension in ('broadcast', 'presence') and (select chat.may_listen((select realtime.topic()))));

drop policy if exists "people tell their presence where they may listen" on realtime.messages;
create policy "people tell their presence where they may listen"
  on realtime.messages for insert to authenticated
  with check (extension = 'presence' and (select chat.may_listen((select realtime.topic()))));

-- As with Storage: a policy that the project has for other channels must not open the chat's channels, and must not
-- let people forge its events.
drop policy if exists "nobody else listens to chats and people's own channels" on realtime.messages;
create policy "nobody else listens to chats and people's own channels"
  on realtime.messages as restrictive for select to authenticated
  using (
    not chat.is_chat_topic((select realtime.topic()))
    or (select chat.may_listen((select realtime.topic())))
  );

drop policy if exists "nobody broadcasts to chats and people's own channels" on realtime.messages;
create policy "nobody broadcasts to chats and people's own channels"
  on realtime.messages as restrictive for insert to authenticated
  with check (
    not chat.is_chat_topic((select realtime.topic()))
    or (extension = 'presence' and (select chat.may_listen((select realtime.topic()))))
  );

drop policy if exists "chats and people's own channels are for people with an account" on realtime.messages;
do $$
begin
  -- This policy is for every role, so it has the value of chat.topic_pattern().
  execute format(
    'create policy "chats and people''s own channels are for people with an account"
       on realtime.messages as restrictive for all to public
       using (coalesce((select realtime.topic()) !~ %L, true) or current_user = ''authenticated'')',
    chat.topic_pattern()
  );
end
$$;
