-- The content type and the file name of an upload: what a device sends, and what is stored.
--
-- needs: friends, rooms

begin;
select plan(112);

select chat_tests.begin_story();
select chat_tests.begin_uploads();

select chat_tests.add_people('alice', 'bob', 'carol', 'dave');

-- Alice, bob and dave come to a party of carol's, and alice is a friend of the others.
select chat_tests.befriend(chat_tests.id('alice'), friend) from unnest(chat_tests.ids('bob', 'dave')) as friend;
select chat_tests.give_party('carol', 'alice', 'bob', 'dave');

select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;
reset role;

insert into seen (moment, answer)
select 'bucket', jsonb_build_object('allowed', b.allowed_mime_types::text) from storage.buckets b where b.id = 'chat-attachments';

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
  $$ select u.content_type from chat.uploads u
     except select chat.content_type(u.content_type, 'a') from chat.uploads u $$,
  'the canonical name of a canonical name is the same'
);
delete from chat.uploads where true;

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
  (U&'\212B.txt', U&'\00C5.txt', 'file.txt', 'and so are other characters that look composed'),
  ('../..', 'file', 'file', 'a path upwards'),
  ('../../etc/passwd', 'etc-passwd', 'etc-passwd', 'a path upwards and down again'),
  ('/etc/passwd', 'etc-passwd', 'etc-passwd', 'a path from the root'),
  ('a/./../b.txt', 'a-b.txt', 'a-b.txt', 'a path upwards in between'),
  ('C:\Users\me\photo 1.png', 'C:-Users-me-photo 1.png', 'C-Users-me-photo-1.png', 'Windows has folders too'),
  ('a//b\\c\/d', 'a-b-c-d', 'a-b-c-d', 'one dash for many separators'),
  ('a/', 'a', 'a', 'and none at an end'),
  ('', 'file', 'file', 'no name'),
  (' ', 'file', 'file', 'a space'),
  ('...', 'file', 'file', 'only dots'),
  ('. . .', 'file', 'file', 'dots and spaces'),
  (U&'\200D\200C', 'file', 'file', 'joiners that join nothing'),
  (U&'\200B\FEFF\2060', 'file', 'file', 'invisible characters'),
  (U&'\3164\FFA0\115F\1160\2800', 'file', 'file', 'invisible letters'),
  (U&'a\00ADb\034F\180Ec\17B4\17B5.txt', 'abc.txt', 'abc.txt', 'invisible characters in between'),
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
  (repeat('x', 300) || '.pdf', repeat('x', 251) || '.pdf', repeat('x', 96) || '.pdf', '300 characters and an extension, which stays'),
  (repeat('x', 255), repeat('x', 255), repeat('x', 100), '255 characters'),
  (repeat('x', 250) || ' . x' || repeat('y', 9) || '.pdf', repeat('x', 250) || '.pdf', repeat('x', 96) || '.pdf', 'no dot or space is where it was cut'),
  (repeat(U&'\+01F600', 190) || '.png', repeat(U&'\+01F600', 190) || '.png', 'file.png', '190 emoji'),
  (repeat(U&'\+01F600', 250) || '.png', repeat(U&'\+01F600', 190) || '.png', 'file.png', 'more emoji than a disk would take'),
  (repeat('x', 300) || '.' || repeat('y', 30), repeat('x', 255), repeat('x', 100), 'a long part after a dot is no extension'),
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
  'a path has only these characters'
);
select is_empty(
  $$ select u.file_name from chat.uploads u
     where char_length(u.file_name) not between 1 and 255 or octet_length(u.file_name) > 765 or u.file_name is not nfc normalized $$,
  'and no name is longer than a disk accepts'
);
delete from chat.uploads where true;

select * from finish();
rollback;
