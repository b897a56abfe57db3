-- A connection keeps its plans until the tables are analyzed again. So the plans from a database that is nearly
-- empty have to be good for one that has grown since.

begin;
select plan(2);

create temporary table known (name text primary key, id uuid not null default gen_random_uuid());
insert into known (name) values ('alice'), ('bob');
insert into auth.users (id, email) select k.id, k.id || '@test.example' from known k;

create function pg_temp.id(called text) returns uuid
language sql stable
return (select k.id from pg_temp.known k where k.name = called);

create function pg_temp.buffers_of_list() returns bigint
language plpgsql
as $$
declare
  plan jsonb;
begin
  perform
    set_config('request.jwt.claims', jsonb_build_object('role', 'authenticated', 'sub', pg_temp.id('alice'))::text, true),
    set_config('role', 'authenticated', true);
  -- With the arguments of a later page: each of them leads to another part of the statement.
  execute 'explain (analyze, buffers, timing off, format json)
    select public.list_chats(7, clock_timestamp(), ''ffffffff-ffff-ffff-ffff-ffffffffffff'')' into plan;
  perform set_config('role', 'postgres', true);
  return (plan #>> '{0,Plan,Shared Hit Blocks}')::bigint + (plan #>> '{0,Plan,Shared Read Blocks}')::bigint;
end
$$;

create function pg_temp.open_chats(people uuid[]) returns void
language sql
as $$
  with made as (
    insert into chat.chats (type, direct_low, direct_high)
    select 'direct', least(pair.a, pair.b), greatest(pair.a, pair.b)
    from (select a, gen_random_uuid() as b from unnest(people) as a) as pair
    returning id, direct_low, direct_high
  )
  insert into chat.chat_participants (chat_id, user_id)
  select m.id, person from made m cross join unnest(array[m.direct_low, m.direct_high]) as person
$$;

-- Now, as it would end the plans later.
alter table chat.chats disable trigger user;
alter table chat.chat_participants disable trigger user;

select pg_temp.open_chats(array[pg_temp.id('alice'), pg_temp.id('bob')]);
analyze chat.chats, chat.chat_participants;
-- The sixth call is the first that may have a plan for all calls.
select cmp_ok(max(pg_temp.buffers_of_list()), '>', 0::bigint, 'alice lists her chat, again and again') from generate_series(1, 10);

-- 3,000 chats in no time, 100 of them hers.
select pg_temp.open_chats(array(
  select case when n <= 100 then pg_temp.id('alice') else gen_random_uuid() end from generate_series(1, 3000) n
));
select cmp_ok(pg_temp.buffers_of_list(), '<=', 4000::bigint, 'and goes on to do so by her own chats when there are many');

select * from finish();
rollback;
