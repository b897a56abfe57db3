-- The chats of the caller, as the API shows them.

-- A page of chats is one statement. Fifty calls of a function for one chat took three times as long.
create function chat.chats_of_caller(chat_ids uuid[]) returns setof json
language plpgsql stable security definer set search_path = ''
-- Postgres makes one plan for all calls. Otherwise it would expect a single chat to be so cheap that it would plan it
-- anew each time, which takes longer than to run it. That one plan expects a chat of average length, and would sort
-- all unread messages of a long chat, although the index has them in order. A plan without sorts looks so expensive
-- that Postgres with LLVM would compile it, which takes 150 ms. A connection keeps its plan until the tables are
-- analyzed again, and a plan made for empty tables would still scan them for each chat after they have grown. For the
-- few participants of a chat, a bitmap takes longer than the index alone.
set plan_cache_mode = force_generic_plan set enable_sort = off set enable_seqscan = off set enable_bitmapscan = off
set jit = off
as $$
declare
  -- A constant, because auth.uid() would parse the claims again for each message that the statement passes.
  me constant uuid := auth.uid();
  this_epoch constant text := chat.epoch();
begin
  return query
    select row_to_json(room)
    from unnest(chat_ids) with ordinality as wanted (id, place)
    -- Without the limit the planner reads all of a person's chats for each chat in the list.
    cross join lateral (
      select p.history_from, p.history_rev, p.joined_at, greatest(r.last_read_at, p.history_from) as read_to
      from chat.chat_participants p
      left join chat.read_marks r on r.chat_id = p.chat_id and r.user_id = p.user_id
      where p.chat_id = wanted.id and p.user_id = me and p.left_at is null
      limit 1
    ) as mine
    join chat.chats c on c.id = wanted.id
    cross join lateral chat.unread(c.id, mine.read_to, me) as unread
    cross join lateral chat.settings_now(c.id, me, mine.joined_at) as s
    cross join lateral (
      select chat.rfc3339(s.muted_until) as "mutedUntil", s.notify, s.archived, s.pinned, s.marked_unread as "markedUnread"
    ) as settings
    cross join lateral (
      select
        c.id,
        c.type,
        c.event_id as "eventId",
        c.group_id as "groupId",
        c.name,
        case c.type
          when 'direct' then array[c.direct_low, c.direct_high]
          else array(
            select p.user_id from chat.chat_participants p
            where p.chat_id = c.id and p.left_at is null
            order by p.joined_at, p.user_id
          )
        end as participants,
        case c.type
          when 'direct' then array(
            select pair.user_id from unnest(array[c.direct_low, c.direct_high]) as pair (user_id)
            where not exists (select from auth.users u where u.id = pair.user_id)
          )
          else '{}'
        end as "goneParticipants",
        chat.rfc3339(c.created_at) as "createdAt",
        chat.rfc3339(c.last_message_at) as "lastMessageAt",
        (
          select shape
          from public.messages m
          cross join lateral chat.to_last_message(m) as shape
          where m.chat_id = c.id and m.created_at > mine.history_from and m.deleted_at is null
          order by m.created_at desc
          limit 1
        ) as "lastMessage",
        unread.messages as "unreadCount",
        -- Without unread messages there is nothing to look for.
        case when unread.messages = 0 then 0 else (
          select mentions.messages from chat.unread_mentions(c.id, mine.read_to, me) as mentions
        ) end as "unreadMentions",
        row_to_json(settings) as settings,
        chat.rfc3339(nullif(mine.read_to, '-infinity')) as "lastReadAt",
        c.rev,
        mine.history_rev as "historyRev",
        this_epoch as epoch,
        chat.topic('chat', c.id, c.topic_version) as topic
    ) as room
    order by wanted.place;
end
$$;
comment on function chat.chats_of_caller(uuid[]) is
  'The shape of Chat: those of the chats in which the caller is a participant, in the order of the list.';

create function chat.list_position(from_xid text, more text[] default '{}') returns text
language sql stable parallel safe
return chat.cursor(variadic array['list', chat.epoch(), from_xid] || more);
comment on function chat.list_position(text, text[]) is
  'A position in the changes of the list of chats: everything that the transactions before this one have changed is known.';

-- Under RLS, a look at each chat of a person would look for the person's participation again.
create function chat.newest_chats(
  row_limit integer, before_activity timestamptz, before_id uuid, are_archived boolean
) returns table (chat_id uuid, activity timestamptz)
language plpgsql stable security definer set search_path = ''
-- As chat.chats_of_caller: a plan made for nearly empty tables took 4 s with 6,000 chats.
set enable_seqscan = off set jit = off
as $$
declare
  me constant uuid := auth.uid();
begin
  return query
    select c.id, c.activity
    from chat.chat_participants p
    -- Without the offset the planner begins with all chats.
    cross join lateral (
      select c.id, coalesce(c.last_message_at, c.created_at) as activity
      from chat.chats c where c.id = p.chat_id
      offset 0
    ) as c
    where p.user_id = me and p.left_at is null
      and (p.chat_id in (select s.chat_id from chat.settings_of_caller() s where s.is_archived)) = are_archived
      and (before_activity is null or (c.activity, c.id) < (before_activity, before_id))
    order by c.activity desc, c.id desc
    limit row_limit;
end
$$;
comment on function chat.newest_chats(integer, timestamptz, uuid, boolean) is
  'The chats of the caller, newest activity first: those that the caller has archived, or the others.';

create function public.list_chats(
  page_limit integer default 50, before_activity timestamptz default null, before_id uuid default null,
  archived boolean default false
) returns json
language plpgsql stable security invoker set search_path = ''
as $$
declare
  data json;
  next_cursor text;
begin
  perform chat.check_page_limit(page_limit);
  with page as materialized (
    select * from chat.newest_chats(page_limit + 1, before_activity, before_id, coalesce(archived, false))
  ),
  shown as materialized (
    select p.chat_id as id, p.activity from page p order by p.activity desc, p.chat_id desc limit page_limit
  )
  select
    (
      select json_agg(room)
      from chat.chats_of_caller(array(select s.id from shown s order by s.activity desc, s.id desc)) as room
    ),
    (
      select chat.cursor('chats', chat.rfc3339(s.activity), s.id::text)
      from shown s
      where (select count(*) from page) > page_limit
      order by s.activity, s.id
      limit 1
    )
  into data, next_cursor;
  if data is null then
    perform chat.require_account();
  end if;
  return json_build_object(
    'data', coalesce(data, '[]'), 'nextCursor', next_cursor,
    'since', case when before_activity is null then
      chat.list_position(pg_snapshot_xmin(pg_current_snapshot())::text) end
  );
end
$$;
comment on function public.list_chats(integer, timestamptz, uuid, boolean) is
  'A page of the caller''s chats, newest activity first: {data: [Chat], nextCursor, since}. Those that the caller has archived, or the others. since is the position before the first page, for list_changed_chats.';

create function public.get_chat(chat_id uuid) returns json
language plpgsql stable security invoker set search_path = ''
as $$
begin
  perform chat.require_participant(chat_id);
  return (
    select room
    from chat.chats c cross join chat.chats_of_caller(array[c.id]) as room
    where c.id = get_chat.chat_id
  );
end
$$;
comment on function public.get_chat(uuid) is 'One of the caller''s chats: Chat.';
