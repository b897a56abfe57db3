-- Helpers of the other files: people by their names, and calls in their name. `supabase test db` runs the files by
-- name, so this is the first. It makes schema `chat_tests`, and tests little itself.
--
-- The schema's name is not `tests`, because many projects have basejump's test helpers in a schema of that name.
--
-- `002_fixtures.test.sql` has the helpers of one subject: files, broadcasts, the feed and large tables.
--
-- `001_host.test.sql` adds the helpers of a host: how to make friends, publish an event and so on. Core tests reach the
-- host only through these functions.

begin;
drop schema if exists chat_tests cascade;
create schema chat_tests;
comment on schema chat_tests is 'Helpers of the SQL and HTTP tests. Each run makes them again. A live database does not have them.';
-- Stories call them in the role of a person. None is a security definer function, so nobody gets more rights.
grant usage on schema chat_tests to anon, authenticated, service_role;

-- A story ----------------------------------------------------------------------

create function chat_tests.begin_story() returns void
language plpgsql
as $$
begin
  -- Ids, by the names in the story.
  create temporary table known (name text primary key, id uuid not null default gen_random_uuid());
  grant select, insert on known to anon, authenticated, service_role;
  -- Answers, by the moments of the story.
  create temporary table seen (moment text primary key, answer jsonb not null);
  grant select, insert on seen to anon, authenticated, service_role;
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
comment on function chat_tests.id(text) is 'The id with this name in the story.';

create function chat_tests.ids(variadic called text[]) returns uuid[]
language plpgsql stable
as $$
begin
  return array(select chat_tests.id(name) from unnest(called) with ordinality as n (name, place) order by place);
end
$$;
comment on function chat_tests.ids(text[]) is 'The ids with these names, in their order.';

create function chat_tests.add_people(variadic called text[]) returns void
language plpgsql
as $$
begin
  insert into pg_temp.known (name) select unnest(called);
  insert into auth.users (id, email)
  select k.id, k.id || '@test.example' from pg_temp.known k where k.name = any (called);
end
$$;
comment on function chat_tests.add_people(text[]) is 'Makes accounts with these names.';

create function chat_tests.claim(person uuid, more_claims jsonb default '{}') returns void
language plpgsql
as $$
begin
  perform set_config(
    'request.jwt.claims', (jsonb_build_object('role', 'authenticated', 'sub', person) || more_claims)::text, true
  );
end
$$;
comment on function chat_tests.claim(uuid, jsonb) is 'Sets the claims of a person''s token, and keeps the role.';

create function chat_tests.act_as(person text, more_claims jsonb default '{}') returns void
language plpgsql
as $$
begin
  perform chat_tests.claim(chat_tests.id(person), more_claims), set_config('role', 'authenticated', true);
end
$$;
comment on function chat_tests.act_as(text, jsonb) is 'The next statements run as this person, as PostgREST runs them, until `reset role`.';

create function chat_tests.rfc3339(at timestamptz) returns text
language sql stable
return to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
comment on function chat_tests.rfc3339(timestamptz) is 'A timestamp in the form that the API must have.';

create function chat_tests.answer(moment text) returns jsonb
language plpgsql stable
as $$
declare
  answer jsonb;
begin
  select s.answer into strict answer from pg_temp.seen s where s.moment = answer.moment;
  return answer;
end
$$;
comment on function chat_tests.answer(text) is 'The answer of this moment.';

create function chat_tests.say(chat text, line text, client_id uuid default null) returns jsonb
language plpgsql
as $$
declare
  answer constant jsonb := public.send_message(chat_tests.id(chat), line, client_id);
begin
  insert into pg_temp.known (name, id) values (line, (answer ->> 'id')::uuid) on conflict do nothing;
  return answer;
end
$$;
comment on function chat_tests.say(text, text, uuid) is 'Sends a line to a chat. The message has the line as its name.';

create function chat_tests.texts(chat uuid) returns text[]
language sql stable
as $$
  select coalesce(array_agg(message ->> 'text'), '{}')
  from jsonb_array_elements(public.list_messages(chat, 100)::jsonb -> 'data') as message
$$;
comment on function chat_tests.texts(uuid) is 'The texts of a chat''s messages, newest first.';

create function chat_tests.refusal(call text) returns text
language plpgsql
as $$
declare
  detail text;
begin
  execute 'select public.' || call;
  return 'not at all';
exception when others then
  get stacked diagnostics detail = pg_exception_detail;
  return rtrim(concat_ws(' ', sqlstate, sqlerrm, detail));
end
$$;
comment on function chat_tests.refusal(text) is 'How a call of the API is refused: SQLSTATE, code and detail.';

create function chat_tests.api_functions() returns text[]
language sql immutable
return array[
  'list_chats', 'list_changed_chats', 'get_chat', 'change_chat_settings', 'list_reads', 'count_unread', 'open_direct_chat', 'leave_chat', 'mark_read', 'get_message', 'list_messages', 'send_message', 'edit_message',
  'delete_message', 'add_reaction', 'remove_reaction', 'list_reactions', 'list_mentions', 'search_messages', 'list_changes', 'send_typing', 'reserve_upload', 'list_leftover_uploads', 'count_leftover_uploads',
  'forget_swept_uploads'
];
comment on function chat_tests.api_functions() is 'The names of the API''s functions in schema public.';

