-- An example of a host: friends, events with authors, groups that want to come to an event.
--
-- A project with tables of its own leaves this migration out and writes one like it: the answers to
-- the chat's questions, and triggers that tell the chat what has changed. Nothing else in the chat
-- knows these tables.
--
-- The host's own API writes them (here: service_role). Clients of the chat read none of
-- them: RLS is on and there is no policy, so a grant made by mistake shows nothing either.

create type public.friendship_status as enum ('pending', 'accepted', 'blocked');
create type public.event_status as enum ('draft', 'published', 'cancelled');
create type public.group_status as enum ('pending', 'approved', 'rejected');

create table public.friendships (
  user_low uuid not null references auth.users (id) on delete cascade,
  user_high uuid not null references auth.users (id) on delete cascade,
  status public.friendship_status not null default 'pending',
  requested_by uuid not null,
  primary key (user_low, user_high),
  constraint friendships_pair_is_ordered check (user_low < user_high),
  constraint friendships_requester_is_of_the_pair check (requested_by in (user_low, user_high))
);
comment on table public.friendships is
  'One row a pair of users, the smaller id first. For a blocked pair requested_by is the one who blocked.';
create index friendships_user_high_idx on public.friendships (user_high);

create table public.events (
  id uuid primary key default gen_random_uuid(),
  title text not null,
  status public.event_status not null default 'draft',
  created_by uuid references auth.users (id) on delete set null
);
comment on table public.events is 'Events; publishing one opens its authors'' chat.';
create index events_created_by_idx on public.events (created_by);

