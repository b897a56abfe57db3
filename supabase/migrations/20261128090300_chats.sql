-- Chats and who takes part in them.
--
-- Order of locks, in every statement: rows of the host, the sources of chats (events, groups), chats by
-- id, then rows of people: what locks no chat takes participants, allowances, read marks in this order. What
-- touches several chats locks them all first, sorted. Whoever changes a row of chat_participants holds the
-- lock of its chat.
--
-- Bodies here name public.messages, which the next migration makes; plpgsql looks it up when run.

-- On hosted Supabase each statement about a policy locks all tables of auth, storage and realtime until the
-- transaction ends: who waits for one of them must not make all requests wait.
set local lock_timeout = '5s';

create type chat.chat_type as enum ('direct', 'event_authors', 'approved_group');

-- Tables ---------------------------------------------------------------------

create table chat.chats (
  id uuid primary key default gen_random_uuid(),
  type chat.chat_type not null,
  event_id uuid,
  group_id uuid,
  name text,
  created_at timestamptz not null default clock_timestamp(),
  last_message_at timestamptz,
  rev bigint not null default 0,
  topic_version integer not null default 0,
  direct_low uuid,
  direct_high uuid,
  constraint chats_one_a_pair unique (direct_low, direct_high),
  constraint chats_one_a_group unique (group_id),
  constraint chats_type_has_its_columns check (
    case type
      when 'direct' then
        direct_low is not null and direct_high is not null and direct_low < direct_high
        and event_id is null and group_id is null and name is null
      when 'event_authors' then
        event_id is not null and name is not null
        and group_id is null and direct_low is null and direct_high is null
      when 'approved_group' then
        event_id is not null and group_id is not null and name is not null
        and direct_low is null and direct_high is null
    end
  )
)
-- Each send updates its chat's row; room in the page lets that stay a heap-only update.
with (fillfactor = 80);
comment on table chat.chats is 'Conversations. rev counts the creations, edits and deletions of messages, without holes.';
comment on column chat.chats.last_message_at is
  'When the last message was sent; never moves back, so each message gets a created_at of its own, later than all before.';
comment on column chat.chats.topic_version is
  'Raised when somebody leaves or is removed: it is part of the topic of the chat''s Realtime channel.';
comment on column chat.chats.direct_low is 'The smaller id of a direct chat''s pair.';
create unique index chats_one_authors_chat_an_event on chat.chats (event_id) where type = 'event_authors';
create index chats_event_id_idx on chat.chats (event_id);

create table chat.chat_participants (
  chat_id uuid not null references chat.chats (id) on delete cascade,
  -- No foreign key: its look at the account would wait for a deletion that waits for the chat.
  -- The trigger on auth.users removes the rows of deleted accounts.
  user_id uuid not null,
  joined_at timestamptz not null default clock_timestamp(),
  left_at timestamptz,
  history_from timestamptz not null default '-infinity',
  history_rev bigint not null default 0,
  primary key (chat_id, user_id)
)
-- Vacuum marks the pages that all may see; until then policies look at the rows themselves.
with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);
comment on table chat.chat_participants is
  'Who takes part in a chat. A row with left_at is a participant of the past. It changes when somebody comes or goes, and never at a send or a reading: so most of its pages are all-visible, and policies read its index alone.';
comment on column chat.chat_participants.history_from is
  'The participant sees messages created after this; leaving a direct chat moves it to the last message.';
comment on column chat.chat_participants.history_rev is
  'The chat''s rev when history_from was moved: the rev of each message that the participant sees is greater.';
create index chat_participants_of_user_idx on chat.chat_participants (user_id, left_at, chat_id) include (history_from);
-- Few rows have a beginning of their own, so the question whether one hides a message is nearly free.
create index chat_participants_with_history_idx on chat.chat_participants (user_id, chat_id, history_from)
  where left_at is null and history_from > '-infinity';

create table chat.read_marks (
  chat_id uuid not null references chat.chats (id) on delete cascade,
  user_id uuid not null,
  last_read_at timestamptz not null,
  primary key (chat_id, user_id)
)
with (fillfactor = 80);
comment on table chat.read_marks is 'How far each participant has read: created_at of the newest message read; never moves back.';

