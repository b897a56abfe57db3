-- Reactions: who has reacted to which message, and how messages show it.
--
-- A message has the number of each reaction, and the first people, in its own row: pages and events need no other
-- table. chat.reactions has a row for each person. It tells whether the caller has reacted to a message to which many
-- have, and gives the whole list.

create function chat.max_emoji_bytes() returns integer
language sql immutable parallel safe
return 64;
comment on function chat.max_emoji_bytes() is 'How long the emoji of a reaction may be, in bytes of UTF-8.';

create function chat.max_reaction_kinds() returns integer
language sql immutable parallel safe
return 20;
comment on function chat.max_reaction_kinds() is 'How many different reactions a message may have.';

create function chat.max_listed_users() returns integer
language sql immutable parallel safe
return 20;
comment on function chat.max_listed_users() is 'How many people a message lists for each of its reactions.';

insert into chat.rate_limits (name, max_count, period) values ('react', 100, interval '10 seconds');

-- Table ----------------------------------------------------------------------

create table chat.reactions (
  chat_id uuid not null references chat.chats (id) on delete cascade,
  -- No foreign keys: a message is removed only with its chat, and a reaction stays after the account is deleted.
  message_id uuid not null,
  user_id uuid not null,
  emoji text not null,
  rev bigint not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (chat_id, message_id, user_id, emoji),
  -- chat.max_emoji_bytes. A literal, because Postgres would plan the function at each insert.
  constraint reactions_emoji_fits check (octet_length(emoji) between 1 and 64)
);
comment on table chat.reactions is 'The reactions to messages. The column reactions of a message counts them.';
comment on column chat.reactions.rev is 'The chat''s rev of this reaction. It gives the reactions their order.';
create index reactions_page_idx on chat.reactions (message_id, rev);
create index reactions_of_emoji_idx on chat.reactions (message_id, emoji, rev);
alter table chat.reactions enable row level security;
alter table chat.reactions force row level security;

-- Rules ----------------------------------------------------------------------

create function chat.check_emoji(emoji text) returns void
language plpgsql stable set search_path = ''
as $$
begin
  if emoji is null or octet_length(emoji) not between 1 and chat.max_emoji_bytes() then
    perform chat.refuse_field('emoji', format('must have 1 to %s bytes', chat.max_emoji_bytes()));
  -- In a path, a slash or a name of dots would mean another path.
  elsif emoji ~ '[\u0001-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000/]' then
    perform chat.refuse_field('emoji', 'must not have white space, control characters or slashes');
  elsif not chat.is_visible(emoji) then
    perform chat.refuse_field('emoji', 'must have a visible character');
  elsif emoji in ('.', '..') then
    perform chat.refuse_field('emoji', 'must not consist of dots');
  end if;
end
$$;
comment on function chat.check_emoji(text) is
  'Raises invalid_request unless a text can be a reaction: an emoji, or a short code of the app''s own. The edge has the same rule.';

create function chat.has_reacted(chat_id uuid, message_id uuid, emoji text) returns boolean
language plpgsql stable security definer parallel safe set search_path = ''
as $$
begin
  return exists (
    select from chat.reactions r
    where r.chat_id = has_reacted.chat_id and r.message_id = has_reacted.message_id
      and r.user_id = auth.uid() and r.emoji = has_reacted.emoji
  );
end
$$;
comment on function chat.has_reacted(uuid, uuid, text) is 'Whether the caller has reacted to a message with this emoji.';

-- Not a subquery of chat.to_message: without reactions that looks so much cheaper that Postgres would plan each call
-- anew, which takes longer than to run it.
create function chat.to_reactions(chat_id uuid, message_id uuid, reactions jsonb) returns json
language plpgsql stable security definer parallel safe set search_path = ''
as $$
declare
  me constant text := auth.uid();
begin
  return (
    select json_agg(one.reaction || jsonb_build_object(
      'mine',
      one.reaction -> 'userIds' ? me
      or (one.reaction -> 'count')::integer > chat.max_listed_users()
        and chat.has_reacted(chat_id, message_id, one.reaction ->> 'emoji')
    ) order by one.place)
    from jsonb_array_elements(reactions) with ordinality as one (reaction, place)
  );
end
$$;
comment on function chat.to_reactions(uuid, uuid, jsonb) is
  'The shape of a message''s reactions: its column reactions, and which of them are the caller''s.';

create function chat.count_reaction(reactions jsonb, message_id uuid, emoji text) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  place integer;
  counted jsonb;
begin
  select entry.place - 1 into place
  from jsonb_array_elements(reactions) with ordinality as entry (reaction, place)
  where entry.reaction ->> 'emoji' = count_reaction.emoji;

  select jsonb_build_object('emoji', count_reaction.emoji, 'count', count(*), 'userIds', (
    select jsonb_agg(first.user_id order by first.rev)
    from (
      select r.user_id, r.rev from chat.reactions r
      where r.message_id = count_reaction.message_id and r.emoji = count_reaction.emoji
      order by r.rev
      limit chat.max_listed_users()
    ) as first
  )) into counted
  from chat.reactions r
  where r.message_id = count_reaction.message_id and r.emoji = count_reaction.emoji;

  return case
    when counted ->> 'count' = '0' then reactions - place
    when place is null then reactions || counted
    else jsonb_set(reactions, array[place::text], counted)
  end;
end
$$;
comment on function chat.count_reaction(jsonb, uuid, text) is
  'The column reactions of a message, after the reactions with one emoji are counted again. A new emoji comes last.';
