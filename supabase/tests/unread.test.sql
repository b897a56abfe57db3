-- What is unread in all chats: the badge of an app. `chats_unread.test.sql` has the count of one chat.
--
-- needs: friends, rooms

begin;
select plan(30);

-- One person sends hundreds of messages here.
update chat.rate_limits set max_count = 1000000;

select chat_tests.begin_story();

select chat_tests.add_people('alice', 'bob', 'carol', 'stranger');
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));
select chat_tests.give_party('carol', 'alice', 'bob');
select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;

-- The acting person's counts: chats, messages, mentions.
create function pg_temp.counts() returns integer[]
language sql stable
as $$
  select array[(c ->> 'chats')::integer, (c ->> 'messages')::integer, (c ->> 'mentions')::integer]
  from (select public.count_unread()::jsonb) as counted (c)
$$;
create function pg_temp.say(chat text, lines integer, called text, mentions uuid[] default null) returns void
language plpgsql
as $$
declare
  said json;
begin
  for line in 1..lines loop
    said := public.send_message(chat_tests.id(chat), format('%s %s', called, line), mentions => say.mentions);
  end loop;
  insert into known (name, id) values (called, (said ->> 'id')::uuid);
end
$$;

-- Counting -----------------------------------------------------------------------

select is(public.count_unread()::jsonb, '{"chats": 0, "messages": 0, "mentions": 0}', 'nothing is unread where nothing was said');
select chat_tests.act_as('bob');
select pg_temp.say('pair', 3, 'hello');
select is(pg_temp.counts(), array[0, 0, 0], 'one''s own messages are not unread');
select chat_tests.act_as('alice');
select is(pg_temp.counts(), array[1, 3, 0], 'messages of others are, and so is their chat');
select chat_tests.act_as('carol');
select pg_temp.say('group chat', 2, 'welcome');
select chat_tests.act_as('alice');
select is(pg_temp.counts(), array[2, 5, 0], 'all chats are counted');
select chat_tests.act_as('bob');
select pg_temp.say('pair', 1, 'for alice', chat_tests.ids('alice'));
select pg_temp.say('group chat', 1, 'for carol', chat_tests.ids('carol'));
select chat_tests.act_as('alice');
select is(pg_temp.counts(), array[2, 7, 1], 'a message that mentions the caller is a mention too');
select chat_tests.act_as('carol');
select is(pg_temp.counts(), array[1, 1, 1], 'for each their own');
select chat_tests.act_as('alice');
select public.mark_read(chat_tests.id('group chat'), chat_tests.id('for carol'));
select is(pg_temp.counts(), array[1, 4, 1], 'what is read does not count');
select chat_tests.act_as('bob');
select public.delete_message(chat_tests.id('pair'), chat_tests.id('for alice'));
select chat_tests.act_as('alice');
select is(pg_temp.counts(), array[1, 3, 0], 'nor does what is deleted');
select public.mark_read(chat_tests.id('pair'), chat_tests.id('hello'));
select is(pg_temp.counts(), array[0, 0, 0], 'a chat in which only deleted messages are unread does not count');
select pg_temp.say('pair', 2, 'an answer');
select is(pg_temp.counts(), array[0, 0, 0], 'nor one in which only one''s own are the newest');

-- Marked unread ------------------------------------------------------------------

select public.change_chat_settings(chat_tests.id('pair'), marked_unread => true);
select is(pg_temp.counts(), array[1, 0, 0], 'a chat that is marked unread counts, without a message');
select public.mark_read(chat_tests.id('pair'), chat_tests.id('hello'));
select is(pg_temp.counts(), array[0, 0, 0], 'until it is read');
select public.change_chat_settings(chat_tests.id('pair'), marked_unread => true);
select chat_tests.act_as('bob');
select pg_temp.say('pair', 2, 'more', chat_tests.ids('alice'));
select chat_tests.act_as('alice');
select is(pg_temp.counts(), array[1, 2, 2], 'it counts once');

-- Muted and archived -------------------------------------------------------------