-- Row-level security ---------------------------------------------------------
-- A person sees only rows of their own in chat_participants, so no policy has to recurse into the
-- table. chat.chats_of_caller tells who else takes part.

alter table chat.chats enable row level security;
alter table chat.chats force row level security;
alter table chat.chat_participants enable row level security;
alter table chat.chat_participants force row level security;
alter table chat.read_marks enable row level security;
alter table chat.read_marks force row level security;

create policy "people see their own participation"
  on chat.chat_participants for select to authenticated
  using (user_id = (select auth.uid()));

create policy "participants see their chats"
  on chat.chats for select to authenticated
  using (exists (
    select from chat.chat_participants me
    where me.chat_id = chats.id and me.user_id = (select auth.uid()) and me.left_at is null
    -- Without the offset the planner may look up all chats of the caller to show one of them.
    offset 0
  ));

-- Locks ----------------------------------------------------------------------

create function chat.lock_chats(chat_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  perform from chat.chats c where c.id = any (chat_ids) order by c.id for no key update;
end
$$;
comment on function chat.lock_chats(uuid[]) is 'Locks chats in the order that everything else keeps: by id.';

create function chat.lock_sources(sources uuid[]) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  bucket integer;
begin
  -- A source may have no chat to lock yet: an advisory lock makes its opening and a change of its
  -- people wait for each other. There are 1,024 of these locks, so that a statement about thousands
  -- of groups does not use up the lock table.
  for bucket in
    select distinct hashtext(source::text) & 1023 as b from unnest(sources) as source where source is not null order by b
  loop
    perform pg_advisory_xact_lock(hashtext('chat.lock_sources'), bucket);
  end loop;
end
$$;
comment on function chat.lock_sources(uuid[]) is
  'Locks events and groups against everything else that opens or changes their chats, until the transaction ends.';

create function chat.lock_chats_of(sources uuid[]) returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  perform chat.lock_sources(sources);
  perform chat.lock_chats(array(
    select c.id from chat.chats c where c.event_id = any (sources) or c.group_id = any (sources)
  ));
end
$$;
comment on function chat.lock_chats_of(uuid[]) is
  'Host: locks events and groups, and then all their chats. A statement trigger calls it first, with all sources that the statement is about.';

-- Participation --------------------------------------------------------------

create function chat.is_participant(chat_id uuid) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
  return exists (
    select from chat.chat_participants me
    where me.chat_id = is_participant.chat_id and me.user_id = auth.uid() and me.left_at is null
  );
end
$$;
comment on function chat.is_participant(uuid) is 'Whether the caller takes part in the chat now.';

create function chat.require_participant(chat_id uuid) returns void
language plpgsql stable security definer set search_path = ''
as $$
begin
  if chat.is_participant(chat_id) then
    return;
  end if;
  perform chat.require_account();
  perform chat.refuse(case
    when exists (select from chat.chats c where c.id = require_participant.chat_id) then 'not_participant'
    else 'chat_not_found'
  end);
end
$$;
comment on function chat.require_participant(uuid) is
  'Raises not_participant, chat_not_found or, for a deleted account, invalid_token, unless the caller takes part.';

create function chat.hold_participation(chat_id uuid) returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  perform from chat.chat_participants me
  where me.chat_id = hold_participation.chat_id and me.user_id = auth.uid() and me.left_at is null
  for key share;
  if not found then
    perform chat.require_participant(chat_id);
  end if;
end
$$;
comment on function chat.hold_participation(uuid) is
  'As require_participant, and keeps the caller''s row until the transaction ends: for writes that take no lock of the chat.';

create function chat.has_moderator_token() returns boolean
language sql stable
return coalesce(auth.jwt() -> 'app_metadata' ->> 'role' = 'moderator', false);
comment on function chat.has_moderator_token() is 'Whether the caller''s token makes them a moderator wherever they take part.';

create function chat.moderated_chats() returns setof uuid
language plpgsql stable security definer set search_path = ''
as $$
begin
  if chat.has_moderator_token() then
    return query select p.chat_id from chat.chat_participants p where p.user_id = auth.uid() and p.left_at is null;
  else
    return query
      select c.id
      from chat.moderated_events() e (id)
      join chat.chats c on c.event_id = e.id
      join chat.chat_participants p on p.chat_id = c.id and p.user_id = auth.uid() and p.left_at is null;
  end if;
end
$$;
comment on function chat.moderated_chats() is
  'The rule of moderators: the chats that the caller takes part in and moderates, by their token or as the host says of the chat''s event.';

create function chat.is_moderator(chat_id uuid) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
  -- A chat without an event has moderators by their token alone: that is told without asking the host.
  return (
      chat.has_moderator_token()
      or exists (select from chat.chats c where c.id = is_moderator.chat_id and c.event_id is not null)
    )
    and exists (select from chat.moderated_chats() m (id) where m.id = is_moderator.chat_id);
end
$$;
comment on function chat.is_moderator(uuid) is 'Whether the caller moderates the chat.';

create function chat.require_unblocked(chat_id uuid) returns void
language plpgsql stable security definer set search_path = ''
as $$
begin
  if exists (
    select from chat.chats c
    where c.id = require_unblocked.chat_id and c.type = 'direct' and chat.is_blocked(c.direct_low, c.direct_high)
  ) then
    perform chat.refuse('blocked');
  end if;
end
$$;
comment on function chat.require_unblocked(uuid) is
  'Raises blocked where the chat is a pair''s and one has blocked the other.';

create function chat.complete_pair(room chat.chats, history_from timestamptz, history_rev bigint, returning_user uuid)
returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  insert into chat.chat_participants as p (chat_id, user_id, history_from, history_rev)
  select room.id, person, complete_pair.history_from, complete_pair.history_rev
  from unnest(chat.hold_accounts(array[room.direct_low, room.direct_high])) as person
  on conflict on constraint chat_participants_pkey do update set left_at = null, joined_at = excluded.joined_at
  where p.left_at is not null and p.user_id = returning_user;
end
$$;
comment on function chat.complete_pair(chat.chats, timestamptz, bigint, uuid) is
  'Gives both people of a direct chat whose accounts exist a row, with the history after a position where there was none (an account that was deleted and restored), and brings one of them back. Called under the chat''s lock.';

-- Chats of events and groups: what a host calls ---------------------------------

create type chat.membership as (source uuid, person uuid);
comment on type chat.membership is 'That a person belongs to an event or a group.';

create function chat.people_of(room chat.chats) returns setof uuid
language plpgsql stable security definer set search_path = ''
as $$
begin
  if room.type = 'approved_group' then
    return query select distinct g from chat.group_participants(room.group_id) as g;
  elsif room.type = 'event_authors' then
    return query select distinct e from chat.event_participants(room.event_id) as e;
  end if;
end
$$;
comment on function chat.people_of(chat.chats) is 'Who belongs to the chat of an event or a group, as the host says.';

create function chat.open_source_chat(kind chat.chat_type, event_id uuid, group_id uuid, name text) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  room chat.chats;
begin
  perform chat.lock_sources(array[event_id, group_id]);
  insert into chat.chats (type, event_id, group_id, name)
  values (kind, open_source_chat.event_id, open_source_chat.group_id, open_source_chat.name)
  on conflict do nothing
  returning * into room;
  if found then
    insert into chat.chat_participants (chat_id, user_id)
    select room.id, person from unnest(chat.hold_accounts(array(select chat.people_of(room)))) as person;
  end if;
end
$$;
comment on function chat.open_source_chat(chat.chat_type, uuid, uuid, text) is
  'Opens the chat of an event or a group with its people, unless it exists: then nothing changes.';

create function chat.open_event_chat(event_id uuid, name text) returns void
language sql volatile security definer set search_path = ''
as $$ select chat.open_source_chat('event_authors', event_id, null, name) $$;
comment on function chat.open_event_chat(uuid, text) is 'Host: opens the chat of an event''s authors, unless it exists.';

create function chat.open_group_chat(group_id uuid, event_id uuid, name text) returns void
language sql volatile security definer set search_path = ''
as $$ select chat.open_source_chat('approved_group', event_id, group_id, name) $$;
comment on function chat.open_group_chat(uuid, uuid, text) is 'Host: opens the chat of a group, unless it exists.';

create function chat.bring_in(room chat.chats, people uuid[]) returns void
language sql volatile security definer set search_path = ''
as $$
  with added as (
    insert into chat.chat_participants as p (chat_id, user_id)
    select room.id, person from unnest(chat.hold_accounts(people)) as person
    on conflict (chat_id, user_id) do update set left_at = null, joined_at = excluded.joined_at
    where p.left_at is not null
    returning p.user_id
  )
  -- What was said before somebody came in is history to them, not unread.
  insert into chat.read_marks as r (chat_id, user_id, last_read_at)
  select room.id, a.user_id, room.last_message_at from added a where room.last_message_at is not null
  on conflict (chat_id, user_id) do update set last_read_at = greatest(r.last_read_at, excluded.last_read_at)
$$;
comment on function chat.bring_in(chat.chats, uuid[]) is
  'Makes people take part; brings back who has left; changes nothing for who is there. Called under the chat''s lock.';

create function chat.put_out(room chat.chats, people uuid[]) returns void
language sql volatile security definer set search_path = ''
as $$
  update chat.chat_participants p set left_at = clock_timestamp()
  where p.chat_id = room.id and p.user_id = any (people) and p.left_at is null
$$;
comment on function chat.put_out(chat.chats, uuid[]) is
  'Ends people''s part in a chat of an event or a group. Called under the chat''s lock.';

create function chat.follow_people(added chat.membership[], removed chat.membership[]) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  come constant chat.membership[] := array(select m from unnest(added) m except select m from unnest(removed) m);
  -- Deleted accounts have been taken out already, under the locks of all their chats.
  gone constant chat.membership[] := array(
    select m from unnest(removed) m where exists (select from auth.users u where u.id = m.person)
    except select m from unnest(added) m
  );
  sources constant uuid[] := array(select distinct m.source from unnest(come || gone) m);
  room chat.chats;
  belong uuid[];
begin
  perform chat.lock_chats_of(sources);
  -- Under the locks each statement sees what others have just committed.
  for room in
    select c.* from chat.chats c where c.event_id = any (sources) or c.group_id = any (sources) order by c.id
  loop
    belong := array(select chat.people_of(room));
    perform chat.put_out(room, array(
      select m.person from unnest(gone) m
      where m.source in (room.event_id, room.group_id) and m.person <> all (belong)
    ));
    perform chat.bring_in(room, array(
      select m.person from unnest(come) m
      where m.source in (room.event_id, room.group_id) and m.person = any (belong)
    ));
  end loop;
end
$$;
comment on function chat.follow_people(chat.membership[], chat.membership[]) is
  'Host: lets the chats of events and groups follow their people, once for each statement that adds or removes some. Who is in both lists has not moved.';

create function chat.rename_event(event_id uuid, authors_chat_name text, group_chat_name text) returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  perform chat.lock_chats_of(array[event_id]);
  update chat.chats c
  set name = case c.type when 'approved_group' then coalesce(group_chat_name, c.name) else authors_chat_name end
  where c.event_id = rename_event.event_id;
end
$$;
comment on function chat.rename_event(uuid, text, text) is
  'Host: lets the names of an event''s chats follow its title. The chats of its groups keep their names where group_chat_name is null.';

create function chat.rename_group(group_id uuid, name text) returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  perform chat.lock_chats_of(array[group_id]);
  update chat.chats c set name = rename_group.name where c.group_id = rename_group.group_id;
end
$$;
comment on function chat.rename_group(uuid, text) is 'Host: gives the chat of a group another name, where a group has a name of its own.';

create function chat.move_group(group_id uuid, event_id uuid, name text) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  room chat.chats;
  belong uuid[];
begin
  perform chat.lock_chats_of(array[group_id, event_id]);
  select c.* into room from chat.chats c where c.group_id = move_group.group_id for no key update;
  if not found then
    return;
  end if;
  room.event_id := event_id;
  belong := array(select chat.people_of(room));
  -- Those who go are not told what the chat becomes.
  perform chat.put_out(room, array(
    select p.user_id from chat.chat_participants p
    where p.chat_id = room.id and p.left_at is null and p.user_id <> all (belong)
  ));
  update chat.chats c set event_id = move_group.event_id, name = move_group.name where c.id = room.id;
  -- The new event's authors come in; a member who has left stays away.
  perform chat.bring_in(room, array(
    select e from chat.event_participants(room.event_id) as e where e = any (belong)
  ));
end
$$;
comment on function chat.move_group(uuid, uuid, text) is
  'Host: lets the chat of a group that moves to another event take its event, name and people along.';

create function chat.remove_sources(sources uuid[]) returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  perform chat.lock_chats_of(sources);
  delete from chat.chats c where c.event_id = any (sources) or c.group_id = any (sources);
end
$$;
comment on function chat.remove_sources(uuid[]) is
  'Host: deletes the chats of events and groups that are deleted, with all that was said there.';

-- Answers --------------------------------------------------------------------

create function chat.epoch() returns text
language sql stable parallel safe
return (
  select left(md5(concat_ws(
    '/', cluster.system_identifier, wal.timeline_id, pg_relation_filenode('chat.chats'::regclass)
  )), 16)
  from pg_control_system() cluster, pg_control_checkpoint() wal
);
comment on function chat.epoch() is
  'Changes when the database may have lost commits or been rebuilt: another cluster (restore, upgrade), another timeline (failover, recovery to a point in time), or a table that was loaded anew. Rewriting the table (vacuum full) changes it too, which costs clients one reload.';

create type chat.last_message as (id uuid, "senderId" uuid, text text, "createdAt" text, "hasAttachment" boolean);
create type chat.chat as (
  id uuid, type chat.chat_type, "eventId" uuid, "groupId" uuid, name text, participants uuid[],
  "goneParticipants" uuid[], "createdAt" text, "lastMessageAt" text, "lastMessage" chat.last_message,
  "unreadCount" integer, "lastReadAt" text, rev bigint, "historyRev" bigint, epoch text, topic text
);
comment on type chat.chat is 'A Chat as the API shows it to one participant.';

create function chat.topic(chat_id uuid, topic_version integer) returns text
language sql immutable parallel safe
return 'chat:' || chat_id::text || case when topic_version > 0 then ':' || topic_version::text else '' end;
comment on function chat.topic(uuid, integer) is 'The topic of the chat''s Realtime channel.';

create function chat.user_topic(user_id uuid) returns text
language sql immutable parallel safe
return 'user:' || user_id::text;
comment on function chat.user_topic(uuid) is 'The topic of a person''s own Realtime channel.';

create function chat.unread_count(chat_id uuid) returns integer
language plpgsql stable security definer set search_path = '' set enable_sort = off set jit = off
as $$
declare
  me constant uuid := auth.uid();
begin
  return (
    select unread.messages
    from chat.chat_participants p
    left join chat.read_marks r on r.chat_id = p.chat_id and r.user_id = p.user_id
    cross join lateral chat.unread(p.chat_id, greatest(r.last_read_at, p.history_from), me) as unread
    where p.chat_id = unread_count.chat_id and p.user_id = me and p.left_at is null
  );
end
$$;
comment on function chat.unread_count(uuid) is 'How many messages the caller has not read, as chat.unread counts them.';

-- A page of chats is one statement: fifty calls of a function for one chat took three times as long.
create function chat.chats_of_caller(chat_ids uuid[]) returns setof chat.chat
language plpgsql stable security definer set search_path = ''
-- One plan for all calls: that of a single chat looks so cheap to the planner that it would plan it anew each
-- time, for longer than it then runs. A generic plan expects a chat of average length, and would sort all of a
-- long one's unread messages where the index has them in order. The sort's penalty looks expensive enough to
-- compile, which takes 150 ms where Postgres has LLVM.
set plan_cache_mode = force_generic_plan set enable_sort = off set jit = off
as $$
declare
  -- A constant, as auth.uid() would parse the claims again for each message that is passed over.
  me constant uuid := auth.uid();
  this_epoch constant text := chat.epoch();
begin
  return query
    select
      c.id, c.type, c.event_id, c.group_id, c.name,
      case c.type
        when 'direct' then array[c.direct_low, c.direct_high]
        else array(
          select p.user_id from chat.chat_participants p
          where p.chat_id = c.id and p.left_at is null
          order by p.joined_at, p.user_id
        )
      end,
      case c.type
        when 'direct' then array(
          select pair.user_id from unnest(array[c.direct_low, c.direct_high]) as pair (user_id)
          where not exists (select from auth.users u where u.id = pair.user_id)
        )
        else '{}'
      end,
      chat.rfc3339(c.created_at), chat.rfc3339(c.last_message_at),
      (
        select chat.to_last_message(m)
        from public.messages m
        where m.chat_id = c.id and m.created_at > mine.history_from and m.deleted_at is null
        order by m.created_at desc
        limit 1
      ),
      unread.messages, chat.rfc3339(nullif(mine.read_to, '-infinity')), c.rev, mine.history_rev, this_epoch,
      chat.topic(c.id, c.topic_version)
    from unnest(chat_ids) with ordinality as wanted (id, place)
    -- The limit keeps the planner from reading all of a person's chats for each that is wanted.
    cross join lateral (
      select p.history_from, p.history_rev, greatest(r.last_read_at, p.history_from) as read_to
      from chat.chat_participants p
      left join chat.read_marks r on r.chat_id = p.chat_id and r.user_id = p.user_id
      where p.chat_id = wanted.id and p.user_id = me and p.left_at is null
      limit 1
    ) as mine
    join chat.chats c on c.id = wanted.id
    cross join lateral chat.unread(c.id, mine.read_to, me) as unread
    order by wanted.place;
end
$$;
comment on function chat.chats_of_caller(uuid[]) is
  'Those of the chats that the caller takes part in, as the API shows them, in the order asked for.';

-- The API --------------------------------------------------------------------

create function public.list_chats(
  page_limit integer default 50, before_activity timestamptz default null, before_id uuid default null
) returns json
language plpgsql stable security invoker set search_path = ''
-- A connection keeps its plan until the tables are analyzed again. A plan from when they were nearly empty
-- would go on to scan them when they have grown: 4 s with 6,000 chats.
set enable_seqscan = off set jit = off
as $$
declare
  data json;
  next_cursor text;
begin
  perform chat.check_page_limit(page_limit);
  with page as materialized (
    select c.id, c.activity
    from chat.chat_participants me
    -- The offset keeps the planner from beginning with all chats.
    cross join lateral (
      select c.id, coalesce(c.last_message_at, c.created_at) as activity
      from chat.chats c where c.id = me.chat_id
      offset 0
    ) as c
    where me.user_id = (select auth.uid()) and me.left_at is null
      and (before_activity is null or (c.activity, c.id) < (before_activity, before_id))
    order by c.activity desc, c.id desc
    limit page_limit + 1
  ),
  shown as materialized (
    select p.id, p.activity from page p order by p.activity desc, p.id desc limit page_limit
  )
  select
    (
      select json_agg(shape)
      from chat.chats_of_caller(array(select s.id from shown s order by s.activity desc, s.id desc)) as shape
    ),
    (
      select chat.cursor('chats', chat.rfc3339(s.activity), s.id::text)
      from shown s
      where (select count(*) from page) > page_limit
      order by s.activity, s.id
      limit 1
    )
  into data, next_cursor;
  if data is null then
    perform chat.require_account();
  end if;
  return json_build_object('data', coalesce(data, '[]'), 'nextCursor', next_cursor);
end
$$;
comment on function public.list_chats(integer, timestamptz, uuid) is
  'A page of the caller''s chats, newest activity first: {data: [Chat], nextCursor}.';

create function public.get_chat(chat_id uuid) returns json
language plpgsql stable security invoker set search_path = ''
as $$
begin
  perform chat.require_participant(chat_id);
  return (
    select row_to_json(answer)
    from chat.chats c cross join chat.chats_of_caller(array[c.id]) as answer
    where c.id = get_chat.chat_id
  );
end
$$;
comment on function public.get_chat(uuid) is 'One of the caller''s chats: Chat.';

-- The functions that write have a statement_timeout, which PostgREST applies to the whole request:
-- nobody holds a lock for longer.

create function public.open_direct_chat(other_user uuid) returns json
language plpgsql volatile security definer set search_path = '' set statement_timeout = '3s'
as $$
declare
  me constant uuid := auth.uid();
  low constant uuid := least(me, other_user);
  high constant uuid := greatest(me, other_user);
  accounts uuid[];
  room chat.chats;
begin
  perform chat.refuse_filters();
  if other_user is null or other_user = me then
    perform chat.refuse('invalid_request', 'other_user must be another user');
  end if;
  accounts := chat.hold_accounts(array[me, other_user]);
  if not coalesce(me = any (accounts), false) then
    perform chat.refuse('invalid_token');
  end if;
  if chat.is_blocked(low, high) then
    perform chat.refuse('blocked');
  end if;

  select c.* into room from chat.chats c where c.direct_low = low and c.direct_high = high;
  if not found then
    if not chat.are_friends(low, high) or other_user <> all (accounts) then
      perform chat.refuse('not_friends');
    end if;
    perform chat.check_allowance('open');
    -- A racing caller's row makes this wait for its commit and then insert nothing.
    insert into chat.chats (type, direct_low, direct_high) values ('direct', low, high)
    on conflict on constraint chats_one_a_pair do nothing
    returning * into room;
    if found then
      perform chat.charge('open');
      insert into chat.chat_participants (chat_id, user_id) values (room.id, low), (room.id, high);
      perform set_config('response.status', '201', true);
      return (select row_to_json(answer) from chat.chats_of_caller(array[room.id]) as answer);
    end if;
    select c.* into room from chat.chats c where c.direct_low = low and c.direct_high = high;
  end if;

  -- Nothing to do for those who are there. Skipping a locked row takes a leaving under way for done:
  -- then what follows waits for it, and undoes it.
  perform from chat.chat_participants p
  where p.chat_id = room.id and p.user_id = me and p.left_at is null
    and exists (select from chat.chat_participants o where o.chat_id = room.id and o.user_id = other_user)
  for share of p skip locked;
  if not found then
    perform chat.check_allowance('open');
    select c.* into room from chat.chats c where c.id = room.id for no key update;
    if not chat.is_participant(room.id) then
      perform chat.charge('open');
    end if;
    perform chat.complete_pair(room, coalesce(room.last_message_at, '-infinity'), room.rev, me);
  end if;
  return (select row_to_json(answer) from chat.chats_of_caller(array[room.id]) as answer);
end
$$;
comment on function public.open_direct_chat(uuid) is
  'The direct chat of the caller and a friend: Chat, HTTP 201 where it is new, 200 where the pair has one.';

create function public.leave_chat(chat_id uuid) returns void
language plpgsql volatile security definer set search_path = '' set statement_timeout = '3s'
as $$
declare
  room chat.chats;
begin
  perform chat.require_participant(chat_id);
  perform chat.check_allowance('leave');
  -- Under the chat's lock no send is half done: it is either before the leaving, and so
  -- history, or after it, and so brings the leaver back.
  select c.* into room from chat.chats c where c.id = leave_chat.chat_id for no key update;
  perform chat.require_participant(chat_id);
  perform chat.charge('leave');

  update chat.chat_participants p
  set left_at = clock_timestamp(),
      history_from = case room.type when 'direct' then coalesce(room.last_message_at, p.history_from) else p.history_from end,
      history_rev = case room.type when 'direct' then room.rev else p.history_rev end
  where p.chat_id = leave_chat.chat_id and p.user_id = auth.uid();
end
$$;
comment on function public.leave_chat(uuid) is 'Ends the caller''s part in a chat.';

create function public.mark_read(chat_id uuid, message_id uuid) returns json
language plpgsql volatile security definer set search_path = '' set statement_timeout = '3s'
as $$
declare
  me constant uuid := auth.uid();
  read_to constant timestamptz := (chat.find_message(chat_id, message_id)).created_at;
  moved boolean;
  unread_count integer;
begin
  perform chat.refuse_filters();
  if not exists (
    select from chat.read_marks r
    where r.chat_id = mark_read.chat_id and r.user_id = me and r.last_read_at >= read_to
  ) then
    perform chat.hold_participation(chat_id);
    perform chat.charge('read');
    begin
      insert into chat.read_marks as r (chat_id, user_id, last_read_at)
      values (mark_read.chat_id, me, read_to)
      on conflict on constraint read_marks_pkey do update set last_read_at = excluded.last_read_at
      where r.last_read_at < excluded.last_read_at;
      moved := found;
    exception when foreign_key_violation then
      perform chat.refuse('chat_not_found');
    end;
  end if;

  unread_count := chat.unread_count(chat_id);
  if moved then
    perform chat.announce_reading(chat_id, message_id, read_to, unread_count);
  end if;
  return json_build_object('unreadCount', unread_count);
end
$$;
comment on function public.mark_read(uuid, uuid) is
  'Marks a chat as read up to a message, never back: {unreadCount}.';
