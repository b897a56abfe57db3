-- Uploads: how a file gets into a message.
--
-- A reservation gives a file its path, and the policies of Storage let its owner upload to this path and no other. A
-- send attaches the uploaded file: it deletes the reservation, and the message keeps the path. After that, everybody
-- who may read the message may read the file.

create function chat.bucket() returns text
language sql immutable parallel safe
return 'chat-attachments';
comment on function chat.bucket() is 'The bucket of Storage that holds attachments.';

-- Tables ---------------------------------------------------------------------

create table chat.uploads (
  path text primary key,
  -- No foreign keys: after the chat or the account is deleted, the reservation still leads to the uploaded file.
  chat_id uuid not null,
  user_id uuid not null,
  file_name text not null,
  content_type text not null,
  size bigint not null,
  width integer,
  height integer,
  created_at timestamptz not null default clock_timestamp(),
  -- So the folders of a path are always its chat and its user.
  constraint uploads_path_has_its_folders check (
    starts_with(path, chat_id || '/' || user_id || '/') and cardinality(string_to_array(path, '/')) = 4
  )
);
comment on table chat.uploads is
  'Open reservations: paths to which their users may upload a file, which they may then put into a message. A send deletes the row.';
create index uploads_user_id_idx on chat.uploads (user_id, created_at);
create index uploads_created_at_idx on chat.uploads (created_at);

alter table chat.uploads enable row level security;
alter table chat.uploads force row level security;

-- How many reservations of one person may be open, of those made within the period.
insert into chat.rate_limits (name, max_count, period) values ('upload', 20, interval '2 hours');

-- Windows --------------------------------------------------------------------

create function chat.upload_window() returns interval
language sql immutable parallel safe
return interval '2 hours';
comment on function chat.upload_window() is
  'How long after a reservation an upload may begin. The signed URL, which is not checked again, is valid for as long once more.';

create function chat.attach_window() returns interval
language sql immutable parallel safe
return interval '24 hours';
comment on function chat.attach_window() is 'How long after its reservation an upload may be put into a message.';

-- Rules ----------------------------------------------------------------------

create function chat.check_file(content_type text, size bigint) returns void
language plpgsql stable security definer set search_path = ''
as $$
declare
  bucket storage.buckets;
begin
  select b.* into bucket from storage.buckets b where b.id = chat.bucket();
  -- A bucket may also allow a kind of types, such as image/*. A bucket without a list allows every type.
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
comment on function chat.check_file(text, bigint) is 'Raises invalid_request unless the bucket accepts files of this type and size.';

create function chat.check_open_uploads() returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  free_at timestamptz;
begin
  -- Without the lock, parallel reservations of one person would not count each other.
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
  'Raises rate_limited when the caller has as many open reservations as the limit `upload` allows. Other reservations of the caller wait until the transaction ends.';

create function chat.attach_upload(chat_id uuid, path text) returns chat.uploads
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
      else 'is not one of your uploads in this chat'
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
  -- Some clients add a charset.
  elsif lower(btrim(split_part(stored ->> 'mimetype', ';', 1))) is distinct from upload.content_type then
    perform chat.refuse_field('attachmentUrl', 'differs from what was declared: content type');
  end if;

  delete from chat.uploads u where u.path = upload.path;
  return upload;
end
$$;
comment on function chat.attach_upload(uuid, text) is
  'Ends a reservation of the caller for a message of this chat. Raises invalid_request unless its file was uploaded as declared. The caller holds the chat''s lock, so only one of two sends gets the file.';

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
  'Reserves a path for a file: {path, fileName, contentType, size, width, height, expiresAt}, HTTP 201. The upload must have this type and size.';
