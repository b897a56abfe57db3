-- The words of messages, by which search finds them.
--
-- They are not a column of public.messages, for two reasons. A reaction updates the message and would write its words
-- again. And everybody who may read a message may read its row.

-- Postgres puts the marks of a letter in order in a time that grows with the square of their number: 4,000 of them took a
-- second, under the chat's lock. No language has more than a few. Unicode's Stream-Safe Text Format keeps 30, too.
create function chat.cap_marks(content text) returns text
language plpgsql immutable parallel safe set search_path = ''
as $$
declare
  -- A mark goes before the one that stands last of all, or is that one itself. What folding removes would bring marks together.
  marks constant text := (
    select string_agg(sign, '')
    from (select distinct sign from string_to_table(content, null) as sign) as signs
    where sign = U&'\0345' or left(normalize(U&'\0345' || sign, NFD), 1) <> U&'\0345' or chat.fold_text(sign) = ''
  );
begin
  return coalesce(regexp_replace(content, '([' || marks || ']{30})[' || marks || ']+', '\1', 'g'), content);
end
$$;
comment on function chat.cap_marks(text) is 'A text with at most 30 marks one after another.';

create function chat.fold_text(content text) returns text
language sql immutable parallel safe
return case
  -- All its characters are of one byte, so they are ASCII, and only have to be lowered: without the rules of a language,
  -- as Turkish makes "ı" of "I".
  when octet_length(content) = char_length(content) then lower(content collate "C") collate "default"
  else translate(
    lower(normalize(
      -- Without the marks of Latin, Greek, Cyrillic, Hebrew and Arabic letters, and without characters that show nothing
      -- and stand within words.
      regexp_replace(
        normalize(case when content ~ '[^\u0001-\u007f]{31}' then chat.cap_marks(content) else content end, NFKD),
        '[\u00ad\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff]',
        '', 'g'
      ),
      NFKC
    )),
    -- Letters with a stroke or without a dot have no decomposition, nor have the digits of Arabic, Persian, Hindi and Bengali.
    'đðħıłøŧ٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९০১২৩৪৫৬৭৮৯', 'ddhilot0123456789012345678901234567890123456789'
  )
end;
comment on function chat.fold_text(text) is 'A text in lower case and without accents: what differs only in these becomes the same.';

create function chat.words_of(content text) returns text[]
language sql immutable parallel safe
return array_remove(
  regexp_split_to_array(
    -- The index can hold no longer words. A longer word is found by its first 64 letters.
    regexp_replace(chat.fold_text(content), '([[:alnum:]]{64})[[:alnum:]]+', '\1', 'g'),
    '[^[:alnum:]]+'
  ),
  ''
);
comment on function chat.words_of(text) is
  'The words of a text as search compares them: lower case, without accents. They have no spaces, and may repeat. A host may replace this function, for languages without spaces, and then calls chat.reword_chat for every chat.';

create function chat.block_size() returns integer
language sql immutable parallel safe
return 4096;
comment on function chat.block_size() is
  'How many revs of a chat are a block. The index has the words of each block apart, so a search reads the newest blocks first.';

-- Table ----------------------------------------------------------------------

create table chat.message_words (
  -- No foreign key: each send would check it. The trigger on chat.chats removes the rows.
  chat_id uuid not null,
  created_at timestamptz not null,
  message_id uuid not null,
  block integer not null,
  words tsvector not null,
  primary key (chat_id, created_at)
);
comment on table chat.message_words is 'The words of each message that is not deleted.';
comment on column chat.message_words.created_at is 'The created_at of the message. No other message of the chat has it.';
comment on column chat.message_words.block is
  'The rev of the message''s creation, divided by chat.block_size. It increases with created_at within a chat.';
comment on column chat.message_words.words is 'The words of the text, and `@` with the id of the sender, as though it were a word.';
alter table chat.message_words enable row level security;
alter table chat.message_words force row level security;

-- A part of the chat's id is enough. Another chat with the same part only costs time, because the rows are checked.
create function chat.place_of_words(chat_id uuid, block integer) returns text
language sql immutable parallel safe
return left(chat_id::text, 8) || block::text || ':';
comment on function chat.place_of_words(uuid, integer) is 'What stands before each word of a block in the index.';

-- In plpgsql, because Postgres does not inline array_to_string, and would plan an SQL function anew for each row.
create function chat.words_in_block(chat_id uuid, block integer, words tsvector) returns tsvector
language plpgsql immutable parallel safe set search_path = ''
as $$
declare
  place constant text := chat.place_of_words(chat_id, block);
begin
  return array_to_tsvector(string_to_array(place || array_to_string(tsvector_to_array(words), ' ' || place), ' '));
end
$$;
comment on function chat.words_in_block(uuid, integer, tsvector) is
  'The words with their chat and block before them, as the index has them. So a search does not read what other chats say.';

-- Without fastupdate: a search would have to read the whole list of pending entries, and some send would have to
-- move them into the index.
create index message_words_idx on chat.message_words
  using gin (chat.words_in_block(chat_id, block, words)) with (fastupdate = off);

-- Statistics of words would not help: the index is the right one for every word. Gathering them would take minutes.
alter table chat.message_words alter column words set statistics 0;
alter index chat.message_words_idx alter column 1 set statistics 0;

-- Keeping it -------------------------------------------------------------------

create function chat.message_vector(content text, sender uuid) returns tsvector
language sql immutable parallel safe
return array_to_tsvector(coalesce(chat.words_of(content), '{}') || ('@' || sender::text));
comment on function chat.message_vector(text, uuid) is 'The words column of a message.';

create function chat.on_message_worded() returns trigger
language plpgsql security definer set search_path = ''
-- A connection keeps its plans. One made while the table was nearly empty would scan it after it has grown.
set enable_seqscan = off
as $$
begin
  if new.deleted_at is not null then
    delete from chat.message_words w where w.chat_id = old.chat_id and w.created_at = old.created_at;
  elsif tg_op = 'INSERT' then
    -- A message without a text has a row too: an edit may give it a text, and must not put it into a later block.
    insert into chat.message_words (chat_id, created_at, message_id, block, words)
    values (
      new.chat_id, new.created_at, new.id, new.rev / chat.block_size(), chat.message_vector(new.text, new.sender_id)
    );
  else
    update chat.message_words w
    set created_at = new.created_at, words = chat.message_vector(new.text, new.sender_id)
    where w.chat_id = old.chat_id and w.created_at = old.created_at;
  end if;
  return null;
end
$$;
comment on function chat.on_message_worded() is 'Keeps the words of a message, and removes them when it is deleted.';

create trigger _300_keep_words
  after insert or update of text, created_at, deleted_at on public.messages
  for each row execute function chat.on_message_worded();

create function chat.reword_chat(chat_id uuid) returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  perform chat.lock_chats(array[chat_id]);
  update chat.message_words w
  set words = chat.message_vector(m.text, m.sender_id)
  from public.messages m
  where w.chat_id = reword_chat.chat_id and m.chat_id = w.chat_id and m.created_at = w.created_at;
end
$$;
comment on function chat.reword_chat(uuid) is
  'Host: takes the words of a chat''s messages anew, after chat.words_of was replaced. Its sends wait until then.';
