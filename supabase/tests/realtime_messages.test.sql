-- What the channels are told of new chats, messages and read marks, and what is published.
--
-- A broadcast is a row of realtime.messages, which Realtime's server reads.
--
-- needs: friends, rooms

begin;
select plan(21);

select chat_tests.begin_story();
select chat_tests.begin_listening();

create function pg_temp.as_last(message jsonb) returns jsonb
language sql stable
as $$
  select jsonb_build_object(
    'id', message -> 'id', 'senderId', message -> 'senderId', 'text', message -> 'text', 'createdAt', message -> 'createdAt',
    'hasAttachment', message -> 'attachment' <> 'null'
  )
$$;

select chat_tests.add_people('alice', 'bob', 'carol');
insert into known (name) select unnest(array['key']);
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));
select pg_temp.hear_no_more();

-- The publication ------------------------------------------------------------------

select set_eq(
  $$ select schemaname::text, tablename::text from pg_catalog.pg_publication_tables
     where pubname = 'supabase_realtime' and schemaname in ('public', 'chat') $$,
  $$ values ('public', 'messages') $$,
  'messages are published, and no other table'
);
select is(
  (select relreplident::text from pg_catalog.pg_class where oid = 'public.messages'::regclass), 'd',
  'with the default replica identity: a deleted row tells its key alone'
);
select is(
  (select array[pubinsert, pubupdate, pubdelete] from pg_catalog.pg_publication where pubname = 'supabase_realtime'),
  array[true, true, true], 'insertions, updates and deletions are published'
);

-- Chats come to their people -------------------------------------------------------

select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;
select set_eq(
  'select * from pg_temp.heard()',
  $$ select pg_temp.user_topic(person), 'chat.created', jsonb_build_object('chatId', chat_tests.id('pair'), 'rev', 0)
     from unnest(array['alice', 'bob']) as person $$,
  'both of a pair are told of their chat, each on their own channel, and nobody of joining'
);
select public.open_direct_chat(chat_tests.id('bob'));
select is_empty('select * from pg_temp.heard()', 'opening it again is no news');

reset role;
insert into known (name, id)
select 'party', chat_tests.open_room('Party', chat_tests.ids('carol'), chat_tests.ids('alice', 'bob'));
insert into known (name, id) select 'group chat', chat_tests.chat_of(chat_tests.id('party'));
select set_eq(
  'select * from pg_temp.heard()',
  $$ select pg_temp.user_topic(person), 'chat.created', jsonb_build_object('chatId', chat_tests.id('group chat'), 'rev', 0)
     from unnest(array['alice', 'bob', 'carol']) as person $$,
  'so are the people of a chat of several when it is opened'
);

-- Messages -------------------------------------------------------------------------

select chat_tests.act_as('alice');
insert into seen select 'sent', chat_tests.say('group chat', 'hello', chat_tests.id('key'));
select set_eq(
  'select * from pg_temp.heard()',
  $$ select
       pg_temp.chat_topic('group chat'), 'message.created',
       jsonb_build_object('chatId', chat_tests.id('group chat'), 'rev', 1, 'kind', 'upsert', 'message', chat_tests.answer('sent') - 'replyTo')
     union all
     select
       pg_temp.user_topic(person), 'chat.updated',
       jsonb_build_object(
         'chatId', chat_tests.id('group chat'), 'rev', 1, 'kind', 'created', 'message', pg_temp.as_last(chat_tests.answer('sent'))
       )
     from unnest(array['alice', 'bob', 'carol']) as person $$,
  'a message is told as its sender''s answer has it, once to the chat and once to each participant'
);
select is(
  (select count(*) from realtime.messages m where m.payload ->> 'id' is null), 0::bigint,
  'Realtime gives each broadcast an id'
);
select chat_tests.say('group chat', 'hello', chat_tests.id('key'));
select is_empty('select * from pg_temp.heard()', 'the same message again is no news');
insert into seen
select 'reserved', public.reserve_upload(chat_tests.id('pair'), 'plan.pdf', 'application/pdf', 5);
select is_empty('select * from pg_temp.heard()', 'an upload that is only begun is no news');
reset role;
insert into storage.objects (bucket_id, name, metadata)
values ('chat-attachments', chat_tests.answer('reserved') ->> 'path', '{"size": 5, "mimetype": "application/pdf"}');
select chat_tests.act_as('alice');
insert into seen
select 'file', public.send_message(chat_tests.id('pair'), attachment_path => chat_tests.answer('reserved') ->> 'path');
select set_eq(
  'select * from pg_temp.heard()',
  $$ select
       pg_temp.chat_topic('pair'), 'message.created',
       jsonb_build_object('chatId', chat_tests.id('pair'), 'rev', 1, 'kind', 'upsert', 'message', chat_tests.answer('file') - 'replyTo')
     union all
     select
       pg_temp.user_topic(person), 'chat.updated',
       jsonb_build_object(
         'chatId', chat_tests.id('pair'), 'rev', 1, 'kind', 'created', 'message', pg_temp.as_last(chat_tests.answer('file'))
       )
     from unnest(array['alice', 'bob']) as person $$,
  'a file is told as its sender''s answer has it, and as the last message has no text'
);
select is(
  (chat_tests.answer('file') -> 'attachment') - 'path',
  '{"fileName": "plan.pdf", "contentType": "application/pdf", "size": 5, "width": null, "height": null}',
  'with what it is, and where'
);
select public.delete_message(chat_tests.id('pair'), (chat_tests.answer('file') ->> 'id')::uuid);
select is(
  (select h.payload - 'chatId' from pg_temp.heard() h where h.event = 'message.deleted'),
  jsonb_build_object('rev', 2, 'kind', 'delete', 'messageId', chat_tests.answer('file') -> 'id'), 'its deletion is told as that of any message'
);
select throws_ok(
  $$ select public.send_message(chat_tests.id('group chat'), 'another', chat_tests.id('key')) $$, 'PT409', 'idempotency_mismatch',
  'a refused one is refused'
);
select is_empty('select * from pg_temp.heard()', 'and no news either');

