-- What the roles of the API may do, as the catalog tells it. Each list here is whole: a new
-- table, column, function or grant fails this file until somebody writes it down.

begin;
select plan(23);

-- Grants ---------------------------------------------------------------------
-- By name, through PUBLIC, or through a role that the role is in: all of them count.

create temporary view api_privilege as
with
  role (name) as (values ('anon'), ('authenticated')),
  granted (kind, object, acl) as (
    select 'schema', n.nspname::text, coalesce(n.nspacl, acldefault('n', n.nspowner))
    from pg_catalog.pg_namespace n where n.nspname in ('public', 'private')
    union all
    select 'table', format('%s.%s', n.nspname, c.relname),
      coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('public', 'private') and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    union all
    select 'column', format('%s.%s.%s', n.nspname, c.relname, a.attname), a.attacl
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('public', 'private') and a.attacl is not null
    union all
    select 'function', format('%s.%s(%s)', n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes)),
      coalesce(p.proacl, acldefault('f', p.proowner))
    from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ('public', 'private')
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
    ('authenticated', 'private', 'usage') $$,
  'anon reaches schema public alone, authenticated private too, and neither makes anything there'
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
    ('select', 'chat.chats.type'),
    ('select', 'chat.chats.event_id'),
    ('select', 'chat.chats.group_id'),
    ('select', 'chat.chats.name'),
    ('select', 'chat.chats.created_at'),
    ('select', 'chat.chats.last_message_at'),
    ('select', 'chat.chats.rev'),
    ('select', 'chat.chats.topic_version'),
    ('select', 'chat.chats.direct_low'),
    ('select', 'chat.chats.direct_high'),
    ('select', 'chat.chat_participants.chat_id'),
    ('select', 'chat.chat_participants.user_id'),
    ('select', 'chat.chat_participants.joined_at'),
    ('select', 'chat.chat_participants.left_at'),
    ('select', 'chat.chat_participants.history_from'),
    ('select', 'chat.chat_participants.history_rev'),
    ('select', 'chat.chat_participants.last_read_at'),
    ('select', 'public.messages.id'),
    ('select', 'public.messages.chat_id'),
    ('select', 'public.messages.sender_id'),
    ('select', 'public.messages.text'),
    ('select', 'public.messages.attachment_path'),
    ('select', 'public.messages.attachment_file_name'),
    ('select', 'public.messages.attachment_content_type'),
    ('select', 'public.messages.attachment_size'),
    ('select', 'public.messages.client_id'),
    ('select', 'public.messages.rev'),
    ('select', 'public.messages.created_at'),
    ('select', 'public.messages.edited_at'),
    ('select', 'public.messages.deleted_at'),
    ('select', 'public.messages.deleted_by') $$,
  'authenticated reads these columns and writes none'
);

select set_eq(
  $$ select object from api_privilege where role = 'authenticated' and kind = 'function' $$,
  $$ values
    ('public.list_chats(integer, timestamp with time zone, uuid)'),
    ('public.get_chat(uuid)'),
    ('public.open_direct_chat(uuid)'),
    ('public.leave_chat(uuid)'),
    ('public.mark_read(uuid, uuid)'),
    ('public.list_messages(uuid, integer, timestamp with time zone)'),
    ('public.send_message(uuid, text, uuid, text)'),
    ('public.edit_message(uuid, uuid, text)'),
    ('public.delete_message(uuid, uuid)'),
    ('public.list_changes(uuid, bigint, integer)'),
    ('public.send_typing(uuid)'),
    ('public.reserve_upload(uuid, text, text, bigint)'),
    ('public.list_leftover_uploads(integer, integer, integer, boolean)'),
    ('public.count_leftover_uploads(integer, integer, boolean)'),
    ('public.forget_swept_uploads()'),
    -- What the invoker's bodies and the policies above call with the caller's rights:
    ('chat.changed_messages(uuid, bigint, integer)'),
    ('chat.chats(uuid[])'),
    ('chat.topic(uuid, integer)'),
    ('chat.check_page_limit(integer)'),
    ('chat.cursor(text[])'),
    ('chat.edit_window()'),
    ('chat.is_leftover(text, timestamp with time zone)'),
    ('chat.is_moderator(uuid)'),
    ('chat.is_sweeper()'),
    ('chat.may_listen(text)'),
    ('chat.may_upload(text)'),
    ('chat.moderated_chats()'),
    ('chat.moderated_message(chat.message, timestamp with time zone, uuid)'),
    ('chat.require_participant(uuid)'),
    ('chat.rfc3339(timestamp with time zone)'),
    ('chat.to_attachment(text, text, text, bigint)'),
    ('chat.to_message(uuid, uuid, uuid, text, chat.attachment, uuid, timestamp with time zone, timestamp with time zone, bigint, uuid)') $$,
  'authenticated executes these functions and no other'
);

select is_empty(
  $$ select role, object, privilege from api_privilege where is_grantable $$,
  'nothing may be granted on'
);

-- Functions ------------------------------------------------------------------

create temporary view own_function as
select p.*, p.oid::regprocedure as signature
from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where n.nspname in ('public', 'private');

select is_empty(
  $$ select signature from own_function
     where prosecdef and not coalesce('search_path=""' = any (proconfig), false) $$,
  'each security definer function has an empty search_path'
);

