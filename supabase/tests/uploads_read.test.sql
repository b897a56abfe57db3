-- Who may read a file, and that reading gives no right to change it, as the people of a chat, a stranger, moderators and
-- the sweeper.
--
-- needs: friends, rooms

begin;
select plan(80);

-- Without this setting, hosted Storage lets nobody delete its rows, also if a policy allows it.
set local storage.allow_delete_query = 'true';

select chat_tests.begin_story();
select chat_tests.begin_uploads();

select chat_tests.add_people('alice', 'bob', 'carol', 'dave', 'stranger', 'sweeper');

-- The service decides who is the sweeper, and not the account itself.
update auth.users set raw_app_meta_data = '{"provider": "email", "role": "sweeper"}' where id = chat_tests.id('sweeper');
update auth.users set raw_app_meta_data = '{"provider": "email"}', raw_user_meta_data = '{"role": "sweeper"}' where id = chat_tests.id('stranger');

-- Alice, bob and dave come to a party of carol's, and alice is a friend of the others.
select chat_tests.befriend(chat_tests.id('alice'), friend) from unnest(chat_tests.ids('bob', 'dave')) as friend;
select chat_tests.give_party('carol', 'alice', 'bob', 'dave');
insert into storage.buckets (id, name) values ('elsewhere', 'elsewhere');

select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;
reset role;

select chat_tests.act_as('alice');
select pg_temp.reserve('pair', 'upload 19');
select chat_tests.act_as('dave');
select public.leave_chat(chat_tests.id('group chat'));

-- Who reads it -------------------------------------------------------------------------

select chat_tests.act_as('alice');
select pg_temp.send_file('group chat', 'plan');
select pg_temp.send_file('group chat', 'gone plan');
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('gone plan'));
select pg_temp.send_file('pair', 'letter');
select pg_temp.reserve('pair', 'draft');
select pg_temp.store(pg_temp.path('draft'));
reset role;
insert into storage.objects (bucket_id, name) values ('elsewhere', pg_temp.path('draft'));

create function pg_temp.reads(said text, expected text[]) returns text
language sql
as $$ select is(pg_temp.may_read('plan', 'gone plan', 'letter', 'draft'), expected, said) $$;

select chat_tests.act_as('alice');
select pg_temp.reads('alice reads what she has sent, not what she deleted, nor what is in no message', array['letter', 'plan']);
select chat_tests.act_as('bob');
select pg_temp.reads('bob reads what is in his chats', array['letter', 'plan']);
select chat_tests.act_as('carol');
select pg_temp.reads('carol moderates the group: she reads the deleted too', array['gone plan', 'plan']);
select chat_tests.act_as('bob', '{"app_metadata": {"role": "moderator"}}');
select pg_temp.reads('so does a moderator by token', array['gone plan', 'letter', 'plan']);
select chat_tests.act_as('bob', '{"user_metadata": {"role": "moderator"}}');
select pg_temp.reads('user_metadata makes nobody a moderator', array['letter', 'plan']);
select chat_tests.act_as('dave');
select pg_temp.reads('dave, who has left the group, reads nothing', '{}');
select chat_tests.act_as('stranger');
select pg_temp.reads('a stranger reads nothing', '{}');
select chat_tests.act_as('stranger', '{"app_metadata": {"role": "moderator"}}');
select pg_temp.reads('a moderator from elsewhere neither', '{}');
select chat_tests.act_as('sweeper');
select pg_temp.reads('the sweeper reads what is left over, and no letters', array['gone plan']);
select chat_tests.act_as('stranger', '{"user_metadata": {"role": "sweeper"}}');
select pg_temp.reads('user_metadata makes nobody the sweeper', '{}');
select chat_tests.act_as('stranger', '{"app_metadata": {"role": "sweeper"}}');
select pg_temp.reads('nor does a token that is older than the account''s role', '{}');
set local role anon;
set local request.jwt.claims = '{"role": "anon"}';
select pg_temp.reads('nobody reads without an account', '{}');
set local role service_role;
set local request.jwt.claims = '{"role": "service_role"}';
select is(
  (select count(*) from storage.objects o where o.bucket_id = 'chat-attachments' and o.name in (chat_tests.answer('plan') ->> 'path', chat_tests.answer('draft') ->> 'path')),
  2::bigint, 'the service key reads all'
);

reset role;
select chat_tests.add_members(chat_tests.ids('party'), chat_tests.ids('stranger'));
select chat_tests.act_as('stranger');
select pg_temp.reads('a new member of the group reads what was sent before, as with messages', array['plan']);
reset role;
select chat_tests.remove_members(chat_tests.ids('party'), chat_tests.ids('stranger'));
select chat_tests.act_as('stranger');
select pg_temp.reads('a removed member reads nothing', '{}');

select chat_tests.act_as('bob');
select public.leave_chat(chat_tests.id('pair'));
select pg_temp.reads('bob leaves the pair''s chat and reads nothing of it', array['plan']);
select public.open_direct_chat(chat_tests.id('alice'));
select pg_temp.reads('nor when he comes back, as it is not in his history', array['plan']);
select chat_tests.act_as('alice');
select pg_temp.send_file('pair', 'second letter');
select pg_temp.reads('while alice does', array['letter', 'plan']);
select chat_tests.act_as('bob', '{"app_metadata": {"role": "moderator"}}');
select is(
  pg_temp.may_read('letter', 'second letter'), array['second letter'], 'bob reads what is sent after that, and as a moderator no more'
);

