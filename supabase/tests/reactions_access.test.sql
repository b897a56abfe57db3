-- Who may react to which message, the 21st emoji, the limit, and what stays of people and messages that go.
--
-- needs: friends, blocks, rooms

begin;
select plan(71);

select chat_tests.begin_story();

select chat_tests.add_people('alice', 'bob', 'carol', 'dave', 'stranger');
insert into known (name) select unnest(array['unknown chat', 'unknown message']);
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));
select chat_tests.give_party('carol', 'alice', 'bob', 'dave');

create function pg_temp.rev(chat text) returns bigint
language sql stable security definer
as $$ select c.rev from chat.chats c where c.id = chat_tests.id(chat) $$;
create function pg_temp.used(person text) returns integer
language sql stable security definer
as $$ select a.used from chat.allowances a where a.user_id = chat_tests.id(person) and a.name = 'react' $$;

select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;
select chat_tests.say('pair', 'to bob');
select chat_tests.say('group chat', 'to all');
select chat_tests.say('group chat', 'deleted');
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('deleted'));
select public.add_reaction(chat_tests.id('group chat'), chat_tests.id('to all'), '👍');

create function pg_temp.calls(chat text, line text) returns setof text
language sql stable
as $$
  select format('%s(%L::uuid, %L::uuid%s)', verb.name, chat_tests.id(chat), chat_tests.id(line), verb.emoji)
  from (values ('add_reaction', ', ''👍'''), ('remove_reaction', ', ''👍'''), ('list_reactions', '')) as verb (name, emoji)
$$;
create function pg_temp.refusal_of(person text, call text) returns text
language plpgsql
as $$
begin
  perform chat_tests.act_as(person);
  return chat_tests.refusal(call);
end
$$;

-- Who may ------------------------------------------------------------------------
-- A stranger gets the same answer for a message that exists as for one that does not.

select chat_tests.act_as('stranger');
select is(chat_tests.refusal(call), refusal, format('a stranger is refused: %s of %s in %s', split_part(call, '(', 1), line, chat))
from (values
  ('group chat', 'to all', 'PT403 not_participant'),
  ('group chat', 'deleted', 'PT403 not_participant'),
  ('group chat', 'to bob', 'PT403 not_participant'),
  ('group chat', 'unknown message', 'PT403 not_participant'),
  ('unknown chat', 'to all', 'PT404 chat_not_found'),
  ('unknown chat', 'unknown message', 'PT404 chat_not_found')
) as attempt (chat, line, refusal)
cross join lateral pg_temp.calls(chat, line) as call;
-- So does a participant for every message that they may not read.
select chat_tests.act_as('dave');
select is(chat_tests.refusal(call), 'PT404 message_not_found', format('dave is refused: %s of %s', split_part(call, '(', 1), line))
from unnest(array['deleted', 'to bob', 'unknown message']) as line
cross join lateral pg_temp.calls('group chat', line) as call;
reset role;
set local role anon;
set local request.jwt.claims = '{"role": "anon"}';
select throws_ok('select public.' || call, '42501', 'permission denied for function ' || split_part(call, '(', 1), 'anon is refused: ' || split_part(call, '(', 1))
from unnest(array[
  $$add_reaction(gen_random_uuid(), gen_random_uuid(), '👍')$$, $$remove_reaction(gen_random_uuid(), gen_random_uuid(), '👍')$$,
  $$list_reactions(gen_random_uuid(), gen_random_uuid())$$
]) as call;
select chat_tests.act_as('dave');
select throws_ok(statement, '42501', 'permission denied for table reactions', format('a participant is refused: %s', statement))
from unnest(array[
  'select user_id from chat.reactions',
  $$insert into chat.reactions (chat_id, message_id, user_id, emoji, rev) values (chat_tests.id('group chat'), chat_tests.id('to all'), chat_tests.id('bob'), '👍', 9)$$,
  'delete from chat.reactions'
]) as statement;
reset role;
select is(pg_temp.rev('group chat'), 4::bigint, 'nobody of them has changed anything');

-- Blocks -------------------------------------------------------------------------

