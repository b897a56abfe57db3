-- Publishing does not open a chat, so the later checks fail too.
-- fails: chat.open_event_chat
-- fails: chat.follow_people
-- fails: chat.rename_event
-- fails: chat.moderated_events
-- fails: chat.open_group_chat
-- fails: chat.remove_sources
-- fails: auth.users
create or replace function example_host.open_event_chats(events uuid[]) returns void
language sql security definer set search_path = ''
as $$ select $$;
