-- The adapter: the only migration that knows the host application's tables.
--
-- To fit the chat to tables of your own, keep the names and meanings of the functions
-- here and change their bodies and the triggers:
--   private.are_friends(a, b)          may these two open a direct chat?
--   private.is_blocked(a, b)           has either blocked the other?
--   private.is_moderator(chat)         does the caller moderate this chat?
--   private.moderated_chats()          which chats does the caller moderate?
--   private.event_participants(event)  whom does an event's authors' chat consist of?
--   private.group_participants(group)  whom does a group's chat consist of?
-- and let your tables' triggers call private.create_source_chat, private.add_participant
-- and private.remove_participant.
--
-- Triggers that read one side of a membership lock the row that the other side changes
-- (the event's, the group's): somebody who is added while the event is being published is
-- either in the list that the new chat starts with, or finds the chat.

-- Predicates -----------------------------------------------------------------

create function private.are_friends(a uuid, b uuid) returns boolean
language sql stable security definer set search_path = ''
as $$
  select exists (
    select from public.friendships f
    where f.user_low = least(a, b) and f.user_high = greatest(a, b) and f.status = 'accepted'
  )
$$;
comment on function private.are_friends(uuid, uuid) is 'Whether two users are friends.';

create function private.is_blocked(a uuid, b uuid) returns boolean
language sql stable security definer set search_path = ''
as $$
  select exists (
    select from public.friendships f
    where f.user_low = least(a, b) and f.user_high = greatest(a, b) and f.status = 'blocked'
  )
$$;
comment on function private.is_blocked(uuid, uuid) is 'Whether either of two users has blocked the other.';

create function private.has_moderator_token() returns boolean
language sql stable
return coalesce(auth.jwt() -> 'app_metadata' ->> 'role' = 'moderator', false);
comment on function private.has_moderator_token() is 'Whether the caller''s token makes them a moderator wherever they take part.';

create function private.is_moderator(chat_id uuid) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
  return private.has_moderator_token()
    or exists (
      select from public.chats c
      join public.event_authors a on a.event_id = c.event_id
      where c.id = is_moderator.chat_id and a.user_id = auth.uid()
    );
end
$$;
comment on function private.is_moderator(uuid) is
  'Whether the caller moderates the chat, given that they take part in it: by their token, or as an author of its event.';

create function private.moderated_chats() returns setof uuid
language plpgsql stable security definer set search_path = ''
as $$
begin
  if private.has_moderator_token() then
    return query select p.chat_id from public.chat_participants p where p.user_id = auth.uid();
  else
    return query
      select c.id
      from public.event_authors a
      join public.chats c on c.event_id = a.event_id
      where a.user_id = auth.uid();
  end if;
end
$$;
comment on function private.moderated_chats() is
  'The chats for which private.is_moderator holds: for policies, which ask once a statement and not once a row.';

-- Whom a chat consists of ----------------------------------------------------

create function private.event_participants(source_event uuid) returns setof uuid
language sql stable security definer set search_path = ''
as $$
  select a.user_id from public.event_authors a where a.event_id = source_event
$$;
comment on function private.event_participants(uuid) is 'The authors of an event.';

create function private.group_participants(source_group uuid) returns setof uuid
language sql stable security definer set search_path = ''
as $$
  select m.user_id from public.event_group_members m where m.group_id = source_group
  union
  select a.user_id
  from public.event_groups g join public.event_authors a on a.event_id = g.event_id
  where g.id = source_group
$$;
comment on function private.group_participants(uuid) is 'The members of a group and the authors of its event.';

-- Events ---------------------------------------------------------------------

create function private.group_chat_name(event_title text) returns text
language sql immutable
return event_title || ' — group';
comment on function private.group_chat_name(text) is 'What the chat of an approved group is called.';

create function private.on_event_published() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform private.create_source_chat(
    'event_authors', new.id, null, new.title, array(select private.event_participants(new.id))
  );
  return null;
end
$$;
comment on function private.on_event_published() is 'Opens the authors'' chat of an event.';

create trigger _100_open_authors_chat_on_insert
  after insert on public.events
  for each row when (new.status = 'published')
  execute function private.on_event_published();
create trigger _100_open_authors_chat_on_update
  after update on public.events
  for each row when (new.status = 'published' and old.status is distinct from new.status)
  execute function private.on_event_published();

