-- What the chat is made of, read from the catalog: one row (kind, object, definition) for each object.
-- The same on Postgres 15, 17 and 18. It names no object of ours except the schema `chat` and the table
-- `messages`: what else there should be stands in supabase/inventory.tsv, which is this query's answer on
-- a migrated database. Run with an empty search_path, so that every name is qualified.
with relation as (
  select c.*, c.oid::regclass::text as name
  from pg_catalog.pg_class c
  where c.relnamespace = to_regnamespace('chat') or c.oid = to_regclass('public.messages')
),
-- In public all functions: those of the project's own are in no inventory, and are passed over.
function as (
  select p.*, p.oid::regprocedure::text as name,
    -- The host's to replace, as their comments say. Those that it calls itself are volatile.
    p.provolatile = 's' and coalesce(obj_description(p.oid, 'pg_proc') like 'Host: %', false) as is_hosts,
    p.prosrc ~ '^\s*select (false|null::\w+ where false)\s*$' as is_stub
  from pg_catalog.pg_proc p
  where p.pronamespace = to_regnamespace('chat') or (p.pronamespace = to_regnamespace('public') and p.prokind = 'f')
),
-- To whom, apart from the owner: by the rights that the object was given, or those that it has without any.
privilege as (
  select object, grantee, privilege || case when is_grantable then ' with grant option' else '' end as privilege
  from (
    select 'schema ' || n.nspname as object, a.grantee, lower(a.privilege_type) as privilege, a.is_grantable
    from pg_catalog.pg_namespace n,
      aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
    where n.oid = to_regnamespace('chat') and a.grantee <> n.nspowner
    union all
    select case r.relkind when 'S' then 'sequence ' else 'table ' end || r.name, a.grantee, lower(a.privilege_type), a.is_grantable
    from relation r,
      aclexplode(coalesce(r.relacl, acldefault(case r.relkind when 'S' then 's' else 'r' end::"char", r.relowner))) a
    where r.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and a.grantee <> r.relowner
    union all
    select 'table ' || r.name, a.grantee, format('%s (%I)', lower(a.privilege_type), c.attname), a.is_grantable
    from relation r
    join pg_catalog.pg_attribute c on c.attrelid = r.oid and not c.attisdropped,
      aclexplode(c.attacl) a
    where a.grantee <> r.relowner
    union all
    select 'function ' || f.name, a.grantee, lower(a.privilege_type), a.is_grantable
    from function f, aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) a
    where a.grantee <> f.proowner
  ) as each
),
object (kind, name, definition) as (
  select 'schema', n.nspname::text, ''
  from pg_catalog.pg_namespace n where n.oid = to_regnamespace('chat')

  union all
  select case r.relkind when 'r' then 'table' when 'S' then 'sequence' when 'c' then 'type' else 'relation' end, r.name,
    case r.relkind
      when 'S' then (
        select format('as %s minvalue %s start %s', format_type(s.seqtypid, null), s.seqmin, s.seqstart)
        from pg_catalog.pg_sequence s where s.seqrelid = r.oid
      )
      when 'c' then (
        select string_agg(format('%I %s', c.attname, format_type(c.atttypid, c.atttypmod)), ', ' order by c.attnum)
        from pg_catalog.pg_attribute c where c.attrelid = r.oid and not c.attisdropped
      )
      when 'r' then array_to_string(r.reloptions, ', ')
      else 'of kind ' || r.relkind::text
    end
  from relation r where r.relkind not in ('i', 'I')

  union all
  select 'type', t.oid::regtype::text, 'enum: ' || string_agg(e.enumlabel, ', ' order by e.enumsortorder)
  from pg_catalog.pg_type t join pg_catalog.pg_enum e on e.enumtypid = t.oid
  where t.typnamespace = to_regnamespace('chat')
  group by t.oid

  union all
  select 'row security', r.name,
    case when r.relrowsecurity then 'enabled' else 'disabled' end
    || case when r.relforcerowsecurity then ', forced' else ', not forced' end
  from relation r where r.relkind in ('r', 'p')

  union all
  select 'replica identity', r.name,
    case r.relreplident when 'd' then 'default' when 'f' then 'full' when 'n' then 'nothing' else 'an index' end
  from relation r where r.oid = to_regclass('public.messages')

  union all
  select 'column', r.name || '.' || c.attname,
    format_type(c.atttypid, c.atttypmod)
    || case when c.attnotnull then ' not null' else '' end
    || coalesce(case c.attgenerated when '' then ' default ' else ' generated ' end || pg_get_expr(d.adbin, d.adrelid), '')
    || case when c.attidentity <> '' then ' identity' else '' end
    -- Statistics would tell strangers what is in the table.
    || case when c.attstattarget = 0 then ' statistics 0' else '' end
  from relation r
  join pg_catalog.pg_attribute c on c.attrelid = r.oid and c.attnum > 0 and not c.attisdropped
  left join pg_catalog.pg_attrdef d on d.adrelid = r.oid and d.adnum = c.attnum
  where r.relkind in ('r', 'p')

  union all
  -- From 18 on `not null` is a constraint too; it stands with the column.
  select 'constraint', r.name || '.' || c.conname, pg_get_constraintdef(c.oid)
  from relation r join pg_catalog.pg_constraint c on c.conrelid = r.oid
  where c.contype in ('p', 'u', 'x', 'f', 'c')

  union all
  select 'index', i.indexrelid::regclass::text,
    pg_get_indexdef(i.indexrelid) || case when i.indisvalid then '' else ' (invalid)' end
  from relation r join pg_catalog.pg_index i on i.indrelid = r.oid
  where not exists (select from pg_catalog.pg_constraint c where c.conindid = i.indexrelid and c.contype in ('p', 'u', 'x'))

  union all
  select 'statistics', s.stxname::text, pg_get_statisticsobjdef(s.oid)
  from relation r join pg_catalog.pg_statistic_ext s on s.stxrelid = r.oid

  union all
  select 'function', f.name,
    format('(%s) returns %s; security %s',
      pg_get_function_arguments(f.oid), pg_get_function_result(f.oid), case when f.prosecdef then 'definer' else 'invoker' end
    )
    -- How the host's functions do what they do is the host's business.
    || case when f.is_hosts then '' else
      '; ' || l.lanname
      || case f.provolatile when 'i' then '; immutable' when 's' then '; stable' else '; volatile' end
      || case when f.proisstrict then '; strict' else '' end
      || case when f.proleakproof then '; leakproof' else '' end
      || case when f.proparallel = 's' then '; parallel safe' else '' end
    end
    || coalesce((
      select string_agg('; set ' || s, '' order by n)
      from unnest(f.proconfig) with ordinality as setting (s, n)
      where s like 'search_path=%' or not f.is_hosts
    ), '')
    || case
      when f.is_hosts then ''
      else '; body ' || left(md5(regexp_replace(coalesce(pg_get_function_sqlbody(f.oid), f.prosrc), '\s+', ' ', 'g')), 12)
    end
  from function f join pg_catalog.pg_language l on l.oid = f.prolang

  union all
  select 'host interface', f.name, ''
  from function f where f.is_hosts

  union all
  select 'stub', f.name, ''
  from function f where f.is_stub

  union all
  select 'trigger', t.tgrelid::regclass || '.' || t.tgname,
    pg_get_triggerdef(t.oid)
    || case t.tgenabled when 'O' then '' when 'D' then ' (disabled)' when 'R' then ' (on replicas only)' else ' (always)' end
  from pg_catalog.pg_trigger t
  left join relation r on r.oid = t.tgrelid
  join pg_catalog.pg_proc p on p.oid = t.tgfoid
  where not t.tgisinternal
    and (r.oid is not null or (t.tgrelid = 'auth.users'::regclass and p.pronamespace = to_regnamespace('chat')))

  union all
  -- On Storage's and Realtime's tables those of the project's own too, which are passed over.
  select 'policy', p.polrelid::regclass || ': ' || p.polname,
    format('as %s for %s to %s',
      case when p.polpermissive then 'permissive' else 'restrictive' end,
      case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
      (select string_agg(case g when 0 then 'public' else g::regrole::text end, ', ' order by g) from unnest(p.polroles) as g)
    )
    || coalesce(' using (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
    || coalesce(' with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')
  from pg_catalog.pg_policy p
  where p.polrelid in (select r.oid from relation r) or p.polrelid in ('storage.objects'::regclass, 'storage.buckets'::regclass, 'realtime.messages'::regclass)

  union all
  select 'publication', 'supabase_realtime: ' || format('%I.%I', t.schemaname, t.tablename),
    concat_ws(', ',
      case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end, case when p.pubdelete then 'delete' end
    )
    || coalesce(' where ' || t.rowfilter, '')
    || case when cardinality(t.attnames) < r.relnatts then ' of some columns' else '' end
  from pg_catalog.pg_publication_tables t
  join pg_catalog.pg_publication p on p.pubname = t.pubname
  join relation r on r.name = format('%I.%I', t.schemaname, t.tablename)
  where t.pubname = 'supabase_realtime'

  union all
  select 'grant', format('%s to %s', object, case grantee when 0 then 'public' else grantee::regrole::text end),
    string_agg(distinct privilege, ', ' order by privilege)
  from privilege
  group by object, grantee
)
select kind, name, regexp_replace(coalesce(definition, ''), '\s+', ' ', 'g') as definition
from object
order by kind collate "C", name collate "C", definition collate "C";
