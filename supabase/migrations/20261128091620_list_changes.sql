-- The list's changes: how a client learns what has changed in its list of chats.
--
-- A position is the oldest transaction that was running when it was given. What this one and later ones have changed is
-- told after it, also what they commit later. Rows have the transaction that last wrote them, in changed_in. A send
-- writes the chat's row anyway, so no participant needs a row for it. What only one person sees is in their own rows:
-- participation, read mark, settings.

-- Chats that are gone ------------------------------------------------------------

create table chat.gone_chats (
  user_id uuid not null,
  chat_id uuid not null,
  changed_in xid8 not null default pg_current_xact_id(),
  primary key (user_id, chat_id)
);
comment on table chat.gone_chats is
  'The deleted chats of each person: a deletion of a chat removes its participants, and with them what says that the chat was theirs.';
alter table chat.gone_chats enable row level security;
alter table chat.gone_chats force row level security;

create trigger _000_note_change
  before insert or update on chat.gone_chats
  for each row execute function chat.note_change();
alter table chat.gone_chats enable always trigger _000_note_change;

-- Participants -------------------------------------------------------------------
-- Who takes part in a chat is in no column of it. The statements that change participants hold the locks of the chats.

create function chat.note_added() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  -- A new chat is noted already. In a direct chat, only a row that was missing is added: the person's account was
  -- deleted and restored, so for the other person they are not gone any more.
  perform chat.touch_chat(c.id)
  from (select distinct a.chat_id as id from added a order by a.chat_id) as c
  where exists (select from chat.chats known where known.id = c.id and known.changed_in <> pg_current_xact_id());
  return null;
end
$$;
comment on function chat.note_added() is 'Notes new participants as a change of their chat.';

create function chat.note_come_and_gone() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  -- The other person of a direct chat does not learn of it.
  perform chat.touch_chat(c.id)
  from (
    select distinct a.chat_id as id
    from after a join before b on b.chat_id = a.chat_id and b.user_id = a.user_id
    where (a.left_at is null) <> (b.left_at is null)
    order by a.chat_id
  ) as c
  where exists (select from chat.chats known where known.id = c.id and known.type <> 'direct');
  return null;
end
$$;
comment on function chat.note_come_and_gone() is 'Notes people who left a group or came back as a change of its chat.';

create function chat.note_deleted() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  -- A deleted account is gone for the other person of its direct chats, also of those that it had left.
  update chat.chats c set lost_account = true
  where c.type = 'direct' and c.id in (select d.chat_id from deleted d);
  insert into chat.gone_chats (user_id, chat_id)
  select d.user_id, d.chat_id from deleted d where exists (select from auth.users u where u.id = d.user_id)
  on conflict (user_id, chat_id) do update set changed_in = default;
  return null;
end
$$;
comment on function chat.note_deleted() is
  'Notes a deleted account as a change of its direct chats, and a deleted chat as gone for people whose account is still there.';

create trigger _050_note_added
  after insert on chat.chat_participants
  referencing new table as added
  for each statement execute function chat.note_added();
create trigger _050_note_come_and_gone
  after update on chat.chat_participants
  referencing old table as before new table as after
  for each statement execute function chat.note_come_and_gone();
create trigger _050_note_deleted
  after delete on chat.chat_participants
  referencing old table as deleted
  for each statement execute function chat.note_deleted();

-- The API ------------------------------------------------------------------------

create function chat.is_restored_pair(room chat.chats) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
  return exists (
    select from auth.users u
    where u.id in (room.direct_low, room.direct_high) and not exists (
      select from chat.chat_participants p where p.chat_id = room.id and p.user_id = u.id
    )
  );
end
$$;
comment on function chat.is_restored_pair(chat.chats) is
  'Whether an account of a direct chat was deleted and restored, and does not take part again yet. No row of the chat''s has changed in the restoration, so such a chat always counts as changed.';

