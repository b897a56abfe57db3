-- Large tables, and what reading them costs: the plans and the pages of calls.
--
-- The functions are made in schema pg_temp, because some of them run with their owner's rights. They end with the story.

begin;

create function chat_tests.fill_large_tables() returns void
language plpgsql
as $make$
begin
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
  -- And has chosen something for each chat, and had others that are deleted now.
  insert into chat.participant_settings (chat_id, user_id, joined_at, notify)
  select p.chat_id, p.user_id, p.joined_at, 'mentions' from chat.chat_participants p join crowd c on c.id = p.user_id;
  insert into chat.gone_chats (user_id, chat_id) select c.id, gen_random_uuid() from crowd c cross join generate_series(1, 20);

  -- Alice is in the long chat, the short chat and 998 others. Bob and carol are only in the long chat.
  insert into chat.chat_participants (chat_id, user_id) select p.chat_id, chat_tests.id('alice') from place p where p.n < 999 or p.n = 5000;
  insert into chat.chat_participants (chat_id, user_id)
  select chat_tests.id('long'), chat_tests.id(person) from unnest(array['bob', 'carol']) as person;
  perform chat_tests.befriend(chat_tests.id('alice'), friend) from unnest(chat_tests.ids('new friend', 'dora')) as friend;
  insert into known (name, id)
  select 'alice''s own', m.id from public.messages m where m.chat_id = chat_tests.id('short') and m.rev = 119;
  update public.messages set sender_id = chat_tests.id('alice'), created_at = clock_timestamp() where chat_id = chat_tests.id('short') and rev = 119;
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
  analyze chat.chats, chat.chat_participants, chat.read_marks, chat.participant_settings, chat.gone_chats, public.messages, chat.uploads, chat.discarded_uploads, storage.objects;
  -- And those that nothing has filled, as a vacuum leaves them: without a page. A scan of such a table looks free to the planner.
  truncate chat.mentions, chat.reactions, chat.message_words;
  analyze chat.mentions, chat.reactions, chat.message_words;
end
$make$;
comment on function chat_tests.fill_large_tables() is
  'Makes 200,000 messages, half of them in one chat, and alice a participant of 1,000 chats.';

create function chat_tests.begin_measures() returns void
language plpgsql
as $make$
begin
  -- The sequential scans of large tables in ten calls. The first five calls have plans for their arguments, the later ones
  -- have the plan that plpgsql keeps.
  create temporary view large_table_scans as
  select sum(s.seq_scan) as count
  from pg_catalog.pg_stat_xact_all_tables s
  where s.relid in (
    'public.messages'::regclass, 'chat.chats'::regclass, 'chat.chat_participants'::regclass, 'chat.read_marks'::regclass,
    'chat.reactions'::regclass, 'chat.mentions'::regclass, 'chat.participant_settings'::regclass, 'chat.gone_chats'::regclass,
    'chat.uploads'::regclass, 'chat.discarded_uploads'::regclass, 'storage.objects'::regclass, 'chat.message_words'::regclass
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

  -- The nth `return (…);`, `return query …;`, `return array(…);` or `into … from (…) as page;` of a plpgsql function, with its
  -- variables replaced.
  create function pg_temp.statement(of regproc, nth integer, variables text[]) returns text
  language plpgsql
  as $$
  declare
    answer text;
  begin
    select found.parts[1] into strict answer
    from pg_catalog.pg_proc p
    cross join lateral (
      select replace(regexp_replace(replace(regexp_replace(
        p.prosrc, 'return query\n(.*?);\n', E'return (\n\\1\n);\n', 'g'),
        'return array(', 'return ('), 'into [a-z, ]+\n\s*from \(', 'return (', 'g'), ') as page;', ');') as body
    ) as plain
    cross join lateral regexp_matches(plain.body, 'return \((.*?)\n\s*\);\n', 'g') with ordinality as found (parts, n)
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
end
$make$;
comment on function chat_tests.begin_measures() is
  'Makes the functions that measure what a call or a statement costs.';

commit;

begin;
select plan(1);
select is_empty(
  $$ select p.oid::regprocedure from pg_catalog.pg_proc p where p.pronamespace = 'chat_tests'::regnamespace and p.prosecdef $$,
  'no helper lends anybody its owner''s rights'
);
select * from finish();
rollback;
