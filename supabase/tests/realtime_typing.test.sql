-- Typing: who is told, and how often.
--
-- A broadcast is a row of realtime.messages, which Realtime's server reads.
--
-- needs: friends, blocks, rooms

begin;
select plan(14);

select chat_tests.begin_story();
select chat_tests.begin_listening();

create function pg_temp.move_typing_back(by interval) returns void
language sql security definer
as $$ update realtime.messages set inserted_at = inserted_at - by where event = 'typing' $$;

select chat_tests.add_people('alice', 'carol', 'dave', 'stranger');
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('dave'));
select chat_tests.give_party('carol', 'alice');
select chat_tests.act_as('alice');
insert into known (name, id) select 'friends', (public.open_direct_chat(chat_tests.id('dave')) ->> 'id')::uuid;
select pg_temp.hear_no_more();

-- Typing -----------------------------------------------------------------------------

select set_config('response.status', '', true);
select public.send_typing(chat_tests.id('friends'));
select is(current_setting('response.status'), '202', 'typing is accepted');
select set_eq(
  'select * from pg_temp.heard()',
  $$ values (pg_temp.chat_topic('friends'), 'typing', jsonb_build_object('chatId', chat_tests.id('friends'), 'userId', chat_tests.id('alice'))) $$,
  'and told to the chat, and not to any person''s own channel'
);
select set_config('response.status', '', true);
select public.send_typing(chat_tests.id('friends'));
select is(current_setting('response.status'), '202', 'a second time is accepted as well');
select is_empty('select * from pg_temp.heard()', 'and not told again');
select pg_temp.move_typing_back('2.9 seconds');
select public.send_typing(chat_tests.id('friends'));
select is_empty('select * from pg_temp.heard()', 'not within three seconds');
select chat_tests.act_as('dave');
select public.send_typing(chat_tests.id('friends'));
select is((select count(*) from pg_temp.heard()), 1::bigint, 'another person''s is');
select chat_tests.act_as('alice');
select public.send_typing(chat_tests.id('group chat'));
select is((select count(*) from pg_temp.heard()), 1::bigint, 'and one''s own in another chat');
select pg_temp.move_typing_back('0.2 seconds');
select public.send_typing(chat_tests.id('friends'));
select is((select count(*) from pg_temp.heard()), 1::bigint, 'after three seconds it is told again');
select pg_temp.move_typing_back('1 hour');
select set_config('timezone', 'Pacific/Kiritimati', true);
select public.send_typing(chat_tests.id('friends'));
select public.send_typing(chat_tests.id('friends'));
select chat_tests.say('friends', 'good morning from Kiritimati');
select set_config('timezone', 'UTC', true);
select is(
  (select count(*) from pg_temp.heard() h where h.event = 'typing'), 1::bigint, 'the caller''s time zone changes nothing about it'
);
reset role;
select is_empty(
  $$ select * from realtime.messages m where m.inserted_at > (now() at time zone 'UTC') + interval '1 minute' $$,
  'nor the time at which Realtime thinks a broadcast was sent'
);
select chat_tests.act_as('stranger');
select throws_ok(
  $$ select public.send_typing(chat_tests.id('friends')) $$, 'PT403', 'not_participant', 'a stranger does not type'
);
select throws_ok($$ select public.send_typing(gen_random_uuid()) $$, 'PT404', 'chat_not_found', 'nor does anybody in no chat');
reset role;
select chat_tests.block(chat_tests.id('alice'), chat_tests.id('dave'));
select chat_tests.act_as('dave');
select pg_temp.move_typing_back('1 hour');
select throws_ok($$ select public.send_typing(chat_tests.id('friends')) $$, 'PT403', 'blocked', 'nor one who is blocked');
reset role;
select chat_tests.unblock(chat_tests.id('alice'), chat_tests.id('dave'));
select is_empty('select * from pg_temp.heard()', 'no refused typing is told');

select * from finish();
rollback;
