-- The cost of mentions, reactions and replies: 200,000 messages, half of them in one chat, with 120,000 mentions and
-- 200,000 reactions, 5,000 of them to one message.
--
-- needs: friends

begin;
select plan(51);

update chat.rate_limits set max_count = 1000000 where name <> 'upload';

select chat_tests.begin_story();
select chat_tests.begin_measures();

select chat_tests.add_people('alice', 'bob', 'carol', 'dora', 'stranger', 'new friend');
insert into known (name) select unnest(array['long', 'short', 'short event', 'long event', 'a long way down']);
select chat_tests.fill_large_tables();

-- Every fifth message mentions its chat's participants, alice among them in her 1,000 chats. Bob is in one chat.
insert into chat.mentions (chat_id, user_id, message_id, created_at)
select m.chat_id, p.user_id, m.id, m.created_at
from public.messages m join chat.chat_participants p on p.chat_id = m.chat_id
where m.rev % 5 = 1 and m.deleted_at is null and p.user_id <> m.sender_id
order by random();
insert into chat.reactions (chat_id, message_id, user_id, emoji, rev)
select m.chat_id, m.id, m.sender_id, '👍', m.rev from public.messages m where m.id <> chat_tests.id('line 50,001') order by random();
insert into chat.reactions (chat_id, message_id, user_id, emoji, rev)
select chat_tests.id('long'), chat_tests.id('line 50,001'), c.id, 'emoji-' || e, 100000 + c.n * 5 + e from crowd c cross join generate_series(0, 4) as e;
-- The last messages of the long chat, without broadcasts.
alter table public.messages disable trigger user;
update public.messages m set reactions = (
  select jsonb_agg(jsonb_build_object('emoji', 'emoji-' || e, 'count', 1000, 'userIds', (
    select jsonb_agg(r.user_id order by r.rev) from (
      select r.user_id, r.rev from chat.reactions r where r.message_id = m.id and r.emoji = 'emoji-' || e order by r.rev limit 20
    ) as r
  )) order by e)
  from generate_series(0, 4) as e
) where m.id = chat_tests.id('line 50,001');
update public.messages m set reply_to_id = chat_tests.id('line 50,001') where m.chat_id = chat_tests.id('long') and m.rev between 90001 and 90050;
alter table public.messages enable trigger user;
analyze chat.mentions, chat.reactions, public.messages;

select is(
  (select array_agg((select count(*) > 19000 from chat.mentions m where m.user_id = chat_tests.id(person))) from unnest(array['alice', 'bob']) as person),
  array[true, true], 'alice and bob have many mentions'
);
select is((select count(*) from chat.reactions r where r.message_id = chat_tests.id('line 50,001')), 5000::bigint, 'a message has 5,000 reactions');

-- Buffers ------------------------------------------------------------------------
-- A mention is a look at its index, at the participation and at the message, which are in pages of their own.

create temporary table ask (what text primary key, person text not null, call text not null, bound bigint not null);
insert into ask (what, person, call, bound) values
  ('a page of the mentions of a person in 1,000 chats', 'alice', 'list_mentions()', 650),
  ('a page of them a long way down', 'alice', $call$list_mentions(50, now() - interval '90000 seconds', chat_tests.id('alice'))$call$, 650),
  ('a page of the mentions of a person in one chat', 'bob', 'list_mentions()', 650),
  ('a page of them a long way down (bob)', 'bob', $call$list_mentions(50, now() - interval '90000 seconds', chat_tests.id('bob'))$call$, 650),
  ('one mention', 'alice', 'list_mentions(1)', 80),
  ('an empty list of mentions', 'stranger', 'list_mentions()', 20),
  ('a page of 5,000 reactions', 'bob', $call$list_reactions(chat_tests.id('long'), chat_tests.id('line 50,001'))$call$, 100),
  ('the last page of them', 'bob', $call$list_reactions(chat_tests.id('long'), chat_tests.id('line 50,001'), 50, null, 104950)$call$, 100),
  ('a page of those with one emoji', 'bob', $call$list_reactions(chat_tests.id('long'), chat_tests.id('line 50,001'), 50, 'emoji-4')$call$, 40),
  ('the last page of those', 'bob', $call$list_reactions(chat_tests.id('long'), chat_tests.id('line 50,001'), 50, 'emoji-4', 104750)$call$, 40),
  ('a chat with 20,000 unread mentions', 'bob', $call$get_chat(chat_tests.id('long'))$call$, 320),
  -- Each of the fifty quotes a message by two looks.
  ('a page of fifty replies', 'bob', $call$list_messages(chat_tests.id('long'), 50, (
    select m.created_at from public.messages m where m.chat_id = chat_tests.id('long') and m.rev = 90052
  ))$call$, 700);
