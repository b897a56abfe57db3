-- Uploading a file: which rows of storage.objects a person may insert.
--
-- needs: friends, rooms

begin;
select plan(25);

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
select pg_temp.send_file('pair', 'upload 3');
select pg_temp.reserve('pair', 'upload ' || n) from generate_series(4, 6) as n;
select chat_tests.act_as('bob');
select pg_temp.reserve('pair', 'of bob');

-- Uploading ------------------------------------------------------------------------

select chat_tests.act_as('alice');
select ok(pg_temp.may_store(pg_temp.path('upload 4')), 'alice uploads to a path that she has reserved');
select ok(not pg_temp.may_store(path), said)
from (values
  (pg_temp.path('upload 4') || '.exe', 'not to one that is longer'),
  (regexp_replace(pg_temp.path('upload 4'), '[^/]*$', 'other.pdf'), 'nor to another name beside it'),
  (pg_temp.path('upload 4') || '/x', 'nor below it'),
  (regexp_replace(pg_temp.path('upload 4'), '/[^/]*$', ''), 'nor above it'),
  (upper(pg_temp.path('upload 4')), 'nor to the same in capitals'),
  (concat_ws('/', chat_tests.id('pair'), chat_tests.id('alice'), gen_random_uuid(), 'a.pdf'), 'nor to a path of her own making, though in her folder'),
  (concat_ws('/', chat_tests.id('pair'), chat_tests.id('alice'), 'a.pdf'), 'or directly in her folder'),
  ('a.pdf', 'or in no folder'),
  ('', 'or without a name'),
  (pg_temp.path('of bob'), 'nor to a path that bob has reserved'),
  (pg_temp.path('upload 3'), 'nor again to a path that is in a message')
) as attempt (path, said);
select ok(not pg_temp.may_store(pg_temp.path('upload 4'), 'elsewhere'), 'nor to the path in another bucket');
select chat_tests.act_as('bob');
select ok(not pg_temp.may_store(pg_temp.path('upload 4')), 'bob does not upload to her path');
select chat_tests.act_as('stranger', '{"app_metadata": {"role": "moderator"}}');
select ok(not pg_temp.may_store(pg_temp.path('upload 4')), 'nor does a stranger');
select chat_tests.act_as('sweeper');
select ok(not pg_temp.may_store(pg_temp.path('upload 4')), 'nor does the sweeper');
set local role anon;
set local request.jwt.claims = '{"role": "anon"}';
select ok(not pg_temp.may_store(pg_temp.path('upload 4')), 'nor does anon');

select chat_tests.act_as('alice');
select pg_temp.age('upload 4', '1 hour 59 minutes');
select ok(pg_temp.may_store(pg_temp.path('upload 4')), 'she may for two hours');
select pg_temp.age('upload 4', '2 minutes');
select ok(not pg_temp.may_store(pg_temp.path('upload 4')), 'and then not');
select pg_temp.store(pg_temp.path('upload 5'));
select throws_ok(
  $$ insert into storage.objects (bucket_id, name) values ('chat-attachments', pg_temp.path('upload 5')) $$, '23505', null, 'a path that has a file takes no other'
);
select throws_ok(
  format(
    $$ insert into storage.objects (bucket_id, name) values ('chat-attachments', %L)
       on conflict (bucket_id, name) do update set version = '2' $$,
    pg_temp.path(file_name)
  ),
  '42501', null, said
)
from (values ('upload 5', 'an upload does not replace a file'), ('upload 6', 'an upload that would replace a file is refused even where there is none')) as attempt (file_name, said);

select chat_tests.act_as('dave');
select pg_temp.reserve('group chat', 'of dave');
select ok(pg_temp.may_store(pg_temp.path('of dave')), 'dave may upload to the group');
select pg_temp.store(pg_temp.path('of dave'));
select pg_temp.reserve('group chat', 'of dave, later');
select public.leave_chat(chat_tests.id('group chat'));
select ok(not pg_temp.may_store(pg_temp.path('of dave, later')), 'and when he has left it, he may not');
select is(
  chat_tests.refusal('send_message(chat_tests.id(''group chat''), attachment_path => pg_temp.path(''of dave''))'), 'PT403 not_participant', 'nor may he send what he has uploaded'
);

select * from finish();
rollback;
