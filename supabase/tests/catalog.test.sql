-- The rights of the API's roles, from the catalog. Each list here is complete: a new table, function or grant fails
-- this file until it is in the list.

begin;
select plan(36);

-- If the host has its tables in schema public, everything there that is not the chat's is the host's.
create function pg_temp.is_hosts(schema name, called name) returns boolean
language sql stable
return schema = 'public' and 'public' = any (chat_tests.host_schemas())
  and called <> all (array['messages'] || chat_tests.api_functions());

-- Grants ---------------------------------------------------------------------
-- A privilege counts if the role has it by name, through PUBLIC, or through another role of which it is a member.

create temporary view api_privilege as
with
  role (name) as (values ('anon'), ('authenticated'), ('service_role')),
  granted (kind, object, acl) as (
    select 'schema', n.nspname::text, coalesce(n.nspacl, acldefault('n', n.nspowner))
    from pg_catalog.pg_namespace n where n.nspname in ('public', 'chat')
    union all
    select 'table', format('%s.%s', n.nspname, c.relname),
      coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('public', 'chat') and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and not pg_temp.is_hosts(n.nspname, c.relname)
    union all
    select 'column', format('%s.%s.%s', n.nspname, c.relname, a.attname), a.attacl
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('public', 'chat') and a.attacl is not null and not pg_temp.is_hosts(n.nspname, c.relname)
    union all
    select 'function', format('%s.%s(%s)', n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes)),
      coalesce(p.proacl, acldefault('f', p.proowner))
    from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ('public', 'chat') and not pg_temp.is_hosts(n.nspname, p.proname)
  )
select distinct
  role.name as role, granted.kind, granted.object, lower(acl.privilege_type) as privilege, acl.is_grantable
from role
cross join granted
cross join lateral aclexplode(granted.acl) as acl
where acl.grantee = 0 or pg_catalog.pg_has_role(role.name, acl.grantee, 'usage');

select set_eq(
  $$ select role, object, privilege from api_privilege where kind = 'schema' $$,
  $$ values
    ('anon', 'public', 'usage'),
    ('authenticated', 'public', 'usage'),
    ('authenticated', 'chat', 'usage'),
    ('service_role', 'public', 'usage') $$,
  'anon and service_role may use schema public only, authenticated also schema chat, and none may create there'
);

select is_empty(
  $$ select kind, object, privilege from api_privilege where role = 'anon' and kind <> 'schema' $$,
  'nothing is granted to anon'
);

select is_empty(
  $$ select kind, object, privilege from api_privilege where role = 'authenticated' and kind = 'table' $$,
  'authenticated has no privilege on a whole table'
);

select set_eq(
  $$ select privilege, object from api_privilege where role = 'authenticated' and kind = 'column' $$,
  $$ values
    ('select', 'chat.chats.id'),
    ('select', 'chat.chats.created_at'),
    ('select', 'chat.chats.last_message_at'),
    ('select', 'chat.chats.rev'),
    ('select', 'chat.chats.topic_version'),
    ('select', 'chat.chat_participants.chat_id'),
    ('select', 'chat.chat_participants.user_id'),
    ('select', 'chat.chat_participants.left_at'),
    ('select', 'chat.chat_participants.history_from'),
    ('select', 'public.messages.id'),
    ('select', 'public.messages.chat_id'),
    ('select', 'public.messages.sender_id'),
    ('select', 'public.messages.text'),
    ('select', 'public.messages.attachment_path'),
    ('select', 'public.messages.attachment_file_name'),
    ('select', 'public.messages.attachment_content_type'),
    ('select', 'public.messages.attachment_size'),
    ('select', 'public.messages.attachment_width'),
    ('select', 'public.messages.attachment_height'),
    ('select', 'public.messages.client_id'),
    ('select', 'public.messages.reply_to_id'), ('select', 'public.messages.mentions'), ('select', 'public.messages.reactions'),
    ('select', 'public.messages.rev'),
    ('select', 'public.messages.created_at'),
    ('select', 'public.messages.edited_at'),
    ('select', 'public.messages.deleted_at'),
    ('select', 'public.messages.deleted_by') $$,
  'authenticated reads these columns and writes none: a new column of messages is added here if everybody in the chat may read it'
);

