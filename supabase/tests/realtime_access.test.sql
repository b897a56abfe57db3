-- Who may join a channel, and what they may send there.
--
-- This file checks it as Realtime's server does: with the topic set, the person must see a row that was inserted for the
-- check.
--
-- needs: friends, rooms

begin;
select plan(67);

select chat_tests.begin_story();
select chat_tests.begin_listening();

select chat_tests.add_people('alice', 'carol', 'dave', 'stranger');
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('dave'));
select chat_tests.give_party('carol', 'alice', 'dave', 'stranger');
select chat_tests.act_as('alice');
insert into known (name, id) select 'friends', (public.open_direct_chat(chat_tests.id('dave')) ->> 'id')::uuid;

-- Dave leaves the group's chat, and the host removes the stranger: the chat is at its topic 2.
select chat_tests.act_as('dave');
select public.leave_chat(chat_tests.id('group chat'));
reset role;
select chat_tests.remove_members(chat_tests.ids('party'), chat_tests.ids('stranger'));

-- Who may listen -----------------------------------------------------------------------

-- The server's check when a person joins a topic: the kinds of messages that they may receive.
create function pg_temp.may_receive(asked_topic text) returns text[]
language plpgsql
as $$
declare
  answer text[];
begin
  perform set_config('realtime.topic', asked_topic, true);
  select array_agg(m.extension order by m.extension) into answer
  from realtime.messages m where m.topic = 'asked';
  return coalesce(answer, '{}');
end
$$;
insert into realtime.messages (topic, extension) values ('asked', 'broadcast'), ('asked', 'presence');
-- And the kinds that they may send.
create function pg_temp.may_send(asked_topic text, kind text) returns boolean
language plpgsql
as $$
begin
  perform set_config('realtime.topic', asked_topic, true);
  insert into realtime.messages (topic, extension) values (asked_topic, kind);
  return true;
exception when insufficient_privilege then
  return false;
end
$$;

select chat_tests.act_as('alice');
select is(pg_temp.may_receive(pg_temp.chat_topic('friends')), array['broadcast', 'presence'], 'a participant listens to a chat');
select is(
  pg_temp.may_receive(pg_temp.chat_topic('group chat') || ':2'), array['broadcast', 'presence'], 'at its present topic'
);
select is(pg_temp.may_receive(pg_temp.chat_topic('group chat') || coalesce(':' || epoch, '')), '{}', format('not at epoch %s', epoch))
from unnest(array[null, 0, 1, 3, 4]) as epoch;
select is(pg_temp.may_receive(pg_temp.user_topic('alice')), array['broadcast', 'presence'], 'a person listens to their own channel');
select is(pg_temp.may_receive(pg_temp.user_topic('dave')), '{}', 'and not to another person''s');
select ok(pg_temp.may_send(pg_temp.chat_topic('friends'), 'presence'), 'a participant tells their presence');
select ok(not pg_temp.may_send(pg_temp.chat_topic('friends'), 'broadcast'), 'and broadcasts nothing: only the server does');
select ok(not pg_temp.may_send(pg_temp.user_topic('alice'), 'broadcast'), 'not to their own channel either');
select is(
  pg_temp.may_receive(topic), '{}', format('no such topic: %s', coalesce(quote_literal(topic), 'null'))
)
from unnest(array[
  null, '', 'chat', 'chat:', 'user:', 'chat:*', 'chat:%', chat_tests.id('friends')::text,
  upper(pg_temp.chat_topic('friends')), 'chat:' || upper(chat_tests.id('friends')::text), 'Chat:' || chat_tests.id('friends'),
  'chat:{' || chat_tests.id('friends') || '}', 'chat:' || replace(chat_tests.id('friends')::text, '-', ''),
  ' ' || pg_temp.chat_topic('friends'), pg_temp.chat_topic('friends') || ' ', pg_temp.chat_topic('friends') || E'\n',
  pg_temp.chat_topic('friends') || ':', pg_temp.chat_topic('friends') || ':0', pg_temp.chat_topic('friends') || ':-1',
  pg_temp.chat_topic('group chat') || ':02', pg_temp.chat_topic('group chat') || ':2:2',
  pg_temp.chat_topic('group chat') || ':99999999999999999999', 'realtime:' || pg_temp.chat_topic('friends'),
  'x' || E'\n' || pg_temp.chat_topic('friends'), 'chat:'' or true --', 'user:' || upper(chat_tests.id('alice')::text), 'chat:💬'
]) as topic;

