-- Putting an upload into a message: which one may go into which message, what the message shows, and retries.
--
-- needs: friends, blocks, rooms

begin;
select plan(72);

select chat_tests.begin_story();
select chat_tests.begin_uploads();

select chat_tests.add_people('alice', 'bob', 'carol', 'dave');
insert into known (name) select unnest(array['key', 'key 2']);

-- Alice, bob and dave come to a party of carol's, and alice is a friend of the others.
select chat_tests.befriend(chat_tests.id('alice'), friend) from unnest(chat_tests.ids('bob', 'dave')) as friend;
select chat_tests.give_party('carol', 'alice', 'bob', 'dave');
insert into storage.buckets (id, name) values ('elsewhere', 'elsewhere');

select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;
reset role;

select chat_tests.act_as('alice');
select pg_temp.reserve('pair', 'upload ' || n) from generate_series(6, 18) as n;
select pg_temp.reserve('group chat', 'for the group');
select chat_tests.act_as('bob');
select pg_temp.reserve('pair', 'of bob');

-- Putting it into a message ----------------------------------------------------------

create function pg_temp.attach(file_name text, chat text default 'pair') returns text
language sql
as $$ select chat_tests.refusal(format('send_message(chat_tests.id(%L), attachment_path => %L)', chat, pg_temp.path(file_name))) $$;

