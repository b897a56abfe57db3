-- Whether the host application does what the chat needs: `cargo xtask test host`. This file checks
-- the functions of the interface, friends and blocks; `host_events.test.sql` checks the rest.
-- It uses the host only through the functions of `001_host.test.sql`, and checks the parts that
-- `chat_tests.provides()` names.
--
-- The name of a check is what is wrong when it fails: a function of the interface, a function for the host's triggers,
-- or a helper of the tests.

begin;
select * from no_plan();

select chat_tests.begin_story();
select chat_tests.add_people('ann', 'ben', 'cleo', 'dan', 'eve');

-- The API's answer to a person: `ok`, or the code of a refusal.
create function pg_temp.api(person text, call text) returns text
language plpgsql
as $$
begin
  perform chat_tests.act_as(person);
  execute 'select public.' || call;
  perform set_config('role', 'none', true);
  return 'ok';
exception when others then
  perform set_config('role', 'none', true);
  return sqlerrm;
end
$$;

-- The functions ------------------------------------------------------------------

create temporary table interface (signature text, answers text, what text, helpers text[]);
insert into interface values
  ('chat.are_friends(uuid, uuid)', 'boolean', 'friends', array['befriend(uuid, uuid)', 'unfriend(uuid, uuid)']),
  ('chat.is_blocked(uuid, uuid)', 'boolean', 'blocks', array['block(uuid, uuid)', 'unblock(uuid, uuid)']),
  ('chat.event_participants(uuid)', 'SETOF uuid', 'events', array[
    'draft_event(text, uuid[])', 'publish_event(uuid)', 'rename_event(uuid, text)', 'delete_event(uuid)',
    'add_authors(uuid[], uuid[])', 'remove_authors(uuid[], uuid[])'
  ]),
  ('chat.group_participants(uuid)', 'SETOF uuid', 'groups', array[
    'draft_group(uuid, text, uuid[])', 'approve_group(uuid)', 'move_group(uuid, uuid)', 'delete_group(uuid)',
    'add_members(uuid[], uuid[])', 'remove_members(uuid[], uuid[])'
  ]),
  ('chat.moderated_events()', 'SETOF uuid', 'moderators', '{}');

create temporary view interface_function as
select
  i.*, split_part(i.signature, '(', 1) as name, p.provolatile, p.prosecdef, p.proconfig, p.oid,
  -- The stubs of the core, found by their bodies.
  p.prosrc ~ '^\s*select (false|null::uuid where false)\s*$' as is_stub
from interface i left join pg_catalog.pg_proc p on p.oid = to_regprocedure(i.signature);