select set_eq(
  $$ select proname::text, provolatile::text from own_function where pronamespace = 'public'::regnamespace $$,
  $$ values
    ('list_chats', 's'), ('get_chat', 's'), ('list_messages', 's'), ('list_changes', 's'), ('list_leftover_uploads', 's'),
    ('count_leftover_uploads', 's'),
    ('open_direct_chat', 'v'), ('leave_chat', 'v'), ('mark_read', 'v'),
    ('send_message', 'v'), ('edit_message', 'v'), ('delete_message', 'v'), ('send_typing', 'v'),
    ('reserve_upload', 'v'), ('forget_swept_uploads', 'v') $$,
  'what PostgREST runs for a GET is stable, and so read only; the rest is volatile'
);

-- Row-level security ---------------------------------------------------------

select set_eq(
  $$ select c.oid::regclass::text from pg_catalog.pg_class c
     where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and c.relkind in ('r', 'p')
       and c.relrowsecurity and c.relforcerowsecurity $$,
  $$ select c.oid::regclass::text from pg_catalog.pg_class c
     where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and c.relkind in ('r', 'p', 'm', 'f') $$,
  'row-level security is enabled and forced on each table'
);

select is_empty(
  $$ select c.oid::regclass from pg_catalog.pg_class c
     where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and c.relkind = 'v'
       and not coalesce(c.reloptions && array['security_invoker=true', 'security_invoker=on'], false) $$,
  'each view reads with its caller''s rights'
);

select set_eq(
  $$ select tablename::text, policyname::text, cmd, roles::text, permissive
     from pg_catalog.pg_policies where schemaname in ('public', 'private') $$,
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
     where schemaname = 'storage' and concat(qual, ' ', with_check) not like '%bucket_id%''chat-attachments''%' $$,
  'each is about the chat''s bucket alone'
);
select is_empty(
  $$ select policyname from pg_catalog.pg_policies where schemaname = 'storage' and tablename <> 'objects' $$,
  'and nobody reads or changes buckets'
);

select is_empty(
  $$ select policyname from pg_catalog.pg_policies
     where schemaname in ('public', 'private') and btrim(coalesce(qual, with_check), '() ') in ('true', '') $$,
  'no policy lets every row through'
);

-- A wrapped call is a plan's InitPlan: asked once a query, not once a row.
select is_empty(
  $$ select policyname from pg_catalog.pg_policies
     where schemaname in ('public', 'private')
       and regexp_replace(
         concat(qual, ' ', with_check), '\( SELECT (auth\.(uid|jwt|role)\(\)|current_setting\([^()]*\)) AS \w+\)', '', 'g'
       ) ~ '(auth\.\w+|current_setting)\(' $$,
  'no policy asks for the caller''s claims outside a select of their own'
);

-- The tables that a policy's subqueries read stand as `:relid` in its stored tree.
select is_empty(
  $$ select p.polname from pg_catalog.pg_policy p
     where concat(p.polqual::text, p.polwithcheck::text) like '%:relid ' || p.polrelid || ' %' $$,
  'no policy reads its own table'
);

-- A function of the row's columns would run for each row that a scan passes.
select is_empty(
  $$ select policyname from pg_catalog.pg_policies
     where schemaname = 'public' and concat(qual, ' ', with_check) ~ 'private\.\w+\([^)]' $$,
  'no policy calls a function for each row'
);

-- What statistics and answers tell -------------------------------------------

select is_empty(
  $$ select signature from own_function
     where pronamespace = 'public'::regnamespace and provolatile = 'v'
       and not exists (select from unnest(proconfig) as setting where setting = 'statement_timeout=3s') $$,
  'each function that writes bounds how long a filter on its answer may hold its locks'
);
select set_eq(
  $$ select attname::text from pg_catalog.pg_attribute
     where attrelid = 'public.messages'::regclass and attstattarget = 0 $$,
  array['text', 'sender_id', 'attachment_path', 'attachment_file_name', 'attachment_content_type', 'attachment_size'],
  'the planner''s estimates tell strangers nothing of texts, senders and files'
);

-- Upkeep ---------------------------------------------------------------------

select is_empty(
  $$ select f.conrelid::regclass, f.conname
     from pg_catalog.pg_constraint f
     where f.contype = 'f' and f.connamespace in ('public'::regnamespace, 'private'::regnamespace)
       and not exists (
         select from pg_catalog.pg_index i
         where i.indrelid = f.conrelid and i.indisvalid and i.indpred is null
           and (i.indkey::smallint[])[0:cardinality(f.conkey) - 1] @> f.conkey
       ) $$,
  'each foreign key''s columns lead an index'
);

select is_empty(
  $$ select c.oid::regclass from pg_catalog.pg_class c
     where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and c.relkind in ('r', 'p', 'v', 'm', 'f')
       and coalesce(pg_catalog.obj_description(c.oid, 'pg_class'), '') = '' $$,
  'each table has a comment'
);

select is_empty(
  $$ select signature from own_function where coalesce(pg_catalog.obj_description(oid, 'pg_proc'), '') = '' $$,
  'each function has a comment'
);

select * from finish();
rollback;
