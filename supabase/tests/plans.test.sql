-- The cost of reading much: 200,000 messages, half of them in one chat, and a person in 1,000 chats beside a person in
-- one chat.
--
-- The functions are called, and their cost is measured in two ways: the statistics of this transaction count sequential
-- scans, and `explain (analyze, buffers)` of a call counts the pages that its statements read. The plans below are of
-- statements taken from the stored bodies of the functions, so they are the same statements.
--
-- needs: friends

begin;
select plan(155);

-- One person calls everything many times here.
update chat.rate_limits set max_count = 1000000 where name <> 'upload';

select chat_tests.begin_story();

select chat_tests.add_people('alice', 'bob', 'carol', 'dora', 'stranger', 'new friend');
insert into known (name) select unnest(array['long', 'short', 'short event', 'long event', 'a long way down']);

-- Much to read -----------------------------------------------------------------

create temporary table crowd as select n, gen_random_uuid() as id from generate_series(0, 999) as n;
insert into auth.users (id, email) select c.id, c.id || '@test.example' from crowd c;

create temporary table place as
select n, gen_random_uuid() as event_id, gen_random_uuid() as chat_id, case when n = 0 then 120 else 20 end as lines
from generate_series(0, 4994) as n;
update place set chat_id = chat_tests.id('short'), event_id = chat_tests.id('short event') where n = 0;
insert into place (n, event_id, chat_id, lines) values (5000, chat_tests.id('long event'), chat_tests.id('long'), 100000);

-- Without broadcasts, whose cost is measured below.
alter table public.messages disable trigger user;
alter table chat.chat_participants disable trigger user;

insert into chat.chats (id, type, event_id, name, rev, last_message_at)
select p.chat_id, 'event_authors', p.event_id, 'Event ' || p.n, p.lines, now() - p.n * interval '1 millisecond' from place p;
insert into chat.chat_participants (chat_id, user_id)
select p.chat_id, c.id
from place p
cross join generate_series(0, 2) as seat
join crowd c on c.n = (p.n * 7 + seat * 13) % 1000;
-- All chats have messages in the same 100,000 seconds, so the messages of a chat are scattered among the others. Every
-- fiftieth message of a chat is deleted, and every tenth has a file.
insert into public.messages (
  chat_id, sender_id, text, rev, created_at, deleted_at,
  attachment_path, attachment_file_name, attachment_content_type, attachment_size
)
select p.chat_id, c.id, 'Line ' || line, line,
  now() - p.n * interval '1 millisecond' - (p.lines - line) * (interval '100000 seconds' / p.lines) as created_at,
  case when line % 50 = 0 then now() end,
  case when line % 10 = 5 then concat_ws('/', p.chat_id, c.id, gen_random_uuid(), 'file.pdf') end,
  case when line % 10 = 5 then 'file.pdf' end, case when line % 10 = 5 then 'application/pdf' end, case when line % 10 = 5 then 5 end
from place p
cross join lateral generate_series(1, p.lines) as line
join crowd c on c.n = (p.n * 7 + line % 3 * 13) % 1000
order by random();

-- The crowd has read most messages: a row for each person and chat.
insert into chat.read_marks (chat_id, user_id, last_read_at)
select p.chat_id, p.user_id, now() - interval '1 hour' from chat.chat_participants p join crowd c on c.id = p.user_id;

-- Alice is in the long chat, the short chat and 998 others. Bob and carol are only in the long chat.
insert into chat.chat_participants (chat_id, user_id) select p.chat_id, chat_tests.id('alice') from place p where p.n < 999 or p.n = 5000;
insert into chat.chat_participants (chat_id, user_id)
select chat_tests.id('long'), chat_tests.id(person) from unnest(array['bob', 'carol']) as person;
select chat_tests.befriend(chat_tests.id('alice'), friend) from unnest(chat_tests.ids('new friend', 'dora')) as friend;
insert into known (name, id)
select 'alice''s own', m.id from public.messages m where m.chat_id = chat_tests.id('short') and m.rev = 119;
update public.messages set sender_id = chat_tests.id('alice'), created_at = clock_timestamp() where id = chat_tests.id('alice''s own');
insert into known (name, id)
select 'line 50,001', m.id from public.messages m where m.chat_id = chat_tests.id('long') and m.rev = 50001;