select chat_tests.act_as('bob');
select public.add_reaction(chat_tests.id('pair'), chat_tests.id('to bob'), '👍');
reset role;
select chat_tests.block(chat_tests.id('alice'), chat_tests.id('bob'));
select is(pg_temp.refusal_of(person, format('add_reaction(chat_tests.id(''pair''), chat_tests.id(''to bob''), %L)', emoji)), 'PT403 blocked', said)
from (values
  ('bob', '🎉', 'a blocked person does not react'), ('bob', '👍', 'also not once more in the same way'),
  ('alice', '🎉', 'nor does the one who blocks')
) as attempt (person, emoji, said);
select chat_tests.act_as('bob');
select is(
  public.remove_reaction(chat_tests.id('pair'), chat_tests.id('to bob'), '👍')::jsonb -> 'reactions', '[]', 'but a blocked person takes a reaction back'
);

-- The 21st emoji -------------------------------------------------------------------

do $$
begin
  for n in 1..10 loop
    perform chat_tests.act_as('bob');
    perform public.add_reaction(chat_tests.id('group chat'), chat_tests.id('to all'), 'bob-' || n);
    perform chat_tests.act_as('dave');
    if n < 10 then
      perform public.add_reaction(chat_tests.id('group chat'), chat_tests.id('to all'), 'dave-' || n);
    end if;
  end loop;
end
$$;
select chat_tests.act_as('carol');
select is(
  chat_tests.refusal($$add_reaction(chat_tests.id('group chat'), chat_tests.id('to all'), 'one-more')$$),
  'PT400 invalid_request {"path": "emoji", "issue": "the message has 20 different reactions already"}', 'the 21st emoji is refused'
);
select is(pg_temp.rev('group chat'), 23::bigint, 'and takes no rev');
select is(pg_temp.used('carol'), null, 'nor counts');
select is(
  (public.add_reaction(chat_tests.id('group chat'), chat_tests.id('to all'), 'dave-9')::jsonb #>> '{reactions,18,count}')::integer, 2,
  'one of the twenty is not refused'
);
select chat_tests.act_as('bob');
select public.remove_reaction(chat_tests.id('group chat'), chat_tests.id('to all'), 'bob-1');
select is(
  public.add_reaction(chat_tests.id('group chat'), chat_tests.id('to all'), 'one-more')::jsonb #>> '{reactions,19,emoji}', 'one-more',
  'after another is taken back there is a place'
);

-- The limit ----------------------------------------------------------------------

select chat_tests.say('group chat', 'limit');
select is(pg_temp.used('bob'), 14, 'each reaction counts, and each that is taken back');
select public.add_reaction(chat_tests.id('group chat'), chat_tests.id('to all'), 'one-more');
select public.remove_reaction(chat_tests.id('group chat'), chat_tests.id('to all'), 'bob-1');
select is(pg_temp.used('bob'), 14, 'what changes nothing does not');
reset role;
update chat.allowances set used = 99, window_start = clock_timestamp() + interval '1 minute' where name = 'react';
select chat_tests.act_as('bob');
select lives_ok($$ select public.add_reaction(chat_tests.id('group chat'), chat_tests.id('limit'), '👍') $$, 'the hundredth is done');
select matches(
  chat_tests.refusal(format('%s(chat_tests.id(''group chat''), chat_tests.id(''limit''), %L)', verb, emoji)), '^PT429 rate_limited [0-9]+$', said
)
from (values ('add_reaction', '🎉', 'the next is refused'), ('remove_reaction', '👍', 'also if it takes one back')) as attempt (verb, emoji, said);
select lives_ok($$ select public.add_reaction(chat_tests.id('group chat'), chat_tests.id('limit'), '👍') $$, 'what changes nothing is not');
reset role;
update chat.allowances set used = 0 where name = 'react';

-- People who go ------------------------------------------------------------------

select chat_tests.act_as('dave');
select public.add_reaction(chat_tests.id('group chat'), chat_tests.id('limit'), '👍');
select public.leave_chat(chat_tests.id('group chat'));
select is(chat_tests.refusal(call), 'PT403 not_participant', format('who has left is refused: %s', split_part(call, '(', 1)))
from pg_temp.calls('group chat', 'limit') as call;
create function pg_temp.seen_reaction(line text) returns jsonb
language sql stable
as $$
  select message #> '{reactions,0}' from jsonb_array_elements(public.list_messages(chat_tests.id('group chat'), 100)::jsonb -> 'data') as message
  where message ->> 'id' = chat_tests.id(line)::text
$$;
create function pg_temp.of_two(mine boolean) returns jsonb
language sql stable
as $$ select jsonb_build_object('emoji', '👍', 'count', 2, 'mine', mine, 'userIds', chat_tests.ids('bob', 'dave')) $$;
select chat_tests.act_as('alice');
select is(pg_temp.seen_reaction('limit'), pg_temp.of_two(false), 'the reaction of a person who has left stays');
reset role;
delete from auth.users where id = chat_tests.id('dave');
select chat_tests.act_as('alice');
select is(pg_temp.seen_reaction('limit'), pg_temp.of_two(false), 'and that of a deleted account, as messages do');
select is(
  (select jsonb_agg(one -> 'userId') from jsonb_array_elements(public.list_reactions(chat_tests.id('group chat'), chat_tests.id('limit'))::jsonb -> 'data') as one),
  to_jsonb(chat_tests.ids('bob', 'dave')), 'the list has it too'
);
select is(chat_tests.refusal($$add_reaction(chat_tests.id('group chat'), chat_tests.id('limit'), '👍')$$), 'not at all', 'and others go on');

-- A person who has come back to a direct chat does not see what was before.
reset role;
select chat_tests.unblock(chat_tests.id('alice'), chat_tests.id('bob'));
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));
select chat_tests.act_as('bob');
select public.leave_chat(chat_tests.id('pair'));
select chat_tests.act_as('alice');
select chat_tests.say('pair', 'come back');
select chat_tests.act_as('bob', '{"app_metadata": {"role": "moderator"}}');
select is(chat_tests.refusal(call), 'PT404 message_not_found', format('bob''s history does not have it, also if he moderates: %s', split_part(call, '(', 1)))
from pg_temp.calls('pair', 'to bob') as call;
select chat_tests.act_as('alice');
select is(
  public.add_reaction(chat_tests.id('pair'), chat_tests.id('to bob'), '🎉')::jsonb #>> '{reactions,0,emoji}', '🎉', 'alice may still react to it'
);
select chat_tests.act_as('bob');
select is(
  jsonb_path_query_array(public.list_changes(chat_tests.id('pair'), 0)::jsonb, '$.data[*].message.text'), '["come back"]',
  'and bob''s feed does not tell'
);

