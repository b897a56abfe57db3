-- The chats of events and groups are opened and changed only by changes of the host's tables. The host writes as
-- service_role, which may not read or write chats.

begin;
select plan(121);

select chat_tests.begin_story();

select chat_tests.add_people('alice', 'bob', 'carol', 'dave', 'erin', 'frank');
insert into known (name) select unnest(array['party', 'concert', 'lecture', 'fair', 'dancers', 'cooks', 'singers', 'late group']);

create function pg_temp.set_status(of text, status text) returns void
language plpgsql
as $$
begin
  update example_host.events e set status = set_status.status::example_host.event_status where e.id = chat_tests.id(of);
  if not found then
    update example_host.event_groups g set status = set_status.status::example_host.group_status where g.id = chat_tests.id(of);
  end if;
end
$$;

-- The chats of an event or a group, each as `<type> "<name>": <participants>`.
create function pg_temp.chats_of(source text) returns text[]
language sql stable security definer
as $$
  select coalesce(array_agg(format('%s "%s": %s', c.type, c.name, (
    select string_agg(k.name, ', ' order by k.name)
    from chat.chat_participants p join pg_temp.known k on k.id = p.user_id
    where p.chat_id = c.id and p.left_at is null
  )) order by c.name), '{}')
  from chat.chats c
  where c.group_id = chat_tests.id(source) or (c.event_id = chat_tests.id(source) and c.group_id is null)
$$;

-- The ids of all chats of an event, which must stay when a status changes back and forth.
create function pg_temp.chat_ids(event text) returns uuid[]
language sql stable security definer
as $$ select array_agg(c.id order by c.id) from chat.chats c where c.event_id = chat_tests.id(event) $$;

set local role service_role;

-- Publishing an event ----------------------------------------------------------

insert into example_host.events (id, title) values (chat_tests.id('party'), 'Saturday Night Party');
insert into example_host.event_authors (event_id, user_id)
values (chat_tests.id('party'), chat_tests.id('alice')), (chat_tests.id('party'), chat_tests.id('bob')), (chat_tests.id('party'), chat_tests.id('frank'));
delete from example_host.event_authors where user_id = chat_tests.id('frank');
select is(pg_temp.chats_of('party'), '{}', 'a draft has no chat');
select pg_temp.set_status('party', 'cancelled');
select is(pg_temp.chats_of('party'), '{}', 'nor has a cancelled event');

select pg_temp.set_status('party', 'published');
select is(
  pg_temp.chats_of('party'), array['event_authors "Saturday Night Party": alice, bob'],
  'publishing opens one chat, named after the event, with exactly its authors'
);
reset role;
select results_eq(
  $$ select c.event_id, c.group_id, c.direct_low, c.direct_high, c.last_message_at, c.rev
     from chat.chats c where c.event_id = chat_tests.id('party') $$,
  $$ values (chat_tests.id('party'), null::uuid, null::uuid, null::uuid, null::timestamptz, 0::bigint) $$,
  'it tells its event, and is empty'
);
create temporary table first as select pg_temp.chat_ids('party') as ids;
grant select on first to service_role;
set local role service_role;

select pg_temp.set_status('party', 'published');
select is(pg_temp.chat_ids('party'), (select f.ids from first f), 'publishing again makes no second');
select pg_temp.set_status('party', status)
from unnest(array['draft', 'published', 'cancelled', 'published', 'draft', 'published']) as status;
select is(pg_temp.chat_ids('party'), (select f.ids from first f), 'nor does the status, however often it flips');
select is(
  pg_temp.chats_of('party'), array['event_authors "Saturday Night Party": alice, bob'], 'and the same people are in it'
);
select throws_ok(
  $$ insert into chat.chats (type, event_id, name) values ('event_authors', chat_tests.id('party'), 'Another') $$,
  '42501', 'permission denied for schema chat', 'the host opens no chat by hand'
);

insert into example_host.events (id, title, status) values (chat_tests.id('concert'), 'Concert', 'published');
select is(pg_temp.chats_of('concert'), array['event_authors "Concert": '], 'an event inserted as published has its chat at once');
insert into example_host.event_authors (event_id, user_id)
values (chat_tests.id('concert'), chat_tests.id('carol')), (chat_tests.id('concert'), chat_tests.id('dave'));
select is(pg_temp.chats_of('concert'), array['event_authors "Concert": carol, dave'], 'and its authors follow');
select pg_temp.set_status('concert', status) from unnest(array['draft', 'published']) as status;
select is(cardinality(pg_temp.chat_ids('concert')), 1, 'it makes no second either');

insert into example_host.events (id, title) values (chat_tests.id('lecture'), 'Lecture'), (chat_tests.id('fair'), 'Fair');
insert into example_host.event_authors (event_id, user_id)
values (chat_tests.id('lecture'), chat_tests.id('alice')), (chat_tests.id('fair'), chat_tests.id('erin'));
update example_host.events e set status = 'published' where e.id in (chat_tests.id('lecture'), chat_tests.id('fair'));
select is(
  pg_temp.chats_of('lecture') || pg_temp.chats_of('fair'), array['event_authors "Lecture": alice', 'event_authors "Fair": erin'],
  'two events published by one statement have each their own'
);

-- Approving a group ------------------------------------------------------------

insert into example_host.event_groups (id, event_id, name) values
  (chat_tests.id('dancers'), chat_tests.id('party'), 'Dancers'), (chat_tests.id('cooks'), chat_tests.id('party'), 'Cooks');
