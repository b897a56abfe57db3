-- The feed of changes, as the people of a chat, its moderators and a stranger.
--
-- needs: friends, rooms

begin;
select plan(73);

select chat_tests.begin_story();
select chat_tests.begin_feed();

select chat_tests.add_people('alice', 'bob', 'carol', 'stranger');
insert into known (name) select unnest(array['unknown chat']);

-- Alice and bob are friends, and come to a party of carol's.
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));
select chat_tests.give_party('carol', 'alice', 'bob');

-- Order, kinds, revs -------------------------------------------------------------

select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;
select is(
  pg_temp.feed('pair', 0), '{"data": [], "rev": 0, "hasMore": false}', 'nothing has changed in a new chat'
);
select pg_temp.say('pair', 'one');
select chat_tests.act_as('bob');
select pg_temp.say('pair', 'two');
select chat_tests.act_as('alice');
select pg_temp.say('pair', 'three');

select is(
  pg_temp.feed('pair', 0),
  jsonb_build_object(
    'data', (
      select jsonb_agg(jsonb_build_object(
        'rev', n, 'kind', 'upsert',
        'message', s.answer || case line when 'two' then '{"editableUntil": null}' else '{}'::jsonb end
      ) order by n)
      from unnest(array['one', 'two', 'three']) with ordinality as sent (line, n) join seen s on s.moment = line
    ),
    'rev', 3, 'hasMore', false
  ),
  'each message is told whole, in the order of the revs, as its reader sees it'
);
select is(pg_temp.changes('pair', since), expected, format('since %s', since))
from (values
  (1, array['2 two', '3 three']), (2, array['3 three']), (3, '{}'::text[])
) as ask (since, expected);
select is(pg_temp.feed('pair', 3), '{"data": [], "rev": 3, "hasMore": false}', 'since 3 it is all known, up to the chat''s rev');

select pg_temp.edit('pair', 'one', 'one, changed');
select is(pg_temp.changes('pair'), array['2 two', '3 three', '4 one, changed'], 'an edited message moves to its last rev, and is told once');
select pg_temp.edit('pair', 'one', 'one, changed again');
select is(
  pg_temp.changes('pair'), array['2 two', '3 three', '5 one, changed again'], 'edited twice, still once: what it was in between is not told'
);
select is(
  pg_temp.feed('pair', 3),
  jsonb_build_object('data', jsonb_build_array(jsonb_build_object(
    'rev', 5, 'kind', 'upsert', 'message', (select s.answer from seen s where s.moment = 'one, changed again')
  )), 'rev', 5, 'hasMore', false),
  'as the edit answered'
);

select chat_tests.act_as('bob');
select public.delete_message(chat_tests.id('pair'), chat_tests.id('two'));
select is(
  pg_temp.feed('pair', 5),
  jsonb_build_object(
    'data', jsonb_build_array(jsonb_build_object('rev', 6, 'kind', 'delete', 'messageId', chat_tests.id('two'))), 'rev', 6, 'hasMore', false
  ),
  'a deletion is a rev and an id, and nothing else'
);
select is(pg_temp.changes('pair'), array['3 three', '5 one, changed again', '6 -two'], 'it takes the message''s place');
select public.delete_message(chat_tests.id('pair'), chat_tests.id('two'));
select is(pg_temp.changes('pair', 6), '{}', 'a second deletion changes nothing');
select chat_tests.act_as('alice');
select public.delete_message(chat_tests.id('pair'), chat_tests.id('one'));
select is(pg_temp.changes('pair'), array['3 three', '6 -two', '7 -one'], 'so does the deletion of what was edited');
select doesnt_match(public.list_changes(chat_tests.id('pair'), 0)::text, 'one|two', 'alice reads no text of a deleted message');
select chat_tests.act_as('bob');
select doesnt_match(public.list_changes(chat_tests.id('pair'), 0)::text, 'one|two', 'neither does bob');

