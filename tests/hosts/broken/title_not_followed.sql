-- The chats keep the event's old title.
-- fails: chat.rename_event
create or replace function example_host.on_events_updated() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform example_host.open_event_chats(array(select a.id from after a where a.status = 'published'));
  return null;
end
$$;