create function chat.changed_chats(since xid8, after_id uuid, row_limit integer)
returns table (chat_id uuid, is_gone boolean)
language plpgsql stable security definer set search_path = ''
-- As chat.newest_chats: a plan made for nearly empty tables would scan them after they have grown. And no row is looked
-- for twice here, so remembering them only costs.
set enable_seqscan = off set enable_memoize = off set jit = off
as $$
declare
  me constant uuid := auth.uid();
  -- A change in this transaction may be later than the snapshot.
  latest constant xid8 := greatest(pg_snapshot_xmax(pg_current_snapshot()), pg_current_xact_id_if_assigned());
begin
  return query
    select found.chat_id, found.is_gone
    from (
      select p.chat_id, p.left_at is not null as is_gone
      from chat.chat_participants p
      -- Without the offsets the planner may begin with all chats.
      left join lateral (
        select c.changed_in between since and latest or c.lost_account and chat.is_restored_pair(c) as has_changed
        from chat.chats c where c.id = p.chat_id and p.left_at is null
        offset 0
      ) as room on true
      left join lateral (
        select r.changed_in between since and latest as has_changed
        from chat.read_marks r where r.chat_id = p.chat_id and r.user_id = me and p.left_at is null
        offset 0
      ) as mark on true
      where p.user_id = me and (
        p.changed_in between since and latest or room.has_changed or mark.has_changed
        or p.left_at is null and p.chat_id in (
          select s.chat_id from chat.participant_settings s
          where s.user_id = me and s.changed_in between since and latest
        )
      )
      union all
      select g.chat_id, true
      from chat.gone_chats g
      where g.user_id = me and g.changed_in between since and latest
        -- Somebody has put the deleted chat back.
        and not exists (select from chat.chat_participants p where p.chat_id = g.chat_id and p.user_id = me)
    ) as found
    where after_id is null or found.chat_id > after_id
    order by found.chat_id
    limit row_limit;
end
$$;
comment on function chat.changed_chats(xid8, uuid, integer) is
  'The chats of the caller that a transaction from since on has changed, and those in which the caller does not take part any more.';

create function public.list_changed_chats(
  epoch text, since bigint, page_limit integer default 50, next_since bigint default null, after_id uuid default null
) returns json
language plpgsql stable security invoker set search_path = ''
as $$
declare
  snapshot constant pg_snapshot := pg_current_snapshot();
  -- A delta of several pages ends where its first page began: a chat may change after its page was read.
  next_position constant text := coalesce(next_since::text, pg_snapshot_xmin(snapshot)::text);
  has_more boolean;
  changed uuid[];
  gone uuid[];
  last_id uuid;
  data json;
begin
  perform chat.check_page_limit(page_limit);
  if since is null or since < 0 or (next_since is null) <> (after_id is null) or next_since < 0 then
    perform chat.refuse_request('since must be 0 or more, and next_since and after_id must be both or neither');
  end if;
  -- This database has not given out the position.
  if epoch is distinct from chat.epoch() or since > pg_snapshot_xmax(snapshot)::text::bigint then
    perform chat.refuse_position();
  end if;

  with page as materialized (
    select * from chat.changed_chats(since::text::xid8, after_id, page_limit + 1)
  ),
  shown as materialized (select * from page p order by p.chat_id limit page_limit)
  select
    (select count(*) from page) > page_limit,
    array(select s.chat_id from shown s where not s.is_gone order by s.chat_id),
    array(select s.chat_id from shown s where s.is_gone order by s.chat_id),
    (select s.chat_id from shown s order by s.chat_id desc limit 1)
  into has_more, changed, gone, last_id;
  if changed <> '{}' then
    data := (select json_agg(room) from chat.chats_of_caller(changed) as room);
  elsif gone = '{}' then
    perform chat.require_account();
  end if;
  return json_build_object(
    'data', coalesce(data, '[]'),
    'gone', gone,
    'since', case when has_more then chat.list_position(since::text, array[next_position, last_id::text])
      else chat.list_position(next_position) end,
    'hasMore', has_more
  );
end
$$;
comment on function public.list_changed_chats(text, bigint, integer, bigint, uuid) is
  'What has changed in the caller''s list of chats since a position: {data: [Chat], gone: [chat_id], since, hasMore}. since is the next position.';
