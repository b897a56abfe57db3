-- The example host's schema: who reaches it, and what each of its tables, functions, keys and triggers has.

begin;
select plan(5);

-- The schema -------------------------------------------------------------------

select is(
  array(
    select format('%s %s', role, privilege)
    from unnest(array['anon', 'authenticated', 'service_role']) as role, unnest(array['usage', 'create']) as privilege
    where has_schema_privilege(role, 'example_host', privilege)
  ),
  array['service_role usage'], 'only the host''s own API reaches its schema'
);
select is_empty(
  $$ select c.oid::regclass from pg_catalog.pg_class c
     where c.relnamespace = 'example_host'::regnamespace and c.relkind in ('r', 'p')
       and not (c.relrowsecurity and c.relforcerowsecurity and obj_description(c.oid, 'pg_class') <> '') $$,
  'each of its tables has row-level security, forced, and a comment'
);
select is_empty(
  $$ select p.oid::regprocedure from pg_catalog.pg_proc p
     where p.pronamespace = 'example_host'::regnamespace and (
       coalesce(obj_description(p.oid, 'pg_proc'), '') = ''
       or p.prosecdef and not coalesce('search_path=""' = any (p.proconfig), false)
       or has_function_privilege('anon', p.oid, 'execute') or has_function_privilege('authenticated', p.oid, 'execute')
       or has_function_privilege('service_role', p.oid, 'execute')
     ) $$,
  'each of its functions has a comment, and an empty search_path where it runs with its owner''s rights; nobody else executes one'
);
select is_empty(
  $$ select f.conrelid::regclass, f.conname from pg_catalog.pg_constraint f
     where f.contype = 'f' and f.connamespace = 'example_host'::regnamespace
       and not exists (
         select from pg_catalog.pg_index i
         where i.indrelid = f.conrelid and i.indisvalid and i.indpred is null
           and (i.indkey::smallint[])[0:cardinality(f.conkey) - 1] @> f.conkey
       ) $$,
  'each foreign key''s columns lead an index'
);
select set_eq(
  $$ select t.tgrelid::regclass::text, t.tgname::text
     from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid
     where not t.tgisinternal and t.tgtype & 1 = 1 and c.relnamespace = 'example_host'::regnamespace $$,
  $$ values
    -- It runs at the first row for all rows, before the cascades begin.
    ('example_host.events', '000_lock_people'), ('example_host.event_groups', '000_lock_people'),
    ('example_host.events', '_100_keep_id'), ('example_host.event_groups', '_100_keep_id') $$,
  'all triggers but these are of statements'
);

select * from finish();
rollback;
