-- Opening, listing, reading and leaving chats, as their participants.
--
-- needs: friends, blocks, events

begin;
select plan(183);

-- One person sends hundreds of messages here.
update chat.rate_limits set max_count = 1000000 where name = 'send';

select chat_tests.begin_story();

select chat_tests.add_people('alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'henry', 'stranger');
insert into known (name) select unnest(array['nobody', 'unknown chat', 'unknown message']);

select chat_tests.befriend(chat_tests.id(a), chat_tests.id(b))
from (values ('alice', 'bob'), ('carol', 'alice'), ('grace', 'henry')) as pair (a, b);
select chat_tests.block(chat_tests.id('alice'), chat_tests.id('erin')), chat_tests.block(chat_tests.id('frank'), chat_tests.id('alice'));

-- The read mark of the acting person in a chat.
create function pg_temp.read_to(chat text) returns timestamptz
language sql stable security definer
as $$ select r.last_read_at from chat.read_marks r where r.chat_id = chat_tests.id(chat) and r.user_id = auth.uid() $$;

-- The direct chat of two people as the API shows it before the first message.
create function pg_temp.direct_chat_of(a text, b text) returns jsonb
language sql stable security definer
as $$
  select jsonb_build_object(
    'id', c.id, 'type', 'direct', 'eventId', null, 'groupId', null, 'name', null,
    'participants', jsonb_build_array(c.direct_low, c.direct_high), 'goneParticipants', jsonb_build_array(),
    'createdAt', chat_tests.rfc3339(c.created_at), 'lastMessageAt', null, 'lastMessage', null,
    'unreadCount', 0, 'lastReadAt', null, 'rev', 0, 'historyRev', 0, 'epoch', chat.epoch(), 'topic', 'chat:' || c.id
  )
  from chat.chats c
  where c.direct_low = least(chat_tests.id(a), chat_tests.id(b)) and c.direct_high = greatest(chat_tests.id(a), chat_tests.id(b))
$$;

-- Opening a direct chat --------------------------------------------------------

select chat_tests.act_as('alice');
insert into known select 'alice and bob', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;
select is(current_setting('response.status', true), '201', 'a new chat is 201');

set local response.status = '';
select is(
  public.open_direct_chat(chat_tests.id('bob'))::jsonb, pg_temp.direct_chat_of('alice', 'bob'),
  'opening it again gives the same chat, whole'
);
select chat_tests.act_as('bob');
select is(
  public.open_direct_chat(chat_tests.id('alice'))::jsonb, pg_temp.direct_chat_of('alice', 'bob'),
  'and so does opening it from the other side'
);
select is(current_setting('response.status', true), '', 'neither is 201');

select chat_tests.act_as('alice');
select throws_ok($$ select public.open_direct_chat(chat_tests.id('dave')) $$, 'PT403', 'not_friends', 'nor does one whom alice does not know');
select throws_ok($$ select public.open_direct_chat(chat_tests.id('stranger')) $$, 'PT403', 'not_friends', 'a stranger is not a friend');
select throws_ok($$ select public.open_direct_chat(chat_tests.id('nobody')) $$, 'PT403', 'not_friends', 'nor is a user who does not exist');
select throws_ok($$ select public.open_direct_chat(chat_tests.id('alice')) $$, 'PT400', 'invalid_request', 'no chat with oneself');
select throws_ok($$ select public.open_direct_chat(null) $$, 'PT400', 'invalid_request', 'no chat with null');
select throws_ok($$ select public.open_direct_chat(chat_tests.id('erin')) $$, 'PT403', 'blocked', 'alice blocked erin and cannot open');
select throws_ok($$ select public.open_direct_chat(chat_tests.id('frank')) $$, 'PT403', 'blocked', 'frank blocked alice: she cannot open');
select chat_tests.act_as('erin');
select throws_ok($$ select public.open_direct_chat(chat_tests.id('alice')) $$, 'PT403', 'blocked', 'nor can erin, whom alice blocked');
select chat_tests.act_as('frank');
select throws_ok($$ select public.open_direct_chat(chat_tests.id('alice')) $$, 'PT403', 'blocked', 'nor frank, who blocked her');
select chat_tests.act_as('dave');
select throws_ok($$ select public.open_direct_chat(chat_tests.id('alice')) $$, 'PT403', 'not_friends', 'who asked is not a friend yet');
set local request.jwt.claims = '{"role": "authenticated"}';
select throws_ok($$ select public.open_direct_chat(chat_tests.id('alice')) $$, 'PT401', 'invalid_token', 'a token without a subject opens nothing');

reset role;
select results_eq(
  $$ select p.user_id from chat.chats c join chat.chat_participants p on p.chat_id = c.id
     where c.direct_low in (select k.id from known k) or c.direct_high in (select k.id from known k) order by p.user_id $$,
  $$ select k.id from known k where k.name in ('alice', 'bob') order by k.id $$,
  'of all these one chat exists, and its pair takes part'
);

-- Two people who are not friends any more keep their chat. If one has blocked the other, they cannot open it.
select chat_tests.unfriend(chat_tests.id('alice'), chat_tests.id('bob'));
select chat_tests.act_as('alice');
select is(
  public.open_direct_chat(chat_tests.id('bob'))::jsonb, pg_temp.direct_chat_of('alice', 'bob'),
  'a chat that exists opens after the friendship has ended'
);
reset role;
select chat_tests.block(chat_tests.id('bob'), chat_tests.id('alice'));
select chat_tests.act_as('alice');
select throws_ok($$ select public.open_direct_chat(chat_tests.id('bob')) $$, 'PT403', 'blocked', 'a chat that exists does not open for the blocked');
select chat_tests.act_as('bob');
select throws_ok($$ select public.open_direct_chat(chat_tests.id('alice')) $$, 'PT403', 'blocked', 'nor for the one who blocked');
reset role;
select chat_tests.unblock(chat_tests.id('bob'), chat_tests.id('alice'));
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));

