-- Everybody moderates every event.
-- fails: chat.moderated_events
create or replace function chat.moderated_events() returns setof uuid
language plpgsql stable security definer set search_path = ''
as $$
begin
  return query select e.id from example_host.events e;
end
$$;
