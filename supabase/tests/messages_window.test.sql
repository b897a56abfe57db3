-- One message, and windows of a chat: around a message, around the first unread one, and pages in both directions.
--
-- needs: friends, rooms

begin;
select plan(60);

select chat_tests.begin_story();
select chat_tests.add_people('alice', 'bob', 'carol', 'stranger');
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));
select chat_tests.give_party('carol', 'alice', 'bob');

-- A page's texts, and all of a chat's ids from a page on in both directions.
create function pg_temp.texts(page json) returns text[]
language sql
as $$ select coalesce(array_agg(message ->> 'text'), '{}') from json_array_elements(page -> 'data') as message $$;
create function pg_temp.ids(page jsonb) returns text[]
language sql
as $$ select array(select message ->> 'id' from jsonb_array_elements(page -> 'data') as message) $$;
create function pg_temp.walk(start jsonb, page_limit integer) returns text[]
language plpgsql
as $$
declare
  read text[] := pg_temp.ids(start);
  page jsonb := start;
begin
  while page ->> 'nextCursor' is not null and cardinality(read) < 200 loop
    page := chat_tests.page_beside(page, 'next', page_limit);
    read := read || pg_temp.ids(page);
  end loop;
  page := start;
  while page ->> 'prevCursor' is not null and cardinality(read) < 200 loop
    page := chat_tests.page_beside(page, 'prev', page_limit);
    read := pg_temp.ids(page) || read;
  end loop;
  return read;
end
$$;

select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;
select chat_tests.say('pair', 'line ' || n) from generate_series(1, 9) as n;
select chat_tests.act_as('bob');

-- One message --------------------------------------------------------------------

select is(
  public.get_message(chat_tests.id('pair'), chat_tests.id('line 4'))::jsonb,
  public.list_messages(chat_tests.id('pair'))::jsonb -> 'data' -> 5,
  'a message alone is the message of a page'
);
select is(chat_tests.refusal(call), 'PT404 message_not_found', 'not found: ' || call)
from unnest(array[
  $$get_message(chat_tests.id('pair'), gen_random_uuid())$$,
  $$get_message(chat_tests.id('group chat'), chat_tests.id('line 4'))$$,
  $$list_messages(chat_tests.id('pair'), around => gen_random_uuid())$$,
  $$list_messages(chat_tests.id('group chat'), around => chat_tests.id('line 4'))$$
]) as call;
select is(chat_tests.refusal(call), 'PT404 chat_not_found', 'no such chat: ' || call)
from unnest(array[
  $$get_message(gen_random_uuid(), chat_tests.id('line 4'))$$,
  $$list_messages(gen_random_uuid(), around => chat_tests.id('line 4'))$$,
  $$list_messages(gen_random_uuid(), around_unread => true)$$
]) as call;
select chat_tests.act_as('stranger');
select is(chat_tests.refusal(call), 'PT403 not_participant', 'a stranger is refused: ' || call)
from unnest(array[
  $$get_message(chat_tests.id('pair'), chat_tests.id('line 4'))$$,
  $$get_message(chat_tests.id('pair'), gen_random_uuid())$$,
  $$list_messages(chat_tests.id('pair'), around => chat_tests.id('line 4'))$$,
  $$list_messages(chat_tests.id('pair'), around => gen_random_uuid())$$,
  $$list_messages(chat_tests.id('pair'), around_unread => true)$$,
  $$list_messages(chat_tests.id('pair'), after => '2000-01-01')$$
]) as call;
select chat_tests.act_as('bob');

-- Windows ------------------------------------------------------------------------

select is(
  pg_temp.texts(public.list_messages(chat_tests.id('pair'), page_limit, around => chat_tests.id(middle))), expected,
  format('%s messages around %s', page_limit, middle)
)
from (values
  (1, 'line 5', array['line 5']),
  (2, 'line 5', array['line 5', 'line 4']),
  (3, 'line 5', array['line 6', 'line 5', 'line 4']),
  (4, 'line 5', array['line 6', 'line 5', 'line 4', 'line 3']),
  (5, 'line 1', array['line 3', 'line 2', 'line 1']),
  (5, 'line 9', array['line 9', 'line 8', 'line 7']),
  (100, 'line 5', array['line 9', 'line 8', 'line 7', 'line 6', 'line 5', 'line 4', 'line 3', 'line 2', 'line 1'])
) as window_of (page_limit, middle, expected);
select is(
  array[page ->> 'prevCursor' is null, page ->> 'nextCursor' is null], expected,
  format('no cursor leads on from %s', ends)
)
from (values
  ('the newest page', public.list_messages(chat_tests.id('pair'), 3), array[true, false]),
  ('a window in the middle', public.list_messages(chat_tests.id('pair'), 1, around => chat_tests.id('line 5')), array[false, false]),
  ('a window of the newest', public.list_messages(chat_tests.id('pair'), 5, around => chat_tests.id('line 7')), array[true, false]),
  ('a window of the oldest', public.list_messages(chat_tests.id('pair'), 4, around => chat_tests.id('line 3')), array[false, true]),
  ('the whole chat', public.list_messages(chat_tests.id('pair'), 100, around => chat_tests.id('line 5')), array[true, true])
) as sight (ends, page, expected);

