-- An unknown id raises an error.
-- fails: chat.event_participants
create or replace function chat.event_participants(event_id uuid) returns setof uuid
language plpgsql stable security definer set search_path = ''
as $$
begin
  perform from example_host.events e where e.id = event_participants.event_id;
  if not found then
    raise exception 'there is no such event';
  end if;
  return query select a.user_id from example_host.event_authors a where a.event_id = event_participants.event_id;
end
$$;
