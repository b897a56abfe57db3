-- A row trigger calls the chat for each row, through another function.
-- fails: chat.lock_chats_of
create function example_host.follow_author(event_id uuid, user_id uuid) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform chat.follow_people(array[row(event_id, user_id)::chat.membership], '{}');
end
$$;
create function example_host.on_each_author() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform example_host.follow_author(new.event_id, new.user_id);
  return null;
end
$$;
drop trigger _100_follow_added on example_host.event_authors;
create trigger _100_follow_each after insert on example_host.event_authors
  for each row execute function example_host.on_each_author();
