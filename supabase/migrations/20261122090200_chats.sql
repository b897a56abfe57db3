-- Chats and who takes part in them.
--
-- Clients read both tables under RLS and write neither: opening, leaving and marking as
-- read are functions at the end of this file, and the chats of events and groups come
-- from the host's tables by `…_adapter.sql`. Bodies here name `public.messages` and the
-- adapter's predicates, which the next migrations make; plpgsql looks them up when run.

create type public.chat_type as enum ('direct', 'event_authors', 'approved_group');

-- Tables ---------------------------------------------------------------------

create table public.chats (
  id uuid primary key default gen_random_uuid(),
  type public.chat_type not null,
  event_id uuid,
  group_id uuid,
  name text,
  created_at timestamptz not null default clock_timestamp(),
  last_message_at timestamptz,
  rev bigint not null default 0,
  topic_epoch integer not null default 0,
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
comment on table public.chats is 'Conversations. rev counts the creations, edits and deletions of messages, without holes.';
comment on column public.chats.last_message_at is
  'When the last message was sent; never moves back, so each message gets a created_at of its own, later than all before.';
comment on column public.chats.topic_epoch is
  'Raised when somebody leaves or is removed: it is part of the topic of the chat''s Realtime channel.';
comment on column public.chats.direct_low is 'The smaller id of a direct chat''s pair.';
create unique index chats_one_authors_chat_an_event on public.chats (event_id) where type = 'event_authors';
create index chats_event_id_idx on public.chats (event_id);

create table public.chat_participants (
  chat_id uuid not null references public.chats (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  joined_at timestamptz not null default clock_timestamp(),
  left_at timestamptz,
  history_from timestamptz not null default '-infinity',
  history_rev bigint not null default 0,
  last_read_at timestamptz not null default '-infinity',
  primary key (chat_id, user_id)
)
with (fillfactor = 80);
comment on table public.chat_participants is 'Who takes part in a chat. A row with left_at is a participant of the past.';
comment on column public.chat_participants.history_from is
  'The participant sees messages created after this; leaving a direct chat moves it to the last message.';
comment on column public.chat_participants.history_rev is
  'The chat''s rev when history_from was moved: the rev of each message that the participant sees is greater.';
comment on column public.chat_participants.last_read_at is 'created_at of the newest message marked as read; never moves back.';
create index chat_participants_user_id_idx on public.chat_participants (user_id, chat_id);

-- Row-level security ---------------------------------------------------------
-- A person sees only rows of their own in chat_participants: so nobody reads another's
-- last_read_at, and no policy has to recurse into the table. Who else takes part is told
-- by `private.chat`.

alter table public.chats enable row level security;
alter table public.chats force row level security;
alter table public.chat_participants enable row level security;
alter table public.chat_participants force row level security;

create policy "people see their own participation"
  on public.chat_participants for select to authenticated
  using (user_id = (select auth.uid()));

create policy "participants see their chats"
  on public.chats for select to authenticated
  using (exists (
    select from public.chat_participants me
    where me.chat_id = chats.id and me.user_id = (select auth.uid()) and me.left_at is null
    -- Or else the planner may look up all chats of the caller to show one of them.
    offset 0
  ));

revoke all on public.chats, public.chat_participants from public, anon, authenticated, service_role;
grant select (
  id, type, event_id, group_id, name, created_at, last_message_at, rev, topic_epoch, direct_low, direct_high
)
  on public.chats to authenticated;
grant select (chat_id, user_id, joined_at, left_at, history_from, history_rev, last_read_at)
  on public.chat_participants to authenticated;
grant select on public.chats, public.chat_participants to service_role;

-- Membership -----------------------------------------------------------------

create function private.is_participant(chat_id uuid) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
  return exists (
    select from public.chat_participants me
    where me.chat_id = is_participant.chat_id and me.user_id = auth.uid() and me.left_at is null
  );
end
$$;
comment on function private.is_participant(uuid) is 'Whether the caller takes part in the chat now.';

create function private.require_participant(chat_id uuid) returns void
language plpgsql stable security definer set search_path = ''
as $$
begin
  if private.is_participant(chat_id) then
    return;
  end if;
  if exists (select from public.chats c where c.id = require_participant.chat_id) then
    raise sqlstate 'PT403' using message = 'not_participant';
  end if;
  raise sqlstate 'PT404' using message = 'chat_not_found';
end
$$;
comment on function private.require_participant(uuid) is
  'Raises not_participant, or chat_not_found where there is no such chat, unless the caller takes part.';

create function private.add_participant(target_chat uuid, member uuid) returns void
language sql security definer set search_path = ''
as $$
  -- As in a send: the chat's lock first, the participant's row after it.
  select from public.chats c where c.id = target_chat for no key update;
  -- What was said before somebody joined is history to them, not unread.
  insert into public.chat_participants (chat_id, user_id, last_read_at)
  select c.id, member, coalesce(c.last_message_at, '-infinity') from public.chats c where c.id = target_chat
  on conflict (chat_id, user_id) do update
    set left_at = null, joined_at = excluded.joined_at,
        last_read_at = greatest(chat_participants.last_read_at, excluded.last_read_at)
    where chat_participants.left_at is not null
$$;
comment on function private.add_participant(uuid, uuid) is
  'Makes a user take part; brings back one who left; changes nothing for one who is there.';

create function private.remove_participant(target_chat uuid, member uuid) returns void
language sql security definer set search_path = ''
as $$
  select from public.chats c where c.id = target_chat for no key update;
  update public.chat_participants set left_at = clock_timestamp()
  where chat_id = target_chat and user_id = member and left_at is null
$$;
comment on function private.remove_participant(uuid, uuid) is 'Ends a user''s part in a chat of an event or a group.';

create function private.create_source_chat(
  kind public.chat_type, source_event uuid, source_group uuid, chat_name text, members uuid[]
) returns void
language plpgsql security definer set search_path = ''
as $$
declare
  new_chat uuid;
begin
  insert into public.chats (type, event_id, group_id, name)
  values (kind, source_event, source_group, chat_name)
  on conflict do nothing
  returning id into new_chat;

  insert into public.chat_participants (chat_id, user_id)
  select new_chat, member from unnest(members) as member
  where new_chat is not null;
end
$$;
comment on function private.create_source_chat(public.chat_type, uuid, uuid, text, uuid[]) is
  'Opens the chat of an event or a group with these members, unless it exists: then nothing changes.';

-- Answers --------------------------------------------------------------------

create type private.last_message as (id uuid, "senderId" uuid, text text, "createdAt" text);
create type private.chat as (
  id uuid, type public.chat_type, "eventId" uuid, "groupId" uuid, name text, participants uuid[],
  "createdAt" text, "lastMessageAt" text, "lastMessage" private.last_message, "unreadCount" integer, rev bigint,
  topic text
);
comment on type private.chat is 'A Chat as the API shows it to one participant.';

create function private.chat_topic(chat_id uuid, topic_epoch integer) returns text
language sql immutable parallel safe
return 'chat:' || chat_id::text || case when topic_epoch > 0 then ':' || topic_epoch::text else '' end;
comment on function private.chat_topic(uuid, integer) is 'The topic of the chat''s Realtime channel at an epoch.';

create function private.unread_count(chat_id uuid) returns integer
language plpgsql stable security definer set search_path = '' set enable_sort = off
as $$
declare
  me constant uuid := auth.uid();
begin
  return (
    select u.messages
    from public.chat_participants p
    cross join lateral private.unread(p.chat_id, greatest(p.last_read_at, p.history_from), me) as u
    where p.chat_id = unread_count.chat_id and p.user_id = me and p.left_at is null
  );
end
$$;
comment on function private.unread_count(uuid) is 'How many messages the caller has not read, as private.unread counts them.';

-- A page of chats is one statement: fifty calls of a function for one chat took three times as long.
create function private.chats(chat_ids uuid[]) returns setof private.chat
language plpgsql stable security definer set search_path = ''
-- One plan for all calls: that of a single chat looks so cheap to the planner that it would plan it anew each
-- time, for longer than it then runs. A generic plan expects a chat of average length, and would sort all of a
-- long one's unread messages where the index has them in order.
set plan_cache_mode = force_generic_plan set enable_sort = off
as $$
declare
  -- A constant, as auth.uid() would parse the claims again for each message that is passed over.
  me constant uuid := auth.uid();
begin
  return query
    select
      c.id, c.type, c.event_id, c.group_id, c.name,
      case c.type
        when 'direct' then array[c.direct_low, c.direct_high]
        else array(
          select p.user_id from public.chat_participants p
          where p.chat_id = c.id and p.left_at is null
          order by p.joined_at, p.user_id
        )
      end,
      private.rfc3339(c.created_at), private.rfc3339(c.last_message_at),
      (
        select row(m.id, m.sender_id, m.text, private.rfc3339(m.created_at))::private.last_message
        from public.messages m
        where m.chat_id = c.id and m.created_at > mine.history_from and m.deleted_at is null
        order by m.created_at desc
        limit 1
      ),
      unread.messages, c.rev, private.chat_topic(c.id, c.topic_epoch)
    from unnest(chat_ids) with ordinality as wanted (id, place)
    -- The limit keeps the planner from reading all of a person's chats for each that is wanted.
    cross join lateral (
      select p.history_from, p.last_read_at
      from public.chat_participants p
      where p.chat_id = wanted.id and p.user_id = me and p.left_at is null
      limit 1
    ) as mine
    join public.chats c on c.id = wanted.id
    cross join lateral private.unread(c.id, greatest(mine.last_read_at, mine.history_from), me) as unread
    order by wanted.place;
end
$$;
comment on function private.chats(uuid[]) is
  'Those of the chats that the caller takes part in, as the API shows them, in the order asked for.';

-- The API --------------------------------------------------------------------

create function public.list_chats(
  page_limit integer default 50, before_activity timestamptz default null, before_id uuid default null
) returns json
language plpgsql stable security invoker set search_path = ''
as $$
begin
  perform private.check_page_limit(page_limit);
  return (
    with page as materialized (
      select c.id, coalesce(c.last_message_at, c.created_at) as activity
      from public.chat_participants me
      join public.chats c on c.id = me.chat_id
      where me.user_id = (select auth.uid()) and me.left_at is null
        and (before_activity is null
             or (coalesce(c.last_message_at, c.created_at), c.id) < (before_activity, before_id))
      order by activity desc, c.id desc
      limit page_limit + 1
    ),
    shown as materialized (
      select p.id, p.activity from page p order by p.activity desc, p.id desc limit page_limit
    )
    select json_build_object(
      'data', coalesce((
        select json_agg(answer)
        from private.chats(array(select s.id from shown s order by s.activity desc, s.id desc)) as answer
      ), '[]'),
      'nextCursor', (
        select private.cursor('chats', private.rfc3339(s.activity), s.id::text)
        from shown s
        where (select count(*) from page) > page_limit
        order by s.activity, s.id
        limit 1
      )
    )
  );
end
$$;
comment on function public.list_chats(integer, timestamptz, uuid) is
  'A page of the caller''s chats, newest activity first: {data: [Chat], nextCursor}.';

create function public.get_chat(chat_id uuid) returns json
language plpgsql stable security invoker set search_path = ''
as $$
begin
  perform private.require_participant(chat_id);
  return (
    select row_to_json(answer)
    from public.chats c cross join private.chats(array[c.id]) as answer
    where c.id = get_chat.chat_id
  );
end
$$;
comment on function public.get_chat(uuid) is 'One of the caller''s chats: Chat.';

-- The functions that write have a statement_timeout, which PostgREST applies to the whole request:
-- it lets a caller filter their answers, and a filter that takes seconds would hold a lock as long.

create function public.open_direct_chat(other_user uuid) returns json
language plpgsql volatile security definer set search_path = '' set statement_timeout = '3s'
as $$
declare
  me constant uuid := auth.uid();
  low constant uuid := least(me, other_user);
  high constant uuid := greatest(me, other_user);
  opened uuid;
begin
  if me is null then
    raise sqlstate 'PT401' using message = 'invalid_token';
  end if;
  if other_user is null or other_user = me then
    raise sqlstate 'PT400' using message = 'invalid_request', detail = 'other_user must be another user';
  end if;
  if private.is_blocked(low, high) then
    raise sqlstate 'PT403' using message = 'blocked';
  end if;

  select c.id into opened from public.chats c where c.direct_low = low and c.direct_high = high;
  if opened is null then
    if not private.are_friends(low, high) then
      raise sqlstate 'PT403' using message = 'not_friends';
    end if;
    -- A racing caller's row makes this wait for its commit and then insert nothing.
    insert into public.chats (type, direct_low, direct_high) values ('direct', low, high)
    on conflict on constraint chats_one_a_pair do nothing
    returning id into opened;
    if opened is not null then
      insert into public.chat_participants (chat_id, user_id) values (opened, low), (opened, high);
      perform set_config('response.status', '201', true);
      return (select row_to_json(answer) from private.chats(array[opened]) as answer);
    end if;
    select c.id into opened from public.chats c where c.direct_low = low and c.direct_high = high;
  end if;

  -- Also a caller who has not left: a leaving under way either comes after this or is undone by it.
  update public.chat_participants p
  set left_at = null, joined_at = case when p.left_at is null then p.joined_at else clock_timestamp() end
  where p.chat_id = opened and p.user_id = me;
  return (select row_to_json(answer) from private.chats(array[opened]) as answer);
end
$$;
comment on function public.open_direct_chat(uuid) is
  'The direct chat of the caller and a friend: Chat, HTTP 201 where it is new, 200 where the pair has one.';

create function public.leave_chat(chat_id uuid) returns void
language plpgsql volatile security definer set search_path = '' set statement_timeout = '3s'
as $$
declare
  kind public.chat_type;
  last_sent timestamptz;
  last_rev bigint;
begin
  perform private.require_participant(chat_id);
  -- Under the chat's lock no send is half done: it is either before the leaving, and so
  -- history, or after it, and so brings the leaver back.
  select c.type, c.last_message_at, c.rev into kind, last_sent, last_rev
  from public.chats c where c.id = leave_chat.chat_id for no key update;
  if not found then
    raise sqlstate 'PT404' using message = 'chat_not_found';
  end if;

  update public.chat_participants p
  set left_at = clock_timestamp(),
      history_from = case when kind = 'direct' then coalesce(last_sent, p.history_from) else p.history_from end,
      history_rev = case when kind = 'direct' then last_rev else p.history_rev end
  where p.chat_id = leave_chat.chat_id and p.user_id = auth.uid() and p.left_at is null;
  if not found then
    raise sqlstate 'PT403' using message = 'not_participant';
  end if;
end
$$;
comment on function public.leave_chat(uuid) is 'Ends the caller''s part in a chat.';

create function public.mark_read(chat_id uuid, message_id uuid) returns json
language plpgsql volatile security definer set search_path = '' set statement_timeout = '3s'
as $$
declare
  read_to timestamptz;
  moved boolean;
  unread integer;
begin
  perform private.require_participant(chat_id);
  select m.created_at into read_to
  from public.messages m
  join public.chat_participants me on me.chat_id = m.chat_id and me.user_id = auth.uid()
  where m.id = mark_read.message_id and m.chat_id = mark_read.chat_id and m.created_at > me.history_from;
  if not found then
    raise sqlstate 'PT404' using message = 'message_not_found';
  end if;

  update public.chat_participants p set last_read_at = read_to
  where p.chat_id = mark_read.chat_id and p.user_id = auth.uid() and p.last_read_at < read_to;
  moved := found;
  unread := private.unread_count(chat_id);
  if moved then
    perform private.announce_reading(chat_id, message_id, read_to, unread);
  end if;
  return json_build_object('unreadCount', unread);
end
$$;
comment on function public.mark_read(uuid, uuid) is
  'Marks a chat as read up to a message, never back: {unreadCount}.';

-- Who may execute what -------------------------------------------------------

revoke execute on function
  private.is_participant(uuid), private.require_participant(uuid), private.add_participant(uuid, uuid),
  private.remove_participant(uuid, uuid), private.unread_count(uuid), private.chats(uuid[]), private.chat_topic(uuid, integer),
  private.create_source_chat(public.chat_type, uuid, uuid, text, uuid[]),
  public.list_chats(integer, timestamptz, uuid), public.get_chat(uuid), public.open_direct_chat(uuid),
  public.leave_chat(uuid), public.mark_read(uuid, uuid)
  from public, anon, authenticated, service_role;
grant execute on function
  private.require_participant(uuid), private.chats(uuid[]), private.chat_topic(uuid, integer),
  public.list_chats(integer, timestamptz, uuid), public.get_chat(uuid), public.open_direct_chat(uuid),
  public.leave_chat(uuid), public.mark_read(uuid, uuid)
  to authenticated;