-- Bob is an author of the party and a member of the dancers.
insert into example_host.event_group_members (group_id, user_id) values
  (chat_tests.id('dancers'), chat_tests.id('carol')), (chat_tests.id('dancers'), chat_tests.id('bob')), (chat_tests.id('cooks'), chat_tests.id('dave'));
select is(pg_temp.chats_of('dancers'), '{}', 'a pending group has no chat');
select pg_temp.set_status('dancers', 'rejected');
select is(pg_temp.chats_of('dancers'), '{}', 'nor has a rejected one');

select pg_temp.set_status('dancers', 'approved');
select is(
  pg_temp.chats_of('dancers'), array['approved_group "Saturday Night Party — group": alice, bob, carol'],
  'approval opens one chat, named after the event, with the members and the authors'
);
reset role;
select results_eq(
  $$ select c.event_id, c.group_id from chat.chats c where c.group_id = chat_tests.id('dancers') $$,
  $$ values (chat_tests.id('party'), chat_tests.id('dancers')) $$,
  'it tells its event and its group'
);
set local role service_role;
select is(pg_temp.chats_of('cooks'), '{}', 'the other group is not concerned');
select chat_tests.act_as('carol');
select is(
  (
    select jsonb_agg(chat - array['id', 'createdAt', 'participants', 'topic'] order by chat ->> 'type')
    from jsonb_array_elements(public.list_chats()::jsonb -> 'data') as chat
    where chat ->> 'eventId' = chat_tests.id('party')::text
  ),
  jsonb_build_array(jsonb_build_object(
    'type', 'approved_group', 'eventId', chat_tests.id('party'), 'groupId', chat_tests.id('dancers'),
    'name', 'Saturday Night Party — group', 'goneParticipants', jsonb_build_array(), 'lastMessageAt', null, 'lastMessage', null,
    'unreadCount', 0, 'lastReadAt', null, 'rev', 0, 'historyRev', 0, 'epoch', chat.epoch()
  )),
  'a member finds it in the list, and not the authors'' chat'
);
set local role service_role;
reset role;
update first set ids = pg_temp.chat_ids('party');
set local role service_role;
select pg_temp.set_status('dancers', status)
from unnest(array['approved', 'pending', 'approved', 'rejected', 'approved']) as status;
select is(pg_temp.chat_ids('party'), (select f.ids from first f), 'its status makes no second, however often it flips');
select pg_temp.set_status('cooks', 'approved');
select is(
  pg_temp.chats_of('cooks'), array['approved_group "Saturday Night Party — group": alice, bob, dave'], 'each group has its own'
);

insert into example_host.event_groups (id, event_id, name, status) values (chat_tests.id('late group'), chat_tests.id('party'), 'Late', 'approved');
select is(
  pg_temp.chats_of('late group'), array['approved_group "Saturday Night Party — group": alice, bob'],
  'a group inserted as approved has its chat at once'
);
insert into example_host.event_group_members (group_id, user_id) values (chat_tests.id('late group'), chat_tests.id('frank'));
select is(
  pg_temp.chats_of('late group'), array['approved_group "Saturday Night Party — group": alice, bob, frank'], 'and its members follow'
);
delete from example_host.event_groups where id = chat_tests.id('late group');
select is(pg_temp.chats_of('late group'), '{}', 'a group that is deleted takes its chat with it');

-- Members come and go ----------------------------------------------------------

insert into example_host.event_group_members (group_id, user_id) values (chat_tests.id('dancers'), chat_tests.id('erin'));
select is(
  pg_temp.chats_of('dancers') || pg_temp.chats_of('cooks') || pg_temp.chats_of('party'),
  array[
    'approved_group "Saturday Night Party — group": alice, bob, carol, erin',
    'approved_group "Saturday Night Party — group": alice, bob, dave',
    'event_authors "Saturday Night Party": alice, bob'
  ],
  'a new member joins the group''s chat and no other'
);
delete from example_host.event_group_members where user_id = chat_tests.id('erin');
select is(
  pg_temp.chats_of('dancers'), array['approved_group "Saturday Night Party — group": alice, bob, carol'], 'a removed one leaves it'
);
insert into example_host.event_group_members (group_id, user_id) values (chat_tests.id('dancers'), chat_tests.id('erin'));
select is(
  pg_temp.chats_of('dancers'), array['approved_group "Saturday Night Party — group": alice, bob, carol, erin'], 'and comes back when added again'
);
delete from example_host.event_group_members where user_id = chat_tests.id('bob');
select is(
  pg_temp.chats_of('dancers'), array['approved_group "Saturday Night Party — group": alice, bob, carol, erin'],
  'an author who is no longer a member stays, as an author'
);
insert into example_host.event_group_members (group_id, user_id) values (chat_tests.id('dancers'), chat_tests.id('bob'));

-- Authors come and go ----------------------------------------------------------

