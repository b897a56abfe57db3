-- The host has groups, but its helper file does not say so, so the checks would not run.
-- fails: chat.group_participants
create or replace function chat_tests.provides() returns text[]
language sql immutable
return array['friends', 'blocks', 'events', 'moderators', 'rooms'];
