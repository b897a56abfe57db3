-- `cargo xtask db reset`, first half, as supabase_admin: removes what migrations, seed and users
-- made. The platform's own schemas stay, because Auth and Storage are running on them.

do $$
declare
  found record;
begin
  for found in
    select nspname from pg_catalog.pg_namespace
    where nspname not in (
      'auth', 'storage', 'realtime', 'extensions', 'supabase_migrations', 'platform_guard', 'information_schema'
    ) and nspname not like 'pg\_%'
  loop
    execute format('drop schema %I cascade', found.nspname);
  end loop;

  for found in
    select policyname, schemaname, tablename from pg_catalog.pg_policies
    where schemaname in ('auth', 'storage', 'realtime')
  loop
    execute format('drop policy %I on %I.%I', found.policyname, found.schemaname, found.tablename);
  end loop;

  for found in
    select t.tgname, t.tgrelid::regclass as relation from pg_catalog.pg_trigger t
    join pg_catalog.pg_class c on c.oid = t.tgrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('auth', 'storage', 'realtime') and not t.tgisinternal and t.tgparentid = 0
  loop
    execute format('drop trigger %I on %s', found.tgname, found.relation);
  end loop;

  for found in
    select schemaname, tablename from pg_catalog.pg_tables
    where schemaname in ('auth', 'storage', 'realtime', 'supabase_migrations')
  loop
    execute format('truncate %I.%I cascade', found.schemaname, found.tablename);
  end loop;
end
$$;
