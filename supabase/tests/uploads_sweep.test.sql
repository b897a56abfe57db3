-- Files that no message has any more: which the sweeper lists, counts, removes and forgets.
--
-- needs: friends, rooms

begin;
select plan(97);

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
select pg_temp.send_file('group chat', 'plan');
select pg_temp.send_file('group chat', 'gone plan');
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('gone plan'));
select pg_temp.send_file('pair', 'letter');
reset role;

-- What is left over ---------------------------------------------------------------------------

delete from chat.uploads where true;
delete from chat.discarded_uploads where true;
delete from storage.objects o
where o.bucket_id = 'chat-attachments' and not exists (select from public.messages m where m.attachment_path = o.name and m.deleted_at is null);

create function pg_temp.age_deletion(file_name text, by interval) returns void
language sql security definer
as $$ update chat.discarded_uploads set discarded_at = discarded_at - by where path = pg_temp.path(age_deletion.file_name) $$;
-- The leftovers that the sweeper gets, by the names of the files.
create function pg_temp.leftovers(hours integer, days integer, page_limit integer default 100, strays boolean default false) returns text[]
language sql
as $$
  select array(
    select coalesce(s.moment, leftover ->> 'path') || ' ' || (leftover ->> 'reason')
    from jsonb_array_elements(public.list_leftover_uploads(hours, days, page_limit, strays)::jsonb -> 'data') with ordinality as one (leftover, n)
    left join pg_temp.seen s on s.answer ->> 'path' = leftover ->> 'path'
    order by n
  )
$$;

select chat_tests.act_as('sweeper');
select is(pg_temp.leftovers(0, 0, strays => true), '{}', 'nothing is left over of what is in messages');
select chat_tests.act_as('alice');
select pg_temp.reserve('pair', 'left ' || n) from generate_series(1, 3) as n;
select pg_temp.store(pg_temp.path('left ' || n)) from generate_series(1, 2) as n;
select pg_temp.store(pg_temp.path('left 3'), '"{\"size\":5}"');
select pg_temp.reserve('pair', 'never uploaded');
select pg_temp.age('left 1', '26 hours');
select pg_temp.age('left 2', '50 hours');
select pg_temp.age('left 3', '24 hours 59 minutes');
select pg_temp.age('never uploaded', '60 hours');
reset role;
insert into storage.objects (bucket_id, name) select 'elsewhere', pg_temp.path(file_name) from unnest(array['left 1', 'never uploaded']) as file_name;
select chat_tests.act_as('sweeper');
select is(
  pg_temp.leftovers(hours, 30), expected, format('for %s hours in no message', hours)
)
from (values
  (0, array['left 2 unattached', 'left 1 unattached']), (24, array['left 2 unattached', 'left 1 unattached']),
  (26, array['left 2 unattached', 'left 1 unattached']), (27, array['left 2 unattached']), (51, '{}')
) as ask (hours, expected);
select is(
  public.list_leftover_uploads(48, 30)::jsonb,
  jsonb_build_object('data', jsonb_build_array(jsonb_build_object('path', pg_temp.path('left 2'), 'reason', 'unattached', 'size', 5))),
  'the sweeper is told the path, the reason and the size'
);
select is(pg_temp.leftovers(0, 30, 1), array['left 2 unattached'], 'the oldest first, and as many as were asked for');
select is(pg_temp.may_read('left 1', 'left 2', 'left 3'), array['left 1', 'left 2'], 'it may see these');
select ok(not pg_temp.remove('left 3'), 'and removes no other');
select ok(not pg_temp.remove('letter'), 'nor a file that is in a message');
select chat_tests.act_as('alice');
select ok(not pg_temp.remove('left 1'), 'alice may not remove it, although she uploaded it');
select is(
  chat_tests.refusal(format('send_message(chat_tests.id(''pair''), attachment_path => %L)', pg_temp.path(file_name))),
  pg_temp.field('attachmentUrl', 'was reserved too long ago'), 'nor may she send one that is too old, even before it is left over: ' || file_name
)
from unnest(array['left 1', 'left 3']) as file_name;
select chat_tests.act_as('sweeper');
select is(public.forget_swept_uploads()::jsonb, '{"forgotten": 1}', 'a reservation without a file is forgotten, and one whose file is still there is not');
select ok(pg_temp.remove('left 2'), 'the sweeper removes the oldest');
select is(pg_temp.leftovers(0, 30), array['left 1 unattached'], 'a removed file is not listed again');
select ok(pg_temp.remove('left 1'), 'and the next');
select is(pg_temp.leftovers(0, 30), '{}', 'a second run has nothing to do');
select is(public.forget_swept_uploads()::jsonb, '{"forgotten": 2}', 'both are forgotten');
select is(public.forget_swept_uploads()::jsonb, '{"forgotten": 0}', 'and only once');
reset role;
select results_eq(
  $$ select u.path from chat.uploads u $$, $$ select pg_temp.path('left 3') $$, 'the reservation of a file that is not left over yet stays'
);
select chat_tests.act_as('alice');
select pg_temp.reserve('pair', 'not uploaded yet');
select pg_temp.age('not uploaded yet', '24 hours 59 minutes');
select chat_tests.act_as('sweeper');
select is(public.forget_swept_uploads()::jsonb, '{"forgotten": 0}', 'nor a reservation whose upload could just be under way');

