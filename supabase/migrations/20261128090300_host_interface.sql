-- The host's interface: what the chat asks the application in which it is installed.
--
-- These functions are stubs. Without friends, events or groups, nobody can open a chat. The host has a later
-- migration that replaces their bodies (`create or replace function`), and triggers on its tables that call the
-- functions of `…_event_chats.sql`. `…_example_host.sql` is such a migration. `cargo xtask test host` checks
-- whether a host does what is asked here.
-- All are security definer functions, because the caller may not read the host's tables.

create function chat.are_friends(a uuid, b uuid) returns boolean
language sql stable security definer set search_path = ''
as $$ select false $$;
comment on function chat.are_friends(uuid, uuid) is
  'Host: whether two users may open a direct chat. Called once for each new direct chat.';

create function chat.is_blocked(a uuid, b uuid) returns boolean
language sql stable security definer set search_path = ''
as $$ select false $$;
comment on function chat.is_blocked(uuid, uuid) is
  'Host: whether one of two users has blocked the other. Called once for each opening, send, edit, reaction, typing event and upload in a direct chat.';

create function chat.event_participants(event_id uuid) returns setof uuid
language sql stable security definer set search_path = ''
as $$ select null::uuid where false $$;
comment on function chat.event_participants(uuid) is
  'Host: who belongs to the chat of an event''s authors. Called when the chat is opened, and when people are added or removed.';

create function chat.group_participants(group_id uuid) returns setof uuid
language sql stable security definer set search_path = ''
as $$ select null::uuid where false $$;
comment on function chat.group_participants(uuid) is
  'Host: who belongs to the chat of a group. Called when the chat is opened, and when people are added or removed.';

create function chat.moderated_events() returns setof uuid
language sql stable security definer set search_path = ''
as $$ select null::uuid where false $$;
comment on function chat.moderated_events() is
  'Host: the events whose chats the caller moderates, if the caller is a participant of them. Called once for each statement.';