select set_eq(
  $$ select object from api_privilege where role = 'authenticated' and kind = 'function' $$,
  $$ values
    ('public.list_chats(integer, timestamp with time zone, uuid, boolean)'),
    ('public.list_changed_chats(text, bigint, integer, bigint, uuid)'),
    ('public.get_chat(uuid)'),
    ('public.open_direct_chat(uuid)'),
    ('public.leave_chat(uuid)'),
    ('public.mark_read(uuid, uuid)'),
    ('public.list_reads(uuid)'), ('public.count_unread()'),
    ('public.change_chat_settings(uuid, timestamp with time zone, text, boolean, boolean, boolean)'),
    ('public.get_message(uuid, uuid)'),
    ('public.list_messages(uuid, integer, timestamp with time zone, timestamp with time zone, uuid, boolean)'),
    ('public.send_message(uuid, text, uuid, text, uuid, uuid[])'),
    ('public.edit_message(uuid, uuid, text, uuid[])'),
    ('public.delete_message(uuid, uuid)'),
    ('public.add_reaction(uuid, uuid, text)'), ('public.remove_reaction(uuid, uuid, text)'),
    ('public.list_reactions(uuid, uuid, integer, text, bigint)'), ('public.list_mentions(integer, timestamp with time zone, uuid)'),
    ('public.search_messages(text, integer, uuid, uuid, timestamp with time zone, uuid, text)'),
    ('public.list_changes(uuid, bigint, integer, text)'),
    ('public.send_typing(uuid)'),
    ('public.reserve_upload(uuid, text, text, bigint, integer, integer)'),
    ('public.list_leftover_uploads(integer, integer, integer, boolean)'),
    ('public.count_leftover_uploads(integer, integer, boolean)'),
    ('public.forget_swept_uploads()'),
    -- Functions that policies call, and functions that run with the caller's rights:
    ('chat.bucket()'),
    ('chat.changed_chats(xid8, uuid, integer)'),
    ('chat.changed_messages(uuid, bigint, integer, boolean)'),
    ('chat.chats_of_caller(uuid[])'),
    ('chat.check_page_limit(integer)'),
    ('chat.cursor(text[])'),
    ('chat.edit_window()'),
    ('chat.epoch()'),
    ('chat.find_message(uuid, uuid, boolean)'),
    ('chat.first_file()'),
    ('chat.first_unread(uuid)'),
    ('chat.is_chat_topic(text)'),
    ('chat.is_leftover(text, timestamp with time zone)'),
    ('chat.is_moderator(uuid)'),
    ('chat.is_sweeper()'),
    ('chat.last_file()'),
    ('chat.list_position(text, text[])'),
    ('chat.may_listen(text)'),
    ('chat.may_upload(text)'),
    ('chat.mentions_of_caller(integer, timestamp with time zone, uuid)'),
    ('chat.check_search(text)'),
    ('chat.search(text[], uuid, timestamp with time zone, uuid, integer)'),
    ('chat.moderated_chats()'),
    ('chat.my_folders()'),
    ('chat.refuse(text, text)'),
    ('chat.newest_chats(integer, timestamp with time zone, uuid, boolean)'),
    ('chat.refuse_position()'), ('chat.refuse_request(text)'),
    ('chat.require_account()'),
    ('chat.require_participant(uuid)'),
    ('chat.rfc3339(timestamp with time zone)'),
    ('chat.times_after(uuid, timestamp with time zone, integer, boolean)'),
    ('chat.to_change(bigint, uuid, boolean, json)'),
    ('chat.to_message(messages, uuid, boolean)'),
    ('chat.to_reactions(uuid, uuid, jsonb)'), ('chat.to_reply_to(uuid, uuid)'),
    ('chat.topic(text, uuid, integer)'),
    ('chat.topic_pattern()') $$,
  'authenticated executes these functions and no other'
);

