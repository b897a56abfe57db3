-- Opening direct chats, and reading and listing chats, as their participants and a stranger.
--
-- needs: friends, blocks, events

begin;
select plan(84);

select chat_tests.begin_story();
select chat_tests.begin_direct_chats();

select chat_tests.add_people('alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'stranger');
insert into known (name) select unnest(array['nobody', 'unknown chat', 'unknown message']);

select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));
select chat_tests.block(chat_tests.id('alice'), chat_tests.id('erin')), chat_tests.block(chat_tests.id('frank'), chat_tests.id('alice'));

-- Opening a direct chat --------------------------------------------------------

select chat_tests.act_as('alice');
insert into known select 'alice and bob', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;
select is(current_setting('response.status', true), '201', 'a new chat is 201');

set local response.status = '';
select is(
  public.open_direct_chat(chat_tests.id('bob'))::jsonb, pg_temp.direct_chat_of('alice', 'bob'),
  'opening it again gives the same chat, whole'
);
select chat_tests.act_as('bob');
select is(
  public.open_direct_chat(chat_tests.id('alice'))::jsonb, pg_temp.direct_chat_of('alice', 'bob'),
  'and so does opening it from the other side'
);
select is(current_setting('response.status', true), '', 'neither is 201');

select chat_tests.act_as('alice');
select throws_ok($$ select public.open_direct_chat(chat_tests.id('dave')) $$, 'PT403', 'not_friends', 'a person whom alice does not know is not a friend');
select throws_ok($$ select public.open_direct_chat(chat_tests.id('stranger')) $$, 'PT403', 'not_friends', 'a stranger is not a friend');
select throws_ok($$ select public.open_direct_chat(chat_tests.id('nobody')) $$, 'PT403', 'not_friends', 'nor is a user who does not exist');
select throws_ok($$ select public.open_direct_chat(chat_tests.id('alice')) $$, 'PT400', 'invalid_request', 'no chat with oneself');
select throws_ok($$ select public.open_direct_chat(null) $$, 'PT400', 'invalid_request', 'no chat with null');
select throws_ok($$ select public.open_direct_chat(chat_tests.id('erin')) $$, 'PT403', 'blocked', 'alice blocked erin and cannot open');
select throws_ok($$ select public.open_direct_chat(chat_tests.id('frank')) $$, 'PT403', 'blocked', 'frank blocked alice: she cannot open');
select chat_tests.act_as('erin');
select throws_ok($$ select public.open_direct_chat(chat_tests.id('alice')) $$, 'PT403', 'blocked', 'nor can erin, whom alice blocked');
select chat_tests.act_as('frank');
select throws_ok($$ select public.open_direct_chat(chat_tests.id('alice')) $$, 'PT403', 'blocked', 'nor frank, who blocked her');
select chat_tests.act_as('dave');
select throws_ok($$ select public.open_direct_chat(chat_tests.id('alice')) $$, 'PT403', 'not_friends', 'dave is not a friend from his side either');
set local request.jwt.claims = '{"role": "authenticated"}';
select throws_ok($$ select public.open_direct_chat(chat_tests.id('alice')) $$, 'PT401', 'invalid_token', 'a token without a subject opens nothing');

reset role;
select results_eq(
  $$ select p.user_id from chat.chats c join chat.chat_participants p on p.chat_id = c.id
     where c.direct_low in (select k.id from known k) or c.direct_high in (select k.id from known k) order by p.user_id $$,
  $$ select k.id from known k where k.name in ('alice', 'bob') order by k.id $$,
  'all these calls made one chat, with two participants'
);

-- Two people who are not friends any more keep their chat. If one has blocked the other, they cannot open it.
select chat_tests.unfriend(chat_tests.id('alice'), chat_tests.id('bob'));
select chat_tests.act_as('alice');
select is(
  public.open_direct_chat(chat_tests.id('bob'))::jsonb, pg_temp.direct_chat_of('alice', 'bob'),
  'a chat that exists opens after the friendship has ended'
);
reset role;
select chat_tests.block(chat_tests.id('bob'), chat_tests.id('alice'));
select chat_tests.act_as('alice');
select throws_ok($$ select public.open_direct_chat(chat_tests.id('bob')) $$, 'PT403', 'blocked', 'a chat that exists does not open for the blocked');
select chat_tests.act_as('bob');
select throws_ok($$ select public.open_direct_chat(chat_tests.id('alice')) $$, 'PT403', 'blocked', 'nor for the one who blocked');
reset role;
select chat_tests.unblock(chat_tests.id('bob'), chat_tests.id('alice'));
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));

-- Reading chats ----------------------------------------------------------------

select chat_tests.act_as('alice');
select is(
  public.get_chat(chat_tests.id('alice and bob'))::jsonb, pg_temp.direct_chat_of('alice', 'bob'),
  'a participant gets the chat'
);
select is(
  public.list_chats()::jsonb - 'since',
  jsonb_build_object('data', jsonb_build_array(pg_temp.direct_chat_of('alice', 'bob')), 'nextCursor', null),
  'and finds it in the list'
);

