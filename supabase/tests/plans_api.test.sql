-- The cost of reading much by the functions of the API: 200,000 messages, half of them in one chat, and a person in 1,000 chats beside a person in
-- one chat.
--
-- The functions are called, and their cost is measured in two ways: the statistics of this transaction count sequential
-- scans, and `explain (analyze, buffers)` of a call counts the pages that its statements read. The plans below are of
-- statements taken from the stored bodies of the functions, so they are the same statements.
--
-- needs: friends

begin;
select plan(151);

-- One person calls everything many times here.
update chat.rate_limits set max_count = 1000000 where name <> 'upload';

select chat_tests.begin_story();
select chat_tests.begin_measures();

select chat_tests.add_people('alice', 'bob', 'carol', 'dora', 'stranger', 'new friend');
insert into known (name) select unnest(array['long', 'short', 'short event', 'long event', 'a long way down']);

select chat_tests.fill_large_tables();

select cmp_ok((select count(*) from public.messages), '>=', 200000::bigint, 'there are 200,000 messages');
select is((select count(*) from public.messages m where m.chat_id = chat_tests.id('long')), 100000::bigint, 'half of them in one chat');
select is(
  (select array_agg((select count(*) from chat.chat_participants p where p.user_id = chat_tests.id(person))) from unnest(array['alice', 'bob']) as person),
  array[1000, 1]::bigint[], 'alice is in 1,000 chats, bob in one'
);

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
      ('''s page in the other direction', $call$list_messages(chat_tests.id('long'), after => now() - interval '90000 seconds')$call$),
      ('''s window around a line', $call$list_messages(chat_tests.id('long'), around => chat_tests.id('line 50,001'))$call$),
      ('''s window around the first unread line', $call$list_messages(chat_tests.id('long'), around_unread => true)$call$),
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
  much.buffers, '<=', (little.buffers * times)::bigint, format('%s costs at most %s times %s (%s)', dear, times, cheap, much.mode)
)
from (values
  ('alice''s first page', 1.5, 'bob''s first page'),
  ('alice''s page a long way down', 1.5, 'bob''s page a long way down'),
  ('alice''s chat', 1.5, 'bob''s chat'),
  ('alice''s page a long way down', 1.5, 'alice''s first page'),
  ('bob''s page a long way down', 1.5, 'bob''s first page'),
  ('carol''s page a long way down', 1.5, 'carol''s first page'),
  ('carol''s first page', 1.5, 'bob''s first page'),
  -- The times of the newer side are looked for before the messages.
  ('alice''s page in the other direction', 2, 'alice''s first page'),
  ('alice''s window around a line', 2, 'alice''s first page'),
  ('alice''s window around the first unread line', 2, 'alice''s first page'),
  ('bob''s window around a line', 2, 'bob''s first page'),
  ('carol''s page in the other direction', 2, 'carol''s first page'),
  ('carol''s window around a line', 2, 'carol''s first page'),
  ('alice''s first page', 1.5, 'a page of the short chat')
) as pair (dear, times, cheap)
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
-- A look at each of her chats: at its row and at her read mark, each by an index of three levels at most.
select cmp_ok(pg_temp.buffers(call), '<=', 8000::bigint, 'in 1,000 chats this looks at each, and at no message: ' || call)
from unnest(array[
  'list_changed_chats(chat.epoch(), pg_snapshot_xmax(pg_current_snapshot())::text::bigint)',
  'list_chats(50, ''-infinity'', chat_tests.id(''short''))',
  'list_chats(archived => true)'
]) as call;
-- All of them are unread. The counts end at 100.
select cmp_ok(pg_temp.buffers('count_unread()'), '<=', 12000::bigint, 'the counts of what is unread in 1,000 chats end at 100');
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
  $$list_chats(archived => true)$$,
  $$list_changed_chats(chat.epoch(), 0)$$,
  $$list_changed_chats(chat.epoch(), pg_snapshot_xmax(pg_current_snapshot())::text::bigint)$$,
  $$count_unread()$$,
  $$list_reads(chat_tests.id('long'))$$,
  $$list_reads(chat_tests.id('short'))$$,
  $$change_chat_settings(chat_tests.id('long'), marked_unread => not (public.get_chat(chat_tests.id('long')) #>> '{settings,markedUnread}')::boolean)$$,
  $$change_chat_settings(chat_tests.id('short'), archived => true)$$,
  $$get_chat(chat_tests.id('long'))$$,
  $$get_chat(chat_tests.id('short'))$$,
  $$list_messages(chat_tests.id('long'))$$,
  $$list_messages(chat_tests.id('long'), 100, now() - interval '90000 seconds')$$,
  $$list_messages(chat_tests.id('short'))$$,
  $$list_messages(chat_tests.id('long'), after => now() - interval '90000 seconds')$$,
  $$list_messages(chat_tests.id('long'), around => chat_tests.id('line 50,001'))$$,
  $$list_messages(chat_tests.id('long'), around_unread => true)$$,
  $$get_message(chat_tests.id('long'), chat_tests.id('line 50,001'))$$,
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
  $$list_changed_chats(chat.epoch(), 0)$$,
  $$count_unread()$$,
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
     where oid in ('public.list_messages'::regproc, 'chat.times_after'::regproc, 'chat.changed_messages'::regproc) and 'enable_sort=off' = any (proconfig) $$,
  array['list_messages(uuid,integer,timestamp with time zone,timestamp with time zone,uuid,boolean)', 'chat.times_after(uuid,timestamp with time zone,integer,boolean)', 'chat.changed_messages(uuid,bigint,integer,boolean)'],
  'the functions of a page and of the feed never sort a chat'
);
set local enable_sort = off;
select matches(
  pg_temp.ways_to('messages', kind, pg_temp.statement('chat.first_unread', 1, case kind
    when 'generic' then array[['first_unread\.chat_id', '$1::uuid'], ['read_to', '$2::timestamptz'], ['me', '$3::uuid']]
    else array[
      ['first_unread\.chat_id', format('%L::uuid', chat_tests.id('long'))], ['read_to', '''-infinity''::timestamptz'],
      ['me', format('%L::uuid', chat_tests.id('alice'))]
    ]
  end))::text,
  'Index Only Scan messages_page_idx .*chat_id = .* AND \(created_at > ', format('the first unread message is found in the page index (%s)', kind)
)
from unnest(array['generic', 'custom']) as kind;
select matches(
  pg_temp.ways_to('messages', kind, pg_temp.statement('chat.times_after', nth, case kind
    when 'generic' then
      array[['times_after\.chat_id', '$1::uuid'], ['start', '$2::timestamptz'], ['row_limit', '$3::integer']]
    else array[
      ['times_after\.chat_id', format('%L::uuid', chat_tests.id('long'))],
      ['start', format('%L::timestamptz', now() - interval '90000 seconds')], ['row_limit', '26']
    ]
  end))::text,
  'Index Only Scan messages_page_idx .*chat_id = .* AND \(created_at > ' || condition,
  format('and its newer side is looked for in this index alone by %s (%s)', reader, kind)
)
from (values ('moderators', 1, ''), ('participants', 2, '.*deleted_at IS NULL')) as page (reader, nth, condition)
cross join unnest(array['generic', 'custom']) as kind;

