-- The host application's side: friends, events, authors, groups. A project that has such
-- tables of its own leaves this migration out and fits `…_adapter.sql` to them; nothing
-- else in the chat knows these names.
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
