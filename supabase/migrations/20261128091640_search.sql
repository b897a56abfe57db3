-- Search: the messages of the caller's chats that have all of some words.
--
-- A frequent word is found by reading the newest messages, a rare one by the index of words. Nobody knows beforehand
-- which a word is. So a search first reads the newest messages of all chats, as long as that gives enough. Then it asks
-- the index for what is older.

create function chat.max_search_words() returns integer
language sql immutable parallel safe
return 10;
comment on function chat.max_search_words() is 'How many words a search may have.';

create type chat.searched_chat as (
  id uuid, active_at timestamptz, history_from timestamptz, first_block integer, last_block integer
);
comment on type chat.searched_chat is
  'A chat that a search goes through: when its last message was sent, where the caller''s history begins, and the blocks of that history.';

create type chat.hit as (created_at timestamptz, id uuid);
comment on type chat.hit is 'A message that a search has found. Hits are in the order of created_at, then of id.';

-- Words ------------------------------------------------------------------------

create function chat.check_search(q text) returns text[]
language plpgsql stable security definer set search_path = ''
as $$
declare
  words text[];
begin
  if q is null or char_length(chat.trim_text(q)) not between 1 and 200 then
    perform chat.refuse_field('q', 'must have 1 to 200 characters after trimming');
  end if;
  words := array(select distinct word from unnest(chat.words_of(q)) as word);
  if cardinality(words) not between 1 and chat.max_search_words() then
    perform chat.refuse_field('q', format('must have 1 to %s words', chat.max_search_words()));
  end if;
  return words;
end
$$;
comment on function chat.check_search(text) is 'The words of a search. Raises invalid_request if it has none, or too many.';

