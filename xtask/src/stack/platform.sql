-- What hosted Supabase brings and the embedded parts lack: roles, grants, auth.uid() and its kin,
-- extensions, the publication, and a stand-in for realtime. This file is the one place for it.
--
-- Run as the superuser supabase_admin at each start, after Auth and Storage have made their schemas
-- and before any migration. Everything here can run again.
-- It describes a project made after 2026-05-30: no table is granted to anyone without being asked.

-- Roles -----------------------------------------------------------------------------------------

do $$
declare
  name text;
begin
  foreach name in array array[
    'anon', 'authenticated', 'service_role', 'authenticator', 'postgres',
    'supabase_auth_admin', 'supabase_storage_admin', 'supabase_realtime_admin'
  ] loop
    if not exists (select from pg_catalog.pg_roles where rolname = name) then
      execute format('create role %I', name);
    end if;
  end loop;
end
$$;

alter role anon nologin noinherit;
alter role authenticated nologin noinherit;
alter role service_role nologin noinherit bypassrls;
-- The passwords of the two that log in are set by the stack: they are this checkout's own.
alter role authenticator login noinherit;
-- The project's owner can do much and is no superuser.
alter role postgres login inherit createrole createdb replication bypassrls;

grant anon, authenticated, service_role to authenticator;
grant anon, authenticated, service_role to postgres with admin option;
grant pg_monitor, pg_read_all_data, pg_signal_backend to postgres;
-- Lets `postgres` put policies on storage.objects and realtime.messages, which hosted Supabase
-- allows by an extension of its own; the guard below takes back what membership gives beyond that.
grant supabase_auth_admin, supabase_storage_admin, supabase_realtime_admin to postgres;

-- Restores of dumps turn triggers off; hosted Supabase allows it by an extension of its own.
grant set on parameter session_replication_role to postgres;

alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';

-- Database, schemas, extensions -----------------------------------------------------------------

alter database postgres owner to postgres;
alter database postgres set search_path = "$user", public, extensions;

-- An emptied database may have lost it.
create schema if not exists public authorization pg_database_owner;
alter schema public owner to pg_database_owner;
grant usage on schema public to public, postgres, anon, authenticated, service_role;

create schema if not exists extensions;
alter schema extensions owner to postgres;
grant usage on schema extensions to anon, authenticated, service_role;
create extension if not exists pgcrypto with schema extensions;
create extension if not exists "uuid-ossp" with schema extensions;

-- The CLI makes this schema as `postgres`.
alter schema supabase_migrations owner to postgres;
alter table supabase_migrations.schema_migrations owner to postgres;
alter table supabase_migrations.seed_files owner to postgres;

-- Auth ------------------------------------------------------------------------------------------

alter table auth.users add column if not exists instance_id uuid;
alter table auth.identities alter column id set default gen_random_uuid();

create or replace function auth.jwt() returns jsonb language sql stable as $$
  select nullif(current_setting('request.jwt.claims', true), '')::jsonb
