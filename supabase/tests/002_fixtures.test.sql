-- Helpers of one subject, for the several files that tell its stories: files, broadcasts, the feed of changes, direct
-- chats, and the chats of the host's events and groups.
--
-- Each makes its functions in schema pg_temp, because some of them run with their owner's rights. They end with the
-- story.

begin;

-- Files ------------------------------------------------------------------------
-- An upload is a row of storage.objects. Storage inserts the row as the user to check the policies, rolls that back, and
-- inserts it itself when the file has arrived. These functions do the same.

create function chat_tests.begin_uploads() returns void
language plpgsql
as $make$
begin
  create function pg_temp.field(path text, issue text) returns text
  language sql immutable
  as $$ select format('PT400 invalid_request {"path": "%s", "issue": "%s"}', path, issue) $$;

  -- Reserves a PDF of five bytes as the acting person.
  create function pg_temp.reserve(chat text, file_name text) returns void
  language plpgsql
  as $$
  begin
    insert into seen (moment, answer)
    values (file_name, public.reserve_upload(chat_tests.id(chat), file_name || '.pdf', 'application/pdf', 5));
  end
  $$;
  create function pg_temp.path(file_name text) returns text
  language sql stable
  as $$ select chat_tests.answer(file_name) ->> 'path' $$;

  -- The row that Storage inserts when a file has arrived.
  create function pg_temp.store(path text, metadata jsonb default '{"size": 5, "mimetype": "application/pdf"}') returns void
  language sql security definer
  as $$ insert into storage.objects (bucket_id, name, metadata) values ('chat-attachments', path, metadata) $$;
  -- Its check before that: whether the acting person may upload.
  create function pg_temp.may_store(path text, bucket text default 'chat-attachments') returns boolean
  language plpgsql
  as $$
  begin
    insert into storage.objects (bucket_id, name, version) values (bucket, path, '1');
    raise sqlstate 'TAKEN';
  exception
    when sqlstate 'TAKEN' then return true;
    when insufficient_privilege then return false;
  end
  $$;
  -- Its check before it signs a URL, sends a file or lists files.
  create function pg_temp.may_read(variadic file_names text[]) returns text[]
  language sql
  as $$
    select array(
      select file_name from unnest(file_names) as file_name
      where exists (select from storage.objects o where o.bucket_id = 'chat-attachments' and o.name = pg_temp.path(file_name))
      order by file_name
    )
  $$;

  -- Reserves, uploads and sends a file.
  create function pg_temp.send_file(chat text, file_name text) returns void
  language plpgsql
  as $$
  begin
    perform pg_temp.reserve(chat, file_name);
    perform pg_temp.store(pg_temp.path(file_name));
    insert into known (name, id)
    values (file_name, (public.send_message(chat_tests.id(chat), attachment_path => pg_temp.path(file_name)) ->> 'id')::uuid);
  end
  $$;

  create function pg_temp.age(file_name text, by interval) returns void
  language sql security definer
  as $$ update chat.uploads set created_at = created_at - by where path = pg_temp.path(age.file_name) $$;

  create function pg_temp.rows_of(statement text) returns bigint
  language plpgsql
  as $$
  declare
    rows bigint;
  begin
    execute statement;
    get diagnostics rows = row_count;
    return rows;
  end
  $$;

  -- Removes a file as Storage does for the sweeper. Returns whether Storage allowed it.
  create function pg_temp.remove(file_name text) returns boolean
  language sql
  as $$
    select pg_temp.rows_of(format(
      'delete from storage.objects where bucket_id = ''chat-attachments'' and name = %L', pg_temp.path(file_name)
    )) = 1
  $$;
end
$make$;
comment on function chat_tests.begin_uploads() is
  'Makes the functions of stories about files.';

-- Broadcasts -------------------------------------------------------------------

create function chat_tests.begin_listening() returns void
language plpgsql
as $make$
begin
  -- The broadcasts since the last call, without the ids that Realtime gives them.
  create temporary table heard_before (id uuid primary key);
  create function pg_temp.heard() returns table (topic text, event text, payload jsonb)
  language sql security definer
  as $$
    with fresh as (
      insert into pg_temp.heard_before
      select m.id from realtime.messages m where m.id not in (select h.id from pg_temp.heard_before h)
      returning id
    )
    select m.topic, m.event, m.payload - 'id' from realtime.messages m join fresh using (id)
  $$;
  create function pg_temp.hear_no_more() returns void language sql as $$ select count(*) from pg_temp.heard() $$;

  create temporary table lost_before as select last_value as count from chat.lost_broadcasts;
  create function pg_temp.lost() returns bigint
  language sql security definer
  as $$ select s.last_value - b.count from chat.lost_broadcasts s, pg_temp.lost_before b $$;

  create function pg_temp.user_topic(person text) returns text language sql stable as $$ select 'user:' || chat_tests.id(person) $$;
  create function pg_temp.chat_topic(chat text) returns text language sql stable as $$ select 'chat:' || chat_tests.id(chat) $$;
end
$make$;
comment on function chat_tests.begin_listening() is
  'Makes the functions of stories about broadcasts. Nothing has been heard yet.';

-- The feed of changes ----------------------------------------------------------