select set_eq(
  $$ select kind, object, privilege from api_privilege where role = 'service_role' and kind <> 'schema' $$,
  $$ values ('table', 'public.messages', 'select') $$,
  'service_role reads messages, and has no privilege in schema chat'
);

select is_empty(
  $$ select role, object, privilege from api_privilege where is_grantable $$,
  'no role may grant a privilege to others'
);

-- Functions ------------------------------------------------------------------

create temporary view own_function as
select p.*, p.oid::regprocedure as signature, coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc) as body
from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where n.nspname in ('public', 'chat') and not pg_temp.is_hosts(n.nspname, p.proname);

create temporary view api_function as select f.* from own_function f where f.pronamespace = 'public'::regnamespace;

select is_empty(
  $$ select signature from own_function
     where prosecdef and not coalesce('search_path=""' = any (proconfig), false) $$,
  'each security definer function has an empty search_path'
);

select set_eq(
  $$ select proname::text, provolatile::text from api_function $$,
  $$ values
    ('list_chats', 's'), ('list_changed_chats', 's'), ('list_reads', 's'), ('count_unread', 's'), ('get_chat', 's'), ('get_message', 's'), ('list_messages', 's'), ('list_changes', 's'), ('list_leftover_uploads', 's'),
    ('count_leftover_uploads', 's'), ('list_reactions', 's'), ('list_mentions', 's'), ('search_messages', 's'),
    ('add_reaction', 'v'), ('remove_reaction', 'v'),
    ('open_direct_chat', 'v'), ('leave_chat', 'v'), ('mark_read', 'v'), ('change_chat_settings', 'v'),
    ('send_message', 'v'), ('edit_message', 'v'), ('delete_message', 'v'), ('send_typing', 'v'),
    ('reserve_upload', 'v'), ('forget_swept_uploads', 'v') $$,
  'functions for a GET are stable, so PostgREST runs them read only; the others are volatile; these are all functions of the API'
);

-- The planner runs an immutable function with constant arguments, also in a branch that is never executed.
select is_empty(
  $$ select signature from own_function
     where provolatile = 'i' and body ~* '\m(raise|refuse\w*|check_\w+|require_\w+)\M' $$,
  'no function that may raise is immutable'
);
select set_has(
  $$ select signature::text from own_function where body ~* '\m(raise|refuse\w*|check_\w+|require_\w+)\M' $$,
  $$ values ('chat.check_text(text)'), ('chat.charge(text)'), ('send_message(uuid,text,uuid,text,uuid,uuid[])'), ('chat.refuse(text,text)') $$,
  'and this finds functions that raise'
);

-- With enable_sort = off a plan looks so expensive that Postgres with LLVM compiles it for 150 ms.
select is_empty(
  $$ select signature from own_function where 'enable_sort=off' = any (proconfig) and not 'jit=off' = any (proconfig) $$,
  'a function with enable_sort = off also has jit = off'
);
select set_eq(
  $$ select signature::text from own_function where 'enable_sort=off' = any (proconfig) $$,
  array[
    'list_messages(uuid,integer,timestamp with time zone,timestamp with time zone,uuid,boolean)', 'chat.first_unread(uuid)',
    'chat.times_after(uuid,timestamp with time zone,integer,boolean)', 'chat.changed_messages(uuid,bigint,integer,boolean)', 'chat.chats_of_caller(uuid[])',
    'chat.unread_count(uuid)', 'chat.mentions_of_caller(integer,timestamp with time zone,uuid)',
    'chat.reactions_page(uuid,text,bigint,integer)'
  ],
  'these never sort: an index has their rows in order'
);

-- Schema public ----------------------------------------------------------------
-- PostgREST exposes this schema, so everything in it can be requested.