create function chat.words_query(words text[]) returns text
language plpgsql immutable parallel safe set search_path = ''
as $$
begin
  return (
    select string_agg(
      format('''%%1$s%s'':*', replace(regexp_replace(word, '([''\\])', '\1\1', 'g'), '%', '%%')), ' & '
    )
    from unnest(words) as word
  );
end
$$;
comment on function chat.words_query(text[]) is
  'A tsquery for words and beginnings of words, as a text for format, which puts the place of chat.words_in_block before each. Null without a word.';

-- By reading -------------------------------------------------------------------

create function chat.search_newest(
  chats chat.searched_chat[], words text[], before chat.hit, row_limit integer,
  out hits chat.hit[], out reached timestamptz
)
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_generic_plan set jit = off
as $$
declare
  query constant tsquery := format(chat.words_query(words), '')::tsquery;
  span interval := make_interval(mins => 1);
  max_lines constant integer := 3000;
  lines integer;
  all_lines integer := 0;
  found chat.hit[];
begin
  hits := '{}';
  reached := least(before.created_at, chats[1].active_at) + interval '1 microsecond';
  loop
    select count(*), coalesce(array_agg(row(line.created_at, line.message_id)::chat.hit) filter (where line.fits), '{}')
    into lines, found
    from (
      select w.created_at, w.message_id, w.words @@ query and (w.created_at, w.message_id) < (before.created_at, before.id) as fits
      from unnest(chats) as c
      join chat.message_words w
        on w.chat_id = c.id and w.created_at >= reached - span and w.created_at < reached and w.created_at > c.history_from
      where c.active_at >= reached - span
      limit max_lines
    ) as line;
    all_lines := all_lines + lines;
    -- What was found is not complete.
    exit when all_lines >= max_lines;
    hits := hits || found;
    reached := reached - span;
    span := span * 4;
    exit when cardinality(hits) >= row_limit
      -- Reading on would find too little, or people have hardly written.
      or all_lines >= 500 and cardinality(hits) * 50 < all_lines
      or span > interval '1 year';
  end loop;
end
$$;
comment on function chat.search_newest(chat.searched_chat[], text[], chat.hit, integer) is
  'Reads the newest messages of all chats, in spans of time that become longer: the hits since the time that it has reached.';

-- By the index -----------------------------------------------------------------

create function chat.rare_words(chats chat.searched_chat[], words text[]) returns text[]
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_generic_plan set jit = off
as $$
begin
  if cardinality(words) = 1 then
    return words;
  end if;
  return (
    with sample as materialized (
      select line.words
      from unnest(chats[:20]) as c
      cross join lateral (
        select w.words from chat.message_words w where w.chat_id = c.id order by w.created_at desc limit 10
      ) as line
    )
    select coalesce(array_agg(word) filter (where 4 * (
      select count(*) from sample s where s.words @@ format(chat.words_query(array[word]), '')::tsquery
    ) < (select count(*) from sample)), words)
    from unnest(words) as word
  );
end
$$;
comment on function chat.rare_words(chat.searched_chat[], text[]) is
  'Those words that fewer than a quarter of some new messages have. If there are none, all words.';

create function chat.search_index(
  chats chat.searched_chat[], words text[], before chat.hit, row_limit integer
) returns setof chat.hit
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_generic_plan set jit = off
as $$
declare
  -- The index would read all messages that have a frequent word. So it is asked for the rare words only.
  rare constant text[] := chat.rare_words(chats, words);
  query constant text := chat.words_query(rare);
  others constant tsquery := format(chat.words_query(array(select unnest(words) except select unnest(rare))), '')::tsquery;
begin
  return query
    select hit.created_at, hit.message_id
    from unnest(chats) as c
    cross join lateral (
      select line.created_at, line.message_id
      -- The blocks come in this order, and each is read only when the blocks before had too few hits.
      from generate_series(c.last_block, c.first_block, -1) as b (block)
      cross join lateral (
        select w.created_at, w.message_id
        from (
          select * from chat.message_words m
          where chat.words_in_block(m.chat_id, m.block, m.words) @@ format(query, chat.place_of_words(c.id, b.block))::tsquery
          -- The planner would otherwise use the primary key, and read the whole chat.
          offset 0
        ) as w
        where w.chat_id = c.id and w.created_at > c.history_from
          and (w.created_at, w.message_id) < (before.created_at, before.id)
          and (others is null or w.words @@ others)
        order by w.created_at desc
      ) as line
      limit row_limit
    ) as hit
    order by hit.created_at desc, hit.message_id desc
    limit row_limit;
end
$$;
comment on function chat.search_index(chat.searched_chat[], text[], chat.hit, integer) is
  'The newest hits before a position, by the index of words. In each chat it reads the newest blocks first.';

-- The API --------------------------------------------------------------------

create function chat.search(
  words text[], only_chat uuid, before timestamptz, before_id uuid, row_limit integer
) returns setof chat.hit
language plpgsql stable security definer set search_path = ''
-- One chat is found in another way than all of a person's chats.
set plan_cache_mode = auto
as $$
declare
  start constant chat.hit := row(coalesce(before, '9999-12-31'), coalesce(before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'));
  chats constant chat.searched_chat[] := array(
    select row(c.id, c.last_message_at, me.history_from, me.history_rev / chat.block_size(), c.rev / chat.block_size())::chat.searched_chat
    from chat.chat_participants me
    join chat.chats c on c.id = me.chat_id
    where me.user_id = auth.uid() and me.left_at is null and c.last_message_at is not null
      and (only_chat is null or me.chat_id = only_chat)
    order by c.last_message_at desc
  );
  newest record;
  hits chat.hit[];
begin
  newest := chat.search_newest(chats, words, start, row_limit);
  hits := newest.hits;
  if cardinality(hits) < row_limit then
    hits := hits || array(select hit from chat.search_index(
      chats, words, least(start, row(newest.reached, '00000000-0000-0000-0000-000000000000')::chat.hit), row_limit - cardinality(hits)
    ) as hit);
  end if;
  return query select hit.* from unnest(hits) as hit order by hit.created_at desc, hit.id desc limit row_limit;
end
$$;
comment on function chat.search(text[], uuid, timestamptz, uuid, integer) is
  'The newest messages, before a position, that have all of the words: those in the caller''s history of the chats in which they are a participant now.';

create function public.search_messages(
  q text, page_limit integer default 50, chat_id uuid default null, sender_id uuid default null,
  before timestamptz default null, before_id uuid default null, query_hash text default null
) returns json
language plpgsql stable security invoker set search_path = ''
-- As list_messages: planning the shape of Message takes a sixth of the whole call.
set plan_cache_mode = force_generic_plan
as $$
declare
  me constant uuid := auth.uid();
  words constant text[] := chat.check_search(q);
  hash constant text := left(md5(concat_ws('/', array(select unnest(words) order by 1)::text, chat_id, sender_id)), 16);
  data json;
  next_cursor text;
begin
  perform chat.check_page_limit(page_limit);
  if query_hash <> hash then
    perform chat.refuse('invalid_cursor');
  elsif chat_id is not null then
    perform chat.require_participant(chat_id);
  end if;

  with page as materialized (
    select * from chat.search(words || array_remove(array['@' || sender_id], null), chat_id, before, before_id, page_limit + 1)
  ),
  shown as materialized (
    select * from page p order by p.created_at desc, p.id desc limit page_limit
  )
  select
    (
      select json_agg(shape order by s.created_at desc, s.id desc)
      from shown s
      -- Without the limit the planner may read all messages of a person's chats.
      cross join lateral (select m from public.messages m where m.id = s.id limit 1) as one (message)
      cross join lateral chat.to_message(one.message, me, (one.message).chat_id in (select chat.moderated_chats())) as shape
    ),
    (
      select chat.cursor('search', hash, chat.rfc3339(s.created_at), s.id::text)
      from shown s
      where (select count(*) from page) > page_limit
      order by s.created_at, s.id
      limit 1
    )
  into data, next_cursor;
  if data is null then
    perform chat.require_account();
  end if;
  return json_build_object('data', coalesce(data, '[]'), 'nextCursor', next_cursor);
end
$$;
comment on function public.search_messages(text, integer, uuid, uuid, timestamptz, uuid, text) is
  'A page of the caller''s messages that have all words of q, newest first: {data: [Message], nextCursor}. before and before_id are of the last message shown. query_hash of a cursor binds it to the other arguments.';
