-- The list's changes: who is told of what. `tests/http/delta` has what several transactions do to each other.
--
-- This file is one transaction, and everything that it has written counts as changed since every position. So before each
-- step it makes all rows old.
--
-- needs: friends, events, rooms

begin;
select plan(73);

select chat_tests.begin_story();

select chat_tests.add_people('alice', 'bob', 'carol', 'dave', 'erin', 'stranger');
insert into known (name) select unnest(array['unknown chat']);
select chat_tests.befriend(chat_tests.id('alice'), other) from unnest(chat_tests.ids('bob', 'erin')) as other;
select chat_tests.give_party('carol', 'alice', 'bob', 'dave');
insert into known (name, id) select 'event', chat_tests.open_event('Event 1', chat_tests.ids('carol', 'alice'));
insert into known (name, id) select 'event 1', chat_tests.chat_of(chat_tests.id('event'));
-- The rows that tell of changes, each with the name of its table.
create temporary view noted as
select 'chats' as relation, c.id as chat_id, null::uuid as user_id, c.changed_in from chat.chats c
union all select 'participants', p.chat_id, p.user_id, p.changed_in from chat.chat_participants p
union all select 'read marks', r.chat_id, r.user_id, r.changed_in from chat.read_marks r
union all select 'settings', s.chat_id, s.user_id, s.changed_in from chat.participant_settings s
union all select 'gone', g.chat_id, g.user_id, g.changed_in from chat.gone_chats g;

create function pg_temp.make_old(to_xid xid8 default '3') returns void
language plpgsql
as $$
declare
  relation regclass;
begin
  reset role;
  foreach relation in array array[
    'chat.chats', 'chat.chat_participants', 'chat.read_marks', 'chat.participant_settings', 'chat.gone_chats'
  ]::regclass[] loop
    execute format('alter table %s disable trigger _000_note_change', relation);
    execute format('update %s set changed_in = %L', relation, to_xid);
    execute format('alter table %s enable always trigger _000_note_change', relation);
  end loop;
end
$$;
create function pg_temp.written() returns setof text
language sql stable security definer
as $$
  select rtrim(concat_ws(' ', n.relation, coalesce(k.name, 'a chat'), u.name))
  from pg_temp.noted n
  left join pg_temp.known k on k.id = n.chat_id
  left join pg_temp.known u on u.id = n.user_id
  where n.changed_in = pg_current_xact_id()
$$;

-- The delta of the acting person since this transaction began: the names of the changed chats, `-` before those that
-- are gone.
create function pg_temp.delta() returns text[]
language sql stable
as $$
  select array(
    select coalesce(k.name, 'unknown: ' || of.id)
    from jsonb_array_elements(answer -> 'data') as room
    cross join lateral (select (room ->> 'id')::uuid) as of (id)
    left join pg_temp.known k on k.id = of.id
    order by 1
  ) || array(
    select '-' || coalesce(k.name, 'unknown: ' || of.id)
    from jsonb_array_elements_text(answer -> 'gone') as gone
    cross join lateral (select gone::uuid) as of (id)
    left join pg_temp.known k on k.id = of.id
    order by 1
  )
  from (
    select public.list_changed_chats(chat.epoch(), pg_current_xact_id()::text::bigint)::jsonb
  ) as asked (answer)
$$;
-- What each of these people is told.
create function pg_temp.told(variadic people text[]) returns jsonb
language plpgsql
as $$
declare
  answer jsonb := '{}';
  person text;
begin
  foreach person in array people loop
    perform chat_tests.act_as(person);
    answer := answer || jsonb_build_object(person, to_jsonb(pg_temp.delta()));
  end loop;
  reset role;
  return answer;
end
$$;
create function pg_temp.everybody() returns jsonb
language sql
as $$ select pg_temp.told('alice', 'bob', 'carol', 'dave', 'erin', 'stranger') $$;
-- The answer of everybody, where only these are told something.
create function pg_temp.only(differences jsonb) returns jsonb
language sql immutable
as $$ select '{"alice": [], "bob": [], "carol": [], "dave": [], "erin": [], "stranger": []}'::jsonb || differences $$;

select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;
insert into known (name, id) select 'friends', (public.open_direct_chat(chat_tests.id('erin')) ->> 'id')::uuid;
select chat_tests.act_as('bob');
select chat_tests.say('pair', 'hello');
select chat_tests.act_as('carol');
select chat_tests.say('group chat', 'welcome');

-- Messages -----------------------------------------------------------------------

