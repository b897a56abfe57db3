-- Rate limits: the limits of the migrations, with real writes.
--
-- needs: friends, blocks

begin;
select plan(137);

select chat_tests.begin_story();

-- How much of a limit a person has used.
create function pg_temp.used(person text, what text default 'send') returns integer
language sql stable security definer
as $$ select a.used from chat.allowances a where a.user_id = chat_tests.id(person) and a.name = what $$;

create function pg_temp.send(times integer) returns bigint
language sql
as $$ select count(public.send_message(chat_tests.id('pair'), 'Message ' || n)) from generate_series(1, times) as n $$;

select chat_tests.add_people('alice', 'bob', 'stranger');
insert into known (name) select unnest(array['key', 'key 2']);
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));
select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;
reset role;

-- The limits -------------------------------------------------------------------

select results_eq(
  $$ select name, max_count, period from chat.rate_limits order by name $$,
  $$ values
    ('delete', 100, interval '10 seconds'),
    ('edit', 30, interval '10 seconds'),
    ('leave', 60, interval '60 seconds'),
    ('open', 60, interval '60 seconds'),
    ('react', 100, interval '10 seconds'),
    ('read', 100, interval '10 seconds'),
    ('send', 100, interval '10 seconds'),
    ('settings', 100, interval '10 seconds'),
    ('typing', 30, interval '10 seconds'),
    ('upload', 20, interval '2 hours') $$,
  'each write that broadcasts has a limit, and uploads have one'
);

-- Sending ----------------------------------------------------------------------

select chat_tests.act_as('alice');
select is(pg_temp.send(50), 50::bigint, 'fifty are sent');
select lives_ok($$ select public.send_message(chat_tests.id('pair'), 'once', chat_tests.id('key')) $$, 'and one with a client id');
select is(pg_temp.used('alice'), 51, 'each is counted');

-- A new window begins here, also if this file has taken long so far.
reset role;
update chat.allowances set window_start = clock_timestamp() + interval '1 minute' where name = 'send';
select chat_tests.act_as('alice');

select lives_ok($$ select public.send_message(chat_tests.id('pair'), 'once', chat_tests.id('key')) $$, 'a retry finds its message');
select throws_ok(
  $$ select public.send_message(chat_tests.id('pair'), 'twice', chat_tests.id('key')) $$, 'PT409', 'idempotency_mismatch', 'another is refused'
);
select throws_ok($$ select public.send_message(chat_tests.id('pair'), ' ') $$, 'PT400', 'invalid_request', 'as is one without a text');
select is(pg_temp.used('alice'), 51, 'and nothing of that is counted');

reset role;
select chat_tests.block(chat_tests.id('bob'), chat_tests.id('alice'));
select chat_tests.act_as('alice');
select throws_ok($$ select public.send_message(chat_tests.id('pair'), 'hi') $$, 'PT403', 'blocked', 'the blocked cannot send');
select is(pg_temp.used('alice'), 51, 'nor is that counted');
reset role;
select chat_tests.unblock(chat_tests.id('bob'), chat_tests.id('alice'));

select chat_tests.act_as('alice');
select is(pg_temp.send(49), 49::bigint, 'the hundredth is sent');
select throws_ok($$ select pg_temp.send(1) $$, 'PT429', 'rate_limited', 'the next one is not');
select throws_ok(
  $$ select public.send_message(chat_tests.id('pair'), 'new', chat_tests.id('key 2')) $$, 'PT429', 'rate_limited', 'with a client id neither'
);
select throws_ok(
  $$ select public.send_message(chat_tests.id('pair'), 'once', chat_tests.id('key')) $$, 'PT429', 'rate_limited', 'and even a retry has to wait'
);
select is(pg_temp.used('alice'), 100, 'what is refused is not counted');
reset role;
select results_eq(
  $$ select c.rev, (select count(*) from public.messages m where m.chat_id = c.id) from chat.chats c where c.id = chat_tests.id('pair') $$,
  $$ values (100::bigint, 100::bigint) $$,
  'and writes nothing'
);

select chat_tests.act_as('alice');
select lives_ok(
  $$ select public.edit_message(chat_tests.id('pair'), m.id, 'edited') from public.messages m where m.rev = 100 and m.chat_id = chat_tests.id('pair') $$,
  'she can edit all the while'
);
select chat_tests.act_as('bob');
select lives_ok($$ select pg_temp.send(1) $$, 'and somebody else can send');
select is(pg_temp.used('bob'), 1, 'who has an allowance of their own');

-- Windows ------------------------------------------------------------------------

