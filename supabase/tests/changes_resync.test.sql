-- Positions in the feed that this database never gave: 410 resync_required.
--
-- needs: friends, rooms

begin;
select plan(24);

select chat_tests.begin_story();
select chat_tests.begin_feed();

select chat_tests.add_people('alice', 'bob', 'carol', 'stranger');
insert into known (name) select unnest(array['unknown chat']);

-- Alice and bob are friends, and come to a party of carol's.
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));
select chat_tests.give_party('carol', 'alice', 'bob');

select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;
select pg_temp.say('pair', 'hello ' || n) from generate_series(1, 3) as n;
select pg_temp.say('group chat', 'line ' || n) from generate_series(1, 10) as n;

-- Positions of another database --------------------------------------------------------
-- A restored database has lost the changes after its backup, so their positions are not valid any more.

select chat_tests.act_as('alice');
select matches(chat.epoch(), '^[0-9a-f]{16}$', 'an epoch is a short word');
select is(
  array[
    public.list_changes(chat_tests.id('pair'), 3) ->> 'epoch', public.list_changes(chat_tests.id('pair'), 0, 1) ->> 'epoch',
    public.get_chat(chat_tests.id('pair')) ->> 'epoch', public.list_chats()::jsonb #>> '{data,0,epoch}'
  ],
  array_fill(chat.epoch(), array[4]), 'the feed, the chat and the list of chats tell the same epoch'
);
select is(
  public.list_changes(chat_tests.id('pair'), 2, 50, chat.epoch())::jsonb, public.list_changes(chat_tests.id('pair'), 2)::jsonb,
  'a position of this epoch is as good as one without an epoch'
);
select is(
  public.list_changes(chat_tests.id('pair'), 3, 50, chat.epoch())::jsonb,
  jsonb_build_object(
    'data', jsonb_build_array(), 'rev', 3, 'epoch', chat.epoch(), 'hasMore', false, 'topic', 'chat:' || chat_tests.id('pair')
  ),
  'at the chat''s rev there is nothing new'
);
select throws_ok(format('select public.list_changes(chat_tests.id(''pair''), %s)', arguments), 'PT410', 'resync_required', said)
from (values
  ('4', 'one past the chat''s rev the caller has to load the chat again'),
  ('9223372036854775807', 'and far past it'),
  ('4, 50, chat.epoch()', 'in this epoch too'),
  ('3, 50, ''0123456789abcdef''', 'so has a caller from another epoch'),
  ('0, 50, ''0123456789abcdef''', 'even from the first rev'),
  ('3, 50, ''''', 'an empty epoch is another one'),
  ('3, 50, upper(chat.epoch())', 'and so is one in capitals')
) as attempt (arguments, said);
select throws_ok(
  $$ select public.list_changes(chat_tests.id('pair'), -1, 50, '0123456789abcdef') $$, 'PT400', 'invalid_request', 'a fault of the request is told first'
);
select chat_tests.act_as('stranger');
select throws_ok(
  format('select public.list_changes(chat_tests.id(%L), 0, 50, ''0123456789abcdef'')', chat), refusal[1], refusal[2], format('a stranger hears of no epoch: %s', chat)
)
from (values
  ('pair', array['PT403', 'not_participant']), ('unknown chat', array['PT404', 'chat_not_found'])
) as attempt (chat, refusal);

-- The group's chat is at rev 10. The backup has revs 1 to 4.
reset role;
delete from public.messages where chat_id = chat_tests.id('group chat') and rev > 4;
update chat.chats set rev = 4 where id = chat_tests.id('group chat');
select chat_tests.act_as('alice');
select throws_ok(
  format('select public.list_changes(chat_tests.id(''group chat''), %s)', since), 'PT410', 'resync_required', format('restored to rev 4, the chat knows no rev %s', since)
)
from unnest(array[10, 5]) as since;
select is(pg_temp.changes('group chat', 0), array['1 line 1', '2 line 2', '3 line 3', '4 line 4'], 'the messages of the backup are there');
select is(pg_temp.feed('group chat', 4), '{"data": [], "rev": 4, "hasMore": false}', 'a client that stands at rev 4 has missed nothing');
select pg_temp.say('group chat', 'restored ' || n) from generate_series(5, 9) as n;
select throws_ok(
  $$ select public.list_changes(chat_tests.id('group chat'), 10) $$, 'PT410', 'resync_required', 'at rev 9 the lost rev 10 is still past the end'
);
select pg_temp.say('group chat', 'restored 10');
select is(
  pg_temp.changes('group chat', 10), '{}', 'at rev 10 a rev alone does not tell that another rev 10 is meant'
);
select throws_ok(
  $$ select public.list_changes(chat_tests.id('group chat'), 10, 50, '0123456789abcdef') $$, 'PT410', 'resync_required', 'its epoch does'
);

-- A table that was loaded again has another file.
insert into seen (moment, answer) select 'epoch before', to_jsonb(chat.epoch());
reset role;
cluster chat.chats using chats_pkey;
select chat_tests.act_as('alice');
select isnt(chat.epoch(), (select s.answer #>> '{}' from seen s where s.moment = 'epoch before'), 'a table that was loaded anew is of another epoch');
select throws_ok(
  format('select public.list_changes(chat_tests.id(''group chat''), 10, 50, %L)', (select s.answer #>> '{}' from seen s where s.moment = 'epoch before')),
  'PT410', 'resync_required', 'and positions of the one before are refused'
);
select is(
  array[public.get_chat(chat_tests.id('group chat')) ->> 'epoch', public.list_changes(chat_tests.id('group chat'), 10) ->> 'epoch'],
  array_fill(chat.epoch(), array[2]), 'the chat and its feed tell the new one'
);

select * from finish();
rollback;
