-- Uploads: files on the way into a message, and what becomes of those that are in none.
--
-- A reservation gives a file its path, and Storage's policies let its owner upload to that
-- path and no other. A send attaches what was uploaded: the reservation goes, and the message
-- keeps the path. From then on whoever may read the message may read the object. What no
-- living message holds is a leftover, which a sweeper finds here and removes by Storage's API:
-- a row deleted from storage.objects would leave its file behind.

-- The bucket -----------------------------------------------------------------
-- The one place of its limits: a reservation goes by them, and so does Storage at the upload.

insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
values ('chat-attachments', 'chat-attachments', false, 26214400, array[
  'image/jpeg', 'image/png', 'image/gif', 'image/webp', 'image/heic', 'image/heif',
  'video/mp4', 'video/quicktime', 'video/webm',
  'audio/mpeg', 'audio/mp4', 'audio/ogg', 'audio/webm',
  -- Neither HTML nor SVG: a browser would run what they hold.
  'application/pdf', 'text/plain', 'text/csv', 'application/zip',
  'application/msword', 'application/vnd.ms-excel', 'application/vnd.ms-powerpoint',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  'application/vnd.oasis.opendocument.text', 'application/vnd.oasis.opendocument.spreadsheet',
  'application/vnd.oasis.opendocument.presentation'
])
on conflict (id) do update set
  public = excluded.public, file_size_limit = excluded.file_size_limit, allowed_mime_types = excluded.allowed_mime_types;

-- Tables ---------------------------------------------------------------------

create table private.uploads (
  path text primary key,
  -- No foreign keys: the reservation of a chat or an account that is gone still leads to what was uploaded.
  chat_id uuid not null,
  user_id uuid not null,
  file_name text not null,
  content_type text not null,
  size bigint not null,
  created_at timestamptz not null default clock_timestamp(),
  -- So the folders of a path are its chat and its user wherever it is compared.
  constraint uploads_path_has_its_folders check (
    starts_with(path, chat_id || '/' || user_id || '/') and cardinality(string_to_array(path, '/')) = 4
  )
);
comment on table private.uploads is
  'Open reservations: paths that their users may upload to, and then put into a message. Attaching one removes its row.';
create index uploads_user_id_idx on private.uploads (user_id, created_at);
create index uploads_created_at_idx on private.uploads (created_at);

create table private.discarded_uploads (
  path text primary key,
  discarded_at timestamptz not null
);
comment on table private.discarded_uploads is
  'Objects whose message was deleted, or is gone with its chat, until the sweeper has removed them.';
create index discarded_uploads_discarded_at_idx on private.discarded_uploads (discarded_at);

alter table private.uploads enable row level security;
alter table private.uploads force row level security;
alter table private.discarded_uploads enable row level security;
alter table private.discarded_uploads force row level security;
revoke all on private.uploads, private.discarded_uploads from public, anon, authenticated, service_role;

-- At most so many reservations of one person are open, of those made within the period.
insert into private.rate_limits (name, max_count, period) values ('upload', 20, interval '2 hours');

-- Windows --------------------------------------------------------------------

create function private.upload_window() returns interval
language sql immutable parallel safe
return interval '2 hours';
comment on function private.upload_window() is
  'How long after a reservation an upload may begin. A signed upload URL, which asks nobody again, lasts as long once more.';

create function private.attach_window() returns interval
language sql immutable parallel safe
return interval '24 hours';
comment on function private.attach_window() is 'How long after its reservation an upload may be put into a message.';

create function private.sweep_window() returns interval
language sql immutable parallel safe
return private.attach_window() + interval '1 hour';
comment on function private.sweep_window() is
  'After what time an upload that is in no message is a leftover. An hour past the end of attaching: so no send and no sweep ever meet over an upload.';

-- File names -----------------------------------------------------------------

create function private.display_name(file_name text) returns text
language plpgsql immutable parallel safe set search_path = ''
as $$
declare
  -- What says nothing at either end; the joiners stand between two characters in emoji and in Persian.
  ends constant text := U&' .\200C\200D';
  -- The longest that NTFS and APFS know, in characters and in bytes of UTF-8.
  max_length constant integer := 255;
  max_bytes constant integer := 765;
  -- Of what is far too long, the beginning and the extension.
  shown text := case when char_length(file_name) > 1024 then left(file_name, 1000) || right(file_name, 24) else file_name end;
  extension text;