select set_eq(
  $$ select c.relname::text from pg_catalog.pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
       and not pg_temp.is_hosts('public', c.relname)
       and not exists (select from pg_catalog.pg_depend d where d.objid = c.oid and d.deptype = 'e') $$,
  array['messages'],
  'one table is there, messages'
);
select is_empty(
  $$ select t.typname::text from pg_catalog.pg_type t
     where t.typnamespace = 'public'::regnamespace and t.typelem = 0 and not pg_temp.is_hosts('public', t.typname)
       and (t.typrelid = 0 or (select c.relkind = 'c' from pg_catalog.pg_class c where c.oid = t.typrelid))
       and not exists (select from pg_catalog.pg_depend d where d.objid = t.oid and d.deptype = 'e') $$,
  'no type is there'
);
-- PostgREST embeds tables along foreign keys: `messages?select=id,chats(messages(…))` would cost gigabytes.
select is_empty(
  $$ select f.conname
     from pg_catalog.pg_constraint f
     join pg_catalog.pg_class here on here.oid = f.conrelid
     join pg_catalog.pg_class there on there.oid = f.confrelid
     where f.contype = 'f' and 'public.messages'::regclass in (f.conrelid, f.confrelid)
       and (case f.conrelid when 'public.messages'::regclass then there.relnamespace else here.relnamespace end)::regnamespace::text
         in ('public', 'graphql_public', 'storage') $$,
  'no foreign key joins messages to a table that is exposed too'
);
select set_eq(
  $$ select f.conrelid::regclass::text, f.confrelid::regclass::text
     from pg_catalog.pg_constraint f where f.contype = 'f' and 'public.messages'::regclass in (f.conrelid, f.confrelid) $$,
  $$ values ('messages', 'chat.chats') $$,
  'only one joins it to anything: a chat takes its messages along'
);

-- Row-level security ---------------------------------------------------------

select set_eq(
  $$ select c.oid::regclass::text from pg_catalog.pg_class c
     where c.relnamespace in ('public'::regnamespace, 'chat'::regnamespace) and not pg_temp.is_hosts(c.relnamespace::regnamespace::text, c.relname) and c.relkind in ('r', 'p')
       and c.relrowsecurity and c.relforcerowsecurity $$,
  $$ select c.oid::regclass::text from pg_catalog.pg_class c
     where c.relnamespace in ('public'::regnamespace, 'chat'::regnamespace) and not pg_temp.is_hosts(c.relnamespace::regnamespace::text, c.relname) and c.relkind in ('r', 'p', 'm', 'f') $$,
  'row-level security is enabled and forced on each table'
);

select is_empty(
  $$ select c.oid::regclass from pg_catalog.pg_class c
     where c.relnamespace in ('public'::regnamespace, 'chat'::regnamespace) and not pg_temp.is_hosts(c.relnamespace::regnamespace::text, c.relname) and c.relkind = 'v'
       and not coalesce(c.reloptions && array['security_invoker=true', 'security_invoker=on'], false) $$,
  'each view reads with its caller''s rights'
);

select set_eq(
  $$ select tablename::text, policyname::text, cmd, roles::text, permissive
     from pg_catalog.pg_policies where schemaname in ('public', 'chat') and not pg_temp.is_hosts(schemaname, tablename) $$,
  $$ values
    ('chat_participants', 'people see their own participation', 'SELECT', '{authenticated}', 'PERMISSIVE'),
    ('chats', 'participants see their chats', 'SELECT', '{authenticated}', 'PERMISSIVE'),
    ('messages', 'participants read messages, and moderators the deleted ones', 'SELECT', '{authenticated}', 'PERMISSIVE') $$,
  'these are all policies, each for one command and for authenticated alone'
);

