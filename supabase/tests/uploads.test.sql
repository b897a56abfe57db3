-- Uploads: reserving a path, putting the file into a message, who may read it, and leftovers, as the people of a chat, a
-- stranger, moderators and the sweeper.
--
-- An upload is a row of storage.objects. Storage inserts the row as the user to check the policies, rolls that back, and
-- inserts it itself when the file has arrived. This file does the same.
--
-- needs: friends, blocks, rooms

begin;
select plan(478);

-- Without this setting, hosted Storage lets nobody delete its rows, also if a policy allows it.
set local storage.allow_delete_query = 'true';

select chat_tests.begin_story();

create function pg_temp.field(path text, issue text) returns text
language sql immutable
as $$ select format('PT400 invalid_request {"path": "%s", "issue": "%s"}', path, issue) $$;

select chat_tests.add_people('alice', 'bob', 'carol', 'dave', 'stranger', 'sweeper');
insert into known (name) select unnest(array['unknown chat', 'key', 'key 2', 'key 3']);

-- The service decides who is the sweeper, and not the account itself.
update auth.users set raw_app_meta_data = '{"provider": "email", "role": "sweeper"}' where id = chat_tests.id('sweeper');
update auth.users set raw_app_meta_data = '{"provider": "email"}', raw_user_meta_data = '{"role": "sweeper"}' where id = chat_tests.id('stranger');

-- Alice, bob and dave come to a party of carol's, and alice is a friend of the others.
select chat_tests.befriend(chat_tests.id('alice'), friend) from unnest(chat_tests.ids('bob', 'dave')) as friend;
insert into known (name, id)
select 'party', chat_tests.open_room('Party', chat_tests.ids('carol'), chat_tests.ids('alice', 'bob', 'dave'));
insert into known (name, id) select 'group chat', chat_tests.chat_of(chat_tests.id('party'));
insert into storage.buckets (id, name) values ('elsewhere', 'elsewhere');

-- Reserves a PDF of five bytes as the acting person.
create function pg_temp.reserve(chat text, file_name text) returns void
language plpgsql
as $$
begin
  insert into seen (moment, answer)
  values (file_name, public.reserve_upload(chat_tests.id(chat), file_name || '.pdf', 'application/pdf', 5));
end
$$;
create function pg_temp.path(file_name text) returns text
language sql stable
as $$ select chat_tests.answer(file_name) ->> 'path' $$;

-- The row that Storage inserts when a file has arrived.
create function pg_temp.store(path text, metadata jsonb default '{"size": 5, "mimetype": "application/pdf"}') returns void
language sql security definer
as $$ insert into storage.objects (bucket_id, name, metadata) values ('chat-attachments', path, metadata) $$;
-- Its check before that: whether the acting person may upload.
create function pg_temp.may_store(path text, bucket text default 'chat-attachments') returns boolean
language plpgsql
as $$
begin
  insert into storage.objects (bucket_id, name, version) values (bucket, path, '1');
  raise sqlstate 'TAKEN';
exception
  when sqlstate 'TAKEN' then return true;
  when insufficient_privilege then return false;
end
$$;
-- Its check before it signs a URL, sends a file or lists files.
create function pg_temp.may_read(variadic file_names text[]) returns text[]
language sql
as $$
  select array(
    select file_name from unnest(file_names) as file_name
    where exists (select from storage.objects o where o.bucket_id = 'chat-attachments' and o.name = pg_temp.path(file_name))
    order by file_name
  )
$$;

-- Reserves, uploads and sends a file.
create function pg_temp.send_file(chat text, file_name text) returns void
language plpgsql
as $$
begin
  perform pg_temp.reserve(chat, file_name);
  perform pg_temp.store(pg_temp.path(file_name));
  insert into known (name, id)
  values (file_name, (public.send_message(chat_tests.id(chat), attachment_path => pg_temp.path(file_name)) ->> 'id')::uuid);
end
$$;

create function pg_temp.age(file_name text, by interval) returns void
language sql security definer
as $$ update chat.uploads set created_at = created_at - by where path = pg_temp.path(age.file_name) $$;

select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;
reset role;

-- The bucket -----------------------------------------------------------------------

select is(
  (select jsonb_build_object('public', b.public, 'limit', b.file_size_limit) from storage.buckets b where b.id = 'chat-attachments'),
  '{"public": false, "limit": 26214400}', 'the bucket is private, for files of up to 25 MiB'
);
select is_empty(
  $$ select allowed from storage.buckets b, unnest(b.allowed_mime_types) as allowed
     where b.id = 'chat-attachments'
       and (allowed !~ '^(image|video|audio|application|text)/[a-z0-9.+-]+$' or allowed ~ 'html|xml$|svg|script|octet') $$,
  'it takes no type that a browser would run, nor just anything'
);
select ok(
  b.allowed_mime_types @> array['image/jpeg', 'image/png', 'video/mp4', 'audio/mpeg', 'application/pdf', 'text/plain', 'application/zip'],
  'and the usual ones'
)
from storage.buckets b where b.id = 'chat-attachments';

insert into seen (moment, answer)
select 'bucket', jsonb_build_object('allowed', b.allowed_mime_types::text) from storage.buckets b where b.id = 'chat-attachments';

-- Reserving ------------------------------------------------------------------------

select results_eq(
  $$ select max_count, period from chat.rate_limits where name = 'upload' $$,
  $$ values (20, interval '2 hours') $$,
  'a person may have 20 reservations of the last two hours open'
);
select chat_tests.act_as('alice');
set local response.status = '';
insert into seen (moment, answer)
select 'first', public.reserve_upload(chat_tests.id('pair'), 'Minutes of May.pdf', ' Application/PDF; version=1.7', 5);
select is(current_setting('response.status', true), '201', 'a reservation is 201');
select is(
  chat_tests.answer('first') - array['path', 'expiresAt'],
  '{"fileName": "Minutes of May.pdf", "contentType": "application/pdf", "size": 5, "width": null, "height": null}', 'it tells what the upload is to be'
);
select matches(
  pg_temp.path('first'),
  format('^%s/%s/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/Minutes-of-May.pdf$', chat_tests.id('pair'), chat_tests.id('alice')),
  'and where: in the chat''s folder, there in the user''s, and in one of its own'
);
reset role;
select is(
  chat_tests.answer('first') ->> 'expiresAt', chat_tests.rfc3339(u.created_at + interval '2 hours'), 'for two hours'
)
from chat.uploads u where u.path = pg_temp.path('first');
select is(
  (select to_jsonb(u) - array['path', 'created_at'] from chat.uploads u where u.path = pg_temp.path('first')),
  jsonb_build_object(
    'chat_id', chat_tests.id('pair'), 'user_id', chat_tests.id('alice'), 'file_name', 'Minutes of May.pdf',
    'content_type', 'application/pdf', 'size', 5, 'width', null, 'height', null
  ),
  'which is written down'
);

select chat_tests.act_as('alice');
select is(
  chat_tests.refusal(format('reserve_upload(chat_tests.id(''pair''), ''a'', %L, %s)', type, size)), pg_temp.field(path, issue),
  format('%s of %s bytes: %s %s', type, size, path, issue)
)
from (values
  ('text/html', '5', 'contentType', 'is not allowed'),
  ('image/svg+xml', '5', 'contentType', 'is not allowed'),
  ('application/octet-stream', '5', 'contentType', 'is not allowed'),
  ('image/*', '5', 'contentType', 'is not allowed'),
  ('image', '5', 'contentType', 'is not allowed'),
  ('', '5', 'contentType', 'is not allowed'),
  (null, '5', 'contentType', 'is not allowed'),
  ('text/html;application/pdf', '5', 'contentType', 'is not allowed'),
  ('application/pdf', '-1', 'size', 'must not be negative'),
  ('application/pdf', 'null', 'size', 'must not be negative'),
  ('application/pdf', '26214401', 'size', 'is too large'),
  ('application/pdf', '9223372036854775807', 'size', 'is too large')
) as attempt (type, size, path, issue);
select is(
  (public.reserve_upload(chat_tests.id('pair'), 'a', 'application/pdf', size) ->> 'size')::bigint, size, format('%s bytes are a file', size)
)
from unnest(array[0, 26214400]::bigint[]) as size;

-- The limits are the settings of the bucket, so an operator changes them there.
reset role;
update storage.buckets set file_size_limit = 10, allowed_mime_types = array['image/*', 'text/csv'] where id = 'chat-attachments';
select chat_tests.act_as('alice');
select is(chat_tests.refusal(format('reserve_upload(chat_tests.id(''pair''), ''a'', %L, %s)', type, size)), refusal, said)
from (values
  ('image/tiff', 10, 'not at all', 'a bucket may take all of a kind'),
  ('text/csv', 10, 'not at all', 'and single types besides'),
  ('text/plain', 10, pg_temp.field('contentType', 'is not allowed'), 'which are not all of their kind'),
  ('application/pdf', 10, pg_temp.field('contentType', 'is not allowed'), 'and then takes no others'),
  ('image/tiff', 11, pg_temp.field('size', 'is too large'), 'nor larger ones than it says')
) as attempt (type, size, refusal, said);
reset role;
update storage.buckets set file_size_limit = null, allowed_mime_types = '{}' where id = 'chat-attachments';
select chat_tests.act_as('alice');
select lives_ok(
  $$ select public.reserve_upload(chat_tests.id('pair'), 'a', 'text/html', 5) $$, 'a bucket that lists no types takes all'
);
reset role;
update storage.buckets set allowed_mime_types = null where id = 'chat-attachments';
select chat_tests.act_as('alice');
select lives_ok(
  $$ select public.reserve_upload(chat_tests.id('pair'), 'a', 'text/html', 100000000) $$, 'a bucket without limits limits nothing'
);
select is(
  chat_tests.refusal('reserve_upload(chat_tests.id(''pair''), ''a'', null, 5)'), pg_temp.field('contentType', 'is not allowed'), 'but a file has a type'
);
reset role;
update storage.buckets set file_size_limit = 26214400, allowed_mime_types = array['application/pdf', 'image/png', 'text/plain']
where id = 'chat-attachments';