create function chat_tests.begin_feed() returns void
language plpgsql
as $make$
begin
  create function pg_temp.say(chat text, line text) returns void
  language plpgsql
  as $$
  declare
    answer constant jsonb := public.send_message(chat_tests.id(chat), line);
  begin
    insert into known (name, id) values (line, (answer ->> 'id')::uuid);
    insert into seen (moment, answer) values (line, answer);
  end
  $$;

  -- Edits the message with this name. The message keeps its name.
  create function pg_temp.edit(chat text, line text, content text) returns void
  language plpgsql
  as $$
  begin
    insert into seen (moment, answer) values (content, public.edit_message(chat_tests.id(chat), chat_tests.id(line), content));
  end
  $$;

  -- Each change as a short text: `3 hello` for an upsert, `4 -hello` for a deletion.
  create function pg_temp.words(data jsonb) returns text[]
  language sql stable
  as $$
    select coalesce(array_agg(
      format('%s %s', change ->> 'rev', case change ->> 'kind'
        when 'upsert' then change -> 'message' ->> 'text'
        when 'delete' then '-' || (select k.name from pg_temp.known k where k.id = (change ->> 'messageId')::uuid)
      end)
      order by n
    ), '{}')
    from jsonb_array_elements(data) with ordinality as one (change, n)
  $$;

  create function pg_temp.changes(chat text, since bigint default 0, page_limit integer default 100) returns text[]
  language sql stable
  as $$ select pg_temp.words(public.list_changes(chat_tests.id(chat), since, page_limit)::jsonb -> 'data') $$;

  -- The messages of a client that has applied the whole feed, page by page, in the form of `list_messages`.
  create function pg_temp.applied(chat text, page_limit integer) returns jsonb
  language plpgsql stable
  as $$
  declare
    page jsonb;
    change jsonb;
    held jsonb := '{}';
    since bigint := 0;
  begin
    loop
      page := public.list_changes(chat_tests.id(chat), since, page_limit);
      for change in select jsonb_array_elements(page -> 'data') loop
        if (change ->> 'rev')::bigint <= since then
          raise 'rev % after %', change ->> 'rev', since;
        end if;
        since := change ->> 'rev';
        held := case change ->> 'kind'
          when 'upsert' then held || jsonb_build_object(change -> 'message' ->> 'id', change -> 'message')
          else held - (change ->> 'messageId')
        end;
      end loop;
      exit when not (page ->> 'hasMore')::boolean;
      if since <> (page ->> 'rev')::bigint or jsonb_array_length(page -> 'data') <> page_limit then
        raise 'a page before the last one is not full or goes on elsewhere: %', page;
      end if;
    end loop;
    return (
      select coalesce(jsonb_agg(message order by message ->> 'createdAt' desc), '[]') from jsonb_each(held) as one (id, message)
    );
  end
  $$;

  -- An answer without the topic, which realtime_people.test.sql tests, and without the epoch, which changes_resync.test.sql tests.
  create function pg_temp.feed(chat text, since bigint, page_limit integer default 50) returns jsonb
  language sql stable
  as $$ select public.list_changes(chat_tests.id(chat), since, page_limit)::jsonb - array['topic', 'epoch'] $$;

  create function pg_temp.complete(person text, chat text) returns setof text
  language sql
  as $$
    select is(
      pg_temp.applied(chat, page_limit), public.list_messages(chat_tests.id(chat), 100)::jsonb -> 'data',
      format('%s applies pages of %s from 0, and has what is in the %s', person, page_limit, chat)
    )
    from unnest(array[1, 2, 3, 100]) as page_limit
  $$;
end
$make$;
comment on function chat_tests.begin_feed() is
  'Makes the functions of stories about the feed.';

-- Chats ------------------------------------------------------------------------

create function chat_tests.begin_direct_chats() returns void
language plpgsql
as $make$
begin
  -- The direct chat of two people as the API shows it before the first message.
  create function pg_temp.direct_chat_of(a text, b text) returns jsonb
  language sql stable security definer
  as $$
    select jsonb_build_object(
      'id', c.id, 'type', 'direct', 'eventId', null, 'groupId', null, 'name', null,
      'participants', jsonb_build_array(c.direct_low, c.direct_high), 'goneParticipants', jsonb_build_array(),
      'createdAt', chat_tests.rfc3339(c.created_at), 'lastMessageAt', null, 'lastMessage', null,
      'unreadCount', 0, 'unreadMentions', 0, 'settings', chat_tests.settings(), 'lastReadAt', null, 'rev', 0, 'historyRev', 0, 'epoch', chat.epoch(), 'topic', 'chat:' || c.id
    )
    from chat.chats c
    where c.direct_low = least(chat_tests.id(a), chat_tests.id(b)) and c.direct_high = greatest(chat_tests.id(a), chat_tests.id(b))
  $$;
end
$make$;
comment on function chat_tests.begin_direct_chats() is
  'Makes the functions of stories about direct chats.';

create function chat_tests.begin_sources() returns void
language plpgsql
as $make$
begin
  -- The chats of an event or a group, each as `<type> "<name>": <participants>`.
  create function pg_temp.chats_of(source text) returns text[]
  language sql stable security definer
  as $$
    select coalesce(array_agg(format('%s "%s": %s', c.type, c.name, (
      select string_agg(k.name, ', ' order by k.name)
      from chat.chat_participants p join pg_temp.known k on k.id = p.user_id
      where p.chat_id = c.id and p.left_at is null
    )) order by c.name), '{}')
    from chat.chats c
    where c.group_id = chat_tests.id(source) or (c.event_id = chat_tests.id(source) and c.group_id is null)
  $$;

  -- The ids of all chats of an event, which must stay when a status changes back and forth.
  create function pg_temp.chat_ids(event text) returns uuid[]
  language sql stable security definer
  as $$ select array_agg(c.id order by c.id) from chat.chats c where c.event_id = chat_tests.id(event) $$;
end
$make$;
comment on function chat_tests.begin_sources() is
  'Makes the functions of stories about the chats of events and groups.';

commit;

begin;
select plan(1);
select is_empty(
  $$ select p.oid::regprocedure from pg_catalog.pg_proc p where p.pronamespace = 'chat_tests'::regnamespace and p.prosecdef $$,
  'no helper lends anybody its owner''s rights'
);
select * from finish();
rollback;