select chat_tests.act_as('alice');
select lives_ok($$ select public.mark_read(chat_tests.id('pair'), chat_tests.id('three')) $$, 'alice marks a message as read');
select throws_ok(
  $$ select public.edit_message(chat_tests.id('pair'), chat_tests.id('two'), 'two') $$, 'PT404', 'message_not_found', 'and an edit is refused'
);
select is(
  pg_temp.feed('pair', 7), '{"data": [], "rev": 7, "hasMore": false}', 'neither of them is a change of the chat'
);
select is(
  (select c.rev from chat.chats c where c.id = chat_tests.id('pair')), 7::bigint, 'the feed ends where the chat''s rev is'
);

-- Pages --------------------------------------------------------------------------

select chat_tests.act_as('bob');
select pg_temp.say('pair', 'four');
select is(pg_temp.feed('pair', 0, 3) - 'data', '{"rev": 7, "hasMore": true}', 'more: the next page begins after the last change');
select is(pg_temp.changes('pair', 0, 3), array['3 three', '6 -two', '7 -one'], 'the oldest come first');
select is(pg_temp.feed('pair', 7, 3) - 'data', '{"rev": 8, "hasMore": false}', 'no more: it begins after the chat''s rev');
select is(pg_temp.feed('pair', 0, 4) - 'data', '{"rev": 8, "hasMore": false}', 'a full last page has no more');
select pg_temp.edit('pair', 'four', 'four, changed');
select is(
  pg_temp.changes('pair', 7, 3), array['9 four, changed'], 'a change between two pages is told by the later page'
);
select is(pg_temp.feed('pair', 3, 1) - 'data', '{"rev": 6, "hasMore": true}', 'a page of one');

-- Moderators -----------------------------------------------------------------------

select chat_tests.act_as('alice');
select pg_temp.say('group chat', 'hello');
select pg_temp.say('group chat', 'a secret');
select pg_temp.edit('group chat', 'a secret', 'an open secret');
select chat_tests.act_as('bob');
select pg_temp.say('group chat', 'hello yourself');
select chat_tests.act_as('alice');
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('a secret'));
select chat_tests.act_as('carol');
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('hello yourself'));

-- Alice, who sent the secret and deleted it, is not a moderator.
select chat_tests.act_as('alice');
select is(
  pg_temp.changes('group chat'), array['1 hello', '5 -a secret', '6 -hello yourself'], 'the person who deleted a message is told of the deletion, and not of the text'
);
select doesnt_match(public.list_changes(chat_tests.id('group chat'), 0)::text, 'secret|yourself', 'its text is not there');
select results_eq(
  $$ select message_id, rev, (message).text from chat.changed_messages(chat_tests.id('group chat'), 0, 100, false) $$,
  $$ values
    (chat_tests.id('hello'), 1::bigint, 'hello'), (chat_tests.id('a secret'), 5::bigint, null), (chat_tests.id('hello yourself'), 6::bigint, null) $$,
  'a deleted message is a row without the message'
);
select results_eq(
  $$ select message_id, rev, (message).text from chat.changed_messages(chat_tests.id('group chat'), 0, 100, true) $$,
  $$ values
    (chat_tests.id('hello'), 1::bigint, 'hello'), (chat_tests.id('a secret'), 5::bigint, null), (chat_tests.id('hello yourself'), 6::bigint, null) $$,
  'nor with the argument of a moderator, for a person who is none'
);
select chat_tests.act_as('bob', '{"user_metadata": {"role": "moderator"}}');
select is(
  pg_temp.changes('group chat'), array['1 hello', '5 -a secret', '6 -hello yourself'], 'user_metadata shows no more'
);