-- From every message, in windows and pages of every size, one comes to the whole chat.
select is_empty(
  $$
    select middle, page_limit
    from generate_series(1, 9) as middle cross join generate_series(1, 11) as page_limit
    cross join generate_series(1, 3) as window_limit
    where pg_temp.walk(
      public.list_messages(chat_tests.id('pair'), window_limit, around => chat_tests.id('line ' || middle))::jsonb, page_limit
    ) <> chat_tests.read_by_pages('pair', 100)
  $$,
  'a window and the pages beside it are the chat'
);
select is(
  pg_temp.texts(chat_tests.page_beside(public.list_messages(chat_tests.id('pair'), 1, around => chat_tests.id('line 3'))::jsonb, 'prev', 2)::json),
  array['line 5', 'line 4'],
  'the page of prevCursor has the nearest newer messages, newest first'
);

-- What happens between two pages: a message is sent, and messages at both ends of the window are deleted.
insert into seen (moment, answer)
select 'before', public.list_messages(chat_tests.id('pair'), 3, around => chat_tests.id('line 5'))::jsonb;
select chat_tests.act_as('alice');
select public.delete_message(chat_tests.id('pair'), chat_tests.id(name)) from unnest(array['line 7', 'line 6', 'line 4', 'line 3', 'line 1']) as name;
select chat_tests.say('pair', 'line 10');
select chat_tests.act_as('bob');
select is(
  pg_temp.texts(chat_tests.page_beside(chat_tests.answer('before'), direction, page_limit)::json), expected,
  format('%s of %s: nothing is repeated or skipped', direction, page_limit)
)
from (values
  ('prev', 1, array['line 8']),
  ('prev', 100, array['line 10', 'line 9', 'line 8']),
  ('next', 1, array['line 2']),
  ('next', 100, array['line 2'])
) as beside (direction, page_limit, expected);
-- The page of a cursor can have become empty. It still leads back.
insert into seen (moment, answer) select 'last', chat_tests.page_beside(chat_tests.answer('before'), 'next', 1);
select chat_tests.act_as('alice');
select public.delete_message(chat_tests.id('pair'), chat_tests.id(name)) from unnest(array['line 2', 'line 9', 'line 10']) as name;
select chat_tests.act_as('bob');
insert into seen (moment, answer) select 'empty', public.list_messages(chat_tests.id('pair'), 1, before => '2000-01-01')::jsonb;
select is(
  array[chat_tests.answer('empty') -> 'data', chat_tests.answer('empty') -> 'nextCursor'], array['[]', 'null']::jsonb[],
  'before the oldest message there is none'
);
select is(
  pg_temp.texts(chat_tests.page_beside(chat_tests.answer('empty'), 'prev', 1)::json), array['line 5'], 'and its prevCursor leads to the oldest'
);
insert into seen (moment, answer) select 'beyond', public.list_messages(chat_tests.id('pair'), 1, after => now() + interval '1 hour')::jsonb;
select is(
  array[chat_tests.answer('beyond') -> 'data', chat_tests.answer('beyond') -> 'prevCursor'], array['[]', 'null']::jsonb[],
  'after the newest message there is none'
);
select is(
  pg_temp.texts(chat_tests.page_beside(chat_tests.answer('beyond'), 'next', 1)::json), array['line 8'], 'and its nextCursor leads to the newest'
);

-- A page before any time: that of each message, deleted or not, and just before and after it.
reset role;
create temporary table points as
select m.created_at + interval '1 microsecond' * beside as point
from public.messages m cross join generate_series(-1, 1) as beside
where m.chat_id = chat_tests.id('pair');
grant select on points to authenticated;
create function pg_temp.wrong_pages_before() returns table (point timestamptz, page_limit integer)
language sql
as $$
  with mine as materialized (select m.id::text, m.created_at from public.messages m where m.chat_id = chat_tests.id('pair'))
  select reading.point, reading.page_limit
  from (
    select
      point, size as page_limit, public.list_messages(chat_tests.id('pair'), size, before => point)::jsonb as page,
      array(select m.id from mine m where m.created_at < point order by m.created_at desc) as older,
      array(select m.id from mine m where m.created_at >= point order by m.created_at) as newer
    from pg_temp.points cross join generate_series(1, 11) as size
  ) as reading
  where pg_temp.ids(page) <> older[:page_limit]
    or (page ->> 'nextCursor' is null) <> (cardinality(older) <= page_limit)
    or (page ->> 'prevCursor' is null) <> (cardinality(newer) = 0)
    or pg_temp.ids(chat_tests.page_beside(page, 'prev', page_limit)) <>
      array(select id from unnest(newer[:page_limit]) with ordinality as near (id, nth) order by nth desc)
$$;
select is((select count(*) from points), 30::bigint, 'three times for each message');
select chat_tests.act_as('bob');
select is_empty('select * from pg_temp.wrong_pages_before()', 'a page before any time has the messages before it, and leads to those after it');
select chat_tests.act_as('bob', '{"app_metadata": {"role": "moderator"}}');
select is_empty('select * from pg_temp.wrong_pages_before()', 'as a moderator''s does');
select chat_tests.act_as('bob');

