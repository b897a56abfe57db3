-- Settings: what a person has chosen for one of their chats. Nobody else sees them.
--
-- A chat without a row here has the defaults. A send writes nothing here: whether a message has ended `archived` is
-- computed on reading.

create table chat.participant_settings (
  user_id uuid not null,
  chat_id uuid not null,
  muted_until timestamptz,
  notify text not null default 'all',
  joined_at timestamptz not null,
  archived_to timestamptz,
  pinned boolean not null default false,
  marked_unread boolean not null default false,
  changed_in xid8 not null default pg_current_xact_id(),
  primary key (user_id, chat_id),
  foreign key (user_id, chat_id) references chat.chat_participants (user_id, chat_id) on delete cascade,
  constraint participant_settings_notify_is_known check (notify in ('all', 'mentions', 'none'))
);
comment on table chat.participant_settings is
  'What people have chosen for their chats. A row is read by chat.settings_now, because some of it may have ended.';
comment on column chat.participant_settings.joined_at is
  'The joined_at of the participation to which the next three belong. For a person who has come back they begin anew.';
comment on column chat.participant_settings.archived_to is
  'The chat''s last_message_at when the chat was archived. Not a time of day: a send in progress then ends the archiving.';
alter table chat.participant_settings enable row level security;
alter table chat.participant_settings force row level security;

create trigger _000_note_change
  before insert or update on chat.participant_settings
  for each row execute function chat.note_change();
alter table chat.participant_settings enable always trigger _000_note_change;

-- Reading ----------------------------------------------------------------------

create function chat.settings_now(chat_id uuid, reader uuid, joined_at timestamptz)
returns table (muted_until timestamptz, notify text, archived boolean, pinned boolean, marked_unread boolean)
language sql stable rows 1
begin atomic
  select
    case when s.muted_until > clock_timestamp() then s.muted_until end,
    coalesce(s.notify, 'all'),
    s.archived_to is not null and s.joined_at = settings_now.joined_at and not exists (
      select from public.messages m
      where m.chat_id = settings_now.chat_id and m.created_at > greatest(s.archived_to, s.muted_until)
        and m.sender_id <> reader
    ),
    coalesce(s.pinned and s.joined_at = settings_now.joined_at, false),
    coalesce(s.marked_unread and s.joined_at = settings_now.joined_at, false)
  from (values (settings_now.chat_id)) as asked (chat_id)
  left join chat.participant_settings s on s.chat_id = asked.chat_id and s.user_id = reader;
end;
comment on function chat.settings_now(uuid, uuid, timestamptz) is
  'The settings of a participant who joined at this time. A message of somebody else after archived_to has ended archived, unless it came while the chat was muted. Returns a table of one row, because the planner inlines only such a function.';

create function chat.settings_of_caller()
returns table (chat_id uuid, is_muted boolean, is_archived boolean, is_marked_unread boolean)
language plpgsql stable security definer set search_path = ''
-- As chat.newest_chats, which calls this: a plan made for nearly empty tables would scan them after they have grown.
set enable_seqscan = off set jit = off
as $$
begin
  return query
    select s.chat_id, settings.muted_until is not null, settings.archived, settings.marked_unread
    from chat.participant_settings s
    join chat.chat_participants p on p.chat_id = s.chat_id and p.user_id = s.user_id and p.left_at is null
    cross join lateral chat.settings_now(s.chat_id, s.user_id, p.joined_at) as settings
    where s.user_id = auth.uid();
end
$$;
comment on function chat.settings_of_caller() is
  'The caller''s settings for the chats for which they have ever changed one.';

-- Writing ----------------------------------------------------------------------

create function chat.announce_settings(room json) returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  perform chat.broadcast(array[
    row(chat.topic('user', auth.uid()), 'chat.updated', jsonb_build_object(
      'chatId', room -> 'id', 'rev', room -> 'rev', 'kind', 'settings', 'settings', room -> 'settings',
      'unreadCount', room -> 'unreadCount', 'unreadMentions', room -> 'unreadMentions'
    ))
  ]::chat.notice[]);
end
$$;
comment on function chat.announce_settings(json) is
  'Broadcasts the settings of a Chat to the caller''s own devices, with what is unread, for the app''s badge.';

create function chat.end_marked_unread(chat_id uuid) returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  update chat.participant_settings s set marked_unread = false
  where s.chat_id = end_marked_unread.chat_id and s.user_id = auth.uid() and s.marked_unread;
  if found then
    perform chat.announce_settings(room) from chat.chats_of_caller(array[chat_id]) as room;
  end if;
end
$$;
comment on function chat.end_marked_unread(uuid) is 'Ends the caller''s setting marked_unread for a chat.';

create function public.change_chat_settings(
  chat_id uuid, muted_until timestamptz default '-infinity', notify text default null, archived boolean default null,
  pinned boolean default null, marked_unread boolean default null
) returns json
language plpgsql volatile security definer set search_path = '' set statement_timeout = '3s'
as $$
declare
  me constant uuid := auth.uid();
  mine chat.chat_participants;
  last_message_at timestamptz;
  before record;
  after record;
  room json;
begin
  perform chat.refuse_filters();
  if muted_until > '9999-12-31T23:59:59.999999Z' then
    perform chat.refuse_field('mutedUntil', 'must be before the year 10000');
  elsif notify not in ('all', 'mentions', 'none') then
    perform chat.refuse_field('notify', 'must be "all", "mentions" or "none"');
  end if;

  -- With this lock, two changes of one person's settings for one chat follow each other. It does not wait for the
  -- chat's lock, so nobody can delay a chat by their settings.
  select p.* into mine
  from chat.chat_participants p
  where p.chat_id = change_chat_settings.chat_id and p.user_id = me and p.left_at is null
  for no key update;
  if not found then
    perform chat.require_participant(chat_id);
  end if;

  -- last_message_at is read before the messages. So a message that this does not see yet is later than it.
  select c.last_message_at into last_message_at from chat.chats c where c.id = mine.chat_id;
  select s.* into before from chat.settings_now(mine.chat_id, me, mine.joined_at) as s;
  after := before;
  -- A time that has passed mutes nothing.
  after.muted_until := case
    when muted_until = '-infinity' then before.muted_until
    when muted_until > clock_timestamp() then muted_until
  end;
  after.notify := coalesce(notify, before.notify);
  after.archived := coalesce(archived, before.archived);
  after.pinned := coalesce(pinned, before.pinned);
  after.marked_unread := coalesce(marked_unread, before.marked_unread);

  if after is distinct from before then
    perform chat.charge('settings');
    insert into chat.participant_settings as s (
      user_id, chat_id, muted_until, notify, joined_at, archived_to, pinned, marked_unread
    )
    values (
      me, mine.chat_id, after.muted_until, after.notify, mine.joined_at,
      -- What has come until now has not ended the archiving, and so never will.
      case when after.archived then coalesce(last_message_at, '-infinity') end, after.pinned, after.marked_unread
    )
    on conflict on constraint participant_settings_pkey do update set
      muted_until = excluded.muted_until, notify = excluded.notify, joined_at = excluded.joined_at,
      archived_to = excluded.archived_to, pinned = excluded.pinned, marked_unread = excluded.marked_unread;
  end if;

  room := (select shape from chat.chats_of_caller(array[mine.chat_id]) as shape);
  if after is distinct from before then
    perform chat.announce_settings(room);
  end if;
  return room;
end
$$;
comment on function public.change_chat_settings(uuid, timestamptz, text, boolean, boolean, boolean) is
  'Changes the caller''s settings for a chat: Chat. Null keeps a setting; muted_until is kept by -infinity, and null ends the muting.';
