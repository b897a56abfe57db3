-- A connection keeps its plans until the tables are analyzed again. So plans made for a nearly empty database must be
-- good after the database has grown.

begin;
select plan(2);

select chat_tests.begin_story();
select chat_tests.add_people('alice', 'bob');

create function pg_temp.buffers_of_list() returns bigint
language plpgsql
as $$
declare
  plan jsonb;
begin
  perform chat_tests.act_as('alice');
  -- The arguments of a later page, because each of them uses another part of the statement.
  execute 'explain (analyze, buffers, timing off, format json)
    select public.list_chats(7, clock_timestamp(), ''ffffffff-ffff-ffff-ffff-ffffffffffff'')' into plan;
  perform set_config('role', 'none', true);
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

-- Now, because it would invalidate the plans later.
alter table chat.chats disable trigger user;
alter table chat.chat_participants disable trigger user;

select pg_temp.open_chats(array[chat_tests.id('alice'), chat_tests.id('bob')]);
analyze chat.chats, chat.chat_participants;
-- From the sixth call on, Postgres may use one plan for all calls.
select cmp_ok(max(pg_temp.buffers_of_list()), '>', 0::bigint, 'alice lists her chat, again and again') from generate_series(1, 10);

-- 3,000 chats in no time, 100 of them hers.
select pg_temp.open_chats(array(
  select case when n <= 100 then chat_tests.id('alice') else gen_random_uuid() end from generate_series(1, 3000) n
));
select cmp_ok(pg_temp.buffers_of_list(), '<=', 4500::bigint, 'and goes on to do so by her own chats when there are many');

select * from finish();
rollback;