-- What may not be seen -------------------------------------------------------------

select is(chat_tests.refusal(call), 'PT404 message_not_found', 'a deleted message is not found: ' || call)
from unnest(array[
  $$get_message(chat_tests.id('pair'), chat_tests.id('line 4'))$$,
  $$list_messages(chat_tests.id('pair'), around => chat_tests.id('line 4'))$$
]) as call;
select chat_tests.act_as('bob', '{"app_metadata": {"role": "moderator"}}');
select is(
  pg_temp.texts(public.list_messages(chat_tests.id('pair'), 5, around => chat_tests.id('line 4'))),
  array['line 6', 'line 5', 'line 4', 'line 3', 'line 2'], 'a moderator''s window has deleted messages, also in the middle'
);
select is(
  pg_temp.texts(chat_tests.page_beside(public.list_messages(chat_tests.id('pair'), 1, around => chat_tests.id('line 5'))::jsonb, 'prev', 2)::json),
  array['line 7', 'line 6'], 'and so have the pages beside it'
);
select is(
  public.get_message(chat_tests.id('pair'), chat_tests.id('line 4')) ->> 'deletedBy', chat_tests.id('alice')::text, 'a moderator gets a deleted message'
);

select chat_tests.act_as('bob');
select public.leave_chat(chat_tests.id('pair'));
select is(chat_tests.refusal(call), 'PT403 not_participant', 'who has left is refused: ' || call)
from unnest(array[
  $$get_message(chat_tests.id('pair'), chat_tests.id('line 5'))$$,
  $$list_messages(chat_tests.id('pair'), around => chat_tests.id('line 5'))$$
]) as call;
select chat_tests.act_as('alice');
select chat_tests.say('pair', 'again ' || n) from generate_series(1, 3) as n;
select chat_tests.act_as('bob');
select is(chat_tests.refusal(call), 'PT404 message_not_found', 'what was before a return is not found: ' || call)
from unnest(array[
  $$get_message(chat_tests.id('pair'), chat_tests.id('line 5'))$$,
  $$list_messages(chat_tests.id('pair'), around => chat_tests.id('line 5'))$$
]) as call;
select is(
  pg_temp.texts(public.list_messages(chat_tests.id('pair'), 100, around => chat_tests.id('again 2'))),
  array['again 3', 'again 2', 'again 1'], 'nor is it in a window'
);

-- The first unread message ---------------------------------------------------------

select is(
  pg_temp.texts(public.list_messages(chat_tests.id('pair'), 2, around_unread => true)), array['again 1'], 'after a return the first message is unread'
);
select chat_tests.act_as('alice');
select chat_tests.say('group chat', 'alice ' || n) from generate_series(1, 6) as n;
select chat_tests.act_as('bob');
select public.mark_read(chat_tests.id('group chat'), chat_tests.id('alice 2'));
select chat_tests.say('group chat', 'bob 1');
select is(
  pg_temp.texts(public.list_messages(chat_tests.id('group chat'), 3, around_unread => true)), array['alice 4', 'alice 3', 'alice 2'],
  'the window is around the first message after the read mark'
);
select chat_tests.act_as('alice');
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('alice 3'));
select chat_tests.act_as('bob');
select is(
  pg_temp.texts(public.list_messages(chat_tests.id('group chat'), 1, around_unread => true)), array['alice 4'], 'a deleted message is not unread'
);
select chat_tests.act_as('bob', '{"app_metadata": {"role": "moderator"}}');
select is(
  pg_temp.texts(public.list_messages(chat_tests.id('group chat'), 2, around_unread => true)), array['alice 4', 'alice 3'], 'nor for a moderator, who sees it'
);
select chat_tests.act_as('bob');
select public.mark_read(chat_tests.id('group chat'), chat_tests.id('alice 6'));
select is(
  public.list_messages(chat_tests.id('group chat'), 3, around_unread => true)::jsonb,
  public.list_messages(chat_tests.id('group chat'), 3)::jsonb,
  'one''s own message is not unread: without an unread message the window is the newest page'
);

-- Arguments ------------------------------------------------------------------------

select is(
  chat_tests.refusal(format('list_messages(chat_tests.id(''pair''), 50, %s)', arguments)), 'PT400 invalid_request ' || detail, detail || ': ' || arguments
)
from (values
  ('before => now(), after => now()', 'only one of before, after, around and around_unread may be given'),
  ('after => now(), around => gen_random_uuid()', 'only one of before, after, around and around_unread may be given'),
  ('around => gen_random_uuid(), around_unread => true', 'only one of before, after, around and around_unread may be given'),
  ('before => ''-infinity''', 'before and after must be finite'),
  ('after => ''infinity''', 'before and after must be finite')
) as wrong (arguments, detail);
select chat_tests.act_as('alice');
select is(
  pg_temp.texts(public.list_messages(chat_tests.id('pair'), 1, before => null, after => null, around => null, around_unread => null)),
  array['again 3'], 'null is no argument'
);

select * from finish();
rollback;
