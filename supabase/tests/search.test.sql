-- Search: what is found, by whom, in which order, and page after page.
--
-- needs: friends, rooms

begin;
select plan(114);

select chat_tests.begin_story();
select chat_tests.add_people('alice', 'bob', 'carol', 'stranger');
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('carol'));
select chat_tests.give_party('carol', 'alice', 'bob');

create function pg_temp.found(q text, more text default '') returns text[]
language plpgsql
as $$
declare
  answer json;
begin
  execute format('select public.search_messages(%L%s)', q, more) into answer;
  return array(select message ->> 'text' from json_array_elements(answer -> 'data') as message);
end
$$;

select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;
insert into known (name, id) select 'other pair', (public.open_direct_chat(chat_tests.id('carol')) ->> 'id')::uuid;

-- Words --------------------------------------------------------------------------

select chat_tests.say('pair', line)
from unnest(array[
  'The quick brown fox', 'Crème brûlée in the CAFÉ', 'Łódź, Øresund, İzmir and Đà Nẵng', 'Grüße aus Köln',
  'see https://example.com/some-path?x=1 or mail to fox@example.org', 'snake_case, kebab-case; semi', 'price: 1,299.00 €',
  'Жёлтый Ёжик', 'Καλημέρα ΚΌΣΜΕ', 'שָׁלוֹם עולם', 'السَّلامُ عليكم', 'नमस्ते दुनिया', '안녕하세요 세계', 'ｆｕｌｌ ｗｉｄｔｈ x²',
  'می‌خواهم', '🎉 party 🎉time', 'l''été n’est pas fini', 'ガラス が すき'
]) as line;
select is(pg_temp.found(q), array[line], format('%s finds %s', q, line))
from (values
  ('quick', 'The quick brown fox'), ('QUICK', 'The quick brown fox'), ('qui', 'The quick brown fox'), ('q', 'The quick brown fox'),
  ('fox quick', 'The quick brown fox'), ('  bro,  FO! ', 'The quick brown fox'),
  ('creme', 'Crème brûlée in the CAFÉ'), ('CRÈME', 'Crème brûlée in the CAFÉ'), ('brulee cafe', 'Crème brûlée in the CAFÉ'),
  (normalize('brûlée', NFD), 'Crème brûlée in the CAFÉ'),
  ('lodz', 'Łódź, Øresund, İzmir and Đà Nẵng'), ('øresund', 'Łódź, Øresund, İzmir and Đà Nẵng'), ('oresund', 'Łódź, Øresund, İzmir and Đà Nẵng'),
  ('izmir', 'Łódź, Øresund, İzmir and Đà Nẵng'), ('da nang', 'Łódź, Øresund, İzmir and Đà Nẵng'),
  ('gruße', 'Grüße aus Köln'), ('koln', 'Grüße aus Köln'),
  ('example.com', 'see https://example.com/some-path?x=1 or mail to fox@example.org'),
  ('example', 'see https://example.com/some-path?x=1 or mail to fox@example.org'),
  ('some-path', 'see https://example.com/some-path?x=1 or mail to fox@example.org'),
  ('fox@example.org', 'see https://example.com/some-path?x=1 or mail to fox@example.org'),
  ('case snake', 'snake_case, kebab-case; semi'), ('kebab', 'snake_case, kebab-case; semi'), ('1,299', 'price: 1,299.00 €'),
  ('желтый', 'Жёлтый Ёжик'), ('ёж', 'Жёлтый Ёжик'), ('καλημερα κοσμε', 'Καλημέρα ΚΌΣΜΕ'),
  ('שלום', 'שָׁלוֹם עולם'), ('السلام', 'السَّلامُ عليكم'), ('दुनिया', 'नमस्ते दुनिया'), ('नमस्ते', 'नमस्ते दुनिया'),
  ('안녕', '안녕하세요 세계'), ('세계', '안녕하세요 세계'), ('full width', 'ｆｕｌｌ ｗｉｄｔｈ x²'), ('x2', 'ｆｕｌｌ ｗｉｄｔｈ x²'),
  ('میخواهم', 'می‌خواهم'), ('party time', '🎉 party 🎉time'), ('ete', 'l''été n’est pas fini'), ('est', 'l''été n’est pas fini'),
  ('ガラス', 'ガラス が すき'), ('ガラ', 'ガラス が すき')
) as search (q, line);
select is(pg_temp.found(q), '{}', format('%s finds nothing', q))
from unnest(array['uick', 'foxes', 'quick cafe', 'grusse', 'ハラス', '@' || chat_tests.id('alice'), 'quick''):* | zzz', 'quick | fix']) as q;

-- A very long word is found by its beginning, and by itself.
select chat_tests.say('pair', repeat('ÿ', 4000));
select is(pg_temp.found(repeat('ÿ', n)), array[repeat('ÿ', 4000)], format('%s characters of a very long word find it', n)) from unnest(array[1, 64, 65, 200]) as n;

