-- What is unread in all chats of a person: the badge of an app.

create function public.count_unread() returns json
language plpgsql stable security definer set search_path = ''
-- As chat.chats_of_caller, and as chat.newest_chats: a plan made for nearly empty tables would scan them after they
-- have grown.
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off
as $$
declare
  me constant uuid := auth.uid();
  counts json;
begin
  with
  settings as materialized (select * from chat.settings_of_caller()),
  -- The chats that may have something unread. Most of a person's chats have nothing, and their messages are not looked at.
  open as materialized (
    select p.chat_id, mark.read_to, p.chat_id in (select s.chat_id from settings s where s.is_marked_unread) as is_marked
    from chat.chat_participants p
    -- Without the offsets the planner may begin with all chats.
    cross join lateral (select c.last_message_at from chat.chats c where c.id = p.chat_id offset 0) as room
    cross join lateral (
      select greatest(p.history_from, (
        select r.last_read_at from chat.read_marks r where r.chat_id = p.chat_id and r.user_id = me
      )) as read_to
      offset 0
    ) as mark
    where p.user_id = me and p.left_at is null
      and p.chat_id not in (select s.chat_id from settings s where s.is_muted or s.is_archived)
      and (room.last_message_at > mark.read_to or p.chat_id in (select s.chat_id from settings s where s.is_marked_unread))
  )
  -- 100 means "more than 99". Each count ends there.
  select json_build_object(
    'chats', (
      select count(*) from (
        select from open o
        where o.is_marked or exists (select from chat.unread_messages(o.chat_id, o.read_to, me))
        limit 100
      ) as unread_chats
    ),
    'messages', (
      select count(*) from (
        select from open o cross join lateral chat.unread_messages(o.chat_id, o.read_to, me)
        limit 100
      ) as unread_messages
    ),
    'mentions', (
      select count(*) from (
        select from open o
        -- Without the inner limit the planner may read all mentions of a person.
        cross join lateral (
          select from chat.mentions m where m.chat_id = o.chat_id and m.user_id = me and m.created_at > o.read_to
          limit 100
        ) as unread
        limit 100
      ) as unread_mentions
    )
  ) into counts;
  if not exists (select from chat.chat_participants p where p.user_id = me) then
    perform chat.require_account();
  end if;
  return counts;
end
$$;
comment on function public.count_unread() is
  'How many chats, messages and mentions the caller has not read: {chats, messages, mentions}, each up to 100. Without muted and archived chats.';
