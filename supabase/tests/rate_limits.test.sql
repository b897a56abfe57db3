-- How much one person may send: the limit as the migration sets it, with real sends.

begin;
select plan(31);

-- Ids by the names that the stories below use.
create temporary table known (name text primary key, id uuid not null default gen_random_uuid());
grant select, insert on known to anon, authenticated;

create function pg_temp.id(called text) returns uuid
language plpgsql stable
as $$
declare
  answer uuid;
begin
  select k.id into strict answer from pg_temp.known k where k.name = called;
  return answer;
end
$$;

create function pg_temp.act_as(person text) returns void
language plpgsql
as $$
begin
  perform
    set_config('role', 'authenticated', true),
    set_config('request.jwt.claims', jsonb_build_object('role', 'authenticated', 'sub', pg_temp.id(person))::text, true);
end
$$;

-- What a person has used of their allowance.
create function pg_temp.used(person text) returns integer
language sql stable security definer
as $$ select a.used from chat.allowances a where a.user_id = pg_temp.id(person) $$;

create function pg_temp.send(times integer) returns bigint
language sql
as $$ select count(public.send_message(pg_temp.id('pair'), 'Message ' || n)) from generate_series(1, times) as n $$;

insert into known (name) select unnest(array['alice', 'bob', 'stranger', 'key', 'key 2']);
insert into auth.users (id, email)
select k.id, k.id || '@test.example' from known k where k.name in ('alice', 'bob', 'stranger');
insert into public.friendships (user_low, user_high, status, requested_by)
values (
  least(pg_temp.id('alice'), pg_temp.id('bob')), greatest(pg_temp.id('alice'), pg_temp.id('bob')), 'accepted', pg_temp.id('bob')
);
select pg_temp.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(pg_temp.id('bob')) ->> 'id')::uuid;
reset role;

-- The limit --------------------------------------------------------------------

select results_eq(
  $$ select max_count, period from chat.rate_limits where name = 'send' $$,
  $$ values (100, interval '10 seconds') $$,
  'a person may send 100 messages in 10 seconds'
);

select pg_temp.act_as('alice');
select is(pg_temp.send(50), 50::bigint, 'fifty are sent');
select lives_ok($$ select public.send_message(pg_temp.id('pair'), 'once', pg_temp.id('key')) $$, 'and one with a client id');
select is(pg_temp.used('alice'), 51, 'each is counted');

-- However long this file has taken so far, the window is open from here on.
reset role;
update chat.allowances set window_start = clock_timestamp() + interval '1 minute';
select pg_temp.act_as('alice');

select lives_ok($$ select public.send_message(pg_temp.id('pair'), 'once', pg_temp.id('key')) $$, 'a retry finds its message');
select throws_ok(
  $$ select public.send_message(pg_temp.id('pair'), 'twice', pg_temp.id('key')) $$, 'PT409', 'idempotency_mismatch', 'another is refused'
);
select throws_ok($$ select public.send_message(pg_temp.id('pair'), ' ') $$, 'PT400', 'invalid_request', 'as is one without a text');
select is(pg_temp.used('alice'), 51, 'and nothing of that is counted');

reset role;
update public.friendships set status = 'blocked' where pg_temp.id('alice') in (user_low, user_high);
select pg_temp.act_as('alice');
select throws_ok($$ select public.send_message(pg_temp.id('pair'), 'hi') $$, 'PT403', 'blocked', 'the blocked cannot send');
select is(pg_temp.used('alice'), 51, 'nor is that counted');
reset role;
update public.friendships set status = 'accepted' where pg_temp.id('alice') in (user_low, user_high);

select pg_temp.act_as('alice');
select is(pg_temp.send(49), 49::bigint, 'the hundredth is sent');
select throws_ok($$ select pg_temp.send(1) $$, 'PT429', 'rate_limited', 'the next one is not');
select throws_ok(
  $$ select public.send_message(pg_temp.id('pair'), 'new', pg_temp.id('key 2')) $$, 'PT429', 'rate_limited', 'with a client id neither'
);
select throws_ok(
  $$ select public.send_message(pg_temp.id('pair'), 'once', pg_temp.id('key')) $$, 'PT429', 'rate_limited', 'and even a retry has to wait'
);
select is(pg_temp.used('alice'), 100, 'what is refused is not counted');
reset role;
select results_eq(
  $$ select c.rev, (select count(*) from public.messages m where m.chat_id = c.id) from chat.chats c where c.id = pg_temp.id('pair') $$,
  $$ values (100::bigint, 100::bigint) $$,
  'and writes nothing'
);

select pg_temp.act_as('alice');
select lives_ok(
  $$ select public.edit_message(pg_temp.id('pair'), m.id, 'edited') from public.messages m where m.rev = 100 and m.chat_id = pg_temp.id('pair') $$,
  'she can edit all the while'
);
select pg_temp.act_as('bob');
select lives_ok($$ select pg_temp.send(1) $$, 'and somebody else can send');
select is(pg_temp.used('bob'), 1, 'who has an allowance of their own');

-- Windows ------------------------------------------------------------------------

create function pg_temp.seconds_left() returns integer
language plpgsql
as $$
declare
  detail text;
begin
  perform pg_temp.send(1);
  return null;
exception when sqlstate 'PT429' then
  get stacked diagnostics detail = pg_exception_detail;
  return detail::integer;
end
$$;

reset role;
update chat.allowances set window_start = clock_timestamp() + interval '20 seconds' where user_id = pg_temp.id('alice');
select pg_temp.act_as('alice');
select ok(pg_temp.seconds_left() between 1 and 30, 'a refusal tells the whole seconds that are left');
reset role;
update chat.allowances set window_start = clock_timestamp() - interval '11 seconds' where user_id = pg_temp.id('alice');
select pg_temp.act_as('alice');
select is(pg_temp.send(1), 1::bigint, 'when the window is over one may send again');
select is(pg_temp.used('alice'), 1, 'and it is the first of the next window');
reset role;
select ok(
  (select a.window_start > clock_timestamp() - interval '1 minute' from chat.allowances a where a.user_id = pg_temp.id('alice')),
  'which begins now'
);

-- Settings -----------------------------------------------------------------------

update chat.rate_limits set max_count = 1, period = interval '1 hour' where name = 'send';
select pg_temp.act_as('alice');
select throws_ok($$ select pg_temp.send(1) $$, 'PT429', 'rate_limited', 'another limit acts at once');
reset role;
delete from chat.rate_limits where name = 'send';
select pg_temp.act_as('alice');
select is(pg_temp.send(2), 2::bigint, 'and without one nothing is limited');

-- Whose the tables are -------------------------------------------------------------

select throws_ok('select * from chat.rate_limits', '42501', null, 'people cannot read the limits');
select throws_ok('update chat.rate_limits set max_count = 1000', '42501', null, 'nor change them');
select throws_ok('select * from chat.allowances', '42501', null, 'nor read what was used');
select throws_ok('delete from chat.allowances', '42501', null, 'nor give themselves more');
select throws_ok('select chat.charge_send()', '42501', null, 'nor use up their own but by sending');

reset role;
delete from auth.users where id = pg_temp.id('alice');
select is_empty(
  $$ select a.user_id from chat.allowances a where a.user_id = pg_temp.id('alice') $$,
  'with the account goes what it has used'
);

select * from finish();
rollback;