-- Reading chats ----------------------------------------------------------------

select chat_tests.act_as('alice');
select is(
  public.get_chat(chat_tests.id('alice and bob'))::jsonb, pg_temp.direct_chat_of('alice', 'bob'),
  'a participant gets the chat'
);
select is(
  public.list_chats()::jsonb,
  jsonb_build_object('data', jsonb_build_array(pg_temp.direct_chat_of('alice', 'bob')), 'nextCursor', null),
  'and finds it in the list'
);

select chat_tests.act_as('stranger');
select throws_ok(
  format('select public.%s', call), 'PT403', 'not_participant', format('a stranger is refused: %s', split_part(call, '(', 1))
)
from unnest(array[
  $$get_chat(chat_tests.id('alice and bob'))$$,
  $$leave_chat(chat_tests.id('alice and bob'))$$,
  $$mark_read(chat_tests.id('alice and bob'), chat_tests.id('unknown message'))$$
]) as call;
select throws_ok(
  format('select public.%s', call), 'PT404', 'chat_not_found', format('a chat that does not exist: %s', split_part(call, '(', 1))
)
from unnest(array[
  $$get_chat(chat_tests.id('unknown chat'))$$,
  $$leave_chat(chat_tests.id('unknown chat'))$$,
  $$mark_read(chat_tests.id('unknown chat'), chat_tests.id('unknown message'))$$,
  $$get_chat(null)$$
]) as call;
select is(public.list_chats()::jsonb, '{"data": [], "nextCursor": null}', 'a stranger''s list is empty');
select is_empty(
  'select * from chat.chats_of_caller(array[chat_tests.id(''alice and bob'')])', 'a stranger gets nothing from the helper behind it'
);
select is_empty('select id from chat.chats', 'a stranger reads no chat from the table');
select is_empty('select chat_id from chat.chat_participants', 'nor anybody''s participation');

select chat_tests.act_as('alice');
select results_eq('select id from chat.chats', array[chat_tests.id('alice and bob')], 'alice reads her chat from the table');
select results_eq(
  'select chat_id, user_id from chat.chat_participants',
  $$ values (chat_tests.id('alice and bob'), chat_tests.id('alice')) $$,
  'and her own participation alone'
);
select throws_ok(
  format('select %s from chat.%s', name, relation), '42501', 'permission denied for table ' || relation,
  format('but not the column %s of %s', name, relation)
)
from (values
  ('chats', 'name'), ('chats', 'direct_low'), ('chats', '*'), ('chat_participants', 'joined_at'), ('chat_participants', '*'),
  ('read_marks', 'last_read_at')
) as closed (relation, name);

-- Pages of chats ---------------------------------------------------------------

reset role;
create temporary table happening as
select n, chat_tests.open_event('Event ' || n, chat_tests.ids('carol')) as event_id from generate_series(1, 12) as n;
insert into known (name, id) select 'event ' || h.n, chat_tests.chat_of(h.event_id) from happening h;
-- Two chats have a message of the same microsecond, and a chat without messages is the newest.
update chat.chats c set last_message_at = now() + interval '1 minute' where c.id = any (chat_tests.ids('event 2', 'event 5', 'event 6'));
update chat.chats c set last_message_at = now() - interval '1 minute' where c.id = chat_tests.id('event 3');
update chat.chats c set created_at = now() + interval '1 hour' where c.id = chat_tests.id('event 4');