reset role;
update chat.allowances set window_start = clock_timestamp() - interval '11 seconds' where user_id = chat_tests.id('alice') and name = 'send';
select chat_tests.act_as('alice');
select is(pg_temp.send(1), 1::bigint, 'when the window is over one may send again');
select is(pg_temp.used('alice'), 1, 'and it is the first of the next window');
reset role;
select ok(
  (
    select a.window_start > clock_timestamp() - interval '1 minute' from chat.allowances a
    where a.user_id = chat_tests.id('alice') and a.name = 'send'
  ),
  'which begins now'
);

-- Each limit ---------------------------------------------------------------------

-- A refusal must not change this: the broadcasts, and the state of alice's chats.
create function pg_temp.state() returns text
language sql stable security definer
as $$
  select concat_ws(' ',
    (select count(*) from realtime.messages),
    (select jsonb_agg(to_jsonb(c) order by c.id) from chat.chats c where chat_tests.id('alice') in (c.direct_low, c.direct_high)),
    (select jsonb_agg(to_jsonb(p) order by p.chat_id) from chat.chat_participants p where p.user_id = chat_tests.id('alice')),
    (select jsonb_agg(to_jsonb(r) order by r.chat_id) from chat.read_marks r where r.user_id = chat_tests.id('alice')),
    (select jsonb_agg(to_jsonb(s) order by s.chat_id) from chat.participant_settings s where s.user_id = chat_tests.id('alice')),
    (select jsonb_agg(to_jsonb(m) order by m.rev) from public.messages m where m.chat_id = chat_tests.id('pair')),
    (select jsonb_agg(to_jsonb(a) order by a.name) from chat.allowances a where a.user_id = chat_tests.id('alice'))
  )
$$;
create function pg_temp.use_up(what text, used integer, begun_ago interval) returns void
language sql security definer
as $$
  insert into chat.allowances (user_id, name, window_start, used)
  values (chat_tests.id('alice'), what, clock_timestamp() - begun_ago, used)
  on conflict on constraint allowances_pkey do update set window_start = excluded.window_start, used = excluded.used
$$;
create function pg_temp.remove_limit(what text) returns void
language sql security definer
as $$ delete from chat.rate_limits where name = what $$;
-- Makes sure that each call changes something.
create function pg_temp.prepare() returns void
language plpgsql security definer
as $$
begin
  update realtime.messages set inserted_at = inserted_at - interval '10 seconds' where event = 'typing';
  update chat.chat_participants set left_at = null where left_at is not null and chat_id = chat_tests.id('pair');
end
$$;
create function pg_temp.one_of(person text) returns uuid
language sql stable security definer
as $$
  select m.id from public.messages m
  where m.chat_id = chat_tests.id('pair') and m.sender_id = chat_tests.id(person) and m.deleted_at is null
    and m.created_at > (select p.history_from from chat.chat_participants p where p.chat_id = m.chat_id and p.user_id = auth.uid())
    and (person = 'alice' or m.created_at > coalesce(
      (select r.last_read_at from chat.read_marks r where r.chat_id = m.chat_id and r.user_id = chat_tests.id('alice')), '-infinity'
    ))
  order by m.rev limit 1
$$;
create function pg_temp.unliked() returns uuid
language sql stable security definer
as $$
  select m.id from public.messages m
  where m.chat_id = chat_tests.id('pair') and m.deleted_at is null and m.reactions = '[]'
  order by m.rev limit 1
$$;
create function pg_temp.next_friend() returns uuid
language sql stable security definer
as $$
  select k.id from pg_temp.known k
  where k.name like 'friend %' and not exists (select from chat.chats c where k.id in (c.direct_low, c.direct_high))
  order by k.name limit 1
$$;

create function pg_temp.limit_holds(what text, at_most integer, period integer, call text) returns setof text
language plpgsql
as $$
declare
  before text;