begin
  shown := regexp_replace(
    shown, '[\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+', ' ', 'g'
  );
  -- Control characters, those that turn the direction of writing, and invisible ones.
  shown := regexp_replace(
    shown,
    '[\u0001-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb]', '', 'g'
  );
  select string_agg(btrim(part, ends), '-' order by n) into shown
  from regexp_split_to_table(normalize(shown, NFC), '[/\\]') with ordinality as name (part, n)
  where btrim(part, ends) <> '';

  if char_length(shown) > max_length or octet_length(shown) > max_bytes then
    extension := coalesce(substring(shown from '\.[^. ]{1,20}$'), '');
    shown := left(shown, max_length - char_length(extension));
    while octet_length(shown || extension) > max_bytes loop
      shown := left(shown, -1);
    end loop;
    shown := btrim(shown, ends) || extension;
  end if;
  return coalesce(shown, 'file');
end
$$;
comment on function private.display_name(text) is
  'A file name as messages show it: NFC, at most 255 characters, without folders, dots at its ends, control and bidirectional characters; `file` where nothing is left.';

create function private.key_name(file_name text) returns text
language sql immutable parallel safe
return (
  select coalesce(nullif(btrim(left(name.stem, 100 - length(name.extension)), '.-'), ''), 'file') || name.extension
  from (
    select
      regexp_replace(
        regexp_replace(regexp_replace(file_name, '\.[A-Za-z0-9]{1,20}$', ''), '[^A-Za-z0-9._-]+', '-', 'g'),
        '([.-])[.-]+', '\1', 'g'
      ) as stem,
      coalesce(substring(file_name from '\.[A-Za-z0-9]{1,20}$'), '') as extension
  ) as name
);
comment on function private.key_name(text) is
  'The last part of an object''s path, of the few characters that Storage takes everywhere: at most 100, never empty, and without `..`.';

-- Rules ----------------------------------------------------------------------

create function private.refuse_field(path text, issue text) returns void
language plpgsql immutable set search_path = ''
as $$
begin
  raise sqlstate 'PT400' using
    message = 'invalid_request', detail = jsonb_build_object('path', path, 'issue', issue)::text;
end
$$;
comment on function private.refuse_field(text, text) is
  'Raises invalid_request with the field of the API''s request that is to blame, and why.';

create function private.check_file(content_type text, size bigint) returns void
language plpgsql stable security definer set search_path = ''
as $$
declare
  bucket storage.buckets;
begin
  select b.* into bucket from storage.buckets b where b.id = 'chat-attachments';
  -- A bucket may also allow all of a kind, as image/*; one that lists nothing allows everything.
  if content_type is null or not coalesce(
    array[content_type, split_part(content_type, '/', 1) || '/*', '*/*'] && nullif(bucket.allowed_mime_types, '{}'), true
  ) then
    perform private.refuse_field('contentType', 'is not allowed');
  elsif size is null or size < 0 then
    perform private.refuse_field('size', 'must not be negative');
  elsif size > bucket.file_size_limit then
    perform private.refuse_field('size', 'is too large');
  end if;
end
$$;
comment on function private.check_file(text, bigint) is 'Raises invalid_request unless the bucket takes files of that type and size.';

create function private.check_open_uploads() returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  free_at timestamptz;
begin
  -- Of many reservations at once each has to count those before it.
  perform pg_advisory_xact_lock(hashtextextended('uploads/' || auth.uid(), 0));
  select last_counted.created_at + l.period into free_at
  from private.rate_limits l
  cross join lateral (
    select u.created_at from private.uploads u
    where u.user_id = auth.uid() and u.created_at > clock_timestamp() - l.period
    order by u.created_at desc
    offset l.max_count - 1 limit 1
  ) as last_counted
  where l.name = 'upload';
  if found then
    raise sqlstate 'PT429' using
      message = 'rate_limited',
      detail = greatest(1, ceil(extract(epoch from free_at - clock_timestamp())))::integer;
  end if;
end
$$;
comment on function private.check_open_uploads() is
  'Raises rate_limited when the caller has as many open reservations as the limit `upload` allows. The caller''s other reservations wait until the transaction ends.';

