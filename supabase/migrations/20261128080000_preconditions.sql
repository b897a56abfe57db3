-- Preconditions: this migration checks everything that the others need, and changes nothing. It fails once, with the
-- whole list of problems and a solution for each. So an installation is all or nothing, although each file is a
-- transaction of its own.
--
-- Each block adds its findings to a setting of the session. The last statement raises them. It is short, because the CLI
-- prints the failed statement below its message.
--
-- The names here repeat those of the other migrations, which are not applied yet. `cargo xtask test install` checks
-- that they are the same. A later release with more names in `public` or in Supabase's schemas needs a file like this.

set chat_install.findings to '';
-- The trial of a policy waits for transactions that read files, such as a dump, and all requests wait behind it.
set local lock_timeout = '5s';
-- The blocks compare names as Postgres prints them, and a database may have this setting on.
set local quote_all_identifiers = off;

do $$
begin
  -- A dump does not hold the migration history. So this is the case after a restore.
  if (
    select count(*) = 2 from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where (n.nspname, c.relname) in (('chat', 'refusals'), ('chat', 'chats'))
  ) then
    raise exception using errcode = '55000', message =
      E'the chat is already installed, but the migration history does not list its migrations (for example after a restore). Nothing was changed.\n'
      'To record them: supabase migration repair --remote --status applied';
  end if;
end
$$;

-- The server and the role ------------------------------------------------------

do $$
declare
  database constant text := quote_ident(current_database());
  me constant text := quote_ident(current_user);
  found text;
begin
  select string_agg(format(E'\n- %s\n    %s', f.finding, f.repair), '' order by f.place) into found
  from (values
    (1, current_setting('server_version_num')::integer < 150000,
      'this is Postgres ' || current_setting('server_version') || '; the chat needs 15 or later',
      'upgrade the project (Dashboard, Settings, Infrastructure)'),
    (2, not exists (select from pg_roles r where r.rolname = current_user and (r.rolbypassrls or r.rolsuper)),
      format('role %s has no BYPASSRLS, so its functions could not read the chat''s tables', me),
      format('push as role postgres, which has it on Supabase; or as a superuser: alter role %s bypassrls;', me)),
    (3, not has_database_privilege(current_database(), 'create'),
      format('role %s may not create schemas in database %s', me, database),
      format('push as role postgres; or as the database''s owner: grant create on database %s to %s;', database, me)),
    (4, to_regnamespace('public') is null,
      'there is no schema public',
      'create schema public; grant usage on schema public to anon, authenticated, service_role;'),
    (5, to_regnamespace('public') is not null and not has_schema_privilege(to_regnamespace('public'), 'create'),
      format('role %s may not create tables in schema public', me),
      format('push as role postgres; or as the schema''s owner: grant create on schema public to %s;', me)),
    (6, not current_setting('standard_conforming_strings')::boolean,
      'standard_conforming_strings is off, so the files mean something else',
      format('alter database %s set standard_conforming_strings = on; where a role has it: alter role … reset …', database))
  ) as f (place, is_so, finding, repair)
  where f.is_so;
  perform set_config('chat_install.findings', concat(current_setting('chat_install.findings'), found), false);
end
$$;

-- What Supabase brings ----------------------------------------------------------

do $$
declare
  me constant text := quote_ident(current_user);
  another_version constant text := 'update that part of Supabase, or take the URL of a hosted project''s database';
  found text;