insert into seen
select 'edited', public.edit_message(chat_tests.id('group chat'), chat_tests.id('hello'), 'hello all')::jsonb;
select set_eq(
  'select * from pg_temp.heard()',
  $$ select
       pg_temp.chat_topic('group chat'), 'message.updated',
       jsonb_build_object('chatId', chat_tests.id('group chat'), 'rev', 2, 'kind', 'upsert', 'message', chat_tests.answer('edited') - 'replyTo')
     union all
     select
       pg_temp.user_topic(person), 'chat.updated',
       jsonb_build_object(
         'chatId', chat_tests.id('group chat'), 'rev', 2, 'kind', 'updated', 'message', pg_temp.as_last(chat_tests.answer('edited'))
       )
     from unnest(array['alice', 'bob', 'carol']) as person $$,
  'an edit is told whole'
);

select chat_tests.act_as('carol');
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('hello'));
select set_eq(
  'select * from pg_temp.heard()',
  $$ select
       pg_temp.chat_topic('group chat'), 'message.deleted',
       jsonb_build_object('chatId', chat_tests.id('group chat'), 'rev', 3, 'kind', 'delete', 'messageId', chat_tests.id('hello'))
     union all
     select
       pg_temp.user_topic(person), 'chat.updated',
       jsonb_build_object('chatId', chat_tests.id('group chat'), 'rev', 3, 'kind', 'deleted')
     from unnest(array['alice', 'bob', 'carol']) as person $$,
  'a deletion is told by the id and the rev, without the text'
);
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('hello'));
select is_empty('select * from pg_temp.heard()', 'a second deletion is no news');

-- Reading --------------------------------------------------------------------------

select chat_tests.act_as('alice');
insert into seen
select line, chat_tests.say('group chat', line) from unnest(array['read me', 'and me']) as line;
select pg_temp.hear_no_more();
select chat_tests.act_as('bob');
select public.mark_read(chat_tests.id('group chat'), chat_tests.id('read me'));
select set_eq(
  'select * from pg_temp.heard()',
  $$ values
    (pg_temp.chat_topic('group chat'), 'chat.read', jsonb_build_object(
      'chatId', chat_tests.id('group chat'), 'userId', chat_tests.id('bob'), 'messageId', chat_tests.id('read me'),
      'lastReadAt', chat_tests.answer('read me') -> 'createdAt'
    )),
    (pg_temp.user_topic('bob'), 'chat.updated', jsonb_build_object(
      'chatId', chat_tests.id('group chat'), 'rev', 5, 'kind', 'read', 'unreadCount', 1, 'unreadMentions', 0, 'lastReadAt', chat_tests.answer('read me') -> 'createdAt'
    )) $$,
  'the chat is told who has read how far, and the reader''s other devices what is left'
);
select public.mark_read(chat_tests.id('group chat'), chat_tests.id('read me'));
select is_empty('select * from pg_temp.heard()', 'a mark that does not move is no news');
select public.mark_read(chat_tests.id('group chat'), chat_tests.id('and me'));
select pg_temp.hear_no_more();
select chat_tests.say('group chat', 'all read');
select is_empty(
  $$ select * from pg_temp.heard() where event = 'chat.read' $$, 'a send is not told as a reading, also by a sender who has read everything'
);

select * from finish();
rollback;