insert into example_host.event_authors (event_id, user_id) values (chat_tests.id('party'), chat_tests.id('frank'));
select is(
  pg_temp.chats_of('party') || pg_temp.chats_of('dancers') || pg_temp.chats_of('cooks'),
  array[
    'event_authors "Saturday Night Party": alice, bob, frank',
    'approved_group "Saturday Night Party — group": alice, bob, carol, erin, frank',
    'approved_group "Saturday Night Party — group": alice, bob, dave, frank'
  ],
  'a new author joins the event''s chat and those of its groups'
);
delete from example_host.event_authors where user_id in (chat_tests.id('frank'), chat_tests.id('bob')) and event_id = chat_tests.id('party');
select is(
  pg_temp.chats_of('party') || pg_temp.chats_of('dancers') || pg_temp.chats_of('cooks'),
  array[
    'event_authors "Saturday Night Party": alice',
    'approved_group "Saturday Night Party — group": alice, bob, carol, erin',
    'approved_group "Saturday Night Party — group": alice, dave'
  ],
  'removed ones leave them all, but for the chat of a group that they belong to'
);
insert into example_host.event_authors (event_id, user_id) values (chat_tests.id('party'), chat_tests.id('bob'));
select is(
  pg_temp.chats_of('party') || pg_temp.chats_of('cooks'),
  array['event_authors "Saturday Night Party": alice, bob', 'approved_group "Saturday Night Party — group": alice, bob, dave'],
  'an author added again is back in each'
);
select is(
  pg_temp.chats_of('concert') || pg_temp.chats_of('lecture'), array['event_authors "Concert": carol, dave', 'event_authors "Lecture": alice'],
  'no other event noticed'
);
select pg_temp.set_status('party', 'draft');
insert into example_host.event_authors (event_id, user_id) values (chat_tests.id('party'), chat_tests.id('frank'));
delete from example_host.event_authors where user_id = chat_tests.id('alice') and event_id = chat_tests.id('party');
select is(
  pg_temp.chats_of('party'), array['event_authors "Saturday Night Party": bob, frank'], 'while the event is a draft again its chat follows all the same'
);
select pg_temp.set_status('party', 'published');
select is(pg_temp.chats_of('party'), array['event_authors "Saturday Night Party": bob, frank'], 'and is right when it is published again');

-- Rows of membership that move -------------------------------------------------

update example_host.event_authors set user_id = chat_tests.id('alice') where user_id = chat_tests.id('frank') and event_id = chat_tests.id('party');
select is(pg_temp.chats_of('party'), array['event_authors "Saturday Night Party": alice, bob'], 'an author put in another''s place takes it');
update example_host.event_authors set event_id = chat_tests.id('party') where user_id = chat_tests.id('erin') and event_id = chat_tests.id('fair');
select is(
  pg_temp.chats_of('fair') || pg_temp.chats_of('party') || pg_temp.chats_of('cooks'),
  array[
    'event_authors "Fair": ', 'event_authors "Saturday Night Party": alice, bob, erin',
    'approved_group "Saturday Night Party — group": alice, bob, dave, erin'
  ],
  'an author moved to another event changes chats'
);
update example_host.event_authors set event_id = chat_tests.id('fair') where user_id = chat_tests.id('erin');
update example_host.event_group_members set group_id = chat_tests.id('cooks') where user_id = chat_tests.id('carol');
select is(
  pg_temp.chats_of('dancers') || pg_temp.chats_of('cooks'),
  array['approved_group "Saturday Night Party — group": alice, bob, erin', 'approved_group "Saturday Night Party — group": alice, bob, carol, dave'],
  'a member moved to another group changes chats'
);
update example_host.event_group_members set user_id = chat_tests.id('frank') where user_id = chat_tests.id('carol');
select is(
  pg_temp.chats_of('cooks'), array['approved_group "Saturday Night Party — group": alice, bob, dave, frank'], 'a member put in another''s place takes it'
);

-- A person who has left comes back only when the host adds them. An update without a change adds nobody.
reset role;
update chat.chat_participants p set left_at = clock_timestamp()
from chat.chats c
where c.id = p.chat_id and c.event_id = chat_tests.id('party') and p.user_id in (chat_tests.id('bob'), chat_tests.id('dave'));
set local role service_role;
update example_host.event_authors set user_id = user_id where event_id = chat_tests.id('party');
update example_host.event_group_members set user_id = user_id where group_id in (chat_tests.id('dancers'), chat_tests.id('cooks'));
select is(
  pg_temp.chats_of('party') || pg_temp.chats_of('cooks'),
  array['event_authors "Saturday Night Party": alice', 'approved_group "Saturday Night Party — group": alice, frank'],
  'updating a membership without moving it brings nobody back who had left'
);

-- Names ------------------------------------------------------------------------

update example_host.events set title = 'Sunday Brunch' where id = chat_tests.id('party');
reset role;
select results_eq(
  $$ select c.name from chat.chats c where c.event_id = chat_tests.id('party') order by c.name $$,
  array['Sunday Brunch', 'Sunday Brunch — group', 'Sunday Brunch — group'],
  'the names follow the event''s title'
);
set local role service_role;
select is(pg_temp.chats_of('lecture'), array['event_authors "Lecture": alice'], 'those of another event stay');

-- Both or neither --------------------------------------------------------------

reset role;
insert into example_host.events (id, title) values (chat_tests.id('singers'), 'No room');
insert into example_host.event_authors (event_id, user_id) values (chat_tests.id('singers'), chat_tests.id('alice'));
insert into known (name) values ('choir');
insert into example_host.event_groups (id, event_id, name) values (chat_tests.id('choir'), chat_tests.id('singers'), 'Choir');
alter table chat.chats add constraint no_room check (name not like 'No room%') not valid;
set local role service_role;
select throws_ok(
  $$ select pg_temp.set_status('singers', 'published') $$, '23514', null, 'where the chat cannot be created the event is not published'
);
select throws_ok(
  $$ select pg_temp.set_status('choir', 'approved') $$, '23514', null, 'nor is the group approved'
);
select throws_ok(
  $$ insert into example_host.events (title, status) values ('No room again', 'published') $$, '23514', null, 'nor is a published event inserted'
);
select is(
  (select array[e.status::text, g.status::text] from example_host.events e join example_host.event_groups g on g.event_id = e.id where e.id = chat_tests.id('singers')),
  array['draft', 'pending'], 'their status is what it was'
);
select is_empty($$ select id from example_host.events where title = 'No room again' $$, 'and the event is not there');