begin
  if not exists (select from pg_namespace n where n.nspname in ('auth', 'storage', 'realtime')) then
    found := E'\n- this database is no Supabase: it has none of the schemas auth, storage and realtime'
      || E'\n    take the URL of a Supabase project''s database (Dashboard, Connect), or of `supabase start`';
  else
    with
    roles as (
      select format('there is no role %s', name) as finding, format('as a superuser: create role %s nologin;', name) as repair
      from unnest(array['anon', 'authenticated', 'service_role']) as name
      where not exists (select from pg_roles r where r.rolname = name)
    ),
    columns (space, relation, columns, privileges) as (values
      ('auth', 'users', '{id,raw_app_meta_data}'::text[], '{select,update,references,trigger}'::text[]),
      ('storage', 'buckets', '{id,name,public,file_size_limit,allowed_mime_types}', '{select,insert,update}'),
      ('storage', 'objects', '{bucket_id,name,metadata,created_at}', '{select}'),
      ('realtime', 'messages', '{topic,extension,event,payload,private,inserted_at}', '{select}')
    ),
    tables as (
      select c.*, format('%s.%s', c.space, c.relation) as name, r.oid, r.relrowsecurity, pg_get_userbyid(r.relowner) as owner
      from columns c
      left join pg_namespace n on n.nspname = c.space
      left join pg_class r on r.relnamespace = n.oid and r.relname = c.relation and r.relkind in ('r', 'p')
    ),
    missing_tables as (
      select format('there is no table %s', t.name), another_version from tables t where t.oid is null
    ),
    missing_columns as (
      select format('table %s has no column %s', t.name, wanted), another_version
      from tables t cross join unnest(t.columns) as wanted
      where t.oid is not null and not exists (
        select from pg_attribute a where a.attrelid = t.oid and a.attname = wanted and not a.attisdropped
      )
    ),
    open_tables as (
      select format('row level security is off on %s: policies there would do nothing', t.name),
        format('as its owner, %s: alter table %s enable row level security;', quote_ident(t.owner), t.name)
      from tables t where not t.relrowsecurity and t.name in ('storage.objects', 'storage.buckets', 'realtime.messages')
    ),
    routines (space, routine, arguments) as (values
      ('auth', 'uid', ''), ('auth', 'jwt', ''), ('realtime', 'topic', ''),
      ('realtime', 'send', 'jsonb, text, text, boolean')
    ),
    -- A later version of Supabase may add arguments with defaults.
    functions as (
      select format('%s.%s(%s)', r.space, r.routine, r.arguments) as name, p.oid, p.signature
      from routines r
      left join lateral (
        select p.oid, p.oid::regprocedure as signature
        from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname = r.space and p.proname = r.routine and starts_with(oidvectortypes(p.proargtypes), r.arguments)
          and p.pronargs - p.pronargdefaults <= cardinality(string_to_array(r.arguments, ', '))
        order by p.pronargs limit 1
      ) as p on true
    ),
    missing_functions as (
      select format('there is no function %s', f.name), another_version from functions f where f.oid is null
    ),
    rights as (
      select format('role %s may not use schema %s', me, n.nspname),
        format('push as role postgres; or as a superuser: grant usage on schema %s to %s;', n.nspname, me)
      from pg_namespace n
      where n.nspname in ('auth', 'storage', 'realtime') and not has_schema_privilege(n.oid, 'usage')
      union all
      select format('role %s may not %s on %s', me, string_agg(wanted, ', '), t.name),
        format('push as role postgres; or as a superuser: grant %s on %s to %s;', string_agg(wanted, ', '), t.name, me)
      from tables t cross join unnest(t.privileges) as wanted
      where t.oid is not null and not has_table_privilege(t.oid, wanted)
      group by t.name
      union all
      select format('role %s may not call %s', me, f.name),
        format('push as role postgres; or as a superuser: grant execute on function %s to %s;', f.signature, me)
      from functions f where f.oid is not null and not has_function_privilege(f.oid, 'execute')
    ),
    findings as (
      select * from roles union all select * from missing_tables union all select * from missing_columns
      union all select * from open_tables union all select * from missing_functions union all select * from rights
    )
    select string_agg(format(E'\n- %s\n    %s', f.finding, f.repair), '' order by f.finding) into found from findings f;
  end if;
  perform set_config('chat_install.findings', concat(current_setting('chat_install.findings'), found), false);
end
$$;

-- Only a trial shows whether this role can create policies: on hosted Supabase an extension allows that to a role that
-- is not the owner. The subtransaction rolls the policy back.
do $$
declare
  me constant text := quote_ident(current_user);
  target regclass;
begin
  for target in
    select c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where (n.nspname, c.relname) in (('storage', 'objects'), ('storage', 'buckets'), ('realtime', 'messages'))
      and c.relkind in ('r', 'p') and has_schema_privilege(n.oid, 'usage')
    order by 1
  loop
    begin
      execute format('create policy "chat: may a policy be made here?" on %s for select using (false)', target);
      raise sqlstate 'CH000';
    exception
      when sqlstate 'CH000' then null;
      when insufficient_privilege then
        perform set_config('chat_install.findings', concat(
          current_setting('chat_install.findings'),
          format(E'\n- role %s may not make policies on %s', me, target),
          E'\n    push as role postgres, which may on Supabase; or as a superuser'
        ), false);
    end;
  end loop;
end
$$;

-- Names that are taken ----------------------------------------------------------

do $$
declare
  found text;
