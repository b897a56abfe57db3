-- Groups that move to another event take their chat with them. The host writes as service_role, which may not read or
-- write chats.

begin;
select plan(37);

select chat_tests.begin_story();
select chat_tests.begin_sources();

select chat_tests.add_people('carol', 'dave', 'erin', 'frank', 'gina', 'hugo', 'ivan', 'judy', 'kate');
insert into known (name) select unnest(array['festival', 'market', 'jugglers', 'clowns', 'mimes', 'late movers', 'fire eaters']);

-- Groups that move to another event ------------------------------------------------

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
select chat_tests.approve_group(chat_tests.id('jugglers'));
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
    'goneParticipants', jsonb_build_array(), 'unreadCount', 0, 'unreadMentions', 0, 'settings', chat_tests.settings(), 'rev', 3, 'historyRev', 0, 'epoch', chat.epoch(), 'topic', 'chat:' || j.id || ':2'
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
select chat_tests.approve_group(chat_tests.id('late movers'));
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

select * from finish();
rollback;
