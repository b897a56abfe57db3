-- The tables and policies behind uploads: nobody reaches the tables, and the permissive policies alone keep other people
-- out.
--
-- needs: friends, rooms

begin;
select plan(25);

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
select pg_temp.send_file('pair', 'living');
select pg_temp.reserve('pair', 'waiting');
select pg_temp.store(pg_temp.path('waiting'));

-- The tables -----------------------------------------------------------------------------------

select chat_tests.act_as('alice');
select throws_ok(statement, '42501', null, 'refused: ' || statement)
from unnest(array[
  'select * from chat.uploads',
  'insert into chat.uploads (path, chat_id, user_id, file_name, content_type, size) values (''a'', chat_tests.id(''pair''), chat_tests.id(''alice''), ''a'', ''b'', 1)',
  'update chat.uploads set created_at = now()',
  'delete from chat.uploads where true',
  'select * from chat.discarded_uploads',
  'insert into chat.discarded_uploads values (pg_temp.path(''living''), now())',
  'select chat.attach_upload(chat_tests.id(''pair''), pg_temp.path(''waiting''))',
  'update public.messages set attachment_path = pg_temp.path(''waiting'') where id = chat_tests.id(''living'')'
]) as statement;
select is(
  pg_temp.rows_of($$ update storage.buckets set public = true, file_size_limit = null where id = 'chat-attachments' $$), 0::bigint,
  'nor does anybody open the bucket'
);

-- Each policy for itself ----------------------------------------------------------------------
-- Without the restrictive policies, the permissive policies refuse the same.

reset role;
drop policy "nobody else uploads attachments" on storage.objects;
drop policy "nobody else reads attachments" on storage.objects;
drop policy "nobody else removes attachments" on storage.objects;
select chat_tests.act_as('alice');
select pg_temp.reserve('pair', 'last');
select ok(pg_temp.may_store(pg_temp.path('last')), 'alice uploads to a path that she has reserved');
select ok(not pg_temp.may_store('mine.pdf'), 'and to no other');
select ok(not pg_temp.may_store(pg_temp.path('last'), 'elsewhere'), 'nor to another bucket');
select pg_temp.store(pg_temp.path('last'));
select pg_temp.reserve('pair', 'left');
select pg_temp.store(pg_temp.path('left'));
select pg_temp.age('left', '26 hours');
select is(pg_temp.may_read('living', 'last', 'left'), array['living'], 'she reads what is in a message');
select is(
  (select count(*) from storage.objects where bucket_id <> 'chat-attachments'), 0::bigint, 'and nothing of another bucket'
);
-- Storage sets its operation for policies.
set local storage.operation = 'storage.object.list_v2';
select is(pg_temp.may_read('living', 'last', 'left'), '{}', 'a listing shows her nothing');
select is(chat.first_file(), null, 'a listing has no first file');
set local storage.operation = 'storage.s3.object.list';
select is(pg_temp.may_read('living', 'last', 'left'), '{}', 'nor does one by S3');
set local storage.operation = 'storage.object.sign_many';
select is(pg_temp.may_read('living', 'last', 'left'), array['living'], 'a signing shows her the same as before');
select is(chat.first_file(), (
  select min(p.chat_id::text) from chat.chat_participants p where p.user_id = chat_tests.id('alice') and p.left_at is null
), 'and has the first of her chats for its first file');
reset storage.operation;
select ok(not pg_temp.remove('living'), 'and removes nothing');
select chat_tests.act_as('sweeper');
select is(pg_temp.may_read('living', 'last', 'left'), array['left'], 'the sweeper sees what is left over');
set local storage.operation = 'storage.object.list_v2';
select is(pg_temp.may_read('living', 'last', 'left'), array['left'], 'the sweeper lists it too');
reset storage.operation;
select is(
  (select count(*) from storage.objects where bucket_id <> 'chat-attachments'), 0::bigint, 'and nothing of another bucket'
);
reset role;
create policy "everybody sees everything" on storage.objects for select to authenticated using (true);
select chat_tests.act_as('alice');
select ok(not pg_temp.remove('left'), 'seeing a leftover gives no right to remove it');
select chat_tests.act_as('sweeper');
select is(pg_temp.rows_of($$ delete from storage.objects where true $$), 1::bigint, 'the sweeper removes it, and nothing else');

select * from finish();
rollback;