select set_eq(
  $$ select policyname::text, cmd, roles::text, permissive
     from pg_catalog.pg_policies where schemaname = 'storage' and tablename = 'objects' $$,
  $$ values
    ('people upload what they have reserved', 'INSERT', '{authenticated}', 'PERMISSIVE'),
    ('readers of a message read its file, and the sweeper leftovers', 'SELECT', '{authenticated}', 'PERMISSIVE'),
    ('the sweeper removes what is left over', 'DELETE', '{authenticated}', 'PERMISSIVE'),
    ('nobody else uploads attachments', 'INSERT', '{authenticated}', 'RESTRICTIVE'),
    ('nobody else reads attachments', 'SELECT', '{authenticated}', 'RESTRICTIVE'),
    ('nobody else removes attachments', 'DELETE', '{authenticated}', 'RESTRICTIVE'),
    ('nobody changes attachments, nor moves anything among them', 'UPDATE', '{authenticated}', 'RESTRICTIVE'),
    ('attachments are for people with an account', 'ALL', '{public}', 'RESTRICTIVE') $$,
  'these are the policies on Storage''s objects: none lets anybody change one'
);
select is_empty(
  $$ select policyname from pg_catalog.pg_policies
     where schemaname = 'storage' and concat(qual, ' ', with_check) !~ concat('\m(bucket_)?id (=|IS DISTINCT FROM) (chat\.bucket\(\)|''', chat.bucket(), ''')') $$,
  'each is about the chat''s bucket alone'
);
select is_empty(
  $$ select policyname from pg_catalog.pg_policies
     where schemaname = 'storage' and tablename <> 'objects' and permissive = 'PERMISSIVE' $$,
  'and none lets anybody read or change buckets'
);

select set_eq(
  $$ select policyname::text, cmd, roles::text, permissive
     from pg_catalog.pg_policies where schemaname = 'realtime' $$,
  $$ values
    ('people listen to their chats and to their own channel', 'SELECT', '{authenticated}', 'PERMISSIVE'),
    ('people tell their presence where they may listen', 'INSERT', '{authenticated}', 'PERMISSIVE'),
    ('nobody else listens to chats and people''s own channels', 'SELECT', '{authenticated}', 'RESTRICTIVE'),
    ('nobody broadcasts to chats and people''s own channels', 'INSERT', '{authenticated}', 'RESTRICTIVE'),
    ('chats and people''s own channels are for people with an account', 'ALL', '{public}', 'RESTRICTIVE') $$,
  'these are the policies on Realtime''s messages: none lets anybody broadcast'
);

select is_empty(
  $$ select policyname from pg_catalog.pg_policies
     where schemaname in ('public', 'chat') and not pg_temp.is_hosts(schemaname, tablename) and btrim(coalesce(qual, with_check), '() ') in ('true', '') $$,
  'no policy lets every row through'
);

-- A call inside a select is an InitPlan: it runs once for each query, not for each row.
select is_empty(
  $$ select policyname from pg_catalog.pg_policies
     where schemaname in ('public', 'chat') and not pg_temp.is_hosts(schemaname, tablename)
       and regexp_replace(
         concat(qual, ' ', with_check), '\( SELECT (auth\.(uid|jwt|role)\(\)|current_setting\([^()]*\)) AS \w+\)', '', 'g'
       ) ~ '(auth\.\w+|current_setting)\(' $$,
  'no policy asks for the caller''s claims outside a select of their own'
);

-- In the stored tree of a policy, the tables of its subqueries have `:relid`.
select is_empty(
  $$ select p.polname from pg_catalog.pg_policy p
     where concat(p.polqual::text, p.polwithcheck::text) like '%:relid ' || p.polrelid || ' %' $$,
  'no policy reads its own table'
);

-- A function with the row's columns as arguments would run for each row of a scan.
select is_empty(
  $$ select policyname from pg_catalog.pg_policies
     where schemaname in ('public', 'chat') and not pg_temp.is_hosts(schemaname, tablename) and concat(qual, ' ', with_check) ~ 'chat\.\w+\([^)]' $$,
  'no policy calls a function for each row'
);

-- What statistics and answers tell -------------------------------------------

select is_empty(
  $$ select signature from api_function
     where provolatile = 'v'
       and not exists (select from unnest(proconfig) as setting where setting = 'statement_timeout=3s') $$,
  'each function that writes bounds how long a filter on its answer may hold its locks'
);
select is_empty(
  $$ select attname from pg_catalog.pg_attribute
     where attrelid = 'public.messages'::regclass and attnum > 0 and not attisdropped and attstattarget is distinct from 0 $$,
  'the planner''s estimates tell strangers nothing of any column of messages'
);
select is_empty(
  $$ select indexrelid::regclass from pg_catalog.pg_index
     where indrelid = 'public.messages'::regclass and (indexprs is not null or exists (
       select from pg_catalog.pg_statistic_ext e where e.stxrelid = indrelid
     )) $$,
  'nor are there statistics of an expression or of columns together'
);

-- Triggers -----------------------------------------------------------------------
-- A row trigger would take locks in the order of the rows. So changes of chats and participants have statement triggers.
-- chat.note_change takes no lock: it changes the row that is being written. _100_announce_name only broadcasts.

select set_eq(
  $$ select t.tgrelid::regclass::text, t.tgname::text, case when t.tgtype & 1 = 1 then 'row' else 'statement' end
     from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid
     where not t.tgisinternal and c.relnamespace in ('public'::regnamespace, 'chat'::regnamespace, 'auth'::regnamespace)
       and t.tgfoid in (select f.oid from own_function f) $$,
  $$ values
    ('messages', '_100_broadcast_message', 'row'),
    ('messages', '_200_discard_attachment_of_deleted', 'row'),
    ('messages', '_200_discard_attachment_of_removed', 'row'),
    ('messages', '_300_keep_words', 'row'),
    ('chat.chats', '_300_remove_sends', 'row'),
    ('chat.chats', '_000_note_change', 'row'),
    ('chat.chats', '_100_announce_name', 'row'),
    ('chat.chat_participants', '_000_note_change', 'row'),
    ('chat.chat_participants', '_050_note_added', 'statement'),
    ('chat.chat_participants', '_050_note_come_and_gone', 'statement'),
    ('chat.chat_participants', '_050_note_deleted', 'statement'),
    ('chat.read_marks', '_000_note_change', 'row'), ('chat.gone_chats', '_000_note_change', 'row'),
    ('chat.participant_settings', '_000_note_change', 'row'),
    ('chat.chat_participants', '_100_announce_added', 'statement'),
    ('chat.chat_participants', '_100_announce_changed', 'statement'),
    ('chat.chat_participants', '_100_announce_deleted', 'statement'),
    -- This one runs after the foreign keys of a host.
    ('auth.users', '_100_leave_chats', 'statement') $$,
  'these are all triggers'
);

-- Upkeep ---------------------------------------------------------------------

select is_empty(
  $$ select f.conrelid::regclass, f.conname
     from pg_catalog.pg_constraint f
     where f.contype = 'f' and f.connamespace in ('public'::regnamespace, 'chat'::regnamespace)
       and not pg_temp.is_hosts(f.connamespace::regnamespace::text, (select c.relname from pg_catalog.pg_class c where c.oid = f.conrelid))
       and not exists (
         select from pg_catalog.pg_index i
         where i.indrelid = f.conrelid and i.indisvalid and i.indpred is null
           and (i.indkey::smallint[])[0:cardinality(f.conkey) - 1] @> f.conkey
       ) $$,
  'each foreign key''s columns lead an index'
);

select is_empty(
  $$ select c.oid::regclass from pg_catalog.pg_class c
     where c.relnamespace in ('public'::regnamespace, 'chat'::regnamespace) and not pg_temp.is_hosts(c.relnamespace::regnamespace::text, c.relname) and c.relkind in ('r', 'p', 'v', 'm', 'f')
       and coalesce(pg_catalog.obj_description(c.oid, 'pg_class'), '') = '' $$,
  'each table has a comment'
);

select is_empty(
  $$ select signature from own_function where coalesce(pg_catalog.obj_description(oid, 'pg_proc'), '') = '' $$,
  'each function has a comment'
);

select is_empty(
  $$ select t.oid::regtype::text from pg_catalog.pg_type t left join pg_catalog.pg_class c on c.oid = t.typrelid
     where t.typnamespace = 'chat'::regnamespace and (t.typtype in ('e', 'd') or c.relkind = 'c')
       and coalesce(pg_catalog.obj_description(t.oid, 'pg_type'), '') = ''
     union all
     select c.oid::regclass::text from pg_catalog.pg_class c
     where c.relnamespace = 'chat'::regnamespace and c.relkind = 'S' and coalesce(pg_catalog.obj_description(c.oid, 'pg_class'), '') = '' $$,
  'each type and each sequence has a comment'
);

select * from finish();
rollback;