begin
  perform pg_temp.prepare(), pg_temp.use_up(what, at_most - 1, interval '0');
  return next is(chat_tests.refusal(call), 'not at all', format('%s: the last of %s is done', what, at_most));
  return next is(pg_temp.used('alice', what), at_most, format('%s: it is counted', what));

  perform pg_temp.prepare(), pg_temp.use_up(what, at_most, interval '0');
  before := pg_temp.state();
  return next matches(
    chat_tests.refusal(call), format('^PT429 rate_limited (%s|%s)$', period, period - 1), format('%s: the next one waits for %s seconds', what, period)
  );
  perform pg_temp.use_up(what, at_most, make_interval(secs => period - 4));
  return next matches(chat_tests.refusal(call), '^PT429 rate_limited [43]$', format('%s: four seconds before the end it waits for four', what));
  perform pg_temp.use_up(what, at_most, make_interval(secs => period - 0.3));
  return next is(chat_tests.refusal(call), 'PT429 rate_limited 1', format('%s: and never for less than one', what));
  perform pg_temp.use_up(what, at_most, interval '0');
  return next is(
    regexp_replace(pg_temp.state(), '"window_start": "[^"]*"', '', 'g'), regexp_replace(before, '"window_start": "[^"]*"', '', 'g'),
    format('%s: what is refused changes nothing, and nobody is told', what)
  );

  perform pg_temp.use_up(what, at_most, make_interval(secs => period));
  return next is(chat_tests.refusal(call), 'not at all', format('%s: after %s seconds it is done', what, period));
  return next is(pg_temp.used('alice', what), 1, format('%s: as the first of the next window', what));

  perform pg_temp.prepare(), pg_temp.use_up(what, at_most, interval '0'), pg_temp.remove_limit(what);
  return next is(chat_tests.refusal(call), 'not at all', format('%s: without a limit it is done', what));
  return next is(pg_temp.used('alice', what), at_most, format('%s: and not counted', what));
end
$$;

