-- Friends of friends count as friends.
-- fails: chat.are_friends
create or replace function chat.are_friends(a uuid, b uuid) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
  return exists (
    select from example_host.friendships f, example_host.friendships g
    where a in (f.user_low, f.user_high) and b in (g.user_low, g.user_high) and f.status = 'accepted' and g.status = 'accepted'
      and array[f.user_low, f.user_high] && array[g.user_low, g.user_high]
  );
end
$$;
