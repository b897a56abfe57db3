-- Privileges: this file revokes everything, and then grants by column and by function. Clients write no table.
--
-- It can be run again at any time.

-- The schema too: default privileges may have granted it when it was made.
revoke all on schema chat from public, anon, authenticated, service_role;
revoke all on all tables in schema chat from public, anon, authenticated, service_role;
revoke all on all sequences in schema chat from public, anon, authenticated, service_role;
revoke execute on all functions in schema chat from public, anon, authenticated, service_role;
revoke all on public.messages from public, anon, authenticated, service_role;

-- Reading ----------------------------------------------------------------------
-- Row-level security enforces participation, so functions that read run with the caller's rights. From outside only
-- public.messages can be reached.

grant usage on schema chat to authenticated;
grant select on public.messages to service_role;
grant select (id, created_at, last_message_at, rev, topic_version) on chat.chats to authenticated;
grant select (chat_id, user_id, left_at, history_from) on chat.chat_participants to authenticated;
-- Readers of a message may read its whole row. A grant on the table would also open the system columns.
do $$
begin
  execute format(
    'grant select (%s) on public.messages to authenticated',
    (
      select string_agg(quote_ident(a.attname), ', ' order by a.attnum)
      from pg_attribute a
      where a.attrelid = 'public.messages'::regclass and a.attnum > 0 and not a.attisdropped
    )
  );
end
$$;

-- The API ----------------------------------------------------------------------

do $$
declare
  routine text;
begin
  foreach routine in array array[
    'public.list_chats(integer, timestamptz, uuid, boolean)',
    'public.list_changed_chats(text, bigint, integer, bigint, uuid)',
    'public.get_chat(uuid)',
    'public.open_direct_chat(uuid)',
    'public.leave_chat(uuid)',
    'public.mark_read(uuid, uuid)',
    'public.list_reads(uuid)',
    'public.count_unread()',
    'public.change_chat_settings(uuid, timestamptz, text, boolean, boolean, boolean)',
    'public.get_message(uuid, uuid)',
    'public.list_messages(uuid, integer, timestamptz, timestamptz, uuid, boolean)',
    'public.send_message(uuid, text, uuid, text, uuid, uuid[])',
    'public.edit_message(uuid, uuid, text, uuid[])',
    'public.delete_message(uuid, uuid)',
    'public.add_reaction(uuid, uuid, text)',
    'public.remove_reaction(uuid, uuid, text)',
    'public.list_reactions(uuid, uuid, integer, text, bigint)',
    'public.list_mentions(integer, timestamptz, uuid)',
    'public.search_messages(text, integer, uuid, uuid, timestamptz, uuid, text)',
    'public.list_changes(uuid, bigint, integer, text)',
    'public.send_typing(uuid)',
    'public.reserve_upload(uuid, text, text, bigint, integer, integer)',
    'public.list_leftover_uploads(integer, integer, integer, boolean)',
    'public.count_leftover_uploads(integer, integer, boolean)',
    'public.forget_swept_uploads()'
  ] loop
    execute format('revoke execute on function %s from public, anon, authenticated, service_role', routine);
    execute format('grant execute on function %s to authenticated', routine);
  end loop;
end
$$;

-- Functions that policies call, and functions that run with the caller's rights.
grant execute on function
  chat.rfc3339(timestamptz), chat.cursor(text[]), chat.refuse(text, text), chat.refuse_request(text),
  chat.refuse_position(), chat.check_page_limit(integer), chat.require_account(), chat.require_participant(uuid), chat.is_moderator(uuid),
  chat.moderated_chats(), chat.epoch(), chat.topic(text, uuid, integer), chat.topic_pattern(),
  chat.is_chat_topic(text), chat.may_listen(text), chat.edit_window(),
  chat.to_message(public.messages, uuid, boolean), chat.find_message(uuid, uuid, boolean), chat.first_unread(uuid),
  chat.times_after(uuid, timestamptz, integer, boolean),
  chat.to_reply_to(uuid, uuid), chat.to_reactions(uuid, uuid, jsonb), chat.mentions_of_caller(integer, timestamptz, uuid),
  chat.check_search(text), chat.search(text[], uuid, timestamptz, uuid, integer), chat.changed_messages(uuid, bigint, integer, boolean),
  chat.to_change(bigint, uuid, boolean, json), chat.chats_of_caller(uuid[]), chat.newest_chats(integer, timestamptz, uuid, boolean),
  chat.list_position(text, text[]), chat.changed_chats(xid8, uuid, integer), chat.bucket(), chat.may_upload(text),
  chat.first_file(), chat.last_file(), chat.my_folders(), chat.is_sweeper(), chat.is_leftover(text, timestamptz)
  to authenticated;

-- PostgREST reads the schema again.
notify pgrst, 'reload schema';
