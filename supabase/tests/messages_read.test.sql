-- Reading the messages of a chat by pages.
--
-- needs: friends, rooms

begin;
select plan(9);

select chat_tests.begin_story();

select chat_tests.add_people('alice', 'bob', 'carol');

-- Alice and bob are friends, and come to a party of carol's.
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));
select chat_tests.give_party('carol', 'alice', 'bob');

select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;

select chat_tests.say('pair', 'line ' || n) from generate_series(1, 16) as n;
select chat_tests.act_as('bob');

-- Pages ------------------------------------------------------------------------

select is(
  chat_tests.read_by_pages('pair', page_limit),
  array(select m.id::text from public.messages m where m.chat_id = chat_tests.id('pair') order by m.rev desc),
  format('pages of %s give each message once, newest first', page_limit)
)
from unnest(array[1, 2, 7, 100]) as page_limit;
select throws_ok(
  format('select public.list_messages(chat_tests.id(''pair''), %s)', coalesce(page_limit::text, 'null')), 'PT400', 'invalid_request',
  format('a limit of %s is refused', coalesce(page_limit::text, 'null'))
)
from unnest(array[0, 101, -1, null]) as page_limit;
select is(
  public.list_messages(chat_tests.id('pair'), 100, '2000-01-01')::jsonb - 'prevCursor', '{"data": [], "nextCursor": null}',
  'before all messages there is none'
);

select * from finish();
rollback;
