-- Topics: the names of Realtime's private channels. `chat:{id}` and `chat:{id}:{version}` belong to a chat,
-- `user:{id}` belongs to a person.

create function chat.topic(kind text, id uuid, version integer default 0) returns text
language sql immutable parallel safe
return kind || ':' || id::text || case when version > 0 then ':' || version::text else '' end;
comment on function chat.topic(text, uuid, integer) is
  'The topic of the kind `chat` or `user` with this id. Only the topics of chats have versions.';

create function chat.topic_pattern() returns text
language sql immutable parallel safe
return '^(chat|user):[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(:[0-9]+)?$';
comment on function chat.topic_pattern() is 'The form of the topics that chat.topic makes, as a regular expression.';

create function chat.is_chat_topic(topic text) returns boolean
language sql immutable parallel safe
return coalesce(topic ~ chat.topic_pattern(), false);
comment on function chat.is_chat_topic(text) is
  'Whether a topic has the form of the chat''s topics. The restrictive policies allow every other topic.';

create function chat.may_listen(topic text) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
declare
  me constant uuid := auth.uid();
begin
  -- A topic of another form must be refused without an error, so its id is not read.
  if not chat.is_chat_topic(topic) then
    return false;
  end if;
  return coalesce(topic = chat.topic('user', me), false) or exists (
    select from chat.chat_participants p
    join chat.chats c on c.id = p.chat_id
    where p.chat_id = split_part(topic, ':', 2)::uuid and p.user_id = me and p.left_at is null
      and topic = chat.topic('chat', c.id, c.topic_version)
  );
end
$$;
comment on function chat.may_listen(text) is
  'Whether a topic is the caller''s own, or the current topic of a chat in which the caller is a participant.';
