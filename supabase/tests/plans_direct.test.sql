-- The cost of reading much past the functions: 200,000 messages, half of them in one chat, and a person in 1,000 chats beside a person in
-- one chat.
--
-- Clients of PostgREST select from the table, and Realtime and Storage ask its policies. `explain (analyze, buffers)`
-- counts the pages that a statement reads.
--
-- needs: friends

begin;
select plan(46);

-- One person calls everything many times here.
update chat.rate_limits set max_count = 1000000 where name <> 'upload';

select chat_tests.begin_story();
select chat_tests.begin_measures();

select chat_tests.add_people('alice', 'bob', 'carol', 'dora', 'stranger', 'new friend');
insert into known (name) select unnest(array['long', 'short', 'short event', 'long event', 'a long way down']);

select chat_tests.fill_large_tables();

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
select is(pg_temp.sequential_scans(call), 0::bigint, 'the sweeper reads no more leftovers than asked for: ' || call)
from unnest(array['list_leftover_uploads(24, 28)', 'list_leftover_uploads(26, 28, 1)', 'list_leftover_uploads(48, 28)', 'list_leftover_uploads(48, 365)']) as call;
select cmp_ok(pg_temp.buffers(call), '<=', bound::bigint, format('in %s pages: %s', bound, call))
from (values
  ('list_leftover_uploads(24, 28)', 1200), ('list_leftover_uploads(24, 28, 1)', 20), ('list_leftover_uploads(48, 365)', 20)
) as ask (call, bound);

select * from finish();
rollback;
