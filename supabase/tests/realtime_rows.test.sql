-- How many broadcasts a write takes, and what is told in chats with many people and of large messages.
--
-- A broadcast is a row of realtime.messages, which Realtime's server reads.
--
-- needs: friends, rooms

begin;
select plan(30);

select chat_tests.begin_story();
select chat_tests.begin_listening();

select chat_tests.add_people('alice', 'carol', 'dave');
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('dave'));
select chat_tests.give_party('carol', 'alice', 'dave');
select chat_tests.act_as('alice');
insert into known (name, id) select 'friends', (public.open_direct_chat(chat_tests.id('dave')) ->> 'id')::uuid;
reset role;

-- How many rows a write takes ----------------------------------------------------------
-- Each broadcast counts against the project's messages a second.

create function pg_temp.rows_heard() returns bigint language sql as $$ select count(*) from pg_temp.heard() $$;
create function pg_temp.tell_up_to(participants integer) returns void
language sql security definer
as $$ update chat.settings set value = participants where name = 'told_participants' $$;
-- The number of broadcasts of a message: {sent, edited, deleted}.
create function pg_temp.rows_of_message(chat text) returns bigint[]
language plpgsql
as $$
declare
  message_id uuid;
  counts bigint[];
begin
  perform pg_temp.hear_no_more();
  message_id := public.send_message(chat_tests.id(chat), 'first words') ->> 'id';
  counts := array[pg_temp.rows_heard()];
  perform public.edit_message(chat_tests.id(chat), message_id, 'better words');
  counts := counts || pg_temp.rows_heard();
  perform public.delete_message(chat_tests.id(chat), message_id);
  return counts || pg_temp.rows_heard();
end
$$;

select chat_tests.add_people('singer ' || n) from generate_series(1, 10) as n;
select is(
  (select array[s.value, 10] from chat.settings s where s.name = 'told_participants'), array[10, 10], 'chats of up to ten people tell each of them'
);
select pg_temp.hear_no_more();
insert into known (name, id)
select 'choir', chat_tests.open_room(
  'Concert', chat_tests.ids('carol'), array(select chat_tests.id('singer ' || n) from generate_series(1, 9) as n)
);
insert into known (name, id) select 'choir chat', chat_tests.chat_of(chat_tests.id('choir'));
select is(pg_temp.rows_heard(), 10::bigint, 'a new chat of ten people: 10 rows, one for each');

select chat_tests.act_as('alice');
select is(pg_temp.rows_of_message('friends'), array[3, 3, 3]::bigint[], 'a direct chat: 3 rows for a message, an edit and a deletion');
select chat_tests.act_as('singer 1');
select is(pg_temp.rows_of_message('choir chat'), array[11, 11, 11]::bigint[], 'ten participants: 11 rows');
select chat_tests.say('choir chat', 'to be read');
select pg_temp.hear_no_more();
select chat_tests.act_as('singer 2');
select public.mark_read(chat_tests.id('choir chat'), chat_tests.id('to be read'));
select is(pg_temp.rows_heard(), 2::bigint, 'a reading: 2 rows, one for the chat and one for the reader');
select public.send_typing(chat_tests.id('choir chat'));
select is(pg_temp.rows_heard(), 1::bigint, 'typing: 1 row');
reset role;
select chat_tests.rename_event(chat_tests.event_of(chat_tests.id('choir')), 'Concert at Night');
select is(pg_temp.rows_heard(), 11::bigint, 'a new name: 11 rows');

