-- Reading messages: one of them, and the pages and windows of a chat.

create function public.get_message(chat_id uuid, message_id uuid) returns json
language plpgsql stable security invoker set search_path = ''
as $$
declare
  moderator constant boolean := chat.is_moderator(chat_id);
  message constant public.messages := chat.find_message(chat_id, message_id, moderator);
begin
  return (select shape from chat.to_message(message, auth.uid(), moderator) as shape);
end
$$;
comment on function public.get_message(uuid, uuid) is 'One message: Message. Moderators also get a deleted one.';

create function chat.first_unread(chat_id uuid) returns timestamptz
language plpgsql stable security definer set search_path = ''
set enable_sort = off set enable_seqscan = off set jit = off
as $$
declare
  me constant uuid := auth.uid();
  read_to timestamptz;
begin
  select greatest(r.last_read_at, p.history_from) into read_to
  from chat.chat_participants p
  left join chat.read_marks r on r.chat_id = p.chat_id and r.user_id = p.user_id
  where p.chat_id = first_unread.chat_id and p.user_id = me and p.left_at is null;
  return (
    select m.created_at
    from public.messages m
    where m.chat_id = first_unread.chat_id and m.created_at > read_to and m.sender_id <> me and m.deleted_at is null
    order by m.created_at
    limit 1
  );
end
$$;
comment on function chat.first_unread(uuid) is
  'When the oldest message was sent that the caller has not read, as chat.unread counts them. Null if there is none.';

-- Under RLS, this would also read all chats of the caller. Two statements, as in list_messages.
create function chat.times_after(chat_id uuid, point timestamptz, row_limit integer, moderator boolean)
returns timestamptz[]
language plpgsql stable security definer set search_path = ''
set enable_sort = off set enable_seqscan = off set jit = off
as $$
declare
  start timestamptz;
begin
  select greatest(point, me.history_from) into start
  from chat.chat_participants me
  where me.chat_id = times_after.chat_id and me.user_id = auth.uid() and me.left_at is null;
  if moderator and chat.is_moderator(chat_id) then
    return array(
      select m.created_at
      from public.messages m
      where m.chat_id = times_after.chat_id and m.created_at > start
      order by m.created_at
      limit row_limit
    );
  end if;
  return array(
    select m.created_at
    from public.messages m
    where m.chat_id = times_after.chat_id and m.created_at > start and m.deleted_at is null
    order by m.created_at
    limit row_limit
  );
end
$$;
comment on function chat.times_after(uuid, timestamptz, integer, boolean) is
  'When the next messages after a point of time were sent that the caller may read.';

-- A window has newer messages than a point of time, and older ones: those up to the point. A page is a window with one
-- side. One more message is looked for on each side, which tells whether there is more. On a page by `before`, the newer
-- one is the message at that time, so that both sides are one range.
create function public.list_messages(
  chat_id uuid, page_limit integer default 50, before timestamptz default null, after timestamptz default null,
  around uuid default null, around_unread boolean default false
) returns json
language plpgsql stable security invoker set search_path = ''
-- Postgres makes one plan for all calls. Otherwise it would plan a short page, and every page of a long chat, anew for
-- each call. The plan never sorts a chat, because the index has its messages in order, also when it was made for a
-- nearly empty table.
set plan_cache_mode = force_generic_plan set enable_sort = off set enable_seqscan = off set jit = off
as $$
declare
  me constant uuid := auth.uid();
  moderator constant boolean := chat.is_moderator(chat_id);
  tick constant interval := make_interval(secs => 0.000001);
  point timestamptz := coalesce(before, after, 'infinity');
  newer_limit integer := case when after is null then 0 else page_limit end;
  older_limit integer := page_limit - newer_limit;
  newer_at timestamptz[] := array[]::timestamptz[];
  has_newer boolean := false;
  newest timestamptz;
  messages json[];
  times timestamptz[];
  count integer;
  row_limit integer;
  first integer := 1;
begin
  perform chat.check_page_limit(page_limit);
  if num_nonnulls(before, after, around, nullif(around_unread, false)) > 1 then
    perform chat.refuse_request('only one of before, after, around and around_unread may be given');
  elsif not isfinite(coalesce(before, after, 'epoch')) then
    perform chat.refuse_request('before and after must be finite');
  end if;
  perform chat.require_participant(chat_id);

  if around is not null then
    point := (chat.find_message(chat_id, around, moderator)).created_at;
  elsif around_unread then
    point := coalesce(chat.first_unread(chat_id), 'infinity');
  end if;
  if around is not null or around_unread and point < 'infinity' then
    newer_limit := (page_limit - 1) / 2;
    older_limit := page_limit - newer_limit;
  end if;

  -- Only the index is read here. Reading the messages of both sides in two statements took an eighth longer.
  if before is null and point < 'infinity' then
    newer_at := chat.times_after(chat_id, point, newer_limit + 1, moderator);
    has_newer := cardinality(newer_at) > newer_limit;
    newer_at := newer_at[:newer_limit];
  end if;
  count := cardinality(newer_at) + older_limit;
  row_limit := count + case when before is null then 1 else 2 end;
  newest := coalesce(newer_at[cardinality(newer_at)], point);

  -- Two statements, because the index skips deleted messages only where the condition is a constant.
  if moderator then
    select array_agg(page.message), array_agg(page.created_at) into messages, times
    from (
      select m.created_at, shape as message
      from public.messages m
      cross join lateral chat.to_message(m, me, true) as shape
      where m.chat_id = list_messages.chat_id and m.created_at <= newest
      order by m.created_at desc
      limit row_limit
    ) as page;
  else
    select array_agg(page.message), array_agg(page.created_at) into messages, times
    from (
      select m.created_at, shape as message
      from public.messages m
      cross join lateral chat.to_message(m, me, false) as shape
      where m.chat_id = list_messages.chat_id and m.created_at <= newest and m.deleted_at is null
      order by m.created_at desc
      limit row_limit
    ) as page;
  end if;

  if times[1] = before then
    has_newer := true;
    first := 2;
  elsif before is not null then
    -- No message is at that time, or it has been deleted.
    has_newer := cardinality(chat.times_after(chat_id, before, 1, moderator)) > 0;
  end if;

  return json_build_object(
    'data', coalesce(array_to_json(messages[first:first + count - 1]), '[]'),
    'nextCursor', case when cardinality(times) >= first + count then
      chat.cursor('messages', chat_id::text, chat.rfc3339(coalesce(times[first + count - 1], point + tick))) end,
    'prevCursor', case when has_newer then
      chat.cursor('newer-messages', chat_id::text, chat.rfc3339(coalesce(times[first], before - tick, point))) end
  );
end
$$;
comment on function public.list_messages(uuid, integer, timestamptz, timestamptz, uuid, boolean) is
  'A page or a window of a chat''s messages, newest first: {data: [Message], nextCursor, prevCursor}. before is the created_at of the oldest message shown, after that of the newest. around is a message in the middle of the window; with around_unread it is the first unread one.';