select chat_tests.act_as('dave');
select is(pg_temp.may_receive(pg_temp.chat_topic('group chat') || ':2'), '{}', 'a person who left does not listen any more');
select ok(not pg_temp.may_send(pg_temp.chat_topic('group chat') || ':2', 'presence'), 'nor tell their presence');
select chat_tests.act_as('stranger');
select is(pg_temp.may_receive(pg_temp.chat_topic('friends')), '{}', 'a stranger does not listen');
select ok(not pg_temp.may_send(pg_temp.chat_topic('friends'), 'presence'), 'nor tell their presence');
select chat_tests.act_as('stranger', '{"app_metadata": {"role": "moderator"}}');
select is(pg_temp.may_receive(pg_temp.chat_topic('friends')), '{}', 'a moderator who is no participant does not listen');
select set_config('role', 'anon', true), set_config('request.jwt.claims', '{"role": "anon"}', true);
select is(pg_temp.may_receive(topic), '{}', format('anon does not listen: %s', left(topic, 5)))
from unnest(array[pg_temp.chat_topic('friends'), pg_temp.user_topic('alice'), 'user:']) as topic;

-- The project has policies for other channels.
reset role;
create policy "everybody listens to everything" on realtime.messages for select to authenticated using (true);
create policy "everybody sends everything" on realtime.messages for insert to authenticated with check (true);
create policy "anybody listens to everything" on realtime.messages for select using (true);
create policy "anybody sends everything" on realtime.messages for insert with check (true);
select set_config('role', 'anon', true), set_config('request.jwt.claims', '{"role": "anon"}', true);
select is(pg_temp.may_receive('lobby'), array['broadcast', 'presence'], 'the project''s own channel is open to anybody');
select is(pg_temp.may_receive(topic), '{}', format('and the chat''s channels are not: %s', left(topic, 5)))
from unnest(array[pg_temp.chat_topic('friends'), pg_temp.user_topic('alice')]) as topic;
select ok(not pg_temp.may_send(topic, kind), format('anon sends no %s there: %s', kind, left(topic, 5)))
from unnest(array[pg_temp.chat_topic('friends'), pg_temp.user_topic('alice')]) as topic, unnest(array['broadcast', 'presence']) as kind;
select chat_tests.act_as('stranger');
select is(pg_temp.may_receive(topic), array['broadcast', 'presence'], format('the project''s own channel is open as it says: %s', topic))
from unnest(array['lobby', 'chat:lobby', 'user:alice', pg_temp.user_topic('alice') || ':notices']) as topic;
select ok(pg_temp.may_send('lobby', 'broadcast'), 'for sending as well');
select is(pg_temp.may_receive(topic), '{}', format('the project''s policies open no channel of the chat: %s', left(topic, 5)))
from unnest(array[pg_temp.chat_topic('friends'), pg_temp.user_topic('alice'), pg_temp.chat_topic('group chat') || ':2']) as topic;
select ok(not pg_temp.may_send(topic, 'broadcast'), format('a stranger sends no broadcast there: %s', left(topic, 5)))
from unnest(array[pg_temp.chat_topic('friends'), pg_temp.user_topic('alice')]) as topic;
select chat_tests.act_as('alice');
select ok(not pg_temp.may_send(topic, 'broadcast'), format('nor does a participant: %s', left(topic, 5)))
from unnest(array[pg_temp.chat_topic('friends'), pg_temp.user_topic('alice')]) as topic;
select is(pg_temp.may_receive(pg_temp.chat_topic('friends')), array['broadcast', 'presence'], 'its people listen as before');

select * from finish();
rollback;