select chat_tests.add_members(chat_tests.ids('choir'), chat_tests.ids('singer 10'));
select is(pg_temp.rows_heard(), 2::bigint, 'an eleventh participant: 2 rows, one for them and one for the chat');
select chat_tests.act_as('singer 1');
select is(pg_temp.rows_of_message('choir chat'), array[1, 1, 1]::bigint[], 'eleven participants: 1 row, for the chat');
select chat_tests.act_as('singer 3');
select public.mark_read(chat_tests.id('choir chat'), chat_tests.id('to be read'));
select set_eq(
  'select topic, event from pg_temp.heard()', $$ values (pg_temp.user_topic('singer 3'), 'chat.updated') $$, 'a reading: 1 row, for the reader'
);
reset role;
select chat_tests.rename_event(chat_tests.event_of(chat_tests.id('choir')), 'Concert at Midnight');
select is(pg_temp.rows_heard(), 1::bigint, 'a new name: 1 row, for the chat');

-- An operator may change the largest number of told participants.
select chat_tests.act_as('singer 1');
select pg_temp.tell_up_to(11);
select is(pg_temp.rows_of_message('choir chat'), array[12, 12, 12]::bigint[], 'where eleven are told: 12 rows');
select pg_temp.tell_up_to(9);
select chat_tests.act_as('singer 10');
select public.leave_chat(chat_tests.id('choir chat'));
select is(pg_temp.rows_heard(), 2::bigint, 'a leaving: 2 rows, for the old topic and the leaver');
select chat_tests.act_as('singer 1');
select is(pg_temp.rows_of_message('choir chat'), array[1, 1, 1]::bigint[], 'where nine are told and ten take part: 1 row');
select pg_temp.tell_up_to(0);
select chat_tests.act_as('alice');
select is(pg_temp.rows_of_message('friends'), array[1, 1, 1]::bigint[], 'where nobody is told: 1 row in a direct chat too');
reset role;
delete from chat.settings where name = 'told_participants';
select chat_tests.act_as('alice');
select is(pg_temp.rows_of_message('friends'), array[1, 1, 1]::bigint[], 'and so without the setting');
reset role;
insert into chat.settings (name, value, meaning) values ('told_participants', 10, 'as it was');
select chat_tests.act_as('singer 1');
select is(pg_temp.rows_of_message('choir chat'), array[11, 11, 11]::bigint[], 'with it, ten participants are 11 rows again');
select throws_ok($$ update chat.settings set value = 1000 $$, '42501', 'permission denied for table settings', 'people do not change it');
reset role;

-- One statement sends one broadcast to the chat, for any number of people.
create temporary table two_singers as
select array_agg(k.id order by k.id) as ids from known k where k.name in ('singer 8', 'singer 9');
select pg_temp.hear_no_more();
select chat_tests.remove_members(chat_tests.ids('choir'), t.ids) from two_singers t;
select bag_eq(
  'select * from pg_temp.heard()',
  $$ select pg_temp.chat_topic('choir chat') || ':1' as topic, 'chat.left' as event, jsonb_build_object(
       'chatId', chat_tests.id('choir chat'), 'userIds', t.ids, 'topic', pg_temp.chat_topic('choir chat') || ':2'
     ) as payload from two_singers t
     union all
     select 'user:' || singer, 'chat.left', jsonb_build_object('chatId', chat_tests.id('choir chat')) from two_singers t, unnest(t.ids) as singer $$,
  'two are removed at once: 1 row for the chat names both, and each has one'
);
select chat_tests.add_members(chat_tests.ids('choir'), t.ids) from two_singers t;
select bag_eq(
  'select * from pg_temp.heard()',
  $$ select pg_temp.chat_topic('choir chat') || ':2' as topic, 'chat.joined' as event, jsonb_build_object(
       'chatId', chat_tests.id('choir chat'), 'userIds', t.ids
     ) as payload from two_singers t
     union all
     select 'user:' || singer, 'chat.created', jsonb_build_object('chatId', c.id, 'rev', c.rev)
     from two_singers t, unnest(t.ids) as singer, chat.chats c where c.id = chat_tests.id('choir chat') $$,
  'two are added at once: 1 row for the chat names both, and each has one'
);
-- A read mark in a chat with exactly the largest number of told participants.
select chat_tests.act_as('singer 1');
select chat_tests.say('choir chat', 'for all ten');
select pg_temp.hear_no_more();
select chat_tests.act_as('singer 4');
select public.mark_read(chat_tests.id('choir chat'), chat_tests.id('for all ten'));
select bag_eq(
  'select topic, event from pg_temp.heard()',
  $$ values (pg_temp.chat_topic('choir chat') || ':2', 'chat.read'), (pg_temp.user_topic('singer 4'), 'chat.updated') $$,
  'a chat of ten hears who has read'
);
reset role;

