-- What the other files share: people by their names, and acting as them. The first file of all, as
-- `supabase test db` runs them by name; it makes schema `chat_tests`, and tests little itself.
--
-- The name is not `tests`, as many projects have basejump's test helpers in a schema of that name.
--
-- `001_host.test.sql` adds what a host provides: how to make friends, publish an event and so on. All that
-- a core test knows of the host is the functions there.

begin;
drop schema if exists chat_tests cascade;
create schema chat_tests;
comment on schema chat_tests is 'Helpers of the SQL and HTTP tests; made anew by each run. A live database has none.';
-- Stories call them as the people they act for. None is a definer function, so nobody gains anything.
grant usage on schema chat_tests to anon, authenticated, service_role;

-- A story ----------------------------------------------------------------------

create function chat_tests.begin_story() returns void
language plpgsql
as $$
begin
  -- Ids by the names that the story uses.
  create temporary table known (name text primary key, id uuid not null default gen_random_uuid());
  grant select, insert on known to anon, authenticated, service_role;
  -- Answers by the moments that they were given.
  create temporary table seen (moment text primary key, answer jsonb not null);
  grant select, insert on seen to authenticated;
end
$$;
comment on function chat_tests.begin_story() is
  'Makes the temporary tables of a story: known (name, id) and seen (moment, answer).';

create function chat_tests.id(called text) returns uuid
language plpgsql stable
as $$
declare
  answer uuid;
begin
  select k.id into strict answer from pg_temp.known k where k.name = called;
  return answer;
end
$$;
comment on function chat_tests.id(text) is 'The id of what the story knows by this name.';

create function chat_tests.ids(variadic called text[]) returns uuid[]
language plpgsql stable
as $$
begin
  return array(select chat_tests.id(name) from unnest(called) with ordinality as n (name, place) order by place);
end
$$;
comment on function chat_tests.ids(text[]) is 'The ids of several, in the order of their names.';

create function chat_tests.add_people(variadic called text[]) returns void
language plpgsql
as $$
begin
  insert into pg_temp.known (name) select unnest(called);
  insert into auth.users (id, email)
  select k.id, k.id || '@test.example' from pg_temp.known k where k.name = any (called);
end
$$;
comment on function chat_tests.add_people(text[]) is 'New accounts, known by these names.';

create function chat_tests.claim(person uuid, more_claims jsonb default '{}') returns void
language plpgsql
as $$
begin
  perform set_config(
    'request.jwt.claims', (jsonb_build_object('role', 'authenticated', 'sub', person) || more_claims)::text, true
  );
end
$$;
comment on function chat_tests.claim(uuid, jsonb) is 'The claims of a person''s token, for whatever role asks.';

create function chat_tests.act_as(person text, more_claims jsonb default '{}') returns void
language plpgsql
as $$
begin
  perform chat_tests.claim(chat_tests.id(person), more_claims), set_config('role', 'authenticated', true);
end
$$;
comment on function chat_tests.act_as(text, jsonb) is 'What follows runs as this person, as PostgREST would run it; `reset role` ends it.';

create function chat_tests.rfc3339(at timestamptz) returns text
language sql stable
return to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
comment on function chat_tests.rfc3339(timestamptz) is 'A timestamp as the API must show it.';

-- What a host provides, before it says so ------------------------------------------

create function chat_tests.provides() returns text[]
language sql immutable
return '{}'::text[];
comment on function chat_tests.provides() is
  'Host: which of friends, blocks, events, moderators, rooms and groups it has. A room is a chat of several people of whom only some moderate.';

create function chat_tests.host_schemas() returns text[]
language sql immutable
return array['public'];
comment on function chat_tests.host_schemas() is
  'Host: where its tables are. Where that is not schema public, the tests see that nothing there is but the chat''s.';

-- Made of what a host provides -----------------------------------------------------

create function chat_tests.open_event(title text, authors uuid[]) returns uuid
language plpgsql
as $$
declare
  event constant uuid := chat_tests.draft_event(title, authors);
begin
  perform chat_tests.publish_event(event);
  return event;
end
$$;
comment on function chat_tests.open_event(text, uuid[]) is 'A published event.';

create function chat_tests.chat_of(source uuid) returns uuid
language sql stable
return (
  select c.id from chat.chats c where c.group_id = source or (c.event_id = source and c.type = 'event_authors')
);
comment on function chat_tests.chat_of(uuid) is 'The chat of an event, a group or a room.';

create function chat_tests.event_of(source uuid) returns uuid
language sql stable
return (select c.event_id from chat.chats c where c.id = chat_tests.chat_of(source));
comment on function chat_tests.event_of(uuid) is 'The event that the chat of an event, a group or a room belongs to.';

commit;

begin;
select plan(2);

select chat_tests.begin_story();
select chat_tests.add_people('alice');
select chat_tests.act_as('alice');
select is(
  array[current_user::text, auth.uid()::text], array['authenticated', chat_tests.id('alice')::text], 'a story acts as its people'
);
reset role;
select is_empty(
  $$ select p.oid::regprocedure from pg_catalog.pg_proc p where p.pronamespace = 'chat_tests'::regnamespace and p.prosecdef $$,
  'and no helper lends anybody its owner''s rights'
);

select * from finish();
rollback;