begin
  with
  schemas as (
    select 1 as place, format('schema %I exists', n.nspname) as finding, concat(
      format('alter schema %I rename to …;', n.nspname),
      case n.nspname when 'chat' then ' and take chat out of the exposed schemas (Dashboard, API), as this one must not be' end
    ) as repair
    from pg_namespace n where n.nspname in ('chat', 'example_host')
  ),
  relations as (
    select 2, format('%s public.%I exists', kind, c.relname), format('alter %s public.%I rename to …;', kind, c.relname)
    from pg_class c, lateral (select case
      when c.relkind in ('i', 'I') then 'index' when c.relkind = 'S' then 'sequence' when c.relkind = 'v' then 'view'
      when c.relkind = 'm' then 'materialized view' when c.relkind = 'f' then 'foreign table'
      when c.relkind = 'c' then 'type' else 'table'
    end) as k (kind)
    where c.relnamespace = to_regnamespace('public') and c.relname in (
      'messages',
      'messages_pkey',
      'messages_rev_is_of_one_change',
      'messages_page_idx',
      'messages_attachment_path_idx'
    )
  ),
  -- A table has a type of the same name.
  types as (
    select 3, format('type public.%I exists', t.typname), format('alter type public.%I rename to …;', t.typname)
    from pg_type t where t.typnamespace = to_regnamespace('public') and t.typrelid = 0 and t.typname = 'messages'
  ),
  -- The names of the arguments, and how many of them are required.
  ours (name, types, arguments, required) as (values
    ('add_reaction', 'uuid, uuid, text', '{chat_id,message_id,emoji}'::text[], 3),
    ('change_chat_settings', 'uuid, timestamp with time zone, text, boolean, boolean, boolean', '{chat_id,muted_until,notify,archived,pinned,marked_unread}', 1),
    ('count_leftover_uploads', 'integer, integer, boolean', '{unattached_hours,deleted_days,strays}', 2),
    ('count_unread', '', '{}', 0),
    ('delete_message', 'uuid, uuid', '{chat_id,message_id}', 2),
    ('edit_message', 'uuid, uuid, text, uuid[]', '{chat_id,message_id,text,mentions}', 3),
    ('forget_swept_uploads', '', '{}', 0),
    ('get_chat', 'uuid', '{chat_id}', 1),
    ('get_message', 'uuid, uuid', '{chat_id,message_id}', 2),
    ('leave_chat', 'uuid', '{chat_id}', 1),
    ('list_changes', 'uuid, bigint, integer, text', '{chat_id,since,page_limit,epoch}', 2),
    ('list_changed_chats', 'text, bigint, integer, bigint, uuid', '{epoch,since,page_limit,next_since,after_id}', 2),
    ('list_chats', 'integer, timestamp with time zone, uuid, boolean', '{page_limit,before_activity,before_id,archived}', 0),
    ('list_leftover_uploads', 'integer, integer, integer, boolean', '{unattached_hours,deleted_days,page_limit,strays}', 2),
    ('list_mentions', 'integer, timestamp with time zone, uuid', '{page_limit,before,before_id}', 0),
    ('list_reactions', 'uuid, uuid, integer, text, bigint', '{chat_id,message_id,page_limit,emoji,after}', 2),
    ('list_reads', 'uuid', '{chat_id}', 1),
    ('list_messages', 'uuid, integer, timestamp with time zone, timestamp with time zone, uuid, boolean', '{chat_id,page_limit,before,after,around,around_unread}', 1),
    ('mark_read', 'uuid, uuid', '{chat_id,message_id}', 2),
    ('open_direct_chat', 'uuid', '{other_user}', 1),
    ('remove_reaction', 'uuid, uuid, text', '{chat_id,message_id,emoji}', 3),
    ('reserve_upload', 'uuid, text, text, bigint, integer, integer', '{chat_id,file_name,content_type,size,width,height}', 4),
    ('search_messages', 'text, integer, uuid, uuid, timestamp with time zone, uuid, text', '{q,page_limit,chat_id,sender_id,before,before_id,query_hash}', 1),
    ('send_message', 'uuid, text, uuid, text, uuid, uuid[]', '{chat_id,text,client_id,attachment_path,reply_to_id,mentions}', 1),
    ('send_typing', 'uuid', '{chat_id}', 1)
  ),
  theirs as (
    select p.oid, p.proname as name, oidvectortypes(p.proargtypes) as types, p.pronargs - p.pronargdefaults as required,
      array(
        select coalesce(a.name, '') from unnest(p.proargnames, p.proargmodes) with ordinality as a (name, mode, place)
        where coalesce(a.mode, 'i') in ('i', 'b', 'v') order by a.place
      ) || case when p.proargnames is null then array_fill(''::text, array[p.pronargs]) else '{}' end as arguments
    from pg_proc p where p.pronamespace = to_regnamespace('public')
  ),
  functions as (
    select 4,
      case when theirs.types = ours.types then format('function public.%I(%s) exists', theirs.name, theirs.types)
        else format(
          'function public.%I(%s) exists: PostgREST could not tell it from the chat''s (%s)', theirs.name, theirs.types, ours.types
        )
      end,
      format('alter routine public.%I(%s) rename to …;', theirs.name, theirs.types)
    from theirs join ours on ours.name = theirs.name
    where theirs.types = ours.types
      -- PostgREST chooses between functions of one name by the names of the arguments in the request. A request can
      -- match both if neither requires an argument that the other does not have.
      or theirs.arguments @> ours.arguments[:ours.required] and ours.arguments @> theirs.arguments[:theirs.required]
  ),
  policies as (
    select 5, format('policy %I on %s exists', p.polname, p.polrelid::regclass),
      format('create it again under another name, then: drop policy %I on %s;', p.polname, p.polrelid::regclass)
    from pg_policy p
    join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
    where (n.nspname, c.relname) = ('storage', 'objects') and p.polname in (
      'people upload what they have reserved',
      'readers of a message read its file, and the sweeper leftovers',
      'the sweeper removes what is left over',
      'nobody else uploads attachments',
      'nobody else reads attachments',
      'nobody else removes attachments',
      'nobody changes attachments, nor moves anything among them',
      'attachments are for people with an account'
    ) or (n.nspname, c.relname) = ('storage', 'buckets') and p.polname in (
      'nobody changes the bucket of attachments',
      'nobody removes the bucket of attachments'
    ) or (n.nspname, c.relname) = ('realtime', 'messages') and p.polname in (
      'people listen to their chats and to their own channel',
      'people tell their presence where they may listen',
      'nobody else listens to chats and people''s own channels',
      'nobody broadcasts to chats and people''s own channels',
      'chats and people''s own channels are for people with an account'
    )
  ),
  triggers as (
    select 6, format('trigger %I on auth.users exists', t.tgname),
      format('create it again under another name, then: drop trigger %I on auth.users;', t.tgname)
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where (n.nspname, c.relname) = ('auth', 'users') and not t.tgisinternal and t.tgname = '_100_leave_chats'
  ),
  findings as (
    select * from schemas union all select * from relations union all select * from types union all select * from functions
    union all select * from policies union all select * from triggers
  )
  select string_agg(format(E'\n- %s\n    %s', f.finding, f.repair), '' order by f.place, f.finding) into found from findings f;
  perform set_config('chat_install.findings', concat(current_setting('chat_install.findings'), found), false);
