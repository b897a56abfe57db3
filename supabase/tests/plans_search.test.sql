-- The cost of a search: 200,000 messages, half of them in one chat. Alice is in 1,000 chats, bob in the long one, and
-- dora in a short one.
--
-- needs: friends

begin;
select plan(51);

select chat_tests.begin_story();
select chat_tests.begin_measures();
select chat_tests.add_people('alice', 'bob', 'carol', 'dora', 'stranger', 'new friend');
insert into known (name) select unnest(array['long', 'short', 'short event', 'long event', 'a long way down']);
select chat_tests.fill_large_tables();

-- Every message says `Line`, and one in 1,000 of the long chat `seldom`. In the long chat everybody said `formerly` until
-- its last 20,000 messages. Dora's chat has one word that the others do not have.
insert into chat.chat_participants (chat_id, user_id)
select p.chat_id, chat_tests.id('dora') from pg_temp.place p where p.n = 2000;
insert into chat.message_words (chat_id, created_at, message_id, block, words)
select m.chat_id, m.created_at, m.id, m.rev / chat.block_size(), chat.message_vector(concat_ws(' ', m.text, case
  when m.chat_id = chat_tests.id('long') and m.rev % 1000 = 1 then 'seldom'
  when m.chat_id = chat_tests.id('long') and m.rev < 80000 then 'formerly'
  when p.n = 2000 then 'dora'
end), m.sender_id)
from public.messages m join pg_temp.place p on p.chat_id = m.chat_id
where m.deleted_at is null;
analyze chat.message_words;
select cmp_ok((select count(*) from chat.message_words), '>=', 190000::bigint, 'there are words of 190,000 messages');

create temporary table call (person text, q text, hits integer, pages integer);
grant select on call to authenticated;
insert into call values
  ('stranger', 'line', 0, 150), ('stranger', 'nothing', 0, 150),
  -- A hundred thousand messages of others have the word.
  ('dora', 'line', 20, 400), ('dora', 'dora', 20, 400), ('dora', 'line dora', 20, 500), ('dora', 'formerly', 0, 250), ('dora', 'nothing', 0, 250),
  ('bob', 'line', 50, 2500), ('bob', 'li', 50, 2500), ('bob', 'seldom', 50, 5000), ('bob', 'line seldom', 50, 7000), ('bob', 'nothing', 0, 2500),
  ('bob', 'formerly', 50, 8000), ('bob', 'line formerly', 50, 8000),
  ('alice', 'line', 50, 12000), ('alice', 'seldom', 50, 25000), ('alice', 'line seldom', 50, 25000), ('alice', 'nothing', 0, 25000);

create function pg_temp.search(q text) returns integer
language sql
as $$ select json_array_length(public.search_messages(q) -> 'data') $$;

select chat_tests.act_as('stranger');
select is(pg_temp.search(q), hits, format('%s finds %s of %s', person, hits, q)) from call where person = 'stranger';
select cmp_ok(pg_temp.buffers(format('search_messages(%L)', q)), '<=', pages::bigint, format('in %s pages', pages)) from call where person = 'stranger';
select chat_tests.act_as('dora');
select is(pg_temp.search(q), hits, format('%s finds %s of %s', person, hits, q)) from call where person = 'dora';
select cmp_ok(pg_temp.buffers(format('search_messages(%L)', q)), '<=', pages::bigint, format('in %s pages', pages)) from call where person = 'dora';
select chat_tests.act_as('bob');
select is(pg_temp.search(q), hits, format('%s finds %s of %s', person, hits, q)) from call where person = 'bob';
select cmp_ok(pg_temp.buffers(format('search_messages(%L)', q)), '<=', pages::bigint, format('in %s pages: %s', pages, q)) from call where person = 'bob';
select is(
  pg_temp.sequential_scans(format('search_messages(%L)', q)), 0::bigint, 'bob scans no table: ' || q
) from unnest(array['line', 'seldom', 'line seldom', 'formerly', 'nothing']) as q;
select chat_tests.act_as('alice');
select is(pg_temp.search(q), hits, format('%s finds %s of %s', person, hits, q)) from call where person = 'alice';
select cmp_ok(pg_temp.buffers(format('search_messages(%L)', q)), '<=', pages::bigint, format('in %s pages: %s', pages, q)) from call where person = 'alice';
-- 1,000 of 5,000 chats: the list of the chats themselves is read as a whole.
select is(
  pg_temp.sequential_scans(format('search_messages(%L, chat_id => %L)', q, chat_tests.id('long'))), 0::bigint, 'nor does alice in one chat: ' || q
) from unnest(array['line', 'seldom', 'line seldom', 'formerly', 'nothing']) as q;

-- The statement about the index, with the settings of its function.
reset role;
select matches(
  array_to_string(pg_temp.ways_to('message_words', kind, pg_temp.statement('chat.search_index', 1, case kind
    when 'generic' then array[
      ['chats', '$1::chat.searched_chat[]'], ['query', '$2::text'], ['before', '($3::chat.hit)'], ['row_limit', '$4::integer'], ['others', '$5::tsquery']
    ]
    else array[
      ['chats', format('array[row(%L, now(), ''-infinity'', 0, 24)::chat.searched_chat]', chat_tests.id('long'))], ['query', '''''''%1$s' || word || ''''':*'''],
      ['before', '(row(now(), gen_random_uuid())::chat.hit)'], ['row_limit', '51'], ['others', 'null::tsquery']
    ]
  end)), ' and '),
  '^Bitmap Heap Scan  $', format('the words of a block are read by the index of words (%s: %s)', kind, word)
)
from unnest(array['generic', 'custom']) as kind cross join unnest(array['line', 'nothing']) as word;

select * from finish();
rollback;