select pg_temp.make_old();
select is(pg_temp.everybody(), pg_temp.only('{}'), 'where nothing has changed nobody is told anything');
select chat_tests.act_as('alice');
select is(
  public.list_changed_chats(chat.epoch(), pg_current_xact_id()::text::bigint)::jsonb - 'since', '{"data": [], "gone": [], "hasMore": false}',
  'the answer is empty then'
);
select chat_tests.say('group chat', 'a message');
select is(
  array(select pg_temp.written() order by 1), array['chats group chat'],
  'a message writes the row of its chat, and none for each participant'
);
select is(
  pg_temp.everybody(),
  pg_temp.only('{"alice": ["group chat"], "bob": ["group chat"], "carol": ["group chat"], "dave": ["group chat"]}'),
  'and all participants are told, and nobody else'
);
select chat_tests.act_as('bob');
select is(
  public.list_changed_chats(chat.epoch(), pg_current_xact_id()::text::bigint)::jsonb -> 'data',
  jsonb_build_array(public.get_chat(chat_tests.id('group chat'))), 'a changed chat is told as it is'
);
select pg_temp.make_old();
select chat_tests.act_as('alice');
select public.edit_message(chat_tests.id('group chat'), chat_tests.id('a message'), 'changed');
select is(
  pg_temp.everybody(),
  pg_temp.only('{"alice": ["group chat"], "bob": ["group chat"], "carol": ["group chat"], "dave": ["group chat"]}'), 'an edit is told'
);
select pg_temp.make_old();
select chat_tests.act_as('bob');
select public.add_reaction(chat_tests.id('group chat'), chat_tests.id('a message'), '👍');
select is(
  pg_temp.everybody(),
  pg_temp.only('{"alice": ["group chat"], "bob": ["group chat"], "carol": ["group chat"], "dave": ["group chat"]}'), 'a reaction too'
);
select pg_temp.make_old();
select chat_tests.act_as('alice');
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('a message'));
select is(
  pg_temp.everybody(),
  pg_temp.only('{"alice": ["group chat"], "bob": ["group chat"], "carol": ["group chat"], "dave": ["group chat"]}'), 'and a deletion'
);
select pg_temp.make_old();
select chat_tests.act_as('alice');
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('a message'));
select public.send_typing(chat_tests.id('group chat'));
select public.list_chats(), public.get_chat(chat_tests.id('pair')), public.list_messages(chat_tests.id('pair'));
select is(pg_temp.everybody(), pg_temp.only('{}'), 'what changes nothing is not told, nor is typing or reading');

-- What one person sees -----------------------------------------------------------

select chat_tests.act_as('alice');
select public.mark_read(chat_tests.id('pair'), chat_tests.id('hello'));
select is(pg_temp.everybody(), pg_temp.only('{"alice": ["pair"]}'), 'a read mark is told to its reader');
select pg_temp.make_old();
select chat_tests.act_as('alice');
select public.mark_read(chat_tests.id('pair'), chat_tests.id('hello'));
select is(pg_temp.everybody(), pg_temp.only('{}'), 'once');
select chat_tests.act_as('bob');
select public.change_chat_settings(chat_tests.id('group chat'), pinned => true);
select is(pg_temp.everybody(), pg_temp.only('{"bob": ["group chat"]}'), 'a setting is told to whose it is');
select pg_temp.make_old();
select chat_tests.act_as('bob');
select public.change_chat_settings(chat_tests.id('group chat'), pinned => true);
select is(pg_temp.everybody(), pg_temp.only('{}'), 'the same again is not told');
select chat_tests.act_as('bob');
select public.change_chat_settings(chat_tests.id('pair'), archived => true);
select is(pg_temp.told('bob'), '{"bob": ["pair"]}', 'an archived chat is told too');
select pg_temp.make_old();
select chat_tests.act_as('alice');
select chat_tests.say('pair', 'look here');
select is(pg_temp.everybody(), pg_temp.only('{"alice": ["pair"], "bob": ["pair"]}'), 'and the message that ends that');
select pg_temp.make_old();
select chat_tests.act_as('bob');
select public.change_chat_settings(chat_tests.id('pair'), marked_unread => true);
select pg_temp.make_old();
select chat_tests.act_as('bob');
select public.mark_read(chat_tests.id('pair'), chat_tests.id('hello'));
select is(pg_temp.told('bob'), '{"bob": ["pair"]}', 'a reading that only ends the mark as unread is told');

-- A group's people ---------------------------------------------------------------