select chat_tests.act_as('alice');
select pg_temp.send_file('group chat', 'deleted ' || n) from generate_series(1, 3) as n;
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('deleted ' || n)) from generate_series(1, 3) as n;
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('deleted 1'));
reset role;
insert into storage.objects (bucket_id, name) values ('elsewhere', pg_temp.path('deleted 1'));
select chat_tests.act_as('sweeper');
select is(
  pg_temp.leftovers(0, 0), array['deleted 1 deleted', 'deleted 2 deleted', 'deleted 3 deleted'], 'with their messages'' deletion files are left over'
);
select is(public.forget_swept_uploads()::jsonb, '{"forgotten": 0}', 'no file is forgotten before it is removed');
select is(pg_temp.leftovers(0, 1), '{}', 'not before the days that deleted files are kept');
select pg_temp.age_deletion('deleted 1', '30 days 1 minute');
select pg_temp.age_deletion('deleted 2', '29 days 23 hours');
select is(pg_temp.leftovers(0, 30), array['deleted 1 deleted'], 'after thirty days they are');
select pg_temp.age_deletion('deleted 2', '2 days');
select is(pg_temp.leftovers(0, 30), array['deleted 2 deleted', 'deleted 1 deleted'], 'the first deleted first');
select pg_temp.age('left 3', '2 minutes');
select is(
  public.list_leftover_uploads(0, 30, 1) #>> '{data,0,size}', '5', 'the size is told however Storage has written it'
);
select is(
  pg_temp.leftovers(0, 30), array['left 3 unattached', 'deleted 2 deleted', 'deleted 1 deleted'], 'both kinds are listed'
);
select is(pg_temp.leftovers(0, 30, 2), array['left 3 unattached', 'deleted 2 deleted'], 'as many as were asked for');
select is(
  public.count_leftover_uploads(0, 30)::jsonb,
  '{"data": [{"reason": "deleted", "objects": 2, "bytes": 10}, {"reason": "unattached", "objects": 1, "bytes": 5}]}',
  'and both are counted'
);
select chat_tests.act_as('carol');
select is(pg_temp.may_read('deleted 1', 'deleted 3'), array['deleted 1', 'deleted 3'], 'a moderator reads them until they are removed');
select ok(not pg_temp.remove('deleted 1'), 'and does not remove them');
select chat_tests.act_as('sweeper');
select ok(pg_temp.remove(file_name), format('the sweeper removes %s', file_name)) from unnest(array['left 3', 'deleted 1', 'deleted 2']) as file_name;
select is(pg_temp.leftovers(0, 30), '{}', 'and a second run has nothing to do');
select is(public.forget_swept_uploads()::jsonb, '{"forgotten": 3}', 'they are forgotten');
select is(pg_temp.leftovers(0, 0), array['deleted 3 deleted'], 'a deleted file that is still kept is not');
select chat_tests.act_as('carol');
select is(pg_temp.may_read('deleted 1', 'deleted 3'), array['deleted 3'], 'a removed file is gone');
select is(
  (
    select message #>> '{attachment,fileName}'
    from jsonb_array_elements(public.list_messages(chat_tests.id('group chat'), 100)::jsonb -> 'data') as message
    where message ->> 'id' = chat_tests.id('deleted 1')::text
  ),
  'deleted 1.pdf', 'the message still tells what it was'
);

