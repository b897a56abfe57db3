-- Whether the other questions can be asked at all: of this Postgres, in this database, by this role.
select
  current_user::text as role,
  current_setting('server_version_num')::integer / 10000 as major,
  (
    select coalesce(string_agg(name, ', '), '')
    from unnest(array['auth.users', 'storage.objects', 'storage.buckets', 'realtime.messages']) as name
    where to_regclass(name) is null
  ) as absent,
  (
    select coalesce(string_agg(name, ', '), '')
    from unnest(array['anon', 'authenticated', 'service_role']) as name
    where to_regrole(name) is null
  ) as absent_roles,
  to_regnamespace('chat') is not null or to_regclass('public.messages') is not null as has_chat,
  (
    select r.rolsuper or r.rolbypassrls from pg_catalog.pg_roles r where r.rolname = current_user
  ) as passes_rls,
  (
    select coalesce(string_agg(name, ', '), '')
    from unnest(array[
      'auth.users', 'storage.buckets', 'chat.settings', 'chat.rate_limits', 'chat.refusals', 'chat.lost_broadcasts',
      'supabase_migrations.schema_migrations'
    ]) as name
    join pg_catalog.pg_class c on c.oid = to_regclass(name)
    where not has_schema_privilege(c.relnamespace, 'usage')
      or not case c.relkind when 'S' then has_sequence_privilege(c.oid, 'select') else has_table_privilege(c.oid, 'select') end
  ) as unreadable
