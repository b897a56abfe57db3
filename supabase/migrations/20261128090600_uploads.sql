-- Uploads: files on the way into a message, and what becomes of those that are in none.
--
-- A reservation gives a file its path, and Storage's policies let its owner upload to that
-- path and no other. A send attaches what was uploaded: the reservation goes, and the message
-- keeps the path. From then on whoever may read the message may read the object. What no
-- living message holds is a leftover, which a sweeper finds here and removes by Storage's API:
-- a row deleted from storage.objects would leave its file behind.

create function chat.bucket() returns text
language sql immutable parallel safe
return 'chat-attachments';
comment on function chat.bucket() is 'The bucket of Storage that holds attachments.';

-- Tables ---------------------------------------------------------------------

create table chat.uploads (
  path text primary key,
  -- No foreign keys: the reservation of a chat or an account that is gone still leads to what was uploaded.
  chat_id uuid not null,
  user_id uuid not null,
  file_name text not null,
  content_type text not null,
  size bigint not null,
  width integer,
  height integer,
  created_at timestamptz not null default clock_timestamp(),
  -- So the folders of a path are its chat and its user wherever it is compared.
  constraint uploads_path_has_its_folders check (
    starts_with(path, chat_id || '/' || user_id || '/') and cardinality(string_to_array(path, '/')) = 4
  )
);
comment on table chat.uploads is
  'Open reservations: paths that their users may upload to, and then put into a message. Attaching one removes its row.';
create index uploads_user_id_idx on chat.uploads (user_id, created_at);
create index uploads_created_at_idx on chat.uploads (created_at);

create table chat.discarded_uploads (
  path text primary key,
  discarded_at timestamptz not null
);
comment on table chat.discarded_uploads is
  'Objects whose message was deleted, or is gone with its chat, until the sweeper has removed them.';
create index discarded_uploads_discarded_at_idx on chat.discarded_uploads (discarded_at);

alter table chat.uploads enable row level security;
alter table chat.uploads force row level security;
alter table chat.discarded_uploads enable row level security;
alter table chat.discarded_uploads force row level security;

-- At most so many reservations of one person are open, of those made within the period.
insert into chat.rate_limits (name, max_count, period) values ('upload', 20, interval '2 hours');

-- Windows --------------------------------------------------------------------

create function chat.upload_window() returns interval
language sql immutable parallel safe
return interval '2 hours';
comment on function chat.upload_window() is
  'How long after a reservation an upload may begin. A signed upload URL, which asks nobody again, lasts as long once more.';

create function chat.attach_window() returns interval
language sql immutable parallel safe
return interval '24 hours';
comment on function chat.attach_window() is 'How long after its reservation an upload may be put into a message.';

create function chat.sweep_window() returns interval
language sql immutable parallel safe
return chat.attach_window() + interval '1 hour';
comment on function chat.sweep_window() is
  'After what time an upload that is in no message is a leftover. An hour past the end of attaching: so no send and no sweep ever meet over an upload.';

-- File names -----------------------------------------------------------------

create function chat.display_name(file_name text) returns text
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
comment on function chat.display_name(text) is
  'A file name as messages show it: NFC, at most 255 characters, without folders, dots at its ends, control and bidirectional characters; `file` where nothing is left.';

create function chat.key_name(file_name text) returns text
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
comment on function chat.key_name(text) is
  'The last part of an object''s path, of the few characters that Storage takes everywhere: at most 100, never empty, and without `..`.';

-- Content types ----------------------------------------------------------------

create function chat.content_type(declared text, file_name text) returns text
language plpgsql immutable parallel safe set search_path = ''
as $$
declare
  media_type constant text := lower(chat.trim_text(split_part(coalesce(declared, ''), ';', 1)));