reset role;
alter table chat.chats drop constraint no_room;
alter table chat.chat_participants add constraint no_seat check (chat_id is null) not valid;
set local role service_role;
select throws_ok(
  $$ select pg_temp.set_status('singers', 'published') $$, '23514', null, 'an author who cannot be seated stops the publishing too'
);
select is(pg_temp.chats_of('singers') || pg_temp.chats_of('choir'), '{}', 'and no chat is left behind');

reset role;
alter table chat.chat_participants drop constraint no_seat;
create function pg_temp.refuse() returns trigger
language plpgsql
as $$
begin
  raise 'the host refuses';
end
$$;
create trigger _999_refuse after update on example_host.events for each row execute function pg_temp.refuse();
create trigger _999_refuse after update on example_host.event_groups for each row execute function pg_temp.refuse();
set local role service_role;
select throws_ok(
  $$ select pg_temp.set_status('singers', 'published') $$, 'P0001', 'the host refuses', 'a publishing can fail after its chat was made'
);
select throws_ok(
  $$ select pg_temp.set_status('choir', 'approved') $$, 'P0001', 'the host refuses', 'so can an approval'
);
select is(pg_temp.chats_of('singers') || pg_temp.chats_of('choir'), '{}', 'then there is no chat');
reset role;
drop trigger _999_refuse on example_host.events;
drop trigger _999_refuse on example_host.event_groups;
set local role service_role;
select pg_temp.set_status('singers', 'published');
select pg_temp.set_status('choir', 'approved');
select is(
  pg_temp.chats_of('singers') || pg_temp.chats_of('choir'),
  array['event_authors "No room": alice', 'approved_group "No room — group": alice'],
  'with nothing in the way both come'
);

-- Groups that move to another event ------------------------------------------------

reset role;
select chat_tests.add_people('gina', 'hugo', 'ivan', 'judy', 'kate');
insert into known (name) select unnest(array['festival', 'market', 'jugglers', 'clowns', 'mimes', 'late movers', 'fire eaters']);

-- The one chat of a group.
create function pg_temp.chat_of(called text) returns uuid
language sql stable security definer
as $$ select c.id from chat.chats c where c.group_id = chat_tests.id(called) $$;
create function pg_temp.topic_version(called text) returns integer
language sql stable security definer
as $$ select c.topic_version from chat.chats c where c.group_id = chat_tests.id(called) $$;
-- Sends a line to a group's chat. The message has the line as its name.
create function pg_temp.say(person text, called text, line text) returns void
language plpgsql
as $$
declare
  message_id uuid;
begin
  perform chat_tests.act_as(person);
  message_id := public.send_message(pg_temp.chat_of(called), line) ->> 'id';
  perform set_config('role', 'none', true);
  insert into pg_temp.known (name, id) values (line, message_id);
end
$$;
-- The broadcasts since the last call, each as `<owner of the topic> <event>`.
create temporary table heard_before (id uuid primary key);
create function pg_temp.heard() returns setof text
language sql security definer
as $$
  with fresh as (
    insert into pg_temp.heard_before
    select m.id from realtime.messages m where m.id not in (select h.id from pg_temp.heard_before h)
    returning id
  )
  select format('%s %s', coalesce(k.name, g.name || substr(m.topic, 42), 'authors'), m.event)
  from realtime.messages m
  join fresh using (id)
  left join pg_temp.known k on m.topic = 'user:' || k.id
  left join chat.chats c on m.topic like 'chat:' || c.id || '%'
  left join pg_temp.known g on g.id = c.group_id
$$;

set local role service_role;
insert into example_host.events (id, title, status) values
  (chat_tests.id('festival'), 'Festival', 'published'), (chat_tests.id('market'), 'Market', 'published');
insert into example_host.event_authors (event_id, user_id) values
  (chat_tests.id('festival'), chat_tests.id('gina')), (chat_tests.id('festival'), chat_tests.id('kate')),
  (chat_tests.id('market'), chat_tests.id('hugo')), (chat_tests.id('market'), chat_tests.id('kate'));
insert into example_host.event_groups (id, event_id, name) values (chat_tests.id('jugglers'), chat_tests.id('festival'), 'Jugglers');
insert into example_host.event_group_members (group_id, user_id)
select chat_tests.id('jugglers'), chat_tests.id(person) from unnest(array['ivan', 'judy']) as person;
select pg_temp.set_status('jugglers', 'approved');
select is(
  pg_temp.chats_of('jugglers'), array['approved_group "Festival — group": gina, ivan, judy, kate'], 'the jugglers come to the festival'
);
reset role;
create temporary table jugglers_chat as select pg_temp.chat_of('jugglers') as id;
grant select on jugglers_chat to authenticated, service_role;
select pg_temp.say('ivan', 'jugglers', 'three balls');
select pg_temp.say('gina', 'jugglers', 'a secret');
select chat_tests.act_as('gina');
select public.delete_message(pg_temp.chat_of('jugglers'), chat_tests.id('a secret'));
select is(chat_tests.texts(pg_temp.chat_of('jugglers')), array['a secret', 'three balls'], 'gina, the festival''s author, moderates their chat');
select chat_tests.act_as('judy');
select public.leave_chat(pg_temp.chat_of('jugglers'));
reset role;
select count(*) from pg_temp.heard();

