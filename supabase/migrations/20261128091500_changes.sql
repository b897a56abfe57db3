-- The feed of changes: how a client learns what it has missed.
--
-- Each message has the rev of its last change. So one scan of (chat_id, rev) from the client's position gives every
-- message that has changed since then, once and in order. RLS hides some messages. The feed
-- reports these as deletions. So a function that RLS does not restrict reads it, and leaves out their content by the
-- same rule.

-- In plpgsql, as chat.cursor.
create function chat.epoch() returns text
language plpgsql stable parallel safe set search_path = ''
as $$
begin
  return left(md5(concat_ws(
    '/',
    (pg_control_system()).system_identifier,
    (pg_control_checkpoint()).timeline_id,
    pg_relation_filenode('chat.chats'::regclass)
  )), 16);
end
$$;
comment on function chat.epoch() is
  'Changes when the database may have lost commits or was rebuilt: another cluster (restore, upgrade), another timeline (failover, recovery to a point in time), or a table that was loaded again. Rewriting the table (vacuum full) changes it too, which costs each client one reload.';

create function chat.refuse_position() returns void
language plpgsql stable security definer set search_path = ''
as $$
begin
  perform chat.refuse('resync_required');
end
$$;
comment on function chat.refuse_position() is 'Raises resync_required: this database has not given out the position.';

create function chat.changed_messages(chat_id uuid, since bigint, row_limit integer, moderator boolean)
returns table (message_id uuid, rev bigint, message public.messages)
language plpgsql stable security definer set search_path = ''
-- The index of revs has them in order, so the plan never sorts a chat, also when it was made for a nearly empty table.
set enable_sort = off set enable_seqscan = off set jit = off
as $$
declare
  visible_from timestamptz;
  start bigint;
begin
  -- The feed of a person who has returned starts where their history starts, and does not read what is before it.
  select me.history_from, greatest(changed_messages.since, me.history_rev) into visible_from, start
  from chat.chat_participants me
  where me.chat_id = changed_messages.chat_id and me.user_id = auth.uid() and me.left_at is null;
  moderator := moderator and chat.is_moderator(changed_messages.chat_id);

  return query
    select m.id, m.rev, case when moderator or m.deleted_at is null then m end
    from public.messages m
    where m.chat_id = changed_messages.chat_id and m.rev > start and m.created_at > visible_from
    order by m.rev
    limit row_limit;
end
$$;
comment on function chat.changed_messages(uuid, bigint, integer, boolean) is
  'The messages in the caller''s history of a chat that have changed since a rev. A deleted message has its row only for a moderator.';

create function chat.to_change(rev bigint, message_id uuid, is_deleted boolean, message json) returns json
language sql stable parallel safe
return case
  when is_deleted then json_build_object('rev', rev, 'kind', 'delete', 'messageId', message_id)
  else json_build_object('rev', rev, 'kind', 'upsert', 'message', message)
end;
comment on function chat.to_change(bigint, uuid, boolean, json) is
  'The shape of Change: a message was created or changed, or it was deleted. The feed and the broadcasts have it.';

create function public.list_changes(chat_id uuid, since bigint, page_limit integer default 50, epoch text default null)
returns json
language plpgsql stable security invoker set search_path = ''
-- As list_messages: planning the shape of Message takes longer than to read the changes.
set plan_cache_mode = force_generic_plan
as $$
declare
  me constant uuid := auth.uid();
  this_epoch constant text := chat.epoch();
  room_rev bigint;
  room_topic text;
  moderator boolean;
begin
  perform chat.check_page_limit(page_limit);
  if since is null or since < 0 then
    perform chat.refuse_request('since must be 0 or more');
  end if;
  perform chat.require_participant(chat_id);
  select c.rev, chat.topic('chat', c.id, c.topic_version) into room_rev, room_topic
  from chat.chats c where c.id = list_changes.chat_id;
  -- This database has not given out the position. The client may have messages that were never in it.
  if since > room_rev or epoch <> this_epoch then
    perform chat.refuse_position();
  end if;
  moderator := chat.is_moderator(chat_id);

  return (
    with page as materialized (
      select * from chat.changed_messages(list_changes.chat_id, since, page_limit + 1, moderator)
    ),
    shown as materialized (select * from page p order by p.rev limit page_limit),
    changes as (
      select s.rev, chat.to_change(s.rev, s.message_id, s.message is null, shape) as change
      from shown s
      cross join lateral chat.to_message(s.message, me, moderator) as shape
    )
    select json_build_object(
      'data', coalesce((select json_agg(c.change order by c.rev) from changes c), '[]'),
      'rev', case when (select count(*) from page) > page_limit then (select max(s.rev) from shown s) else room_rev end,
      'epoch', this_epoch,
      'hasMore', (select count(*) from page) > page_limit,
      'topic', room_topic
    )
  );
end
$$;
comment on function public.list_changes(uuid, bigint, integer, text) is
  'What was created, edited or deleted in a chat since a rev, in order: {data: [Change], rev, epoch, hasMore, topic}. rev is the next since.';
