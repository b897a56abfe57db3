-- Unread counts and read marks.
--
-- needs: friends, events

begin;
select plan(25);

-- One person sends hundreds of messages here.
update chat.rate_limits set max_count = 1000000 where name = 'send';

select chat_tests.begin_story();

select chat_tests.add_people('alice', 'bob', 'carol', 'dave');
insert into known (name) select unnest(array['unknown message']);
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));
insert into known (name, id) select 'event', chat_tests.open_event('Event 1', chat_tests.ids('carol'));
insert into known (name, id) select 'event 1', chat_tests.chat_of(chat_tests.id('event'));

-- The read mark of the acting person in a chat.
create function pg_temp.read_to(chat text) returns timestamptz
language sql stable security definer
as $$ select r.last_read_at from chat.read_marks r where r.chat_id = chat_tests.id(chat) and r.user_id = auth.uid() $$;

select chat_tests.act_as('alice');
insert into known select 'alice and bob', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;

-- Unread counts ----------------------------------------------------------------

-- Sends lines as the acting person. The last message has the name.
create function pg_temp.say(chat text, lines integer, called text) returns void
language plpgsql
as $$
declare
  said json;
begin
  for line in 1..lines loop
    said := public.send_message(chat_tests.id(chat), format('%s %s', called, line));
  end loop;
  insert into known (name, id) values (called, (said ->> 'id')::uuid);
end
$$;

select chat_tests.act_as('bob');
select pg_temp.say('alice and bob', 3, 'hello');
select is(chat_tests.unread('alice and bob'), 0, 'one''s own messages are not unread');
select chat_tests.act_as('alice');
select is(chat_tests.unread('alice and bob'), 3, 'the other''s are');
select is(
  array[pg_temp.read_to('alice and bob')::text, public.get_chat(chat_tests.id('alice and bob')) ->> 'lastReadAt'], array[null, null]::text[],
  'a person who has read nothing has no mark'
);
select is(
  (public.list_chats()::jsonb -> 'data' -> 0 ->> 'unreadCount')::integer, 3, 'the list tells the same count'
);
select chat_tests.act_as('bob');
select public.delete_message(chat_tests.id('alice and bob'), chat_tests.id('hello'));
select chat_tests.act_as('alice');
select is(chat_tests.unread('alice and bob'), 2, 'a deleted message is not unread');
select pg_temp.say('alice and bob', 1, 'an answer');
select is(chat_tests.unread('alice and bob'), 2, 'answering marks nothing as read');
select is(
  jsonb_array_length(public.list_messages(chat_tests.id('alice and bob'))::jsonb -> 'data'), 3, 'alice reads the page'
);
select is(chat_tests.unread('alice and bob'), 2, 'and that marks nothing either');

select chat_tests.act_as('bob');
select pg_temp.say('alice and bob', 97, 'the 99th unread');
select chat_tests.act_as('alice');
select is(chat_tests.unread('alice and bob'), 99, 'the count is exact at 99');
select chat_tests.act_as('bob');
select pg_temp.say('alice and bob', 1, 'the 100th unread');
select chat_tests.act_as('alice');
select is(chat_tests.unread('alice and bob'), 100, 'and at 100');
select chat_tests.act_as('bob');
select pg_temp.say('alice and bob', 2, 'the 102nd unread');
select chat_tests.act_as('alice');
select is(chat_tests.unread('alice and bob'), 100, '100 means more than 99');

select is(
  public.mark_read(chat_tests.id('alice and bob'), chat_tests.id('the 99th unread'))::jsonb, '{"unreadCount": 3, "unreadMentions": 0}',
  'marking a message as read marks all up to it'
);
select is(chat_tests.unread('alice and bob'), 3, 'and the mark stays');
select is(
  public.mark_read(chat_tests.id('alice and bob'), chat_tests.id('an answer'))::jsonb, '{"unreadCount": 3, "unreadMentions": 0}',
  'a mark never moves back'
);
select is(
  public.mark_read(chat_tests.id('alice and bob'), chat_tests.id('the 102nd unread'))::jsonb, '{"unreadCount": 0, "unreadMentions": 0}',
  'the newest message marks all as read'
);
select is(
  pg_temp.read_to('alice and bob'), (select m.created_at from public.messages m where m.id = chat_tests.id('the 102nd unread')),
  'the mark is the message''s time'
);
select is(
  array[public.get_chat(chat_tests.id('alice and bob')) ->> 'lastReadAt', public.list_chats()::jsonb #>> '{data,0,lastReadAt}'],
  (select array_fill(chat_tests.rfc3339(m.created_at), array[2]) from public.messages m where m.id = chat_tests.id('the 102nd unread')),
  'the chat and the list tell her the mark'
);

-- A person's own message moves their mark only if they have read everything before it.
select pg_temp.say('alice and bob', 1, 'all read');
select is(
  pg_temp.read_to('alice and bob'),
  (select m.created_at from public.messages m where m.id = chat_tests.id('all read')),
  'a message that is sent after reading everything is read too'
);
select chat_tests.act_as('bob');
select pg_temp.say('alice and bob', 1, 'not read yet');
select chat_tests.act_as('alice');
select pg_temp.say('alice and bob', 1, 'without reading');
select is(
  pg_temp.read_to('alice and bob'),
  (select m.created_at from public.messages m where m.id = chat_tests.id('all read')),
  'a message that is sent before reading everything marks nothing'
);
select is(chat_tests.unread('alice and bob'), 1, 'so the unread one is still counted');

reset role;
select chat_tests.add_authors(chat_tests.ids('event'), chat_tests.ids('alice', 'dave'));
select chat_tests.act_as('carol');
select pg_temp.say('event 1', 1, 'said at event 1');
select chat_tests.act_as('alice');
select throws_ok(
  $$ select public.mark_read(chat_tests.id('alice and bob'), chat_tests.id('said at event 1')) $$,
  'PT404', 'message_not_found', 'a message of another chat is not found in this one'
);
select throws_ok(
  $$ select public.mark_read(chat_tests.id('alice and bob'), chat_tests.id('unknown message')) $$,
  'PT404', 'message_not_found', 'nor is one that does not exist'
);
select is(chat_tests.unread('event 1'), 1, 'and neither marked anything');
select chat_tests.act_as('bob');
select throws_ok(
  $$ select public.mark_read(chat_tests.id('event 1'), chat_tests.id('said at event 1')) $$,
  'PT403', 'not_participant', 'a non-participant marks nothing'
);
select is(chat_tests.unread('alice and bob'), 3, 'marks are each person''s own: bob has read none of what alice said');

select * from finish();
rollback;
