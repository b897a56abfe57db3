-- The chats of events and groups are opened and changed only by changes of the host's tables. The host writes as
-- service_role, which may not read or write chats.

begin;
select plan(58);

select chat_tests.begin_story();
select chat_tests.begin_sources();

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
    'unreadCount', 0, 'unreadMentions', 0, 'settings', chat_tests.settings(), 'lastReadAt', null, 'rev', 0, 'historyRev', 0, 'epoch', chat.epoch()
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
  'removed authors leave all these chats, except the chat of a group that they belong to'
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
  'without the trigger both chats are opened'
);

-- Ids that stay ------------------------------------------------------------------------

set local role service_role;
select throws_ok(
  format('update example_host.%I set id = gen_random_uuid() where id = chat_tests.id(%L)', relation, called), '23001',
  format('the id of a row in %s must not change', relation), format('a row of %s keeps its id, by which its chat knows it', relation)
)
from (values ('events', 'party'), ('event_groups', 'dancers')) as source (relation, called);
select lives_ok(
  $$ update example_host.events set id = id, title = 'Sunday Brunch' where id = chat_tests.id('party') $$, 'an update that sets the id to the same id is allowed'
);

-- Friendships that are asked for ---------------------------------------------------

insert into example_host.friendships (user_low, user_high, requested_by)
values (
  least(chat_tests.id('erin'), chat_tests.id('frank')), greatest(chat_tests.id('erin'), chat_tests.id('frank')), chat_tests.id('erin')
);
select chat_tests.act_as('frank');
select throws_ok(
  $$ select public.open_direct_chat(chat_tests.id('erin')) $$, 'PT403', 'not_friends', 'a person who was asked is not a friend yet'
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
