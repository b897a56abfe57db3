-- Reactions: adding and removing them, how messages show them, and the list of those who have reacted.
--
-- needs: friends, rooms

begin;
select plan(66);

select chat_tests.begin_story();

select chat_tests.add_people('alice', 'bob', 'carol');
select chat_tests.add_people(variadic array(select 'guest ' || n from generate_series(1, 25) as n));
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));
select chat_tests.give_party('carol', variadic array['alice', 'bob'] || array(select 'guest ' || n from generate_series(1, 25) as n));

create function pg_temp.react(line text, emoji text) returns jsonb
language sql
as $$ select public.add_reaction(chat_tests.id('group chat'), chat_tests.id(line), emoji)::jsonb $$;
create function pg_temp.take_back(line text, emoji text) returns jsonb
language sql
as $$ select public.remove_reaction(chat_tests.id('group chat'), chat_tests.id(line), emoji)::jsonb $$;
-- A reaction as the acting person sees it.
create function pg_temp.reaction(emoji text, mine boolean, variadic people text[]) returns jsonb
language sql stable
as $$ select jsonb_build_object('emoji', emoji, 'count', cardinality(people), 'mine', mine, 'userIds', chat_tests.ids(variadic people)) $$;
create function pg_temp.in_page(line text) returns jsonb
language sql stable
as $$
  select message from jsonb_array_elements(public.list_messages(chat_tests.id('group chat'), 100)::jsonb -> 'data') as message
  where message ->> 'id' = chat_tests.id(line)::text
$$;
create function pg_temp.rev() returns bigint
language sql stable security definer
as $$ select c.rev from chat.chats c where c.id = chat_tests.id('group chat') $$;

create function pg_temp.reactions_of(line text) returns setof chat.reactions
language sql stable security definer
as $$ select r.* from chat.reactions r where r.message_id = chat_tests.id(line) $$;

select chat_tests.act_as('alice');
insert into seen select 'hello', chat_tests.say('group chat', 'hello');
select chat_tests.act_as('carol');
insert into seen select 'chat before', public.get_chat(chat_tests.id('group chat'));

-- Adding -----------------------------------------------------------------------

select chat_tests.act_as('bob');
select set_config('response.status', '', true);
insert into seen select 'liked', pg_temp.react('hello', '👍');
select is(
  chat_tests.answer('liked'),
  chat_tests.answer('hello') || jsonb_build_object(
    'rev', 2, 'editableUntil', null, 'reactions', jsonb_build_array(pg_temp.reaction('👍', true, 'bob'))
  ),
  'a reaction gives the message with it, whole, with the next rev and without an edit'
);
select is(current_setting('response.status', true), '', 'and is 200');
select is(pg_temp.in_page('hello'), chat_tests.answer('liked'), 'it stands in the page of the person who reacted as it was answered');
select is(
  (select to_jsonb(m.reactions) from public.messages m where m.id = chat_tests.id('hello')),
  jsonb_build_array(pg_temp.reaction('👍', true, 'bob') - 'mine'), 'and in the table, which does not know who reads'
);
select chat_tests.act_as('alice');
select is(
  pg_temp.in_page('hello') -> 'reactions', jsonb_build_array(pg_temp.reaction('👍', false, 'bob')), 'others see that it is not theirs'
);
select chat_tests.act_as('carol');
select is(
  public.get_chat(chat_tests.id('group chat'))::jsonb, chat_tests.answer('chat before') || '{"rev": 2}',
  'the chat has another rev; its place in the list, its last message and its unread count stay'
);

select chat_tests.act_as('bob');
select is(pg_temp.react('hello', '👍'), chat_tests.answer('liked'), 'the same reaction again gives the same message');
select is(pg_temp.rev(), 2::bigint, 'and takes no rev');
select chat_tests.act_as('alice');
select is(
  pg_temp.react('hello', '❤️') -> 'reactions',
  jsonb_build_array(pg_temp.reaction('👍', false, 'bob'), pg_temp.reaction('❤️', true, 'alice')),
  'a person may react to their own message; another emoji comes last'
);
select chat_tests.act_as('carol');
select is(
  pg_temp.react('hello', '👍') -> 'reactions',
  jsonb_build_array(pg_temp.reaction('👍', true, 'bob', 'carol'), pg_temp.reaction('❤️', false, 'alice')), 'the same emoji is counted'
);
select is(
  pg_temp.react('hello', '🎉') -> 'reactions' -> 2, pg_temp.reaction('🎉', true, 'carol'), 'one person may react with several'
);

-- Removing -----------------------------------------------------------------------

