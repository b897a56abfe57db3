-- Everything that a database holds beside its rows, a line an object: its kind, its name, its definition.
-- Run with an empty search_path, so that every name is qualified.
with
spaces as (
  select n.oid, n.nspname as name from pg_namespace n
  where n.nspname <> 'information_schema' and n.nspname not like 'pg\_%'
),
-- What an extension brings is told by the extension.
members as (select d.classid, d.objid from pg_depend d where d.deptype = 'e'),
relations as (
  select c.*, c.oid::regclass::text as name from pg_class c join spaces s on s.oid = c.relnamespace
  where (('pg_class'::regclass, c.oid) not in (select classid, objid from members))
),
routines as (
  select p.*, p.oid::regprocedure::text as name from pg_proc p join spaces s on s.oid = p.pronamespace
  where (('pg_proc'::regclass, p.oid) not in (select classid, objid from members))
)
select 'database' as kind, 'itself'::text as name, concat_ws(' | ', pg_get_userbyid(d.datdba), d.datacl::text) as definition
from pg_database d where d.datname = current_database()
union all
select 'schema', s.name,
  concat_ws(' | ', pg_get_userbyid(n.nspowner), n.nspacl::text, obj_description(n.oid, 'pg_namespace'))
from spaces s join pg_namespace n on n.oid = s.oid
union all
select 'relation', r.name, concat_ws(
  ' | ', r.relkind, pg_get_userbyid(r.relowner), r.relacl::text, r.relrowsecurity, r.relforcerowsecurity,
  r.relreplident, r.reloptions::text, obj_description(r.oid, 'pg_class'),
  case when r.relkind in ('v', 'm') then pg_get_viewdef(r.oid) end,
  case when r.relkind in ('i', 'I') then pg_get_indexdef(r.oid) end
)
from relations r
union all
select 'column', r.name || '.' || a.attname, concat_ws(
  ' | ', a.attnum, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
  pg_get_expr(d.adbin, d.adrelid), a.attacl::text, a.attstattarget, col_description(r.oid, a.attnum)
)
from relations r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum
where r.relkind in ('r', 'p', 'v', 'm', 'c', 'f')
union all
select 'sequence', r.name, concat_ws(' | ', q.seqtypid::regtype, q.seqstart, q.seqincrement, q.seqmax, q.seqmin, q.seqcycle)
from relations r join pg_sequence q on q.seqrelid = r.oid
union all
select 'constraint', c.conrelid::regclass || ' ' || c.conname, pg_get_constraintdef(c.oid)
from pg_constraint c join spaces s on s.oid = c.connamespace
union all
select 'statistics', x.stxrelid::regclass || ' ' || x.stxname, pg_get_statisticsobjdef(x.oid)
from pg_statistic_ext x join spaces s on s.oid = x.stxnamespace
union all
select 'routine', p.name, concat_ws(
  ' | ', pg_get_userbyid(p.proowner), p.proacl::text, obj_description(p.oid, 'pg_proc'),
  case when p.prokind <> 'a' then pg_get_functiondef(p.oid) end
)
from routines p
union all
select 'type', t.oid::regtype::text, concat_ws(
  ' | ', t.typtype, pg_get_userbyid(t.typowner), t.typacl::text, obj_description(t.oid, 'pg_type'),
  (select string_agg(e.enumlabel, ',' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid)
)
from pg_type t join spaces s on s.oid = t.typnamespace
where (('pg_type'::regclass, t.oid) not in (select classid, objid from members))
union all
select 'policy', p.polrelid::regclass || ' ' || p.polname, concat_ws(
  ' | ', p.polcmd, p.polpermissive, array(select pg_get_userbyid(r) from unnest(p.polroles) r order by 1)::text,
  pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid), obj_description(p.oid, 'pg_policy')
)
from pg_policy p
union all
select 'trigger', t.tgrelid::regclass || ' ' || t.tgname, concat_ws(' | ', pg_get_triggerdef(t.oid), t.tgenabled)
from pg_trigger t where not t.tgisinternal
union all
select 'rule', r.ev_class::regclass || ' ' || r.rulename, pg_get_ruledef(r.oid)
from pg_rewrite r join relations c on c.oid = r.ev_class
union all
select 'event trigger', e.evtname, concat_ws(' | ', e.evtevent, e.evtfoid::regproc, e.evtenabled, e.evttags::text)
from pg_event_trigger e
union all
select 'publication', p.pubname, concat_ws(
  ' | ', pg_get_userbyid(p.pubowner), p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate, p.pubviaroot,
  (select string_agg(n.pnnspid::regnamespace::text, ',' order by 1) from pg_publication_namespace n where n.pnpubid = p.oid)
)
from pg_publication p
union all
select 'published table', p.pubname || ' ' || r.prrelid::regclass,
  concat_ws(' | ', r.prattrs::text, pg_get_expr(r.prqual, r.prrelid))
from pg_publication_rel r join pg_publication p on p.oid = r.prpubid
union all
select 'default privileges', concat_ws(' ', pg_get_userbyid(d.defaclrole), d.defaclnamespace::regnamespace, d.defaclobjtype),
  d.defaclacl::text
from pg_default_acl d
union all
select 'extension', e.extname, concat_ws(' | ', e.extversion, e.extnamespace::regnamespace) from pg_extension e
union all
select 'setting', coalesce(s.setrole::regrole::text, 'all'), s.setconfig::text
from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase where d.datname = current_database()
union all
select 'comment', concat_ws(' ', t.tgrelid::regclass, t.tgname), d.description
from pg_description d join pg_trigger t on t.oid = d.objoid and d.classoid = 'pg_trigger'::regclass
order by 1, 2, 3
