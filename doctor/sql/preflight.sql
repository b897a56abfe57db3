-- Whether the other questions can be asked at all: of this Postgres, in this database, by this role. It reads
-- the catalog alone: a role without rights may not even resolve the names of other schemas' tables.
with relation as (
  select c.oid, c.relkind, c.relnamespace, n.nspname || '.' || c.relname as name
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
)
select
  current_user::text as role,
  current_setting('server_version_num')::integer / 10000 as major,
  (
    select coalesce(string_agg(needed, ', '), '')
    from unnest(array['auth.users', 'storage.objects', 'storage.buckets', 'realtime.messages']) as needed
    where needed not in (select r.name from relation r)
  ) as absent,
  (
    select coalesce(string_agg(needed, ', '), '')
    from unnest(array['anon', 'authenticated', 'service_role']) as needed
    where needed not in (select r.rolname from pg_catalog.pg_roles r)
  ) as absent_roles,
  exists (select from pg_catalog.pg_namespace n where n.nspname = 'chat')
    or exists (select from relation r where r.name = 'public.messages') as has_chat,
  (
    select r.rolsuper or r.rolbypassrls from pg_catalog.pg_roles r where r.rolname = current_user
  ) as passes_rls,
  (
    select coalesce(string_agg(r.name, ', ' order by r.name), '')
    from relation r
    where r.name in (
        'auth.users', 'storage.objects', 'storage.buckets', 'realtime.messages', 'chat.settings', 'chat.rate_limits',
        'chat.refusals', 'chat.lost_broadcasts', 'supabase_migrations.schema_migrations'
      )
      and not (
        has_schema_privilege(r.relnamespace, 'usage')
        and case r.relkind when 'S' then has_sequence_privilege(r.oid, 'select') else has_table_privilege(r.oid, 'select') end
      )
  ) as unreadable
