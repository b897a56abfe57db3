-- A second host for the tests of the chat: a project that had tables before it got the chat.
--
-- Its rows have bigint ids, and a meetup has also a uuid, by which the chat knows it. A meetup has hosts, who moderate
-- its chat, and attendees, who do not. There are no groups, so `chat.group_participants` stays the stub.

create table public.profiles (
  id bigint generated always as identity primary key,
  user_id uuid not null unique references auth.users (id) on delete cascade
);
comment on table public.profiles is 'People, with ids of the host.';

create table public.connections (
  id bigint generated always as identity primary key,
  asked_by bigint not null references public.profiles (id) on delete cascade,
  asked bigint not null references public.profiles (id) on delete cascade,
  accepted_at timestamptz,
  unique (asked_by, asked)
);
comment on table public.connections is 'Requests of friendship. Two people are friends when the request is accepted.';
create index connections_asked_idx on public.connections (asked);

create table public.blocks (
  blocker bigint not null references public.profiles (id) on delete cascade,
  blocked bigint not null references public.profiles (id) on delete cascade,
  primary key (blocker, blocked)
);
comment on table public.blocks is 'Blocks. A block does not delete a connection.';
create index blocks_blocked_idx on public.blocks (blocked);

create table public.meetups (
  id bigint generated always as identity primary key,
  chat_key uuid not null unique default gen_random_uuid(),
  subject text not null,
  published_at timestamptz
);
comment on table public.meetups is 'Meetups. chat_key is the id of the event in the chat, and never changes.';

-- Both tables have the accounts of people, with a foreign key to their profiles. So a removed row still has the account
-- when the profile is deleted.
create table public.meetup_hosts (
  meetup_id bigint not null references public.meetups (id) on delete cascade,
  user_id uuid not null references public.profiles (user_id) on delete cascade,
  primary key (meetup_id, user_id)
);
comment on table public.meetup_hosts is 'The people who make a meetup. They moderate its chat.';
create index meetup_hosts_user_id_idx on public.meetup_hosts (user_id);

create table public.meetup_attendees (
  meetup_id bigint not null references public.meetups (id) on delete cascade,
  user_id uuid not null references public.profiles (user_id) on delete cascade,
  primary key (meetup_id, user_id)
);
comment on table public.meetup_attendees is 'The people who come to a meetup. They are participants of its chat.';
create index meetup_attendees_user_id_idx on public.meetup_attendees (user_id);

alter table public.profiles enable row level security;
alter table public.connections enable row level security;
alter table public.blocks enable row level security;
alter table public.meetups enable row level security;
alter table public.meetup_hosts enable row level security;
alter table public.meetup_attendees enable row level security;
revoke all on public.profiles, public.connections, public.blocks, public.meetups, public.meetup_hosts, public.meetup_attendees
  from public, anon, authenticated;

-- The chat's questions -------------------------------------------------------------

create function public.profile_of(user_id uuid) returns bigint
language plpgsql stable security definer set search_path = ''
as $$
begin
  return (select p.id from public.profiles p where p.user_id = profile_of.user_id);
end
$$;
comment on function public.profile_of(uuid) is 'The profile of an account.';

create or replace function chat.are_friends(a uuid, b uuid) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
declare
  one constant bigint := public.profile_of(a);
  other constant bigint := public.profile_of(b);
begin
  return exists (
    select from public.connections c
    where (c.asked_by, c.asked) in ((one, other), (other, one)) and c.accepted_at is not null
  );
end
$$;

create or replace function chat.is_blocked(a uuid, b uuid) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
declare
  one constant bigint := public.profile_of(a);
  other constant bigint := public.profile_of(b);
begin
  return exists (select from public.blocks k where (k.blocker, k.blocked) in ((one, other), (other, one)));
end
$$;

create or replace function chat.event_participants(event_id uuid) returns setof uuid
language plpgsql stable security definer set search_path = ''
as $$
begin
  return query
    select h.user_id from public.meetups m join public.meetup_hosts h on h.meetup_id = m.id where m.chat_key = event_id
    union
    select a.user_id from public.meetups m join public.meetup_attendees a on a.meetup_id = m.id where m.chat_key = event_id;
end
$$;

create or replace function chat.moderated_events() returns setof uuid
language plpgsql stable security definer set search_path = ''
as $$
begin
  return query
    select m.chat_key from public.meetup_hosts h join public.meetups m on m.id = h.meetup_id where h.user_id = auth.uid();
end
$$;

-- Meetups ---------------------------------------------------------------------------