set local role service_role;
update example_host.event_groups set event_id = chat_tests.id('market') where id = chat_tests.id('jugglers');
select is(
  pg_temp.chats_of('jugglers'), array['approved_group "Market — group": hugo, ivan, kate'],
  'they move to the market: the chat has its name and its authors, without those of the festival and without judy, who had left'
);
select is(pg_temp.chat_of('jugglers'), j.id, 'it is the same chat') from jugglers_chat j;
select is(
  pg_temp.chats_of('festival') || pg_temp.chats_of('market'),
  array['event_authors "Festival": gina, kate', 'event_authors "Market": hugo, kate'], 'the authors'' own chats are as they were'
);
select is(pg_temp.topic_version('jugglers'), 2, 'the chat goes on at another topic, as gina could hear the old one');
reset role;
select bag_eq(
  'select * from pg_temp.heard()',
  array[
    'jugglers:1 chat.left', 'gina chat.left', 'jugglers:2 chat.updated', 'ivan chat.updated', 'kate chat.updated',
    'hugo chat.created', 'jugglers:2 chat.joined'
  ],
  'those who stay are told of the new event, gina of her end alone, and hugo of his chat'
);

select chat_tests.act_as('gina');
select throws_ok(format('select public.%s', call), 'PT403', 'not_participant', format('gina is refused: %s', split_part(call, '(', 1)))
from unnest(array[
  $$get_chat(pg_temp.chat_of('jugglers'))$$,
  $$list_messages(pg_temp.chat_of('jugglers'))$$,
  $$list_changes(pg_temp.chat_of('jugglers'), 0)$$,
  $$send_message(pg_temp.chat_of('jugglers'), 'hello')$$,
  $$delete_message(pg_temp.chat_of('jugglers'), chat_tests.id('three balls'))$$
]) as call;
select is_empty(
  $$ select m.id from public.messages m where m.chat_id = pg_temp.chat_of('jugglers') $$, 'she reads nothing in the table, not even what she said'
);
select is_empty(
  $$ select m from chat.moderated_chats() m where m = pg_temp.chat_of('jugglers') $$, 'and does not moderate it'
);
select ok(not chat.may_listen(format('chat:%s%s', j.id, version)), format('nor listens to its topic %s', coalesce(nullif(version, ''), 'without a number')))
from jugglers_chat j, unnest(array['', ':1', ':2', ':3']) as version;
select chat_tests.act_as('hugo');
select is(chat_tests.texts(pg_temp.chat_of('jugglers')), array['a secret', 'three balls'], 'hugo, the market''s author, moderates it: he reads its history, deleted messages too');
select is(
  public.get_chat(pg_temp.chat_of('jugglers'))::jsonb - array['createdAt', 'lastMessageAt', 'lastReadAt', 'participants', 'lastMessage'],
  jsonb_build_object(
    'id', j.id, 'type', 'approved_group', 'eventId', chat_tests.id('market'), 'groupId', chat_tests.id('jugglers'), 'name', 'Market — group',
    'goneParticipants', jsonb_build_array(), 'unreadCount', 0, 'rev', 3, 'historyRev', 0, 'epoch', chat.epoch(), 'topic', 'chat:' || j.id || ':2'
  ),
  'it tells its new event, and he has nothing unread'
)
from jugglers_chat j;
select lives_ok($$ select public.delete_message(pg_temp.chat_of('jugglers'), chat_tests.id('three balls')) $$, 'and he deletes what others said');
select chat_tests.act_as('judy');
select throws_ok($$ select public.get_chat(pg_temp.chat_of('jugglers')) $$, 'PT403', 'not_participant', 'judy stays away');

-- From now on it follows the market.
set local role service_role;
update example_host.event_groups set event_id = event_id, name = 'The Jugglers' where id = chat_tests.id('jugglers');
select is(pg_temp.topic_version('jugglers'), 2, 'an update that moves nobody changes nothing');
update example_host.events set title = 'Summer Festival' where id = chat_tests.id('festival');
update example_host.events set title = 'Flea Market' where id = chat_tests.id('market');
insert into example_host.event_authors (event_id, user_id) values (chat_tests.id('festival'), chat_tests.id('carol')), (chat_tests.id('market'), chat_tests.id('dave'));
delete from example_host.event_authors where user_id = chat_tests.id('kate') and event_id = chat_tests.id('festival');
select is(
  pg_temp.chats_of('jugglers'), array['approved_group "Flea Market — group": dave, hugo, ivan, kate'],
  'the names and the authors of the market are followed, and not the festival''s'
);
delete from example_host.event_authors where user_id = chat_tests.id('kate') and event_id = chat_tests.id('market');
select is(
  pg_temp.chats_of('jugglers'), array['approved_group "Flea Market — group": dave, hugo, ivan'], 'an author who is removed there leaves it'
);
insert into example_host.event_group_members (group_id, user_id) values (chat_tests.id('jugglers'), chat_tests.id('gina'));
select is(
  pg_temp.chats_of('jugglers'), array['approved_group "Flea Market — group": dave, gina, hugo, ivan'], 'gina may come back, as a juggler'
);
reset role;
select chat_tests.act_as('gina');
select is(chat_tests.texts(pg_temp.chat_of('jugglers')), '{}', 'and moderates no more: all that was said is deleted');
set local role service_role;
delete from example_host.event_group_members where user_id = chat_tests.id('gina') and group_id = chat_tests.id('jugglers');