select pg_temp.make_old();
select chat_tests.act_as('dave');
select public.leave_chat(chat_tests.id('group chat'));
select is(
  pg_temp.everybody(),
  pg_temp.only('{"alice": ["group chat"], "bob": ["group chat"], "carol": ["group chat"], "dave": ["-group chat"]}'),
  'who leaves a group is told that it is gone, and the others that somebody has left'
);
select pg_temp.make_old();
select chat_tests.act_as('alice');
select chat_tests.say('group chat', 'without dave');
select is(pg_temp.told('dave'), '{"dave": []}', 'after that they are told nothing of it');
select pg_temp.make_old();
select chat_tests.remove_members(chat_tests.ids('party'), chat_tests.ids('dave'));
select is(pg_temp.everybody(), pg_temp.only('{}'), 'nor when the host removes them too');
select chat_tests.add_members(chat_tests.ids('party'), chat_tests.ids('dave', 'erin'));
select is(
  pg_temp.everybody(),
  pg_temp.only('{
    "alice": ["group chat"], "bob": ["group chat"], "carol": ["group chat"], "dave": ["group chat"], "erin": ["group chat"]
  }'),
  'who is added to a group is told of it, and the others too'
);
select pg_temp.make_old();
select chat_tests.add_members(chat_tests.ids('party'), chat_tests.ids('stranger'));
select is(
  array(select pg_temp.written() order by 1),
  array['chats group chat', 'participants group chat stranger', 'read marks group chat stranger'],
  'for that no row of the others is written'
);
select pg_temp.make_old();
select chat_tests.remove_members(chat_tests.ids('party'), chat_tests.ids('erin', 'stranger'));
select is(
  pg_temp.everybody(),
  pg_temp.only('{
    "alice": ["group chat"], "bob": ["group chat"], "carol": ["group chat"], "dave": ["group chat"],
    "erin": ["-group chat"], "stranger": ["-group chat"]
  }'),
  'people who are removed are told so'
);
select pg_temp.make_old();
select chat_tests.rename_event(chat_tests.id('event'), 'Another name');
select is(pg_temp.everybody(), pg_temp.only('{"alice": ["event 1"], "carol": ["event 1"]}'), 'a new name is told');

-- A direct chat ------------------------------------------------------------------

select pg_temp.make_old();
select chat_tests.act_as('bob');
select public.leave_chat(chat_tests.id('pair'));
select is(
  pg_temp.everybody(), pg_temp.only('{"bob": ["-pair"]}'), 'who leaves a direct chat is told that it is gone, and the other one nothing'
);
select pg_temp.make_old();
select chat_tests.act_as('bob');
select public.open_direct_chat(chat_tests.id('alice'));
select is(pg_temp.everybody(), pg_temp.only('{"bob": ["pair"]}'), 'the same when they open it again');
select chat_tests.act_as('bob');
select public.leave_chat(chat_tests.id('pair'));
select pg_temp.make_old();
select chat_tests.act_as('alice');
select chat_tests.say('pair', 'come back');
select is(pg_temp.everybody(), pg_temp.only('{"alice": ["pair"], "bob": ["pair"]}'), 'a message that brings them back is told to both');
select pg_temp.make_old();
select chat_tests.befriend(chat_tests.id('bob'), chat_tests.id('erin'));
select chat_tests.act_as('bob');
insert into known (name, id) select 'new', (public.open_direct_chat(chat_tests.id('erin')) ->> 'id')::uuid;
select is(pg_temp.everybody(), pg_temp.only('{"bob": ["new"], "erin": ["new"]}'), 'a new chat is told to both');

-- Accounts -----------------------------------------------------------------------