select chat_tests.act_as('bob');
select is(
  pg_temp.take_back('hello', '👍') -> 'reactions' -> 0, pg_temp.reaction('👍', false, 'carol'), 'a reaction is taken back'
);
select is(pg_temp.rev(), 6::bigint, 'which takes a rev');
select is(pg_temp.take_back('hello', '👍') -> 'reactions' -> 0, pg_temp.reaction('👍', false, 'carol'), 'a second time is no error');
select is(pg_temp.take_back('hello', '🎉') -> 'reactions' -> 2, pg_temp.reaction('🎉', false, 'carol'), 'nobody takes back what another has said');
select is(pg_temp.rev(), 6::bigint, 'and neither takes a rev');
select chat_tests.act_as('carol');
select is(
  pg_temp.take_back('hello', '👍') -> 'reactions',
  jsonb_build_array(pg_temp.reaction('❤️', false, 'alice'), pg_temp.reaction('🎉', true, 'carol')), 'without its last person an emoji is gone'
);
select is(
  pg_temp.react('hello', '👍') -> 'reactions' -> 2, pg_temp.reaction('👍', true, 'carol'), 'and comes last when it is used again'
);
select is((pg_temp.in_page('hello') -> 'editedAt'), 'null', 'no reaction is an edit');

-- An edit keeps them.
select chat_tests.act_as('alice');
select is(
  public.edit_message(chat_tests.id('group chat'), chat_tests.id('hello'), 'hello all')::jsonb -> 'reactions',
  jsonb_build_array(
    pg_temp.reaction('❤️', true, 'alice'), pg_temp.reaction('🎉', false, 'carol'), pg_temp.reaction('👍', false, 'carol')
  ),
  'an edited message keeps its reactions'
);

-- Many people --------------------------------------------------------------------

select chat_tests.say('group chat', 'for all');
do $$
begin
  for n in 1..25 loop
    perform chat_tests.act_as('guest ' || n);
    perform pg_temp.react('for all', '👍');
  end loop;
end
$$;
create function pg_temp.first_twenty(from_guest integer, mine boolean, count integer) returns jsonb
language sql stable
as $$
  select jsonb_build_array(jsonb_build_object('emoji', '👍', 'count', count, 'mine', mine, 'userIds', chat_tests.ids(
    variadic array(select 'guest ' || n from generate_series(from_guest, from_guest + 19) as n)
  )))
$$;
select chat_tests.act_as('guest 20');
select is(pg_temp.in_page('for all') -> 'reactions', pg_temp.first_twenty(1, true, 25), 'of many people the first twenty are listed');
select chat_tests.act_as('guest 21');
select is(pg_temp.in_page('for all') -> 'reactions', pg_temp.first_twenty(1, true, 25), 'the twenty-first knows that theirs is among them');
select chat_tests.act_as('alice');
select is(pg_temp.in_page('for all') -> 'reactions', pg_temp.first_twenty(1, false, 25), 'and others that theirs is not');
select chat_tests.act_as('guest 1');
select is(pg_temp.take_back('for all', '👍') -> 'reactions', pg_temp.first_twenty(2, false, 24), 'the next in line takes the place of one who is gone');
select chat_tests.act_as('guest 25');
select is(pg_temp.take_back('for all', '👍') -> 'reactions', pg_temp.first_twenty(2, false, 23), 'one who is not listed is counted out');
reset role;
select is_empty(
  $$ select m.id
     from public.messages m
     cross join lateral (
       select jsonb_object_agg(r.emoji, r.people) as reactions
       from (select r.emoji, count(*) as people from chat.reactions r where r.message_id = m.id group by r.emoji) as r
     ) as counted
     cross join lateral (
       select jsonb_object_agg(one.reaction ->> 'emoji', one.reaction -> 'count') as reactions from jsonb_array_elements(m.reactions) as one (reaction)
     ) as shown
     where counted.reactions is distinct from shown.reactions $$,
  'the messages count what the table has'
);

-- The list -----------------------------------------------------------------------

create function pg_temp.listed(emoji text, page_limit integer) returns text[]
language plpgsql
as $$
declare
  page jsonb := public.list_reactions(chat_tests.id('group chat'), chat_tests.id('hello'), page_limit, emoji);
  read text[] := '{}';
  part text[];
