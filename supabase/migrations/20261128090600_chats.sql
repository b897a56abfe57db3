-- Chats and their participants: the tables, their policies, and their locks.
--
-- Every statement takes its locks in this order: rows of the host, the sources of chats (events and groups), chats
-- by id, then rows of people. A function that locks no chat takes rows of people in the order participants,
-- allowances, read marks, settings. A statement about several chats first locks all of them, sorted. A function that
-- changes a row of chat_participants holds the lock of its chat.

-- On hosted Supabase, a statement about a policy locks all tables of auth, storage and realtime until the
-- transaction ends. While it waits for one of these locks, all requests wait behind it.
set local lock_timeout = '5s';

create type chat.chat_type as enum ('direct', 'event_authors', 'approved_group');
comment on type chat.chat_type is 'The kinds of chats: of two friends, of the authors of an event, of an approved group.';

-- Tables ---------------------------------------------------------------------

create table chat.chats (
  id uuid primary key default gen_random_uuid(),
  type chat.chat_type not null,
  event_id uuid,
  group_id uuid,
  name text,
  created_at timestamptz not null default clock_timestamp(),
  last_message_at timestamptz,
  rev bigint not null default 0,
  topic_version integer not null default 0,
  direct_low uuid,
  direct_high uuid,
  lost_account boolean not null default false,
  changed_in xid8 not null default pg_current_xact_id(),
  constraint chats_one_a_pair unique (direct_low, direct_high),
  constraint chats_one_a_group unique (group_id),
  constraint chats_type_has_its_columns check (
    case type
      when 'direct' then
        direct_low is not null and direct_high is not null and direct_low < direct_high
        and event_id is null and group_id is null and name is null
      when 'event_authors' then
        event_id is not null and name is not null
        and group_id is null and direct_low is null and direct_high is null
      when 'approved_group' then
        event_id is not null and group_id is not null and name is not null
        and direct_low is null and direct_high is null
    end
  )
)
-- Each send updates its chat's row. Free space in the page keeps that a heap-only update.
with (fillfactor = 80);
comment on table chat.chats is 'Conversations. rev counts the creations, edits and deletions of messages, without gaps.';
comment on column chat.chats.last_message_at is
  'When the last message was sent. It never moves back, so each message has its own created_at, later than those before it.';
comment on column chat.chats.topic_version is
  'Increased when a person leaves or is removed. It is part of the topic of the chat''s Realtime channel.';
comment on column chat.chats.lost_account is 'Whether an account of a direct chat''s pair has ever been deleted.';
comment on column chat.chats.changed_in is
  'The transaction that last changed the row: chat.note_change.';
comment on column chat.chats.direct_low is 'The smaller id of a direct chat''s pair.';
create unique index chats_one_authors_chat_an_event on chat.chats (event_id) where type = 'event_authors';
create index chats_event_id_idx on chat.chats (event_id);

create table chat.chat_participants (
  chat_id uuid not null references chat.chats (id) on delete cascade,
  -- No foreign key: its check of the account would wait for a deletion of the account that waits for the chat.
  -- The trigger on auth.users removes the rows of deleted accounts.
  user_id uuid not null,
  joined_at timestamptz not null default clock_timestamp(),
  left_at timestamptz,
  history_from timestamptz not null default '-infinity',
  history_rev bigint not null default 0,
  changed_in xid8 not null default pg_current_xact_id(),
  primary key (chat_id, user_id)
)
-- Vacuum marks pages as all-visible. Until then, policies have to read the rows themselves.
with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);
comment on table chat.chat_participants is
  'The participants of chats. A row with left_at is of a former participant. A row changes when a person joins or leaves, never at a send or a reading. So most of its pages are all-visible, and policies read only its index.';
comment on column chat.chat_participants.history_from is
  'The participant sees the messages that were created after this. Leaving a direct chat moves it to the last message.';
comment on column chat.chat_participants.history_rev is
  'The chat''s rev when history_from was moved. Every message that the participant sees has a greater rev.';
create index chat_participants_of_user_idx on chat.chat_participants (user_id, left_at, chat_id)
  include (history_from, changed_in);
-- Few rows have a start of history, so the check whether one hides a message costs almost nothing.
create index chat_participants_with_history_idx on chat.chat_participants (user_id, chat_id, history_from)
  where left_at is null and history_from > '-infinity';

-- Changes --------------------------------------------------------------------
-- `…_list_changes.sql` finds by changed_in what has changed in the list of a person.

create function chat.note_change() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  new.changed_in := pg_current_xact_id();
  return new;
end
$$;
comment on function chat.note_change() is
  'Sets changed_in of a row to the transaction that writes it. A row trigger, because it changes the row itself; it takes no lock.';

-- Always: also while rows are loaded from a dump. The transactions in a dump are those of another cluster.
create trigger _000_note_change
  before insert or update on chat.chats
  for each row execute function chat.note_change();
alter table chat.chats enable always trigger _000_note_change;
create trigger _000_note_change
  before insert or update on chat.chat_participants
  for each row execute function chat.note_change();
alter table chat.chat_participants enable always trigger _000_note_change;

create function chat.touch_chat(chat_id uuid) returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  update chat.chats c set changed_in = default where c.id = touch_chat.chat_id;
end
$$;
comment on function chat.touch_chat(uuid) is
  'Notes a change of the chat that is in no column of it, such as a new participant. The caller holds the chat''s lock.';

-- Row-level security ---------------------------------------------------------
-- A person sees only their own rows of chat_participants, so no policy has to read the table that it protects.
-- chat.chats_of_caller gives the other participants.

alter table chat.chats enable row level security;
alter table chat.chats force row level security;
alter table chat.chat_participants enable row level security;
alter table chat.chat_participants force row level security;

create policy "people see their own participation"
  on chat.chat_participants for select to authenticated
  using (user_id = (select auth.uid()));

create policy "participants see their chats"
  on chat.chats for select to authenticated
  using (exists (
    select from chat.chat_participants me
    where me.chat_id = chats.id and me.user_id = (select auth.uid()) and me.left_at is null
    -- Without the offset the planner may read all chats of the caller to show one of them.
    offset 0
  ));

-- Locks ----------------------------------------------------------------------

create function chat.lock_chats(chat_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  perform from chat.chats c where c.id = any (chat_ids) order by c.id for no key update;
end
$$;
comment on function chat.lock_chats(uuid[]) is 'Locks chats in the order of their ids, as every other statement does.';

create function chat.lock_sources(sources uuid[]) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  bucket integer;
begin
  -- A source may not have a chat yet. With an advisory lock, its opening and a change of its people wait for each
  -- other. There are 1,024 of these locks, so a statement about thousands of groups does not fill the lock table.
  for bucket in
    select distinct hashtext(source::text) & 1023 as b from unnest(sources) as source where source is not null order by b
  loop
    perform pg_advisory_xact_lock(hashtext('chat.lock_sources'), bucket);
  end loop;
end
$$;
comment on function chat.lock_sources(uuid[]) is
  'Locks events and groups until the transaction ends. Every function that opens or changes their chats takes this lock.';

create function chat.lock_chats_of(sources uuid[]) returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  perform chat.lock_sources(sources);
  perform chat.lock_chats(array(
    select c.id from chat.chats c where c.event_id = any (sources) or c.group_id = any (sources)
  ));
end
$$;
comment on function chat.lock_chats_of(uuid[]) is
  'Host: locks events and groups, and then all their chats. A statement trigger calls it first, with all sources of its statement.';
