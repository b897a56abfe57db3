-- The feed of changes: how a client catches up after any gap.
--
-- Each message carries the rev of its last change, so one scan of (chat_id, rev) from where
-- a client stands gives every message that has changed since, in order and once. The feed tells
-- of messages that RLS hides, as deletions: so it is read by a function that RLS does not bind, and
-- that leaves out the content by the same rule.

create function chat.changed_messages(chat_id uuid, since bigint, row_limit integer, moderator boolean)
returns table (message_id uuid, rev bigint, message public.messages)
language plpgsql stable security definer set search_path = ''
-- The index of revs has them in order: never sort a chat.
set enable_sort = off set jit = off
as $$
declare
  visible_from timestamptz;
  start bigint;
begin
  -- A returner's feed starts where their history does, and does not read what is before it.
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
  'The messages of the caller''s part of a chat''s history that have changed since a rev; deleted ones too, without the message unless it is for a moderator.';

create function public.list_changes(chat_id uuid, since bigint, page_limit integer default 50, epoch text default null)
returns json
language plpgsql stable security invoker set search_path = ''
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
    perform chat.refuse('invalid_request', 'since must be 0 or more');
  end if;
  perform chat.require_participant(chat_id);
  select c.rev, chat.topic(c.id, c.topic_version) into room_rev, room_topic
  from chat.chats c where c.id = list_changes.chat_id;
  -- A position that this database did not give out: what the client has may never have been here.
  if since > room_rev or epoch <> this_epoch then
    perform chat.refuse('resync_required');
  end if;
  moderator := chat.is_moderator(chat_id);

  return (
    with page as materialized (
      select * from chat.changed_messages(list_changes.chat_id, since, page_limit + 1, moderator)
    ),
    shown as materialized (select * from page p order by p.rev limit page_limit),
    changes as (
      select s.rev, case
        when s.message is null then json_build_object('rev', s.rev, 'kind', 'delete', 'messageId', s.message_id)
        else json_build_object('rev', s.rev, 'kind', 'upsert', 'message', case
          when moderator then chat.moderated_message(
            chat.to_message(s.message, me), (s.message).deleted_at, (s.message).deleted_by
          )
          else row_to_json(chat.to_message(s.message, me))
        end)
      end as change
      from shown s
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
  'What has been created, edited or deleted in a chat since a rev, in order: {data: [Change], rev, epoch, hasMore, topic}; the next since is rev.';
