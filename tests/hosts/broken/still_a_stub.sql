-- The helper file says that the host has friends, but the host's migration does not replace the function.
-- fails: chat.are_friends
create or replace function chat.are_friends(a uuid, b uuid) returns boolean
language sql stable security definer set search_path = ''
as $$ select false $$;