create function private.file_metadata(metadata jsonb) returns jsonb
language sql immutable parallel safe
return case jsonb_typeof(metadata) when 'string' then (metadata #>> '{}')::jsonb else metadata end;
comment on function private.file_metadata(jsonb) is
  'What storage.objects tells of a file: {size, mimetype, …}. Hosted Storage writes an object there, and @supabase/lite a string that holds one.';

create function private.attach_upload(chat_id uuid, path text) returns private.attachment
language plpgsql volatile security definer set search_path = ''
as $$
declare
  me constant uuid := auth.uid();
  upload private.uploads;
  stored jsonb;
begin
  select u.* into upload
  from private.uploads u
  where u.path = attach_upload.path and u.chat_id = attach_upload.chat_id and u.user_id = me;
  if not found then
    perform private.refuse_field('attachmentUrl', case
      when exists (
        select from public.messages m
        where m.attachment_path = attach_upload.path and m.chat_id = attach_upload.chat_id and m.sender_id = me
      ) then 'is in a message already'
      else 'is no upload of yours in this chat'
    end);
  elsif clock_timestamp() > upload.created_at + private.attach_window() then
    perform private.refuse_field('attachmentUrl', 'was reserved too long ago');
  end if;

  select private.file_metadata(o.metadata) into stored
  from storage.objects o where o.bucket_id = 'chat-attachments' and o.name = upload.path;
  if not found then
    perform private.refuse_field('attachmentUrl', 'has not been uploaded');
  elsif stored ->> 'size' is distinct from upload.size::text then
    perform private.refuse_field('attachmentUrl', 'differs from what was declared: size');
  -- Some clients add a charset of their own.
  elsif lower(btrim(split_part(stored ->> 'mimetype', ';', 1))) is distinct from upload.content_type then
    perform private.refuse_field('attachmentUrl', 'differs from what was declared: content type');
  end if;

  delete from private.uploads u where u.path = upload.path;
  return private.to_attachment(upload.path, upload.file_name, upload.content_type, upload.size);
end
$$;
comment on function private.attach_upload(uuid, text) is
  'Ends a reservation of the caller''s own for a message of this chat, or raises invalid_request unless its file is there as declared. Called under the chat''s lock, so that of two sends one has it.';

-- The API --------------------------------------------------------------------

create function public.reserve_upload(chat_id uuid, file_name text, content_type text, size bigint) returns json
language plpgsql volatile security definer set search_path = '' set statement_timeout = '3s'
as $$
declare
  me constant uuid := auth.uid();
  -- Types are compared without regard to case, and have no parameters here.
  media_type constant text := lower(private.trim_text(split_part(content_type, ';', 1)));
  shown_name constant text := private.display_name(file_name);
  upload private.uploads;
begin
  perform private.require_participant(chat_id);
  perform private.require_unblocked(chat_id);
  perform private.check_file(media_type, size);
  perform private.check_open_uploads();

  insert into private.uploads (path, chat_id, user_id, file_name, content_type, size)
  values (
    concat_ws('/', chat_id, me, gen_random_uuid(), private.key_name(shown_name)),
    reserve_upload.chat_id, me, shown_name, media_type, reserve_upload.size
  )
  returning * into upload;

  perform set_config('response.status', '201', true);
  return json_build_object(
    'path', upload.path, 'fileName', upload.file_name, 'contentType', upload.content_type, 'size', upload.size,
    'expiresAt', private.rfc3339(upload.created_at + private.upload_window())
  );
end
$$;
comment on function public.reserve_upload(uuid, text, text, bigint) is
  'Gives a file a path to upload to: {path, fileName, contentType, size, expiresAt}, HTTP 201. The upload has to have this type and size.';

-- What is left over ------------------------------------------------------------

create function private.on_attachment_discarded() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  insert into private.discarded_uploads (path, discarded_at)
  values (old.attachment_path, clock_timestamp())
  on conflict (path) do nothing;
  return null;
end
$$;
comment on function private.on_attachment_discarded() is 'Remembers the object of a message that is deleted, for the sweeper.';

create trigger _200_discard_attachment_of_deleted
  after update of deleted_at on public.messages
  for each row when (new.attachment_path is not null and new.deleted_at is not null)
  execute function private.on_attachment_discarded();
-- With their chat.
create trigger _200_discard_attachment_of_removed
  after delete on public.messages
  for each row when (old.attachment_path is not null)
  execute function private.on_attachment_discarded();

create function private.is_sweeper() returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
  -- The account and not the token: whoever is made or unmade one is so at once, and the
  -- tokens of @supabase/lite tell nothing of it.
  return exists (
    select from auth.users u where u.id = auth.uid() and u.raw_app_meta_data ->> 'role' = 'sweeper'
  );
end
$$;
comment on function private.is_sweeper() is
  'Whether the caller is the account that removes leftovers: app_metadata.role is sweeper. It is an ordinary account otherwise: no function holds a key that row-level security does not bind.';

create function private.require_sweeper() returns void
language plpgsql stable set search_path = ''
as $$
begin
  if not private.is_sweeper() then
    raise sqlstate 'PT403' using message = 'forbidden';
  end if;
end
$$;
comment on function private.require_sweeper() is 'Raises forbidden unless the caller is the sweeper.';

create function private.is_leftover(path text, uploaded_at timestamptz) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
declare
  swept_before constant timestamptz := clock_timestamp() - private.sweep_window();
begin
  return case
    when exists (select from public.messages m where m.attachment_path = path and m.deleted_at is null) then false
    when exists (select from private.uploads u where u.path = is_leftover.path and u.created_at >= swept_before) then false
    when exists (select from private.uploads u where u.path = is_leftover.path) then true
    when exists (select from private.discarded_uploads d where d.path = is_leftover.path) then true
    -- Not from a reservation: somebody put it there with rights of their own.
    else uploaded_at < swept_before
  end;
end
$$;
comment on function private.is_leftover(text, timestamptz) is
  'Whether the sweeper may remove an object: no living message holds it, and none can come to hold it.';

create function private.leftover_uploads(
  unattached_hours integer, deleted_days integer, strays boolean, at_most integer
) returns table (path text, reason text, size bigint)
language plpgsql stable security definer set search_path = ''
as $$
declare
  unattached_before constant timestamptz :=
    clock_timestamp() - greatest(make_interval(hours => unattached_hours), private.sweep_window());
  deleted_before constant timestamptz := clock_timestamp() - make_interval(days => deleted_days);
begin
  if unattached_hours is null or unattached_hours < 0 or deleted_days is null or deleted_days < 0 then
    raise sqlstate 'PT400' using
      message = 'invalid_request', detail = 'unattached_hours and deleted_days must not be negative';
  end if;

  return query
    with unattached as (
      select o.name, 'unattached' as reason, o.metadata
      from private.uploads u
      join storage.objects o on o.bucket_id = 'chat-attachments' and o.name = u.path
      where u.created_at < unattached_before
      order by u.created_at
      limit at_most
    ),
    deleted as (
      select o.name, 'deleted' as reason, o.metadata
      from private.discarded_uploads d
      join storage.objects o on o.bucket_id = 'chat-attachments' and o.name = d.path
      where d.discarded_at < deleted_before
      order by d.discarded_at
      limit at_most
    ),
    -- Goes through the whole bucket: there is no index of what is not known here.
    stray as (
      select o.name, 'stray' as reason, o.metadata
      from storage.objects o
      where strays and o.bucket_id = 'chat-attachments' and o.created_at < unattached_before
        and not exists (select from public.messages m where m.attachment_path = o.name)
        and not exists (select from private.uploads u where u.path = o.name)
        and not exists (select from private.discarded_uploads d where d.path = o.name)
      limit at_most
    ),
    page as (
      select * from unattached union all select * from deleted union all select * from stray
      limit at_most
    )
    select p.name, p.reason, (private.file_metadata(p.metadata) ->> 'size')::bigint from page p;
end
$$;
comment on function private.leftover_uploads(integer, integer, boolean, integer) is
  'Objects that no message holds, in none for some hours (25 at least) or deleted with their message some days ago, and with strays also those that were never reserved; at most so many, or all for null.';

create function public.list_leftover_uploads(
  unattached_hours integer, deleted_days integer, page_limit integer default 100, strays boolean default false
) returns json
language plpgsql stable security definer set search_path = ''
as $$
begin
  perform private.require_sweeper();
  perform private.check_page_limit(page_limit);
  return (
    select json_build_object(
      'data', coalesce(json_agg(json_build_object('path', l.path, 'reason', l.reason, 'size', l.size)), '[]')
    )
    from private.leftover_uploads(unattached_hours, deleted_days, strays, page_limit) l
  );
end
$$;
comment on function public.list_leftover_uploads(integer, integer, integer, boolean) is
  'For the sweeper: a page of the leftovers of private.leftover_uploads: {data: [{path, reason, size}]}.';

create function public.count_leftover_uploads(
  unattached_hours integer, deleted_days integer, strays boolean default false
) returns json
language plpgsql stable security definer set search_path = ''
as $$
begin
  perform private.require_sweeper();
  return (
    select json_build_object('data', coalesce(
      json_agg(json_build_object('reason', c.reason, 'objects', c.objects, 'bytes', c.bytes) order by c.reason), '[]'
    ))
    from (
      select l.reason, count(*) as objects, coalesce(sum(l.size), 0) as bytes
      from private.leftover_uploads(unattached_hours, deleted_days, strays, null) l
      group by l.reason
    ) as c
  );
end
$$;
comment on function public.count_leftover_uploads(integer, integer, boolean) is
  'For the sweeper: how many leftovers of private.leftover_uploads there are, and their bytes: {data: [{reason, objects, bytes}]}.';

create function public.forget_swept_uploads() returns json
language plpgsql volatile security definer set search_path = '' set statement_timeout = '3s'
as $$
declare
  reservations integer;
  discarded integer;
begin
  perform private.require_sweeper();
  -- None can be uploaded to any more. Taken a thousand at a time, to be short.
  delete from private.uploads u where u.path in (
    select old.path from private.uploads old
    where old.created_at < clock_timestamp() - private.sweep_window()
      and not exists (select from storage.objects o where o.bucket_id = 'chat-attachments' and o.name = old.path)
    order by old.created_at
    limit 1000
  );
  get diagnostics reservations = row_count;
  delete from private.discarded_uploads d where d.path in (
    select old.path from private.discarded_uploads old
    where not exists (select from storage.objects o where o.bucket_id = 'chat-attachments' and o.name = old.path)
    order by old.discarded_at
    limit 1000
  );
  get diagnostics discarded = row_count;
  return json_build_object('forgotten', reservations + discarded);
end
$$;
comment on function public.forget_swept_uploads() is
  'For the sweeper: forgets up to 1,000 each of the old reservations and of the discarded uploads whose object is gone: {forgotten}.';

-- Policies -------------------------------------------------------------------

create function private.may_upload(path text) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
  return exists (
    select from private.uploads u
    where u.path = may_upload.path and u.user_id = auth.uid()
      and u.created_at > clock_timestamp() - private.upload_window()
      and private.is_participant(u.chat_id)
  );
end
$$;
comment on function private.may_upload(text) is
  'Whether a path was reserved by the caller, lately, in a chat that they still take part in.';

create policy "people upload what they have reserved"
  on storage.objects for insert to authenticated
  with check (bucket_id = 'chat-attachments' and private.may_upload(name));

create policy "readers of a message read its file, and the sweeper leftovers"
  on storage.objects for select to authenticated
  using (
    bucket_id = 'chat-attachments'
    and (
      exists (select from public.messages m where m.attachment_path = objects.name)
      or ((select private.is_sweeper()) and private.is_leftover(name, created_at))
    )
  );

create policy "the sweeper removes what is left over"
  on storage.objects for delete to authenticated
  using (bucket_id = 'chat-attachments' and (select private.is_sweeper()) and private.is_leftover(name, created_at));

-- Policies are joined by "or": without these a policy of the project's own, for other buckets,
-- could open the chat's. Of objects in other buckets they say nothing.
create policy "nobody else uploads attachments"
  on storage.objects as restrictive for insert to authenticated
  with check (bucket_id is distinct from 'chat-attachments' or private.may_upload(name));

create policy "nobody else reads attachments"
  on storage.objects as restrictive for select to authenticated
  using (
    bucket_id is distinct from 'chat-attachments'
    or exists (select from public.messages m where m.attachment_path = objects.name)
    or ((select private.is_sweeper()) and private.is_leftover(name, created_at))
  );

create policy "nobody else removes attachments"
  on storage.objects as restrictive for delete to authenticated
  using (
    bucket_id is distinct from 'chat-attachments'
    or ((select private.is_sweeper()) and private.is_leftover(name, created_at))
  );

create policy "nobody changes attachments, nor moves anything among them"
  on storage.objects as restrictive for update to authenticated
  using (bucket_id is distinct from 'chat-attachments')
  with check (bucket_id is distinct from 'chat-attachments');

create policy "attachments are for people with an account"
  on storage.objects as restrictive for all to public
  using (bucket_id is distinct from 'chat-attachments' or current_user = 'authenticated');

-- Who may execute what -------------------------------------------------------

revoke execute on function
  private.upload_window(), private.attach_window(), private.sweep_window(), private.display_name(text),
  private.key_name(text), private.refuse_field(text, text), private.check_file(text, bigint), private.check_open_uploads(),
  private.file_metadata(jsonb), private.attach_upload(uuid, text), private.on_attachment_discarded(), private.is_sweeper(), private.require_sweeper(),
  private.is_leftover(text, timestamptz), private.leftover_uploads(integer, integer, boolean, integer), private.may_upload(text),
  public.reserve_upload(uuid, text, text, bigint), public.list_leftover_uploads(integer, integer, integer, boolean),
  public.count_leftover_uploads(integer, integer, boolean),
  public.forget_swept_uploads()
  from public, anon, authenticated, service_role;
grant execute on function
  private.is_sweeper(), private.is_leftover(text, timestamptz), private.may_upload(text),
  public.reserve_upload(uuid, text, text, bigint), public.list_leftover_uploads(integer, integer, integer, boolean),
  public.count_leftover_uploads(integer, integer, boolean),
  public.forget_swept_uploads()
  to authenticated;
