-- What the chat needs of its surroundings, which no migration makes: rows (state, check, found, repair).
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
),
possession as (
  select 'schema ' || n.nspname as object, n.nspowner as oid from pg_catalog.pg_namespace n where n.nspname = 'chat'
  union all
  select case c.relkind when 'S' then 'sequence ' else 'table ' end || c.oid::regclass, c.relowner
  from pg_catalog.pg_class c
  where (c.relnamespace = to_regnamespace('chat') or c.oid = to_regclass('public.messages')) and c.relkind in ('r', 'p', 'S')
),
-- Rights that Supabase gives, and `drop schema public cascade` or a hardening takes.
needed (role, wanted, kind, object) as (
  select 'authenticated', client.* from (values
    ('usage', 'schema', 'public'), ('usage', 'schema', 'auth'), ('usage', 'schema', 'storage'), ('usage', 'schema', 'realtime'),
    ('execute', 'function', 'auth.uid'), ('execute', 'function', 'realtime.topic'),
    ('select', 'table', 'storage.objects'), ('insert', 'table', 'storage.objects'), ('delete', 'table', 'storage.objects'),
    ('select', 'table', 'realtime.messages'), ('insert', 'table', 'realtime.messages')
  ) as client
  union all
  select o.rolname, theirs.* from owner o, (values
    ('usage', 'schema', 'auth'), ('usage', 'schema', 'storage'), ('usage', 'schema', 'realtime'),
    ('execute', 'function', 'auth.uid'), ('execute', 'function', 'auth.jwt'), ('execute', 'function', 'realtime.send'),
    ('select', 'table', 'auth.users'), ('select', 'table', 'storage.objects'), ('select', 'table', 'storage.buckets'),
    ('insert', 'table', 'realtime.messages')
  ) as theirs
),
lacking as (
  select n.* from needed n
  where not case n.kind
    when 'schema' then coalesce(has_schema_privilege(n.role::name, to_regnamespace(n.object)::oid, n.wanted), false)
    when 'table' then coalesce(has_table_privilege(n.role::name, to_regclass(n.object)::oid, n.wanted), false)
    -- Whether it is there at all is told below.
    else coalesce((
      select bool_or(has_function_privilege(n.role::name, p.oid, n.wanted)) from pg_catalog.pg_proc p
      where p.pronamespace = to_regnamespace(split_part(n.object, '.', 1)) and p.proname = split_part(n.object, '.', 2)
    ), true)
  end
)
select 'postgres' as check,
  case when current_setting('server_version_num')::integer < 190000 then 'ok' else 'notice' end as state,
  current_setting('server_version') as found,
  'the chat is tested on Postgres 15 to 18' as repair

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
select 'rights', 'missing', format('%s lacks %s on %s %s', l.role, l.wanted, l.kind, l.object),
  format('grant %s on %s %s to %I', l.wanted, l.kind, l.object, l.role)
    || case l.object when 'public' then '' else '; as its owner, on hosted Supabase by its support' end
from lacking l

union all
select 'rights', 'ok', count(*) || ' rights in Supabase''s schemas', '' from needed having not exists (select from lacking)

union all
select 'owner of tables', 'differs', format('%s belongs to %s, whose rights %s has not', p.object, p.oid::regrole, o.rolname),
  format('as a superuser: alter %s owner to %I', p.object, o.rolname)
from possession p, owner o join pg_catalog.pg_roles r using (rolname)
where o.passes_rls and not (r.rolsuper or pg_has_role(r.oid, p.oid, 'usage'))

union all
select 'owner of tables', 'differs', format('%s belongs to %s, and requests come as that', p.object, p.oid::regrole),
  format('alter %s owner to postgres', p.object)
from possession p where p.oid::regrole::text in ('anon', 'authenticated')

union all
select 'client roles', 'differs', format('%s is a member of %s', r.rolname, m.rolname), format('revoke %I from %I', m.rolname, r.rolname)
from pg_catalog.pg_auth_members g
join pg_catalog.pg_roles r on r.oid = g.member join pg_catalog.pg_roles m on m.oid = g.roleid
where r.rolname in ('anon', 'authenticated')
  and (m.rolsuper or m.rolbypassrls or m.rolname in ('anon', 'authenticated', 'service_role'))

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
from pg_catalog.pg_class c where c.oid in ('storage.objects'::regclass, 'storage.buckets'::regclass, 'realtime.messages'::regclass)

union all
-- A later Realtime may give them more arguments.
select space, case when there then 'ok' else 'missing' end, format('%s.%s()', space, name),
  format('update %s: the chat needs this function', initcap(space))
from (values ('auth', 'uid'), ('auth', 'jwt'), ('realtime', 'send'), ('realtime', 'topic')) as brought (space, name), lateral (
  select exists (
    select from pg_catalog.pg_proc p where p.pronamespace = to_regnamespace(space) and p.proname = name
  ) as there
) as function

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
select 'exposed schemas', case when shown or not reached then 'differs' else 'ok' end,
  e.place || case when shown then ' has chat' when not reached then ' lacks public: ' || e.value else ': ' || e.value end,
  case when shown then 'take chat out of' else 'add public, where the chat''s API is, to' end
  || ' the exposed schemas: Dashboard, Project Settings, Data API; or the setting, and notify pgrst, ''reload config'''
from exposed e, lateral (select regexp_split_to_array(btrim(e.value, ' "'), '"?\s*,\s*"?')) as v (names), lateral (
  select 'chat' = any (v.names) as shown, 'public' = any (v.names) as reached
) as s

union all
select 'sweeper', case when n > 0 then 'ok' else 'notice' end, n || ' account(s) with app_metadata.role = sweeper',
  'files of deleted messages and abandoned uploads are never removed without one: see docs/operating.md, "Removing unused files"'
from (select count(*) as n from auth.users u where u.raw_app_meta_data ->> 'role' = 'sweeper') as sweepers