select chat_tests.act_as('alice');
select matches(way, '^Index Scan messages_page_idx .*chat_id = .* AND \(created_at <= ', format('a page or window of %s is a range of the page index (%s)', reader, kind))
from (values ('participants', 2), ('moderators', 1)) as page (reader, nth)
cross join unnest(array['generic', 'custom']) as kind
cross join lateral unnest(pg_temp.ways_to('messages', kind, pg_temp.statement('public.list_messages', nth, case kind
  when 'generic' then
    array[
      ['list_messages\.chat_id', '$1::uuid'], ['row_limit', '$2::integer'], ['newest', '$3::timestamptz'], ['me', '$4::uuid']
    ]
  else
    array[
      ['list_messages\.chat_id', format('%L::uuid', chat_tests.id('long'))], ['row_limit', '50'],
      ['newest', format('%L::timestamptz', now() - interval '90000 seconds')],
      ['me', format('%L::uuid', chat_tests.id('alice'))]
    ]
  end))) as way;
select set_eq(
  $$ select oid::regprocedure::text from pg_proc where 'plan_cache_mode=force_generic_plan' = any (proconfig) $$,
  array[
    'chat.search_newest(chat.searched_chat[],text[],chat.hit,integer)', 'chat.rare_words(chat.searched_chat[],text[])',
    'chat.search_index(chat.searched_chat[],text[],chat.hit,integer)',
    'chat.chats_of_caller(uuid[])', 'list_messages(uuid,integer,timestamp with time zone,timestamp with time zone,uuid,boolean)',
    'list_changes(uuid,bigint,integer,text)', 'list_mentions(integer,timestamp with time zone,uuid)',
    'search_messages(text,integer,uuid,uuid,timestamp with time zone,uuid,text)', 'count_unread()'
  ],
  'and that is planned once, as the shapes of messages and chats are everywhere: planning one takes longer than a short page'
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

select * from finish();
rollback;
