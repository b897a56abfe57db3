-- The chats of events and groups come and change with the host application's tables alone.
-- The host writes as service_role, which itself may neither read nor write a chat.

begin;
select plan(54);

-- Ids by the names that the stories below use.
create temporary table known (name text primary key, id uuid not null default gen_random_uuid());
grant select on known to authenticated, service_role;

create function pg_temp.id(called text) returns uuid
language plpgsql stable
as $$
declare
  answer uuid;
begin
  select k.id into strict answer from pg_temp.known k where k.name = called;
  return answer;
end
$$;

create function pg_temp.act_as(person text, more_claims jsonb default '{}') returns void
language plpgsql
as $$
begin
  perform
    set_config('role', 'authenticated', true),
    set_config('request.jwt.claims', (
      jsonb_build_object('role', 'authenticated', 'sub', pg_temp.id(person)) || more_claims
    )::text, true);
end
$$;

insert into known (name)
select unnest(array[
  'alice', 'bob', 'carol', 'dave', 'erin', 'frank',
  'party', 'concert', 'lecture', 'fair', 'dancers', 'cooks', 'singers', 'late group'
]);
insert into auth.users (id, email)
select k.id, k.id || '@test.example' from known k where k.name in ('alice', 'bob', 'carol', 'dave', 'erin', 'frank');

create function pg_temp.set_status(of text, status text) returns void
language plpgsql
as $$
begin
  update public.events e set status = set_status.status::public.event_status where e.id = pg_temp.id(of);
  if not found then
    update public.event_groups g set status = set_status.status::public.group_status where g.id = pg_temp.id(of);
  end if;
end
$$;

-- The chats of an event or a group, each as `<type> "<name>": <who takes part>`.
create function pg_temp.chats_of(source text) returns text[]
language sql stable security definer
as $$
  select coalesce(array_agg(format('%s "%s": %s', c.type, c.name, (
    select string_agg(k.name, ', ' order by k.name)
    from chat.chat_participants p join pg_temp.known k on k.id = p.user_id
    where p.chat_id = c.id and p.left_at is null
  )) order by c.name), '{}')
  from chat.chats c
  where c.group_id = pg_temp.id(source) or (c.event_id = pg_temp.id(source) and c.group_id is null)
$$;

-- The ids of all chats that belong to an event: what must stay when a status flips.
create function pg_temp.chat_ids(event text) returns uuid[]
language sql stable security definer
as $$ select array_agg(c.id order by c.id) from chat.chats c where c.event_id = pg_temp.id(event) $$;

set local role service_role;

-- Publishing an event ----------------------------------------------------------

insert into public.events (id, title) values (pg_temp.id('party'), 'Saturday Night Party');
insert into public.event_authors (event_id, user_id)
values (pg_temp.id('party'), pg_temp.id('alice')), (pg_temp.id('party'), pg_temp.id('bob')), (pg_temp.id('party'), pg_temp.id('frank'));
delete from public.event_authors where user_id = pg_temp.id('frank');
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
     from chat.chats c where c.event_id = pg_temp.id('party') $$,
  $$ values (pg_temp.id('party'), null::uuid, null::uuid, null::uuid, null::timestamptz, 0::bigint) $$,
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
  $$ insert into chat.chats (type, event_id, name) values ('event_authors', pg_temp.id('party'), 'Another') $$,
  '42501', 'permission denied for schema chat', 'the host opens no chat by hand'
);

insert into public.events (id, title, status) values (pg_temp.id('concert'), 'Concert', 'published');
select is(pg_temp.chats_of('concert'), array['event_authors "Concert": '], 'an event inserted as published has its chat at once');
insert into public.event_authors (event_id, user_id)
values (pg_temp.id('concert'), pg_temp.id('carol')), (pg_temp.id('concert'), pg_temp.id('dave'));
select is(pg_temp.chats_of('concert'), array['event_authors "Concert": carol, dave'], 'and its authors follow');
select pg_temp.set_status('concert', status) from unnest(array['draft', 'published']) as status;
select is(cardinality(pg_temp.chat_ids('concert')), 1, 'it makes no second either');

