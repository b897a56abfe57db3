-- Reserving a path for a file, as the people of a chat, a stranger and a moderator: the bucket, what a file may be, and
-- how many reservations a person may have.
--
-- needs: friends, blocks, rooms

begin;
select plan(67);

select chat_tests.begin_story();
select chat_tests.begin_uploads();

select chat_tests.add_people('alice', 'bob', 'carol', 'dave', 'stranger');
insert into known (name) select unnest(array['unknown chat']);

-- Alice, bob and dave come to a party of carol's, and alice is a friend of the others.
select chat_tests.befriend(chat_tests.id('alice'), friend) from unnest(chat_tests.ids('bob', 'dave')) as friend;
select chat_tests.give_party('carol', 'alice', 'bob', 'dave');

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
  'it takes no type that a browser would run, and no unknown type'
);
select ok(
  b.allowed_mime_types @> array['image/jpeg', 'image/png', 'video/mp4', 'audio/mpeg', 'application/pdf', 'text/plain', 'application/zip'],
  'and the usual ones'
)
from storage.buckets b where b.id = 'chat-attachments';

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
  'the reservation is stored'
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
  ('text/plain', 10, pg_temp.field('contentType', 'is not allowed'), 'a single type does not allow the others of its kind'),
  ('application/pdf', 10, pg_temp.field('contentType', 'is not allowed'), 'types that the bucket does not list are refused'),
  ('image/tiff', 11, pg_temp.field('size', 'is too large'), 'and so are files over its limit')
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
  chat_tests.refusal('reserve_upload(null, ''a'', ''application/pdf'', 5)'), 'PT404 chat_not_found', 'null is no chat'
);
select chat_tests.act_as('stranger', '{"app_metadata": {"role": "moderator"}}');
select is(
  chat_tests.refusal('reserve_upload(chat_tests.id(''pair''), ''a'', ''application/pdf'', 5)'), 'PT403 not_participant', 'a moderator who is no participant reserves nothing'
);
reset role;
select chat_tests.block(chat_tests.id('bob'), chat_tests.id('alice'));
select chat_tests.act_as('alice');
select is(
  chat_tests.refusal('reserve_upload(chat_tests.id(''pair''), ''a'', ''application/pdf'', 5)'), 'PT403 blocked', 'a person who is blocked reserves nothing in the direct chat'
);
select pg_temp.reserve('group chat', 'for the group');
select pass('but does in a group, where a block counts for nothing');
reset role;
select chat_tests.unblock(chat_tests.id('bob'), chat_tests.id('alice'));
set local role anon;
set local request.jwt.claims = '{"role": "anon"}';
select is(
  chat_tests.refusal('reserve_upload(chat_tests.id(''pair''), ''a'', ''application/pdf'', 5)'), '42501 permission denied for function reserve_upload', 'nor does anon'
);
reset role;
delete from chat.uploads where path <> pg_temp.path('first') and path <> pg_temp.path('for the group');

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
  chat_tests.refusal('reserve_upload(chat_tests.id(''pair''), ''a'', ''text/html'', 5)'), pg_temp.field('contentType', 'is not allowed'), 'a fault of the request is told before the limit'
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
  chat_tests.refusal('reserve_upload(chat_tests.id(''pair''), ''a'', ''application/pdf'', 5)'), '^PT429 rate_limited 7(200|19[0-9])$', 'but only one for each'
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

select * from finish();
rollback;
