-- Search for languages without spaces: a host replaces chat.words_of, and takes the words of all messages anew.
--
-- needs: friends

begin;
select plan(11);

select chat_tests.begin_story();
select chat_tests.add_people('alice', 'bob');
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));
create function pg_temp.found(q text) returns text[]
language sql
as $$ select array(select message ->> 'text' from json_array_elements(public.search_messages(q) -> 'data') as message) $$;

select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;
select chat_tests.say('pair', line) from unnest(array['日曜日に東京駅で会いましょう', 'See you in Tōkyō']) as line;
select is(pg_temp.found('東京'), '{}', 'a word inside a text without spaces is not found');
select is(pg_temp.found('日曜'), array['日曜日に東京駅で会いましょう'], 'only its beginning is');

reset role;
select is(chat.fold_text(content collate "tr-x-icu"), folded, format('a database with the rules of Turkish finds %s too', content))
from (values ('ISTANBUL', 'istanbul'), ('ILIK IŞIK', 'ilik isik')) as text (content, folded);

-- As docs/search.md says: of Chinese, Japanese and Thai, each letter with the next one.
create or replace function chat.words_of(content text) returns text[]
language plpgsql immutable parallel safe
as $$
begin
  return array(
    select part.word
    from regexp_split_to_table(chat.fold_text(content), '[^[:alnum:]]+') as run
    cross join lateral regexp_matches(
      run, '[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]+|[^\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]+', 'g'
    ) as piece (words)
    cross join lateral (
      select left(piece.words[1], 64) where piece.words[1] !~ '[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]'
      union all
      select substr(piece.words[1], n, 2) from generate_series(1, greatest(1, char_length(piece.words[1]) - 1)) as n
      where piece.words[1] ~ '[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]'
    ) as part (word)
  );
end
$$;
select chat.reword_chat(c.id) from chat.chats c;

select chat_tests.act_as('alice');
select is(pg_temp.found(q), array[line], format('%s is found', q))
from (values
  ('東京', '日曜日に東京駅で会いましょう'), ('東京駅', '日曜日に東京駅で会いましょう'), ('駅', '日曜日に東京駅で会いましょう'),
  ('会いましょう 東京', '日曜日に東京駅で会いましょう'), ('tokyo', 'See you in Tōkyō')
) as search (q, line);
select is(pg_temp.found('東駅'), '{}', 'what does not stand together is not');
select chat_tests.say('pair', '大阪城');
select is(pg_temp.found('阪城'), array['大阪城'], 'a new message is found as well');

select * from finish();
rollback;