select is(
  f.oid is not null and pg_catalog.pg_get_function_result(f.oid) = f.answers, true, format('%s: must be there as %s, and answer %s', f.name, f.signature, f.answers)
) from interface_function f;
select is(f.provolatile, 's', format('%s: must be stable: it is asked while people read', f.name)) from interface_function f;
select ok(
  f.prosecdef and coalesce('search_path=""' = any (f.proconfig), false),
  format('%s: must be security definer with `set search_path = ''''`: the caller may read none of the host''s tables', f.name)
) from interface_function f;
select is_empty(
  format(
    'select role from unnest(array[''anon'', ''authenticated'', ''service_role'']) as role where has_function_privilege(role, %L, ''execute'')', f.signature
  ),
  format('%s: must be revoked from public, anon, authenticated and service_role: only the chat may ask who is whose friend', f.name)
) from interface_function f;

select case
  when not chat_tests.provided(f.what) and f.is_stub then pass(format('%s: not provided', f.what))
  when f.is_stub then
    fail(format('%s: must be replaced, as chat_tests.provides() names %s and it is still the stub', f.name, f.what))
  when not chat_tests.provided(f.what) then
    fail(format('%s: is the host''s own, so chat_tests.provides() must name %s', f.name, f.what))
  else pass(format('%s: provided', f.what))
end
from interface_function f;
select is_empty(
  format('select %L::text where to_regprocedure(%L) is null', helper, 'chat_tests.' || helper),
  format('chat_tests.%s: must be there, as chat_tests.provides() names %s', split_part(helper, '(', 1), f.what)
) from interface_function f, unnest(f.helpers) as helper where chat_tests.provided(f.what);
select set_has(
  $$ select unnest(array['friends', 'blocks', 'events', 'moderators', 'rooms', 'groups']) $$,
  'select unnest(chat_tests.provides())',
  'chat_tests.provides: must name friends, blocks, events, moderators, rooms or groups'
);
select ok(
  not chat_tests.provided('rooms') or array['events', 'moderators'] <@ chat_tests.provides(),
  'chat_tests.provides: rooms are chats of events or groups, some of whose people moderate: it must name events and moderators too'
);
select ok(
  not chat_tests.provided('groups') or chat_tests.provided('events'),
  'chat_tests.provides: groups come to events, so it must name events too'
);

-- Row triggers lock chats in the order of rows, and deadlock with statements that have another order. A trigger calls
-- the chat itself or through other functions. This finds the functions that the bodies name.
select is_empty(
  $$ with recursive
       hosts as (
         select p.oid, p.proname, p.prosrc from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
         where n.nspname not in ('chat', 'chat_tests', 'pg_catalog', 'information_schema', 'auth', 'storage', 'realtime', 'extensions')
       ),
       callers (oid, proname) as (
         select h.oid, h.proname from hosts h
         where h.prosrc ~ '\mchat\.(lock_\w+|open_\w+|follow_people|rename_event|rename_group|move_group|remove_sources)\('
         union
         select h.oid, h.proname from callers c join hosts h on h.prosrc ~ concat('\m', regexp_replace(c.proname, '(\W)', '\\\1', 'g'), '\s*\(')
       )
     select t.tgrelid::regclass, t.tgname from pg_catalog.pg_trigger t join callers c on c.oid = t.tgfoid
     where not t.tgisinternal and t.tgtype & 1 = 1 $$,
  'chat.lock_chats_of: must be called by statement triggers: these call the chat for each row'
);

-- Postgres deletes the rows two steps below a row after the triggers of the statement, which lock chats. Another
-- transaction that removes one of these rows holds its lock and waits for the chat. So a row trigger must lock them
-- first. Row triggers run in the order of their names, and those of foreign keys have names with RI_….
select is_empty(
  $$ with recursive
       below (top, bottom, steps) as (
         select f.confrelid, f.conrelid, 1 from pg_catalog.pg_constraint f where f.contype = 'f' and f.confdeltype = 'c'
         union
         select b.top, f.conrelid, b.steps + 1
         from below b join pg_catalog.pg_constraint f on f.confrelid = b.bottom and f.contype = 'f' and f.confdeltype = 'c'
         where b.steps < 5
       ),
       deleting (relation, body, of_rows, name, hosts) as (
         select t.tgrelid, p.prosrc, t.tgtype & 1 = 1, t.tgname, p.pronamespace <> 'chat'::regnamespace
         from pg_catalog.pg_trigger t join pg_catalog.pg_proc p on p.oid = t.tgfoid
         where not t.tgisinternal and t.tgtype & 8 = 8 and t.tgtype & 2 = 0
       )
     select b.top::regclass, b.bottom::regclass
     from below b
     where b.steps >= 2
       and (b.top = 'auth.users'::regclass or b.top in (select d.relation from deleting d where d.body ~ 'chat\.remove_sources\('))
       and b.bottom in (select d.relation from deleting d where d.body ~ 'chat\.follow_people\(')
       and not exists (select from deleting d where d.relation = b.top and d.of_rows and d.hosts and d.name < 'RI_') $$,
  'chat.lock_chats_of: must lock chats after the host''s rows: a deletion of the first cascades to the second by way of another table, '
  'so a row trigger "000_…" on the first must lock the second''s rows (tests/hosts/meetups has one on auth.users)'
);

-- Friends ------------------------------------------------------------------------

create function pg_temp.check_friends() returns setof text
language plpgsql
as $$
declare
  asked constant text := 'chat.are_friends(chat_tests.id(%L), chat_tests.id(%L))';
begin
  if not chat_tests.provided('friends') then
    return next is(
      pg_temp.api('ann', 'open_direct_chat(chat_tests.id(''ben''))'), 'not_friends', 'friends: as the host has none, nobody opens a direct chat'
    );
    return;
  end if;
  return query select chat_tests.let_host('chat_tests.befriend(chat_tests.id(''ann''), chat_tests.id(''ben''))');
  return query select chat_tests.let_host('chat_tests.befriend(chat_tests.id(''cleo''), chat_tests.id(''ben''))');
  return next is(chat_tests.value_of(format(asked, 'ann', 'ben')), 'true', 'chat.are_friends: must be true for two friends');
  return next is(chat_tests.value_of(format(asked, 'ben', 'ann')), 'true', 'chat.are_friends: must be true for them in the other order');
  return next is(chat_tests.value_of(format(asked, 'cleo', 'ben')), 'true', 'chat.are_friends: must be true for two others, of whom the other one asked');
  return next is(chat_tests.value_of(format(asked, 'ben', 'cleo')), 'true', 'chat.are_friends: must be true for these in the other order');
  return next is(chat_tests.value_of(format(asked, 'ann', 'dan')), 'false', 'chat.are_friends: must be false for strangers');
  return next is(chat_tests.value_of(format(asked, 'dan', 'ann')), 'false', 'chat.are_friends: must be false for strangers in the other order');
  return next is(chat_tests.value_of(format(asked, 'ann', 'cleo')), 'false', 'chat.are_friends: must be false for friends of friends');
  return next is(
    chat_tests.value_of('chat.are_friends(gen_random_uuid(), chat_tests.id(''ann''))'), 'false', 'chat.are_friends: must be false for an unknown id'
  );
  return next is(
    coalesce(chat_tests.value_of('chat.are_friends(null, chat_tests.id(''ann''))'), 'false'), 'false', 'chat.are_friends: must be false or null for a null'
  );
  return next is(
    pg_temp.api('ann', 'open_direct_chat(chat_tests.id(''ben''))'), 'ok', 'chat.are_friends: a friend must be able to open a direct chat'
  );
  return next is(
    pg_temp.api('ann', 'open_direct_chat(chat_tests.id(''dan''))'), 'not_friends', 'chat.are_friends: a stranger must not be able to'
  );
  return query select chat_tests.let_host('chat_tests.unfriend(chat_tests.id(''ben''), chat_tests.id(''cleo''))');
  return next is(chat_tests.value_of(format(asked, 'cleo', 'ben')), 'false', 'chat.are_friends: must be false when a friendship has ended');
  return next is(chat_tests.value_of(format(asked, 'ben', 'cleo')), 'false', 'chat.are_friends: must be false then in the other order');
  return next is(chat_tests.value_of(format(asked, 'ben', 'ann')), 'true', 'chat.are_friends: must stay true for other friends');
  return next is(
    pg_temp.api('cleo', 'open_direct_chat(chat_tests.id(''ben''))'), 'not_friends', 'chat.are_friends: a former friend must not be able to open one'
  );
end
$$;
select pg_temp.check_friends();

-- Blocks -------------------------------------------------------------------------

create function pg_temp.check_blocks() returns setof text
language plpgsql
as $$
declare
  asked constant text := 'chat.is_blocked(chat_tests.id(%L), chat_tests.id(%L))';
  pair uuid;
begin
  if not chat_tests.provided('blocks') then
    return;
  end if;
  return next is(chat_tests.value_of(format(asked, 'ann', 'ben')), 'false', 'chat.is_blocked: must be false before anybody blocks');
  return query select chat_tests.let_host('chat_tests.block(chat_tests.id(''ben''), chat_tests.id(''ann''))');
  return query select chat_tests.let_host('chat_tests.block(chat_tests.id(''dan''), chat_tests.id(''eve''))');
  return next is(chat_tests.value_of(format(asked, 'ben', 'ann')), 'true', 'chat.is_blocked: must be true for a person who blocks and the one who is blocked');
  return next is(chat_tests.value_of(format(asked, 'ann', 'ben')), 'true', 'chat.is_blocked: must be true for them in the other order');
  return next is(chat_tests.value_of(format(asked, 'dan', 'eve')), 'true', 'chat.is_blocked: must be true for strangers too');
  return next is(chat_tests.value_of(format(asked, 'eve', 'dan')), 'true', 'chat.is_blocked: must be true for these in the other order');
  return next is(chat_tests.value_of(format(asked, 'ann', 'dan')), 'false', 'chat.is_blocked: must be false for two who have not blocked each other');
  return next is(
    chat_tests.value_of('chat.is_blocked(gen_random_uuid(), chat_tests.id(''ann''))'), 'false', 'chat.is_blocked: must be false for an unknown id'
  );
  return next is(
    coalesce(chat_tests.value_of('chat.is_blocked(null, chat_tests.id(''ann''))'), 'false'), 'false', 'chat.is_blocked: must be false or null for a null'
  );
  if chat_tests.provided('friends') then
    -- Their chat exists: it was opened above.
    select c.id into pair from chat.chats c where chat_tests.id('ann') in (c.direct_low, c.direct_high);
    return query select is(pg_temp.api(person, call), 'blocked', format('chat.is_blocked: %s must be refused to %s', split_part(call, '(', 1), role))
    from (values ('ann', 'who is blocked'), ('ben', 'who blocks')) as one (person, role),
      unnest(array[
        format('send_message(%L, ''hello'')', pair),
        format('open_direct_chat(chat_tests.id(%L))', case person when 'ann' then 'ben' else 'ann' end)
      ]) as call
    where pair is not null;
  end if;
  return query select chat_tests.let_host('chat_tests.unblock(chat_tests.id(''ben''), chat_tests.id(''ann''))');
  return next is(chat_tests.value_of(format(asked, 'ben', 'ann')), 'false', 'chat.is_blocked: must be false when the block has ended');
  return next is(chat_tests.value_of(format(asked, 'ann', 'ben')), 'false', 'chat.is_blocked: must be false then in the other order');
  return next is(chat_tests.value_of(format(asked, 'eve', 'dan')), 'true', 'chat.is_blocked: must stay true for others');
end
$$;
select pg_temp.check_blocks();

select * from finish();
rollback;
