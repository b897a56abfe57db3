-- What the chat has in Supabase's own schemas: the bucket and the policies of Storage, the policies
-- and the publication of Realtime, a trigger on the accounts.
--
-- This file may be run again at any time, and has to be after a restore: `supabase db dump` leaves
-- these schemas out. In one transaction (`psql -1`): between two statements files would be open or closed to all.

-- All requests would wait behind this where it waits for a long transaction, such as a dump. It may be run again.
set local lock_timeout = '5s';

-- Accounts -------------------------------------------------------------------

create or replace function chat.on_accounts_deleted() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  gone constant uuid[] := array(select d.id from deleted d order by d.id);
begin
  perform chat.lock_chats(array(select p.chat_id from chat.chat_participants p where p.user_id = any (gone)));
  delete from chat.chat_participants p where p.user_id = any (gone);
  delete from chat.allowances a where a.user_id = any (gone);
  delete from chat.read_marks r where r.user_id = any (gone);
  return null;
end
$$;
comment on function chat.on_accounts_deleted() is
  'Takes deleted accounts out of all their chats. What they said stays.';

-- A statement trigger: it fires after the foreign keys of the host's have taken their rows, so that chats are
-- locked after rows of the host, and before the triggers of the tables that they cascade to.
create or replace trigger _100_leave_chats
  after delete on auth.users
  referencing old table as deleted
  for each statement execute function chat.on_accounts_deleted();

-- Storage --------------------------------------------------------------------
-- The bucket is the one place of its limits: a reservation goes by them, and so does Storage at the upload.

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
      -- Neither HTML nor SVG: a browser would run what they hold.
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

  -- After a restore somebody may have made the bucket, and copied its files, before this.
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
  'Whether a path was reserved by the caller, lately, in a chat that they still take part in.';

create or replace function chat.first_file() returns text
language plpgsql stable security definer set search_path = ''
as $$
begin
  return case
    when chat.is_sweeper() then ''
    -- A listing would go through the files of other chats between one's own: nobody lists.
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
  'The least name that a file may have which the caller may read: the first of their chats, as a file lies in its chat''s folder. Null for somebody without a chat. Asked once for each statement.';

create or replace function chat.last_file() returns text
language plpgsql stable security definer set search_path = ''
as $$
begin
  return case
    when chat.is_sweeper() then (select max(o.name) from storage.objects o where o.bucket_id = chat.bucket())
    else (
      -- Greater than whatever follows the folder's slash, in every collation.
      select me.chat_id::text || 'g' from chat.chat_participants me
      where me.user_id = auth.uid() and me.left_at is null
      order by me.chat_id desc
      limit 1
    )
  end;
end
$$;
comment on function chat.last_file() is 'As chat.first_file: the greatest name.';

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
  'The first folders of the files that the caller may read: the ids of their chats. Asked once for each statement, so that files of other chats need no look-up.';

drop policy if exists "people upload what they have reserved" on storage.objects;
create policy "people upload what they have reserved"
  on storage.objects for insert to authenticated
  with check (bucket_id = chat.bucket() and chat.may_upload(name));

drop policy if exists "readers of a message read its file, and the sweeper leftovers" on storage.objects;
create policy "readers of a message read its file, and the sweeper leftovers"
  on storage.objects for select to authenticated
  using (
    bucket_id = chat.bucket()
    -- A range of the index that Storage has: without a chat there is nothing to read.
    and name >= (select chat.first_file()) and name <= (select chat.last_file())
    and (
      (
        split_part(name, '/', 1) = any ((select chat.my_folders())::text[])
        -- Without the offset the planner may read all of the caller's messages to tell of one file.
        and exists (select from public.messages m where m.attachment_path = objects.name offset 0)
      )
      or ((select chat.is_sweeper()) and chat.is_leftover(name, created_at))
    )
  );

drop policy if exists "the sweeper removes what is left over" on storage.objects;
create policy "the sweeper removes what is left over"
  on storage.objects for delete to authenticated
  using (bucket_id = chat.bucket() and (select chat.is_sweeper()) and chat.is_leftover(name, created_at));

-- Policies are joined by "or": without these a policy of the project's own, for other buckets,
-- could open the chat's. Of objects in other buckets they say nothing.
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

drop policy if exists "attachments are for people with an account" on storage.objects;
create policy "attachments are for people with an account"
  on storage.objects as restrictive for all to public
  using (bucket_id is distinct from 'chat-attachments' or current_user = 'authenticated');

-- The bucket itself: where a policy of the project's own lets people make and change buckets, one of them could
-- make this one public.
drop policy if exists "nobody changes the bucket of attachments" on storage.buckets;
create policy "nobody changes the bucket of attachments"
  on storage.buckets as restrictive for update to public
  using (id is distinct from 'chat-attachments')
  with check (id is distinct from 'chat-attachments');

drop policy if exists "nobody removes the bucket of attachments" on storage.buckets;
create policy "nobody removes the bucket of attachments"
  on storage.buckets as restrictive for delete to public
  using (id is distinct from 'chat-attachments');

-- Realtime -------------------------------------------------------------------
-- With the default replica identity: with a full one a deleted row would reach strangers whose filter fits.

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

  -- The project's own: what it publishes, and of which tables, is not the chat's to change.
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

-- As above: a policy of the project's own, for other channels, must neither open the chat's nor let
-- people forge its events.
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
create policy "chats and people's own channels are for people with an account"
  on realtime.messages as restrictive for all to public
  using (
    coalesce((select realtime.topic()) !~ '^(chat|user):[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(:[0-9]+)?$', true)
    or current_user = 'authenticated'
  );
