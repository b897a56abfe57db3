-- Whether the host application does what the chat needs: `cargo xtask test host`. It uses the host only through the
-- functions of `001_host.test.sql`, and checks the parts that `chat_tests.provides()` names.
--
-- The name of a check is what is wrong when it fails: a function of the interface, a function for the host's triggers,
-- or a helper of the tests.

begin;
select * from no_plan();
select chat_tests.begin_story();
select chat_tests.add_people('ann', 'ben', 'cleo', 'dan', 'eve', 'fay', 'gus');

-- Asking -----------------------------------------------------------------------

-- The value of an expression as text, or its error.
create function pg_temp.answer(expression text) returns text
language plpgsql
as $$
declare
  answer text;
begin
  execute format('select (%s)::text', expression) into answer;
  return answer;
exception when others then
  return format('it raises: %s', sqlerrm);
end
$$;

-- Lets the host do something. Returns a row only if that fails.
create function pg_temp.act(call text) returns setof text
language plpgsql
as $$
declare
  problem text;
begin
  begin
    execute 'select ' || call;
  exception when others then
    problem := sqlerrm;
  end;
  if problem is not null then
    return next fail(format('%s: must not fail', split_part(call, '(', 1)));
    return next diag(problem);
  end if;
end
$$;

-- The names of the people that a function of the interface returns for an event or a group; `?` for a stranger.
create function pg_temp.people(interface text, source uuid) returns text
language sql
as $$
  select pg_temp.answer(format(
    $sql$ select string_agg(coalesce(k.name, '?'), ', ' order by k.name)
          from (select distinct p from %s(%L) as p) as p left join pg_temp.known k on k.id = p.p $sql$,
    interface, source
  ))
$$;

-- The names of the participants of the chat of an event, a group or a room.
create function pg_temp.seated(source uuid) returns text
language sql
as $$
  select string_agg(coalesce(k.name, '?'), ', ' order by k.name)
  from chat.chat_participants p left join pg_temp.known k on k.id = p.user_id
  where p.chat_id = chat_tests.chat_of(source) and p.left_at is null
$$;

-- The name of the chat of an event, a group or a room.
create function pg_temp.name_of(source uuid) returns text
language sql
as $$ select c.name from chat.chats c where c.id = chat_tests.chat_of(source) $$;

create function pg_temp.chats_at(event uuid) returns bigint
language sql
as $$ select count(*) from chat.chats c where c.event_id = event $$;

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

-- Whether a person moderates the chat of an event, a group or a room.
create function pg_temp.moderates(person text, source uuid) returns text
language plpgsql
as $$
begin
  perform chat_tests.claim(chat_tests.id(person));
  return pg_temp.answer(format('chat.is_moderator(%L)', chat_tests.chat_of(source)));
end
$$;

create function pg_temp.provided(what text) returns boolean
language sql
as $$ select what = any (chat_tests.provides()) $$;

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
  format('%s: must be revoked from public, anon, authenticated and service_role: who is whose friend is not for everybody', f.name)
) from interface_function f;

select case
  when not pg_temp.provided(f.what) and f.is_stub then pass(format('%s: not provided', f.what))
  when f.is_stub then
    fail(format('%s: must be replaced, as chat_tests.provides() names %s and it is still the stub', f.name, f.what))
  when not pg_temp.provided(f.what) then
    fail(format('%s: is the host''s own, so chat_tests.provides() must name %s', f.name, f.what))
  else pass(format('%s: provided', f.what))
