-- Messages past the functions: filters of PostgREST, the table and the grants.
--
-- needs: friends, rooms

begin;
select plan(33);

select chat_tests.begin_story();

select chat_tests.add_people('alice', 'bob', 'carol');
insert into known (name) select unnest(array['key']);

-- Alice and bob are friends, and come to a party of carol's.
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));
select chat_tests.give_party('carol', 'alice', 'bob');

select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;

select chat_tests.say('pair', 'hello');

-- Filters ------------------------------------------------------------------------
-- PostgREST filters an answer with a WHERE in the statement that calls the function.

reset role;
select lives_ok('select chat.refuse_filters() WHERE true', 'outside a request a statement may have a filter');
set local request.method = '';
select lives_ok('select chat.refuse_filters() WHERE true', 'so may one after a request');
set local request.method = 'POST';
select throws_ok('select chat.refuse_filters() WHERE true', 'PT400', 'invalid_request', 'a request may not');
select chat_tests.act_as('alice');
set local request.method = '';
select chat_tests.say('pair', 'unfiltered');
select chat_tests.act_as('bob');
select chat_tests.say('pair', 'unread by alice');
reset role;
create temporary table before_filters as
select c.rev, (select count(*) from chat.chats) as chats, (select count(*) from chat.uploads) as uploads,
  (select max(r.last_read_at) from chat.read_marks r where r.chat_id = c.id and r.user_id = chat_tests.id('alice')) as read_to
from chat.chats c where c.id = chat_tests.id('pair');
set local request.method = 'POST';
select chat_tests.act_as('alice');
select is(
  chat_tests.refusal(call || ' WHERE true'), 'PT400 invalid_request the answer cannot be filtered',
  format('a request filters no answer of %s', split_part(call, '(', 1))
)
from unnest(array[
  $$open_direct_chat(chat_tests.id('bob'))$$,
  $$mark_read(chat_tests.id('pair'), chat_tests.id('unread by alice'))$$,
  $$send_message(chat_tests.id('pair'), 'filtered')$$,
  $$edit_message(chat_tests.id('pair'), chat_tests.id('unfiltered'), 'filtered')$$,
  $$add_reaction(chat_tests.id('pair'), chat_tests.id('unfiltered'), '👍')$$,
  $$remove_reaction(chat_tests.id('pair'), chat_tests.id('unfiltered'), '👍')$$,
  $$reserve_upload(chat_tests.id('pair'), 'a.pdf', 'application/pdf', 5)$$
]) as call;
set local request.method = '';
reset role;
select results_eq(
  $$ select c.rev, (select count(*) from chat.chats), (select count(*) from chat.uploads),
       (select max(r.last_read_at) from chat.read_marks r where r.chat_id = c.id and r.user_id = chat_tests.id('alice'))
     from chat.chats c where c.id = chat_tests.id('pair') $$,
  'select rev, chats, uploads, read_to from before_filters', 'and none of these calls writes'
);
select is(
  chat_tests.refusal('send_message(chat_tests.id(''pair''), ''outside a request'') WHERE true'), 'not at all',
  'outside a request a send may have a filter'
);

-- The table and the grants ------------------------------------------------------

select chat_tests.act_as('bob');
select chat_tests.say('pair', 'a whole row');
select is(
  (select to_jsonb(m) from (select * from public.messages where id = chat_tests.id('a whole row')) as m),
  jsonb_build_object(
    'id', chat_tests.id('a whole row'), 'chat_id', chat_tests.id('pair'), 'sender_id', chat_tests.id('bob'), 'text', 'a whole row',
    'attachment_path', null, 'attachment_file_name', null, 'attachment_content_type', null, 'attachment_size', null,
    'attachment_width', null, 'attachment_height', null, 'client_id', null, 'reply_to_id', null,
    'mentions', jsonb_build_array(), 'reactions', jsonb_build_array(), 'rev', c.rev,
    'created_at', to_jsonb(c.last_message_at), 'edited_at', null, 'deleted_at', null, 'deleted_by', null
  ),
  'a participant reads a row of the table whole'
)
from chat.chats c where c.id = chat_tests.id('pair');
select chat_tests.act_as('alice');
select throws_ok(statement, '42501', 'permission denied for table sends', format('a participant is refused: %s', statement))
from unnest(array[
  $$select digest from chat.sends$$,
  $$select message_id from chat.sends where client_id = chat_tests.id('key')$$,
  $$insert into chat.sends (client_id, sender_id, chat_id, message_id, digest) values (chat_tests.id('key'), chat_tests.id('bob'), chat_tests.id('pair'), chat_tests.id('hello'), '')$$,
  $$delete from chat.sends$$
]) as statement;
select throws_ok(statement, '42501', 'permission denied for table messages', format('a participant is refused: %s', statement))
from unnest(array[
  $$insert into public.messages (chat_id, sender_id, text, rev, created_at) values (chat_tests.id('pair'), chat_tests.id('alice'), 'x', 1000, now())$$,
  $$insert into public.messages (chat_id, sender_id, text, rev, created_at) values (chat_tests.id('pair'), chat_tests.id('bob'), 'x', 1000, now())$$,
  $$insert into public.messages (chat_id, sender_id, text, rev, created_at) select chat_tests.id('pair'), chat_tests.id('alice'), 'x', 1000 + n, now() + n * interval '1 second' from generate_series(1, 20000) n$$,
  $$update public.messages set text = 'x'$$,
  $$update public.messages set chat_id = chat_tests.id('group chat')$$,
  $$update public.messages set sender_id = chat_tests.id('bob')$$,
  $$update public.messages set created_at = now(), edited_at = null, rev = 1, deleted_at = null$$,
  $$update public.messages set id = gen_random_uuid()$$,
  $$delete from public.messages$$
]) as statement;
set local role anon;
set local request.jwt.claims = '{"role": "anon"}';
select throws_ok(statement, '42501', 'permission denied for ' || what, format('anon is refused: %s', statement))
from (values
  ('table messages', 'select id from public.messages'),
  ('table messages', 'select count(*) from public.messages'),
  ('table messages', 'delete from public.messages'),
  ('function list_messages', $$select public.list_messages(chat_tests.id('pair'))$$),
  ('function send_message', $$select public.send_message(chat_tests.id('pair'), 'x')$$),
  ('function edit_message', $$select public.edit_message(chat_tests.id('pair'), chat_tests.id('hello'), 'x')$$),
  ('function delete_message', $$select public.delete_message(chat_tests.id('pair'), chat_tests.id('hello'))$$)
) as attempt (what, statement);

select * from finish();
rollback;
