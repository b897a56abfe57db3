-- Leaving the chat of an event and a direct chat, and coming back.
--
-- needs: friends, events

begin;
select plan(35);

select chat_tests.begin_story();
select chat_tests.begin_direct_chats();

select chat_tests.add_people('alice', 'bob', 'carol', 'dave');
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));
insert into known (name, id) select 'event', chat_tests.open_event('Event 1', chat_tests.ids('carol'));
insert into known (name, id) select 'event 1', chat_tests.chat_of(chat_tests.id('event'));
select chat_tests.add_authors(chat_tests.ids('event'), chat_tests.ids('alice', 'dave'));

select chat_tests.act_as('alice');
insert into known select 'alice and bob', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;
select chat_tests.act_as('bob');
select chat_tests.say('alice and bob', 'hello');
select chat_tests.act_as('alice');
select chat_tests.say('alice and bob', 'an answer');
select chat_tests.act_as('carol');
select chat_tests.say('event 1', 'said at event 1');

-- Leaving a group chat ---------------------------------------------------------

select chat_tests.act_as('dave');
select chat_tests.say('event 1', 'a word before leaving');
select lives_ok($$ select public.leave_chat(chat_tests.id('event 1')) $$, 'dave leaves the event''s chat');
select throws_ok(
  format('select public.%s', call), 'PT403', 'not_participant',
  format('afterwards he is refused: %s', split_part(call, '(', 1))
)
from unnest(array[
  $$get_chat(chat_tests.id('event 1'))$$,
  $$leave_chat(chat_tests.id('event 1'))$$,
  $$mark_read(chat_tests.id('event 1'), chat_tests.id('said at event 1'))$$,
  $$list_reads(chat_tests.id('event 1'))$$,
  $$change_chat_settings(chat_tests.id('event 1'), pinned => true)$$,
  $$list_messages(chat_tests.id('event 1'))$$,
  $$send_message(chat_tests.id('event 1'), 'one more thing')$$,
  $$edit_message(chat_tests.id('event 1'), chat_tests.id('a word before leaving'), 'another word')$$,
  $$delete_message(chat_tests.id('event 1'), chat_tests.id('a word before leaving'))$$
]) as call;
select is(public.list_chats()::jsonb -> 'data', '[]', 'his list no longer shows it');
select is_empty('select id from chat.chats', 'nor does the table');
select is_empty('select id from public.messages', 'its messages are closed too');

select chat_tests.act_as('carol');
select chat_tests.say('event 1', 'where is dave');
select is(
  array(select jsonb_array_elements_text(public.get_chat(chat_tests.id('event 1'))::jsonb -> 'participants')),
  array[chat_tests.id('carol'), chat_tests.id('alice')]::text[],
  'the others no longer see him there'
);
select chat_tests.act_as('dave');
select throws_ok(
  $$ select public.get_chat(chat_tests.id('event 1')) $$, 'PT403', 'not_participant', 'a message of theirs does not bring him back'
);
reset role;
select chat_tests.publish_event(chat_tests.id('event'));
select chat_tests.act_as('dave');
select throws_ok(
  $$ select public.get_chat(chat_tests.id('event 1')) $$, 'PT403', 'not_participant', 'nor does publishing the event again'
);
reset role;
select chat_tests.remove_authors(chat_tests.ids('event'), chat_tests.ids('dave'));
select chat_tests.add_authors(chat_tests.ids('event'), chat_tests.ids('dave'));
select chat_tests.act_as('dave');
select is(chat_tests.unread('event 1'), 0, 'the event adds him again: he is back, and what was said meanwhile is history');
select is(
  public.get_chat(chat_tests.id('event 1'))::jsonb - array['createdAt', 'participants', 'eventId', 'lastMessage'],
  jsonb_build_object(
    'id', chat_tests.id('event 1'), 'type', 'event_authors', 'groupId', null, 'name', 'Event 1', 'goneParticipants', jsonb_build_array(),
    'lastMessageAt', chat_tests.rfc3339(m.created_at), 'unreadCount', 0, 'unreadMentions', 0, 'settings', chat_tests.settings(), 'lastReadAt', chat_tests.rfc3339(m.created_at),
    'rev', 3, 'historyRev', 0, 'epoch', chat.epoch(), 'topic', 'chat:' || chat_tests.id('event 1') || ':1'
  ),
  'he has its whole history, and is told that he has read it'
)
from public.messages m where m.id = chat_tests.id('where is dave');