grant select on ask to authenticated;

create function pg_temp.cost_of(asked text, mode text) returns bigint
language plpgsql
as $$
declare
  one pg_temp.ask;
begin
  select * into one from pg_temp.ask a where a.what = asked;
  perform set_config('plan_cache_mode', mode, true), chat_tests.act_as(one.person);
  return pg_temp.buffers(one.call);
end
$$;
select cmp_ok(pg_temp.cost_of(a.what, mode), '<=', a.bound, format('%s is read in %s pages (%s)', a.what, a.bound, mode))
from ask a cross join unnest(array['auto', 'force_custom_plan', 'force_generic_plan']) as mode
order by mode, a.what;
set local plan_cache_mode = auto;

-- No sequential scan -----------------------------------------------------------

select chat_tests.act_as('alice');
select is(pg_temp.sequential_scans(call), 0::bigint, 'alice, in 1,000 chats, scans no table: ' || call)
from unnest(array[
  $$list_mentions()$$,
  $$list_mentions(100, now() - interval '90000 seconds', chat_tests.id('alice'))$$,
  $$list_reactions(chat_tests.id('long'), chat_tests.id('line 50,001'), 100)$$,
  $$list_reactions(chat_tests.id('long'), chat_tests.id('line 50,001'), 100, 'emoji-4', 102000)$$,
  $$add_reaction(chat_tests.id('long'), chat_tests.id('line 50,001'), 'emoji-1')$$,
  $$remove_reaction(chat_tests.id('long'), chat_tests.id('line 50,001'), 'emoji-1')$$,
  $$list_messages(chat_tests.id('long'), 100)$$,
  $$send_message(chat_tests.id('short'), 'hello', reply_to_id => chat_tests.id('alice''s own'), mentions => chat_tests.ids('alice'))$$,
  $$edit_message(chat_tests.id('short'), chat_tests.id('alice''s own'), 'changed', chat_tests.ids('alice'))$$,
  $$mark_read(chat_tests.id('long'), chat_tests.id('line 50,001'))$$,
  $$delete_message(chat_tests.id('short'), chat_tests.id('alice''s own'))$$
]) as call;
-- The reaction itself: the count of one emoji is read from its index.
select cmp_ok(
  pg_temp.buffers($$add_reaction(chat_tests.id('long'), chat_tests.id('line 50,001'), 'emoji-' || (random() * 4)::integer)$$), '<=', 400::bigint,
  'a reaction to a message with 5,000 reads the 1,000 of its emoji from an index'
);
reset role;

-- The shape of a message is planned once for a connection. If it looked much cheaper for a message without reactions and
-- replies, each send would plan it twice, which takes longer than the send.
prepare shape (public.messages) as select message from chat.to_message($1, null, false) as message;
do $$
begin
  for time in 1..10 loop
    execute 'execute shape(jsonb_populate_record(null::public.messages, ''{"reactions": [], "mentions": []}''))';
  end loop;
end
$$;
select cmp_ok(
  (select p.generic_plans from pg_catalog.pg_prepared_statements p where p.name = 'shape'), '>=', 5::bigint, 'a message has one plan, whatever is in it'
);

select * from finish();
rollback;