-- A group without a chat can move too, and its status can change in the same statement.
insert into example_host.event_groups (id, event_id, name) values
  (chat_tests.id('late movers'), chat_tests.id('festival'), 'Late movers'), (chat_tests.id('fire eaters'), chat_tests.id('festival'), 'Fire eaters');
update example_host.event_groups set event_id = chat_tests.id('market') where id = chat_tests.id('late movers');
select is(pg_temp.chats_of('late movers'), '{}', 'a pending group that moves has no chat');
select pg_temp.set_status('late movers', 'approved');
select is(pg_temp.chats_of('late movers'), array['approved_group "Flea Market — group": dave, hugo'], 'approved later, it has one at its new event');
update example_host.event_groups set event_id = chat_tests.id('market'), status = 'approved' where id = chat_tests.id('fire eaters');
select is(
  pg_temp.chats_of('fire eaters'), array['approved_group "Flea Market — group": dave, hugo'], 'a group may be moved and approved at once'
);
update example_host.event_groups set event_id = chat_tests.id('festival'), status = 'rejected' where id = chat_tests.id('fire eaters');
select is(
  pg_temp.chats_of('fire eaters'), array['approved_group "Summer Festival — group": carol, gina'], 'and its chat follows it when it is rejected, too'
);
delete from example_host.event_groups where id in (chat_tests.id('late movers'), chat_tests.id('fire eaters'));

-- Several groups in one statement: two groups change places.
insert into example_host.event_groups (id, event_id, name, status) values
  (chat_tests.id('clowns'), chat_tests.id('festival'), 'Clowns', 'approved'), (chat_tests.id('mimes'), chat_tests.id('market'), 'Mimes', 'approved');
insert into example_host.event_group_members (group_id, user_id) values
  (chat_tests.id('clowns'), chat_tests.id('erin')), (chat_tests.id('mimes'), chat_tests.id('frank'));
update example_host.event_groups
set event_id = case id when chat_tests.id('clowns') then chat_tests.id('market') else chat_tests.id('festival') end
where id in (chat_tests.id('clowns'), chat_tests.id('mimes'));
select is(
  pg_temp.chats_of('clowns') || pg_temp.chats_of('mimes'),
  array['approved_group "Flea Market — group": dave, erin, hugo', 'approved_group "Summer Festival — group": carol, frank, gina'],
  'two groups change places in one statement, each with its chat'
);
update example_host.event_groups set event_id = chat_tests.id('market') where id in (chat_tests.id('clowns'), chat_tests.id('mimes'));
select is(
  pg_temp.chats_of('clowns') || pg_temp.chats_of('mimes'),
  array['approved_group "Flea Market — group": dave, erin, hugo', 'approved_group "Flea Market — group": dave, frank, hugo'],
  'and are both at the market after another, which moves one of them'
);

-- Deleted events.
delete from example_host.events where id = chat_tests.id('festival');
select is(pg_temp.chat_ids('festival'), null, 'the festival is deleted with its own chat');
select is(
  pg_temp.chats_of('jugglers') || pg_temp.chats_of('clowns') || pg_temp.chats_of('mimes'),
  array[
    'approved_group "Flea Market — group": dave, hugo, ivan', 'approved_group "Flea Market — group": dave, erin, hugo',
    'approved_group "Flea Market — group": dave, frank, hugo'
  ],
  'and without those of the groups that had moved away'
);
delete from example_host.events where id = chat_tests.id('market');
select is(
  pg_temp.chats_of('market') || pg_temp.chats_of('jugglers') || pg_temp.chats_of('clowns') || pg_temp.chats_of('mimes'), '{}',
  'the market takes along the chats of all that came to it'
);
reset role;
select is_empty(
  $$ select m.id from public.messages m, jugglers_chat j where m.chat_id = j.id $$, 'with all that was said there'
);

-- Ids that stay ------------------------------------------------------------------------

set local role service_role;
select throws_ok(
  format('update example_host.%I set id = gen_random_uuid() where id = chat_tests.id(%L)', relation, called), '23001',
  format('the id of a row in %s must not change', relation), format('a row of %s keeps its id, by which its chat knows it', relation)
)
from (values ('events', 'party'), ('event_groups', 'dancers')) as source (relation, called);
select lives_ok(
  $$ update example_host.events set id = id, title = 'Sunday Brunch' where id = chat_tests.id('party') $$, 'an update that names it without changing it is none'
);

-- Many in one statement ------------------------------------------------------------------

reset role;
insert into known (name) select 'guest ' || n from generate_series(1, 6) as n union all select 'tour ' || n from generate_series(1, 8) as n;
insert into auth.users (id, email) select k.id, k.id || '@test.example' from known k where k.name like 'guest %';
set local role service_role;
insert into example_host.events (id, title, status)
select chat_tests.id('tour ' || n), 'Tour ' || n, 'published' from generate_series(1, 8) as n;
select is(
  (select array_agg(pg_temp.chats_of('tour ' || n) order by n) from generate_series(1, 8) as n),
  (select array_agg(array[format('event_authors "Tour %s": ', n)] order by n) from generate_series(1, 8) as n),
  'eight events inserted by one statement have each their chat'
);
insert into example_host.event_authors (event_id, user_id)
select chat_tests.id('tour ' || n), chat_tests.id('guest ' || g) from generate_series(1, 8) as n, generate_series(1, 6) as g;
select is(
  (select array_agg(pg_temp.chats_of('tour ' || n) order by n) from generate_series(1, 8) as n),
  (
    select array_agg(array[format('event_authors "Tour %s": guest 1, guest 2, guest 3, guest 4, guest 5, guest 6', n)] order by n)
    from generate_series(1, 8) as n
  ),
  'and 48 authors added by one statement are in them'
);
reset role;
create function pg_temp.tour_versions() returns integer[]
language sql stable security definer
as $$
  select array_agg(c.topic_version order by n) from generate_series(1, 8) as n join chat.chats c on c.event_id = chat_tests.id('tour ' || n)
