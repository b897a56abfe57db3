-- An example of a host: friends, events with authors, and groups that want to come to an event.
--
-- A project with its own tables leaves this migration out and writes a similar one: functions that answer the chat's
-- questions, and triggers that report changes to the chat. It is one file, so that a project replaces it as a whole.
-- Nothing else in the chat uses these tables.
--
-- The tables are in their own schema, so they can be pushed to a project that has tables of the same names. An app that
-- begins with these tables writes `public.` for `example_host.` in this file, and drops the four lines about the schema.
--
-- The host's API writes the tables (here: service_role). Clients of the chat do not read them: RLS is on without a
-- policy, so a grant by mistake shows no row.

create schema example_host;
comment on schema example_host is 'An example of an application with the chat: friends, events, groups.';
revoke all on schema example_host from public;
grant usage on schema example_host to service_role;

create type example_host.friendship_status as enum ('pending', 'accepted', 'blocked');
create type example_host.event_status as enum ('draft', 'published', 'cancelled');
create type example_host.group_status as enum ('pending', 'approved', 'rejected');
comment on type example_host.friendship_status is 'What two users are to each other.';
comment on type example_host.event_status is 'Whether an event is published, which opens its chat.';
comment on type example_host.group_status is 'Whether a group is approved, which opens its chat.';

create table example_host.friendships (
  user_low uuid not null references auth.users (id) on delete cascade,
  user_high uuid not null references auth.users (id) on delete cascade,
  status example_host.friendship_status not null default 'pending',
  requested_by uuid not null,
  primary key (user_low, user_high),
  constraint friendships_pair_is_ordered check (user_low < user_high),
  constraint friendships_requester_is_of_the_pair check (requested_by in (user_low, user_high))
);
comment on table example_host.friendships is
  'One row for each pair of users, the smaller id first. For a blocked pair, requested_by is the person who blocked.';
create index friendships_user_high_idx on example_host.friendships (user_high);

create table example_host.events (
  id uuid primary key default gen_random_uuid(),
  title text not null,
  status example_host.event_status not null default 'draft',
  created_by uuid references auth.users (id) on delete set null
);
comment on table example_host.events is 'Events. Publishing an event opens the chat of its authors.';
create index events_created_by_idx on example_host.events (created_by);