select pg_temp.make_old();
delete from auth.users where id = chat_tests.id('dave');
select is(
  pg_temp.told('alice', 'bob', 'carol', 'erin', 'stranger'),
  pg_temp.only('{"alice": ["group chat"], "bob": ["group chat"], "carol": ["group chat"]}') - 'dave',
  'a deleted account has left its groups'
);
select is_empty('select * from pg_temp.noted where user_id = chat_tests.id(''dave'')', 'and leaves nothing here');
select chat_tests.act_as('dave');
select is(
  chat_tests.refusal('list_changed_chats(chat.epoch(), 0)'), 'PT401 invalid_token', 'it is told so itself'
);
select chat_tests.act_as('erin');
select public.leave_chat(chat_tests.id('new'));
select pg_temp.make_old();
delete from auth.users where id = chat_tests.id('erin');
select is(
  pg_temp.told('alice', 'bob'), '{"alice": ["friends"], "bob": ["new"]}',
  'and is gone from its direct chats, also from those that it had left'
);
select chat_tests.act_as('bob');
select is(
  public.list_changed_chats(chat.epoch(), pg_current_xact_id()::text::bigint)::jsonb #> '{data,0,goneParticipants}',
  jsonb_build_array(chat_tests.id('erin')), 'which the chat says'
);
select pg_temp.make_old();
select is(pg_temp.told('alice', 'bob'), '{"alice": [], "bob": []}', 'once');
insert into auth.users (id, email) values (chat_tests.id('erin'), 'erin@test.example');
select is(pg_temp.told('alice', 'bob'), '{"alice": ["friends"], "bob": ["new"]}', 'a restored account is told to the other one');
select is(pg_temp.told('erin'), '{"erin": []}', 'but has no part in the chats');
select chat_tests.act_as('erin');
select public.open_direct_chat(chat_tests.id('alice'));
select is(pg_temp.told('alice', 'erin'), '{"alice": ["friends"], "erin": ["friends"]}', 'until it opens one');
select pg_temp.make_old();
select is(pg_temp.told('alice', 'bob', 'erin'), '{"alice": [], "bob": ["new"], "erin": []}', 'which ends the telling of this chat');

-- Chats that are deleted ---------------------------------------------------------

select chat_tests.act_as('bob');
select public.leave_chat(chat_tests.id('group chat'));
select pg_temp.make_old();
select chat_tests.delete_event(chat_tests.event_of(chat_tests.id('party')));
select is(
  pg_temp.told('alice', 'bob', 'carol', 'stranger'),
  '{"alice": ["-group chat"], "bob": ["-group chat", "new"], "carol": ["-group chat"], "stranger": ["-group chat"]}'::jsonb
    || '{"bob": ["new", "-group chat"]}',
  'a deleted chat is gone for everybody who has ever taken part, and for nobody else'
);
select is_empty(
  $$ select n.user_id from pg_temp.noted n where n.relation = 'gone' and n.user_id in (select k.id from known k where k.name in ('dave')) $$,
  'a deleted account needs no row for that'
);
select pg_temp.make_old();
select is(pg_temp.told('alice', 'carol'), '{"alice": [], "carol": []}', 'once');
delete from auth.users where id = chat_tests.id('carol');
select is_empty($$ select from chat.gone_chats g where g.user_id = chat_tests.id('carol') $$, 'with an account goes what tells of its deleted chats');
-- A chat that somebody has put back from a backup.
select pg_temp.make_old();
insert into chat.gone_chats (user_id, chat_id) values (chat_tests.id('alice'), chat_tests.id('pair'));
select is(pg_temp.told('alice'), '{"alice": []}', 'a chat that was put back is not gone');

-- Pages --------------------------------------------------------------------------

select chat_tests.act_as('alice');
select chat_tests.say('pair', 'one more');
reset role;
select chat.touch_chat(chat_tests.id('friends'));
insert into chat.gone_chats (user_id, chat_id) values (chat_tests.id('alice'), chat_tests.id('unknown chat'));
-- Reads a delta page by page, as a client does, and asks once more at its end.
create function pg_temp.by_pages(page_limit integer) returns jsonb
language plpgsql
as $$
declare
  began constant bigint := pg_current_xact_id()::text::bigint;
  parts text[] := array['list', chat.epoch(), began::text];
  page jsonb;
  read jsonb := '[]';
begin
  for time in 1..10 loop
    page := public.list_changed_chats(parts[2], parts[3]::bigint, page_limit, parts[4]::bigint, parts[5]::uuid);
    read := read || jsonb_build_array(
      (select coalesce(jsonb_agg(room ->> 'id'), '[]') from jsonb_array_elements(page -> 'data') as room) || (page -> 'gone')
    );
    parts := string_to_array(convert_from(decode(
      rpad(translate(page ->> 'since', '-_', '+/'), (length(page ->> 'since') + 3) / 4 * 4, '='), 'base64'
    ), 'UTF8'), '/');
    exit when not (page ->> 'hasMore')::boolean;
  end loop;
  if cardinality(parts) <> 3 or parts[3]::bigint > began then
    raise 'it does not go on from the beginning of its first page: %', parts;
  end if;
  return read;