$$;
select count(*) from pg_temp.heard();
set local role service_role;
delete from example_host.event_authors where user_id in (chat_tests.id('guest 1'), chat_tests.id('guest 2'), chat_tests.id('guest 3'));
select is(
  (select array_agg(pg_temp.chats_of('tour ' || n) order by n) from generate_series(1, 8) as n),
  (select array_agg(array[format('event_authors "Tour %s": guest 4, guest 5, guest 6', n)] order by n) from generate_series(1, 8) as n),
  'three people are removed from eight events at once'
);
select is(pg_temp.tour_versions(), array_fill(1, array[8]), 'each chat moves on once, not once for each of them');
reset role;
select is(
  (select array_agg(format('%s %s', told, times) order by told) from (select told, count(*) as times from pg_temp.heard() as told group by told) as t),
  array['authors chat.left 8', 'guest 1 chat.left 8', 'guest 2 chat.left 8', 'guest 3 chat.left 8']::text[],
  'each is told of each chat'
);
set local role service_role;
update example_host.event_authors set user_id = chat_tests.id('guest 1') where user_id = chat_tests.id('guest 4');
select is(
  (select array_agg(pg_temp.chats_of('tour ' || n) order by n) from generate_series(1, 8) as n),
  (select array_agg(array[format('event_authors "Tour %s": guest 1, guest 5, guest 6', n)] order by n) from generate_series(1, 8) as n),
  'one takes another''s place in eight events at once'
);
update example_host.events set title = 'Grand ' || title where title like 'Tour %';
select is(
  (select array_agg(pg_temp.chats_of('tour ' || n) order by n) from generate_series(1, 8) as n),
  (select array_agg(array[format('event_authors "Grand Tour %s": guest 1, guest 5, guest 6', n)] order by n) from generate_series(1, 8) as n),
  'eight events are renamed at once'
);

-- An account with many chats, and two accounts at once.
reset role;
insert into chat.read_marks (chat_id, user_id, last_read_at)
select c.id, chat_tests.id('guest 5'), now() from chat.chats c where c.name like 'Grand Tour %';
delete from auth.users where id = chat_tests.id('guest 5');
select is(
  (select array_agg(pg_temp.chats_of('tour ' || n) order by n) from generate_series(1, 8) as n),
  (select array_agg(array[format('event_authors "Grand Tour %s": guest 1, guest 6', n)] order by n) from generate_series(1, 8) as n),
  'an account that is deleted leaves all its chats'
);
select is(pg_temp.tour_versions(), array_fill(3, array[8]), 'each of which moves on once more');
select is_empty(
  $$ select chat_id from chat.chat_participants where user_id = chat_tests.id('guest 5')
     union all select chat_id from chat.read_marks where user_id = chat_tests.id('guest 5') $$,
  'no row of it is left'
);
delete from auth.users where id in (chat_tests.id('guest 1'), chat_tests.id('guest 6'), chat_tests.id('guest 2'));
select is(
  (select array_agg(pg_temp.chats_of('tour ' || n) order by n) from generate_series(1, 8) as n),
  (select array_agg(array[format('event_authors "Grand Tour %s": ', n)] order by n) from generate_series(1, 8) as n),
  'three accounts may be deleted at once'
);
select is(pg_temp.tour_versions(), array_fill(4, array[8]), 'which is one step for each chat');
set local role service_role;
delete from example_host.events where title like 'Grand Tour %';
reset role;
select is_empty($$ select id from chat.chats where name like 'Grand Tour %' $$, 'eight events are deleted at once, and their chats');

-- Events and groups from before the chat ------------------------------------------
-- Without the triggers, the tables are as in a project that installs the chat later.

reset role;
select chat_tests.add_people('lena', 'mark', 'nora');
insert into known (name) select unnest(array['old fair', 'old walk', 'old draft', 'old band', 'old crew', 'old plan']);
alter table example_host.events disable trigger user;
alter table example_host.event_authors disable trigger user;
alter table example_host.event_groups disable trigger user;
alter table example_host.event_group_members disable trigger user;
insert into example_host.events (id, title, status) values
  (chat_tests.id('old fair'), 'Old Fair', 'published'), (chat_tests.id('old walk'), 'Old Walk', 'published'),
  (chat_tests.id('old draft'), 'Old Draft', 'draft');
insert into example_host.event_authors (event_id, user_id) values
  (chat_tests.id('old fair'), chat_tests.id('lena')), (chat_tests.id('old fair'), chat_tests.id('mark')),
  (chat_tests.id('old draft'), chat_tests.id('lena'));
insert into example_host.event_groups (id, event_id, name, status) values
  (chat_tests.id('old band'), chat_tests.id('old fair'), 'Band', 'approved'),
  (chat_tests.id('old crew'), chat_tests.id('old draft'), 'Crew', 'approved'),
  (chat_tests.id('old plan'), chat_tests.id('old fair'), 'Plan', 'pending');
