-- The host's interface: what the chat asks the application that it lives in.
--
-- These are stubs: without friends, events or groups nobody can open a chat. A later migration of
-- the host's replaces their bodies (`create or replace function`), and lets triggers on its tables
-- call the functions that `…_chats.sql` has for hosts. `…_example_host.sql` is such a migration;
-- `cargo xtask test host` tells whether another one does what is asked here.
-- All are definer functions: the caller may read none of the host's tables.

create function chat.are_friends(a uuid, b uuid) returns boolean
language sql stable security definer set search_path = ''
as $$ select false $$;
comment on function chat.are_friends(uuid, uuid) is
  'Host: whether two users may open a direct chat. Asked once for each chat that is opened.';

create function chat.is_blocked(a uuid, b uuid) returns boolean
language sql stable security definer set search_path = ''
as $$ select false $$;
comment on function chat.is_blocked(uuid, uuid) is
  'Host: whether either of two users has blocked the other. Asked once at each opening, send, edit, typing and upload in a direct chat.';

create function chat.event_participants(event_id uuid) returns setof uuid
language sql stable security definer set search_path = ''
as $$ select null::uuid where false $$;
comment on function chat.event_participants(uuid) is
  'Host: who belongs to the chat of an event''s authors. Asked when it is opened, and when people are added or removed.';

create function chat.group_participants(group_id uuid) returns setof uuid
language sql stable security definer set search_path = ''
as $$ select null::uuid where false $$;
comment on function chat.group_participants(uuid) is
  'Host: who belongs to the chat of a group. Asked when it is opened, and when people are added or removed.';

create function chat.moderated_events() returns setof uuid
language sql stable security definer set search_path = ''
as $$ select null::uuid where false $$;
comment on function chat.moderated_events() is
  'Host: the events whose chats the caller moderates, where they take part in them. Asked once for each statement.';