create function pg_temp.moderated(message text, by text) returns jsonb
language sql stable security definer
as $$
  select s.answer || jsonb_build_object(
    'editableUntil', null, 'rev', m.rev, 'deletedBy', (select k.id from known k where k.name = by),
    'deletedAt', to_char(m.deleted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
  )
  from seen s, public.messages m where s.moment = message and m.id = (s.answer ->> 'id')::uuid
$$;
select chat_tests.act_as('carol');
select is(
  pg_temp.feed('group chat', 0),
  jsonb_build_object(
    'data', jsonb_build_array(
      jsonb_build_object('rev', 1, 'kind', 'upsert', 'message', pg_temp.moderated('hello', null)),
      jsonb_build_object('rev', 5, 'kind', 'upsert', 'message', pg_temp.moderated('an open secret', 'alice')),
      jsonb_build_object('rev', 6, 'kind', 'upsert', 'message', pg_temp.moderated('hello yourself', 'carol'))
    ),
    'rev', 6, 'hasMore', false
  ),
  'the author of the event is told what was deleted, when and by whom'
);
select results_eq(
  $$ select message_id, rev, (message).text from chat.changed_messages(chat_tests.id('group chat'), 0, 100, true) $$,
  $$ values
    (chat_tests.id('hello'), 1::bigint, 'hello'), (chat_tests.id('a secret'), 5::bigint, 'an open secret'),
    (chat_tests.id('hello yourself'), 6::bigint, 'hello yourself') $$,
  'for a moderator the row has it'
);
select chat_tests.act_as('bob', '{"app_metadata": {"role": "moderator"}}');
select is(
  pg_temp.changes('group chat'), array['1 hello', '5 an open secret', '6 hello yourself'], 'a moderator by token is told the same'
);

-- Complete -------------------------------------------------------------------------

select chat_tests.act_as('alice');
select pg_temp.complete('alice', 'pair');
select pg_temp.complete('alice', 'group chat');
select chat_tests.act_as('bob');
select pg_temp.complete('bob', 'pair');
select chat_tests.act_as('bob', '{"app_metadata": {"role": "moderator"}}');
select pg_temp.complete('bob, a moderator,', 'pair');
select chat_tests.act_as('carol');
select pg_temp.complete('carol, an author,', 'group chat');

-- Who is refused -------------------------------------------------------------------

select chat_tests.act_as('stranger');
select throws_ok(format('select public.list_changes(%s)', call), refusal[1], refusal[2], format('a stranger: %s', call))
from (values
  ($$chat_tests.id('pair'), 0$$, array['PT403', 'not_participant']),
  ($$chat_tests.id('group chat'), 99$$, array['PT403', 'not_participant']),
  ($$chat_tests.id('unknown chat'), 0$$, array['PT404', 'chat_not_found']),
  ($$null, 0$$, array['PT404', 'chat_not_found'])
) as attempt (call, refusal);
select is_empty(
  $$ select * from chat.changed_messages(chat_tests.id('pair'), 0, 100, true) $$, 'a stranger is not told of the messages that have changed'
);
select chat_tests.act_as('stranger', '{"app_metadata": {"role": "moderator"}}');
select throws_ok(
  $$ select public.list_changes(chat_tests.id('pair'), 0) $$, 'PT403', 'not_participant', 'a moderator who is no participant is refused as well'
);

select chat_tests.act_as('alice');
select throws_ok(format('select public.list_changes(chat_tests.id(''pair''), %s)', arguments), 'PT400', 'invalid_request', format('refused: %s', arguments))
from unnest(array['null', '-1', '-9223372036854775808', '0, null', '0, 0', '0, -1', '0, 101', '0, 20000']) as arguments;
select lives_ok(format('select public.list_changes(chat_tests.id(''pair''), 0, %s)', page_limit), format('a limit of %s', page_limit))
from unnest(array[1, 100]) as page_limit;
reset role;
insert into public.messages (chat_id, sender_id, text, rev, created_at)
select c.id, chat_tests.id('alice'), 'line ' || n, c.rev + n, c.last_message_at + n * interval '1 microsecond'
from chat.chats c, generate_series(1, 101) as n where c.id = chat_tests.id('pair');
update chat.chats c
set rev = c.rev + 101, last_message_at = c.last_message_at + interval '101 microseconds' where c.id = chat_tests.id('pair');
select chat_tests.act_as('alice');
select is(cardinality(pg_temp.changes('pair', 9, 100)), 100, 'a page has at most 100 changes');
select is(json_array_length(public.list_changes(chat_tests.id('pair'), 9) -> 'data'), 50, 'and 50 where the call names no limit');

set local role anon;
set local request.jwt.claims = '{"role": "anon"}';
select throws_ok(
  $$ select public.list_changes(chat_tests.id('pair'), 0) $$, '42501', 'permission denied for function list_changes', 'anon is refused'
);
select throws_ok(
  $$ select chat.changed_messages(chat_tests.id('pair'), 0, 100, true) $$, '42501', 'permission denied for schema chat', 'and so is the function behind it'
);
reset role;

select * from finish();
rollback;
