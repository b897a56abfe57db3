-- What the channels are told when people join and leave, and where a chat goes on that somebody could still hear.
--
-- A broadcast is a row of realtime.messages, which Realtime's server reads.
--
-- needs: friends, rooms

begin;
select plan(21);

select chat_tests.begin_story();
select chat_tests.begin_listening();

select chat_tests.add_people('alice', 'bob', 'carol', 'dave');
select chat_tests.befriend(chat_tests.id('alice'), other) from unnest(chat_tests.ids('bob', 'dave')) as other;
select chat_tests.give_party('carol', 'alice', 'bob');
select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;
select chat_tests.act_as('bob');
select chat_tests.say('group chat', 'all read');
reset role;
select pg_temp.hear_no_more();

-- Joining and leaving ----------------------------------------------------------------

reset role;
select chat_tests.add_members(chat_tests.ids('party'), chat_tests.ids('dave'));
select set_eq(
  'select * from pg_temp.heard()',
  $$ values
    (pg_temp.user_topic('dave'), 'chat.created', jsonb_build_object('chatId', chat_tests.id('group chat'), 'rev', 1)),
    (pg_temp.chat_topic('group chat'), 'chat.joined', jsonb_build_object(
      'chatId', chat_tests.id('group chat'), 'userIds', array[chat_tests.id('dave')]
    )) $$,
  'a new participant is told of the chat, and the chat of the new participant'
);
select chat.follow_people(array[row(chat_tests.id('party'), chat_tests.id('dave'))::chat.membership], '{}');
select is_empty('select * from pg_temp.heard()', 'once, however often the host says so');

select chat_tests.act_as('alice');
select is(public.get_chat(chat_tests.id('group chat')) ->> 'topic', pg_temp.chat_topic('group chat'), 'a chat begins at the plain topic');
select is(
  public.list_changes(chat_tests.id('group chat'), 1) ->> 'topic', pg_temp.chat_topic('group chat'), 'the feed tells the same topic'
);
select chat_tests.act_as('dave');
select public.leave_chat(chat_tests.id('group chat'));
select set_eq(
  'select * from pg_temp.heard()',
  $$ values
    (pg_temp.chat_topic('group chat'), 'chat.left', jsonb_build_object(
      'chatId', chat_tests.id('group chat'), 'userIds', array[chat_tests.id('dave')], 'topic', pg_temp.chat_topic('group chat') || ':1'
    )),
    (pg_temp.user_topic('dave'), 'chat.left', jsonb_build_object('chatId', chat_tests.id('group chat'))) $$,
  'the last broadcast at the old topic names the next topic'
);
select chat_tests.act_as('alice');
select is(
  public.get_chat(chat_tests.id('group chat')) ->> 'topic', pg_temp.chat_topic('group chat') || ':1', 'the chat is at the next topic'
);
select is(
  public.list_changes(chat_tests.id('group chat'), 1) ->> 'topic', pg_temp.chat_topic('group chat') || ':1', 'and the feed tells it'
);
select chat_tests.say('group chat', 'without dave');
select public.mark_read(chat_tests.id('group chat'), chat_tests.id('all read'));
select public.edit_message(chat_tests.id('group chat'), chat_tests.id('without dave'), 'without dave, changed');
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('without dave'));
select public.send_typing(chat_tests.id('group chat'));
select set_eq(
  $$ select event, topic from pg_temp.heard() where topic like 'chat:%' $$,
  $$ select event, pg_temp.chat_topic('group chat') || ':1'
     from unnest(array['message.created', 'chat.read', 'message.updated', 'message.deleted', 'typing']) as event $$,
  'nothing more comes to the topic that he could hear'
);
reset role;
select is(
  (select count(*) from realtime.messages m where m.topic = pg_temp.user_topic('dave') and m.event = 'chat.updated'), 0::bigint,
  'nor to his own'
);
select chat_tests.remove_members(chat_tests.ids('party'), chat_tests.ids('bob'));
select is(
  (select h.payload ->> 'topic' from pg_temp.heard() h where h.event = 'chat.left' and h.topic = pg_temp.chat_topic('group chat') || ':1'),
  pg_temp.chat_topic('group chat') || ':2', 'a removal by the host moves the chat on as well'
);
select chat_tests.add_members(chat_tests.ids('party'), chat_tests.ids('bob'));
select set_eq(
  'select topic, event from pg_temp.heard()',
  $$ values
    (pg_temp.user_topic('bob'), 'chat.created'), (pg_temp.chat_topic('group chat') || ':2', 'chat.joined') $$,
  'a person who comes back joins at the present topic'
);
delete from auth.users where id = chat_tests.id('bob');
select is(
  (select c.topic_version from chat.chats c where c.id = chat_tests.id('pair')), 1, 'a pair''s chat moves on when one''s account is deleted'
);
select bag_eq(
  'select * from pg_temp.heard()',
  $$ values
    (pg_temp.chat_topic('pair'), 'chat.left', jsonb_build_object(
      'chatId', chat_tests.id('pair'), 'userIds', array[chat_tests.id('bob')], 'topic', pg_temp.chat_topic('pair') || ':1'
    )),
    (pg_temp.chat_topic('group chat') || ':2', 'chat.left', jsonb_build_object(
      'chatId', chat_tests.id('group chat'), 'userIds', array[chat_tests.id('bob')], 'topic', pg_temp.chat_topic('group chat') || ':3'
    )) $$,
  'telling those who stay, and not the account that is gone'
);
select is(
  (select c.topic_version from chat.chats c where c.id = chat_tests.id('group chat')), 3, 'and so does a group''s'
);
select is(
  (
    select m.payload - 'id' - 'chatId' from realtime.messages m
    where m.topic = pg_temp.chat_topic('group chat') || ':2' and m.event = 'chat.left'
  ),
  jsonb_build_object('userIds', array[chat_tests.id('bob')], 'topic', pg_temp.chat_topic('group chat') || ':3'), 'telling those who stay'
);