create table example_host.event_authors (
  event_id uuid not null references example_host.events (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  primary key (event_id, user_id)
);
comment on table example_host.event_authors is 'The authors of events, who are the participants of their chats.';
create index event_authors_user_id_idx on example_host.event_authors (user_id);

create table example_host.event_groups (
  id uuid primary key default gen_random_uuid(),
  event_id uuid not null references example_host.events (id) on delete cascade,
  name text not null,
  status example_host.group_status not null default 'pending'
);
comment on table example_host.event_groups is 'Groups that want to come to an event. Approving a group opens its chat.';
create index event_groups_event_id_idx on example_host.event_groups (event_id);

create table example_host.event_group_members (
  group_id uuid not null references example_host.event_groups (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  primary key (group_id, user_id)
);
comment on table example_host.event_group_members is 'The members of groups.';
create index event_group_members_user_id_idx on example_host.event_group_members (user_id);

alter table example_host.friendships enable row level security;
alter table example_host.friendships force row level security;
alter table example_host.events enable row level security;
alter table example_host.events force row level security;
alter table example_host.event_authors enable row level security;
alter table example_host.event_authors force row level security;
alter table example_host.event_groups enable row level security;
alter table example_host.event_groups force row level security;
alter table example_host.event_group_members enable row level security;
alter table example_host.event_group_members force row level security;

revoke all on example_host.friendships, example_host.events, example_host.event_authors, example_host.event_groups, example_host.event_group_members
  from public, anon, authenticated, service_role;
grant select, insert, update, delete
  on example_host.friendships, example_host.events, example_host.event_authors, example_host.event_groups, example_host.event_group_members
  to service_role;

-- The chat's questions ---------------------------------------------------------

create or replace function chat.are_friends(a uuid, b uuid) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
  return exists (
    select from example_host.friendships f
    where f.user_low = least(a, b) and f.user_high = greatest(a, b) and f.status = 'accepted'
  );
end
$$;

create or replace function chat.is_blocked(a uuid, b uuid) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
  return exists (
    select from example_host.friendships f
    where f.user_low = least(a, b) and f.user_high = greatest(a, b) and f.status = 'blocked'
  );
end
$$;

create or replace function chat.event_participants(event_id uuid) returns setof uuid
language plpgsql stable security definer set search_path = ''
as $$
begin
  return query select a.user_id from example_host.event_authors a where a.event_id = event_participants.event_id;
end
$$;

create or replace function chat.group_participants(group_id uuid) returns setof uuid
language plpgsql stable security definer set search_path = ''
as $$
begin
  return query
    select m.user_id from example_host.event_group_members m where m.group_id = group_participants.group_id
    union
    select a.user_id
    from example_host.event_groups g join example_host.event_authors a on a.event_id = g.event_id
    where g.id = group_participants.group_id;
end
$$;

create or replace function chat.moderated_events() returns setof uuid
language plpgsql stable security definer set search_path = ''
as $$
begin
  return query select a.event_id from example_host.event_authors a where a.user_id = auth.uid();
end
$$;

-- Events and groups --------------------------------------------------------------
-- These are statement triggers. Each of them first locks all events and groups of its statement, and then reads the
-- host's rows: by then, other transactions that changed the same event or group have committed.

create function example_host.group_chat_name(event_title text) returns text
language sql immutable
return event_title || ' — group';
comment on function example_host.group_chat_name(text) is 'The name of the chat of an approved group.';

create function example_host.open_event_chats(events uuid[]) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform chat.lock_sources(events);
  perform chat.open_event_chat(e.id, e.title)
  from example_host.events e
  where e.id = any (events) and e.status = 'published'
  order by e.id;
end
$$;
comment on function example_host.open_event_chats(uuid[]) is
  'Opens the authors'' chats of published events that have none.';

create function example_host.open_group_chats(groups uuid[]) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform chat.lock_sources(groups || array(select g.event_id from example_host.event_groups g where g.id = any (groups)));
  perform chat.open_group_chat(g.id, e.id, example_host.group_chat_name(e.title))
  from example_host.event_groups g join example_host.events e on e.id = g.event_id
  where g.id = any (groups) and g.status = 'approved'
  order by g.id;
end
$$;
comment on function example_host.open_group_chats(uuid[]) is 'Opens the chats of approved groups that have none.';

create function example_host.open_all_chats(at_most integer default null) returns integer
language plpgsql security definer set search_path = ''
as $$
declare
  events constant uuid[] := array(
    select e.id from example_host.events e
    where e.status = 'published'
      and not exists (select from chat.chats c where c.event_id = e.id and c.type = 'event_authors')
    order by e.id
    limit at_most
  );
  groups constant uuid[] := array(
    select g.id from example_host.event_groups g
    where g.status = 'approved' and not exists (select from chat.chats c where c.group_id = g.id)
    order by g.id
    limit at_most - cardinality(events)
  );
begin
  -- All locks first, because the two calls below would take them in two rounds, which can deadlock.
  perform chat.lock_sources(events || groups || array(
    select g.event_id from example_host.event_groups g where g.id = any (groups)
  ));
  perform example_host.open_event_chats(events);
  perform example_host.open_group_chats(groups);
  return cardinality(events) + cardinality(groups);
end
$$;
comment on function example_host.open_all_chats(integer) is
  'Opens the chats of published events and approved groups that have none, such as those from before the chat was installed: at most at_most of them, or all. Returns how many it has opened. A second call finds none. Each person gets a broadcast for each chat, so open many of them a few hundred at a time.';

create function example_host.on_events_inserted() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform example_host.open_event_chats(array(select a.id from after a where a.status = 'published'));
  return null;
end
$$;
comment on function example_host.on_events_inserted() is 'Opens the authors'' chats of events that are inserted as published.';

create function example_host.on_events_updated() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  published constant uuid[] := array(
    select a.id from after a join before b on b.id = a.id where a.status = 'published' and b.status <> 'published'
  );
  renamed constant uuid[] := array(select a.id from after a join before b on b.id = a.id where a.title <> b.title);
begin
  if cardinality(published || renamed) > 0 then
    perform chat.lock_chats_of(published || renamed);
    perform example_host.open_event_chats(published);
    perform chat.rename_event(e.id, e.title, example_host.group_chat_name(e.title))
    from example_host.events e
    where e.id = any (renamed)
    order by e.id;
  end if;
  return null;
end
$$;
comment on function example_host.on_events_updated() is
  'Opens the authors'' chats of events that become published, and renames the chats of events with new titles.';

create function example_host.on_events_deleted() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform chat.remove_sources(array(select b.id from before b));
  return null;
end
$$;
comment on function example_host.on_events_deleted() is 'Deletes the chats of events and of their groups.';

create function example_host.on_groups_inserted() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform example_host.open_group_chats(array(select a.id from after a where a.status = 'approved'));
  return null;
end
$$;
comment on function example_host.on_groups_inserted() is 'Opens the chats of groups that are inserted as approved.';

create function example_host.on_groups_updated() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  approved constant uuid[] := array(
    select a.id from after a join before b on b.id = a.id where a.status = 'approved' and b.status <> 'approved'
  );
  moved constant uuid[] := array(
    select a.id from after a join before b on b.id = a.id where a.event_id <> b.event_id
  );
begin
  if cardinality(approved || moved) > 0 then
    perform chat.lock_chats_of(approved || moved || array(
      select e from after a join before b on b.id = a.id cross join unnest(array[a.event_id, b.event_id]) as e
      where a.id = any (approved || moved)
    ));
    perform chat.move_group(g.id, e.id, example_host.group_chat_name(e.title))
    from example_host.event_groups g join example_host.events e on e.id = g.event_id
    where g.id = any (moved)
    order by g.id;
    perform example_host.open_group_chats(approved);
  end if;
  return null;
end
$$;
comment on function example_host.on_groups_updated() is
  'Opens the chats of groups that become approved, and moves the chats of groups that move to another event.';

create function example_host.on_groups_deleted() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  -- If the event is deleted too, its own trigger deletes all its chats, in one order.
  perform chat.remove_sources(array(
    select b.id from before b where exists (select from example_host.events e where e.id = b.event_id)
  ));
  return null;
end
$$;
comment on function example_host.on_groups_deleted() is 'Deletes the chats of groups.';

create function example_host.lock_people_below(events uuid[], groups uuid[]) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  -- Not sorted: Postgres reads the rows in the same order as other statements about them.
  perform from example_host.event_groups g where g.event_id = any (events) for update;
  perform from example_host.event_authors a where a.event_id = any (events) for update;
  perform from example_host.event_group_members m
  where m.group_id = any (groups || array(select g.id from example_host.event_groups g where g.event_id = any (events)))
  for update;
end
$$;
comment on function example_host.lock_people_below(uuid[], uuid[]) is
  'Locks the rows to which a deletion of events and groups will cascade, before it locks their chats.';

create function example_host.on_row_deleted() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  gone uuid[];
begin
  -- Once for each statement, at its first row.
  if old.id = (select b.id from before b limit 1) then
    gone := array(select b.id from before b);
    perform example_host.lock_people_below(
      case tg_table_name when 'events' then gone end, case tg_table_name when 'event_groups' then gone end
    );
  end if;
  return null;
end
$$;
comment on function example_host.on_row_deleted() is 'Takes the locks of a cascade before the cascade begins.';

-- Postgres runs the triggers of a cascade after those of the statement that began it, so after the chats are locked.
-- Row triggers run in the order of their names, so these run before the triggers of foreign keys (RI_…).
create trigger "000_lock_people" after delete on example_host.events
  referencing old table as before
  for each row execute function example_host.on_row_deleted();
create trigger "000_lock_people" after delete on example_host.event_groups
  referencing old table as before
  for each row execute function example_host.on_row_deleted();

create trigger _100_open_chats after insert on example_host.events
  referencing new table as after
  for each statement execute function example_host.on_events_inserted();
create trigger _100_follow_events after update on example_host.events
  referencing old table as before new table as after
  for each statement execute function example_host.on_events_updated();
create trigger _100_delete_chats after delete on example_host.events
  referencing old table as before
  for each statement execute function example_host.on_events_deleted();
create trigger _100_open_chats after insert on example_host.event_groups
  referencing new table as after
  for each statement execute function example_host.on_groups_inserted();
create trigger _100_follow_groups after update on example_host.event_groups
  referencing old table as before new table as after
  for each statement execute function example_host.on_groups_updated();
create trigger _100_delete_chats after delete on example_host.event_groups
  referencing old table as before
  for each statement execute function example_host.on_groups_deleted();

-- A chat keeps the ids of its event and group.
create function example_host.refuse_new_id() returns trigger
language plpgsql set search_path = ''
as $$
begin
  raise exception using
    errcode = 'restrict_violation', message = format('the id of a row in %I must not change', tg_table_name);
end
$$;
comment on function example_host.refuse_new_id() is 'Refuses to change the id of an event or a group, because chats have it.';
create trigger _100_keep_id before update of id on example_host.events
  for each row when (old.id <> new.id) execute function example_host.refuse_new_id();
create trigger _100_keep_id before update of id on example_host.event_groups
  for each row when (old.id <> new.id) execute function example_host.refuse_new_id();

-- People -------------------------------------------------------------------------
-- The chats of a deleted event or group are deleted too, so nobody has to be removed from them.

create function example_host.on_authors_added() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform chat.follow_people(array(select row(a.event_id, a.user_id)::chat.membership from after a), '{}');
  return null;
end
$$;
comment on function example_host.on_authors_added() is 'Adds new authors to the chats of their events.';

create function example_host.on_authors_changed() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform chat.follow_people(
    array(select row(a.event_id, a.user_id)::chat.membership from after a),
    array(select row(b.event_id, b.user_id)::chat.membership from before b)
  );
  return null;
end
$$;
comment on function example_host.on_authors_changed() is 'Updates the chats of events whose rows of authors have changed.';

create function example_host.on_authors_removed() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform chat.follow_people('{}', array(
    select row(b.event_id, b.user_id)::chat.membership from before b
    where exists (select from example_host.events p where p.id = b.event_id)
  ));
  return null;
end
$$;
comment on function example_host.on_authors_removed() is 'Removes authors from the chats of their events.';

create trigger _100_follow_added after insert on example_host.event_authors
  referencing new table as after
  for each statement execute function example_host.on_authors_added();
create trigger _100_follow_changed after update on example_host.event_authors
  referencing old table as before new table as after
  for each statement execute function example_host.on_authors_changed();
create trigger _100_follow_removed after delete on example_host.event_authors
  referencing old table as before
  for each statement execute function example_host.on_authors_removed();

create function example_host.on_members_added() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform chat.follow_people(array(select row(a.group_id, a.user_id)::chat.membership from after a), '{}');
  return null;
end
$$;
comment on function example_host.on_members_added() is 'Adds new members to the chats of their groups.';

create function example_host.on_members_changed() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform chat.follow_people(
    array(select row(a.group_id, a.user_id)::chat.membership from after a),
    array(select row(b.group_id, b.user_id)::chat.membership from before b)
  );
  return null;
end
$$;
comment on function example_host.on_members_changed() is 'Updates the chats of groups whose rows of members have changed.';

create function example_host.on_members_removed() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform chat.follow_people('{}', array(
    select row(b.group_id, b.user_id)::chat.membership from before b
    where exists (select from example_host.event_groups p where p.id = b.group_id)
  ));
  return null;
end
$$;
comment on function example_host.on_members_removed() is 'Removes members from the chats of their groups.';

create trigger _100_follow_added after insert on example_host.event_group_members
  referencing new table as after
  for each statement execute function example_host.on_members_added();
create trigger _100_follow_changed after update on example_host.event_group_members
  referencing old table as before new table as after
  for each statement execute function example_host.on_members_changed();
create trigger _100_follow_removed after delete on example_host.event_group_members
  referencing old table as before
  for each statement execute function example_host.on_members_removed();

revoke execute on function
  example_host.group_chat_name(text), example_host.open_event_chats(uuid[]), example_host.open_group_chats(uuid[]),
  example_host.open_all_chats(integer),
  example_host.on_events_inserted(), example_host.on_events_updated(), example_host.on_events_deleted(),
  example_host.on_groups_inserted(), example_host.on_groups_updated(), example_host.on_groups_deleted(),
  example_host.lock_people_below(uuid[], uuid[]), example_host.on_row_deleted(), example_host.refuse_new_id(),
  example_host.on_authors_added(), example_host.on_authors_changed(), example_host.on_authors_removed(),
  example_host.on_members_added(), example_host.on_members_changed(), example_host.on_members_removed()
  from public, anon, authenticated, service_role;

notify pgrst, 'reload schema';