create function chat_tests.unread(chat text) returns integer
language sql stable
as $$ select (public.get_chat(chat_tests.id(chat)) ->> 'unreadCount')::integer $$;
comment on function chat_tests.unread(text) is 'How many messages of a chat the acting person has not read.';

create function chat_tests.cursor_parts(cursor text) returns text[]
language sql immutable
return string_to_array(
  convert_from(decode(rpad(translate(cursor, '-_', '+/'), (length(cursor) + 3) / 4 * 4, '='), 'base64'), 'UTF8'), '/'
);
comment on function chat_tests.cursor_parts(text) is 'What a cursor says, as the edge reads it.';

create function chat_tests.page_beside(page jsonb, direction text, page_limit integer) returns jsonb
language plpgsql
as $$
declare
  part constant text[] := chat_tests.cursor_parts(page ->> (direction || 'Cursor'));
  list constant text := case direction when 'next' then 'messages' else 'newer-messages' end;
begin
  if part is null then
    return null;
  elsif part[1] <> list then
    raise 'a cursor of another endpoint: %', part;
  end if;
  if direction = 'next' then
    return public.list_messages(part[2]::uuid, page_limit, before => part[3]::timestamptz);
  end if;
  return public.list_messages(part[2]::uuid, page_limit, after => part[3]::timestamptz);
end
$$;
comment on function chat_tests.page_beside(jsonb, text, integer) is
  'The page of messages to which the nextCursor or the prevCursor of a page leads. Null if it has no such cursor.';

create function chat_tests.settings(differences jsonb default '{}') returns jsonb
language sql immutable
as $$
  select '{"mutedUntil": null, "notify": "all", "archived": false, "pinned": false, "markedUnread": false}' || differences
$$;
comment on function chat_tests.settings(jsonb) is 'The settings of a Chat, where the person has changed only these.';

create function chat_tests.read_by_pages(chat text, page_limit integer) returns text[]
language plpgsql
as $$
declare
  page jsonb := public.list_messages(chat_tests.id(chat), page_limit);
  read text[] := '{}';
begin
  loop
    read := read || array(select message ->> 'id' from jsonb_array_elements(page -> 'data') as message);
    exit when page ->> 'nextCursor' is null or cardinality(read) > 200;
    page := chat_tests.page_beside(page, 'next', page_limit);
  end loop;
  return read;
end
$$;
comment on function chat_tests.read_by_pages(text, integer) is
  'The ids of a chat''s messages, as a client reads them by following the cursors.';

-- A host, before its helpers say what it has ------------------------------------------

create function chat_tests.provides() returns text[]
language sql immutable
return '{}'::text[];
comment on function chat_tests.provides() is
  'Host: which of friends, blocks, events, moderators, rooms and groups it has. A room is a chat of several people, of whom only some moderate it.';

create function chat_tests.provided(what text) returns boolean
language sql stable
as $$ select what = any (chat_tests.provides()) $$;
comment on function chat_tests.provided(text) is 'Whether the host has this.';

create function chat_tests.host_schemas() returns text[]
language sql immutable
return array['public'];
comment on function chat_tests.host_schemas() is
  'Host: the schemas of its tables. If schema public is not one of them, the tests check that it has only objects of the chat.';

create function chat_tests.value_of(expression text) returns text
language plpgsql
as $$
declare
  answer text;
begin
  execute format('select (%s)::text', expression) into answer;
  return answer;
exception when others then
  return format('it raises: %s', sqlerrm);
end
$$;
comment on function chat_tests.value_of(text) is 'The value of an expression as text, or its error.';

create function chat_tests.let_host(call text) returns setof text
language plpgsql
as $$
declare
  problem text;
begin
  begin
    execute 'select ' || call;
  exception when others then
    problem := sqlerrm;
  end;
  if problem is not null then
    return next fail(format('%s: must not fail', split_part(call, '(', 1)));
    return next diag(problem);
  end if;
end
$$;
comment on function chat_tests.let_host(text) is 'Lets the host do something. Returns a failed test only if that fails.';

-- Helpers that call the host's -----------------------------------------------------

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

create function chat_tests.give_party(host text, variadic guests text[]) returns void
language plpgsql
as $$
begin
  insert into pg_temp.known (name, id)
  select 'party', chat_tests.open_room('Party', chat_tests.ids(host), chat_tests.ids(variadic guests));
  insert into pg_temp.known (name, id) select 'group chat', chat_tests.chat_of(chat_tests.id('party'));
end
$$;
comment on function chat_tests.give_party(text, text[]) is
  'Opens a room with the name party. Its chat has the name group chat: the host moderates it, and the guests do not.';

commit;

begin;
select plan(1);

select chat_tests.begin_story();
select chat_tests.add_people('alice');
select chat_tests.act_as('alice');
select is(
  array[current_user::text, auth.uid()::text], array['authenticated', chat_tests.id('alice')::text], 'a story acts as its people'
);

select * from finish();
rollback;
