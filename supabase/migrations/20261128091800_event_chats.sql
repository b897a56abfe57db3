-- The chats of events and groups: the functions that a host calls when its events, groups and people change.

create type chat.membership as (source uuid, person uuid);
comment on type chat.membership is 'A person and an event or a group to which they belong.';

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
comment on function chat.people_of(chat.chats) is 'Who belongs to the chat of an event or a group. The host decides.';

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
  'Opens the chat of an event or a group with its people. If the chat exists, nothing changes.';

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
  -- Messages from before a person joined are history for them, and not unread.
  insert into chat.read_marks as r (chat_id, user_id, last_read_at)
  select room.id, a.user_id, room.last_message_at from added a where room.last_message_at is not null
  on conflict (chat_id, user_id) do update set last_read_at = greatest(r.last_read_at, excluded.last_read_at)
$$;
comment on function chat.bring_in(chat.chats, uuid[]) is
  'Makes people participants, also those who have left. Nothing changes for participants. The caller holds the chat''s lock.';

create function chat.put_out(room chat.chats, people uuid[]) returns void
language sql volatile security definer set search_path = ''
as $$
  update chat.chat_participants p set left_at = clock_timestamp()
  where p.chat_id = room.id and p.user_id = any (people) and p.left_at is null
$$;
comment on function chat.put_out(chat.chats, uuid[]) is
  'Removes people from the chat of an event or a group. The caller holds the chat''s lock.';

create function chat.follow_people(added chat.membership[], removed chat.membership[]) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  come constant chat.membership[] := array(select m from unnest(added) m except select m from unnest(removed) m);
  -- The trigger on auth.users has removed deleted accounts already, under the locks of all their chats.
  gone constant chat.membership[] := array(
    select m from unnest(removed) m where exists (select from auth.users u where u.id = m.person)
    except select m from unnest(added) m
  );
  sources constant uuid[] := array(select distinct m.source from unnest(come || gone) m);
  room chat.chats;
  belong uuid[];
begin
  perform chat.lock_chats_of(sources);
  -- Under the locks, each statement sees what other transactions have committed.
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
  'Host: adds people to the chats of events and groups, and removes people from them. Called once for each statement. A person in both lists is neither added nor removed.';

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
  'Host: gives the chats of an event their names after its title has changed. If group_chat_name is null, the chats of its groups keep their names.';

create function chat.rename_group(group_id uuid, name text) returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  perform chat.lock_chats_of(array[group_id]);
  update chat.chats c set name = rename_group.name where c.group_id = rename_group.group_id;
end
$$;
comment on function chat.rename_group(uuid, text) is 'Host: gives the chat of a group another name, if groups have names of their own.';

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
  -- People are removed before the change, so they do not learn the new name.
  perform chat.put_out(room, array(
    select p.user_id from chat.chat_participants p
    where p.chat_id = room.id and p.left_at is null and p.user_id <> all (belong)
  ));
  update chat.chats c set event_id = move_group.event_id, name = move_group.name where c.id = room.id;
  -- The authors of the new event join. A member who has left does not come back.
  perform chat.bring_in(room, array(
    select e from chat.event_participants(room.event_id) as e where e = any (belong)
  ));
end
$$;
comment on function chat.move_group(uuid, uuid, text) is
  'Host: moves the chat of a group to another event, with the event''s people and a new name.';

create function chat.remove_sources(sources uuid[]) returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  perform chat.lock_chats_of(sources);
  delete from chat.chats c where c.event_id = any (sources) or c.group_id = any (sources);
end
$$;
comment on function chat.remove_sources(uuid[]) is
  'Host: deletes the chats of deleted events and groups, with all their messages.';