-- The messages of a deleted chat are deleted too. Its files are still found.
select chat_tests.act_as('alice');
select pg_temp.send_file('group chat', 'to go');
select pg_temp.reserve('group chat', 'to go, unsent');
select pg_temp.store(pg_temp.path('to go, unsent'));
reset role;
select chat_tests.delete_event(chat_tests.event_of(chat_tests.id('party')));
select is_empty($$ select id from chat.chats where id = chat_tests.id('group chat') $$, 'a chat goes with its event');
select chat_tests.act_as('sweeper');
select is(
  array(select file from unnest(pg_temp.leftovers(0, 0)) as file order by file), array['deleted 3 deleted', 'plan deleted', 'to go deleted'],
  'the files of its messages are left over'
);
select is(pg_temp.leftovers(0, 1), '{}', 'they are kept as long as other deleted files');
select pg_temp.age('to go, unsent', '26 hours');
select is(pg_temp.leftovers(0, 1), array['to go, unsent unattached'], 'and a file that was in no message is left over as always');
select ok(pg_temp.remove(file_name), format('the sweeper removes %s', file_name)) from unnest(array['plan', 'to go', 'to go, unsent', 'deleted 3']) as file_name;
-- The deletion of the chat has recorded the three removed files again.
select is(public.forget_swept_uploads()::jsonb, '{"forgotten": 7}', 'and all of it is forgotten');

-- And a file that was never reserved.
reset role;
insert into storage.objects (bucket_id, name, created_at) values
  ('chat-attachments', 'old stray', clock_timestamp() - interval '26 hours'),
  ('chat-attachments', 'new stray', clock_timestamp() - interval '24 hours 59 minutes'),
  ('elsewhere', 'no stray', clock_timestamp() - interval '26 hours');
