-- Events and groups from before the chat: the example host opens their chats by one call.

begin;
select plan(8);

select chat_tests.begin_story();
select chat_tests.begin_sources();

-- Events and groups from before the chat ------------------------------------------
-- Without the triggers, the tables are as in a project that installs the chat later.

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
select is(pg_temp.old_chats(), '{}', 'events and groups from before the chat have no chat');
select is(example_host.open_all_chats(1), 1, 'a call for one chat opens one of the four that are missing');
select is(example_host.open_all_chats(), 3, 'a call without a number opens all the others');
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
  'select example_host.open_all_chats()', '42501', 'permission denied for function open_all_chats', 'only the owner of the function may call it'
);
delete from example_host.event_authors where user_id = chat_tests.id('mark');
select is(
  pg_temp.chats_of('old fair'), array['event_authors "Old Fair": lena'], 'from then on these chats follow the host as all do'
);

select * from finish();
rollback;