begin
  loop
    read := read || array(
      select (select k.name from pg_temp.known k where k.id = (one ->> 'userId')::uuid) || ' ' || (one ->> 'emoji')
      from jsonb_array_elements(page -> 'data') as one
    );
    exit when page ->> 'nextCursor' is null or cardinality(read) > 100;
    part := chat_tests.cursor_parts(page ->> 'nextCursor');
    if part[1] <> 'reactions' or part[2]::uuid <> chat_tests.id('hello') then
      raise 'a cursor of another list: %', part;
    end if;
    page := public.list_reactions(chat_tests.id('group chat'), chat_tests.id('hello'), page_limit, emoji, part[3]::bigint);
  end loop;
  return read;
end
$$;
select chat_tests.act_as('bob');
select pg_temp.react('hello', '🎉');
select is(pg_temp.listed(null, page_limit), array['alice ❤️', 'carol 🎉', 'carol 👍', 'bob 🎉'], format('pages of %s give all reactions, the oldest first', page_limit))
from unnest(array[1, 3, 4, 100]) as page_limit;
select is(pg_temp.listed('🎉', page_limit), array['carol 🎉', 'bob 🎉'], format('and those with one emoji, by pages of %s', page_limit))
from unnest(array[1, 2, 100]) as page_limit;
select is(
  public.list_reactions(chat_tests.id('group chat'), chat_tests.id('hello'), 1)::jsonb -> 'data',
  (
    select jsonb_build_array(jsonb_build_object('userId', r.user_id, 'emoji', '❤️', 'createdAt', chat_tests.rfc3339(r.created_at)))
    from pg_temp.reactions_of('hello') r where r.emoji = '❤️'
  ),
  'each tells who has reacted, how and when'
);
select is(
  public.list_reactions(chat_tests.id('group chat'), chat_tests.id('hello'), emoji => '🙈')::jsonb, '{"data": [], "nextCursor": null}',
  'nobody has used another emoji'
);
select is(
  chat_tests.refusal(format('list_reactions(chat_tests.id(''group chat''), chat_tests.id(''hello''), %s)', arguments)), refusal, format('refused: %s', arguments)
)
from (values
  ('0', 'PT400 invalid_request page_limit must be 1 to 100'),
  ('101', 'PT400 invalid_request page_limit must be 1 to 100'),
  ('50, ''''', 'PT400 invalid_request {"path": "emoji", "issue": "must have 1 to 64 bytes"}')
) as attempt (arguments, refusal);

-- What an emoji is -----------------------------------------------------------------

select chat_tests.act_as('bob');
select chat_tests.say('group chat', 'any emoji');
select is(
  pg_temp.react('any emoji', emoji) -> 'reactions' -> (place - 1)::integer, pg_temp.reaction(emoji, true, 'bob'), format('%s is kept as it is', emoji)
)
from unnest(array[
  '🧑🏿‍❤️‍💋‍🧑🏻', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '1️⃣', 'party_parrot', '+1', '...', '%', '"\', repeat('x', 64), U&'a\0308', U&'\00e4'
]) with ordinality as one (emoji, place);
select is(
  chat_tests.refusal(format('add_reaction(chat_tests.id(''group chat''), chat_tests.id(''any emoji''), %L)', emoji)),
  format('PT400 invalid_request {"path": "emoji", "issue": "%s"}', issue), format('%s is refused: %s', coalesce(quote_literal(left(emoji, 8)), 'null'), issue)
)
from (values
  (null, 'must have 1 to 64 bytes'),
  ('', 'must have 1 to 64 bytes'),
  (repeat('x', 65), 'must have 1 to 64 bytes'),
  (repeat('👍', 17), 'must have 1 to 64 bytes'),
  (' ', 'must not have white space, control characters or slashes'),
  ('a b', 'must not have white space, control characters or slashes'),
  (U&'a\00a0', 'must not have white space, control characters or slashes'),
  (U&'\3000', 'must not have white space, control characters or slashes'),
  (U&'a\0085', 'must not have white space, control characters or slashes'),
  (U&'\0007', 'must not have white space, control characters or slashes'),
  ('a/b', 'must not have white space, control characters or slashes'),
  (U&'\200b', 'must have a visible character'),
  (U&'\fe0f\200d', 'must have a visible character'),
  ('.', 'must not consist of dots'),
  ('..', 'must not consist of dots')
) as attempt (emoji, issue);
reset role;
select throws_ok(
  $$ update chat.reactions set emoji = repeat('y', chat.max_emoji_bytes() + 1) where ctid = (select min(ctid) from chat.reactions) $$, '23514', null, 'the table itself refuses 65 bytes'
);
select lives_ok(
  $$ update chat.reactions set emoji = repeat('y', chat.max_emoji_bytes()) where ctid = (select min(ctid) from chat.reactions) $$, 'and takes 64'
);

select * from finish();
rollback;
