-- How the tests reach the host. Another host has its own version of this file, beside its migration. Each function
-- changes the host's rows as the host's code does. A function with arrays changes them in one statement. This version
-- is of the example host.

begin;

create or replace function chat_tests.provides() returns text[]
language sql immutable
return array['friends', 'blocks', 'events', 'moderators', 'rooms', 'groups'];

create or replace function chat_tests.host_schemas() returns text[]
language sql immutable
return array['example_host'];

-- Friends and blocks -----------------------------------------------------------

create or replace function chat_tests.befriend(one uuid, other uuid) returns void
language sql
as $$
  insert into example_host.friendships (user_low, user_high, status, requested_by)
  values (least(one, other), greatest(one, other), 'accepted', one)
  on conflict (user_low, user_high) do update set status = 'accepted', requested_by = excluded.requested_by
$$;
comment on function chat_tests.befriend(uuid, uuid) is 'Makes two people friends.';

create or replace function chat_tests.unfriend(one uuid, other uuid) returns void
language sql
as $$ delete from example_host.friendships f where f.user_low = least(one, other) and f.user_high = greatest(one, other) $$;
comment on function chat_tests.unfriend(uuid, uuid) is 'Ends a friendship.';

create or replace function chat_tests.block(blocker uuid, blocked uuid) returns void
language sql
as $$
  insert into example_host.friendships (user_low, user_high, status, requested_by)
  values (least(blocker, blocked), greatest(blocker, blocked), 'blocked', blocker)
  on conflict (user_low, user_high) do update set status = 'blocked', requested_by = excluded.requested_by
$$;
comment on function chat_tests.block(uuid, uuid) is 'Lets one block the other, who may be a friend or a stranger.';

create or replace function chat_tests.unblock(blocker uuid, blocked uuid) returns void
language sql
as $$
  delete from example_host.friendships f
  where f.user_low = least(blocker, blocked) and f.user_high = greatest(blocker, blocked)
    and f.status = 'blocked' and f.requested_by = blocker
$$;
comment on function chat_tests.unblock(uuid, uuid) is 'Ends a block. Whether the two are friends afterwards is the host''s choice.';

-- Events -----------------------------------------------------------------------

create or replace function chat_tests.draft_event(title text, authors uuid[]) returns uuid
language plpgsql
as $$
declare
  event uuid;
begin
  insert into example_host.events as e (title, created_by) values (draft_event.title, authors[1]) returning e.id into event;
  insert into example_host.event_authors (event_id, user_id) select event, author from unnest(authors) as author;
  return event;
end
$$;
comment on function chat_tests.draft_event(text, uuid[]) is
  'An event that is not published yet, with people who will moderate its chat: the id by which its chat will know it.';

create or replace function chat_tests.publish_event(event uuid) returns void
language sql
as $$ update example_host.events e set status = 'published' where e.id = event $$;
comment on function chat_tests.publish_event(uuid) is 'Publishes an event; one that is published stays so.';

create or replace function chat_tests.rename_event(event uuid, title text) returns void
language sql
as $$ update example_host.events e set title = rename_event.title where e.id = event $$;
comment on function chat_tests.rename_event(uuid, text) is 'Gives an event another title.';

create or replace function chat_tests.delete_event(event uuid) returns void
language sql
as $$ delete from example_host.events e where e.id = event $$;
comment on function chat_tests.delete_event(uuid) is 'Deletes an event with all that belongs to it.';

create or replace function chat_tests.add_authors(events uuid[], people uuid[]) returns void
language sql
as $$
  insert into example_host.event_authors (event_id, user_id)
  select event, person
  from unnest(events) with ordinality as e (event, place), unnest(people) as person
  order by place
$$;
comment on function chat_tests.add_authors(uuid[], uuid[]) is 'Adds people to events, whose chats they then moderate.';

create or replace function chat_tests.remove_authors(events uuid[], people uuid[]) returns void
language sql
as $$ delete from example_host.event_authors a where a.event_id = any (events) and a.user_id = any (people) $$;
comment on function chat_tests.remove_authors(uuid[], uuid[]) is 'Takes people out of events that they were added to with add_authors.';

-- Groups -----------------------------------------------------------------------

create or replace function chat_tests.draft_group(event uuid, name text, members uuid[]) returns uuid
language plpgsql
as $$
declare
  new_group uuid;
begin
  insert into example_host.event_groups as g (event_id, name) values (event, draft_group.name) returning g.id into new_group;
  insert into example_host.event_group_members (group_id, user_id) select new_group, member from unnest(members) as member;
  return new_group;
end
$$;
comment on function chat_tests.draft_group(uuid, text, uuid[]) is 'A group of an event that is not approved yet: its id.';

create or replace function chat_tests.approve_group(group_id uuid) returns void
language sql
as $$ update example_host.event_groups g set status = 'approved' where g.id = group_id $$;
comment on function chat_tests.approve_group(uuid) is 'Approves a group; one that is approved stays so.';

create or replace function chat_tests.move_group(group_id uuid, event uuid) returns void
language sql
as $$ update example_host.event_groups g set event_id = event where g.id = group_id $$;
comment on function chat_tests.move_group(uuid, uuid) is 'Moves a group to another event.';

create or replace function chat_tests.delete_group(group_id uuid) returns void
language sql
as $$ delete from example_host.event_groups g where g.id = group_id $$;
comment on function chat_tests.delete_group(uuid) is 'Deletes a group.';

-- Rooms: in this host a room is a group, and the authors of its event moderate its chat. In a host whose events have
-- people who do not moderate, a room can be an event.

create or replace function chat_tests.open_room(title text, authors uuid[], members uuid[]) returns uuid
language plpgsql
as $$
declare
  room constant uuid := chat_tests.draft_group(chat_tests.draft_event(title, authors), title, members);
begin
  perform chat_tests.approve_group(room);
  return room;
end
$$;
comment on function chat_tests.open_room(text, uuid[], uuid[]) is
  'What has one chat, of authors who moderate it and members who do not; its event has no other chat. A person may be both. The id by which the chat knows it.';

create or replace function chat_tests.add_members(rooms uuid[], people uuid[]) returns void
language sql
as $$
  insert into example_host.event_group_members (group_id, user_id)
  select room, person
  from unnest(rooms) with ordinality as r (room, place), unnest(people) as person
  order by place
$$;
comment on function chat_tests.add_members(uuid[], uuid[]) is 'Adds people to rooms (and groups), in the order of the rooms, whose chats they do not moderate.';

create or replace function chat_tests.remove_members(rooms uuid[], people uuid[]) returns void
language sql
as $$ delete from example_host.event_group_members m where m.group_id = any (rooms) and m.user_id = any (people) $$;
comment on function chat_tests.remove_members(uuid[], uuid[]) is 'Takes people out of rooms (and groups) that they were added to with add_members.';

commit;

begin;
select plan(1);
select isnt(chat_tests.provides(), '{}', 'the host says what it provides');
select * from finish();
rollback;