insert into public.events (id, title) values (pg_temp.id('lecture'), 'Lecture'), (pg_temp.id('fair'), 'Fair');
insert into public.event_authors (event_id, user_id)
values (pg_temp.id('lecture'), pg_temp.id('alice')), (pg_temp.id('fair'), pg_temp.id('erin'));
update public.events e set status = 'published' where e.id in (pg_temp.id('lecture'), pg_temp.id('fair'));
select is(
  pg_temp.chats_of('lecture') || pg_temp.chats_of('fair'), array['event_authors "Lecture": alice', 'event_authors "Fair": erin'],
  'two events published by one statement have each their own'
);

-- Approving a group ------------------------------------------------------------

insert into public.event_groups (id, event_id, name) values
  (pg_temp.id('dancers'), pg_temp.id('party'), 'Dancers'), (pg_temp.id('cooks'), pg_temp.id('party'), 'Cooks');
-- Bob is an author of the party and dances too.
insert into public.event_group_members (group_id, user_id) values
  (pg_temp.id('dancers'), pg_temp.id('carol')), (pg_temp.id('dancers'), pg_temp.id('bob')), (pg_temp.id('cooks'), pg_temp.id('dave'));
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
  $$ select c.event_id, c.group_id from chat.chats c where c.group_id = pg_temp.id('dancers') $$,
  $$ values (pg_temp.id('party'), pg_temp.id('dancers')) $$,
  'it tells its event and its group'
);
set local role service_role;
select is(pg_temp.chats_of('cooks'), '{}', 'the other group is not concerned');
select pg_temp.act_as('carol');
select is(
  (
    select jsonb_agg(chat - array['id', 'createdAt', 'participants', 'topic'] order by chat ->> 'type')
    from jsonb_array_elements(public.list_chats()::jsonb -> 'data') as chat
    where chat ->> 'eventId' = pg_temp.id('party')::text
  ),
  jsonb_build_array(jsonb_build_object(
    'type', 'approved_group', 'eventId', pg_temp.id('party'), 'groupId', pg_temp.id('dancers'),
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

insert into public.event_groups (id, event_id, name, status) values (pg_temp.id('late group'), pg_temp.id('party'), 'Late', 'approved');
select is(
  pg_temp.chats_of('late group'), array['approved_group "Saturday Night Party — group": alice, bob'],
  'a group inserted as approved has its chat at once'
);
insert into public.event_group_members (group_id, user_id) values (pg_temp.id('late group'), pg_temp.id('frank'));
select is(
  pg_temp.chats_of('late group'), array['approved_group "Saturday Night Party — group": alice, bob, frank'], 'and its members follow'
);
delete from public.event_groups where id = pg_temp.id('late group');
select is(pg_temp.chats_of('late group'), '{}', 'a group that is deleted takes its chat with it');

-- Members come and go ----------------------------------------------------------

insert into public.event_group_members (group_id, user_id) values (pg_temp.id('dancers'), pg_temp.id('erin'));
select is(
  pg_temp.chats_of('dancers') || pg_temp.chats_of('cooks') || pg_temp.chats_of('party'),
  array[
    'approved_group "Saturday Night Party — group": alice, bob, carol, erin',
    'approved_group "Saturday Night Party — group": alice, bob, dave',
    'event_authors "Saturday Night Party": alice, bob'
  ],
  'a new member joins the group''s chat and no other'
);
delete from public.event_group_members where user_id = pg_temp.id('erin');
select is(
  pg_temp.chats_of('dancers'), array['approved_group "Saturday Night Party — group": alice, bob, carol'], 'a removed one leaves it'
);
insert into public.event_group_members (group_id, user_id) values (pg_temp.id('dancers'), pg_temp.id('erin'));
select is(
  pg_temp.chats_of('dancers'), array['approved_group "Saturday Night Party — group": alice, bob, carol, erin'], 'and comes back when added again'
);
delete from public.event_group_members where user_id = pg_temp.id('bob');
select is(
  pg_temp.chats_of('dancers'), array['approved_group "Saturday Night Party — group": alice, bob, carol, erin'],
  'an author who is no longer a member stays, as an author'
);
insert into public.event_group_members (group_id, user_id) values (pg_temp.id('dancers'), pg_temp.id('bob'));

-- Authors come and go ----------------------------------------------------------

insert into public.event_authors (event_id, user_id) values (pg_temp.id('party'), pg_temp.id('frank'));
select is(
  pg_temp.chats_of('party') || pg_temp.chats_of('dancers') || pg_temp.chats_of('cooks'),
  array[
    'event_authors "Saturday Night Party": alice, bob, frank',
    'approved_group "Saturday Night Party — group": alice, bob, carol, erin, frank',
    'approved_group "Saturday Night Party — group": alice, bob, dave, frank'
  ],
  'a new author joins the event''s chat and those of its groups'
);
delete from public.event_authors where user_id in (pg_temp.id('frank'), pg_temp.id('bob')) and event_id = pg_temp.id('party');
select is(
  pg_temp.chats_of('party') || pg_temp.chats_of('dancers') || pg_temp.chats_of('cooks'),
  array[
    'event_authors "Saturday Night Party": alice',
    'approved_group "Saturday Night Party — group": alice, bob, carol, erin',
    'approved_group "Saturday Night Party — group": alice, dave'
  ],
  'removed ones leave them all, but for the chat of a group that they belong to'
);
insert into public.event_authors (event_id, user_id) values (pg_temp.id('party'), pg_temp.id('bob'));
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
insert into public.event_authors (event_id, user_id) values (pg_temp.id('party'), pg_temp.id('frank'));
delete from public.event_authors where user_id = pg_temp.id('alice') and event_id = pg_temp.id('party');
select is(
  pg_temp.chats_of('party'), array['event_authors "Saturday Night Party": bob, frank'], 'while the event is a draft again its chat follows all the same'
);
select pg_temp.set_status('party', 'published');
select is(pg_temp.chats_of('party'), array['event_authors "Saturday Night Party": bob, frank'], 'and is right when it is published again');

-- Rows of membership that move -------------------------------------------------

update public.event_authors set user_id = pg_temp.id('alice') where user_id = pg_temp.id('frank') and event_id = pg_temp.id('party');
select is(pg_temp.chats_of('party'), array['event_authors "Saturday Night Party": alice, bob'], 'an author put in another''s place takes it');
update public.event_authors set event_id = pg_temp.id('party') where user_id = pg_temp.id('erin') and event_id = pg_temp.id('fair');
select is(
  pg_temp.chats_of('fair') || pg_temp.chats_of('party') || pg_temp.chats_of('cooks'),
  array[
    'event_authors "Fair": ', 'event_authors "Saturday Night Party": alice, bob, erin',
    'approved_group "Saturday Night Party — group": alice, bob, dave, erin'
  ],
  'an author moved to another event changes chats'
);
update public.event_authors set event_id = pg_temp.id('fair') where user_id = pg_temp.id('erin');
update public.event_group_members set group_id = pg_temp.id('cooks') where user_id = pg_temp.id('carol');
select is(
  pg_temp.chats_of('dancers') || pg_temp.chats_of('cooks'),
  array['approved_group "Saturday Night Party — group": alice, bob, erin', 'approved_group "Saturday Night Party — group": alice, bob, carol, dave'],
  'a member moved to another group changes chats'
);
update public.event_group_members set user_id = pg_temp.id('frank') where user_id = pg_temp.id('carol');
select is(
  pg_temp.chats_of('cooks'), array['approved_group "Saturday Night Party — group": alice, bob, dave, frank'], 'a member put in another''s place takes it'
);

-- Leaving is final until somebody is added: a row that is only touched adds nobody.
reset role;
update chat.chat_participants p set left_at = clock_timestamp()
from chat.chats c
where c.id = p.chat_id and c.event_id = pg_temp.id('party') and p.user_id in (pg_temp.id('bob'), pg_temp.id('dave'));
set local role service_role;
update public.event_authors set user_id = user_id where event_id = pg_temp.id('party');
update public.event_group_members set user_id = user_id where group_id in (pg_temp.id('dancers'), pg_temp.id('cooks'));
select is(
  pg_temp.chats_of('party') || pg_temp.chats_of('cooks'),
  array['event_authors "Saturday Night Party": alice', 'approved_group "Saturday Night Party — group": alice, frank'],
  'updating a membership without moving it brings nobody back who had left'
);

-- Names ------------------------------------------------------------------------

update public.events set title = 'Sunday Brunch' where id = pg_temp.id('party');
reset role;
select results_eq(
  $$ select c.name from chat.chats c where c.event_id = pg_temp.id('party') order by c.name $$,
  array['Sunday Brunch', 'Sunday Brunch — group', 'Sunday Brunch — group'],
  'the names follow the event''s title'
);
set local role service_role;
select is(pg_temp.chats_of('lecture'), array['event_authors "Lecture": alice'], 'those of another event stay');

-- Both or neither --------------------------------------------------------------

reset role;
insert into public.events (id, title) values (pg_temp.id('singers'), 'No room');
insert into public.event_authors (event_id, user_id) values (pg_temp.id('singers'), pg_temp.id('alice'));
insert into known (name) values ('choir');
insert into public.event_groups (id, event_id, name) values (pg_temp.id('choir'), pg_temp.id('singers'), 'Choir');
alter table chat.chats add constraint no_room check (name not like 'No room%') not valid;
set local role service_role;
select throws_ok(
  $$ select pg_temp.set_status('singers', 'published') $$, '23514', null, 'where the chat cannot be created the event is not published'
);
select throws_ok(
  $$ select pg_temp.set_status('choir', 'approved') $$, '23514', null, 'nor is the group approved'
);
select throws_ok(
  $$ insert into public.events (title, status) values ('No room again', 'published') $$, '23514', null, 'nor is a published event inserted'
);
select is(
  (select array[e.status::text, g.status::text] from public.events e join public.event_groups g on g.event_id = e.id where e.id = pg_temp.id('singers')),
  array['draft', 'pending'], 'their status is what it was'
);
select is_empty($$ select id from public.events where title = 'No room again' $$, 'and the event is not there');

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
create trigger _999_refuse after update on public.events for each row execute function pg_temp.refuse();
create trigger _999_refuse after update on public.event_groups for each row execute function pg_temp.refuse();
set local role service_role;
select throws_ok(
  $$ select pg_temp.set_status('singers', 'published') $$, 'P0001', 'the host refuses', 'a publishing can fail after its chat was made'
);
select throws_ok(
  $$ select pg_temp.set_status('choir', 'approved') $$, 'P0001', 'the host refuses', 'so can an approval'
);
select is(pg_temp.chats_of('singers') || pg_temp.chats_of('choir'), '{}', 'then there is no chat');
reset role;
drop trigger _999_refuse on public.events;
drop trigger _999_refuse on public.event_groups;
set local role service_role;
select pg_temp.set_status('singers', 'published');
select pg_temp.set_status('choir', 'approved');
select is(
  pg_temp.chats_of('singers') || pg_temp.chats_of('choir'),
  array['event_authors "No room": alice', 'approved_group "No room — group": alice'],
  'with nothing in the way both come'
);

-- Deleting ---------------------------------------------------------------------

reset role;
delete from auth.users where id = pg_temp.id('alice');
select is(pg_temp.chats_of('lecture'), array['event_authors "Lecture": '], 'a deleted account leaves its chats');
set local role service_role;
delete from public.events where id = pg_temp.id('party');
select is(pg_temp.chat_ids('party'), null, 'a deleted event takes its chats with it');
select is(cardinality(pg_temp.chat_ids('concert')), 1, 'and no other');

select * from finish();
rollback;
