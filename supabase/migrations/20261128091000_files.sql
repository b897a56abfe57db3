-- Files: the names and content types that the chat gives to uploaded files.

-- Names ----------------------------------------------------------------------

create function chat.display_name(file_name text) returns text
language plpgsql immutable parallel safe set search_path = ''
as $$
declare
  -- Removed at both ends. Inside a name the joiners connect two characters, in emoji and in Persian.
  ends constant text := U&' .\200C\200D';
  -- The limits of NTFS and APFS, in characters and in bytes of UTF-8.
  max_length constant integer := 255;
  max_bytes constant integer := 765;
  -- A name that is much too long is cut first, and keeps its beginning and its extension.
  shown text := case when char_length(file_name) > 1024 then left(file_name, 1000) || right(file_name, 24) else file_name end;
  extension text;
begin
  shown := regexp_replace(
    shown, '[\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+', ' ', 'g'
  );
  -- Control characters, bidirectional controls and invisible characters.
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
  'The name of a file as messages show it: NFC, at most 255 characters, without folders, control characters and bidirectional controls, and without dots at its ends. If nothing is left, `file`.';

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
  'The last part of an object''s path, of the few characters that Storage accepts everywhere: 1 to 100 characters, and never `..`.';

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
  'The canonical content type of a file. Devices send some types under other names. A file without a type gets it from the ending of its name. The edge has the same list.';

create function chat.file_metadata(metadata jsonb) returns jsonb
language sql immutable parallel safe
return case jsonb_typeof(metadata) when 'string' then (metadata #>> '{}')::jsonb else metadata end;
comment on function chat.file_metadata(jsonb) is
  'The metadata of a file from storage.objects: {size, mimetype, …}. Hosted Storage writes a JSON object, and @supabase/lite writes a string that contains one.';