$$;
create or replace function auth.uid() returns uuid language sql stable as $$
  select (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid
$$;
create or replace function auth.role() returns text language sql stable as $$
  select nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
$$;
create or replace function auth.email() returns text language sql stable as $$
  select nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email'
$$;

-- The owner of the tables needs it too: foreign keys are checked as the owner.
grant usage on schema auth to anon, authenticated, service_role, postgres, supabase_auth_admin;
grant execute on function auth.uid(), auth.role(), auth.email(), auth.jwt()
  to public, anon, authenticated, service_role, postgres;
-- Without CREATE on the schema and without owning a table.
grant all on all tables in schema auth to postgres;

do $$
declare
  name text;
begin
  for name in select tablename from pg_catalog.pg_tables where schemaname = 'auth' loop
    execute format('alter table auth.%I enable row level security', name);
    execute format('alter table auth.%I owner to supabase_auth_admin', name);
  end loop;
end
$$;

-- Storage ---------------------------------------------------------------------------------------

grant usage on schema storage to anon, authenticated, service_role, postgres, supabase_storage_admin;
grant all on storage.objects, storage.buckets to anon, authenticated, service_role, postgres;
alter table storage.objects owner to supabase_storage_admin;
alter table storage.buckets owner to supabase_storage_admin;
alter table storage.objects enable row level security;
alter table storage.buckets enable row level security;

-- Realtime: the real signatures. Its server's part is played by xtask/src/stack/realtime -------------

create schema if not exists realtime;
grant usage on schema realtime to anon, authenticated, service_role, postgres, supabase_realtime_admin;

create table if not exists realtime.messages (
  topic text not null,
  extension text not null,
  payload jsonb,
  event text,
  private boolean default false,
  updated_at timestamp not null default now(),
  inserted_at timestamp not null default now(),
  id uuid not null default gen_random_uuid(),
  primary key (id, inserted_at)
) partition by range (inserted_at);
-- The server makes a partition for each day and drops them after three; the default one does for tests.
create table if not exists realtime.messages_default partition of realtime.messages default;
create index if not exists messages_inserted_at_topic_index on realtime.messages (inserted_at desc, topic)
  where extension = 'broadcast' and private is true;
alter table realtime.messages owner to supabase_realtime_admin;
alter table realtime.messages_default owner to supabase_realtime_admin;
alter table realtime.messages enable row level security;
grant select, insert, update on realtime.messages to anon, authenticated, service_role, postgres;

create or replace function realtime.topic() returns text language sql stable as $$
  select nullif(current_setting('realtime.topic', true), '')
$$;

-- As the real one: the caller's rights, and every error becomes a warning.
create or replace function realtime.send(payload jsonb, event text, topic text, private boolean default true)
returns void language plpgsql as $$
declare
  message_id uuid := gen_random_uuid();
begin
  begin
    perform set_config('realtime.topic', topic, true);
    insert into realtime.messages (id, payload, event, topic, private, extension)
    values (
      message_id,
      case when payload ? 'id' then payload else payload || jsonb_build_object('id', message_id) end,
      event, topic, private, 'broadcast'
    );
  exception when others then
    raise warning 'ErrorSendingBroadcastMessage: %', sqlerrm;
  end;
end
$$;

create or replace function realtime.broadcast_changes(
  topic_name text, event_name text, operation text, table_name text, table_schema text,
  new record, old record, level text default 'ROW'
) returns void language plpgsql as $$
begin
  if level = 'STATEMENT' then
    raise exception 'function can only be triggered for each row, not for each statement';
  end if;
  if operation not in ('INSERT', 'UPDATE', 'DELETE') then
    raise exception 'Unexpected operation type: %', operation;
  end if;
  perform realtime.send(
    jsonb_build_object(
      'old_record', to_jsonb(old), 'record', to_jsonb(new),
      'operation', operation, 'table', table_name, 'schema', table_schema
    ),
    event_name, topic_name
  );
end
$$;

grant execute on all functions in schema realtime to anon, authenticated, service_role, postgres;

do $$
begin
  if not exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime') then
    create publication supabase_realtime;
  end if;
end
$$;
alter publication supabase_realtime owner to postgres;

-- The guard: what hosted Supabase forbids to `postgres` in the platform's schemas ---------------------

create schema if not exists platform_guard;

-- Policies, triggers, comments and grants stay allowed; foreign keys that point here change no
-- object of these schemas.
create or replace function platform_guard.refuse_changes() returns event_trigger
language plpgsql set search_path = '' as $$
declare
  platform constant text[] := '{auth, storage, realtime, platform_guard}';
  object text;
begin
  if session_user <> 'postgres' then
    return;
  end if;
  if tg_event = 'sql_drop' then
    select d.object_identity into object from pg_catalog.pg_event_trigger_dropped_objects() d
    where d.schema_name = any (platform) and d.object_type not in ('policy', 'trigger') and not d.is_temporary;
  else
    select c.object_identity into object from pg_catalog.pg_event_trigger_ddl_commands() c
    where (c.schema_name = any (platform) or c.object_identity = any (platform)) and c.command_tag not in
      ('CREATE POLICY', 'ALTER POLICY', 'CREATE TRIGGER', 'ALTER TRIGGER', 'COMMENT', 'GRANT', 'REVOKE');
  end if;
  if object is not null then
    raise exception 'must be owner of % (hosted Supabase forbids % there)', object, tg_tag using errcode = '42501';
  end if;
end
$$;

-- With its first request the embedded Storage, which is no `postgres`, would grant everything on all tables
-- of all schemas to everybody. Hosted Storage grants nothing. Its driver is known by its name.
create or replace function platform_guard.refuse_grants() returns event_trigger
language plpgsql set search_path = '' as $$
begin
  if session_user <> 'postgres' and current_setting('application_name') = 'postgres.js' then
    raise exception 'grants are for migrations to make' using errcode = '42501';
  end if;
end
$$;

drop event trigger if exists platform_guard_grants;
create event trigger platform_guard_grants on ddl_command_start
  when tag in ('GRANT', 'ALTER DEFAULT PRIVILEGES') execute function platform_guard.refuse_grants();
drop event trigger if exists platform_guard_changes;
create event trigger platform_guard_changes on ddl_command_end execute function platform_guard.refuse_changes();
drop event trigger if exists platform_guard_drops;
create event trigger platform_guard_drops on sql_drop execute function platform_guard.refuse_changes();