select is(chat_tests.refusal(format('search_messages(%L)', q)), 'PT400 invalid_request ' || jsonb_build_object('path', 'q', 'issue', issue)::text, format('refused: %s', left(q, 20)))
from (values
  ('', 'must have 1 to 200 characters after trimming'), (E' \u3000 ', 'must have 1 to 200 characters after trimming'),
  (null, 'must have 1 to 200 characters after trimming'), (repeat('a', 201), 'must have 1 to 200 characters after trimming'),
  ('!?', 'must have 1 to 10 words'), ('🎉', 'must have 1 to 10 words'), ('a b c d e f g h i j k', 'must have 1 to 10 words')
) as wrong (q, issue);
select is(pg_temp.found('a b c d e f g h i j j j A'), '{}', 'ten different words are not too many');
select is(chat_tests.refusal(format('search_messages(''a'', %s)', coalesce(n::text, 'null'))), 'PT400 invalid_request page_limit must be 1 to 100', format('a limit of %s is refused', n))
from unnest(array[0, 101, null]) as n;

-- Whose ----------------------------------------------------------------------------

select chat_tests.say('other pair', 'a secret for carol');
select chat_tests.say('group chat', 'a secret for all');
select chat_tests.act_as('bob');
select chat_tests.say('pair', 'a secret from bob');
select is(pg_temp.found('secret'), array['a secret from bob', 'a secret for all'], 'bob finds what is in his chats, newest first');
select chat_tests.act_as('alice');
select is(pg_temp.found('secret'), array['a secret from bob', 'a secret for all', 'a secret for carol'], 'alice finds what is in hers');
select is(pg_temp.found('secret', ', chat_id => chat_tests.id(''pair'')'), array['a secret from bob'], 'in one chat');
select is(pg_temp.found('secret', ', sender_id => chat_tests.id(''alice'')'), array['a secret for all', 'a secret for carol'], 'of one sender');
select is(
  pg_temp.found('secret', ', chat_id => chat_tests.id(''pair''), sender_id => chat_tests.id(''alice'')'), '{}', 'of one sender in one chat'
);
select is(pg_temp.found('secret', ', sender_id => gen_random_uuid()'), '{}', 'of nobody');
select chat_tests.act_as('stranger');
select is(public.search_messages('secret')::jsonb, '{"data": [], "nextCursor": null}', 'a stranger finds nothing');
select is(
  chat_tests.refusal('search_messages(''secret'', chat_id => chat_tests.id(''pair''))'), 'PT403 not_participant', 'and may not name a chat'
);
select is(chat_tests.refusal('search_messages(''secret'', chat_id => gen_random_uuid())'), 'PT404 chat_not_found', 'that exists');
select chat_tests.act_as('stranger', '{"app_metadata": {"role": "moderator"}}');
select is(pg_temp.found('secret'), '{}', 'also not with a moderator''s token');
reset role;
insert into known (name) values ('nobody');
select chat_tests.act_as('nobody');
select is(chat_tests.refusal('search_messages(''secret'')'), 'PT401 invalid_token', 'a deleted account is told so');

-- The message is the message of a page.
select chat_tests.act_as('alice');
select is(
  public.search_messages('bob')::jsonb -> 'data' -> 0, public.get_message(chat_tests.id('pair'), chat_tests.id('a secret from bob'))::jsonb,
  'what is found is the message'
);
select chat_tests.act_as('carol');
select is(
  public.search_messages('all')::jsonb -> 'data' -> 0, public.get_message(chat_tests.id('group chat'), chat_tests.id('a secret for all'))::jsonb,
  'for a moderator as well'
);

-- What is no longer there ------------------------------------------------------------

select chat_tests.act_as('alice');
select public.edit_message(chat_tests.id('group chat'), chat_tests.id('a secret for all'), 'a mystery for all');
select is(pg_temp.found('mystery'), array['a mystery for all'], 'an edited text is found');
select is(pg_temp.found('secret'), array['a secret from bob', 'a secret for carol'], 'the text before the edit is not');
select public.add_reaction(chat_tests.id('group chat'), chat_tests.id('a secret for all'), '👍');
select is(pg_temp.found('mystery'), array['a mystery for all'], 'a reaction changes nothing');
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('a secret for all'));
select is(pg_temp.found('mystery'), '{}', 'a deleted message is not found');
select chat_tests.act_as('carol');
select is(pg_temp.found('mystery'), '{}', 'nor by a moderator, who sees it');
select is(pg_temp.found('secret'), array['a secret for carol'], 'nor is what it said before the edit');