-- A reader may not change a file ------------------------------------------------------------

create temporary view attempt_to_change as
select *
from (values
  ('changes', $$update storage.objects set metadata = '{}' where bucket_id = 'chat-attachments'$$),
  ('overwrites', $$update storage.objects set version = '2', owner_id = null where bucket_id = 'chat-attachments'$$),
  ('moves away', $$update storage.objects set bucket_id = 'elsewhere' where bucket_id = 'chat-attachments'$$),
  ('renames', $$update storage.objects set name = name || '2' where bucket_id = 'chat-attachments'$$),
  ('removes', $$delete from storage.objects where bucket_id = 'chat-attachments'$$)
) as attempt (does, statement);
grant select on attempt_to_change to anon, authenticated;

select chat_tests.act_as('alice');
select is(pg_temp.rows_of(a.statement), 0::bigint, format('alice %s nothing, not even her own', a.does)) from attempt_to_change a;
select chat_tests.act_as('carol');
select is(pg_temp.rows_of(a.statement), 0::bigint, format('a moderator %s nothing', a.does)) from attempt_to_change a;
set local role anon;
set local request.jwt.claims = '{"role": "anon"}';
select is(pg_temp.rows_of(a.statement), 0::bigint, format('anon %s nothing', a.does)) from attempt_to_change a;
select chat_tests.act_as('sweeper');
select is(pg_temp.rows_of(a.statement), 0::bigint, format('the sweeper %s nothing', a.does))
from attempt_to_change a where a.does <> 'removes';
select chat_tests.act_as('alice');
select is(pg_temp.may_read('plan', 'letter', 'draft'), array['letter', 'plan'], 'the files are unchanged');

-- The project has policies for other buckets.
reset role;
create policy "everybody does everything" on storage.objects for all to authenticated using (true) with check (true);
create policy "anybody does everything" on storage.objects for all using (true) with check (true);
insert into storage.objects (bucket_id, name) values ('elsewhere', 'shared.pdf');
insert into storage.objects (bucket_id, name) values (null, 'nowhere.pdf');
select chat_tests.act_as('stranger');
select set_eq(
  $$ select name from storage.objects where name in ('shared.pdf', 'nowhere.pdf') $$, array['shared.pdf', 'nowhere.pdf'], 'the project''s own bucket is open as it says'
);
select ok(pg_temp.may_store('mine.pdf', bucket), 'for uploads as well') from unnest(array['elsewhere', null]) as bucket;
select is(
  pg_temp.rows_of($$ update storage.objects set version = '2' where name = 'shared.pdf' $$), 1::bigint, 'and for changes'
);
select pg_temp.reads('the project''s policies open no file of the chat', '{}');
select ok(not pg_temp.may_store(path), format('nor lets a stranger upload: %s', said))
from (values
  ('mine.pdf', 'on top'),
  (concat_ws('/', chat_tests.id('pair'), chat_tests.id('stranger'), gen_random_uuid(), 'a.pdf'), 'among the chat''s'),
  (pg_temp.path('upload 19'), 'to another''s path')
) as attempt (path, said);
select is(pg_temp.rows_of(a.statement), 0::bigint, format('a stranger still %s nothing', a.does)) from attempt_to_change a;
select throws_ok(
  $$ update storage.objects set bucket_id = 'chat-attachments' where name = 'shared.pdf' $$, '42501', null, 'nor moves anything among it'
);
select chat_tests.act_as('carol');
select is(pg_temp.rows_of(a.statement), 0::bigint, format('nor does a moderator, who sees leftovers: she %s nothing', a.does)) from attempt_to_change a;
reset role;
update storage.objects set name = name || '.away' where name = pg_temp.path('second letter');
select chat_tests.act_as('alice');
select throws_ok(
  format($$ update storage.objects set bucket_id = 'chat-attachments', name = %L where name = 'shared.pdf' $$, pg_temp.path('second letter')),
  '42501', null, 'nor does she who sent it put another file in the place of one that has gone'
);
reset role;
update storage.objects set name = pg_temp.path('second letter') where name = pg_temp.path('second letter') || '.away';
select chat_tests.act_as('alice');
select pg_temp.reads('its people read as before', array['letter', 'plan']);
select is(pg_temp.rows_of(a.statement), 0::bigint, format('and alice %s nothing', a.does)) from attempt_to_change a;
select ok(pg_temp.may_store(pg_temp.path('upload 19')), 'she uploads what she has reserved');
select ok(not pg_temp.may_store('mine.pdf'), 'and nothing else');
select chat_tests.act_as('sweeper');
select is(pg_temp.rows_of(a.statement), 0::bigint, format('the sweeper %s nothing', a.does))
from attempt_to_change a where a.does <> 'removes';
set local role anon;
set local request.jwt.claims = '{"role": "anon"}';
select set_eq(
  $$ select name from storage.objects $$, array['shared.pdf', 'nowhere.pdf', pg_temp.path('draft')], 'anybody sees the project''s own'
);
select is(
  (select count(*) from storage.objects where bucket_id = 'chat-attachments'), 0::bigint, 'and nothing of the chat''s'
);
select ok(not pg_temp.may_store(path), 'nor uploads there') from unnest(array['mine.pdf', pg_temp.path('upload 19')]) as path;
select is(pg_temp.rows_of(a.statement), 0::bigint, format('and anon %s nothing', a.does)) from attempt_to_change a;
reset role;
drop policy "everybody does everything" on storage.objects;
drop policy "anybody does everything" on storage.objects;

select * from finish();
rollback;