select chat_tests.act_as('stranger');
select is(chat_tests.refusal(format('reserve_upload(chat_tests.id(%L), ''a'', %L, 5)', chat, type)), refusal, format('a stranger: %s, %s', chat, refusal))
from (values
  ('pair', 'application/pdf', 'PT403 not_participant'),
  ('pair', 'text/html', 'PT403 not_participant'),
  ('unknown chat', 'application/pdf', 'PT404 chat_not_found')
) as attempt (chat, type, refusal);
select is(
  chat_tests.refusal('reserve_upload(null, ''a'', ''application/pdf'', 5)'), 'PT404 chat_not_found', 'there is nothing to reserve in no chat'
);
select chat_tests.act_as('stranger', '{"app_metadata": {"role": "moderator"}}');
select is(
  chat_tests.refusal('reserve_upload(chat_tests.id(''pair''), ''a'', ''application/pdf'', 5)'), 'PT403 not_participant', 'nor for a moderator from elsewhere'
);
reset role;
select chat_tests.block(chat_tests.id('bob'), chat_tests.id('alice'));
select chat_tests.act_as('alice');
select is(
  chat_tests.refusal('reserve_upload(chat_tests.id(''pair''), ''a'', ''application/pdf'', 5)'), 'PT403 blocked', 'nor for the blocked'
);
select pg_temp.reserve('group chat', 'for the group');
select pass('whom nobody blocks in a group');
reset role;
select chat_tests.unblock(chat_tests.id('bob'), chat_tests.id('alice'));
set local role anon;
set local request.jwt.claims = '{"role": "anon"}';
select is(
  chat_tests.refusal('reserve_upload(chat_tests.id(''pair''), ''a'', ''application/pdf'', 5)'), '42501 permission denied for function reserve_upload', 'nor for anon'
);
reset role;
delete from chat.uploads where path <> pg_temp.path('first') and path <> pg_temp.path('for the group');

-- Content types ----------------------------------------------------------------------
-- Devices send one type under several names. It is stored under one name.

