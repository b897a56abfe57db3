-- How the tests reach the host with meetups. A room is a meetup: its hosts moderate it, its attendees do not.

begin;

create or replace function chat_tests.provides() returns text[]
language sql immutable
return array['friends', 'blocks', 'events', 'moderators', 'rooms'];

-- Every acting person has a profile.
create function chat_tests.profile(person uuid) returns bigint
language plpgsql
as $$
begin
  insert into public.profiles (user_id) values (person) on conflict do nothing;
  return public.profile_of(person);
end
$$;

create function chat_tests.profiles(people uuid[]) returns setof uuid
language plpgsql
as $$
begin
  insert into public.profiles (user_id) select person from unnest(people) as person on conflict do nothing;
  return query select person from unnest(people) as person;
end
$$;

-- Friends and blocks -----------------------------------------------------------

create function chat_tests.befriend(one uuid, other uuid) returns void
language sql
as $$
  insert into public.connections (asked_by, asked, accepted_at)
  values (chat_tests.profile(one), chat_tests.profile(other), now())
  on conflict (asked_by, asked) do update set accepted_at = excluded.accepted_at
$$;

create function chat_tests.unfriend(one uuid, other uuid) returns void
language sql
as $$
  delete from public.connections c
  where array[c.asked_by, c.asked] <@ array[public.profile_of(one), public.profile_of(other)]
$$;

create function chat_tests.block(blocker uuid, blocked uuid) returns void
language sql
as $$ insert into public.blocks (blocker, blocked) values (chat_tests.profile(blocker), chat_tests.profile(blocked)) $$;

create function chat_tests.unblock(blocker uuid, blocked uuid) returns void
language sql
as $$ delete from public.blocks k where (k.blocker, k.blocked) = (public.profile_of(unblock.blocker), public.profile_of(unblock.blocked)) $$;

-- Meetups ----------------------------------------------------------------------

create function chat_tests.draft_event(title text, authors uuid[]) returns uuid
language plpgsql
as $$
declare
  meetup public.meetups;
begin
  insert into public.meetups (subject) values (title) returning * into meetup;
  insert into public.meetup_hosts (meetup_id, user_id) select meetup.id, chat_tests.profiles(authors);
  return meetup.chat_key;
end
$$;

create function chat_tests.publish_event(event uuid) returns void
language sql
as $$ update public.meetups m set published_at = now() where m.chat_key = event $$;

create function chat_tests.rename_event(event uuid, title text) returns void
language sql
as $$ update public.meetups m set subject = title where m.chat_key = event $$;

create function chat_tests.delete_event(event uuid) returns void
language sql
as $$ delete from public.meetups m where m.chat_key = event $$;

create function chat_tests.add_authors(events uuid[], people uuid[]) returns void
language sql
as $$
  insert into public.meetup_hosts (meetup_id, user_id)
  select m.id, person
  from unnest(events) with ordinality as e (chat_key, place)
  join public.meetups m using (chat_key), chat_tests.profiles(people) as person
  order by place
$$;

create function chat_tests.remove_authors(events uuid[], people uuid[]) returns void
language sql
as $$
  delete from public.meetup_hosts h using public.meetups m
  where m.id = h.meetup_id and m.chat_key = any (events) and h.user_id = any (people)
$$;

-- Rooms ------------------------------------------------------------------------

create function chat_tests.add_members(rooms uuid[], people uuid[]) returns void
language sql
as $$
  insert into public.meetup_attendees (meetup_id, user_id)
  select m.id, person
  from unnest(rooms) with ordinality as r (chat_key, place)
  join public.meetups m using (chat_key), chat_tests.profiles(people) as person
  order by place
$$;

create function chat_tests.remove_members(rooms uuid[], people uuid[]) returns void
language sql
as $$
  delete from public.meetup_attendees a using public.meetups m
  where m.id = a.meetup_id and m.chat_key = any (rooms) and a.user_id = any (people)
$$;

create function chat_tests.open_room(title text, authors uuid[], members uuid[]) returns uuid
language plpgsql
as $$
declare
  meetup constant uuid := chat_tests.draft_event(title, authors);
begin
  perform chat_tests.add_members(array[meetup], members), chat_tests.publish_event(meetup);
  return meetup;
end
$$;

commit;

begin;
select plan(1);
select isnt(chat_tests.provides(), '{}', 'the host says what it provides');
select * from finish();
rollback;
