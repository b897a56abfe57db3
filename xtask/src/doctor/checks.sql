-- What the chat needs of its surroundings, which no migration makes: rows (state, check, found, mend).
with role_setting as (
  select r.rolname, split_part(s, '=', 1) as name, substr(s, strpos(s, '=') + 1) as value, d.setdatabase
  from pg_catalog.pg_db_role_setting d
  left join pg_catalog.pg_roles r on r.oid = d.setrole,
    unnest(d.setconfig) as s
  where d.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = current_database()))
),
publication as (
  select p.*, exists (
    select from pg_catalog.pg_publication_namespace n where n.pnpubid = p.oid and n.pnnspid = 'public'::regnamespace
  ) as of_public
  from pg_catalog.pg_publication p where p.pubname = 'supabase_realtime'
),
exposed as (
  select concat_ws(' of role ', 'the setting pgrst.db_schemas', s.rolname) as place, s.value
  from role_setting s
  where s.name = 'pgrst.db_schemas' and coalesce(s.rolname, 'authenticator') = 'authenticator'
),
-- PostgREST takes on the settings of the caller's role; what that has none of stays as it is for its own.
client_timeout as (
  select client, coalesce(
    (select s.value from role_setting s where s.rolname = client and s.name = 'statement_timeout' order by s.setdatabase desc limit 1),
    (select s.value from role_setting s where s.rolname = 'authenticator' and s.name = 'statement_timeout' order by s.setdatabase desc limit 1),
    current_setting('statement_timeout')
  ) as value
  from unnest(array['anon', 'authenticated']) as client
),
owner as (
  select distinct r.rolname, r.rolsuper or r.rolbypassrls as passes_rls
  from pg_catalog.pg_proc p join pg_catalog.pg_roles r on r.oid = p.proowner
  where p.pronamespace = to_regnamespace('chat') and p.prosecdef
)
select 'postgres' as check,
  case when current_setting('server_version_num')::integer < 190000 then 'ok' else 'notice' end as state,
  current_setting('server_version') as found,
  'the chat is tested on Postgres 15 to 18' as mend

union all
select 'wal_level', case current_setting('wal_level') when 'logical' then 'ok' else 'differs' end, current_setting('wal_level'),
  'alter system set wal_level = ''logical''; and restart Postgres: Realtime reads the log'

union all
select 'jit', case when pg_jit_available() and current_setting('jit')::boolean then 'notice' else 'ok' end,
  case when not pg_jit_available() then 'not available' when current_setting('jit')::boolean then 'on' else 'off' end,
  'alter database ' || quote_ident(current_database()) || ' set jit = off; compiling takes 100 ms and more, and the chat''s queries take less'

union all
select 'safeupdate', 'ok', case
    when exists (select from role_setting s where s.name like '%preload_libraries' and s.value like '%safeupdate%') then 'loaded'
    else 'not loaded'
  end, ''

union all
select 'statement_timeout', case when value in ('0', '0s', '0ms') then 'notice' else 'ok' end, client || ': ' || value,
  format('alter role %I set statement_timeout = ''8s''; a caller of PostgREST can otherwise use a connection as long as they like', client)
from client_timeout

union all
select 'client roles', case when r.rolsuper or r.rolbypassrls then 'differs' else 'ok' end,
  r.rolname || case when r.rolsuper or r.rolbypassrls then ' is not bound by row-level security' else ' is bound by row-level security' end,
  format('alter role %I nosuperuser nobypassrls', r.rolname)
from pg_catalog.pg_roles r where r.rolname in ('anon', 'authenticated')

union all
select 'owner of functions', case when o.passes_rls then 'ok' else 'differs' end,
  o.rolname || case when o.passes_rls then ' is not bound by row-level security' else ' has no BYPASSRLS, so definer functions see no rows' end,
  format('alter role %I bypassrls, or give the functions to `postgres`', o.rolname)
from owner o

union all
select 'row security', case when c.relrowsecurity then 'ok' else 'differs' end,
  c.oid::regclass || case when c.relrowsecurity then ': enabled' else ': disabled, so no policy counts there' end,
  'as the table''s owner, on hosted Supabase by its support: alter table ' || c.oid::regclass || ' enable row level security'
from pg_catalog.pg_class c where c.oid in ('storage.objects'::regclass, 'realtime.messages'::regclass)

union all
-- A later Realtime may give them more arguments.
select 'realtime', case when there then 'ok' else 'missing' end, format('realtime.%s()', name),
  'update Realtime: the chat''s broadcasts and policies need this function'
from unnest(array['send', 'topic']) as name, lateral (
  select exists (
    select from pg_catalog.pg_proc p where p.pronamespace = 'realtime'::regnamespace and p.proname = name
  ) as there
) as realtime

union all
select 'publication', 'missing', 'supabase_realtime does not exist',
  'create publication supabase_realtime; then run the file of the publication''s table again'
where not exists (select from publication)

union all
select 'publication', 'notice',
  'supabase_realtime has all tables' || case when p.puballtables then '' else ' of schema public' end,
  'nothing to do for the chat. Postgres_changes tells every subscriber of each deleted row of these tables, by its primary key'
from publication p where p.puballtables or p.of_public

union all
select 'exposed schemas', case when shown then 'differs' else 'ok' end,
  e.place || case when shown then ' has chat' else ': ' || e.value end,
  'take chat out of the exposed schemas: Dashboard, Project Settings, Data API; or the setting, and notify pgrst, ''reload config'''
from exposed e, lateral (
  select 'chat' = any (regexp_split_to_array(btrim(e.value, ' "'), '"?\s*,\s*"?')) as shown
) as s

union all
select 'sweeper', case when n > 0 then 'ok' else 'notice' end, n || ' account(s) with app_metadata.role = sweeper',
  'files of deleted messages and abandoned uploads are never removed without one: see docs/deploying.md, "Files that are left over"'
from (select count(*) as n from auth.users u where u.raw_app_meta_data ->> 'role' = 'sweeper') as sweepers