insert into storage.objects (bucket_id, name, metadata)
select 'chat-attachments', m.attachment_path, '{"size": 5, "mimetype": "application/pdf"}'
from public.messages m where m.attachment_path is not null;
-- And 5,000 files each without a message: uploaded in the last 28 hours, and deleted in the last 29 days.
insert into chat.uploads (path, chat_id, user_id, file_name, content_type, size, created_at)
select concat_ws('/', p.chat_id, c.id, gen_random_uuid(), 'file.pdf'), p.chat_id, c.id, 'file.pdf', 'application/pdf', 5, now() - p.n * interval '20 seconds'
from place p join crowd c on c.n = p.n % 1000;
insert into chat.discarded_uploads (path, discarded_at)
select concat_ws('/', p.chat_id, c.id, gen_random_uuid(), 'file.pdf'), now() - p.n * interval '500 seconds'
from place p join crowd c on c.n = p.n % 1000;
insert into storage.objects (bucket_id, name, metadata)
select 'chat-attachments', path, '{"size": 5, "mimetype": "application/pdf"}'
from (select u.path from chat.uploads u union all select d.path from chat.discarded_uploads d) as known_path;

alter table public.messages enable trigger user;
alter table chat.chat_participants enable trigger user;
analyze chat.chats, chat.chat_participants, chat.read_marks, public.messages, chat.uploads, chat.discarded_uploads, storage.objects;

select cmp_ok((select count(*) from public.messages), '>=', 200000::bigint, 'there are 200,000 messages');
select is((select count(*) from public.messages m where m.chat_id = chat_tests.id('long')), 100000::bigint, 'half of them in one chat');
select is(
  (select array_agg((select count(*) from chat.chat_participants p where p.user_id = chat_tests.id(person))) from unnest(array['alice', 'bob']) as person),
  array[1000, 1]::bigint[], 'alice is in 1,000 chats, bob in one'
);

-- Measures ---------------------------------------------------------------------

-- The sequential scans of large tables in ten calls. The first five calls have plans for their arguments, the later ones
-- have the plan that plpgsql keeps.
create temporary view large_table_scans as
select sum(s.seq_scan) as count
from pg_catalog.pg_stat_xact_all_tables s
where s.relid in (
  'public.messages'::regclass, 'chat.chats'::regclass, 'chat.chat_participants'::regclass, 'chat.read_marks'::regclass,
  'chat.uploads'::regclass, 'chat.discarded_uploads'::regclass, 'storage.objects'::regclass
);
grant select on large_table_scans to authenticated;
create function pg_temp.sequential_scans(call text) returns bigint
language plpgsql
as $$
declare
  before bigint;
  after bigint;
begin
  select s.count into before from pg_temp.large_table_scans s;
  for time in 1..10 loop
    execute 'select public.' || call;
  end loop;
  select s.count into after from pg_temp.large_table_scans s;
  return after - before;
end
$$;

-- The buffers that a call reads, in a session that has called it before.
create function pg_temp.buffers(call text, in_schema text default 'public') returns bigint
language plpgsql
as $$
declare
  plan jsonb;
