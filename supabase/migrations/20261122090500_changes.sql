-- The feed of changes: how a client catches up after any gap.
--
-- Each message carries the rev of its last change, so one scan of (chat_id, rev) from where
-- a client stands gives every message that has changed since, in order and once. Which of
-- them the caller may still see is RLS's to say, as for a page: what it hides is a deletion.

create function private.changed_messages(chat_id uuid, since bigint, row_limit integer)
returns table (message_id uuid, rev bigint)
language plpgsql stable security definer set search_path = ''
as $$
declare
  visible_from timestamptz;
  start bigint;
begin
  -- A returner's feed starts where their history does, and does not read what is before it.
  select me.history_from, greatest(changed_messages.since, me.history_rev) into visible_from, start
  from public.chat_participants me
  where me.chat_id = changed_messages.chat_id and me.user_id = auth.uid() and me.left_at is null;

  return query
    select m.id, m.rev
    from public.messages m
    where m.chat_id = changed_messages.chat_id and m.rev > start and m.created_at > visible_from
    order by m.rev
    limit row_limit;
end
$$;
comment on function private.changed_messages(uuid, bigint, integer) is
  'The messages of the caller''s part of a chat''s history that have changed since a rev, deleted ones too, without their content.';

create function public.list_changes(chat_id uuid, since bigint, page_limit integer default 50) returns json
language plpgsql stable security invoker set search_path = ''
as $$
declare
  me constant uuid := auth.uid();
  moderator boolean;
begin
  perform private.check_page_limit(page_limit);
  if since is null or since < 0 then
    raise sqlstate 'PT400' using message = 'invalid_request', detail = 'since must not be negative';
  end if;
  perform private.require_participant(chat_id);
  moderator := private.is_moderator(chat_id);

  return (
    with page as materialized (
      select c.message_id, c.rev from private.changed_messages(list_changes.chat_id, since, page_limit + 1) c
    ),
    shown as materialized (select p.message_id, p.rev from page p order by p.rev limit page_limit),
    -- One scan under RLS; whom it leaves out of what has changed, the caller may not see.
    visible as materialized (
      select
        m.id, m.chat_id, m.sender_id, m.text, m.attachment_path, m.attachment_file_name, m.attachment_content_type,
        m.attachment_size, m.client_id, m.created_at, m.edited_at, m.rev, m.deleted_at, m.deleted_by
      from public.messages m
      where m.chat_id = list_changes.chat_id
        and m.rev between (select min(s.rev) from shown s) and (select max(s.rev) from shown s)
    ),
    changes as (
      select
        s.rev,
        case when m.id is null
          then json_build_object('rev', s.rev, 'kind', 'delete', 'messageId', s.message_id)
          else json_build_object('rev', s.rev, 'kind', 'upsert', 'message', case
            when moderator then private.moderated_message(shape.message, m.deleted_at, m.deleted_by)
            else row_to_json(shape.message)
          end)
        end as change
      from shown s
      left join visible m on m.rev = s.rev
      cross join lateral (
        select private.to_message(
          m.id, m.chat_id, m.sender_id, m.text,
          private.to_attachment(
            m.attachment_path, m.attachment_file_name, m.attachment_content_type, m.attachment_size
          ),
          m.client_id, m.created_at, m.edited_at, m.rev, me
        ) as message
      ) as shape
    )
    select json_build_object(
      'data', coalesce((select json_agg(c.change order by c.rev) from changes c), '[]'),
      'rev', case when (select count(*) from page) > page_limit then (select max(s.rev) from shown s) else chat.rev end,
      'hasMore', (select count(*) from page) > page_limit,
      'topic', private.chat_topic(chat.id, chat.topic_epoch)
    )
    from public.chats chat where chat.id = list_changes.chat_id
  );
end
$$;
comment on function public.list_changes(uuid, bigint, integer) is
  'What has been created, edited or deleted in a chat since a rev, in order: {data: [Change], rev, hasMore, topic}; the next since is rev.';

revoke execute on function
  private.changed_messages(uuid, bigint, integer), public.list_changes(uuid, bigint, integer)
  from public, anon, authenticated, service_role;
grant execute on function
  private.changed_messages(uuid, bigint, integer), public.list_changes(uuid, bigint, integer)
  to authenticated;