insert into example_host.event_group_members (group_id, user_id) values
  (chat_tests.id('old band'), chat_tests.id('nora')), (chat_tests.id('old crew'), chat_tests.id('mark'));
alter table example_host.events enable trigger user;
alter table example_host.event_authors enable trigger user;
alter table example_host.event_groups enable trigger user;
alter table example_host.event_group_members enable trigger user;
create function pg_temp.old_chats() returns text[]
language sql stable security definer
as $$
  select coalesce(array_agg(line order by place, line), '{}')
  from unnest(array['old fair', 'old walk', 'old draft', 'old band', 'old crew', 'old plan']) with ordinality as old (name, place),
    unnest(pg_temp.chats_of(old.name)) as line
$$;
select is(pg_temp.old_chats(), '{}', 'what was published and approved before the chat came has no chat');
select is(example_host.open_all_chats(1), 1, 'of four that are due one is opened, if that is asked');
select is(example_host.open_all_chats(), 3, 'or all the others by one call');
select is(
  pg_temp.old_chats(),
  array[
    'event_authors "Old Fair": lena, mark', 'event_authors "Old Walk": ',
    'approved_group "Old Fair — group": lena, mark, nora', 'approved_group "Old Draft — group": lena, mark'
  ],
  'each published event and approved group has one chat, with its name and its people; drafts and pending groups have none'
);
create temporary table old_before as select array_agg(c.id order by c.id) as ids from chat.chats c;
select is(example_host.open_all_chats(), 0, 'a second call finds nothing to open');
select is((select array_agg(c.id order by c.id) from chat.chats c), (select b.ids from old_before b), 'and changes nothing');
set local role service_role;
select throws_ok(
  'select example_host.open_all_chats()', '42501', 'permission denied for function open_all_chats', 'it is for the owner alone'
);
delete from example_host.event_authors where user_id = chat_tests.id('mark');
select is(
  pg_temp.chats_of('old fair'), array['event_authors "Old Fair": lena'], 'from then on the chats follow, as all do'
);

-- Friendships that are asked for ---------------------------------------------------

insert into example_host.friendships (user_low, user_high, requested_by)
values (
  least(chat_tests.id('lena'), chat_tests.id('nora')), greatest(chat_tests.id('lena'), chat_tests.id('nora')), chat_tests.id('lena')
);
select chat_tests.act_as(person) from unnest(array['nora']) as person;
select throws_ok(
  $$ select public.open_direct_chat(chat_tests.id('lena')) $$, 'PT403', 'not_friends', 'who was asked is not a friend yet'
);

-- The schema -------------------------------------------------------------------

reset role;
select is(
  array(
    select format('%s %s', role, privilege)
    from unnest(array['anon', 'authenticated', 'service_role']) as role, unnest(array['usage', 'create']) as privilege
    where has_schema_privilege(role, 'example_host', privilege)
  ),
  array['service_role usage'], 'the host''s own API alone reaches its schema'
);
select is_empty(
  $$ select c.oid::regclass from pg_catalog.pg_class c
     where c.relnamespace = 'example_host'::regnamespace and c.relkind in ('r', 'p')
       and not (c.relrowsecurity and c.relforcerowsecurity and obj_description(c.oid, 'pg_class') <> '') $$,
  'each of its tables has row-level security, forced, and a comment'
);
select is_empty(
  $$ select p.oid::regprocedure from pg_catalog.pg_proc p
     where p.pronamespace = 'example_host'::regnamespace and (
       coalesce(obj_description(p.oid, 'pg_proc'), '') = ''
       or p.prosecdef and not coalesce('search_path=""' = any (p.proconfig), false)
       or has_function_privilege('anon', p.oid, 'execute') or has_function_privilege('authenticated', p.oid, 'execute')
       or has_function_privilege('service_role', p.oid, 'execute')
     ) $$,
  'each of its functions has a comment, and an empty search_path where it runs with its owner''s rights; nobody else executes one'
);
select is_empty(
  $$ select f.conrelid::regclass, f.conname from pg_catalog.pg_constraint f
     where f.contype = 'f' and f.connamespace = 'example_host'::regnamespace
       and not exists (
         select from pg_catalog.pg_index i
         where i.indrelid = f.conrelid and i.indisvalid and i.indpred is null
           and (i.indkey::smallint[])[0:cardinality(f.conkey) - 1] @> f.conkey
       ) $$,
  'each foreign key''s columns lead an index'
);
select set_eq(
  $$ select t.tgrelid::regclass::text, t.tgname::text
     from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid
     where not t.tgisinternal and t.tgtype & 1 = 1 and c.relnamespace = 'example_host'::regnamespace $$,
  $$ values
    -- It runs at the first row for all rows, before the cascades begin.
    ('example_host.events', '000_lock_people'), ('example_host.event_groups', '000_lock_people'),
    ('example_host.events', '_100_keep_id'), ('example_host.event_groups', '_100_keep_id') $$,
  'all triggers but these are of statements'
);

-- Deleting ---------------------------------------------------------------------

reset role;
delete from auth.users where id = chat_tests.id('alice');
select is(pg_temp.chats_of('lecture'), array['event_authors "Lecture": '], 'a deleted account leaves its chats');
set local role service_role;
delete from example_host.events where id = chat_tests.id('party');
select is(pg_temp.chat_ids('party'), null, 'a deleted event takes its chats with it');
select is(cardinality(pg_temp.chat_ids('concert')), 1, 'and no other');

select * from finish();
rollback;