select chat_tests.act_as('alice');
insert into seen (moment, answer) select 'rev before', to_jsonb(c.rev) from chat.chats c where c.id = chat_tests.id('pair');
select is(pg_temp.attach('upload 6'), pg_temp.field('attachmentUrl', 'has not been uploaded'), 'a reservation without a file cannot be sent');
reset role;
insert into storage.objects (bucket_id, name, metadata)
values ('elsewhere', pg_temp.path('upload 6'), '{"size": 5, "mimetype": "application/pdf"}');
select chat_tests.act_as('alice');
select is(pg_temp.attach('upload 6'), pg_temp.field('attachmentUrl', 'has not been uploaded'), 'nor a file in another bucket');
select pg_temp.store(pg_temp.path('upload 6'), metadata) from unnest(array[null::jsonb]) as metadata;
select is(
  pg_temp.attach('upload 6'), pg_temp.field('attachmentUrl', 'differs from what was declared: size'), 'nor a file without metadata'
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
  pg_temp.field('attachmentUrl', 'is not one of your uploads in this chat'), said
)
from (values
  (pg_temp.path('for the group'), 'nor an upload to another chat'),
  (pg_temp.path('of bob'), 'nor another person''s upload'),
  (pg_temp.path('upload 14') || ' ', 'nor anything like one'),
  (upper(pg_temp.path('upload 14')), 'nor in capitals'),
  (replace(pg_temp.path('upload 14'), '/', '//'), 'nor with more slashes'),
  ('../' || pg_temp.path('upload 14'), 'nor from above'),
  ('chat-attachments/' || pg_temp.path('upload 14'), 'nor with its bucket'),
  ('', 'nor no path'),
  (repeat('x', 100000), 'nor a long one'),
  (concat_ws('/', chat_tests.id('pair'), chat_tests.id('alice'), gen_random_uuid(), 'a.pdf'), 'nor a path that nobody has reserved')
) as attempt (path, said);
select pg_temp.age('upload 14', '23 hours 59 minutes');
select is(pg_temp.attach('upload 14'), 'not at all', 'for a day it can be sent');
select pg_temp.age('upload 15', '24 hours 1 minute');
select is(pg_temp.attach('upload 15'), pg_temp.field('attachmentUrl', 'was reserved too long ago'), 'and after a day it cannot');
select is(pg_temp.attach('upload 14'), pg_temp.field('attachmentUrl', 'is in a message already'), 'it can be sent once');
select chat_tests.act_as('bob');
select is(
  pg_temp.attach('upload 14'), pg_temp.field('attachmentUrl', 'is not one of your uploads in this chat'), 'only the person who uploaded it can send it'
);
select chat_tests.act_as('alice');
select is(
  pg_temp.attach('upload 14', 'group chat'), pg_temp.field('attachmentUrl', 'is not one of your uploads in this chat'), 'and only to the chat that it was uploaded to'
);
select is(
  (select c.rev from chat.chats c where c.id = chat_tests.id('pair')), (chat_tests.answer('rev before') #>> '{}')::bigint + 1,
  'a refused send takes no rev'
);
reset role;
select is(
  (select a.used from chat.allowances a where a.user_id = chat_tests.id('alice') and a.name = 'send'), 1, 'nor anything of her allowance to send'
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
    'clientId', chat_tests.id('key'),
    'replyToId', null, 'replyTo', null, 'mentions', jsonb_build_array(), 'reactions', jsonb_build_array(),
    'createdAt', chat_tests.rfc3339(m.created_at), 'editedAt', null,
    'editableUntil', chat_tests.rfc3339(m.created_at + interval '15 minutes'), 'rev', m.rev
  ) || changes
  from public.messages m where m.id = chat_tests.id('photo')
$$;
select is(chat_tests.answer('sent'), pg_temp.sent_photo(), 'and comes back whole, without a text');
select matches(
  public.list_messages(chat_tests.id('pair'), 1)::text, '"attachment":\{"path":"', 'the edge finds an attachment by these characters of the JSON'
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
  $$ select u.path from chat.uploads u where u.path = pg_temp.path('photo') $$, 'its reservation has ended'
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
select is(current_setting('response.status', true), '', 'a retry is not 201');
select pg_temp.reserve('pair', 'another photo');
select pg_temp.store(pg_temp.path('another photo'), '"{\"httpStatusCode\":200,\"size\":5,\"mimetype\":\"application/pdf\"}"');
select is(
  chat_tests.refusal(format('send_message(chat_tests.id(''pair''), %L, chat_tests.id(''key''), %L)', content, path)), 'PT409 idempotency_mismatch', said
)
from (values
  (null, pg_temp.path('another photo'), 'another file with the key is a mismatch'),
  (null, 'no/such/path', 'also where there is no such file'),
  ('Look', pg_temp.path('photo'), 'and so is a text besides'),
  (pg_temp.path('photo'), null, 'or a text in its place'),
  ('null', pg_temp.path('photo'), 'even the text null')
) as attempt (content, path, said);
select lives_ok(
  $$ select public.send_message(chat_tests.id('pair'), ' Look ', chat_tests.id('key 2'), pg_temp.path('another photo')) $$, 'a text and a file go together'
);
insert into seen (moment, answer) select 'both', public.list_messages(chat_tests.id('pair'), 1)::jsonb -> 'data' -> 0;
select is(
  array[chat_tests.answer('both') ->> 'text', chat_tests.answer('both') #>> '{attachment,fileName}'], array['Look', 'another photo.pdf'], 'in one message'
);
select is(
  public.send_message(chat_tests.id('pair'), 'Look', chat_tests.id('key 2'), pg_temp.path('another photo')) ->> 'id', chat_tests.answer('both') ->> 'id', 'and a retry gives that message'
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
  pg_temp.field('text', 'must have a visible character'), 'invisible characters are no text beside a file'
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
  public.send_message(chat_tests.id('pair'), null, chat_tests.id('key'), pg_temp.path('photo'))::jsonb, chat_tests.answer('edited'), 'and a retry of the first send gives the edited message'
);
select is(
  chat_tests.refusal('edit_message(chat_tests.id(''pair''), chat_tests.id(''photo''), null)'),
  pg_temp.field('text', 'must have 1 to 4000 characters after trimming'), 'an edit cannot remove the text again'
);
reset role;
select chat_tests.block(chat_tests.id('bob'), chat_tests.id('alice'));
select chat_tests.act_as('alice');
select is(pg_temp.attach('with a text'), 'PT403 blocked', 'a person who is blocked sends no file either');
reset role;
select chat_tests.unblock(chat_tests.id('bob'), chat_tests.id('alice'));

-- A used-up allowance is refused before the file is checked, and the file stays reserved.
update chat.allowances set window_start = clock_timestamp() + interval '1 minute', used = 100
where user_id = chat_tests.id('alice') and name = 'send';
select chat_tests.act_as('alice');
select matches(pg_temp.attach('with a text'), '^PT429 rate_limited [0-9]+$', 'a caller over the rate limit sends no file');
reset role;
update chat.allowances set used = 0 where user_id = chat_tests.id('alice') and name = 'send';
select chat_tests.act_as('alice');
select is(pg_temp.attach('with a text'), 'not at all', 'and can send it later');

select * from finish();
rollback;