create function public.on_meetups_written() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  written constant uuid[] := array(select a.chat_key from after a);
begin
  perform chat.lock_chats_of(written);
  perform chat.open_event_chat(m.chat_key, m.subject)
  from public.meetups m
  where m.chat_key = any (written) and m.published_at is not null
  order by m.chat_key;
  perform chat.rename_event(m.chat_key, m.subject, m.subject)
  from public.meetups m join chat.chats c on c.event_id = m.chat_key
  where m.chat_key = any (written) and c.name <> m.subject
  order by m.chat_key;
  return null;
end
$$;
comment on function public.on_meetups_written() is 'Opens the chats of published meetups, and renames them when the subjects change.';

create function public.on_meetups_deleted() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform chat.remove_sources(array(select b.chat_key from before b));
  return null;
end
$$;
comment on function public.on_meetups_deleted() is 'Deletes the chats of meetups.';

create trigger open_chats after insert on public.meetups
  referencing new table as after
  for each statement execute function public.on_meetups_written();
create trigger follow_meetups after update on public.meetups
  referencing new table as after
  for each statement execute function public.on_meetups_written();
create trigger remove_chats after delete on public.meetups
  referencing old table as before
  for each statement execute function public.on_meetups_deleted();

-- People ------------------------------------------------------------------------------

create function public.on_people_added() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform chat.follow_people(
    array(select row(m.chat_key, a.user_id)::chat.membership from after a join public.meetups m on m.id = a.meetup_id), '{}'
  );
  return null;
end
$$;
comment on function public.on_people_added() is 'Adds new hosts and attendees to the chats of their meetups.';

create function public.on_people_removed() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  -- The chat of a deleted meetup is deleted too, so nobody has to be removed from it.
  perform chat.follow_people(
    '{}', array(select row(m.chat_key, b.user_id)::chat.membership from before b join public.meetups m on m.id = b.meetup_id)
  );
  return null;
end
$$;
comment on function public.on_people_removed() is 'Removes hosts and attendees from the chats of their meetups.';

create function public.refuse_update() returns trigger
language plpgsql set search_path = ''
as $$
begin
  raise exception 'rows of % come and go, and do not change', tg_table_name;
end
$$;
comment on function public.refuse_update() is 'Refuses an update, so the chat does not have to follow one.';

create trigger follow_added after insert on public.meetup_hosts
  referencing new table as after
  for each statement execute function public.on_people_added();
create trigger follow_removed after delete on public.meetup_hosts
  referencing old table as before
  for each statement execute function public.on_people_removed();
create trigger refuse_update before update on public.meetup_hosts
  for each statement execute function public.refuse_update();
create trigger follow_added after insert on public.meetup_attendees
  referencing new table as after
  for each statement execute function public.on_people_added();
create trigger follow_removed after delete on public.meetup_attendees
  referencing old table as before
  for each statement execute function public.on_people_removed();
create trigger refuse_update before update on public.meetup_attendees
  for each statement execute function public.refuse_update();

-- Locks -------------------------------------------------------------------------------
-- The host's rows are locked before chats. A deletion would lock the rows of its cascade after the triggers of its own
-- statement, which lock chats. So these triggers lock them at the first row of the deletion.

create function public.lock_below_meetups() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if old.id = (select b.id from before b limit 1) then
    perform from public.meetup_hosts h where h.meetup_id in (select b.id from before b) for update;
    perform from public.meetup_attendees a where a.meetup_id in (select b.id from before b) for update;
  end if;
  return null;
end
$$;
comment on function public.lock_below_meetups() is 'Locks the people of deleted meetups.';
-- Row triggers run in the order of their names, and those of foreign keys have names with RI_….
create trigger "000_lock_people" after delete on public.meetups
  referencing old table as before
  for each row execute function public.lock_below_meetups();

create function public.lock_below_accounts() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if old.id = (select b.id from before b limit 1) then
    perform from public.profiles p where p.user_id in (select b.id from before b) for update;
    perform from public.meetup_hosts h where h.user_id in (select b.id from before b) for update;
    perform from public.meetup_attendees a where a.user_id in (select b.id from before b) for update;
  end if;
  return null;
end
$$;
comment on function public.lock_below_accounts() is
  'Locks the rows of deleted accounts. The foreign key of profiles deletes a profile at once, and the rows below it only after the account has left its chats.';
create trigger "000_lock_people" after delete on auth.users
  referencing old table as before
  for each row execute function public.lock_below_accounts();

revoke execute on function
  public.profile_of(uuid), public.on_meetups_written(), public.on_meetups_deleted(), public.on_people_added(),
  public.on_people_removed(), public.refuse_update(), public.lock_below_meetups(), public.lock_below_accounts()
  from public, anon, authenticated;

notify pgrst, 'reload schema';