select public.change_chat_settings(chat_tests.id('pair'), muted_until => '2100-01-01');
select is(pg_temp.counts(), array[0, 0, 0], 'a muted chat counts in none, marked unread or not');
select chat_tests.act_as('bob');
select pg_temp.say('group chat', 1, 'in the group', chat_tests.ids('alice'));
select chat_tests.act_as('alice');
select is(pg_temp.counts(), array[1, 1, 1], 'others do');
select public.change_chat_settings(chat_tests.id('pair'), muted_until => null);
select is(pg_temp.counts(), array[2, 3, 3], 'when it is not muted any more it counts');
select public.change_chat_settings(chat_tests.id('pair'), muted_until => '2100-01-01');
reset role;
update chat.participant_settings set muted_until = clock_timestamp();
select chat_tests.act_as('alice');
select is(pg_temp.counts(), array[2, 3, 3], 'also when its time has passed');
select public.change_chat_settings(chat_tests.id('pair'), archived => true);
select is(pg_temp.counts(), array[1, 1, 1], 'an archived chat counts in none');
select chat_tests.act_as('bob');
select pg_temp.say('pair', 1, 'again');
select chat_tests.act_as('alice');
select is(pg_temp.counts(), array[2, 4, 3], 'until a message ends that');
select public.change_chat_settings(chat_tests.id('pair'), notify => 'none');
select is(pg_temp.counts(), array[2, 4, 3], 'notify changes nothing');

-- Leaving ------------------------------------------------------------------------

select public.leave_chat(chat_tests.id('pair'));
select is(pg_temp.counts(), array[1, 1, 1], 'a chat that one has left does not count');
select chat_tests.act_as('bob');
select pg_temp.say('pair', 1, 'come back');
select chat_tests.act_as('alice');
select is(pg_temp.counts(), array[2, 2, 1], 'who comes back has not read what came after, and nothing before counts');

-- 99 and more --------------------------------------------------------------------

select chat_tests.act_as('bob');
select pg_temp.say('pair', 97, 'the 99th', chat_tests.ids('alice'));
select chat_tests.act_as('alice');
select is(pg_temp.counts(), array[2, 99, 98], 'the count of messages is exact at 99');
select chat_tests.act_as('bob');
select pg_temp.say('group chat', 1, 'the 100th', chat_tests.ids('alice'));
select chat_tests.act_as('alice');
select is(pg_temp.counts(), array[2, 100, 99], 'and that of mentions');
select chat_tests.act_as('bob');
select pg_temp.say('group chat', 5, 'the 105th', chat_tests.ids('alice'));
select chat_tests.act_as('alice');
select is(pg_temp.counts(), array[2, 100, 100], '100 means more than 99');

reset role;
select chat_tests.add_people('friend ' || n) from generate_series(1, 98) as n;
select chat_tests.befriend(chat_tests.id('alice'), k.id) from known k where k.name like 'friend %';
create function pg_temp.greet(person text) returns void
language plpgsql
as $$
begin
  perform chat_tests.claim(chat_tests.id(person));
  perform public.send_message((public.open_direct_chat(chat_tests.id('alice')) ->> 'id')::uuid, 'hello');
end
$$;
set role authenticated;
select pg_temp.greet('friend ' || n) from generate_series(1, 97) as n;
select chat_tests.act_as('alice');
select is(pg_temp.counts(), array[99, 100, 100], 'the count of chats is exact at 99');
select pg_temp.greet('friend 98');
select chat_tests.act_as('alice');
select is(pg_temp.counts(), array[100, 100, 100], 'and at 100');

-- Who asks -----------------------------------------------------------------------

select chat_tests.act_as('stranger');
select is(pg_temp.counts(), array[0, 0, 0], 'who has no chat has nothing unread');
reset role;
delete from auth.users where id = chat_tests.id('alice');
select chat_tests.act_as('alice');
select is(chat_tests.refusal('count_unread()'), 'PT401 invalid_token', 'a deleted account is told so');
reset role;
set local role anon;
select throws_ok('select public.count_unread()', '42501', null, 'nobody asks without an account');

select * from finish();
rollback;