begin
  if media_type in ('', 'application/octet-stream') then
    return coalesce(
      case lower(substring(file_name from '\.([A-Za-z0-9]+)$'))
        when 'jpg' then 'image/jpeg' when 'jpeg' then 'image/jpeg' when 'png' then 'image/png'
        when 'gif' then 'image/gif' when 'webp' then 'image/webp' when 'heic' then 'image/heic'
        when 'heif' then 'image/heif' when 'avif' then 'image/avif'
        when 'mp4' then 'video/mp4' when 'm4v' then 'video/mp4' when 'mov' then 'video/quicktime'
        when 'webm' then 'video/webm' when '3gp' then 'video/3gpp'
        when 'mp3' then 'audio/mpeg' when 'm4a' then 'audio/mp4' when 'ogg' then 'audio/ogg'
        when 'wav' then 'audio/wav' when 'aac' then 'audio/aac'
        when 'pdf' then 'application/pdf' when 'txt' then 'text/plain' when 'csv' then 'text/csv'
        when 'md' then 'text/markdown' when 'zip' then 'application/zip'
        when 'doc' then 'application/msword' when 'xls' then 'application/vnd.ms-excel'
        when 'ppt' then 'application/vnd.ms-powerpoint'
        when 'docx' then 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'
        when 'xlsx' then 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
        when 'pptx' then 'application/vnd.openxmlformats-officedocument.presentationml.presentation'
        when 'odt' then 'application/vnd.oasis.opendocument.text'
        when 'ods' then 'application/vnd.oasis.opendocument.spreadsheet'
        when 'odp' then 'application/vnd.oasis.opendocument.presentation'
      end,
      media_type
    );
  end if;
  return case media_type
    when 'image/jpg' then 'image/jpeg' when 'image/pjpeg' then 'image/jpeg' when 'image/x-png' then 'image/png'
    when 'application/x-zip-compressed' then 'application/zip' when 'application/x-zip' then 'application/zip'
    when 'audio/x-m4a' then 'audio/mp4' when 'audio/m4a' then 'audio/mp4' when 'audio/mp4a-latm' then 'audio/mp4'
    when 'audio/mp3' then 'audio/mpeg' when 'audio/x-mp3' then 'audio/mpeg' when 'audio/x-mpeg' then 'audio/mpeg'
    when 'audio/x-wav' then 'audio/wav' when 'audio/wave' then 'audio/wav' when 'audio/vnd.wave' then 'audio/wav'
    when 'audio/x-aac' then 'audio/aac' when 'video/x-m4v' then 'video/mp4'
    when 'application/x-pdf' then 'application/pdf' when 'text/x-markdown' then 'text/markdown'
    when 'application/csv' then 'text/csv' when 'text/comma-separated-values' then 'text/csv'
    else media_type
  end;
end
$$;
comment on function chat.content_type(text, text) is
  'The canonical name of a file''s type: what devices send under other names, and by the name''s ending what comes without a type. The edge has the same list.';

-- Rules ----------------------------------------------------------------------

create function chat.check_file(content_type text, size bigint) returns void
language plpgsql stable security definer set search_path = ''
as $$
declare
  bucket storage.buckets;
begin
  select b.* into bucket from storage.buckets b where b.id = chat.bucket();
  -- A bucket may also allow all of a kind, as image/*; one that lists nothing allows everything.
  if content_type = '' or not coalesce(
    array[content_type, split_part(content_type, '/', 1) || '/*', '*/*'] && nullif(bucket.allowed_mime_types, '{}'), true
  ) then
    perform chat.refuse_field('contentType', 'is not allowed');
  elsif size is null or size < 0 then
    perform chat.refuse_field('size', 'must not be negative');
  elsif size > bucket.file_size_limit then
    perform chat.refuse_field('size', 'is too large');
  end if;
end
$$;
comment on function chat.check_file(text, bigint) is 'Raises invalid_request unless the bucket takes files of that type and size.';