begin
  for time in 1..12 loop
    execute format('explain (analyze, buffers, timing off, format json) select %I.%s', in_schema, call) into plan;
  end loop;
  return (plan #>> '{0,Plan,Shared Hit Blocks}')::bigint + (plan #>> '{0,Plan,Shared Read Blocks}')::bigint;
end
$$;

-- The nth `return (…);` or `return query …;` of a plpgsql function, with its variables replaced.
create function pg_temp.statement(of regproc, nth integer, variables text[]) returns text
language plpgsql
as $$
declare
  answer text;
begin
  select found.parts[1] into strict answer
  from pg_catalog.pg_proc p
  cross join lateral regexp_matches(regexp_replace(p.prosrc, 'return query\n(.*?);\n', E'return (\n\\1\n);\n', 'g'), 'return \((.*?)\n\s*\);\n', 'g') with ordinality as found (parts, n)
  where p.oid = of and found.n = nth;
  for i in 1..array_length(variables, 1) loop
    if answer !~ ('\m' || variables[i][1] || '\M') then
      raise 'statement % of % has no variable %', nth, of, variables[i][1];
    end if;
    answer := regexp_replace(answer, '\m' || variables[i][1] || '\M', variables[i][2], 'g');
  end loop;
  return answer;
end
$$;

-- How a statement reads a table: `<node> <index> (<condition>)` of each scan. With a generic plan for `$1`, `$2` …, with
-- a plan for its values, or as it has run.
create function pg_temp.ways_to(relation text, kind text, statement text) returns text[]
language plpgsql
as $$
declare
  plan jsonb;
  parameters constant integer := (select coalesce(max(number.digits[1]::integer), 0) from regexp_matches(statement, '\$(\d+)', 'g') as number (digits));
begin
  if kind = 'generic' then
    perform set_config('plan_cache_mode', 'force_generic_plan', true);
    execute 'prepare asked as ' || statement;
    execute format('explain (format json) execute asked(%s)', array_to_string(array_fill('null'::text, array[parameters]), ', ')) into plan;
    deallocate asked;
    perform set_config('plan_cache_mode', 'auto', true);
  else
    execute format('explain (%s) %s', case kind when 'run' then 'analyze, timing off, format json' else 'format json' end, statement) into plan;
  end if;
  return array(
    select format('%s %s %s', scan ->> 'Node Type', scan ->> 'Index Name', scan ->> 'Index Cond')
    from jsonb_path_query(plan, 'strict $.** ? (@."Relation Name" == $relation)', jsonb_build_object('relation', relation)) as scan
  );
end
$$;

-- Buffers ------------------------------------------------------------------------
-- Measured before this file writes, so no row has older versions. The first calls of a connection have plans for their
-- arguments, the later calls mostly a generic plan. Both must be good.

create temporary table cost (mode text, what text, buffers bigint not null, primary key (mode, what));
grant select, insert on cost to authenticated;

create function pg_temp.measure(person text, modes text[]) returns void
language plpgsql
as $$
declare
  mode text;
begin
  foreach mode in array modes loop
    perform set_config('plan_cache_mode', mode, true);
    insert into pg_temp.cost (mode, what, buffers)
    select mode, person || what, pg_temp.buffers(call)
    from (values
      ('''s first page', $call$list_messages(chat_tests.id('long'))$call$),
      ('''s page a long way down', $call$list_messages(chat_tests.id('long'), 50, now() - interval '90000 seconds')$call$),
      ('''s chat', $call$get_chat(chat_tests.id('long'))$call$),
      ('''s changes from the first', $call$list_changes(chat_tests.id('long'), 0, 100)$call$),
      ('''s changes from the middle', $call$list_changes(chat_tests.id('long'), 50000, 100)$call$),
      ('''s last changes', $call$list_changes(chat_tests.id('long'), 99900, 100)$call$)
    ) as reading (what, call);
    if person = 'alice' then
      insert into pg_temp.cost (mode, what, buffers) values
        (mode, 'a page of the short chat', pg_temp.buffers($call$list_messages(chat_tests.id('short'))$call$));
    end if;
  end loop;
end
$$;

select chat_tests.act_as('bob');
select pg_temp.measure('bob', array['auto', 'force_custom_plan', 'force_generic_plan']);
select chat_tests.act_as('carol', '{"app_metadata": {"role": "moderator"}}');
select pg_temp.measure('carol', array['auto', 'force_custom_plan', 'force_generic_plan']);
select chat_tests.act_as('alice');
select pg_temp.measure('alice', array['auto', 'force_custom_plan', 'force_generic_plan']);
reset role;
select cmp_ok(
  much.buffers, '<=', (little.buffers * 1.5)::bigint, format('%s costs at most half more than %s (%s)', dear, cheap, much.mode)
)
from (values
  ('alice''s first page', 'bob''s first page'),
  ('alice''s page a long way down', 'bob''s page a long way down'),
  ('alice''s chat', 'bob''s chat'),
  ('alice''s page a long way down', 'alice''s first page'),
  ('bob''s page a long way down', 'bob''s first page'),
  ('carol''s page a long way down', 'carol''s first page'),
  ('carol''s first page', 'bob''s first page'),
  ('alice''s first page', 'a page of the short chat')
) as pair (dear, cheap)
join cost much on much.what = pair.dear
join cost little on little.what = pair.cheap and little.mode = much.mode
order by much.mode;
select cmp_ok(c.buffers, '<=', 250::bigint, format('of 98,000 unread messages 100 are counted: %s (%s)', c.what, c.mode))
from cost c where c.what in ('alice''s chat', 'bob''s chat', 'carol''s chat');

-- Each message is in a page of its own, which the index of revs gives: 118 to 122 pages in all.
select cmp_ok(c.buffers, '<=', 147::bigint, format('100 changes out of 100,000 touch a page each: %s (%s)', c.what, c.mode))
from cost c where c.what like '%changes%';

set local plan_cache_mode = auto;
select chat_tests.act_as('alice');
select cmp_ok(
  pg_temp.buffers('list_chats(1)'), '<=', 12000::bigint, 'the newest of 1,000 chats is found by a look at each, and one unread count'
);
reset role;

-- No sequential scan -----------------------------------------------------------

set local plan_cache_mode = auto;
create temporary sequence upload_number;
grant usage on upload_number to authenticated;
insert into chat.uploads (path, chat_id, user_id, file_name, content_type, size, created_at)
select concat_ws('/', chat_tests.id('long'), chat_tests.id('alice'), n, 'file.pdf'), chat_tests.id('long'), chat_tests.id('alice'), 'file.pdf', 'application/pdf', 5,
  now() - interval '3 hours'
from generate_series(1, 10) as n;
insert into storage.objects (bucket_id, name, metadata)
select 'chat-attachments', u.path, '{"size": 5, "mimetype": "application/pdf"}' from chat.uploads u where u.user_id = chat_tests.id('alice');
create function pg_temp.next_upload() returns text
language sql
as $$ select concat_ws('/', chat_tests.id('long'), chat_tests.id('alice'), nextval('pg_temp.upload_number'), 'file.pdf') $$;
select chat_tests.act_as('alice');
select is(pg_temp.sequential_scans(call), 0::bigint, 'alice, in 1,000 chats, scans no table: ' || call)
from unnest(array[
  $$list_chats()$$,
  $$list_chats(50, now() - interval '500 milliseconds', chat_tests.id('short'))$$,
  $$get_chat(chat_tests.id('long'))$$,
  $$get_chat(chat_tests.id('short'))$$,
  $$list_messages(chat_tests.id('long'))$$,
  $$list_messages(chat_tests.id('long'), 100, now() - interval '90000 seconds')$$,
  $$list_messages(chat_tests.id('short'))$$,
  $$list_changes(chat_tests.id('long'), 0, 100)$$,
  $$list_changes(chat_tests.id('long'), 50000, 100)$$,
  $$list_changes(chat_tests.id('long'), 99900, 100)$$,
  $$list_changes(chat_tests.id('short'), 0, 100)$$,
  $$send_message(chat_tests.id('long'), 'one more')$$,
  $$send_message(chat_tests.id('short'), 'one more', gen_random_uuid())$$,
  $$reserve_upload(chat_tests.id('long'), 'file.pdf', 'application/pdf', 5)$$,
  $$send_message(chat_tests.id('long'), attachment_path => pg_temp.next_upload())$$,
  $$edit_message(chat_tests.id('short'), chat_tests.id('alice''s own'), 'changed')$$,
  $$delete_message(chat_tests.id('short'), chat_tests.id('alice''s own'))$$,
  $$mark_read(chat_tests.id('long'), chat_tests.id('line 50,001'))$$,
  $$open_direct_chat(chat_tests.id('new friend'))$$
]) as call;
select chat_tests.act_as('bob');
select is(pg_temp.sequential_scans(call), 0::bigint, 'nor does bob, in one: ' || call)
from unnest(array[
  $$list_chats()$$,
  $$get_chat(chat_tests.id('long'))$$,
  $$list_messages(chat_tests.id('long'))$$,
  $$list_messages(chat_tests.id('long'), 100, now() - interval '90000 seconds')$$,
  $$list_changes(chat_tests.id('long'), 0, 100)$$,
  $$list_changes(chat_tests.id('long'), 50000, 100)$$,
  $$list_changes(chat_tests.id('long'), 99900, 100)$$
]) as call;
select chat_tests.act_as('carol', '{"app_metadata": {"role": "moderator"}}');
select is(pg_temp.sequential_scans(call), 0::bigint, 'nor carol, a moderator: ' || call)
from unnest(array[
  $$list_messages(chat_tests.id('long'))$$,
  $$list_messages(chat_tests.id('long'), 100, now() - interval '90000 seconds')$$,
  $$list_changes(chat_tests.id('long'), 0, 100)$$,
  $$list_changes(chat_tests.id('long'), 50000, 100)$$,
  $$list_changes(chat_tests.id('long'), 99900, 100)$$,
  $$delete_message(chat_tests.id('long'), chat_tests.id('line 50,001'))$$
]) as call;

-- A person's own messages are not unread, and counting does not read them.
set local plan_cache_mode = auto;
select chat_tests.act_as('dora');
insert into known (name, id) select 'monologue', (public.open_direct_chat(chat_tests.id('alice')) ->> 'id')::uuid;
do $$
begin
  for line in 1..2000 loop
    perform public.send_message(chat_tests.id('monologue'), 'Line ' || line);
  end loop;
end
$$;
create temporary table read_before as
select s.idx_tup_fetch + s.seq_tup_read as messages
from pg_catalog.pg_stat_xact_user_tables s where s.relid = 'public.messages'::regclass;
select is(
  (public.get_chat(chat_tests.id('monologue')) ->> 'unreadCount')::integer, 0, 'one''s own 2,000 lines are not unread'
);
select cmp_ok(
  (
    select s.idx_tup_fetch + s.seq_tup_read - b.messages
    from pg_catalog.pg_stat_xact_user_tables s, read_before b where s.relid = 'public.messages'::regclass
  ),
  '<=', 10::bigint, 'and are not read for that'
);

-- The feed of a person who has come back skips the messages before that by their rev.
select chat_tests.act_as('alice');
select public.leave_chat(chat_tests.id('monologue'));
select chat_tests.act_as('dora');
select lives_ok($$ select public.send_message(chat_tests.id('monologue'), 'Come back') $$, 'dora brings alice back');
select chat_tests.act_as('alice');
drop table read_before;
create temporary table read_before as
select s.idx_tup_fetch + s.seq_tup_read as messages
from pg_catalog.pg_stat_xact_user_tables s where s.relid = 'public.messages'::regclass;
select is(
  json_array_length(public.list_changes(chat_tests.id('monologue'), 0) -> 'data'), 1, 'of 2,001 messages one was sent since alice left'
);
select cmp_ok(
  (
    select s.idx_tup_fetch + s.seq_tup_read - b.messages
    from pg_catalog.pg_stat_xact_user_tables s, read_before b where s.relid = 'public.messages'::regclass
  ),
  '<=', 10::bigint, 'the 2,000 before it are not read'
);
reset role;

-- Plans --------------------------------------------------------------------------
-- With the settings of these functions.

select set_eq(
  $$ select oid::regprocedure::text from pg_proc
     where oid in ('public.list_messages'::regproc, 'chat.changed_messages'::regproc) and 'enable_sort=off' = any (proconfig) $$,
  array['list_messages(uuid,integer,timestamp with time zone)', 'chat.changed_messages(uuid,bigint,integer,boolean)'],
  'the functions of a page and of the feed never sort a chat'
);
set local enable_sort = off;
select chat_tests.act_as('alice');
select matches(way, '^Index (Only )?Scan messages_page_idx .*chat_id = .* AND \(created_at < ', format('the page of %s is one range of the page index (%s)', reader, kind))
from (values ('participants', 2), ('moderators', 1)) as page (reader, nth)
cross join unnest(array['generic', 'custom']) as kind
cross join lateral unnest(pg_temp.ways_to('messages', kind, pg_temp.statement('public.list_messages', nth, case kind
  when 'generic' then
    array[['list_messages\.chat_id', '$1::uuid'], ['page_limit', '$2::integer'], ['older_than', '$3::timestamptz'], ['me', '$4::uuid']]
  else
    array[
      ['list_messages\.chat_id', format('%L::uuid', chat_tests.id('long'))], ['page_limit', '50'],
      ['older_than', format('%L::timestamptz', now() - interval '90000 seconds')],
      ['me', format('%L::uuid', chat_tests.id('alice'))]
    ]
  end))) as way;

select set_eq(
  $$ select oid::regprocedure::text from pg_proc where 'plan_cache_mode=force_generic_plan' = any (proconfig) $$,
  array['chat.chats_of_caller(uuid[])', 'list_messages(uuid,integer,timestamp with time zone)'],
  'and that is planned once, as the plan of one chat is: planning takes longer than a short page'
);

reset role;
select matches(
  way, '^Index Scan messages_rev_is_of_one_change .*chat_id = .* AND \(rev > ', format('a page of changes is one range of the index of revs (%s)', kind)
)
from unnest(array['generic', 'custom']) as kind
cross join lateral unnest(pg_temp.ways_to('messages', kind, pg_temp.statement('chat.changed_messages', 1, case kind
  when 'generic' then
    array[['changed_messages\.chat_id', '$1::uuid'], ['start', '$2::bigint'], ['visible_from', '$3::timestamptz'], ['row_limit', '$4::integer'], ['moderator', '$5::boolean']]
  else
    array[
      ['changed_messages\.chat_id', format('%L::uuid', chat_tests.id('long'))], ['start', '50000'],
      ['visible_from', '''-infinity''::timestamptz'], ['row_limit', '101'], ['moderator', 'false']
    ]
  end))) as way;

set local enable_sort = on;

-- Direct reads -------------------------------------------------------------------
-- Everybody with a token may read the table through PostgREST, with any filter and order.

create function pg_temp.buffers_of(statement text) returns bigint
language plpgsql
as $$
declare
  plan jsonb;
begin
  execute format('explain (analyze, buffers, timing off, format json) %s', statement) into plan;
  return (plan #>> '{0,Plan,Shared Hit Blocks}')::bigint + (plan #>> '{0,Plan,Shared Read Blocks}')::bigint;
end
$$;
create temporary table direct_read as
select format(statement, chat_tests.id('long'), chat_tests.id('line 50,001')) as statement
from unnest(array[
  'select id from public.messages limit 1',
  'select * from public.messages limit 1',
  'select count(*) from public.messages',
  'select id from public.messages order by created_at desc limit 50',
  'select id from public.messages order by id limit 50',
  'select id from public.messages order by chat_id, rev limit 50',
  'select id from public.messages where chat_id = ''%1$s'' order by created_at desc limit 50',
  'select id from public.messages where chat_id >= ''00000000-0000-0000-0000-000000000000'' limit 50',
  'select id from public.messages where created_at > now() - interval ''1 hour'' limit 50',
  'select id from public.messages where rev > 99990 limit 50',
  'select id from public.messages where sender_id <> ''%1$s'' limit 50',
  'select id from public.messages where text ilike ''%%50001%%'' limit 50',
  'select id from public.messages where deleted_at is not null limit 50',
  'select id from public.messages where attachment_path is not null order by attachment_path limit 50',
  'select id from public.messages where id = ''%2$s'''
]) as statement;
grant select on direct_read to authenticated;

select chat_tests.act_as('stranger');
select cmp_ok(pg_temp.buffers_of(d.statement), '<=', 15::bigint, 'a stranger reads next to nothing: ' || d.statement) from direct_read d;
select is_empty(
  $$ select d.statement, way from direct_read d, unnest(pg_temp.ways_to('messages', 'custom', d.statement)) as way where way like 'Seq Scan%' $$,
  'a stranger''s read is planned without a scan of the table'
);
select chat_tests.act_as('bob');
select is_empty(
  $$ select d.statement, way from direct_read d, unnest(pg_temp.ways_to('messages', 'custom', d.statement)) as way where way like 'Seq Scan%' $$,
  'so is one of bob''s, in one chat'
);
select cmp_ok(pg_temp.buffers_of(format(statement, chat_tests.id('long'), chat_tests.id('line 50,001'))), '<=', 400::bigint, 'bob reads a page by its index: ' || statement)
from unnest(array[
  'select id from public.messages limit 1',
  'select id from public.messages where chat_id = ''%1$s'' order by created_at desc limit 50',
  'select id from public.messages where chat_id = ''%1$s'' and rev > 99950 order by rev',
  'select id from public.messages where id = ''%2$s'''
]) as statement;
select chat_tests.act_as('alice');
select is_empty(
  $$ select d.statement, way from direct_read d, unnest(pg_temp.ways_to('messages', 'custom', d.statement)) as way where way like 'Seq Scan%' $$,
  'and so is one of alice''s, in 1,000 chats'
);

-- Realtime -----------------------------------------------------------------------
-- For each change and subscriber, Realtime's server selects the row by its primary key, as the subscriber.

create function pg_temp.ways_to_one(relation text) returns text
language sql
as $$
  select array_to_string(
    pg_temp.ways_to(relation, 'run', format('select m.id from public.messages m where m.id = %L', chat_tests.id('line 50,001'))), ' and '
  )
$$;
select matches(
  pg_temp.ways_to_one('messages'), '^Index (Only )?Scan messages_pkey \(id = .*\)$', 'alice sees a row of messages by one look into messages'
);
-- The policy lists her chats once, and looks up once whether her history hides the message.
select matches(
  pg_temp.ways_to_one('chat_participants'),
  '^(Bitmap Heap Scan  |Index (Only )?Scan chat_participants_of_user_idx \(\(user_id = [^=]*\) AND \(left_at IS NULL\)\)) and '
  'Index (Only )?Scan chat_participants_with_history_idx \(\(user_id = [^=]*\) AND \(chat_id = m.chat_id\) AND \(history_from >= m.created_at\)\)$',
  'and two into chat_participants'
);
select cmp_ok(
  pg_temp.buffers_of(format('select m.id from public.messages m where m.id = %L', chat_tests.id('line 50,001'))), '<=', 60::bigint,
  'a person in 1,000 chats is asked for a row in 60 pages'
);
select chat_tests.act_as('bob');
select cmp_ok(
  pg_temp.buffers_of(format('select m.id from public.messages m where m.id = %L', chat_tests.id('line 50,001'))), '<=', 20::bigint,
  'and a person in one chat in 20'
);

-- The broadcasts of most of a day, and a person who types. Real Realtime has no partition for rows older than yesterday.
reset role;
insert into realtime.messages (topic, extension, event, private, inserted_at, payload)
select 'user:' || n, 'broadcast', 'chat.updated', true, now() at time zone 'UTC' - n * interval '1.5 seconds', '{}'
from generate_series(1, 50000) as n;
select chat_tests.act_as('alice');
select cmp_ok(
  pg_temp.buffers($$send_typing(chat_tests.id('long'))$$), '<=', 60::bigint, 'whether alice has typed just now is known without reading what others did'
);
select cmp_ok(
  pg_temp.buffers(format('may_listen(%L)', 'chat:' || chat_tests.id('long')), 'chat'), '<=', 12::bigint,
  'whether she may listen to one of her 1,000 chats is a look at that one'
);

-- Attachments ----------------------------------------------------------------------
-- Storage selects the attachments of a page as the reader before it signs them.

reset role;
create temporary table some_files as
select array(
  select m.attachment_path from public.messages m where m.chat_id = chat_tests.id('long') and m.attachment_path is not null limit 50
) as paths;
grant select on some_files to authenticated;
create function pg_temp.count_readable() returns bigint
language plpgsql
as $$
begin
  return (
    select count(*) from storage.objects o
    where o.bucket_id = 'chat-attachments' and o.name = any ((select f.paths from pg_temp.some_files f)::text[])
  );
end
$$;

select chat_tests.act_as('alice');
select is(pg_temp.count_readable(), 50::bigint, 'alice reads 50 files of the long chat');
select cmp_ok(
  pg_temp.buffers('count_readable()', 'pg_temp'), '<=', 1000::bigint, 'for each of which a few pages are touched, twice, as two policies ask'
);
select matches(
  array_to_string(pg_temp.ways_to(relation, kind, case kind
    when 'generic' then 'select o.name from storage.objects o where o.bucket_id = $1::text and o.name = any ($2::text[])'
    else format(
      'select o.name from storage.objects o where o.bucket_id = ''chat-attachments'' and o.name = any (%L::text[])', (select f.paths from some_files f)
    )
  end), ' and '),
  '^' || way || '( and ' || way || ')?$', format('by looks into the indexes of %s (%s)', relation, kind)
)
from (values
  ('objects', 'Index (Only )?Scan \w+ \(\(bucket_id = [^=]*\)( AND \(name >= [^=]*\)| AND \(name <= [^=]*\)| AND \(name = ANY [^=]*\)){3}\)'),
  ('messages', 'Index (Only )?Scan messages_attachment_path_idx \(attachment_path = o.name\)'),
  (
    'chat_participants',
    '(Bitmap Heap Scan  |Index (Only )?Scan chat_participants_of_user_idx \(\(user_id = [^=]*\) AND \(left_at IS NULL\)\)) and '
    'Index (Only )?Scan chat_participants_with_history_idx \(\(user_id = [^=]*\) AND \(chat_id = m(_1)?.chat_id\) AND \(history_from >= m(_1)?.created_at\)\)'
  )
) as look (relation, way)
cross join unnest(array['generic', 'custom']) as kind;
select chat_tests.act_as('carol');
select cmp_ok(
  pg_temp.buffers($$may_upload('no/such/path/here')$$, 'chat'), '<=', 5::bigint, 'whether a path is reserved is a look at that one'
);

reset role;
update auth.users set raw_app_meta_data = '{"role": "sweeper"}' where id = chat_tests.id('dora');
select chat_tests.act_as('dora');
select is(json_array_length(public.list_leftover_uploads(24, 28) -> 'data'), 100, 'there is much to sweep');
select cmp_ok(
  (public.count_leftover_uploads(24, 28) #>> '{data,0,objects}')::integer, '>', 100, 'and all of it is counted, not a page'
);
select is(pg_temp.sequential_scans(call), 0::bigint, 'of which the sweeper reads no more than is asked for: ' || call)
from unnest(array['list_leftover_uploads(24, 28)', 'list_leftover_uploads(26, 28, 1)', 'list_leftover_uploads(48, 28)', 'list_leftover_uploads(48, 365)']) as call;
select cmp_ok(pg_temp.buffers(call), '<=', bound::bigint, format('in %s pages: %s', bound, call))
from (values
  ('list_leftover_uploads(24, 28)', 1200), ('list_leftover_uploads(24, 28, 1)', 20), ('list_leftover_uploads(48, 365)', 20)
) as ask (call, bound);

select * from finish();
rollback;