end
from interface_function f;
select is_empty(
  format('select %L::text where to_regprocedure(%L) is null', helper, 'chat_tests.' || helper),
  format('chat_tests.%s: must be there, as chat_tests.provides() names %s', split_part(helper, '(', 1), f.what)
) from interface_function f, unnest(f.helpers) as helper where pg_temp.provided(f.what);
select set_has(
  $$ select unnest(array['friends', 'blocks', 'events', 'moderators', 'rooms', 'groups']) $$,
  'select unnest(chat_tests.provides())',
  'chat_tests.provides: must name friends, blocks, events, moderators, rooms or groups'
);
select ok(
  not pg_temp.provided('rooms') or array['events', 'moderators'] <@ chat_tests.provides(),
  'chat_tests.provides: rooms are chats of events or groups, some of whose people moderate: it must name events and moderators too'
);
select ok(
  not pg_temp.provided('groups') or pg_temp.provided('events'),
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
  if not pg_temp.provided('friends') then
    return next is(
      pg_temp.api('ann', 'open_direct_chat(chat_tests.id(''ben''))'), 'not_friends', 'friends: as the host has none, nobody opens a direct chat'
    );
    return;
  end if;
  return query select pg_temp.act('chat_tests.befriend(chat_tests.id(''ann''), chat_tests.id(''ben''))');
  return query select pg_temp.act('chat_tests.befriend(chat_tests.id(''cleo''), chat_tests.id(''ben''))');
  return next is(pg_temp.answer(format(asked, 'ann', 'ben')), 'true', 'chat.are_friends: must be true for two friends');
  return next is(pg_temp.answer(format(asked, 'ben', 'ann')), 'true', 'chat.are_friends: must be true for them in the other order');
  return next is(pg_temp.answer(format(asked, 'cleo', 'ben')), 'true', 'chat.are_friends: must be true whoever asked whom');
  return next is(pg_temp.answer(format(asked, 'ben', 'cleo')), 'true', 'chat.are_friends: must be true for these in the other order');
  return next is(pg_temp.answer(format(asked, 'ann', 'dan')), 'false', 'chat.are_friends: must be false for strangers');
  return next is(pg_temp.answer(format(asked, 'dan', 'ann')), 'false', 'chat.are_friends: must be false for strangers in the other order');
  return next is(pg_temp.answer(format(asked, 'ann', 'cleo')), 'false', 'chat.are_friends: must be false for friends of friends');
  return next is(
    pg_temp.answer('chat.are_friends(gen_random_uuid(), chat_tests.id(''ann''))'), 'false', 'chat.are_friends: must be false for an unknown id'
  );
  return next is(
    coalesce(pg_temp.answer('chat.are_friends(null, chat_tests.id(''ann''))'), 'false'), 'false', 'chat.are_friends: must be false or null for a null'
  );
  return next is(
    pg_temp.api('ann', 'open_direct_chat(chat_tests.id(''ben''))'), 'ok', 'chat.are_friends: a friend must be able to open a direct chat'
  );
  return next is(
    pg_temp.api('ann', 'open_direct_chat(chat_tests.id(''dan''))'), 'not_friends', 'chat.are_friends: a stranger must not be able to'
  );
  return query select pg_temp.act('chat_tests.unfriend(chat_tests.id(''ben''), chat_tests.id(''cleo''))');
  return next is(pg_temp.answer(format(asked, 'cleo', 'ben')), 'false', 'chat.are_friends: must be false when a friendship has ended');
  return next is(pg_temp.answer(format(asked, 'ben', 'cleo')), 'false', 'chat.are_friends: must be false then in the other order');
  return next is(pg_temp.answer(format(asked, 'ben', 'ann')), 'true', 'chat.are_friends: must stay true for other friends');
  return next is(
    pg_temp.api('cleo', 'open_direct_chat(chat_tests.id(''ben''))'), 'not_friends', 'chat.are_friends: who is no longer a friend must not be able to open one'
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
  if not pg_temp.provided('blocks') then
    return;
  end if;
  return next is(pg_temp.answer(format(asked, 'ann', 'ben')), 'false', 'chat.is_blocked: must be false before anybody blocks');
  return query select pg_temp.act('chat_tests.block(chat_tests.id(''ben''), chat_tests.id(''ann''))');
  return query select pg_temp.act('chat_tests.block(chat_tests.id(''dan''), chat_tests.id(''eve''))');
  return next is(pg_temp.answer(format(asked, 'ben', 'ann')), 'true', 'chat.is_blocked: must be true for who blocks and who is blocked');
  return next is(pg_temp.answer(format(asked, 'ann', 'ben')), 'true', 'chat.is_blocked: must be true for them in the other order');
  return next is(pg_temp.answer(format(asked, 'dan', 'eve')), 'true', 'chat.is_blocked: must be true for strangers too');
  return next is(pg_temp.answer(format(asked, 'eve', 'dan')), 'true', 'chat.is_blocked: must be true for these in the other order');
  return next is(pg_temp.answer(format(asked, 'ann', 'dan')), 'false', 'chat.is_blocked: must be false for two who have not blocked each other');
  return next is(
    pg_temp.answer('chat.is_blocked(gen_random_uuid(), chat_tests.id(''ann''))'), 'false', 'chat.is_blocked: must be false for an unknown id'
  );
  return next is(
    coalesce(pg_temp.answer('chat.is_blocked(null, chat_tests.id(''ann''))'), 'false'), 'false', 'chat.is_blocked: must be false or null for a null'
  );
  if pg_temp.provided('friends') then
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
  return query select pg_temp.act('chat_tests.unblock(chat_tests.id(''ben''), chat_tests.id(''ann''))');
  return next is(pg_temp.answer(format(asked, 'ben', 'ann')), 'false', 'chat.is_blocked: must be false when the block has ended');
  return next is(pg_temp.answer(format(asked, 'ann', 'ben')), 'false', 'chat.is_blocked: must be false then in the other order');
  return next is(pg_temp.answer(format(asked, 'eve', 'dan')), 'true', 'chat.is_blocked: must stay true for others');
end
$$;
select pg_temp.check_blocks();

-- Events -------------------------------------------------------------------------

create function pg_temp.check_events() returns setof text
language plpgsql
as $$
declare
  fair uuid;
  walk uuid;
  chat_before uuid;
  name_before text;
begin
  if not pg_temp.provided('events') then
    return;
  end if;
  fair := chat_tests.draft_event('Spring Fair', chat_tests.ids('ann', 'ben'));
  return query select pg_temp.act(format('chat_tests.publish_event(%L)', fair));
  return next is(pg_temp.people('chat.event_participants', fair), 'ann, ben', 'chat.event_participants: must answer the people of the event');
  return next isnt(chat_tests.chat_of(fair), null, 'chat.open_event_chat: must be called when an event is published');
  return next is(pg_temp.seated(fair), 'ann, ben', 'chat.open_event_chat: must give the chat the people of the event');
  return next matches(pg_temp.name_of(fair), '\S', 'chat.open_event_chat: must be given a name for the chat');
  chat_before := chat_tests.chat_of(fair);
  return query select pg_temp.act(format('chat_tests.publish_event(%L)', fair));
  return next is(
    (chat_tests.chat_of(fair), pg_temp.chats_at(fair))::text, (chat_before, 1)::text, 'chat.open_event_chat: must leave one chat when the event is published again'
  );

  walk := chat_tests.open_event('Night Walk', chat_tests.ids('cleo'));
  return query select pg_temp.act(format('chat_tests.add_authors(array[%L, %L]::uuid[], chat_tests.ids(''dan'', ''eve''))', fair, walk));
  return next is(
    pg_temp.people('chat.event_participants', fair), 'ann, ben, dan, eve', 'chat.event_participants: must answer people who are added'
  );
  return next is(
    array[pg_temp.seated(fair), pg_temp.seated(walk)], array['ann, ben, dan, eve', 'cleo, dan, eve'],
    'chat.follow_people: must be called when people are added to events, all of one statement'
  );
  return query select pg_temp.act(format('chat_tests.remove_authors(array[%L, %L]::uuid[], chat_tests.ids(''dan'', ''ben''))', fair, walk));
  return next is(
    pg_temp.people('chat.event_participants', fair), 'ann, eve', 'chat.event_participants: must no longer answer people who are removed'
  );
  return next is(
    array[pg_temp.seated(fair), pg_temp.seated(walk)], array['ann, eve', 'cleo, eve'],
    'chat.follow_people: must be called when people are taken out of events, all of one statement'
  );
  return query select pg_temp.act(format('chat_tests.add_authors(array[%L]::uuid[], chat_tests.ids(''dan''))', fair));
  return next is(pg_temp.seated(fair), 'ann, dan, eve', 'chat.follow_people: must bring back who is added again');

  name_before := pg_temp.name_of(fair);
  return query select pg_temp.act(format('chat_tests.rename_event(%L, ''Autumn Fair'')', fair));
  return next isnt(pg_temp.name_of(fair), name_before, 'chat.rename_event: must be called when an event has another title');

  return next is(
    pg_temp.people('chat.event_participants', gen_random_uuid()), null, 'chat.event_participants: must answer no rows for an unknown event, and not fail'
  );
  return next is(pg_temp.people('chat.event_participants', null), null, 'chat.event_participants: must answer no rows for null, and not fail');

  if pg_temp.provided('moderators') then
    perform chat_tests.claim(chat_tests.id('ann'));
    return next is(
      pg_temp.answer(format('%L in (select chat.moderated_events())', fair)), 'true', 'chat.moderated_events: must answer the caller''s events'
    );
    return next is(
      coalesce(pg_temp.answer(format('%L in (select chat.moderated_events())', walk)), 'false'), 'false', 'chat.moderated_events: must not answer events of others'
    );
    return next is(pg_temp.moderates('ann', fair), 'true', 'chat.moderated_events: must let who moderates an event moderate its chat');
    return next is(pg_temp.moderates('ben', fair), 'false', 'chat.moderated_events: must not answer events that the caller was removed from');
    perform set_config('request.jwt.claims', '', true);
    return next is(
      pg_temp.answer('(select count(*) from chat.moderated_events())'), '0', 'chat.moderated_events: must answer no rows where nobody asks, and not fail'
    );
  end if;

  return query select pg_temp.act(format('chat_tests.delete_event(%L)', walk));
  return next is(pg_temp.chats_at(walk), 0::bigint, 'chat.remove_sources: must be called when an event is deleted');
  return next isnt(chat_tests.chat_of(fair), null, 'chat.remove_sources: must leave the chats of other events');
end
$$;
select pg_temp.check_events();

-- Rooms: chats of several, of whom some moderate -----------------------------------

create function pg_temp.check_rooms() returns setof text
language plpgsql
as $$
declare
  room uuid;
begin
  if not pg_temp.provided('rooms') then
    return;
  end if;
  room := chat_tests.open_room('Tea Room', chat_tests.ids('ann'), chat_tests.ids('ben', 'cleo'));
  return next is(pg_temp.seated(room), 'ann, ben, cleo', 'chat_tests.open_room: must open a chat of the authors and the members');
  return next is(pg_temp.chats_at(chat_tests.event_of(room)), 1::bigint, 'chat_tests.open_room: must open one chat');
  return next is(
    array[pg_temp.moderates('ann', room), pg_temp.moderates('ben', room)], array['true', 'false'],
    'chat.moderated_events: must let authors moderate a room, and members not'
  );
  return query select pg_temp.act(format('chat_tests.add_members(array[%L]::uuid[], chat_tests.ids(''dan'', ''eve''))', room));
  return next is(pg_temp.seated(room), 'ann, ben, cleo, dan, eve', 'chat.follow_people: must be called when members are added to a room');
  return query select pg_temp.act(format('chat_tests.remove_members(array[%L]::uuid[], chat_tests.ids(''dan'', ''ben''))', room));
  return next is(pg_temp.seated(room), 'ann, cleo, eve', 'chat.follow_people: must be called when members are removed from a room');
end
$$;
select pg_temp.check_rooms();

-- Groups -------------------------------------------------------------------------

create function pg_temp.check_groups() returns setof text
language plpgsql
as $$
declare
  fair uuid;
  walk uuid;
  dancers uuid;
  chat_before uuid;
  name_before text;
  has_title boolean;
begin
  if not pg_temp.provided('groups') then
    return;
  end if;
  fair := chat_tests.open_event('Spring Fair', chat_tests.ids('ann'));
  walk := chat_tests.open_event('Night Walk', chat_tests.ids('gus'));
  dancers := chat_tests.draft_group(fair, 'Dancers', chat_tests.ids('ben', 'cleo'));
  return query select pg_temp.act(format('chat_tests.approve_group(%L)', dancers));
  return next alike(pg_temp.people('chat.group_participants', dancers), '%ben, cleo%', 'chat.group_participants: must answer the members');
  return next is(
    (select array[c.event_id, c.group_id] from chat.chats c where c.id = chat_tests.chat_of(dancers)), array[fair, dancers],
    'chat.open_group_chat: must be called when a group is approved, with the group and its event'
  );
  return next is(
    pg_temp.seated(dancers), pg_temp.people('chat.group_participants', dancers), 'chat.open_group_chat: must give the chat the people of the group'
  );
  chat_before := chat_tests.chat_of(dancers);
  return query select pg_temp.act(format('chat_tests.approve_group(%L)', dancers));
  return next is(
    (chat_tests.chat_of(dancers), pg_temp.chats_at(fair))::text, (chat_before, 2)::text,
    'chat.open_group_chat: must leave one chat when the group is approved again'
  );
  return query select pg_temp.act(format('chat_tests.add_members(array[%L]::uuid[], chat_tests.ids(''dan'', ''eve''))', dancers));
  return next alike(pg_temp.seated(dancers), '%ben, cleo, dan, eve%', 'chat.follow_people: must be called when members are added to a group');
  return query select pg_temp.act(format('chat_tests.remove_members(array[%L]::uuid[], chat_tests.ids(''dan'', ''ben''))', dancers));
  return next alike(pg_temp.seated(dancers), '%cleo, eve%', 'chat.follow_people: must be called when members are removed from a group');
  return query select pg_temp.act(format('chat_tests.add_authors(array[%L]::uuid[], chat_tests.ids(''fay''))', fair));
  return next is(
    pg_temp.seated(dancers), pg_temp.people('chat.group_participants', dancers),
    'chat.group_participants: must answer the same as the chat follows, when the event has another author'
  );

  name_before := pg_temp.name_of(dancers);
  has_title := position(pg_temp.name_of(fair) in name_before) > 0;
  return query select pg_temp.act(format('chat_tests.rename_event(%L, ''Autumn Fair'')', fair));
  return next case
    when has_title then alike(
      pg_temp.name_of(dancers), '%Autumn Fair%',
      'chat.rename_event: must be given a name for the chats of the groups, as theirs has the event''s title'
    )
    else is(
      pg_temp.name_of(dancers), name_before,
      'chat.rename_event: must be given null for the chats of the groups, as theirs has not the event''s title'
    )
  end;

  return query select pg_temp.act(format('chat_tests.move_group(%L, %L)', dancers, walk));
  return next is(
    (select array[c.id, c.event_id] from chat.chats c where c.group_id = dancers), array[chat_before, walk],
    'chat.move_group: must be called when a group moves to another event'
  );
  return next is(
    pg_temp.seated(dancers), pg_temp.people('chat.group_participants', dancers), 'chat.move_group: must be called when the group''s row tells the new event'
  );

  return next is(
    pg_temp.people('chat.group_participants', gen_random_uuid()), null, 'chat.group_participants: must answer no rows for an unknown group, and not fail'
  );
  return next is(pg_temp.people('chat.group_participants', null), null, 'chat.group_participants: must answer no rows for null, and not fail');

  return query select pg_temp.act(format('chat_tests.delete_group(%L)', dancers));
  return next is(
    array[chat_tests.chat_of(dancers) is null, chat_tests.chat_of(walk) is null], array[true, false],
    'chat.remove_sources: must be called when a group is deleted, for its chat alone'
  );
  dancers := chat_tests.draft_group(walk, 'Dancers', chat_tests.ids('ben'));
  perform chat_tests.approve_group(dancers);
  return query select pg_temp.act(format('chat_tests.delete_event(%L)', walk));
  return next is(pg_temp.chats_at(walk), 0::bigint, 'chat.remove_sources: must take the chats of an event''s groups with it');
end
$$;
select pg_temp.check_groups();

-- Accounts that are deleted --------------------------------------------------------

create function pg_temp.delete_accounts(variadic people text[]) returns void
language sql
as $$ delete from auth.users u where u.id = any (chat_tests.ids(variadic people)) $$;

create function pg_temp.check_accounts() returns setof text
language plpgsql
as $$
declare
  fair uuid;
begin
  if pg_temp.provided('friends') then
    perform chat_tests.befriend(chat_tests.id('fay'), chat_tests.id('gus'));
  end if;
  if pg_temp.provided('blocks') then
    perform chat_tests.block(chat_tests.id('fay'), chat_tests.id('dan'));
  end if;
  if pg_temp.provided('events') then
    fair := chat_tests.open_event('Last Fair', chat_tests.ids('ann', 'fay', 'gus', 'eve'));
  end if;
  return next is(
    coalesce(pg_temp.answer('pg_temp.delete_accounts(''fay'', ''gus'')'), ''), '', 'auth.users: must let accounts be deleted, with all that the host has of them'
  );
  if pg_temp.provided('friends') then
    return next is(
      pg_temp.answer('chat.are_friends(chat_tests.id(''fay''), chat_tests.id(''gus''))'), 'false', 'chat.are_friends: must be false for deleted accounts'
    );
  end if;
  if pg_temp.provided('events') then
    return next is(pg_temp.seated(fair), 'ann, eve', 'auth.users: must take deleted accounts out of their chats');
    return next is(
      pg_temp.people('chat.event_participants', fair), 'ann, eve', 'chat.event_participants: must no longer answer deleted accounts'
    );
    return query select pg_temp.act(format('chat_tests.delete_event(%L)', fair));
    return next is(pg_temp.chats_at(fair), 0::bigint, 'chat.remove_sources: must be called for an event whose author''s account is gone');
    return next is(
      coalesce(pg_temp.answer('pg_temp.delete_accounts(''ann'', ''eve'')'), ''), '', 'auth.users: must let accounts be deleted whose events are gone'
    );
  end if;
end
$$;
select pg_temp.check_accounts();

select * from finish();
rollback;