create table public.event_authors (
  event_id uuid not null references public.events (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  primary key (event_id, user_id)
);
comment on table public.event_authors is 'Who writes an event: the participants of its chats.';
create index event_authors_user_id_idx on public.event_authors (user_id);

create table public.event_groups (
  id uuid primary key default gen_random_uuid(),
  event_id uuid not null references public.events (id) on delete cascade,
  name text not null,
  status public.group_status not null default 'pending'
);
comment on table public.event_groups is 'Groups that want to come to an event; approving one opens its chat.';
create index event_groups_event_id_idx on public.event_groups (event_id);

create table public.event_group_members (
  group_id uuid not null references public.event_groups (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  primary key (group_id, user_id)
);
comment on table public.event_group_members is 'Who belongs to a group.';
create index event_group_members_user_id_idx on public.event_group_members (user_id);

alter table public.friendships enable row level security;
alter table public.friendships force row level security;
alter table public.events enable row level security;
alter table public.events force row level security;
alter table public.event_authors enable row level security;
alter table public.event_authors force row level security;
alter table public.event_groups enable row level security;
alter table public.event_groups force row level security;
alter table public.event_group_members enable row level security;
alter table public.event_group_members force row level security;

revoke all on public.friendships, public.events, public.event_authors, public.event_groups, public.event_group_members
  from public, anon, authenticated, service_role;
grant select, insert, update, delete
  on public.friendships, public.events, public.event_authors, public.event_groups, public.event_group_members
  to service_role;

-- The chat's questions ---------------------------------------------------------

create or replace function chat.are_friends(a uuid, b uuid) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
  return exists (
    select from public.friendships f
    where f.user_low = least(a, b) and f.user_high = greatest(a, b) and f.status = 'accepted'
  );
end
$$;

create or replace function chat.is_blocked(a uuid, b uuid) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
  return exists (
    select from public.friendships f
    where f.user_low = least(a, b) and f.user_high = greatest(a, b) and f.status = 'blocked'
  );
end
$$;

create or replace function chat.event_participants(event_id uuid) returns setof uuid
language plpgsql stable security definer set search_path = ''
as $$
begin
  return query select a.user_id from public.event_authors a where a.event_id = event_participants.event_id;
end
$$;

create or replace function chat.group_participants(group_id uuid) returns setof uuid
language plpgsql stable security definer set search_path = ''
as $$
begin
  return query
    select m.user_id from public.event_group_members m where m.group_id = group_participants.group_id
    union
    select a.user_id
    from public.event_groups g join public.event_authors a on a.event_id = g.event_id
    where g.id = group_participants.group_id;
end
$$;

create or replace function chat.moderated_events() returns setof uuid
language plpgsql stable security definer set search_path = ''
as $$
begin
  return query select a.event_id from public.event_authors a where a.user_id = auth.uid();
end
$$;

-- Events and groups --------------------------------------------------------------
-- Statement triggers, each of which first locks all that its statement is about. They read the host's
-- rows after that: whoever was changing the same event or group has committed by then.

create function public.group_chat_name(event_title text) returns text
language sql immutable
return event_title || ' — group';
comment on function public.group_chat_name(text) is 'What the chat of an approved group is called.';

create function public.open_event_chats(events uuid[]) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform chat.lock_sources(events);
  perform chat.open_event_chat(e.id, e.title)
  from public.events e
  where e.id = any (events) and e.status = 'published'
  order by e.id;
end
$$;
comment on function public.open_event_chats(uuid[]) is
  'Opens the authors'' chats of published events that have none.';

create function public.open_group_chats(groups uuid[]) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform chat.lock_sources(groups || array(select g.event_id from public.event_groups g where g.id = any (groups)));
  perform chat.open_group_chat(g.id, e.id, public.group_chat_name(e.title))
  from public.event_groups g join public.events e on e.id = g.event_id
  where g.id = any (groups) and g.status = 'approved'
  order by g.id;
end
$$;
comment on function public.open_group_chats(uuid[]) is 'Opens the chats of approved groups that have none.';

create function public.on_events_inserted() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform public.open_event_chats(array(select a.id from after a where a.status = 'published'));
  return null;
end
$$;
comment on function public.on_events_inserted() is 'Opens the authors'' chats of events that are published at once.';

create function public.on_events_updated() returns trigger
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
    perform public.open_event_chats(published);
    perform chat.rename_event(e.id, e.title, public.group_chat_name(e.title))
    from public.events e
    where e.id = any (renamed)
    order by e.id;
  end if;
  return null;
end
$$;
comment on function public.on_events_updated() is
  'Opens the authors'' chats of events that become published, and lets the names of chats follow the titles.';

create function public.on_events_deleted() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform chat.remove_sources(array(select b.id from before b));
  return null;
end
$$;
comment on function public.on_events_deleted() is 'Deletes the chats of events, those of their groups too.';

create function public.on_groups_inserted() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform public.open_group_chats(array(select a.id from after a where a.status = 'approved'));
  return null;
end
$$;
comment on function public.on_groups_inserted() is 'Opens the chats of groups that are approved at once.';

create function public.on_groups_updated() returns trigger
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
    perform chat.move_group(g.id, e.id, public.group_chat_name(e.title))
    from public.event_groups g join public.events e on e.id = g.event_id
    where g.id = any (moved)
    order by g.id;
    perform public.open_group_chats(approved);
  end if;
  return null;
end
$$;
comment on function public.on_groups_updated() is
  'Opens the chats of groups that become approved, and lets the chats of moved groups follow them to the other event.';

create function public.on_groups_deleted() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  -- Where the event went too, its own trigger deletes all its chats, in one order.
  perform chat.remove_sources(array(
    select b.id from before b where exists (select from public.events e where e.id = b.event_id)
  ));
  return null;
end
$$;
comment on function public.on_groups_deleted() is 'Deletes the chats of groups.';

create function public.lock_people_below(events uuid[], groups uuid[]) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  -- In whatever order Postgres reads them, which is that of other statements about the same rows.
  perform from public.event_groups g where g.event_id = any (events) for update;
  perform from public.event_authors a where a.event_id = any (events) for update;
  perform from public.event_group_members m
  where m.group_id = any (groups || array(select g.id from public.event_groups g where g.event_id = any (events)))
  for update;
end
$$;
comment on function public.lock_people_below(uuid[], uuid[]) is
  'Locks the rows that a deletion of events and groups will cascade to, before any of their chats is locked.';

create function public.on_row_deleted() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  gone uuid[];
begin
  -- Once for a statement, at its first row.
  if old.id = (select b.id from before b limit 1) then
    gone := array(select b.id from before b);
    perform public.lock_people_below(
      case tg_table_name when 'events' then gone end, case tg_table_name when 'event_groups' then gone end
    );
  end if;
  return null;
end
$$;
comment on function public.on_row_deleted() is 'Takes the locks of a cascade before it begins.';

-- Postgres fires the triggers of a cascade after those of the statement that began it, and so after the
-- chats are locked. Row triggers fire in the order of their names, before those of foreign keys (RI_…).
create trigger "000_lock_people" after delete on public.events
  referencing old table as before
  for each row execute function public.on_row_deleted();
create trigger "000_lock_people" after delete on public.event_groups
  referencing old table as before
  for each row execute function public.on_row_deleted();

create trigger _100_open_chats after insert on public.events
  referencing new table as after
  for each statement execute function public.on_events_inserted();
create trigger _100_follow_events after update on public.events
  referencing old table as before new table as after
  for each statement execute function public.on_events_updated();
create trigger _100_delete_chats after delete on public.events
  referencing old table as before
  for each statement execute function public.on_events_deleted();
create trigger _100_open_chats after insert on public.event_groups
  referencing new table as after
  for each statement execute function public.on_groups_inserted();
create trigger _100_follow_groups after update on public.event_groups
  referencing old table as before new table as after
  for each statement execute function public.on_groups_updated();
create trigger _100_delete_chats after delete on public.event_groups
  referencing old table as before
  for each statement execute function public.on_groups_deleted();

-- A chat names its event and group for ever.
create function public.refuse_new_id() returns trigger
language plpgsql set search_path = ''
as $$
begin
  raise exception using
    errcode = 'restrict_violation', message = format('the id of a row in %I must not change', tg_table_name);
end
$$;
comment on function public.refuse_new_id() is 'Keeps the ids of events and groups, by which chats know them.';
create trigger _100_keep_id before update of id on public.events
  for each row when (old.id <> new.id) execute function public.refuse_new_id();
create trigger _100_keep_id before update of id on public.event_groups
  for each row when (old.id <> new.id) execute function public.refuse_new_id();

-- People -------------------------------------------------------------------------
-- An event or a group that is gone takes its chats with it: nobody has to be removed from them.

create function public.on_authors_added() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform chat.follow_people(array(select row(a.event_id, a.user_id)::chat.membership from after a), '{}');
  return null;
end
$$;
comment on function public.on_authors_added() is 'The chats of events follow new authors.';

create function public.on_authors_changed() returns trigger
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
comment on function public.on_authors_changed() is 'The chats of events follow authors whose rows now name others.';

create function public.on_authors_removed() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform chat.follow_people('{}', array(
    select row(b.event_id, b.user_id)::chat.membership from before b
    where exists (select from public.events p where p.id = b.event_id)
  ));
  return null;
end
$$;
comment on function public.on_authors_removed() is 'The chats of events follow authors who are removed.';

create trigger _100_follow_added after insert on public.event_authors
  referencing new table as after
  for each statement execute function public.on_authors_added();
create trigger _100_follow_changed after update on public.event_authors
  referencing old table as before new table as after
  for each statement execute function public.on_authors_changed();
create trigger _100_follow_removed after delete on public.event_authors
  referencing old table as before
  for each statement execute function public.on_authors_removed();

create function public.on_members_added() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform chat.follow_people(array(select row(a.group_id, a.user_id)::chat.membership from after a), '{}');
  return null;
end
$$;
comment on function public.on_members_added() is 'The chats of groups follow new members.';

create function public.on_members_changed() returns trigger
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
comment on function public.on_members_changed() is 'The chats of groups follow members whose rows now name others.';

create function public.on_members_removed() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform chat.follow_people('{}', array(
    select row(b.group_id, b.user_id)::chat.membership from before b
    where exists (select from public.event_groups p where p.id = b.group_id)
  ));
  return null;
end
$$;
comment on function public.on_members_removed() is 'The chats of groups follow members who are removed.';

create trigger _100_follow_added after insert on public.event_group_members
  referencing new table as after
  for each statement execute function public.on_members_added();
create trigger _100_follow_changed after update on public.event_group_members
  referencing old table as before new table as after
  for each statement execute function public.on_members_changed();
create trigger _100_follow_removed after delete on public.event_group_members
  referencing old table as before
  for each statement execute function public.on_members_removed();

revoke execute on function
  public.group_chat_name(text), public.open_event_chats(uuid[]), public.open_group_chats(uuid[]),
  public.on_events_inserted(), public.on_events_updated(), public.on_events_deleted(),
  public.on_groups_inserted(), public.on_groups_updated(), public.on_groups_deleted(),
  public.lock_people_below(uuid[], uuid[]), public.on_row_deleted(), public.refuse_new_id(),
  public.on_authors_added(), public.on_authors_changed(), public.on_authors_removed(),
  public.on_members_added(), public.on_members_changed(), public.on_members_removed()
  from public, anon, authenticated, service_role;

notify pgrst, 'reload schema';