select chat_tests.act_as('alice');
select pg_temp.send_file('pair', 'living');
select pg_temp.send_file('pair', 'dead');
select public.delete_message(chat_tests.id('pair'), chat_tests.id('dead'));
select pg_temp.reserve('pair', 'waiting');
select pg_temp.store(pg_temp.path('waiting'));
reset role;
update storage.objects set created_at = clock_timestamp() - interval '60 days' where name in (pg_temp.path('living'), pg_temp.path('dead'), pg_temp.path('waiting'));
insert into storage.objects (bucket_id, name, created_at) select 'chat-attachments', path, clock_timestamp() - interval '60 days'
from unnest(array['gone with its chat']) as path;
insert into chat.discarded_uploads (path, discarded_at) values ('gone with its chat', clock_timestamp());
select chat_tests.act_as('sweeper');
select is(pg_temp.leftovers(0, 30), '{}', 'a file that was never reserved is not looked for');
select is(pg_temp.leftovers(0, 30, strays => true), array['old stray stray'], 'unless the sweeper asks for strays: then one that is old and in this bucket');
select is(pg_temp.leftovers(27, 30, strays => true), '{}', 'or older, if the sweeper asks for that');
select is(public.count_leftover_uploads(0, 30)::jsonb, '{"data": []}', 'nor counted');
select is(
  public.count_leftover_uploads(0, 30, true)::jsonb, '{"data": [{"reason": "stray", "objects": 1, "bytes": 0}]}',
  'unless the sweeper asks for strays'
);
select is(pg_temp.leftovers(0, 0, 2, true), array['dead deleted', 'gone with its chat deleted'], 'the page limit counts all kinds together');
create function pg_temp.may_see(path text) returns boolean
language sql
as $$ select exists (select from storage.objects o where o.bucket_id = 'chat-attachments' and o.name = path) $$;
select is(
  array[pg_temp.may_see('old stray'), pg_temp.may_see('new stray'), pg_temp.may_see('gone with its chat')], array[true, false, true],
  'the sweeper sees such a file when it is old, or the chat''s'
);
select is(pg_temp.may_read('living', 'dead', 'waiting'), array['dead'], 'and no file that is in use');
reset role;
update chat.uploads set created_at = clock_timestamp() where path = pg_temp.path('waiting');
select chat_tests.act_as('sweeper');
select ok(not pg_temp.remove('waiting'), 'the age of the file itself does not count');
select is(
  pg_temp.rows_of($$ delete from storage.objects where bucket_id = 'chat-attachments' $$), 3::bigint, 'it removes all that is left over in one go'
);
select is(pg_temp.leftovers(0, 0, strays => true), '{}', 'and then there is nothing');

select chat_tests.act_as('sweeper');
select is(public.count_leftover_uploads(0, 0, true)::jsonb, '{"data": []}', 'nor anything to count');
select is(
  chat_tests.refusal(format('%s_leftover_uploads(%s)', verb, arguments)), 'PT400 invalid_request ' || detail, format('refused: %s %s', verb, arguments)
)
from (values
  ('-1, 30', 'unattached_hours and deleted_days must not be negative'),
  ('null, 30', 'unattached_hours and deleted_days must not be negative'),
  ('24, -1', 'unattached_hours and deleted_days must not be negative'),
  ('24, null', 'unattached_hours and deleted_days must not be negative')
) as attempt (arguments, detail)
cross join unnest(array['list', 'count']) as verb;
select is(
  chat_tests.refusal(format('list_leftover_uploads(%s)', arguments)), 'PT400 invalid_request ' || detail, format('refused: %s', arguments)
)
from (values
  ('24, 30, 0', 'page_limit must be 1 to 100'),
  ('24, 30, 101', 'page_limit must be 1 to 100'),
  ('24, 30, null', 'page_limit must be 1 to 100')
) as attempt (arguments, detail);
create function pg_temp.refusal_to(person text, claims jsonb, call text) returns text
language plpgsql
as $$
begin
  perform chat_tests.act_as(person, claims);
  return chat_tests.refusal(call);
end
$$;
select is(pg_temp.refusal_to(person, claims, call), 'PT403 forbidden', format('forbidden to %s, %s: %s', person, claims, call))
from (values
  ('alice', '{}'::jsonb), ('carol', '{"app_metadata": {"role": "moderator"}}'), ('stranger', '{"user_metadata": {"role": "sweeper"}}'),
  ('stranger', '{"app_metadata": {"role": "sweeper"}}')
) as caller (person, claims)
cross join unnest(array[
  'list_leftover_uploads(24, 30)', 'list_leftover_uploads(null, -1, 0, true)', 'count_leftover_uploads(24, 30)',
  'count_leftover_uploads(null, -1, true)', 'forget_swept_uploads()'
]) as call;
set local role anon;
set local request.jwt.claims = '{"role": "anon", "app_metadata": {"role": "sweeper"}}';
select throws_ok('select public.' || call, '42501', null, 'and to anon: ' || call)
from unnest(array['list_leftover_uploads(24, 30)', 'count_leftover_uploads(24, 30)', 'forget_swept_uploads()']) as call;

select * from finish();
rollback;
