-- A friendship counts only for one of the two people.
-- fails: chat.are_friends
create or replace function chat.are_friends(a uuid, b uuid) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
  return exists (select from example_host.friendships f where f.user_low = a and f.user_high = b and f.status = 'accepted');
end
$$;