-- A pair -----------------------------------------------------------------------------

select chat_tests.act_as('alice');
insert into known (name, id) select 'friends', (public.open_direct_chat(chat_tests.id('dave')) ->> 'id')::uuid;
insert into seen select line, chat_tests.say('friends', line) from unnest(array['before', 'before, too']) as line;
select pg_temp.hear_no_more();
select chat_tests.act_as('dave');
select public.leave_chat(chat_tests.id('friends'));
select set_eq(
  'select * from pg_temp.heard()',
  $$ values (pg_temp.user_topic('dave'), 'chat.left', jsonb_build_object('chatId', chat_tests.id('friends'))) $$,
  'leaving a pair''s chat is told to the leaver''s devices, and the other notices nothing'
);
select chat_tests.act_as('alice');
select is(public.get_chat(chat_tests.id('friends')) ->> 'topic', pg_temp.chat_topic('friends'), 'the topic stays too');
select chat_tests.say('friends', 'come back');
select set_eq(
  'select topic, event from pg_temp.heard()',
  $$ values
    (pg_temp.chat_topic('friends'), 'message.created'), (pg_temp.user_topic('alice'), 'chat.updated'),
    (pg_temp.user_topic('dave'), 'chat.created') $$,
  'a message brings it back to the leaver''s list'
);
select public.edit_message(chat_tests.id('friends'), chat_tests.id('before, too'), 'changed behind his back');
select set_eq(
  'select * from pg_temp.heard()',
  $$ select topic, event, jsonb_build_object('chatId', chat_tests.id('friends'), 'rev', 4)
     from (values
       (pg_temp.chat_topic('friends'), 'message.updated'),
       (pg_temp.user_topic('alice'), 'chat.updated'), (pg_temp.user_topic('dave'), 'chat.updated')
     ) as told (topic, event) $$,
  'an edit of what he left behind is told without its content'
);
select public.edit_message(chat_tests.id('friends'), chat_tests.id('come back'), 'do come back');
select is(
  (select h.payload from pg_temp.heard() h where h.event = 'message.updated'),
  jsonb_build_object('chatId', chat_tests.id('friends'), 'rev', 5), 'and so is an edit of what he sees: alice must notice no difference'
);
select public.delete_message(chat_tests.id('friends'), chat_tests.id('before, too'));
select is(
  (select h.payload from pg_temp.heard() h where h.event = 'message.deleted'),
  jsonb_build_object('chatId', chat_tests.id('friends'), 'rev', 6, 'kind', 'delete', 'messageId', chat_tests.id('before, too')),
  'a deletion needs no more than its id'
);

select * from finish();
rollback;