select chat_tests.act_as('bob');
select public.leave_chat(chat_tests.id('pair'));
select is(pg_temp.found('secret'), '{}', 'who has left finds nothing there');
select is(chat_tests.refusal('search_messages(''secret'', chat_id => chat_tests.id(''pair''))'), 'PT403 not_participant', 'and is told so');
select chat_tests.act_as('alice');
select chat_tests.say('pair', 'no secret');
select chat_tests.act_as('bob');
select is(pg_temp.found('secret'), array['no secret'], 'who has returned finds what was sent since');
select is(pg_temp.found('secret', ', chat_id => chat_tests.id(''pair'')'), array['no secret'], 'also in that chat');
select is(pg_temp.found('quick'), '{}', 'and nothing from before');

-- Words stay right, and nothing else than the messages has words.
reset role;
select set_eq(
  'select w.chat_id, w.created_at, w.words from chat.message_words w',
  'select m.chat_id, m.created_at, chat.message_vector(m.text, m.sender_id) from public.messages m where m.deleted_at is null',
  'each message that is not deleted has its words'
);

select lives_ok($$ delete from chat.chats c where c.id = chat_tests.id('other pair') $$, 'a chat is deleted');
select is_empty($$ select from chat.message_words w where w.chat_id = chat_tests.id('other pair') $$, 'and its words with it');
select chat_tests.act_as('alice');
insert into known (name, id) select 'new pair', (public.open_direct_chat(chat_tests.id('carol')) ->> 'id')::uuid;
reset role;

-- Pages ----------------------------------------------------------------------------

create function pg_temp.pages(q text, page_limit integer) returns text[]
language plpgsql
as $$
declare
  page jsonb := public.search_messages(q, page_limit);
  read text[] := '{}';
  part text[];
begin
  loop
    read := read || array(select message ->> 'id' from jsonb_array_elements(page -> 'data') as message);
    exit when page ->> 'nextCursor' is null or cardinality(read) > 1000;
    part := chat_tests.cursor_parts(page ->> 'nextCursor');
    if part[1] <> 'search' then
      raise 'a cursor of another endpoint: %', part;
    end if;
    page := public.search_messages(q, page_limit, query_hash => part[2], before => part[3]::timestamptz, before_id => part[4]::uuid);
  end loop;
  return read;
end
$$;
select chat_tests.act_as('alice');
select chat_tests.say(chat, format('number %s %s', n, case when n % 5 = 0 then 'rarely' end))
from generate_series(1, 40) as n cross join lateral (select (array['pair', 'new pair', 'group chat'])[1 + n % 3]) as place (chat);
reset role;
-- Messages of three chats can have the same time.
update public.messages set created_at = '2026-01-01' where text like 'number 1_ rarely' or text like 'number 20 rarely';
select chat_tests.act_as('alice');
select is(
  pg_temp.pages(q, page_limit),
  array(select m.id::text from public.messages m where m.text like 'number%' and m.text like '%' || q || '%' order by m.created_at desc, m.id desc),
  format('pages of %s: %s', page_limit, q)
)
from unnest(array['number', 'rarely']) as q cross join unnest(array[1, 2, 3, 7, 100]) as page_limit;
select is(
  chat_tests.refusal(format('search_messages(%s, query_hash => %L, before => now(), before_id => gen_random_uuid())', arguments, hash.hash)),
  expected, 'a cursor of ''number'', with ' || arguments
)
from (select (chat_tests.cursor_parts(public.search_messages('number', 1) ->> 'nextCursor'))[2] as hash) as hash
cross join (values
  ('''number''', 'not at all'), ('''NUMBER, number''', 'not at all'), ('''rarely''', 'PT400 invalid_cursor'), ('''number rarely''', 'PT400 invalid_cursor'),
  ('''number'', chat_id => chat_tests.id(''pair'')', 'PT400 invalid_cursor'), ('''number'', sender_id => chat_tests.id(''alice'')', 'PT400 invalid_cursor')
) as call (arguments, expected);

-- The time to order marks grows with the square of their number, so they are few before that.
reset role;
select is(chat.words_of(content), words, why)
from (values
  ('a' || repeat(U&'\0344', 2000), array['a'], 'marks that are removed'),
  ('a' || repeat(U&'\0f81', 4000), array['a' || repeat(U&'\0f71', 30) || repeat(U&'\0f80', 30)], 'marks that stay: 30 of them'),
  ('a' || repeat(U&'\0f81\200b', 2000), array['a' || repeat(U&'\0f71', 15) || repeat(U&'\0f80', 15)], 'and so if others would bring them together'),
  (repeat('한국', 32), array[repeat('한국', 32)], 'a long word without marks stays whole'),
  (repeat('é', 40), array[repeat('e', 40)], 'and one whose letters have an accent each')
) as long (content, words, why);
select chat_tests.act_as('alice');
select chat_tests.say('pair', '٢٠٢٦ हिन्दी १२');
select is(pg_temp.found(q), array['٢٠٢٦ हिन्दी १२'], 'digits of other scripts are the same: ' || q) from unnest(array['2026', '१२ ٢٠']) as q;

select * from finish();
rollback;