-- Leaving a direct chat --------------------------------------------------------

select chat_tests.act_as('alice');
insert into seen (moment, answer) select 'before bob leaves', public.get_chat(chat_tests.id('alice and bob'));
select chat_tests.act_as('bob');
select lives_ok($$ select public.leave_chat(chat_tests.id('alice and bob')) $$, 'bob leaves the direct chat');
select throws_ok(
  $$ select public.get_chat(chat_tests.id('alice and bob')) $$, 'PT403', 'not_participant', 'it is closed to him'
);
select throws_ok(
  $$ select public.send_message(chat_tests.id('alice and bob'), 'still there?') $$, 'PT403', 'not_participant',
  'he cannot send to it either'
);
select is_empty('select id from public.messages', 'nor read a word of it');
select chat_tests.act_as('alice');
select is(
  public.get_chat(chat_tests.id('alice and bob'))::jsonb, (select s.answer from seen s where s.moment = 'before bob leaves'),
  'alice does not notice'
);
select chat_tests.say('alice and bob', 'are you there');
select chat_tests.act_as('bob');
select results_eq(
  $$ select message ->> 'text'
     from jsonb_array_elements(public.list_messages(chat_tests.id('alice and bob'))::jsonb -> 'data') as message $$,
  array['are you there'],
  'a new message brings it back for him, without the history'
);
select results_eq('select id from public.messages', array[chat_tests.id('are you there')], 'the table shows him no more than that');
select is(chat_tests.unread('alice and bob'), 1, 'only the new message is unread');
select is(
  public.get_chat(chat_tests.id('alice and bob'))::jsonb -> 'lastMessage' ->> 'id', chat_tests.id('are you there')::text,
  'and it is the last one'
);
select throws_ok(
  $$ select public.mark_read(chat_tests.id('alice and bob'), chat_tests.id('an answer')) $$,
  'PT404', 'message_not_found', 'a message of before he left is not there for him'
);
select lives_ok(
  $$ select public.send_message(chat_tests.id('alice and bob'), 'once', 'c0ffee00-0000-4000-8000-000000000001') $$,
  'he sends a message with a key'
);
select public.leave_chat(chat_tests.id('alice and bob'));
select public.open_direct_chat(chat_tests.id('alice'));
select throws_ok(
  $$ select public.send_message(chat_tests.id('alice and bob'), 'once', 'c0ffee00-0000-4000-8000-000000000001') $$,
  'PT404', 'message_not_found', 'the key brings back no message from before he left again'
);

select public.leave_chat(chat_tests.id('alice and bob'));
select is(
  public.open_direct_chat(chat_tests.id('alice')) ->> 'id', chat_tests.id('alice and bob')::text, 'opening it brings it back as well'
);
reset role;
select is(
  (select r.last_read_at from chat.read_marks r where r.chat_id = chat_tests.id('alice and bob') and r.user_id = chat_tests.id('bob')),
  (select m.created_at from public.messages m where m.id = chat_tests.id('hello')), 'bob''s mark is where it was'
);
select chat_tests.act_as('bob');
select is(
  public.get_chat(chat_tests.id('alice and bob'))::jsonb,
  pg_temp.direct_chat_of('alice', 'bob') || (
    select jsonb_build_object(
      'lastMessageAt', chat_tests.rfc3339(c.last_message_at), 'lastReadAt', chat_tests.rfc3339(c.last_message_at),
      'rev', c.rev, 'historyRev', c.rev
    )
    from chat.chats c where c.id = chat_tests.id('alice and bob')
  ),
  'empty: no last message, nothing unread, both in it, all revs behind him, and read to where his history begins'
);
select is(
  public.list_messages(chat_tests.id('alice and bob'))::jsonb, '{"data": [], "nextCursor": null, "prevCursor": null}', 'and without the history'
);
select chat_tests.act_as('alice');
select is(
  jsonb_array_length(public.list_messages(chat_tests.id('alice and bob'), 100)::jsonb -> 'data'), 4,
  'alice still has all of hers'
);

select * from finish();
rollback;