-- Bounds -----------------------------------------------------------------------------
-- In this transaction they are small.

update chat.settings set value = 3 where name = 'told_participants';
select pg_temp.hear_no_more();
select chat_tests.act_as('alice');
select chat_tests.say('group chat', 'three are told');
select is((select count(*) from pg_temp.heard() h where h.event = 'chat.updated'), 3::bigint, 'as many participants as the bound are told');
reset role;
update chat.settings set value = 2 where name = 'told_participants';
select chat_tests.act_as('alice');
select chat_tests.say('group chat', 'three are too many');
select set_eq(
  'select topic, event from pg_temp.heard()',
  $$ values (pg_temp.chat_topic('group chat'), 'message.created') $$, 'with more, the chat''s channel alone is'
);
select chat_tests.act_as('dave');
select public.mark_read(chat_tests.id('group chat'), chat_tests.id('three are too many'));
select set_eq(
  'select * from pg_temp.heard()',
  $$ select pg_temp.user_topic('dave'), 'chat.updated', jsonb_build_object(
       'chatId', c.id, 'rev', c.rev, 'kind', 'read', 'unreadCount', 0, 'unreadMentions', 0,
       'lastReadAt', to_char(c.last_message_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
     ) from chat.chats c where c.id = chat_tests.id('group chat') $$,
  'and a read mark is told to the reader''s own devices alone'
);
reset role;
select chat_tests.rename_event(chat_tests.event_of(chat_tests.id('party')), 'Night');
select set_eq(
  'select topic, event from pg_temp.heard()',
  $$ values (pg_temp.chat_topic('group chat'), 'chat.updated') $$, 'a new name is told to the chat'
);
update chat.settings set value = 10 where name = 'told_participants';
select chat_tests.rename_event(chat_tests.event_of(chat_tests.id('party')), 'Saturday Night');
select set_eq(
  'select * from pg_temp.heard()',
  $$ select topic, 'chat.updated', jsonb_build_object('chatId', c.id, 'rev', c.rev)
     from chat.chats c, unnest(array[
       pg_temp.user_topic('alice'), pg_temp.user_topic('carol'), pg_temp.user_topic('dave'), pg_temp.chat_topic('group chat')
     ]) as topic
     where c.id = chat_tests.id('group chat') $$,
  'and to each participant where they are few'
);
select ok(
  (select s.value + 2 <= 64 from chat.settings s where s.name = 'told_participants'),
  'the broadcasts of a message are subtransactions that Postgres keeps at hand'
);

create or replace function chat.max_broadcast_bytes() returns integer language sql immutable return 1000;
select chat_tests.act_as('alice');
select chat_tests.say('group chat', repeat('é', 400));
select set_eq(
  'select event, payload from pg_temp.heard()',
  $$ select event, jsonb_build_object('chatId', c.id, 'rev', c.rev)
     from unnest(array['message.created', 'chat.updated', 'chat.updated', 'chat.updated']) as event, chat.chats c
     where c.id = chat_tests.id('group chat') $$,
  'a message that is too large is told without its content'
);
select chat_tests.say('group chat', 'a short one');
select is(
  (select h.payload -> 'message' ->> 'text' from pg_temp.heard() h where h.event = 'message.created'), 'a short one', 'a message that fits is told with its content'
);
reset role;
create or replace function chat.max_broadcast_bytes() returns integer language sql immutable return 250000;
select is(pg_temp.lost(), 0::bigint, 'nothing of all this was lost');

select * from finish();
rollback;
