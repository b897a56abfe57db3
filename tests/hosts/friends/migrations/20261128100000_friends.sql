-- The smallest host: friends, and nothing else.
create table public.friends (
  user_id uuid references auth.users (id) on delete cascade,
  friend_id uuid references auth.users (id) on delete cascade,
  primary key (user_id, friend_id)
);
comment on table public.friends is 'One row for each friendship, in the direction of the request.';
create index friends_friend_id_idx on public.friends (friend_id);
alter table public.friends enable row level security;
revoke all on public.friends from public, anon, authenticated;

create or replace function chat.are_friends(a uuid, b uuid) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
  return exists (
    select from public.friends f where (f.user_id, f.friend_id) in ((a, b), (b, a))
  );
end
$$;