-- Follows the cursors to the end, as the edge does: it decodes each cursor and passes its parts.
create function pg_temp.list_by_pages(page_limit integer) returns uuid[]
language plpgsql
as $$
declare
  page jsonb := public.list_chats(page_limit);
  listed uuid[] := '{}';
  encoded text;
  part text[];
begin
  loop
    listed := listed || array(select (chat ->> 'id')::uuid from jsonb_array_elements(page -> 'data') as chat);
    encoded := translate(page ->> 'nextCursor', '-_', '+/');
    exit when encoded is null or cardinality(listed) > 100;
    part := string_to_array(
      convert_from(decode(rpad(encoded, (length(encoded) + 3) / 4 * 4, '='), 'base64'), 'UTF8'), '/'
    );
    page := public.list_chats(page_limit, part[2]::timestamptz, part[3]::uuid);
  end loop;
  return listed;
end
$$;

-- Carol's chats, whose names she cannot read from the table.
create function pg_temp.carols_chats() returns setof chat.chats
language sql stable security definer
as $$
  select c.* from chat.chats c join chat.chat_participants p on p.chat_id = c.id where p.user_id = chat_tests.id('carol')
$$;

select chat_tests.act_as('carol');
select is(
  array(select chat ->> 'name' from jsonb_array_elements(public.list_chats()::jsonb -> 'data') as chat),
  array['Event 4'] || array(
    select c.name from pg_temp.carols_chats() c where c.name in ('Event 2', 'Event 5', 'Event 6') order by c.id desc
  ) || array(
    select c.name from pg_temp.carols_chats() c where c.name not in ('Event 2', 'Event 3', 'Event 4', 'Event 5', 'Event 6') order by c.created_at desc
  ) || array['Event 3'],
  'the list is by activity, newest first; a silent chat''s activity is its creation; the id decides a tie'
);
select is(
  pg_temp.list_by_pages(page_limit),
  array(select c.id from chat.chats c order by coalesce(c.last_message_at, c.created_at) desc, c.id desc),
  format('pages of %s give each chat once, in order', page_limit)
)
from unnest(array[1, 2, 3, 11, 12, 100]) as page_limit;
select is(public.list_chats(12) ->> 'nextCursor', null, 'a page that ends the list has no cursor');
select isnt(public.list_chats(11) ->> 'nextCursor', null, 'a page with one chat left has one');
select is(
  public.list_chats(1) ->> 'nextCursor',
  (
    select rtrim(translate(replace(encode(convert_to(format(
      'chats/%s/%s', to_char(c.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), c.id
    ), 'UTF8'), 'base64'), E'\n', ''), '+/', '-_'), '=')
    from pg_temp.carols_chats() c where c.name = 'Event 4'
  ),
  'the cursor is chats/<activity>/<id> of the last chat shown, in base64url'
);
select throws_ok(
  format('select public.list_chats(%s)', coalesce(page_limit::text, 'null')), 'PT400', 'invalid_request',
  format('a limit of %s is refused', coalesce(page_limit::text, 'null'))
)
from unnest(array[0, 101, -1, null]) as page_limit;

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

create function pg_temp.unread(chat text) returns integer
language sql stable
as $$ select (public.get_chat(chat_tests.id(chat)) ->> 'unreadCount')::integer $$;

select chat_tests.act_as('bob');
select pg_temp.say('alice and bob', 3, 'hello');
select is(pg_temp.unread('alice and bob'), 0, 'one''s own messages are not unread');
select chat_tests.act_as('alice');
select is(pg_temp.unread('alice and bob'), 3, 'the other''s are');
select is(
  array[pg_temp.read_to('alice and bob')::text, public.get_chat(chat_tests.id('alice and bob')) ->> 'lastReadAt'], array[null, null]::text[],
  'who has read nothing has no mark'
);
select is(
  (public.list_chats()::jsonb -> 'data' -> 0 ->> 'unreadCount')::integer, 3, 'the list tells the same count'
);
select chat_tests.act_as('bob');
select public.delete_message(chat_tests.id('alice and bob'), chat_tests.id('hello'));
select chat_tests.act_as('alice');
select is(pg_temp.unread('alice and bob'), 2, 'a deleted message is not unread');
select pg_temp.say('alice and bob', 1, 'an answer');
select is(pg_temp.unread('alice and bob'), 2, 'answering marks nothing as read');
select is(
  jsonb_array_length(public.list_messages(chat_tests.id('alice and bob'))::jsonb -> 'data'), 3, 'alice reads the page'
);
select is(pg_temp.unread('alice and bob'), 2, 'and that marks nothing either');