-- Messages that go -----------------------------------------------------------------

select chat_tests.act_as('carol');
insert into seen select 'before', public.list_messages(chat_tests.id('group chat'), 1)::jsonb #> '{data,0}';
select is(chat_tests.answer('before') ->> 'id', chat_tests.id('limit')::text, 'the last message has three reactions');
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('limit'));
select chat_tests.act_as('alice');
select is(chat_tests.refusal(call), 'PT404 message_not_found', format('with a deleted message its reactions are gone: %s', split_part(call, '(', 1)))
from pg_temp.calls('group chat', 'limit') as call;
select is_empty($$ select reactions from public.messages where id = chat_tests.id('limit') $$, 'also in the table');
select is(
  public.list_changes(chat_tests.id('group chat'), pg_temp.rev('group chat') - 1)::jsonb -> 'data' -> 0,
  jsonb_build_object('rev', pg_temp.rev('group chat'), 'kind', 'delete', 'messageId', chat_tests.id('limit')), 'and nothing of them is in the feed'
);
select chat_tests.act_as('carol');
select is(
  (public.list_messages(chat_tests.id('group chat'), 1)::jsonb #> '{data,0}') - array['deletedAt', 'deletedBy', 'rev'],
  chat_tests.answer('before') - array['deletedAt', 'deletedBy', 'rev'], 'a moderator sees the deleted message with its reactions'
);
select is(
  jsonb_array_length(public.list_reactions(chat_tests.id('group chat'), chat_tests.id('limit'))::jsonb -> 'data'), 3, 'and who has reacted'
);
select is(chat_tests.refusal(call), 'PT404 message_not_found', format('but does not react to it: %s', split_part(call, '(', 1)))
from pg_temp.calls('group chat', 'limit') as call where call !~ '^list_';

select * from finish();
rollback;