reset role;
select chat_tests.add_people('friend ' || n) from generate_series(1, 5) as n;
select chat_tests.befriend(chat_tests.id('alice'), k.id) from known k where k.name like 'friend %';
select chat_tests.act_as('bob');
select pg_temp.send(10);
select chat_tests.act_as('alice');
select pg_temp.limit_holds(what, at_most, period, call)
from (values
  ('send', 100, 10, $$send_message(chat_tests.id('pair'), 'another')$$),
  ('edit', 30, 10, $$edit_message(chat_tests.id('pair'), pg_temp.one_of('alice'), gen_random_uuid()::text)$$),
  ('react', 100, 10, $$add_reaction(chat_tests.id('pair'), pg_temp.unliked(), '👍')$$),
  ('delete', 100, 10, $$delete_message(chat_tests.id('pair'), pg_temp.one_of('alice'))$$),
  ('read', 100, 10, $$mark_read(chat_tests.id('pair'), pg_temp.one_of('bob'))$$),
  ('settings', 100, 10, $$change_chat_settings(chat_tests.id('pair'), pinned => not (public.get_chat(chat_tests.id('pair')) #>> '{settings,pinned}')::boolean)$$),
  ('typing', 30, 10, $$send_typing(chat_tests.id('pair'))$$),
  ('open', 60, 60, $$open_direct_chat(pg_temp.next_friend())$$),
  ('leave', 60, 60, $$leave_chat(chat_tests.id('pair'))$$)
) as one (what, at_most, period, call);

-- What is no use of a limit ----------------------------------------------------------

select chat_tests.act_as('bob');
select pg_temp.send(1);
reset role;
insert into chat.rate_limits (name, max_count, period)
select what, 1, interval '1 hour' from unnest(array['send', 'edit', 'react', 'delete', 'read', 'typing', 'open', 'leave']) as what;
delete from chat.allowances where user_id = chat_tests.id('alice');
select pg_temp.prepare();
select chat_tests.act_as('alice');
insert into known (name, id) select 'said', (public.send_message(chat_tests.id('pair'), 'said') ->> 'id')::uuid;
select matches(chat_tests.refusal('send_message(chat_tests.id(''pair''), ''more'')'), '^PT429 rate_limited (3600|359[0-9])$', 'a limit that an operator sets acts at once');
insert into known (name, id) select 'read', pg_temp.one_of('bob');
select is(
  array[
    chat_tests.refusal('mark_read(chat_tests.id(''pair''), chat_tests.id(''read''))'), chat_tests.refusal('mark_read(chat_tests.id(''pair''), chat_tests.id(''read''))')
  ],
  array['not at all', 'not at all'], 'a mark that does not move is no reading'
);
select is(
  array[
    chat_tests.refusal('edit_message(chat_tests.id(''pair''), chat_tests.id(''said''), '' said '')'),
    chat_tests.refusal('edit_message(chat_tests.id(''pair''), chat_tests.id(''said''), ''said again'')'),
    chat_tests.refusal('edit_message(chat_tests.id(''pair''), chat_tests.id(''said''), ''said again'')'),
    chat_tests.refusal('send_typing(chat_tests.id(''pair''))'), chat_tests.refusal('send_typing(chat_tests.id(''pair''))')
  ],
  array_fill('not at all'::text, array[5]), 'an edit to the same text is no edit, and to go on typing for three seconds is one typing'
);
select is(
  array[
    chat_tests.refusal('add_reaction(chat_tests.id(''pair''), chat_tests.id(''said''), ''👍'')'),
    chat_tests.refusal('add_reaction(chat_tests.id(''pair''), chat_tests.id(''said''), ''👍'')'),
    chat_tests.refusal('remove_reaction(chat_tests.id(''pair''), chat_tests.id(''said''), ''🎉'')')
  ],
  array_fill('not at all'::text, array[3]), 'what is there is not added, and what is not there is not taken back'
);
select is(
  array[
    chat_tests.refusal('delete_message(chat_tests.id(''pair''), chat_tests.id(''said''))'),
    chat_tests.refusal('delete_message(chat_tests.id(''pair''), chat_tests.id(''said''))')
  ],
  array['not at all', 'not at all'], 'nor is a second deletion one'
);
select is(
  array[
    pg_temp.used('alice', 'delete'), pg_temp.used('alice', 'edit'), pg_temp.used('alice', 'react'), pg_temp.used('alice', 'typing'),
    pg_temp.used('alice', 'read')
  ],
  array[1, 1, 1, 1, 1], 'each is counted once'
);
select is(chat_tests.refusal('open_direct_chat(chat_tests.id(''bob''))'), 'not at all', 'opening a chat that one is in opens nothing');
select is(pg_temp.used('alice', 'open'), null, 'and is not counted');
select is(chat_tests.refusal('leave_chat(chat_tests.id(''pair''))'), 'not at all', 'alice leaves');
select is(chat_tests.refusal('open_direct_chat(chat_tests.id(''bob''))'), 'not at all', 'and comes back');
select is(pg_temp.used('alice', 'open'), 1, 'which is counted as an opening');
select matches(chat_tests.refusal('leave_chat(chat_tests.id(''pair''))'), '^PT429 rate_limited (3600|359[0-9])$', 'she cannot leave again at once');
select is(chat_tests.refusal('open_direct_chat(chat_tests.id(''bob''))'), 'not at all', 'and is still there');
select is(
  chat_tests.refusal('open_direct_chat(chat_tests.id(''stranger''))'), 'PT403 not_friends', 'what is refused anyway is told before any limit'
);
reset role;
select chat_tests.block(chat_tests.id('bob'), chat_tests.id('alice'));
select chat_tests.act_as('alice');
select is(chat_tests.refusal('send_typing(chat_tests.id(''pair''))'), 'PT403 blocked', 'a block too');
reset role;
select chat_tests.unblock(chat_tests.id('bob'), chat_tests.id('alice'));

-- Uploads ----------------------------------------------------------------------------
-- The number of open reservations is limited. The wait ends when the oldest of them does not count any more.

reset role;
select chat_tests.act_as('alice');
select lives_ok(
  $$ select public.reserve_upload(chat_tests.id('pair'), 'upload ' || n, 'application/pdf', 5) from generate_series(1, 20) as n $$, 'alice reserves twenty uploads'
);
select matches(
  chat_tests.refusal('reserve_upload(chat_tests.id(''pair''), ''one more'', ''application/pdf'', 5)'), '^PT429 rate_limited 7(200|199)$',
  'the next one waits for two hours'
);
reset role;
update chat.uploads u set created_at = clock_timestamp() - n * interval '1 minute'
from (select path, row_number() over (order by created_at desc) as n from chat.uploads where user_id = chat_tests.id('alice')) as old
where u.path = old.path;
select chat_tests.act_as('alice');
select matches(
  chat_tests.refusal('reserve_upload(chat_tests.id(''pair''), ''one more'', ''application/pdf'', 5)'), '^PT429 rate_limited (6000|5999)$',
  'when the oldest is 20 minutes old, for 100 minutes'
);
reset role;
update chat.rate_limits set max_count = 5 where name = 'upload';
select chat_tests.act_as('alice');
select matches(
  chat_tests.refusal('reserve_upload(chat_tests.id(''pair''), ''one more'', ''application/pdf'', 5)'), '^PT429 rate_limited (6900|6899)$',
  'where five are allowed, until all but the four newest have ended'
);

-- Whose the tables are -------------------------------------------------------------

select throws_ok('select * from chat.rate_limits', '42501', null, 'people cannot read the limits');
select throws_ok('update chat.rate_limits set max_count = 1000', '42501', null, 'nor change them');
select throws_ok('select * from chat.allowances', '42501', null, 'nor read what was used');
select throws_ok('delete from chat.allowances', '42501', null, 'nor give themselves more');
select throws_ok($$ select chat.charge('send') $$, '42501', null, 'nor use up their own but by sending');

reset role;
delete from auth.users where id = chat_tests.id('alice');
select is_empty(
  $$ select a.user_id from chat.allowances a where a.user_id = chat_tests.id('alice') $$,
  'with the account goes what it has used'
);

select * from finish();
rollback;