select chat_tests.act_as('bob');
select pg_temp.say('alice and bob', 97, 'the 99th unread');
select chat_tests.act_as('alice');
select is(pg_temp.unread('alice and bob'), 99, 'the count is exact at 99');
select chat_tests.act_as('bob');
select pg_temp.say('alice and bob', 1, 'the 100th unread');
select chat_tests.act_as('alice');
select is(pg_temp.unread('alice and bob'), 100, 'and at 100');
select chat_tests.act_as('bob');
select pg_temp.say('alice and bob', 2, 'the 102nd unread');
select chat_tests.act_as('alice');
select is(pg_temp.unread('alice and bob'), 100, '100 means more than 99');

select is(
  public.mark_read(chat_tests.id('alice and bob'), chat_tests.id('the 99th unread'))::jsonb, '{"unreadCount": 3}',
  'marking a message as read marks all up to it'
);
select is(pg_temp.unread('alice and bob'), 3, 'and the mark stays');
select is(
  public.mark_read(chat_tests.id('alice and bob'), chat_tests.id('an answer'))::jsonb, '{"unreadCount": 3}',
  'a mark never moves back'
);
select is(
  public.mark_read(chat_tests.id('alice and bob'), chat_tests.id('the 102nd unread'))::jsonb, '{"unreadCount": 0}',
  'the newest message marks all as read'
);
select is(
  pg_temp.read_to('alice and bob'), (select m.created_at from public.messages m where m.id = chat_tests.id('the 102nd unread')),
  'the mark is the message''s time'
);
select is(
  array[public.get_chat(chat_tests.id('alice and bob')) ->> 'lastReadAt', public.list_chats()::jsonb #>> '{data,0,lastReadAt}'],
  (select array_fill(chat_tests.rfc3339(m.created_at), array[2]) from public.messages m where m.id = chat_tests.id('the 102nd unread')),
  'which the chat tells her, and so does the list'
);

-- A person's own message moves their mark only if they have read everything before it.
select pg_temp.say('alice and bob', 1, 'all read');
select is(
  pg_temp.read_to('alice and bob'),
  (select m.created_at from public.messages m where m.id = chat_tests.id('all read')),
  'what one says after reading all is read too'
);
select chat_tests.act_as('bob');
select pg_temp.say('alice and bob', 1, 'not read yet');
select chat_tests.act_as('alice');
select pg_temp.say('alice and bob', 1, 'without reading');
select is(
  pg_temp.read_to('alice and bob'),
  (select m.created_at from public.messages m where m.id = chat_tests.id('all read')),
  'what one says before reading all marks nothing'
);
select is(pg_temp.unread('alice and bob'), 1, 'so the unread one is still counted');

reset role;
select chat_tests.add_authors(array[h.event_id], chat_tests.ids('alice', 'dave')) from happening h where h.n = 1;
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
select is(pg_temp.unread('event 1'), 1, 'and neither marked anything');
select chat_tests.act_as('bob');
select throws_ok(
  $$ select public.mark_read(chat_tests.id('event 1'), chat_tests.id('said at event 1')) $$,
  'PT403', 'not_participant', 'nobody marks a chat of others'
);
select is(pg_temp.unread('alice and bob'), 3, 'marks are each person''s own: bob has read none of what alice said');

-- Leaving a group chat ---------------------------------------------------------

select chat_tests.act_as('dave');
select pg_temp.say('event 1', 1, 'a word before leaving');
select lives_ok($$ select public.leave_chat(chat_tests.id('event 1')) $$, 'dave leaves the event''s chat');
select throws_ok(
  format('select public.%s', call), 'PT403', 'not_participant',
  format('afterwards he is refused: %s', split_part(call, '(', 1))
)
from unnest(array[
  $$get_chat(chat_tests.id('event 1'))$$,
  $$leave_chat(chat_tests.id('event 1'))$$,
  $$mark_read(chat_tests.id('event 1'), chat_tests.id('said at event 1'))$$,
  $$list_messages(chat_tests.id('event 1'))$$,
  $$send_message(chat_tests.id('event 1'), 'one more thing')$$,
  $$edit_message(chat_tests.id('event 1'), chat_tests.id('a word before leaving'), 'another word')$$,
  $$delete_message(chat_tests.id('event 1'), chat_tests.id('a word before leaving'))$$
]) as call;
select is(public.list_chats()::jsonb -> 'data', '[]', 'his list no longer shows it');
select is_empty('select id from chat.chats', 'nor does the table');
select is_empty('select id from public.messages', 'its messages are closed too');

select chat_tests.act_as('carol');
select pg_temp.say('event 1', 1, 'where is dave');
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
select chat_tests.publish_event(h.event_id) from happening h where h.n = 1;
select chat_tests.act_as('dave');
select throws_ok(
  $$ select public.get_chat(chat_tests.id('event 1')) $$, 'PT403', 'not_participant', 'nor does publishing the event again'
);
reset role;
select chat_tests.remove_authors(array[h.event_id], chat_tests.ids('dave')) from happening h where h.n = 1;
select chat_tests.add_authors(array[h.event_id], chat_tests.ids('dave')) from happening h where h.n = 1;
select chat_tests.act_as('dave');
select is(pg_temp.unread('event 1'), 0, 'the event adds him again: he is back, and what was said meanwhile is history');
select is(
  public.get_chat(chat_tests.id('event 1'))::jsonb - array['createdAt', 'participants', 'eventId', 'lastMessage'],
  jsonb_build_object(
    'id', chat_tests.id('event 1'), 'type', 'event_authors', 'groupId', null, 'name', 'Event 1', 'goneParticipants', jsonb_build_array(),
    'lastMessageAt', chat_tests.rfc3339(m.created_at), 'unreadCount', 0, 'lastReadAt', chat_tests.rfc3339(m.created_at),
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
select pg_temp.say('alice and bob', 1, 'are you there');
select chat_tests.act_as('bob');
select results_eq(
  $$ select message ->> 'text'
     from jsonb_array_elements(public.list_messages(chat_tests.id('alice and bob'))::jsonb -> 'data') as message $$,
  array['are you there 1'],
  'a new message brings it back for him, without the history'
);
select results_eq('select id from public.messages', array[chat_tests.id('are you there')], 'the table shows him no more than that');
select is(pg_temp.unread('alice and bob'), 1, 'only the new message is unread');
select is(
  public.get_chat(chat_tests.id('alice and bob'))::jsonb -> 'lastMessage' ->> 'id', chat_tests.id('are you there')::text,
  'and it is the last one'
);
select throws_ok(
  $$ select public.mark_read(chat_tests.id('alice and bob'), chat_tests.id('the 99th unread')) $$,
  'PT404', 'message_not_found', 'a message of before he left is not there for him'
);
select lives_ok(
  $$ select public.send_message(chat_tests.id('alice and bob'), 'once', 'c0ffee00-0000-4000-8000-000000000001') $$,
  'he sends under a key of his own'
);
select public.leave_chat(chat_tests.id('alice and bob'));
select public.open_direct_chat(chat_tests.id('alice'));
select throws_ok(
  $$ select public.send_message(chat_tests.id('alice and bob'), 'once', 'c0ffee00-0000-4000-8000-000000000001') $$,
  'PT404', 'message_not_found', 'which brings back no message from before he left again'
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
  public.list_messages(chat_tests.id('alice and bob'))::jsonb, '{"data": [], "nextCursor": null}', 'and without the history'
);
select chat_tests.act_as('alice');
select is(
  jsonb_array_length(public.list_messages(chat_tests.id('alice and bob'), 100)::jsonb -> 'data'), 100,
  'alice still has all of hers'
);

-- Accounts that go and come back -----------------------------------------------
-- A deleted account leaves its chats. A restored account has the same id, and no rows here.

reset role;
create function pg_temp.restore_account(person text) returns void
language sql security definer
as $$ insert into auth.users (id, email) values (chat_tests.id(person), chat_tests.id(person) || '@test.example') $$;
create function pg_temp.delete_account(person text) returns void
language sql security definer
as $$ delete from auth.users where id = chat_tests.id(person) $$;
-- Each row of a chat: `<who>, history from rev <n>`.
create function pg_temp.seats(chat text) returns text[]
language sql stable security definer
as $$
  select coalesce(array_agg(format('%s, history from rev %s', k.name, p.history_rev) order by k.name), '{}')
  from chat.chat_participants p join pg_temp.known k on k.id = p.user_id
  where p.chat_id = chat_tests.id(chat) and p.left_at is null
$$;

select chat_tests.act_as('grace');
insert into known select 'grace and henry', (public.open_direct_chat(chat_tests.id('henry')) ->> 'id')::uuid;
select pg_temp.say('grace and henry', 1, 'one');
select chat_tests.act_as('henry');
select pg_temp.say('grace and henry', 1, 'two');
select pg_temp.delete_account('henry');

-- Henry's token stays valid for an hour after that.
select throws_ok(format('select public.%s', call), 'PT401', 'invalid_token', format('a deleted account is told so: %s', split_part(call, '(', 1)))
from unnest(array[
  $$list_chats()$$,
  $$list_chats(50, now(), chat_tests.id('grace and henry'))$$,
  $$get_chat(chat_tests.id('grace and henry'))$$,
  $$get_chat(chat_tests.id('unknown chat'))$$,
  $$open_direct_chat(chat_tests.id('grace'))$$,
  $$open_direct_chat(chat_tests.id('nobody'))$$,
  $$leave_chat(chat_tests.id('grace and henry'))$$,
  $$mark_read(chat_tests.id('grace and henry'), chat_tests.id('one'))$$,
  $$list_messages(chat_tests.id('grace and henry'))$$,
  $$send_message(chat_tests.id('grace and henry'), 'still here')$$,
  $$edit_message(chat_tests.id('grace and henry'), chat_tests.id('two'), 'still here')$$,
  $$delete_message(chat_tests.id('grace and henry'), chat_tests.id('two'))$$,
  $$list_changes(chat_tests.id('grace and henry'), 0)$$,
  $$send_typing(chat_tests.id('grace and henry'))$$,
  $$reserve_upload(chat_tests.id('grace and henry'), 'a.pdf', 'application/pdf', 5)$$
]) as call;
select is_empty('select id from public.messages', 'and reads no message from the table');
select is_empty('select id from chat.chats', 'nor a chat');

select chat_tests.act_as('grace');
select is(
  public.get_chat(chat_tests.id('grace and henry'))::jsonb - array['createdAt', 'lastMessage', 'lastMessageAt'],
  (pg_temp.direct_chat_of('grace', 'henry') - array['createdAt', 'lastMessage', 'lastMessageAt']) || jsonb_build_object(
    'goneParticipants', jsonb_build_array(chat_tests.id('henry')), 'unreadCount', 1, 'rev', 2,
    'lastReadAt', (select chat_tests.rfc3339(m.created_at) from public.messages m where m.id = chat_tests.id('one')),
    'topic', 'chat:' || chat_tests.id('grace and henry') || ':1'
  ),
  'henry is still one of the pair, and gone'
);
select is(chat_tests.texts(chat_tests.id('grace and henry')), array['two 1', 'one 1'], 'what he said stays');
select pg_temp.say('grace and henry', 1, 'three');
insert into seen (moment, answer) select 'three was said', to_jsonb(public.get_chat(chat_tests.id('grace and henry')) ->> 'lastMessageAt');
set local response.status = '';
select is(
  array(select jsonb_array_elements_text(public.open_direct_chat(chat_tests.id('henry'))::jsonb -> 'goneParticipants')),
  array[chat_tests.id('henry')::text], 'grace may go on in their chat, and open it'
);
select is(current_setting('response.status', true), '', 'which is the one she has');
select is(pg_temp.seats('grace and henry'), array['grace, history from rev 0'], 'neither gives henry a part in it while he is gone');

-- Grace's message makes henry a participant again.
select pg_temp.restore_account('henry');
select is(
  public.get_chat(chat_tests.id('grace and henry'))::jsonb -> 'goneParticipants', '[]', 'an account that is restored is gone no more'
);
select chat_tests.act_as('henry');
select throws_ok(
  $$ select public.get_chat(chat_tests.id('grace and henry')) $$, 'PT403', 'not_participant', 'it has no part in its old chat yet'
);
select is(public.list_chats()::jsonb, '{"data": [], "nextCursor": null}', 'its list is empty');
select chat_tests.act_as('grace');
select pg_temp.say('grace and henry', 1, 'four');
select is(
  pg_temp.seats('grace and henry'), array['grace, history from rev 0', 'henry, history from rev 3'],
  'grace''s message gives him a part, after all that was said before'
);
select chat_tests.act_as('henry');
select is(chat_tests.texts(chat_tests.id('grace and henry')), array['four 1'], 'he reads that message and none before it');
select is(
  public.list_chats()::jsonb -> 'data',
  (
    select jsonb_build_array(pg_temp.direct_chat_of('grace', 'henry') || jsonb_build_object(
      'lastMessageAt', chat_tests.rfc3339(m.created_at), 'unreadCount', 1, 'rev', 4, 'historyRev', 3,
      'lastReadAt', (select s.answer #>> '{}' from seen s where s.moment = 'three was said'),
      'topic', 'chat:' || chat_tests.id('grace and henry') || ':1',
      'lastMessage', jsonb_build_object(
        'id', m.id, 'senderId', chat_tests.id('grace'), 'text', 'four 1', 'createdAt', chat_tests.rfc3339(m.created_at), 'hasAttachment', false
      )
    ))
    from public.messages m where m.id = chat_tests.id('four')
  ),
  'the chat is in his list, with that message unread, and read to where his history begins'
);
select chat_tests.act_as('grace');
select is(chat_tests.texts(chat_tests.id('grace and henry')), array['four 1', 'three 1', 'two 1', 'one 1'], 'grace has all of it');

-- Henry opens the chat himself.
select pg_temp.delete_account('henry');
select pg_temp.restore_account('henry');
select chat_tests.act_as('henry');
set local response.status = '';
insert into seen (moment, answer) select 'henry opens', public.open_direct_chat(chat_tests.id('grace'));
select is(
  (select s.answer from seen s where s.moment = 'henry opens'),
  pg_temp.direct_chat_of('grace', 'henry') || (
    select jsonb_build_object(
      'lastMessageAt', chat_tests.rfc3339(c.last_message_at), 'lastReadAt', chat_tests.rfc3339(c.last_message_at), 'rev', 4, 'historyRev', 4,
      'topic', 'chat:' || chat_tests.id('grace and henry') || ':2'
    )
    from chat.chats c where c.id = chat_tests.id('grace and henry')
  ),
  'he may open it by himself too, without a friendship, and it is empty'
);
select is(current_setting('response.status', true), '', 'it is the chat that the pair has');
select is(
  pg_temp.seats('grace and henry'), array['grace, history from rev 0', 'henry, history from rev 4'], 'grace''s part is as it was'
);
select pg_temp.say('grace and henry', 1, 'five');

-- Both accounts are deleted and restored. Then one of them opens the chat.
select pg_temp.delete_account(person) from unnest(array['grace', 'henry']) as person;
select is(pg_temp.seats('grace and henry'), '{}', 'a pair may both be gone');
select pg_temp.restore_account(person) from unnest(array['grace', 'henry']) as person;
select chat_tests.act_as('grace');
insert into seen (moment, answer) select 'grace opens', public.open_direct_chat(chat_tests.id('henry'));
select is(
  (select s.answer - 'topic' from seen s where s.moment = 'grace opens'),
  (pg_temp.direct_chat_of('grace', 'henry') - 'topic') || jsonb_build_object(
    'lastMessageAt', chat_tests.rfc3339(c.last_message_at), 'lastReadAt', chat_tests.rfc3339(c.last_message_at), 'rev', 5, 'historyRev', 5
  ),
  'grace opens the chat, which is empty'
)
from chat.chats c where c.id = chat_tests.id('grace and henry');
select is(
  pg_temp.seats('grace and henry'), array['grace, history from rev 5', 'henry, history from rev 5'], 'opening gives both their part'
);
select chat_tests.act_as('henry');
select is(chat_tests.texts(chat_tests.id('grace and henry')), '{}', 'henry''s is empty as well');

-- The missing person is the one who opened the chat.
select pg_temp.say('grace and henry', 1, 'six');
select pg_temp.delete_account('grace');
select pg_temp.restore_account('grace');
select chat_tests.act_as('grace');
select throws_ok(
  $$ select public.send_message(chat_tests.id('grace and henry'), 'I am back') $$, 'PT403', 'not_participant', 'grace sends nothing before she has a part'
);
select chat_tests.act_as('henry');
select pg_temp.say('grace and henry', 1, 'seven');
select chat_tests.act_as('grace');
select is(chat_tests.texts(chat_tests.id('grace and henry')), array['seven 1'], 'henry''s message gives her one');
select chat_tests.act_as('henry');
select is(chat_tests.texts(chat_tests.id('grace and henry')), array['seven 1', 'six 1'], 'his own part is as it was');

-- Henry's row is missing and grace has left. A message completes only the sender's pair.
select pg_temp.delete_account('henry');
select chat_tests.act_as('grace');
select public.leave_chat(chat_tests.id('grace and henry'));
select pg_temp.restore_account('henry');
select chat_tests.act_as('henry');
select public.open_direct_chat(chat_tests.id('grace'));
select is(pg_temp.seats('grace and henry'), array['henry, history from rev 7'], 'opening does not bring back the other one, who has left');
select pg_temp.say('grace and henry', 1, 'eight');
select is(
  pg_temp.seats('grace and henry'), array['grace, history from rev 7', 'henry, history from rev 7'], 'a message does'
);

-- What goes past the functions -------------------------------------------------

select chat_tests.act_as('stranger');
select throws_ok(statement, '42501', 'permission denied for table ' || relation, format('a user is refused: %s', statement))
from (values
  ('chats', $$insert into chat.chats (type, direct_low, direct_high) values ('direct', chat_tests.id('alice'), chat_tests.id('stranger'))$$),
  ('chats', $$insert into chat.chats (type, event_id, name) values ('event_authors', chat_tests.id('nobody'), 'Mine')$$),
  ('chats', $$update chat.chats set name = 'Mine'$$),
  ('chats', $$delete from chat.chats$$),
  ('chat_participants', $$insert into chat.chat_participants (chat_id, user_id) values (chat_tests.id('alice and bob'), chat_tests.id('stranger'))$$),
  ('chat_participants', $$delete from chat.chat_participants$$)
) as attempt (relation, statement);
select chat_tests.act_as('alice');
select throws_ok(statement, '42501', 'permission denied for table ' || relation, format('a participant is refused: %s', statement))
from (values
  ('chats', $$update chat.chats set name = 'Mine'$$),
  ('chats', $$update chat.chats set rev = 0, last_message_at = null$$),
  ('chats', $$delete from chat.chats$$),
  ('chat_participants', $$insert into chat.chat_participants (chat_id, user_id) values (chat_tests.id('alice and bob'), chat_tests.id('carol'))$$),
  ('read_marks', $$insert into chat.read_marks (chat_id, user_id, last_read_at) values (chat_tests.id('alice and bob'), chat_tests.id('bob'), 'infinity')$$),
  ('read_marks', $$update chat.read_marks set last_read_at = 'infinity'$$),
  ('chat_participants', $$update chat.chat_participants set history_from = '-infinity', left_at = null$$),
  ('chat_participants', $$delete from chat.chat_participants$$)
) as attempt (relation, statement);
set local role anon;
set local request.jwt.claims = '{"role": "anon"}';
select throws_ok(statement, '42501', 'permission denied for ' || what, format('anon is refused: %s', statement))
from (values
  ('schema chat', 'select id from chat.chats'),
  ('schema chat', $$update chat.chats set name = 'Mine'$$),
  ('schema chat', 'select chat_id from chat.chat_participants'),
  ('schema chat', $$insert into chat.chat_participants (chat_id, user_id) values (chat_tests.id('alice and bob'), chat_tests.id('stranger'))$$),
  ('function list_chats', 'select public.list_chats()'),
  ('function get_chat', $$select public.get_chat(chat_tests.id('alice and bob'))$$),
  ('function open_direct_chat', $$select public.open_direct_chat(chat_tests.id('alice'))$$),
  ('function leave_chat', $$select public.leave_chat(chat_tests.id('alice and bob'))$$),
  ('function mark_read', $$select public.mark_read(chat_tests.id('alice and bob'), chat_tests.id('hello'))$$),
  ('schema chat', $$select chat.is_participant(chat_tests.id('alice and bob'))$$)
) as attempt (what, statement);

-- Accounts that are held ------------------------------------------------------------

reset role;
select is(
  chat.hold_accounts(array[gen_random_uuid(), null, chat_tests.id('alice')]), array[chat_tests.id('alice')], 'only accounts that exist can be held'
);
select is(
  chat.hold_accounts(array(select k.id from known k where k.name in ('alice', 'bob', 'nobody') order by k.id desc)),
  array(select k.id from known k where k.name in ('alice', 'bob') order by k.id), 'accounts are held in the order of their ids'
);
select is(chat.hold_accounts('{}'), '{}', 'nobody is held where nobody is named');

-- A participation that is held --------------------------------------------------------

select chat_tests.act_as('alice');
reset role;
select lives_ok($$ select chat.hold_participation(chat_tests.id('alice and bob')) $$, 'a participant holds her own part in a chat');
select throws_ok(
  $$ select chat.hold_participation(chat_tests.id('unknown chat')) $$, 'PT404', 'chat_not_found', 'nobody holds a part in a chat that is not there'
);
select chat_tests.act_as('stranger');
reset role;
select throws_ok(
  $$ select chat.hold_participation(chat_tests.id('alice and bob')) $$, 'PT403', 'not_participant', 'a stranger holds no part in a chat'
);

select * from finish();
rollback;