create function chat.check_open_uploads() returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  free_at timestamptz;
begin
  -- Of many reservations at once each has to count those before it.
  perform pg_advisory_xact_lock(hashtextextended('uploads/' || auth.uid(), 0));
  select last_counted.created_at + l.period into free_at
  from chat.rate_limits l
  cross join lateral (
    select u.created_at from chat.uploads u
    where u.user_id = auth.uid() and u.created_at > clock_timestamp() - l.period
    order by u.created_at desc
    offset l.max_count - 1 limit 1
  ) as last_counted
  where l.name = 'upload';
  if found then
    perform chat.refuse_until(free_at);
  end if;
end
$$;
comment on function chat.check_open_uploads() is
  'Raises rate_limited when the caller has as many open reservations as the limit `upload` allows. The caller''s other reservations wait until the transaction ends.';

create function chat.file_metadata(metadata jsonb) returns jsonb
language sql immutable parallel safe
return case jsonb_typeof(metadata) when 'string' then (metadata #>> '{}')::jsonb else metadata end;
comment on function chat.file_metadata(jsonb) is
  'What storage.objects tells of a file: {size, mimetype, …}. Hosted Storage writes an object there, and @supabase/lite a string that holds one.';

create function chat.attach_upload(chat_id uuid, path text) returns chat.attachment
language plpgsql volatile security definer set search_path = ''
as $$
declare
  me constant uuid := auth.uid();
  upload chat.uploads;
  stored jsonb;
begin
  select u.* into upload
  from chat.uploads u
  where u.path = attach_upload.path and u.chat_id = attach_upload.chat_id and u.user_id = me;
  if not found then
    perform chat.refuse_field('attachmentUrl', case
      when exists (
        select from public.messages m
        where m.attachment_path = attach_upload.path and m.chat_id = attach_upload.chat_id and m.sender_id = me
      ) then 'is in a message already'
      else 'is no upload of yours in this chat'
    end);
  elsif clock_timestamp() > upload.created_at + chat.attach_window() then
    perform chat.refuse_field('attachmentUrl', 'was reserved too long ago');
  end if;

  select chat.file_metadata(o.metadata) into stored
  from storage.objects o where o.bucket_id = chat.bucket() and o.name = upload.path;
  if not found then
    perform chat.refuse_field('attachmentUrl', 'has not been uploaded');
  elsif stored ->> 'size' is distinct from upload.size::text then
    perform chat.refuse_field('attachmentUrl', 'differs from what was declared: size');
  -- Some clients add a charset of their own.
  elsif lower(btrim(split_part(stored ->> 'mimetype', ';', 1))) is distinct from upload.content_type then
    perform chat.refuse_field('attachmentUrl', 'differs from what was declared: content type');
  end if;

  delete from chat.uploads u where u.path = upload.path;
  return row(upload.path, upload.file_name, upload.content_type, upload.size, upload.width, upload.height)::chat.attachment;
end
$$;
comment on function chat.attach_upload(uuid, text) is
  'Ends a reservation of the caller''s own for a message of this chat, or raises invalid_request unless its file is there as declared. Called under the chat''s lock, so that of two sends one has it.';

-- The API --------------------------------------------------------------------

create function public.reserve_upload(
  chat_id uuid, file_name text, content_type text, size bigint, width integer default null, height integer default null
) returns json
language plpgsql volatile security definer set search_path = '' set statement_timeout = '3s'
as $$
declare
  me constant uuid := auth.uid();
  shown_name constant text := chat.display_name(file_name);
  media_type constant text := chat.content_type(content_type, shown_name);
  upload chat.uploads;
begin
  perform chat.refuse_filters();
  perform chat.require_participant(chat_id);
  perform chat.require_unblocked(chat_id);
  if file_name is null then
    perform chat.refuse_field('fileName', 'is missing');
  elsif (width is null) <> (height is null) or width not between 1 and 100000 or height not between 1 and 100000 then
    perform chat.refuse_field(
      case when width is null or width not between 1 and 100000 then
        case when width is null and height not between 1 and 100000 then 'height' else 'width' end
      else 'height' end,
      'width and height must be 1 to 100000, both or neither'
    );
  end if;
  perform chat.check_file(media_type, size);
  perform chat.check_open_uploads();

  insert into chat.uploads (path, chat_id, user_id, file_name, content_type, size, width, height)
  values (
    concat_ws('/', chat_id, me, gen_random_uuid(), chat.key_name(shown_name)),
    reserve_upload.chat_id, me, shown_name, media_type, reserve_upload.size,
    reserve_upload.width, reserve_upload.height
  )
  returning * into upload;

  perform set_config('response.status', '201', true);
  return json_build_object(
    'path', upload.path, 'fileName', upload.file_name, 'contentType', upload.content_type, 'size', upload.size,
    'width', upload.width, 'height', upload.height,
    'expiresAt', chat.rfc3339(upload.created_at + chat.upload_window())
  );
end
$$;
comment on function public.reserve_upload(uuid, text, text, bigint, integer, integer) is
  'Gives a file a path to upload to: {path, fileName, contentType, size, width, height, expiresAt}, HTTP 201. The upload has to have this type and size.';

-- What is left over ------------------------------------------------------------

create function chat.on_attachment_discarded() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  insert into chat.discarded_uploads (path, discarded_at)
  values (old.attachment_path, clock_timestamp())
  on conflict (path) do nothing;
  return null;
end
$$;
comment on function chat.on_attachment_discarded() is 'Remembers the object of a message that is deleted, for the sweeper.';

create trigger _200_discard_attachment_of_deleted
  after update of deleted_at on public.messages
  for each row when (new.attachment_path is not null and new.deleted_at is not null)
  execute function chat.on_attachment_discarded();
-- With their chat.
create trigger _200_discard_attachment_of_removed
  after delete on public.messages
  for each row when (old.attachment_path is not null)
  execute function chat.on_attachment_discarded();

create function chat.is_sweeper() returns boolean
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
comment on function chat.is_sweeper() is
  'Whether the caller is the account that removes leftovers: app_metadata.role is sweeper. It is an ordinary account otherwise: no function holds a key that row-level security does not bind.';

create function chat.require_sweeper() returns void
language plpgsql stable set search_path = ''
as $$
begin
  if not chat.is_sweeper() then
    perform chat.refuse('forbidden');
  end if;
end
$$;
comment on function chat.require_sweeper() is 'Raises forbidden unless the caller is the sweeper.';

create function chat.is_leftover(path text, uploaded_at timestamptz) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
declare
  swept_before constant timestamptz := clock_timestamp() - chat.sweep_window();
begin
  return case
    when exists (select from public.messages m where m.attachment_path = path and m.deleted_at is null) then false
    when exists (select from chat.uploads u where u.path = is_leftover.path and u.created_at >= swept_before) then false
    when exists (select from chat.uploads u where u.path = is_leftover.path) then true
    when exists (select from chat.discarded_uploads d where d.path = is_leftover.path) then true
    -- Not from a reservation: somebody put it there with rights of their own.
    else uploaded_at < swept_before
  end;
end
$$;
comment on function chat.is_leftover(text, timestamptz) is
  'Whether the sweeper may remove an object: no living message holds it, and none can come to hold it.';

create function chat.leftover_uploads(
  unattached_hours integer, deleted_days integer, strays boolean, at_most integer
) returns table (path text, reason text, size bigint)
language plpgsql stable security definer set search_path = ''
as $$
declare
  unattached_before constant timestamptz :=
    clock_timestamp() - greatest(make_interval(hours => unattached_hours), chat.sweep_window());
  deleted_before constant timestamptz := clock_timestamp() - make_interval(days => deleted_days);
begin
  if unattached_hours is null or unattached_hours < 0 or deleted_days is null or deleted_days < 0 then
    perform chat.refuse('invalid_request', 'unattached_hours and deleted_days must not be negative');
  end if;

  return query
    with unattached as (
      select o.name, 'unattached' as reason, o.metadata
      from chat.uploads u
      join storage.objects o on o.bucket_id = chat.bucket() and o.name = u.path
      where u.created_at < unattached_before
      order by u.created_at
      limit at_most
    ),
    deleted as (
      select o.name, 'deleted' as reason, o.metadata
      from chat.discarded_uploads d
      join storage.objects o on o.bucket_id = chat.bucket() and o.name = d.path
      where d.discarded_at < deleted_before
      order by d.discarded_at
      limit at_most
    ),
    -- Goes through the whole bucket: there is no index of what is not known here.
    stray as (
      select o.name, 'stray' as reason, o.metadata
      from storage.objects o
      where strays and o.bucket_id = chat.bucket() and o.created_at < unattached_before
        and not exists (select from public.messages m where m.attachment_path = o.name)
        and not exists (select from chat.uploads u where u.path = o.name)
        and not exists (select from chat.discarded_uploads d where d.path = o.name)
      limit at_most
    ),
    page as (
      select * from unattached union all select * from deleted union all select * from stray
      limit at_most
    )
    select p.name, p.reason, (chat.file_metadata(p.metadata) ->> 'size')::bigint from page p;
end
$$;
comment on function chat.leftover_uploads(integer, integer, boolean, integer) is
  'Objects that no message holds, in none for some hours (25 at least) or deleted with their message some days ago, and with strays also those that were never reserved; at most so many, or all for null.';

create function public.list_leftover_uploads(
  unattached_hours integer, deleted_days integer, page_limit integer default 100, strays boolean default false
) returns json
language plpgsql stable security definer set search_path = ''
as $$
begin
  perform chat.require_sweeper();
  perform chat.check_page_limit(page_limit);
  return (
    select json_build_object(
      'data', coalesce(json_agg(json_build_object('path', l.path, 'reason', l.reason, 'size', l.size)), '[]')
    )
    from chat.leftover_uploads(unattached_hours, deleted_days, strays, page_limit) l
  );
end
$$;
comment on function public.list_leftover_uploads(integer, integer, integer, boolean) is
  'For the sweeper: a page of the leftovers of chat.leftover_uploads: {data: [{path, reason, size}]}.';

create function public.count_leftover_uploads(
  unattached_hours integer, deleted_days integer, strays boolean default false
) returns json
language plpgsql stable security definer set search_path = ''
as $$
begin
  perform chat.require_sweeper();
  return (
    select json_build_object('data', coalesce(
      json_agg(json_build_object('reason', c.reason, 'objects', c.objects, 'bytes', c.bytes) order by c.reason), '[]'
    ))
    from (
      select l.reason, count(*) as objects, coalesce(sum(l.size), 0) as bytes
      from chat.leftover_uploads(unattached_hours, deleted_days, strays, null) l
      group by l.reason
    ) as c
  );
end
$$;
comment on function public.count_leftover_uploads(integer, integer, boolean) is
  'For the sweeper: how many leftovers of chat.leftover_uploads there are, and their bytes: {data: [{reason, objects, bytes}]}.';

create function public.forget_swept_uploads() returns json
language plpgsql volatile security definer set search_path = '' set statement_timeout = '3s'
as $$
declare
  reservations integer;
  discarded integer;
begin
  perform chat.require_sweeper();
  -- None can be uploaded to any more. Taken a thousand at a time, to be short.
  delete from chat.uploads u where u.path in (
    select old.path from chat.uploads old
    where old.created_at < clock_timestamp() - chat.sweep_window()
      and not exists (select from storage.objects o where o.bucket_id = chat.bucket() and o.name = old.path)
    order by old.created_at
    limit 1000
  );
  get diagnostics reservations = row_count;
  delete from chat.discarded_uploads d where d.path in (
    select old.path from chat.discarded_uploads old
    where not exists (select from storage.objects o where o.bucket_id = chat.bucket() and o.name = old.path)
    order by old.discarded_at
    limit 1000
  );
  get diagnostics discarded = row_count;
  return json_build_object('forgotten', reservations + discarded);
end
$$;
comment on function public.forget_swept_uploads() is
  'For the sweeper: forgets up to 1,000 each of the old reservations and of the discarded uploads whose object is gone: {forgotten}.';
