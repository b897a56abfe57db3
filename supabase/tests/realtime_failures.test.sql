-- What happens when Realtimes table refuses rows or is slow: the write succeeds, and the lost broadcasts are counted.
--
-- A broadcast is a row of realtime.messages, which Realtime's server reads.
--
-- needs: friends, rooms

begin;
select plan(26);

select chat_tests.begin_story();
select chat_tests.begin_listening();

select chat_tests.add_people('alice', 'carol', 'dave', 'stranger');
select chat_tests.add_people('singer ' || n) from generate_series(1, 5) as n;
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('dave'));
select chat_tests.give_party('carol', 'alice', 'dave');
insert into known (name, id)
select 'choir', chat_tests.open_room(
  'Concert', chat_tests.ids('carol'), array(select chat_tests.id('singer ' || n) from generate_series(1, 5) as n)
);
insert into known (name, id) select 'choir chat', chat_tests.chat_of(chat_tests.id('choir'));
select chat_tests.act_as('alice');
insert into known (name, id) select 'friends', (public.open_direct_chat(chat_tests.id('dave')) ->> 'id')::uuid;
select chat_tests.act_as('carol');
select chat_tests.say('group chat', 'a short one');
reset role;
select pg_temp.hear_no_more();

-- Failures ---------------------------------------------------------------------------
-- Realtime's table refuses rows. The chat's writes succeed, and the lost broadcasts are counted.

create function pg_temp.refuse() returns trigger language plpgsql as $$ begin raise exception 'the disk is full'; end $$;
create trigger refuse before insert on realtime.messages for each row execute function pg_temp.refuse();
set local client_min_messages = error;

select chat_tests.act_as('alice');
select lives_ok($$ select chat_tests.say('group chat', 'unheard') $$, 'a message is sent');
select is(public.edit_message(chat_tests.id('group chat'), chat_tests.id('unheard'), 'unheard of') ->> 'text', 'unheard of', 'and edited');
select lives_ok($$ select public.delete_message(chat_tests.id('group chat'), chat_tests.id('unheard')) $$, 'and deleted');
select is(pg_temp.lost(), 12::bigint, 'each would have been four broadcasts, which are counted one by one');
select lives_ok($$ select public.send_typing(chat_tests.id('friends')) $$, 'somebody types');
select lives_ok($$ select public.mark_read(chat_tests.id('group chat'), chat_tests.id('a short one')) $$, 'or reads');
select is(pg_temp.lost(), 15::bigint, 'one broadcast of typing and two of reading are lost');
select chat_tests.act_as('carol');
select lives_ok($$ select chat_tests.say('group chat', 'carol, unheard') $$, 'somebody else sends');
select is(pg_temp.lost(), 19::bigint, 'its four broadcasts are lost as well');
select chat_tests.act_as('dave');
select public.leave_chat(chat_tests.id('group chat'));
select is(pg_temp.lost(), 21::bigint, 'a leaving loses both of its broadcasts');
select chat_tests.act_as('alice');
select is(
  public.get_chat(chat_tests.id('group chat')) ->> 'topic', pg_temp.chat_topic('group chat') || ':1',
  'and moves the chat on all the same'
);
select is_empty('select * from pg_temp.heard()', 'no broadcast was sent');
reset role;
drop trigger refuse on realtime.messages;
select chat_tests.act_as('alice');
select chat_tests.say('group chat', 'still unheard');
select is(pg_temp.lost(), 24::bigint, 'once one has failed, the same transaction tries no other');
select is_empty('select * from pg_temp.heard()', 'even if it would succeed');
reset role;
select set_config('chat.realtime_fails', '', true);

-- If Realtime is slow, a write does not wait for all of its broadcasts.
create function pg_temp.delay() returns trigger language plpgsql as $$ begin perform pg_sleep(0.6); return new; end $$;
create trigger delay before insert on realtime.messages for each row execute function pg_temp.delay();
select chat_tests.act_as('alice');
select chat_tests.say('group chat', 'slowly heard');
select is((select count(*) from pg_temp.heard()), 1::bigint, 'after half a second the rest is not told');
select is(pg_temp.lost(), 26::bigint, 'the two others are counted as lost');
reset role;
drop trigger delay on realtime.messages;
select set_config('chat.realtime_fails', '', true);

-- Some of the seven broadcasts are sent.
create temporary sequence tried;
grant usage on tried to authenticated;
create function pg_temp.refuse_from_the_third() returns trigger
language plpgsql
as $$
begin
  if nextval('pg_temp.tried') >= 3 then
    raise exception 'the disk is full';
  end if;
  return new;
end
$$;
create trigger refuse before insert on realtime.messages for each row execute function pg_temp.refuse_from_the_third();
select chat_tests.act_as('singer 1');
select chat_tests.say('choir chat', 'six are to be told');
select is((select count(*) from pg_temp.heard()), 2::bigint, 'of seven broadcasts two are sent before one fails');
select is(pg_temp.lost(), 31::bigint, 'the five others are counted');
reset role;
drop trigger refuse on realtime.messages;
select set_config('chat.realtime_fails', '', true);

-- An error before Realtime, after some broadcasts were sent.
create or replace function chat.max_broadcast_bytes() returns integer
language plpgsql volatile
as $$
begin
  if nextval('pg_temp.tried') % 10 = 5 then
    raise exception 'no bound';
  end if;
  return 250000;
end
$$;
select setval('tried', 2);
select chat_tests.act_as('singer 1');
select lives_ok($$ select chat_tests.say('choir chat', 'six are to be told again') $$, 'an error on the way to Realtime does not stop a message either');
select is((select count(*) from pg_temp.heard()), 0::bigint, 'the broadcasts before the error are rolled back');
select is(pg_temp.lost(), 38::bigint, 'seven are due, and seven are counted');
reset role;

create or replace function chat.max_broadcast_bytes() returns integer
language plpgsql immutable as $$ begin raise exception 'no bound'; end $$;
select chat_tests.act_as('alice');
select lives_ok($$ select public.mark_read(chat_tests.id('group chat'), chat_tests.id('carol, unheard')) $$, 'nor does it stop a reading');
reset role;
select lives_ok(
  $$ select chat_tests.add_members(chat_tests.ids('party'), chat_tests.ids('stranger')) $$, 'nor a joining'
);
select lives_ok(
  $$ select chat_tests.remove_members(chat_tests.ids('party'), chat_tests.ids('stranger')) $$, 'nor a leaving'
);
select is(pg_temp.lost(), 44::bigint, 'each of which loses both of its broadcasts');
create or replace function chat.max_broadcast_bytes() returns integer language sql immutable parallel safe return 250000;
set local client_min_messages = notice;

select is_empty(
  $$ select * from realtime.messages m where m.private is not true or m.extension <> 'broadcast' $$,
  'everything that was sent is a private broadcast'
);

select * from finish();
rollback;