update storage.buckets set allowed_mime_types = null where id = 'chat-attachments';
update chat.rate_limits set max_count = 1000 where name = 'upload';
select chat_tests.act_as('alice');
select is(
  public.reserve_upload(chat_tests.id('pair'), file_name, declared, 5) ->> 'contentType', canonical,
  format('%s declared as %s is %s', file_name, coalesce(quote_literal(declared), 'null'), canonical)
)
from (values
  ('a.jpg', 'image/jpg', 'image/jpeg'), ('a.jpg', 'image/pjpeg', 'image/jpeg'), ('a.png', 'image/x-png', 'image/png'),
  ('a.zip', 'application/x-zip-compressed', 'application/zip'), ('a.zip', 'application/x-zip', 'application/zip'),
  ('a.m4a', 'audio/x-m4a', 'audio/mp4'), ('a.m4a', 'audio/m4a', 'audio/mp4'), ('a.m4a', 'audio/mp4a-latm', 'audio/mp4'),
  ('a.mp3', 'audio/mp3', 'audio/mpeg'), ('a.mp3', 'audio/x-mp3', 'audio/mpeg'), ('a.mp3', 'audio/x-mpeg', 'audio/mpeg'),
  ('a.wav', 'audio/x-wav', 'audio/wav'), ('a.wav', 'audio/wave', 'audio/wav'), ('a.wav', 'audio/vnd.wave', 'audio/wav'),
  ('a.aac', 'audio/x-aac', 'audio/aac'), ('a.m4v', 'video/x-m4v', 'video/mp4'), ('a.pdf', 'application/x-pdf', 'application/pdf'),
  ('a.md', 'text/x-markdown', 'text/markdown'), ('a.csv', 'application/csv', 'text/csv'), ('a.csv', 'text/comma-separated-values', 'text/csv'),
  -- If a type is declared, the name does not count, and neither do capitals, parameters and white space.
  ('a.png', 'IMAGE/JPG', 'image/jpeg'), ('a', ' audio/MP3 ; codecs=mp3', 'audio/mpeg'), ('a.exe', 'text/plain', 'text/plain'),
  ('a.pdf', 'text/html', 'text/html'), ('a', 'application/x-7z-compressed', 'application/x-7z-compressed'),
  -- Without a type, or with application/octet-stream, the ending of the name counts.
  ('a.jpeg', '', 'image/jpeg'), ('a.JPG', null, 'image/jpeg'), ('a.png', ' ', 'image/png'), ('a.gif', ';charset=utf-8', 'image/gif'),
  ('a.webp', '', 'image/webp'), ('IMG_0001.HEIC', 'application/octet-stream', 'image/heic'), ('a.heif', '', 'image/heif'),
  ('a.avif', '', 'image/avif'), ('a.mp4', '', 'video/mp4'), ('a.m4v', '', 'video/mp4'), ('a.mov', 'Application/Octet-Stream', 'video/quicktime'),
  ('a.webm', '', 'video/webm'), ('a.3gp', '', 'video/3gpp'), ('a.mp3', '', 'audio/mpeg'), ('a.m4a', '', 'audio/mp4'), ('a.ogg', '', 'audio/ogg'),
  ('a.wav', '', 'audio/wav'), ('a.aac', '', 'audio/aac'), ('a.pdf', '', 'application/pdf'), ('a.txt', '', 'text/plain'), ('a.csv', '', 'text/csv'),
  ('README.md', '', 'text/markdown'), ('a.tar.zip', '', 'application/zip'), ('a.doc', '', 'application/msword'),
  ('a.xls', '', 'application/vnd.ms-excel'), ('a.ppt', '', 'application/vnd.ms-powerpoint'),
  ('a.docx', '', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'),
  ('a.xlsx', '', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'),
  ('a.pptx', '', 'application/vnd.openxmlformats-officedocument.presentationml.presentation'),
  ('a.odt', '', 'application/vnd.oasis.opendocument.text'), ('a.ods', '', 'application/vnd.oasis.opendocument.spreadsheet'),
  ('a.odp', '', 'application/vnd.oasis.opendocument.presentation'),
  ('a.exe', 'application/octet-stream', 'application/octet-stream')
) as file (file_name, declared, canonical);
select is(
  chat_tests.refusal(format('reserve_upload(chat_tests.id(''pair''), %L, %L, 5)', file_name, declared)), pg_temp.field('contentType', 'is not allowed'),
  format('%s without a type has none, even where all are allowed', file_name)
)
from (values ('a.exe', ''), ('a', null), ('png', ''), ('a.', ''), ('', null)) as file (file_name, declared);
reset role;
select is_empty(
  $$ select u.content_type from chat.uploads u where u.path <> pg_temp.path('first') and u.path <> pg_temp.path('for the group')
     except select chat.content_type(u.content_type, 'a') from chat.uploads u $$,
  'a canonical name is its own'
);
delete from chat.uploads where path <> pg_temp.path('first') and path <> pg_temp.path('for the group');

-- The bucket of the migrations accepts each of these, because Storage compares the whole type.
select is_empty(
  $$ select allowed from (values
       ('image/jpeg'), ('image/png'), ('image/gif'), ('image/webp'), ('image/heic'), ('image/heif'), ('image/avif'), ('video/mp4'),
       ('video/quicktime'), ('video/webm'), ('video/3gpp'), ('audio/mpeg'), ('audio/mp4'), ('audio/ogg'), ('audio/webm'), ('audio/wav'),
       ('audio/aac'), ('audio/3gpp'), ('application/pdf'), ('text/plain'), ('text/csv'), ('text/markdown'), ('application/zip'),
       ('application/msword'), ('application/vnd.ms-excel'), ('application/vnd.ms-powerpoint')
     ) as wanted (allowed)
     where allowed <> all ((select s.answer ->> 'allowed' from seen s where s.moment = 'bucket')::text[]) $$,
  'the bucket takes each of these types by its canonical name'
);

-- Width and height --------------------------------------------------------------------

select chat_tests.act_as('alice');
select is(
  chat_tests.refusal(format('reserve_upload(chat_tests.id(''pair''), ''a.png'', ''image/png'', 5, %s, %s)', coalesce(width, 'null'), coalesce(height, 'null'))),
  pg_temp.field(path, 'width and height must be 1 to 100000, both or neither'),
  format('%s × %s: %s is wrong', coalesce(width, 'null'), coalesce(height, 'null'), path)
)
from (values
  ('640', null, 'height'), (null, '480', 'width'), ('0', '480', 'width'), ('640', '0', 'height'), ('-1', '480', 'width'), ('640', '-1', 'height'),
  ('100001', '480', 'width'), ('640', '100001', 'height'), ('0', null, 'width'), (null, '0', 'height'), ('2147483647', '2147483647', 'width')
) as measure (width, height, path);
select is(
  (
    select array[r ->> 'width', r ->> 'height', r ->> 'contentType']
    from public.reserve_upload(chat_tests.id('pair'), 'a.pdf', 'application/pdf', 5, width, height) as r
  ),
  array[width::text, height::text, 'application/pdf'], format('%s × %s are measures, of any file', width, height)
)
from (values (1, 1), (100000, 100000), (640, 480), (null, null)) as measure (width, height);
reset role;
select throws_ok(
  format('insert into public.messages (chat_id, sender_id, text, %s, rev, created_at) values (chat_tests.id(''pair''), chat_tests.id(''alice''), ''x'', %s, 1000, now())', names, measures),
  '23514', null, 'the table itself has no measures of a text: ' || names
)
from (values ('attachment_width, attachment_height', '640, 480'), ('attachment_width', '640'), ('attachment_height', '480')) as bad (names, measures);
delete from chat.uploads where path <> pg_temp.path('first') and path <> pg_temp.path('for the group');
update storage.buckets set allowed_mime_types = array['application/pdf', 'image/png', 'text/plain'] where id = 'chat-attachments';

-- File names -----------------------------------------------------------------------
-- The name in a message, and the last part of the path.

create temporary table file_name (given text not null, shown text not null, key text not null, said text not null);
grant select on file_name to authenticated;
insert into file_name values
  ('report.pdf', 'report.pdf', 'report.pdf', 'a plain name stays'),
  ('Report FINAL_v2.PDF', 'Report FINAL_v2.PDF', 'Report-FINAL_v2.PDF', 'letters keep their case'),
  (U&'\062A\0642\0631\064A\0631/\0645\0627\064A\0648 \+01F4CE.pdf', U&'\062A\0642\0631\064A\0631-\0645\0627\064A\0648 \+01F4CE.pdf', 'file.pdf', 'Arabic with an emoji and a slash'),
  (U&'\+01F468\200D\+01F469\200D\+01F467.png', U&'\+01F468\200D\+01F469\200D\+01F467.png', 'file.png', 'a family of joined emoji'),
  (U&'\0645\06CC\200C\062E\0648\0627\0647\0645.txt', U&'\0645\06CC\200C\062E\0648\0627\0647\0645.txt', 'file.txt', 'Persian with its joiner'),
  (U&'re\0301sume\0301.pdf', U&'r\00E9sum\00E9.pdf', 'r-sum.pdf', 'accents are composed'),
  (U&'\212B.txt', U&'\00C5.txt', 'file.txt', 'and so is what only looks it'),
  ('../..', 'file', 'file', 'a way up leads nowhere'),
  ('../../etc/passwd', 'etc-passwd', 'etc-passwd', 'nor does one down again'),
  ('/etc/passwd', 'etc-passwd', 'etc-passwd', 'nor one from the top'),
  ('a/./../b.txt', 'a-b.txt', 'a-b.txt', 'nor one in between'),
  ('C:\Users\me\photo 1.png', 'C:-Users-me-photo 1.png', 'C-Users-me-photo-1.png', 'Windows has folders too'),
  ('a//b\\c\/d', 'a-b-c-d', 'a-b-c-d', 'one dash for many separators'),
  ('a/', 'a', 'a', 'and none at an end'),
  ('', 'file', 'file', 'no name'),
  (' ', 'file', 'file', 'a space'),
  ('...', 'file', 'file', 'only dots'),
  ('. . .', 'file', 'file', 'dots and spaces'),
  (U&'\200D\200C', 'file', 'file', 'joiners that join nothing'),
  (U&'\200B\FEFF\2060', 'file', 'file', 'what cannot be seen'),
  (U&'\3164\FFA0\115F\1160\2800', 'file', 'file', 'letters that cannot be seen either'),
  (U&'a\00ADb\034F\180Ec\17B4\17B5.txt', 'abc.txt', 'abc.txt', 'nor these, in between'),
  ('.htaccess', 'htaccess', 'htaccess', 'a dot at the beginning'),
  ('report.pdf. ', 'report.pdf', 'report.pdf', 'a dot at the end'),
  ('a..b...c.txt', 'a..b...c.txt', 'a.b.c.txt', 'dots inside'),
  ('-rf.txt', '-rf.txt', 'rf.txt', 'a dash at the beginning'),
  ('tar.gz', 'tar.gz', 'tar.gz', 'two parts'),
  ('archive.tar.gz', 'archive.tar.gz', 'archive.tar.gz', 'three parts'),
  (E'one\ttwo\r\nthree\u0007.txt', 'one two three.txt', 'one-two-three.txt', 'control characters'),
  (E'a\u0001\u001f\u007f\u0080\u009fb.txt', 'ab.txt', 'ab.txt', 'other control characters'),
  (U&'invoice\202Efdp.exe', 'invoicefdp.exe', 'invoicefdp.exe', 'no name is written backwards'),
  (U&'\200Ea\200Fb\061Cc\202A\202B\202C\202Dd\2066\2067\2068\2069e.txt', 'abcde.txt', 'abcde.txt', 'by any of the characters for that'),
  (U&'\00A0Screenshot\202Fat\2003\3000noon.png\2028', 'Screenshot at noon.png', 'Screenshot-at-noon.png', 'white space of all kinds'),
  ('"><script>alert(1)</script>.png', '"><script>alert(1)<-script>.png', 'script-alert-1-script.png', 'a name is shown as it is, whatever it says'),
  ('100% of %2e%2e%2f?a=b&c#d.txt', '100% of %2e%2e%2f?a=b&c#d.txt', '100-of-2e-2e-2f-a-b-c-d.txt', 'nothing in it is decoded'),
  (repeat('x', 300), repeat('x', 255), repeat('x', 100), '300 characters'),
  (repeat('x', 300) || '.pdf', repeat('x', 251) || '.pdf', repeat('x', 96) || '.pdf', 'of which the extension stays'),
  (repeat('x', 255), repeat('x', 255), repeat('x', 100), '255 characters'),
  (repeat('x', 250) || ' . x' || repeat('y', 9) || '.pdf', repeat('x', 250) || '.pdf', repeat('x', 96) || '.pdf', 'no dot or space is where it was cut'),
  (repeat(U&'\+01F600', 190) || '.png', repeat(U&'\+01F600', 190) || '.png', 'file.png', '190 emoji'),
  (repeat(U&'\+01F600', 250) || '.png', repeat(U&'\+01F600', 190) || '.png', 'file.png', 'more emoji than a disk would take'),
  (repeat('x', 300) || '.' || repeat('y', 30), repeat('x', 255), repeat('x', 100), 'what is long after a dot is no extension'),
  (repeat('x', 5000000) || '.png', repeat('x', 251) || '.png', repeat('x', 96) || '.png', '5 MB'),
  ('a.' || repeat('y', 20), 'a.' || repeat('y', 20), 'a.' || repeat('y', 20), 'an extension of twenty');

update chat.rate_limits set max_count = 1000 where name = 'upload';
select chat_tests.act_as('alice');
select is(
  (select array[r ->> 'fileName', split_part(r ->> 'path', '/', 4)] from public.reserve_upload(chat_tests.id('pair'), f.given, 'text/plain', 1) as r),
  array[f.shown, f.key], f.said
)
from file_name f;
select is(
  chat_tests.refusal('reserve_upload(chat_tests.id(''pair''), null, ''text/plain'', 1)'), pg_temp.field('fileName', 'is missing'), 'null is no name'
);
reset role;
select is_empty(
  $$ select u.path from chat.uploads u
     where u.path !~ '^([0-9a-f-]{36}/){3}[A-Za-z0-9._-]{1,100}$' or u.path ~ '\.\.' or octet_length(u.path) > 250 $$,
  'no path has anything else in it'
);
select is_empty(
  $$ select u.file_name from chat.uploads u
     where char_length(u.file_name) not between 1 and 255 or octet_length(u.file_name) > 765 or u.file_name is not nfc normalized $$,
  'and no name is longer than a disk would take'
);
delete from chat.uploads where path <> pg_temp.path('first') and path <> pg_temp.path('for the group');
update chat.rate_limits set max_count = 20 where name = 'upload';

-- How many at once -----------------------------------------------------------------

select chat_tests.act_as('alice');
select pg_temp.reserve('pair', 'upload ' || n) from generate_series(3, 20) as n;
select matches(
  chat_tests.refusal('reserve_upload(chat_tests.id(''pair''), ''a'', ''application/pdf'', 5)'), '^PT429 rate_limited 7(200|19[0-9])$', 'the next one is told when the first of them ends'
);
select matches(
  chat_tests.refusal('reserve_upload(chat_tests.id(''group chat''), ''a'', ''application/pdf'', 5)'), '^PT429 rate_limited 7(200|19[0-9])$', 'in another chat too'
);
select is(
  chat_tests.refusal('reserve_upload(chat_tests.id(''pair''), ''a'', ''text/html'', 5)'), pg_temp.field('contentType', 'is not allowed'), 'what is wrong anyway is told first'
);
select pg_temp.age('first', '1 hour 59 minutes');
select matches(
  chat_tests.refusal('reserve_upload(chat_tests.id(''pair''), ''a'', ''application/pdf'', 5)'), '^PT429 rate_limited (60|5[0-9])$', 'a minute before the oldest ends, a minute'
);
select chat_tests.act_as('bob');
select pg_temp.reserve('pair', 'of bob');
select pass('another person has as many of their own');
select chat_tests.act_as('alice');
select pg_temp.age('first', '1 minute');
select pg_temp.reserve('pair', 'upload 21');
select pass('when one is two hours old, another can be made');
select pg_temp.store(pg_temp.path('upload 3'));
select lives_ok(
  $$ select public.send_message(chat_tests.id('pair'), attachment_path => pg_temp.path('upload 3')) $$, 'or when one is in a message'
);
select pg_temp.reserve('pair', 'upload 22');
select matches(
  chat_tests.refusal('reserve_upload(chat_tests.id(''pair''), ''a'', ''application/pdf'', 5)'), '^PT429 rate_limited 7(200|19[0-9])$', 'but one for one'
);
reset role;
update chat.rate_limits set max_count = 1, period = interval '1 minute' where name = 'upload';
select chat_tests.act_as('alice');
select matches(
  chat_tests.refusal('reserve_upload(chat_tests.id(''pair''), ''a'', ''application/pdf'', 5)'), '^PT429 rate_limited (60|5[0-9])$', 'another limit acts at once'
);
reset role;
delete from chat.rate_limits where name = 'upload';
select chat_tests.act_as('alice');
select pg_temp.reserve('pair', 'unlimited');
select pass('and without one nothing is limited');

-- Uploading ------------------------------------------------------------------------

select ok(pg_temp.may_store(pg_temp.path('upload 4')), 'alice uploads to a path that she has reserved');
select ok(not pg_temp.may_store(path), said)
from (values
  (pg_temp.path('upload 4') || '.exe', 'not to one that is longer'),
  (regexp_replace(pg_temp.path('upload 4'), '[^/]*$', 'other.pdf'), 'nor to another name beside it'),
  (pg_temp.path('upload 4') || '/x', 'nor below it'),
  (regexp_replace(pg_temp.path('upload 4'), '/[^/]*$', ''), 'nor above it'),
  (upper(pg_temp.path('upload 4')), 'nor to the same in capitals'),
  (concat_ws('/', chat_tests.id('pair'), chat_tests.id('alice'), gen_random_uuid(), 'a.pdf'), 'nor to a path of her own making, though in her folder'),
  (concat_ws('/', chat_tests.id('pair'), chat_tests.id('alice'), 'a.pdf'), 'or right in it'),
  ('a.pdf', 'or in none'),
  ('', 'or without a name'),
  (pg_temp.path('of bob'), 'nor to what bob has reserved'),
  (pg_temp.path('upload 3'), 'nor again to what is in a message')
) as attempt (path, said);
select ok(not pg_temp.may_store(pg_temp.path('upload 4'), 'elsewhere'), 'nor to the path in another bucket');
select chat_tests.act_as('bob');
select ok(not pg_temp.may_store(pg_temp.path('upload 4')), 'nor does bob, to hers');
select chat_tests.act_as(person, '{"app_metadata": {"role": "moderator"}}') from unnest(array['stranger']) as person;
select ok(not pg_temp.may_store(pg_temp.path('upload 4')), 'nor a stranger');
select chat_tests.act_as('sweeper');
select ok(not pg_temp.may_store(pg_temp.path('upload 4')), 'nor the sweeper');
set local role anon;
set local request.jwt.claims = '{"role": "anon"}';
select ok(not pg_temp.may_store(pg_temp.path('upload 4')), 'nor anybody without an account');

select chat_tests.act_as('alice');
select pg_temp.age('upload 4', '1 hour 59 minutes');
select ok(pg_temp.may_store(pg_temp.path('upload 4')), 'she may for two hours');
select pg_temp.age('upload 4', '2 minutes');
select ok(not pg_temp.may_store(pg_temp.path('upload 4')), 'and then not');
select pg_temp.store(pg_temp.path('upload 5'));
select throws_ok(
  $$ insert into storage.objects (bucket_id, name) values ('chat-attachments', pg_temp.path('upload 5')) $$, '23505', null, 'where a file is, there comes no other'
);
select throws_ok(
  format(
    $$ insert into storage.objects (bucket_id, name) values ('chat-attachments', %L)
       on conflict (bucket_id, name) do update set version = '2' $$,
    pg_temp.path(file_name)
  ),
  '42501', null, said
)
from (values ('upload 5', 'nor in place of it'), ('upload 6', 'nor may an upload be one that could')) as attempt (file_name, said);

select chat_tests.act_as('dave');
select pg_temp.reserve('group chat', 'of dave');
select ok(pg_temp.may_store(pg_temp.path('of dave')), 'dave may upload to the group');
select pg_temp.store(pg_temp.path('of dave'));
select pg_temp.reserve('group chat', 'of dave, later');
select public.leave_chat(chat_tests.id('group chat'));
select ok(not pg_temp.may_store(pg_temp.path('of dave, later')), 'and when he has left it, not any more');
select is(
  chat_tests.refusal('send_message(chat_tests.id(''group chat''), attachment_path => pg_temp.path(''of dave''))'), 'PT403 not_participant', 'nor send what he has uploaded'
);

-- Putting it into a message ----------------------------------------------------------

create function pg_temp.attach(file_name text, chat text default 'pair') returns text
language sql
as $$ select chat_tests.refusal(format('send_message(chat_tests.id(%L), attachment_path => %L)', chat, pg_temp.path(file_name))) $$;

select chat_tests.act_as('alice');
insert into seen (moment, answer) select 'rev before', to_jsonb(c.rev) from chat.chats c where c.id = chat_tests.id('pair');
select is(pg_temp.attach('upload 6'), pg_temp.field('attachmentUrl', 'has not been uploaded'), 'what is only reserved cannot be sent');
reset role;
insert into storage.objects (bucket_id, name, metadata)
values ('elsewhere', pg_temp.path('upload 6'), '{"size": 5, "mimetype": "application/pdf"}');
select chat_tests.act_as('alice');
select is(pg_temp.attach('upload 6'), pg_temp.field('attachmentUrl', 'has not been uploaded'), 'nor what is in another bucket');
select pg_temp.store(pg_temp.path('upload 6'), metadata) from unnest(array[null::jsonb]) as metadata;
select is(
  pg_temp.attach('upload 6'), pg_temp.field('attachmentUrl', 'differs from what was declared: size'), 'nor what Storage knows nothing of'
);
create function pg_temp.attach_stored(file_name text, metadata jsonb) returns text
language plpgsql
as $$
begin
  perform pg_temp.store(pg_temp.path(file_name), metadata);
  return pg_temp.attach(file_name);
end
$$;
select is(
  pg_temp.attach_stored(file_name, metadata::jsonb), pg_temp.field('attachmentUrl', 'differs from what was declared: ' || what),
  format('nor a PDF of 5 bytes that is %s', metadata)
)
from (values
  ('upload 7', '{"size": 6, "mimetype": "application/pdf"}', 'size'),
  ('upload 8', '{"size": 4, "mimetype": "application/pdf"}', 'size'),
  ('upload 9', '{"size": null, "mimetype": "application/pdf"}', 'size'),
  ('upload 10', '{"size": 5, "mimetype": "text/plain"}', 'content type'),
  ('upload 11', '{"size": 5}', 'content type'),
  ('upload 12', '{"size": 5, "mimetype": "application/pdfx"}', 'content type'),
  ('upload 13', '{"size": 55, "mimetype": "text/plain"}', 'size'),
  -- The form of the embedded Storage.
  ('upload 16', '"{\"size\":6,\"mimetype\":\"application/pdf\"}"', 'size'),
  ('upload 17', '"{\"size\":5,\"mimetype\":\"text/plain\"}"', 'content type'),
  ('upload 18', '"{}"', 'size')
) as attempt (file_name, metadata, what);

select pg_temp.store(pg_temp.path(file_name)) from unnest(array['upload 14', 'upload 15', 'for the group', 'of bob']) as file_name;
select is(
  chat_tests.refusal(format('send_message(chat_tests.id(''pair''), ''Look'', attachment_path => %L)', path)),
  pg_temp.field('attachmentUrl', 'is no upload of yours in this chat'), said
)
from (values
  (pg_temp.path('for the group'), 'nor an upload to another chat'),
  (pg_temp.path('of bob'), 'nor another''s'),
  (pg_temp.path('upload 14') || ' ', 'nor anything like one'),
  (upper(pg_temp.path('upload 14')), 'nor in capitals'),
  (replace(pg_temp.path('upload 14'), '/', '//'), 'nor with more slashes'),
  ('../' || pg_temp.path('upload 14'), 'nor from above'),
  ('chat-attachments/' || pg_temp.path('upload 14'), 'nor with its bucket'),
  ('', 'nor no path'),
  (repeat('x', 100000), 'nor a long one'),
  (concat_ws('/', chat_tests.id('pair'), chat_tests.id('alice'), gen_random_uuid(), 'a.pdf'), 'nor what nobody has reserved')
) as attempt (path, said);
select pg_temp.age('upload 14', '23 hours 59 minutes');
select is(pg_temp.attach('upload 14'), 'not at all', 'for a day it can be sent');
select pg_temp.age('upload 15', '24 hours 1 minute');
select is(pg_temp.attach('upload 15'), pg_temp.field('attachmentUrl', 'was reserved too long ago'), 'and then not');
select is(pg_temp.attach('upload 14'), pg_temp.field('attachmentUrl', 'is in a message already'), 'once');
select chat_tests.act_as('bob');
select is(
  pg_temp.attach('upload 14'), pg_temp.field('attachmentUrl', 'is no upload of yours in this chat'), 'by her who has uploaded it'
);
select chat_tests.act_as('alice');
select is(
  pg_temp.attach('upload 14', 'group chat'), pg_temp.field('attachmentUrl', 'is no upload of yours in this chat'), 'to the chat that she has uploaded it to'
);
select is(
  (select c.rev from chat.chats c where c.id = chat_tests.id('pair')), (chat_tests.answer('rev before') #>> '{}')::bigint + 1,
  'what was refused takes no rev'
);
reset role;
select is(
  (select a.used from chat.allowances a where a.user_id = chat_tests.id('alice') and a.name = 'send'), 2, 'nor anything of what she may send'
);
select throws_ok(
  $$ insert into public.messages (chat_id, sender_id, attachment_path, attachment_file_name, attachment_content_type, attachment_size, rev, created_at)
     values (chat_tests.id('pair'), chat_tests.id('alice'), pg_temp.path('upload 14'), 'a', 'b', 1, 1000, now()) $$,
  '23505', null, 'the table itself has one message for an object'
);
select throws_ok(
  format('update public.messages set %s = null where attachment_path = pg_temp.path(''upload 14'')', part), '23514', null,
  format('and an attachment whole: not without its %s', part)
)
from unnest(array['attachment_file_name', 'attachment_content_type', 'attachment_size']) as part;
select throws_ok(
  format('insert into chat.uploads (path, chat_id, user_id, file_name, content_type, size) values (%L, chat_tests.id(''pair''), chat_tests.id(''alice''), ''a'', ''b'', 1)', path),
  '23514', null, 'nor is there a reservation of a path outside its folders: ' || said
)
from (values
  (concat_ws('/', chat_tests.id('group chat'), chat_tests.id('alice'), 'x', 'a.pdf'), 'another chat''s'),
  (concat_ws('/', chat_tests.id('pair'), chat_tests.id('bob'), 'x', 'a.pdf'), 'another''s'),
  (concat_ws('/', chat_tests.id('pair'), chat_tests.id('alice'), 'a.pdf'), 'three parts'),
  (concat_ws('/', chat_tests.id('pair'), chat_tests.id('alice'), 'x', 'y', 'a.pdf'), 'five parts')
) as attempt (path, said);

-- What a message shows -----------------------------------------------------------------

select chat_tests.act_as('alice');
insert into seen (moment, answer)
select 'photo', public.reserve_upload(chat_tests.id('pair'), U&'\0645\0627\064A\0648/\+01F4CE.png', 'image/png', 0, 640, 480);
select pg_temp.store(pg_temp.path('photo'), '{"eTag": "\"x\"", "size": 0, "mimetype": "image/png; charset=UTF-8", "contentLength": 0}');
set local response.status = '';
insert into seen (moment, answer)
select 'sent', public.send_message(chat_tests.id('pair'), null, chat_tests.id('key'), pg_temp.path('photo'));
insert into known (name, id) select 'photo', (chat_tests.answer('sent') ->> 'id')::uuid;
select is(current_setting('response.status', true), '201', 'an empty file is sent');
create function pg_temp.sent_photo(changes jsonb default '{}') returns jsonb
language sql stable
as $$
  select jsonb_build_object(
    'id', m.id, 'chatId', chat_tests.id('pair'), 'senderId', chat_tests.id('alice'), 'text', null, 'attachmentUrl', null,
    'attachment', jsonb_build_object(
      'path', pg_temp.path('photo'), 'fileName', U&'\0645\0627\064A\0648-\+01F4CE.png', 'contentType', 'image/png', 'size', 0,
      'width', 640, 'height', 480
    ),
    'clientId', chat_tests.id('key'), 'createdAt', chat_tests.rfc3339(m.created_at), 'editedAt', null,
    'editableUntil', chat_tests.rfc3339(m.created_at + interval '15 minutes'), 'rev', m.rev
  ) || changes
  from public.messages m where m.id = chat_tests.id('photo')
$$;
select is(chat_tests.answer('sent'), pg_temp.sent_photo(), 'and comes back whole, without a text');
select matches(
  public.list_messages(chat_tests.id('pair'), 1)::text, '"attachment":\{"path":"', 'in JSON that tells by these very characters that there is one'
);
select is(
  public.list_messages(chat_tests.id('pair'), 1)::jsonb -> 'data' -> 0, chat_tests.answer('sent'), 'it stands in its sender''s page as it was answered'
);
select is(
  public.list_changes(chat_tests.id('pair'), (chat_tests.answer('sent') ->> 'rev')::bigint - 1)::jsonb -> 'data' -> 0 -> 'message',
  chat_tests.answer('sent'), 'and in her feed'
);
select is(
  (select row_to_json(m)::jsonb from (
    select attachment_path, attachment_file_name, attachment_content_type, attachment_size, attachment_width, attachment_height
    from public.messages where id = chat_tests.id('photo')
  ) as m),
  jsonb_build_object(
    'attachment_path', pg_temp.path('photo'), 'attachment_file_name', U&'\0645\0627\064A\0648-\+01F4CE.png',
    'attachment_content_type', 'image/png', 'attachment_size', 0, 'attachment_width', 640, 'attachment_height', 480
  ),
  'and in the table'
);
reset role;
select is_empty(
  $$ select u.path from chat.uploads u where u.path = pg_temp.path('photo') $$, 'it is reserved no more'
);
select chat_tests.act_as('bob');
select is(
  public.list_messages(chat_tests.id('pair'), 1)::jsonb -> 'data' -> 0, pg_temp.sent_photo('{"editableUntil": null}'), 'bob sees it in his page'
);
select is(
  (public.get_chat(chat_tests.id('pair'))::jsonb -> 'lastMessage') - array['id', 'senderId', 'createdAt'], '{"text": null, "hasAttachment": true}',
  'as the last message it has no text, and a file'
);
select chat_tests.act_as('bob', '{"app_metadata": {"role": "moderator"}}');
select is(
  public.list_messages(chat_tests.id('pair'), 1)::jsonb -> 'data' -> 0,
  pg_temp.sent_photo('{"editableUntil": null, "deletedAt": null, "deletedBy": null}'), 'and as a moderator'
);
select is(
  public.list_changes(chat_tests.id('pair'), (chat_tests.answer('sent') ->> 'rev')::bigint - 1)::jsonb -> 'data' -> 0 -> 'message',
  pg_temp.sent_photo('{"editableUntil": null, "deletedAt": null, "deletedBy": null}'), 'in the feed too'
);

-- Retries --------------------------------------------------------------------------------

select chat_tests.act_as('alice');
set local response.status = '';
select is(
  public.send_message(chat_tests.id('pair'), client_id => chat_tests.id('key'), attachment_path => pg_temp.path('photo'))::jsonb,
  chat_tests.answer('sent'), 'the same again gives the first message, though the path is taken'
);
select is(current_setting('response.status', true), '', 'which is not 201');
select pg_temp.reserve('pair', 'another photo');
select pg_temp.store(pg_temp.path('another photo'), '"{\"httpStatusCode\":200,\"size\":5,\"mimetype\":\"application/pdf\"}"');
select is(
  chat_tests.refusal(format('send_message(chat_tests.id(''pair''), %L, chat_tests.id(''key''), %L)', content, path)), 'PT409 idempotency_mismatch', said
)
from (values
  (null, pg_temp.path('another photo'), 'another file with the key is a mismatch'),
  (null, 'no/such/path', 'whether there is one or not'),
  ('Look', pg_temp.path('photo'), 'and so is a text besides'),
  (pg_temp.path('photo'), null, 'or a text in its place'),
  ('null', pg_temp.path('photo'), 'whatever it says')
) as attempt (content, path, said);
select lives_ok(
  $$ select public.send_message(chat_tests.id('pair'), ' Look ', chat_tests.id('key 2'), pg_temp.path('another photo')) $$, 'a text and a file go together'
);
insert into seen (moment, answer) select 'both', public.list_messages(chat_tests.id('pair'), 1)::jsonb -> 'data' -> 0;
select is(
  array[chat_tests.answer('both') ->> 'text', chat_tests.answer('both') #>> '{attachment,fileName}'], array['Look', 'another photo.pdf'], 'in one message'
);
select is(
  public.send_message(chat_tests.id('pair'), 'Look', chat_tests.id('key 2'), pg_temp.path('another photo')) ->> 'id', chat_tests.answer('both') ->> 'id', 'which has its retry'
);
select is(
  chat_tests.refusal(format('send_message(chat_tests.id(''pair''), %L, chat_tests.id(''key 2''), %L)', content, path)), 'PT409 idempotency_mismatch', said
)
from (values
  ('Look', null, 'and not without the file'),
  (null, pg_temp.path('another photo'), 'or without the text')
) as attempt (content, path, said);
select pg_temp.reserve('pair', 'with a text');
select pg_temp.store(pg_temp.path('with a text'));
select is(
  chat_tests.refusal(format('send_message(chat_tests.id(''pair''), %L, null, %L)', content, pg_temp.path('with a text'))),
  pg_temp.field('text', 'must have 1 to 4000 characters after trimming'), format('a text beside a file has to be one: %s characters', char_length(content))
)
from unnest(array['', E' \n', repeat('x', 4001)]) as content;
select is(
  chat_tests.refusal(format('send_message(chat_tests.id(''pair''), %L, null, %L)', U&'\200B\2060', pg_temp.path('with a text'))),
  pg_temp.field('text', 'must have a visible character'), 'nor is what nobody sees a text beside a file'
);
select is(
  chat_tests.refusal('send_message(chat_tests.id(''pair''))'), pg_temp.field('text', 'must have 1 to 4000 characters after trimming'), 'and nothing at all is no message'
);
insert into seen (moment, answer) select 'edited', public.edit_message(chat_tests.id('pair'), chat_tests.id('photo'), 'A photo');
select is(
  chat_tests.answer('edited') - array['editedAt', 'rev'], pg_temp.sent_photo('{"text": "A photo"}') - array['editedAt', 'rev'],
  'an edit gives it a text and leaves the file'
);
select is(
  public.send_message(chat_tests.id('pair'), null, chat_tests.id('key'), pg_temp.path('photo'))::jsonb, chat_tests.answer('edited'), 'and its retry'
);
select is(
  chat_tests.refusal('edit_message(chat_tests.id(''pair''), chat_tests.id(''photo''), null)'),
  pg_temp.field('text', 'must have 1 to 4000 characters after trimming'), 'which cannot be taken away again'
);
reset role;
select chat_tests.block(chat_tests.id('bob'), chat_tests.id('alice'));
select chat_tests.act_as('alice');
select is(pg_temp.attach('with a text'), 'PT403 blocked', 'the blocked send no file either');
reset role;
select chat_tests.unblock(chat_tests.id('bob'), chat_tests.id('alice'));

-- A used-up allowance is refused before the file is checked, and the file stays reserved.
update chat.allowances set window_start = clock_timestamp() + interval '1 minute', used = 100
where user_id = chat_tests.id('alice') and name = 'send';
select chat_tests.act_as('alice');
select matches(pg_temp.attach('with a text'), '^PT429 rate_limited [0-9]+$', 'who has sent too much sends no file');
reset role;
update chat.allowances set used = 0 where user_id = chat_tests.id('alice') and name = 'send';
select chat_tests.act_as('alice');
select is(pg_temp.attach('with a text'), 'not at all', 'and can send it later');

-- Who reads it -------------------------------------------------------------------------

select chat_tests.act_as('alice');
select pg_temp.send_file('group chat', 'plan');
select pg_temp.send_file('group chat', 'gone plan');
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('gone plan'));
select pg_temp.send_file('pair', 'letter');
select pg_temp.reserve('pair', 'draft');
select pg_temp.store(pg_temp.path('draft'));

create function pg_temp.reads(said text, expected text[]) returns text
language sql
as $$ select is(pg_temp.may_read('plan', 'gone plan', 'letter', 'draft'), expected, said) $$;

select pg_temp.reads('alice reads what she has sent, not what she deleted, nor what is in no message', array['letter', 'plan']);
select chat_tests.act_as('bob');
select pg_temp.reads('bob reads what is in his chats', array['letter', 'plan']);
select chat_tests.act_as('carol');
select pg_temp.reads('carol moderates the group: she reads the deleted too', array['gone plan', 'plan']);
select chat_tests.act_as('bob', '{"app_metadata": {"role": "moderator"}}');
select pg_temp.reads('so does a moderator by token', array['gone plan', 'letter', 'plan']);
select chat_tests.act_as('bob', '{"user_metadata": {"role": "moderator"}}');
select pg_temp.reads('and not who says so of himself', array['letter', 'plan']);
select chat_tests.act_as('dave');
select pg_temp.reads('dave, who has left the group, reads nothing', '{}');
select chat_tests.act_as('stranger');
select pg_temp.reads('a stranger reads nothing', '{}');
select chat_tests.act_as('stranger', '{"app_metadata": {"role": "moderator"}}');
select pg_temp.reads('a moderator from elsewhere neither', '{}');
select chat_tests.act_as('sweeper');
select pg_temp.reads('the sweeper reads what is left over, and no letters', array['gone plan']);
select chat_tests.act_as('stranger', '{"user_metadata": {"role": "sweeper"}}');
select pg_temp.reads('who says to be one is not', '{}');
select chat_tests.act_as('stranger', '{"app_metadata": {"role": "sweeper"}}');
select pg_temp.reads('nor whose token is older than that', '{}');
set local role anon;
set local request.jwt.claims = '{"role": "anon"}';
select pg_temp.reads('nobody reads without an account', '{}');
set local role service_role;
set local request.jwt.claims = '{"role": "service_role"}';
select is(
  (select count(*) from storage.objects o where o.bucket_id = 'chat-attachments' and o.name in (chat_tests.answer('plan') ->> 'path', chat_tests.answer('draft') ->> 'path')),
  2::bigint, 'the project''s own key reads all'
);

reset role;
select chat_tests.add_members(chat_tests.ids('party'), chat_tests.ids('stranger'));
select chat_tests.act_as('stranger');
select pg_temp.reads('who joins the group reads what was sent before, as the messages', array['plan']);
reset role;
select chat_tests.remove_members(chat_tests.ids('party'), chat_tests.ids('stranger'));
select chat_tests.act_as('stranger');
select pg_temp.reads('and who is removed, nothing', '{}');

select chat_tests.act_as('bob');
select public.leave_chat(chat_tests.id('pair'));
select pg_temp.reads('bob leaves the pair''s chat and reads nothing of it', array['plan']);
select public.open_direct_chat(chat_tests.id('alice'));
select pg_temp.reads('nor when he comes back, as it is not in his history', array['plan']);
select chat_tests.act_as('alice');
select pg_temp.send_file('pair', 'second letter');
select pg_temp.reads('while alice does', array['letter', 'plan']);
select chat_tests.act_as('bob', '{"app_metadata": {"role": "moderator"}}');
select is(
  pg_temp.may_read('letter', 'second letter'), array['second letter'], 'what is sent then, bob reads, and as a moderator no more'
);

-- Whoever may read may not change -----------------------------------------------------------

create function pg_temp.rows_of(statement text) returns bigint
language plpgsql
as $$
declare
  rows bigint;
begin
  execute statement;
  get diagnostics rows = row_count;
  return rows;
end
$$;
create temporary view attempt_to_change as
select *
from (values
  ('changes', $$update storage.objects set metadata = '{}' where bucket_id = 'chat-attachments'$$),
  ('overwrites', $$update storage.objects set version = '2', owner_id = null where bucket_id = 'chat-attachments'$$),
  ('moves away', $$update storage.objects set bucket_id = 'elsewhere' where bucket_id = 'chat-attachments'$$),
  ('renames', $$update storage.objects set name = name || '2' where bucket_id = 'chat-attachments'$$),
  ('removes', $$delete from storage.objects where bucket_id = 'chat-attachments'$$)
) as attempt (does, statement);
grant select on attempt_to_change to anon, authenticated;

select chat_tests.act_as('alice');
select is(pg_temp.rows_of(a.statement), 0::bigint, format('alice %s nothing, not even her own', a.does)) from attempt_to_change a;
select chat_tests.act_as('carol');
select is(pg_temp.rows_of(a.statement), 0::bigint, format('a moderator %s nothing', a.does)) from attempt_to_change a;
set local role anon;
set local request.jwt.claims = '{"role": "anon"}';
select is(pg_temp.rows_of(a.statement), 0::bigint, format('anon %s nothing', a.does)) from attempt_to_change a;
select chat_tests.act_as('sweeper');
select is(pg_temp.rows_of(a.statement), 0::bigint, format('the sweeper %s nothing', a.does))
from attempt_to_change a where a.does <> 'removes';
select chat_tests.act_as('alice');
select is(pg_temp.may_read('plan', 'letter', 'draft'), array['letter', 'plan'], 'all is where it was');

-- The project has policies for other buckets.
reset role;
create policy "everybody does everything" on storage.objects for all to authenticated using (true) with check (true);
create policy "anybody does everything" on storage.objects for all using (true) with check (true);
insert into storage.objects (bucket_id, name) values ('elsewhere', 'shared.pdf');
insert into storage.objects (bucket_id, name) values (null, 'nowhere.pdf');
select chat_tests.act_as('stranger');
select set_eq(
  $$ select name from storage.objects where name in ('shared.pdf', 'nowhere.pdf') $$, array['shared.pdf', 'nowhere.pdf'], 'the project''s own bucket is open as it says'
);
select ok(pg_temp.may_store('mine.pdf', bucket), 'for uploads as well') from unnest(array['elsewhere', null]) as bucket;
select is(
  pg_temp.rows_of($$ update storage.objects set version = '2' where name = 'shared.pdf' $$), 1::bigint, 'and for changes'
);
select pg_temp.reads('which opens nothing of the chat''s', '{}');
select ok(not pg_temp.may_store(path), format('nor lets a stranger upload: %s', said))
from (values
  ('mine.pdf', 'on top'),
  (concat_ws('/', chat_tests.id('pair'), chat_tests.id('stranger'), gen_random_uuid(), 'a.pdf'), 'among the chat''s'),
  (pg_temp.path('upload 19'), 'to another''s path')
) as attempt (path, said);
select is(pg_temp.rows_of(a.statement), 0::bigint, format('a stranger still %s nothing', a.does)) from attempt_to_change a;
select throws_ok(
  $$ update storage.objects set bucket_id = 'chat-attachments' where name = 'shared.pdf' $$, '42501', null, 'nor moves anything among it'
);
select chat_tests.act_as('carol');
select is(pg_temp.rows_of(a.statement), 0::bigint, format('nor does a moderator, who sees leftovers: she %s nothing', a.does)) from attempt_to_change a;
reset role;
update storage.objects set name = name || '.away' where name = pg_temp.path('second letter');
select chat_tests.act_as('alice');
select throws_ok(
  format($$ update storage.objects set bucket_id = 'chat-attachments', name = %L where name = 'shared.pdf' $$, pg_temp.path('second letter')),
  '42501', null, 'nor does she who sent it put another file in the place of one that has gone'
);
reset role;
update storage.objects set name = pg_temp.path('second letter') where name = pg_temp.path('second letter') || '.away';
select chat_tests.act_as('alice');
select pg_temp.reads('its people read as before', array['letter', 'plan']);
select is(pg_temp.rows_of(a.statement), 0::bigint, format('and alice %s nothing', a.does)) from attempt_to_change a;
select ok(pg_temp.may_store(pg_temp.path('upload 19')), 'she uploads what she has reserved');
select ok(not pg_temp.may_store('mine.pdf'), 'and nothing else');
select chat_tests.act_as('sweeper');
select is(pg_temp.rows_of(a.statement), 0::bigint, format('the sweeper %s nothing', a.does))
from attempt_to_change a where a.does <> 'removes';
set local role anon;
set local request.jwt.claims = '{"role": "anon"}';
select set_eq(
  $$ select name from storage.objects $$, array['shared.pdf', 'nowhere.pdf', pg_temp.path('upload 6')], 'anybody sees the project''s own'
);
select is(
  (select count(*) from storage.objects where bucket_id = 'chat-attachments'), 0::bigint, 'and nothing of the chat''s'
);
select ok(not pg_temp.may_store(path), 'nor uploads there') from unnest(array['mine.pdf', pg_temp.path('upload 19')]) as path;
select is(pg_temp.rows_of(a.statement), 0::bigint, format('and anon %s nothing', a.does)) from attempt_to_change a;
reset role;
drop policy "everybody does everything" on storage.objects;
drop policy "anybody does everything" on storage.objects;

-- What is left over ---------------------------------------------------------------------------

delete from chat.uploads where true;
delete from chat.discarded_uploads where true;
delete from storage.objects o
where o.bucket_id = 'chat-attachments' and not exists (select from public.messages m where m.attachment_path = o.name and m.deleted_at is null);

create function pg_temp.age_deletion(file_name text, by interval) returns void
language sql security definer
as $$ update chat.discarded_uploads set discarded_at = discarded_at - by where path = pg_temp.path(age_deletion.file_name) $$;
-- The leftovers that the sweeper gets, by the names of the files.
create function pg_temp.leftovers(hours integer, days integer, page_limit integer default 100, strays boolean default false) returns text[]
language sql
as $$
  select array(
    select coalesce(s.moment, leftover ->> 'path') || ' ' || (leftover ->> 'reason')
    from jsonb_array_elements(public.list_leftover_uploads(hours, days, page_limit, strays)::jsonb -> 'data') with ordinality as one (leftover, n)
    left join pg_temp.seen s on s.answer ->> 'path' = leftover ->> 'path'
    order by n
  )
$$;
-- Removes a file as Storage does for the sweeper. Returns whether Storage allowed it.
create function pg_temp.remove(file_name text) returns boolean
language sql
as $$
  select pg_temp.rows_of(format(
    'delete from storage.objects where bucket_id = ''chat-attachments'' and name = %L', pg_temp.path(file_name)
  )) = 1
$$;

select chat_tests.act_as('sweeper');
select is(pg_temp.leftovers(0, 0, strays => true), '{}', 'nothing is left over of what is in messages');
select chat_tests.act_as('alice');
select pg_temp.reserve('pair', 'left ' || n) from generate_series(1, 3) as n;
select pg_temp.store(pg_temp.path('left ' || n)) from generate_series(1, 2) as n;
select pg_temp.store(pg_temp.path('left 3'), '"{\"size\":5}"');
select pg_temp.reserve('pair', 'never uploaded');
select pg_temp.age('left 1', '26 hours');
select pg_temp.age('left 2', '50 hours');
select pg_temp.age('left 3', '24 hours 59 minutes');
select pg_temp.age('never uploaded', '60 hours');
reset role;
insert into storage.objects (bucket_id, name) select 'elsewhere', pg_temp.path(file_name) from unnest(array['left 1', 'never uploaded']) as file_name;
select chat_tests.act_as('sweeper');
select is(
  pg_temp.leftovers(hours, 30), expected, format('for %s hours in no message', hours)
)
from (values
  (0, array['left 2 unattached', 'left 1 unattached']), (24, array['left 2 unattached', 'left 1 unattached']),
  (26, array['left 2 unattached', 'left 1 unattached']), (27, array['left 2 unattached']), (51, '{}')
) as ask (hours, expected);
select is(
  public.list_leftover_uploads(48, 30)::jsonb,
  jsonb_build_object('data', jsonb_build_array(jsonb_build_object('path', pg_temp.path('left 2'), 'reason', 'unattached', 'size', 5))),
  'the sweeper is told the path, the reason and the size'
);
select is(pg_temp.leftovers(0, 30, 1), array['left 2 unattached'], 'the oldest first, and as many as were asked for');
select is(pg_temp.may_read('left 1', 'left 2', 'left 3'), array['left 1', 'left 2'], 'it may see these');
select ok(not pg_temp.remove('left 3'), 'and remove no other');
select ok(not pg_temp.remove('letter'), 'nor what is in a message');
select chat_tests.act_as('alice');
select ok(not pg_temp.remove('left 1'), 'which alice may not, though it is hers');
select is(
  chat_tests.refusal(format('send_message(chat_tests.id(''pair''), attachment_path => %L)', pg_temp.path(file_name))),
  pg_temp.field('attachmentUrl', 'was reserved too long ago'), 'nor send any more, even what is not yet left over: ' || file_name
)
from unnest(array['left 1', 'left 3']) as file_name;
select chat_tests.act_as('sweeper');
select is(public.forget_swept_uploads()::jsonb, '{"forgotten": 1}', 'what was never uploaded is forgotten, and what is still there is not');
select ok(pg_temp.remove('left 2'), 'the sweeper removes the oldest');
select is(pg_temp.leftovers(0, 30), array['left 1 unattached'], 'which is not told of again');
select ok(pg_temp.remove('left 1'), 'and the next');
select is(pg_temp.leftovers(0, 30), '{}', 'a second run has nothing to do');
select is(public.forget_swept_uploads()::jsonb, '{"forgotten": 2}', 'both are forgotten');
select is(public.forget_swept_uploads()::jsonb, '{"forgotten": 0}', 'once');
reset role;
select results_eq(
  $$ select u.path from chat.uploads u $$, $$ select pg_temp.path('left 3') $$, 'what is not left over is not'
);
select chat_tests.act_as('alice');
select pg_temp.reserve('pair', 'not uploaded yet');
select pg_temp.age('not uploaded yet', '24 hours 59 minutes');
select chat_tests.act_as('sweeper');
select is(public.forget_swept_uploads()::jsonb, '{"forgotten": 0}', 'nor a reservation whose upload could just be under way');

select chat_tests.act_as('alice');
select pg_temp.send_file('group chat', 'deleted ' || n) from generate_series(1, 3) as n;
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('deleted ' || n)) from generate_series(1, 3) as n;
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('deleted 1'));
reset role;
insert into storage.objects (bucket_id, name) values ('elsewhere', pg_temp.path('deleted 1'));
select chat_tests.act_as('sweeper');
select is(
  pg_temp.leftovers(0, 0), array['deleted 1 deleted', 'deleted 2 deleted', 'deleted 3 deleted'], 'with their messages'' deletion files are left over'
);
select is(public.forget_swept_uploads()::jsonb, '{"forgotten": 0}', 'none of which is forgotten before it is removed');
select is(pg_temp.leftovers(0, 1), '{}', 'for as long as they are kept, not');
select pg_temp.age_deletion('deleted 1', '30 days 1 minute');
select pg_temp.age_deletion('deleted 2', '29 days 23 hours');
select is(pg_temp.leftovers(0, 30), array['deleted 1 deleted'], 'after thirty days they are');
select pg_temp.age_deletion('deleted 2', '2 days');
select is(pg_temp.leftovers(0, 30), array['deleted 2 deleted', 'deleted 1 deleted'], 'the first deleted first');
select pg_temp.age('left 3', '2 minutes');
select is(
  public.list_leftover_uploads(0, 30, 1) #>> '{data,0,size}', '5', 'the size is told however Storage has written it'
);
select is(
  pg_temp.leftovers(0, 30), array['left 3 unattached', 'deleted 2 deleted', 'deleted 1 deleted'], 'both kinds are told of'
);
select is(pg_temp.leftovers(0, 30, 2), array['left 3 unattached', 'deleted 2 deleted'], 'as many as were asked for');
select is(
  public.count_leftover_uploads(0, 30)::jsonb,
  '{"data": [{"reason": "deleted", "objects": 2, "bytes": 10}, {"reason": "unattached", "objects": 1, "bytes": 5}]}',
  'and counted'
);
select chat_tests.act_as('carol');
select is(pg_temp.may_read('deleted 1', 'deleted 3'), array['deleted 1', 'deleted 3'], 'a moderator reads them until they are removed');
select ok(not pg_temp.remove('deleted 1'), 'and does not remove them');
select chat_tests.act_as('sweeper');
select ok(pg_temp.remove(file_name), format('the sweeper removes %s', file_name)) from unnest(array['left 3', 'deleted 1', 'deleted 2']) as file_name;
select is(pg_temp.leftovers(0, 30), '{}', 'and a second run has nothing to do');
select is(public.forget_swept_uploads()::jsonb, '{"forgotten": 3}', 'they are forgotten');
select is(pg_temp.leftovers(0, 0), array['deleted 3 deleted'], 'what is kept is not');
select chat_tests.act_as('carol');
select is(pg_temp.may_read('deleted 1', 'deleted 3'), array['deleted 3'], 'what was removed is gone');
select is(
  (
    select message #>> '{attachment,fileName}'
    from jsonb_array_elements(public.list_messages(chat_tests.id('group chat'), 100)::jsonb -> 'data') as message
    where message ->> 'id' = chat_tests.id('deleted 1')::text
  ),
  'deleted 1.pdf', 'the message still tells what it was'
);

-- The messages of a deleted chat are deleted too. Its files are still found.
select chat_tests.act_as('alice');
select pg_temp.send_file('group chat', 'to go');
select pg_temp.reserve('group chat', 'to go, unsent');
select pg_temp.store(pg_temp.path('to go, unsent'));
reset role;
select chat_tests.delete_event(chat_tests.event_of(chat_tests.id('party')));
select is_empty($$ select id from chat.chats where id = chat_tests.id('group chat') $$, 'a chat goes with its event');
select chat_tests.act_as('sweeper');
select is(
  array(select file from unnest(pg_temp.leftovers(0, 0)) as file order by file), array['deleted 3 deleted', 'plan deleted', 'to go deleted'],
  'what was in its messages is left over'
);
select is(pg_temp.leftovers(0, 1), '{}', 'as long as other deleted ones');
select pg_temp.age('to go, unsent', '26 hours');
select is(pg_temp.leftovers(0, 1), array['to go, unsent unattached'], 'and so is what was in none, as always');
select ok(pg_temp.remove(file_name), format('the sweeper removes %s', file_name)) from unnest(array['plan', 'to go', 'to go, unsent', 'deleted 3']) as file_name;
-- The deletion of the chat has recorded the three removed files again.
select is(public.forget_swept_uploads()::jsonb, '{"forgotten": 7}', 'and all of it is forgotten');

-- And a file that was never reserved.
reset role;
insert into storage.objects (bucket_id, name, created_at) values
  ('chat-attachments', 'old stray', clock_timestamp() - interval '26 hours'),
  ('chat-attachments', 'new stray', clock_timestamp() - interval '24 hours 59 minutes'),
  ('elsewhere', 'no stray', clock_timestamp() - interval '26 hours');
select chat_tests.act_as('alice');
select pg_temp.send_file('pair', 'living');
select pg_temp.send_file('pair', 'dead');
select public.delete_message(chat_tests.id('pair'), chat_tests.id('dead'));
select pg_temp.reserve('pair', 'waiting');
select pg_temp.store(pg_temp.path('waiting'));
reset role;
update storage.objects set created_at = clock_timestamp() - interval '60 days' where name in (pg_temp.path('living'), pg_temp.path('dead'), pg_temp.path('waiting'));
insert into storage.objects (bucket_id, name, created_at) select 'chat-attachments', path, clock_timestamp() - interval '60 days'
from unnest(array['gone with its chat']) as path;
insert into chat.discarded_uploads (path, discarded_at) values ('gone with its chat', clock_timestamp());
select chat_tests.act_as('sweeper');
select is(pg_temp.leftovers(0, 30), '{}', 'a file that was never reserved is not looked for');
select is(pg_temp.leftovers(0, 30, strays => true), array['old stray stray'], 'unless one asks, and only when it is old, and here');
select is(pg_temp.leftovers(27, 30, strays => true), '{}', 'or older, if one says so');
select is(public.count_leftover_uploads(0, 30)::jsonb, '{"data": []}', 'nor counted');
select is(
  public.count_leftover_uploads(0, 30, true)::jsonb, '{"data": [{"reason": "stray", "objects": 1, "bytes": 0}]}',
  'unless one asks, of however many bytes'
);
select is(pg_temp.leftovers(0, 0, 2, true), array['dead deleted', 'gone with its chat deleted'], 'of all kinds together as many as were asked for');
create function pg_temp.may_see(path text) returns boolean
language sql
as $$ select exists (select from storage.objects o where o.bucket_id = 'chat-attachments' and o.name = path) $$;
select is(
  array[pg_temp.may_see('old stray'), pg_temp.may_see('new stray'), pg_temp.may_see('gone with its chat')], array[true, false, true],
  'the sweeper sees such a file when it is old, or the chat''s'
);
select is(pg_temp.may_read('living', 'dead', 'waiting'), array['dead'], 'and of the chat''s none that is in use');
reset role;
update chat.uploads set created_at = clock_timestamp() where path = pg_temp.path('waiting');
select chat_tests.act_as('sweeper');
select ok(not pg_temp.remove('waiting'), 'however old the file itself is');
select is(
  pg_temp.rows_of($$ delete from storage.objects where bucket_id = 'chat-attachments' $$), 3::bigint, 'it removes all that is left over in one go'
);
select is(pg_temp.leftovers(0, 0, strays => true), '{}', 'and then there is nothing');

select chat_tests.act_as('sweeper');
select is(public.count_leftover_uploads(0, 0, true)::jsonb, '{"data": []}', 'nor anything to count');
select is(
  chat_tests.refusal(format('%s_leftover_uploads(%s)', verb, arguments)), 'PT400 invalid_request ' || detail, format('refused: %s %s', verb, arguments)
)
from (values
  ('-1, 30', 'unattached_hours and deleted_days must not be negative'),
  ('null, 30', 'unattached_hours and deleted_days must not be negative'),
  ('24, -1', 'unattached_hours and deleted_days must not be negative'),
  ('24, null', 'unattached_hours and deleted_days must not be negative')
) as attempt (arguments, detail)
cross join unnest(array['list', 'count']) as verb;
select is(
  chat_tests.refusal(format('list_leftover_uploads(%s)', arguments)), 'PT400 invalid_request ' || detail, format('refused: %s', arguments)
)
from (values
  ('24, 30, 0', 'page_limit must be 1 to 100'),
  ('24, 30, 101', 'page_limit must be 1 to 100'),
  ('24, 30, null', 'page_limit must be 1 to 100')
) as attempt (arguments, detail);
create function pg_temp.refusal_to(person text, claims jsonb, call text) returns text
language plpgsql
as $$
begin
  perform chat_tests.act_as(person, claims);
  return chat_tests.refusal(call);
end
$$;
select is(pg_temp.refusal_to(person, claims, call), 'PT403 forbidden', format('forbidden to %s, %s: %s', person, claims, call))
from (values
  ('alice', '{}'::jsonb), ('carol', '{"app_metadata": {"role": "moderator"}}'), ('stranger', '{"user_metadata": {"role": "sweeper"}}'),
  ('stranger', '{"app_metadata": {"role": "sweeper"}}')
) as caller (person, claims)
cross join unnest(array[
  'list_leftover_uploads(24, 30)', 'list_leftover_uploads(null, -1, 0, true)', 'count_leftover_uploads(24, 30)',
  'count_leftover_uploads(null, -1, true)', 'forget_swept_uploads()'
]) as call;
set local role anon;
set local request.jwt.claims = '{"role": "anon", "app_metadata": {"role": "sweeper"}}';
select throws_ok('select public.' || call, '42501', null, 'and to anon: ' || call)
from unnest(array['list_leftover_uploads(24, 30)', 'count_leftover_uploads(24, 30)', 'forget_swept_uploads()']) as call;

-- Whose the tables are --------------------------------------------------------------------------

select chat_tests.act_as('alice');
select throws_ok(statement, '42501', null, 'refused: ' || statement)
from unnest(array[
  'select * from chat.uploads',
  'insert into chat.uploads (path, chat_id, user_id, file_name, content_type, size) values (''a'', chat_tests.id(''pair''), chat_tests.id(''alice''), ''a'', ''b'', 1)',
  'update chat.uploads set created_at = now()',
  'delete from chat.uploads where true',
  'select * from chat.discarded_uploads',
  'insert into chat.discarded_uploads values (pg_temp.path(''living''), now())',
  'select chat.attach_upload(chat_tests.id(''pair''), pg_temp.path(''waiting''))',
  'update public.messages set attachment_path = pg_temp.path(''waiting'') where id = chat_tests.id(''living'')'
]) as statement;
select is(
  pg_temp.rows_of($$ update storage.buckets set public = true, file_size_limit = null where id = 'chat-attachments' $$), 0::bigint,
  'nor does anybody open the bucket'
);

-- Each policy for itself ----------------------------------------------------------------------
-- Without the restrictive policies, the permissive policies refuse the same.

reset role;
drop policy "nobody else uploads attachments" on storage.objects;
drop policy "nobody else reads attachments" on storage.objects;
drop policy "nobody else removes attachments" on storage.objects;
select chat_tests.act_as('alice');
select pg_temp.reserve('pair', 'last');
select ok(pg_temp.may_store(pg_temp.path('last')), 'alice uploads to a path that she has reserved');
select ok(not pg_temp.may_store('mine.pdf'), 'and to no other');
select ok(not pg_temp.may_store(pg_temp.path('last'), 'elsewhere'), 'nor to another bucket');
select pg_temp.store(pg_temp.path('last'));
select pg_temp.reserve('pair', 'left');
select pg_temp.store(pg_temp.path('left'));
select pg_temp.age('left', '26 hours');
select is(pg_temp.may_read('living', 'last', 'left'), array['living'], 'she reads what is in a message');
select is(
  (select count(*) from storage.objects where bucket_id <> 'chat-attachments'), 0::bigint, 'and nothing of another bucket'
);
-- Storage sets its operation for policies.
set local storage.operation = 'storage.object.list_v2';
select is(pg_temp.may_read('living', 'last', 'left'), '{}', 'a listing shows her nothing');
select is(chat.first_file(), null, 'a listing has no first file');
set local storage.operation = 'storage.s3.object.list';
select is(pg_temp.may_read('living', 'last', 'left'), '{}', 'nor does one by S3');
set local storage.operation = 'storage.object.sign_many';
select is(pg_temp.may_read('living', 'last', 'left'), array['living'], 'a signing shows her the same as before');
select is(chat.first_file(), (
  select min(p.chat_id::text) from chat.chat_participants p where p.user_id = chat_tests.id('alice') and p.left_at is null
), 'and has the first of her chats for its first file');
reset storage.operation;
select ok(not pg_temp.remove('living'), 'and removes nothing');
select chat_tests.act_as('sweeper');
select is(pg_temp.may_read('living', 'last', 'left'), array['left'], 'the sweeper sees what is left over');
set local storage.operation = 'storage.object.list_v2';
select is(pg_temp.may_read('living', 'last', 'left'), array['left'], 'the sweeper lists it too');
reset storage.operation;
select is(
  (select count(*) from storage.objects where bucket_id <> 'chat-attachments'), 0::bigint, 'and nothing of another bucket'
);
reset role;
create policy "everybody sees everything" on storage.objects for select to authenticated using (true);
select chat_tests.act_as('alice');
select ok(not pg_temp.remove('left'), 'even who sees a leftover does not remove it');
select chat_tests.act_as('sweeper');
select is(pg_temp.rows_of($$ delete from storage.objects where true $$), 1::bigint, 'the sweeper removes it, and nothing else');

select * from finish();
rollback;
