-- The feed of a person who leaves a chat and comes back, and of messages with files.
--
-- needs: friends, rooms

begin;
select plan(35);

select chat_tests.begin_story();
select chat_tests.begin_feed();

select chat_tests.add_people('alice', 'bob', 'carol');

-- Alice and bob are friends, and come to a party of carol's.
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));
select chat_tests.give_party('carol', 'alice', 'bob');

select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;
select pg_temp.say('group chat', 'hello');
select pg_temp.say('group chat', 'a secret');
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('a secret'));

-- Leaving and coming back ------------------------------------------------------------

select chat_tests.act_as('alice');
select pg_temp.say('pair', 'before leaving');
select chat_tests.act_as('bob');
select pg_temp.say('pair', 'bob, before');
select pg_temp.say('pair', 'bob, before, to be deleted');
select chat_tests.act_as('alice');
select public.leave_chat(chat_tests.id('pair'));
select throws_ok(
  $$ select public.list_changes(chat_tests.id('pair'), 0) $$, 'PT403', 'not_participant', 'a person who has left is refused'
);
select is_empty(
  $$ select * from chat.changed_messages(chat_tests.id('pair'), 0, 100, true) $$, 'and not told of the messages that have changed'
);
select lives_ok($$ select public.open_direct_chat(chat_tests.id('bob')) $$, 'alice comes back by herself');
select is(
  pg_temp.feed('pair', 0), '{"data": [], "rev": 3, "hasMore": false}', 'to an empty chat, all of whose revs she knows'
);
select chat_tests.act_as('bob');
select pg_temp.edit('pair', 'bob, before', 'bob, before, changed');
select public.delete_message(chat_tests.id('pair'), chat_tests.id('bob, before, to be deleted'));
select pg_temp.say('pair', 'welcome back');
select chat_tests.act_as('alice');
select is(
  pg_temp.feed('pair', 0),
  jsonb_build_object('data', jsonb_build_array(jsonb_build_object(
    'rev', 6, 'kind', 'upsert', 'message', (select s.answer || '{"editableUntil": null}' from seen s where s.moment = 'welcome back')
  )), 'rev', 6, 'hasMore', false),
  'a change of an earlier message is not in her feed'
);
select is(
  pg_temp.feed('pair', 3, 1) - 'data', '{"rev": 6, "hasMore": false}', 'and makes no page longer'
);
select pg_temp.complete('alice, who came back,', 'pair');
select chat_tests.act_as('alice', '{"app_metadata": {"role": "moderator"}}');
select is(pg_temp.changes('pair'), array['6 welcome back'], 'it is closed to a moderator as well');
select pg_temp.complete('alice, a moderator who came back,', 'pair');
select chat_tests.act_as('bob');
select is(
  pg_temp.changes('pair', 0),
  array['1 before leaving', '4 bob, before, changed', '5 -bob, before, to be deleted', '6 welcome back'], 'bob stayed and still has all of it'
);

select pg_temp.edit('pair', 'bob, before', 'bob, before, changed again');
select chat_tests.act_as('alice');
select is(
  pg_temp.feed('pair', 3, 1) - 'data', '{"rev": 7, "hasMore": false}',
  'a full last page ends at the chat''s rev too, past what is closed'
);
select public.leave_chat(chat_tests.id('pair'));
select chat_tests.act_as('bob');
select pg_temp.say('pair', 'at once');
select chat_tests.act_as('alice');
select is(pg_temp.changes('pair'), array['8 at once'], 'the message that brings her back again is the first of her feed');



select chat_tests.act_as('bob');
select public.leave_chat(chat_tests.id('group chat'));
select is_empty(
  $$ select * from chat.changed_messages(chat_tests.id('group chat'), 0, 100, true) $$, 'a person who has left a group is not told what has changed'
);
select chat_tests.act_as('alice');
select pg_temp.say('group chat', 'meanwhile');
reset role;
select chat_tests.remove_members(chat_tests.ids('party'), chat_tests.ids('bob'));
select chat_tests.add_members(chat_tests.ids('party'), chat_tests.ids('bob'));
select chat_tests.act_as('bob');
select is(pg_temp.changes('group chat', 3), array['4 meanwhile'], 'a person who comes back to a group goes on where they were');
select is(
  pg_temp.changes('group chat'), array['1 hello', '3 -a secret', '4 meanwhile'], 'and has its whole history'
);
select pg_temp.complete('bob, back in the group,', 'group chat');

-- Files ------------------------------------------------------------------------------

select chat_tests.act_as('alice');
insert into seen (moment, answer) select 'reserved', public.reserve_upload(chat_tests.id('group chat'), 'plan.pdf', 'application/pdf', 5);
select is(pg_temp.changes('group chat', 4), '{}', 'an upload that is only begun changes nothing');
reset role;
insert into storage.objects (bucket_id, name, metadata)
select 'chat-attachments', s.answer ->> 'path', '{"size": 5, "mimetype": "application/pdf"}' from seen s where s.moment = 'reserved';
select chat_tests.act_as('alice');
insert into seen (moment, answer)
select 'file', public.send_message(chat_tests.id('group chat'), attachment_path => s.answer ->> 'path') from seen s where s.moment = 'reserved';
insert into known (name, id) select 'file', (s.answer ->> 'id')::uuid from seen s where s.moment = 'file';
select chat_tests.act_as('bob');
select is(
  pg_temp.feed('group chat', 4),
  jsonb_build_object('data', jsonb_build_array(jsonb_build_object(
    'rev', 5, 'kind', 'upsert', 'message', (select s.answer || '{"editableUntil": null}' from seen s where s.moment = 'file')
  )), 'rev', 5, 'hasMore', false),
  'a message of a file is told as any'
);
select is(
  (select s.answer -> 'attachment' ->> 'fileName' from seen s where s.moment = 'file'), 'plan.pdf', 'with its file'
);
select pg_temp.complete('bob, with a file,', 'group chat');
select chat_tests.act_as('alice');
select pg_temp.edit('group chat', 'file', 'a file, named');
select chat_tests.act_as('bob');
select is(
  pg_temp.feed('group chat', 4) #> '{data,0,message,attachment}', (select s.answer -> 'attachment' from seen s where s.moment = 'file'), 'an edit leaves the file'
);
select chat_tests.act_as('alice');
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('file'));
select is(
  pg_temp.feed('group chat', 4) -> 'data', jsonb_build_array(jsonb_build_object('rev', 7, 'kind', 'delete', 'messageId', chat_tests.id('file'))),
  'its deletion is told as that of any message'
);
select chat_tests.act_as('carol');
select is(
  pg_temp.feed('group chat', 6) #> '{data,0,message,attachment}', (select s.answer -> 'attachment' from seen s where s.moment = 'file'),
  'and a moderator still gets the file'
);

select * from finish();
rollback;