create function private.on_event_renamed() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  -- In the order in which everything else that touches several chats locks them.
  perform from public.chats c where c.event_id = new.id order by c.id for no key update;
  update public.chats c
  set name = case c.type when 'approved_group' then private.group_chat_name(new.title) else new.title end
  where c.event_id = new.id;
  return null;
end
$$;
comment on function private.on_event_renamed() is 'Lets the names of an event''s chats follow its title.';

create trigger _200_rename_chats
  after update on public.events
  for each row when (old.title is distinct from new.title)
  execute function private.on_event_renamed();

-- Groups ---------------------------------------------------------------------

create function private.on_group_approved() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  event_title text;
begin
  select e.title into event_title from public.events e where e.id = new.event_id for no key update;
  perform private.create_source_chat(
    'approved_group', new.event_id, new.id, private.group_chat_name(event_title),
    array(select private.group_participants(new.id))
  );
  return null;
end
$$;
comment on function private.on_group_approved() is 'Opens the chat of a group.';

create trigger _100_open_group_chat_on_insert
  after insert on public.event_groups
  for each row when (new.status = 'approved')
  execute function private.on_group_approved();
create trigger _100_open_group_chat_on_update
  after update on public.event_groups
  for each row when (new.status = 'approved' and old.status is distinct from new.status)
  execute function private.on_group_approved();

-- Members --------------------------------------------------------------------

create function private.on_author_changed() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  -- An update of something else adds nobody again.
  if tg_op = 'UPDATE' and (new.event_id, new.user_id) = (old.event_id, old.user_id) then
    return null;
  end if;
  if tg_op in ('DELETE', 'UPDATE') then
    perform from public.events e where e.id = old.event_id for no key update;
    perform private.remove_participant(c.id, old.user_id)
    from public.chats c
    where c.event_id = old.event_id
      and (c.group_id is null or old.user_id not in (select private.group_participants(c.group_id)))
    order by c.id;
  end if;
  if tg_op in ('INSERT', 'UPDATE') then
    perform from public.events e where e.id = new.event_id for no key update;
    perform private.add_participant(c.id, new.user_id)
    from public.chats c where c.event_id = new.event_id
    order by c.id;
  end if;
  return null;
end
$$;
comment on function private.on_author_changed() is 'Lets an event''s chats follow its authors.';

create trigger _100_follow_authors
  after insert or delete or update on public.event_authors
  for each row execute function private.on_author_changed();

create function private.on_group_member_changed() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  -- An update of something else adds nobody again.
  if tg_op = 'UPDATE' and (new.group_id, new.user_id) = (old.group_id, old.user_id) then
    return null;
  end if;
  if tg_op in ('DELETE', 'UPDATE') then
    perform from public.event_groups g where g.id = old.group_id for no key update;
    perform private.remove_participant(c.id, old.user_id)
    from public.chats c
    where c.group_id = old.group_id and old.user_id not in (select private.group_participants(old.group_id));
  end if;
  if tg_op in ('INSERT', 'UPDATE') then
    perform from public.event_groups g where g.id = new.group_id for no key update;
    perform private.add_participant(c.id, new.user_id)
    from public.chats c where c.group_id = new.group_id;
  end if;
  return null;
end
$$;
comment on function private.on_group_member_changed() is 'Lets a group''s chat follow its members.';

create trigger _100_follow_members
  after insert or delete or update on public.event_group_members
  for each row execute function private.on_group_member_changed();

-- A deleted event or group takes its chats with it.
alter table public.chats
  add constraint chats_event_id_fkey foreign key (event_id) references public.events (id) on delete cascade,
  add constraint chats_group_id_fkey foreign key (group_id) references public.event_groups (id) on delete cascade;

revoke execute on function
  private.are_friends(uuid, uuid), private.is_blocked(uuid, uuid), private.is_moderator(uuid),
  private.has_moderator_token(), private.moderated_chats(),
  private.event_participants(uuid), private.group_participants(uuid), private.group_chat_name(text),
  private.on_event_published(), private.on_event_renamed(), private.on_group_approved(),
  private.on_author_changed(), private.on_group_member_changed()
  from public, anon, authenticated, service_role;
grant execute on function private.is_moderator(uuid), private.moderated_chats() to authenticated;