end
$$;

-- The bucket and the publication -------------------------------------------------

do $$
declare
  me constant text := quote_ident(current_user);
  bucket constant text := 'chat-attachments';
  found text;
begin
  if exists (
    select from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where (n.nspname, c.relname) in (('storage', 'buckets'), ('storage', 'objects')) and c.relkind in ('r', 'p')
      and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
    having count(*) = 2
  ) then
    select string_agg(case when exists (select from storage.objects o where o.bucket_id = b.id)
      then format(E'\n- bucket %s exists, and has files: they would become the chat''s, and be removed as left over\n    %s', n.name,
        'move them into a bucket of another name, then delete this one (Dashboard, Storage)')
      else format(E'\n- bucket %s exists; it is empty\n    %s', n.name, 'delete it (Dashboard, Storage)')
    end, '' order by b.id) into found
    from storage.buckets b, lateral (
      select case when b.name = b.id then b.id else format('%s, named %s,', b.id, b.name) end as name
    ) as n
    where bucket in (b.id, b.name);
    -- A trial, as with the policies: a trigger of the project may refuse the bucket.
    if found is null and has_table_privilege('storage.buckets', 'insert') then
      begin
        insert into storage.buckets (id, name, public) values (bucket, bucket, false);
        raise sqlstate 'CH000';
      exception
        when sqlstate 'CH000' then null;
        when others then
          found := format(
            E'\n- bucket %s cannot be made: %s\n    %s', bucket, sqlerrm,
            'let what refuses it, such as a trigger on storage.buckets, allow a private bucket of this name'
          );
      end;
    end if;
    perform set_config('chat_install.findings', concat(current_setting('chat_install.findings'), found), false);
  end if;

  -- A missing publication is created later. A publication for all tables, or for the whole schema, is left as it is.
  -- Postgres before 15 has no publications for schemas, and no catalog of them.
  if current_setting('server_version_num')::integer >= 150000 then
    select format(E'\n- publication supabase_realtime belongs to %s, so %s may not add a table to it\n    %s', owner, me,
      format('as a superuser: alter publication supabase_realtime owner to %s;', me)) into found
    from pg_publication p, quote_ident(pg_get_userbyid(p.pubowner)) as owner
    where p.pubname = 'supabase_realtime' and not p.puballtables and not pg_has_role(p.pubowner, 'usage')
      and not exists (
        select from pg_publication_namespace n where n.pnpubid = p.oid and n.pnnspid = to_regnamespace('public')
      );
    perform set_config('chat_install.findings', concat(current_setting('chat_install.findings'), found), false);
  end if;
end
$$;

do $$
declare
  findings constant text := current_setting('chat_install.findings');
begin
  if findings <> '' then
    raise exception using errcode = '55000', message =
      'the chat cannot be installed in this database, and nothing was changed. Repair this and push again. '
      'A migration that renames needs a number below 20261128080000, so that new databases pass too:' || findings;
  end if;
end
$$;