select chat_tests.act_as('stranger');
select throws_ok(
  format('select public.%s', call), 'PT403', 'not_participant', format('a stranger is refused: %s', split_part(call, '(', 1))
)
from unnest(array[
  $$get_chat(chat_tests.id('alice and bob'))$$,
  $$leave_chat(chat_tests.id('alice and bob'))$$,
  $$mark_read(chat_tests.id('alice and bob'), chat_tests.id('unknown message'))$$
]) as call;
select throws_ok(
  format('select public.%s', call), 'PT404', 'chat_not_found', format('a chat that does not exist: %s', split_part(call, '(', 1))
)
from unnest(array[
  $$get_chat(chat_tests.id('unknown chat'))$$,
  $$leave_chat(chat_tests.id('unknown chat'))$$,
  $$mark_read(chat_tests.id('unknown chat'), chat_tests.id('unknown message'))$$,
  $$get_chat(null)$$
]) as call;
select is(public.list_chats()::jsonb - 'since', '{"data": [], "nextCursor": null}', 'a stranger''s list is empty');
select is_empty(
  'select * from chat.chats_of_caller(array[chat_tests.id(''alice and bob'')])', 'a stranger gets nothing from the helper behind it'
);
select is_empty('select id from chat.chats', 'a stranger reads no chat from the table');
select is_empty('select chat_id from chat.chat_participants', 'nor anybody''s participation');

select chat_tests.act_as('alice');
select results_eq('select id from chat.chats', array[chat_tests.id('alice and bob')], 'alice reads her chat from the table');
select results_eq(
  'select chat_id, user_id from chat.chat_participants',
  $$ values (chat_tests.id('alice and bob'), chat_tests.id('alice')) $$,
  'and her own participation alone'
);
select throws_ok(
  format('select %s from chat.%s', name, relation), '42501', 'permission denied for table ' || relation,
  format('but not the column %s of %s', name, relation)
)
from (values
  ('chats', 'name'), ('chats', 'direct_low'), ('chats', '*'), ('chat_participants', 'joined_at'), ('chat_participants', '*'),
  ('read_marks', 'last_read_at')
) as closed (relation, name);

-- Pages of chats ---------------------------------------------------------------

reset role;
create temporary table happening as
select n, chat_tests.open_event('Event ' || n, chat_tests.ids('carol')) as event_id from generate_series(1, 12) as n;
insert into known (name, id) select 'event ' || h.n, chat_tests.chat_of(h.event_id) from happening h;
-- Two chats have a message of the same microsecond, and a chat without messages is the newest.
update chat.chats c set last_message_at = now() + interval '1 minute' where c.id = any (chat_tests.ids('event 2', 'event 5', 'event 6'));
update chat.chats c set last_message_at = now() - interval '1 minute' where c.id = chat_tests.id('event 3');
update chat.chats c set created_at = now() + interval '1 hour' where c.id = chat_tests.id('event 4');

-- Follows the cursors to the end, as the edge does: it decodes each cursor and passes its parts.
create function pg_temp.list_by_pages(page_limit integer) returns uuid[]
language plpgsql
as $$
declare
  page jsonb := public.list_chats(page_limit);
  listed uuid[] := '{}';
  encoded text;
  part text[];
begin
  loop
    listed := listed || array(select (chat ->> 'id')::uuid from jsonb_array_elements(page -> 'data') as chat);
    encoded := translate(page ->> 'nextCursor', '-_', '+/');
    exit when encoded is null or cardinality(listed) > 100;
    part := string_to_array(
      convert_from(decode(rpad(encoded, (length(encoded) + 3) / 4 * 4, '='), 'base64'), 'UTF8'), '/'
    );
    page := public.list_chats(page_limit, part[2]::timestamptz, part[3]::uuid);
  end loop;
  return listed;
end
$$;

-- Carol's chats, whose names she cannot read from the table.
create function pg_temp.carols_chats() returns setof chat.chats
language sql stable security definer
as $$
  select c.* from chat.chats c join chat.chat_participants p on p.chat_id = c.id where p.user_id = chat_tests.id('carol')
$$;

select chat_tests.act_as('carol');
select is(
  array(select chat ->> 'name' from jsonb_array_elements(public.list_chats()::jsonb -> 'data') as chat),
  array['Event 4'] || array(
    select c.name from pg_temp.carols_chats() c where c.name in ('Event 2', 'Event 5', 'Event 6') order by c.id desc
  ) || array(
    select c.name from pg_temp.carols_chats() c where c.name not in ('Event 2', 'Event 3', 'Event 4', 'Event 5', 'Event 6') order by c.created_at desc
  ) || array['Event 3'],
  'the list is by activity, newest first; a silent chat''s activity is its creation; the id decides a tie'
);
select is(
  pg_temp.list_by_pages(page_limit),
  array(select c.id from chat.chats c order by coalesce(c.last_message_at, c.created_at) desc, c.id desc),
  format('pages of %s give each chat once, in order', page_limit)
)
from unnest(array[1, 2, 3, 11, 12, 100]) as page_limit;
select is(public.list_chats(12) ->> 'nextCursor', null, 'a page that ends the list has no cursor');
select isnt(public.list_chats(11) ->> 'nextCursor', null, 'a page with one chat left has one');
select is(
  public.list_chats(1) ->> 'nextCursor',
  (
    select rtrim(translate(replace(encode(convert_to(format(
      'chats/%s/%s', to_char(c.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), c.id
    ), 'UTF8'), 'base64'), E'\n', ''), '+/', '-_'), '=')
    from pg_temp.carols_chats() c where c.name = 'Event 4'
  ),
  'the cursor is chats/<activity>/<id> of the last chat shown, in base64url'
);
select throws_ok(
  format('select public.list_chats(%s)', coalesce(page_limit::text, 'null')), 'PT400', 'invalid_request',
  format('a limit of %s is refused', coalesce(page_limit::text, 'null'))
)
from unnest(array[0, 101, -1, null]) as page_limit;

