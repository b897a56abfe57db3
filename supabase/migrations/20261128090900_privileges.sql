-- Who may do what: everything is revoked, then granted by column and by function.
-- Clients write no table.

-- The schema too: default privileges may have given it away when it was made.
revoke all on schema chat from public, anon, authenticated, service_role;
revoke all on all tables in schema chat from public, anon, authenticated, service_role;
revoke all on all sequences in schema chat from public, anon, authenticated, service_role;
revoke execute on all functions in schema chat from public, anon, authenticated, service_role;
revoke all on public.messages from public, anon, authenticated, service_role;
revoke execute on function
  public.list_chats(integer, timestamptz, uuid), public.get_chat(uuid), public.open_direct_chat(uuid),
  public.leave_chat(uuid), public.mark_read(uuid, uuid), public.list_messages(uuid, integer, timestamptz),
  public.send_message(uuid, text, uuid, text), public.edit_message(uuid, uuid, text),
  public.delete_message(uuid, uuid), public.list_changes(uuid, bigint, integer, text), public.send_typing(uuid),
  public.reserve_upload(uuid, text, text, bigint, integer, integer),
  public.list_leftover_uploads(integer, integer, integer, boolean),
  public.count_leftover_uploads(integer, integer, boolean), public.forget_swept_uploads()
  from public, anon, authenticated, service_role;

-- Reading ----------------------------------------------------------------------
-- Row-level security enforces participation, so functions that read run with the caller's rights.
-- Only public.messages can be reached from outside.

grant usage on schema chat to authenticated;
grant select (
  id, chat_id, sender_id, text, attachment_path, attachment_file_name, attachment_content_type, attachment_size,
  attachment_width, attachment_height, client_id, rev, created_at, edited_at, deleted_at, deleted_by
) on public.messages to authenticated;
grant select on public.messages to service_role;
grant select (id, created_at, last_message_at, rev, topic_version) on chat.chats to authenticated;
grant select (chat_id, user_id, left_at, history_from) on chat.chat_participants to authenticated;

-- The API ----------------------------------------------------------------------

grant execute on function
  public.list_chats(integer, timestamptz, uuid), public.get_chat(uuid), public.open_direct_chat(uuid),
  public.leave_chat(uuid), public.mark_read(uuid, uuid), public.list_messages(uuid, integer, timestamptz),
  public.send_message(uuid, text, uuid, text), public.edit_message(uuid, uuid, text),
  public.delete_message(uuid, uuid), public.list_changes(uuid, bigint, integer, text), public.send_typing(uuid),
  public.reserve_upload(uuid, text, text, bigint, integer, integer),
  public.list_leftover_uploads(integer, integer, integer, boolean),
  public.count_leftover_uploads(integer, integer, boolean), public.forget_swept_uploads()
  to authenticated;

-- What functions that run with the caller's rights, and policies, call.
grant execute on function
  chat.rfc3339(timestamptz), chat.cursor(text[]), chat.refuse(text, text), chat.check_page_limit(integer),
  chat.require_account(), chat.require_participant(uuid), chat.is_moderator(uuid), chat.moderated_chats(),
  chat.epoch(), chat.topic(uuid, integer), chat.chats_of_caller(uuid[]),
  chat.edit_window(), chat.to_message(public.messages, uuid),
  chat.moderated_message(chat.message, timestamptz, uuid), chat.changed_messages(uuid, bigint, integer, boolean),
  chat.bucket(), chat.may_upload(text), chat.first_file(), chat.last_file(), chat.my_folders(), chat.is_sweeper(),
  chat.is_leftover(text, timestamptz), chat.may_listen(text), chat.is_chat_topic(text)
  to authenticated;

-- PostgREST reads the schema anew.
notify pgrst, 'reload schema';