end
$$;
select chat_tests.act_as('alice');
select is(
  (select jsonb_agg(jsonb_array_length(page)) from jsonb_array_elements(pg_temp.by_pages(page_limit)) as page), sizes,
  format('of three chats in pages of %s each page is full but the last one', page_limit)
)
from (values (1, '[1, 1, 1]'::jsonb), (2, '[2, 1]'), (3, '[3]'), (100, '[3]')) as pages (page_limit, sizes);
select is(
  (
    select array_agg(distinct id order by id)
    from jsonb_array_elements(pg_temp.by_pages(page_limit)) as page, jsonb_array_elements_text(page) as id
  ),
  (select array_agg(i::text order by i::text) from unnest(chat_tests.ids('pair', 'friends', 'unknown chat')) as i),
  format('pages of %s have all of them', page_limit)
)
from unnest(array[1, 2, 3, 100]) as page_limit;

-- Positions ----------------------------------------------------------------------

select pg_temp.make_old();
select chat_tests.act_as('alice');
select is(
  (
    select array_agg(room ->> 'id' order by room ->> 'id')
    from jsonb_array_elements(public.list_changed_chats(chat.epoch(), 0)::jsonb -> 'data') as room
  ),
  (
    select array_agg(room ->> 'id' order by room ->> 'id')
    from jsonb_array_elements(public.list_chats()::jsonb -> 'data') as room
  ),
  'since the beginning everything has changed'
);
select is(
  chat_tests.refusal(format('list_changed_chats(%s)', arguments)), 'PT410 resync_required', format('%s is 410', what)
)
from (values
  ('''another''', '0', 'another epoch'),
  ('null', '0', 'no epoch'),
  ('chat.epoch()', '(pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1000)', 'a position that this database has not given')
) as wrong (epoch, since, what)
cross join lateral (select format('%s, %s', epoch, since)) as given (arguments);
select matches(
  chat_tests.refusal(format('list_changed_chats(chat.epoch(), %s)', arguments)), '^PT400 invalid_request ', format('invalid: %s', arguments)
)
from unnest(array[
  'null', '-1', '0, 0', '0, 101', '0, null', '0, 50, 7', '0, 50, null, chat_tests.id(''pair'')', '0, 50, -1, chat_tests.id(''pair'')'
]) as arguments;
select matches(
  convert_from(decode(rpad(translate(since, '-_', '+/'), (length(since) + 3) / 4 * 4, '='), 'base64'), 'UTF8'),
  format('^list/%s/[0-9]+$', chat.epoch()), 'the first page of the list has a position'
)
from (select public.list_chats() ->> 'since' union all select public.list_chats(archived => true) ->> 'since') as page (since);
select is(public.list_chats(1, now(), chat_tests.id('pair')) ->> 'since', null, 'the others have none');

-- Rows of another cluster --------------------------------------------------------

select pg_temp.make_old('9000000000000000000');
select is(
  pg_temp.told('alice', 'bob'), '{"alice": [], "bob": ["new"]}', 'transactions of another cluster, which a restored row may have, are not told for ever'
);
select chat_tests.act_as('alice');
select chat_tests.say('pair', 'the last one');
select is(pg_temp.told('alice'), '{"alice": ["pair"]}', 'and what changes after that is told');
set local session_replication_role = replica;
insert into chat.chats (id, type, direct_low, direct_high, changed_in)
select gen_random_uuid(), 'direct', least(a, b), greatest(a, b), '9000000000000000000'
from (select chat_tests.id('alice') as a, chat_tests.id('stranger') as b) as pair;
select is(
  (select c.changed_in from chat.chats c where chat_tests.id('stranger') in (c.direct_low, c.direct_high)), pg_current_xact_id(),
  'rows that are loaded from a dump count as changed when they are loaded'
);
set local session_replication_role = origin;
select set_eq(
  $$ select t.tgrelid::regclass::text from pg_catalog.pg_trigger t where t.tgname = '_000_note_change' and t.tgenabled = 'A' $$,
  array['chat.chats', 'chat.chat_participants', 'chat.read_marks', 'chat.participant_settings', 'chat.gone_chats'],
  'in each of these tables'
);

-- Whose the tables are -------------------------------------------------------------

select chat_tests.act_as('alice');
select throws_ok('select * from chat.gone_chats', '42501', null, 'nobody reads the deleted chats');
select throws_ok('select changed_in from chat.chats', '42501', null, 'nor in which transaction a chat has changed');
select throws_ok($$ select chat.touch_chat(chat_tests.id('pair')) $$, '42501', null, 'nor notes a change');
reset role;
set local role anon;
select throws_ok('select public.list_changed_chats(''x'', 0)', '42501', null, 'nobody asks without an account');

select * from finish();
rollback;