-- The tables and the grants ----------------------------------------------------

select chat_tests.act_as('stranger');
select throws_ok(statement, '42501', 'permission denied for table ' || relation, format('a user is refused: %s', statement))
from (values
  ('chats', $$insert into chat.chats (type, direct_low, direct_high) values ('direct', chat_tests.id('alice'), chat_tests.id('stranger'))$$),
  ('chats', $$insert into chat.chats (type, event_id, name) values ('event_authors', chat_tests.id('nobody'), 'Mine')$$),
  ('chats', $$update chat.chats set name = 'Mine'$$),
  ('chats', $$delete from chat.chats$$),
  ('chat_participants', $$insert into chat.chat_participants (chat_id, user_id) values (chat_tests.id('alice and bob'), chat_tests.id('stranger'))$$),
  ('chat_participants', $$delete from chat.chat_participants$$)
) as attempt (relation, statement);
select chat_tests.act_as('alice');
select throws_ok(statement, '42501', 'permission denied for table ' || relation, format('a participant is refused: %s', statement))
from (values
  ('chats', $$update chat.chats set name = 'Mine'$$),
  ('chats', $$update chat.chats set rev = 0, last_message_at = null$$),
  ('chats', $$delete from chat.chats$$),
  ('chat_participants', $$insert into chat.chat_participants (chat_id, user_id) values (chat_tests.id('alice and bob'), chat_tests.id('carol'))$$),
  ('read_marks', $$insert into chat.read_marks (chat_id, user_id, last_read_at) values (chat_tests.id('alice and bob'), chat_tests.id('bob'), 'infinity')$$),
  ('read_marks', $$update chat.read_marks set last_read_at = 'infinity'$$),
  ('chat_participants', $$update chat.chat_participants set history_from = '-infinity', left_at = null$$),
  ('chat_participants', $$delete from chat.chat_participants$$)
) as attempt (relation, statement);
set local role anon;
set local request.jwt.claims = '{"role": "anon"}';
select throws_ok(statement, '42501', 'permission denied for ' || what, format('anon is refused: %s', statement))
from (values
  ('schema chat', 'select id from chat.chats'),
  ('schema chat', $$update chat.chats set name = 'Mine'$$),
  ('schema chat', 'select chat_id from chat.chat_participants'),
  ('schema chat', $$insert into chat.chat_participants (chat_id, user_id) values (chat_tests.id('alice and bob'), chat_tests.id('stranger'))$$),
  ('function list_chats', 'select public.list_chats()'),
  ('function get_chat', $$select public.get_chat(chat_tests.id('alice and bob'))$$),
  ('function open_direct_chat', $$select public.open_direct_chat(chat_tests.id('alice'))$$),
  ('function leave_chat', $$select public.leave_chat(chat_tests.id('alice and bob'))$$),
  ('function mark_read', $$select public.mark_read(chat_tests.id('alice and bob'), chat_tests.id('unknown message'))$$),
  ('schema chat', $$select chat.is_participant(chat_tests.id('alice and bob'))$$)
) as attempt (what, statement);

-- Accounts that are held ------------------------------------------------------------

reset role;
select is(
  chat.hold_accounts(array[gen_random_uuid(), null, chat_tests.id('alice')]), array[chat_tests.id('alice')], 'only accounts that exist can be held'
);
select is(
  chat.hold_accounts(array(select k.id from known k where k.name in ('alice', 'bob', 'nobody') order by k.id desc)),
  array(select k.id from known k where k.name in ('alice', 'bob') order by k.id), 'accounts are held in the order of their ids'
);
select is(chat.hold_accounts('{}'), '{}', 'an empty list holds nobody');

-- A participation that is held --------------------------------------------------------

select chat_tests.act_as('alice');
reset role;
select lives_ok($$ select chat.hold_participation(chat_tests.id('alice and bob')) $$, 'a participant holds her own part in a chat');
select throws_ok(
  $$ select chat.hold_participation(chat_tests.id('unknown chat')) $$, 'PT404', 'chat_not_found', 'a chat that does not exist is not found'
);
select chat_tests.act_as('stranger');
reset role;
select throws_ok(
  $$ select chat.hold_participation(chat_tests.id('alice and bob')) $$, 'PT403', 'not_participant', 'a stranger holds no part in a chat'
);

select * from finish();
rollback;
