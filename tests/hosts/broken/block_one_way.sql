-- A block counts only for the blocked person.
-- fails: chat.is_blocked
create or replace function chat.is_blocked(a uuid, b uuid) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
  return exists (
    select from example_host.friendships f
    where f.user_low = least(a, b) and f.user_high = greatest(a, b) and f.status = 'blocked' and f.requested_by = b
  );
end
$$;
