-- Statements of the host that change many rows: each chat follows once. The host writes as service_role, which may not
-- read or write chats.

begin;
select plan(13);

select chat_tests.begin_story();
select chat_tests.begin_sources();
select chat_tests.begin_listening();

-- Many in one statement ------------------------------------------------------------------

insert into known (name) select 'guest ' || n from generate_series(1, 6) as n union all select 'tour ' || n from generate_series(1, 8) as n;
insert into auth.users (id, email) select k.id, k.id || '@test.example' from known k where k.name like 'guest %';
set local role service_role;
insert into example_host.events (id, title, status)
select chat_tests.id('tour ' || n), 'Tour ' || n, 'published' from generate_series(1, 8) as n;
select is(
  (select array_agg(pg_temp.chats_of('tour ' || n) order by n) from generate_series(1, 8) as n),
  (select array_agg(array[format('event_authors "Tour %s": ', n)] order by n) from generate_series(1, 8) as n),
  'eight events inserted by one statement have each their chat'
);
insert into example_host.event_authors (event_id, user_id)
select chat_tests.id('tour ' || n), chat_tests.id('guest ' || g) from generate_series(1, 8) as n, generate_series(1, 6) as g;
select is(
  (select array_agg(pg_temp.chats_of('tour ' || n) order by n) from generate_series(1, 8) as n),
  (
    select array_agg(array[format('event_authors "Tour %s": guest 1, guest 2, guest 3, guest 4, guest 5, guest 6', n)] order by n)
    from generate_series(1, 8) as n
  ),
  'and 48 authors added by one statement are in them'
);
reset role;
create function pg_temp.tour_versions() returns integer[]
language sql stable security definer
as $$
  select array_agg(c.topic_version order by n) from generate_series(1, 8) as n join chat.chats c on c.event_id = chat_tests.id('tour ' || n)
$$;
select pg_temp.hear_no_more();
set local role service_role;
delete from example_host.event_authors where user_id in (chat_tests.id('guest 1'), chat_tests.id('guest 2'), chat_tests.id('guest 3'));
select is(
  (select array_agg(pg_temp.chats_of('tour ' || n) order by n) from generate_series(1, 8) as n),
  (select array_agg(array[format('event_authors "Tour %s": guest 4, guest 5, guest 6', n)] order by n) from generate_series(1, 8) as n),
  'three people are removed from eight events at once'
);
select is(pg_temp.tour_versions(), array_fill(1, array[8]), 'each chat moves on once, not once for each of them');
reset role;
select is(
  (select array_agg(format('%s %s', told, times) order by told) from (
    select concat_ws(' ', coalesce(k.name, 'authors'), h.event) as told, count(*) as times
    from pg_temp.heard() h left join known k on h.topic = 'user:' || k.id group by told
  ) as t),
  array['authors chat.left 8', 'guest 1 chat.left 8', 'guest 2 chat.left 8', 'guest 3 chat.left 8']::text[],
  'each is told of each chat'
);
set local role service_role;
update example_host.event_authors set user_id = chat_tests.id('guest 1') where user_id = chat_tests.id('guest 4');
select is(
  (select array_agg(pg_temp.chats_of('tour ' || n) order by n) from generate_series(1, 8) as n),
  (select array_agg(array[format('event_authors "Tour %s": guest 1, guest 5, guest 6', n)] order by n) from generate_series(1, 8) as n),
  'one takes another''s place in eight events at once'
);
update example_host.events set title = 'Grand ' || title where title like 'Tour %';
select is(
  (select array_agg(pg_temp.chats_of('tour ' || n) order by n) from generate_series(1, 8) as n),
  (select array_agg(array[format('event_authors "Grand Tour %s": guest 1, guest 5, guest 6', n)] order by n) from generate_series(1, 8) as n),
  'eight events are renamed at once'
);

-- An account with many chats, and two accounts at once.
reset role;
insert into chat.read_marks (chat_id, user_id, last_read_at)
select c.id, chat_tests.id('guest 5'), now() from chat.chats c where c.name like 'Grand Tour %';
delete from auth.users where id = chat_tests.id('guest 5');
select is(
  (select array_agg(pg_temp.chats_of('tour ' || n) order by n) from generate_series(1, 8) as n),
  (select array_agg(array[format('event_authors "Grand Tour %s": guest 1, guest 6', n)] order by n) from generate_series(1, 8) as n),
  'an account that is deleted leaves all its chats'
);
select is(pg_temp.tour_versions(), array_fill(3, array[8]), 'each of which moves on once more');
select is_empty(
  $$ select chat_id from chat.chat_participants where user_id = chat_tests.id('guest 5')
     union all select chat_id from chat.read_marks where user_id = chat_tests.id('guest 5') $$,
  'no row of it is left'
);
delete from auth.users where id in (chat_tests.id('guest 1'), chat_tests.id('guest 6'), chat_tests.id('guest 2'));
select is(
  (select array_agg(pg_temp.chats_of('tour ' || n) order by n) from generate_series(1, 8) as n),
  (select array_agg(array[format('event_authors "Grand Tour %s": ', n)] order by n) from generate_series(1, 8) as n),
  'three accounts may be deleted at once'
);
select is(pg_temp.tour_versions(), array_fill(4, array[8]), 'each chat moves on once');
set local role service_role;
delete from example_host.events where title like 'Grand Tour %';
reset role;
select is_empty($$ select id from chat.chats where name like 'Grand Tour %' $$, 'eight events are deleted at once, and their chats');

select * from finish();
rollback;
