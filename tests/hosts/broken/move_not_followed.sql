-- The chat of a group that moves to another event stays with the old event.
-- fails: chat.move_group
create or replace function example_host.on_groups_updated() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform example_host.open_group_chats(array(select a.id from after a where a.status = 'approved'));
  return null;
end
$$;
