-- Reacting to a message, and the list of those who have.

create function chat.change_reaction(chat_id uuid, message_id uuid, emoji text, is_added boolean) returns json
language plpgsql volatile security definer set search_path = ''
as $$
declare
  me constant uuid := auth.uid();
  message public.messages;
  next_rev bigint;
begin
  perform chat.refuse_filters();
  perform chat.check_emoji(emoji);
  message := chat.find_message(chat_id, message_id, false);
  -- A blocked person may take back what they said before.
  if is_added then
    perform chat.require_unblocked(message.chat_id);
  end if;
  if chat.has_reacted(message.chat_id, message.id, emoji) <> is_added then
    perform chat.check_allowance('react');

    perform from chat.chats c where c.id = message.chat_id for no key update;
    message := chat.find_message(chat_id, message_id, false);
    -- Only under the lock it is certain. The same change again takes no rev and no broadcast.
    if chat.has_reacted(message.chat_id, message.id, emoji) <> is_added then
      if is_added and jsonb_array_length(message.reactions) >= chat.max_reaction_kinds()
        and not message.reactions @> jsonb_build_array(jsonb_build_object('emoji', emoji))
      then
        perform chat.refuse_field(
          'emoji', format('the message has %s different reactions already', chat.max_reaction_kinds())
        );
      end if;
      perform chat.charge('react');
      next_rev := chat.next_rev(message.chat_id);
      if is_added then
        insert into chat.reactions (chat_id, message_id, user_id, emoji, rev)
        values (message.chat_id, message.id, me, change_reaction.emoji, next_rev);
      else
        delete from chat.reactions r
        where r.chat_id = message.chat_id and r.message_id = message.id and r.user_id = me
          and r.emoji = change_reaction.emoji;
      end if;
      update public.messages m
      set reactions = chat.count_reaction(m.reactions, m.id, change_reaction.emoji), rev = next_rev
      where m.id = message.id
      returning * into message;
    end if;
  end if;
  return (select shape from chat.to_message(message, me, false) as shape);
end
$$;
comment on function chat.change_reaction(uuid, uuid, text, boolean) is 'Adds or removes a reaction of the caller: Message.';

create function chat.reactions_page(message_id uuid, emoji text, after bigint, row_limit integer)
returns setof chat.reactions
language plpgsql stable security definer set search_path = ''
-- Each of the two indexes has its reactions in order, also when the plan was made for a nearly empty table.
set enable_sort = off set enable_seqscan = off set jit = off
as $$
begin
  if emoji is null then
    return query
      select r.* from chat.reactions r
      where r.message_id = reactions_page.message_id and r.rev > after
      order by r.rev
      limit row_limit;
  else
    return query
      select r.* from chat.reactions r
      where r.message_id = reactions_page.message_id and r.emoji = reactions_page.emoji and r.rev > after
      order by r.rev
      limit row_limit;
  end if;
end
$$;
comment on function chat.reactions_page(uuid, text, bigint, integer) is
  'Reactions to a message after a rev, the oldest first: those with one emoji, or all.';

-- The API --------------------------------------------------------------------

create function public.add_reaction(chat_id uuid, message_id uuid, emoji text) returns json
language plpgsql volatile security definer set search_path = '' set statement_timeout = '3s'
as $$
begin
  return chat.change_reaction(chat_id, message_id, emoji, true);
end
$$;
comment on function public.add_reaction(uuid, uuid, text) is
  'Adds the caller''s reaction to a message: Message. The same reaction again changes nothing.';

create function public.remove_reaction(chat_id uuid, message_id uuid, emoji text) returns json
language plpgsql volatile security definer set search_path = '' set statement_timeout = '3s'
as $$
begin
  return chat.change_reaction(chat_id, message_id, emoji, false);
end
$$;
comment on function public.remove_reaction(uuid, uuid, text) is
  'Removes the caller''s reaction to a message: Message. Without the reaction it changes nothing.';

create function public.list_reactions(
  chat_id uuid, message_id uuid, page_limit integer default 50, emoji text default null, after bigint default 0
) returns json
language plpgsql stable security definer set search_path = ''
as $$
begin
  perform chat.check_page_limit(page_limit);
  if emoji is not null then
    perform chat.check_emoji(emoji);
  end if;
  -- Who sees a deleted message sees the reactions to it.
  perform chat.find_message(chat_id, message_id, chat.is_moderator(chat_id));

  return (
    with page as materialized (
      select * from chat.reactions_page(message_id, emoji, after, page_limit + 1)
    ),
    shown as materialized (select * from page p order by p.rev limit page_limit)
    select json_build_object(
      'data', coalesce(
        json_agg(
          json_build_object('userId', s.user_id, 'emoji', s.emoji, 'createdAt', chat.rfc3339(s.created_at)) order by s.rev
        ),
        '[]'
      ),
      'nextCursor', case when (select count(*) from page) > page_limit then
        chat.cursor('reactions', list_reactions.message_id::text, max(s.rev)::text) end
    )
    from shown s
  );
end
$$;
comment on function public.list_reactions(uuid, uuid, integer, text, bigint) is
  'A page of the reactions to a message, the oldest first: {data: [{userId, emoji, createdAt}], nextCursor}. after is the rev of the last reaction shown.';
