-- plpgsql_check on the trigger functions of the schemas in $1, each with the table and the transition
-- tables of every trigger that calls it. The answer has the form of `supabase db lint`'s.
select jsonb_build_object('results', coalesce(
  jsonb_agg(jsonb_build_object('function', checked.name, 'issues', checked.result -> 'issues'))
    -- It gives no row for a function without a fault.
    filter (where checked.result is not null),
  '[]'
))::text
from (
  select n.nspname || '.' || p.proname as name,
    (
      select string_agg(line, '') from extensions.plpgsql_check_function(
        p.oid, t.tgrelid, format => 'json', oldtable => t.tgoldtable, newtable => t.tgnewtable
      ) as line
    )::jsonb as result
  from pg_catalog.pg_trigger t
  join pg_catalog.pg_proc p on p.oid = t.tgfoid
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  join pg_catalog.pg_language l on l.oid = p.prolang
  where l.lanname = 'plpgsql' and n.nspname = any ($1) and t.tgparentid = 0
  order by 1, t.tgname
) as checked
