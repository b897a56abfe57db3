-- The broadcasts on the chat's channels, and who may listen to them.
--
-- A broadcast is a row of realtime.messages, which Realtime's server reads. This file checks whether a person may listen
-- as the server does: with the topic set, the person must see a row that was inserted for the check.
--
-- needs: friends, blocks, rooms

begin;
select plan(179);

select chat_tests.begin_story();

-- The broadcasts since the last call, without the ids that Realtime gives them.
create temporary table heard_before (id uuid primary key);
create function pg_temp.heard() returns table (topic text, event text, payload jsonb)
language sql security definer
as $$
  with fresh as (
    insert into pg_temp.heard_before
    select m.id from realtime.messages m where m.id not in (select h.id from pg_temp.heard_before h)
    returning id
  )
  select m.topic, m.event, m.payload - 'id' from realtime.messages m join fresh using (id)
$$;
create function pg_temp.hear_no_more() returns void language sql as $$ select count(*) from pg_temp.heard() $$;

create temporary table lost_before as select last_value as count from chat.lost_broadcasts;
create function pg_temp.lost() returns bigint
language sql security definer
as $$ select s.last_value - b.count from chat.lost_broadcasts s, pg_temp.lost_before b $$;

create function pg_temp.move_typing_back(by interval) returns void
language sql security definer
as $$ update realtime.messages set inserted_at = inserted_at - by where event = 'typing' $$;

create function pg_temp.user_topic(person text) returns text language sql stable as $$ select 'user:' || chat_tests.id(person) $$;
create function pg_temp.chat_topic(chat text) returns text language sql stable as $$ select 'chat:' || chat_tests.id(chat) $$;

create function pg_temp.as_last(message jsonb) returns jsonb
language sql stable
as $$
  select jsonb_build_object(
    'id', message -> 'id', 'senderId', message -> 'senderId', 'text', message -> 'text', 'createdAt', message -> 'createdAt',
    'hasAttachment', message -> 'attachment' <> 'null'
  )
$$;
select chat_tests.add_people('alice', 'bob', 'carol', 'dave', 'stranger');
insert into known (name) select unnest(array['key']);
select chat_tests.befriend(chat_tests.id('alice'), other) from unnest(chat_tests.ids('bob', 'dave')) as other;
select pg_temp.hear_no_more();

-- The publication ------------------------------------------------------------------

select set_eq(
  $$ select schemaname::text, tablename::text from pg_catalog.pg_publication_tables
     where pubname = 'supabase_realtime' and schemaname in ('public', 'chat') $$,
  $$ values ('public', 'messages') $$,
  'messages are published, and no other table'
);
select is(
  (select relreplident::text from pg_catalog.pg_class where oid = 'public.messages'::regclass), 'd',
  'with the default replica identity: a deleted row tells its key alone'
);
select is(
  (select array[pubinsert, pubupdate, pubdelete] from pg_catalog.pg_publication where pubname = 'supabase_realtime'),
  array[true, true, true], 'insertions and updates are'
);

-- Chats come to their people -------------------------------------------------------

select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;
select set_eq(
  'select * from pg_temp.heard()',
  $$ select pg_temp.user_topic(person), 'chat.created', jsonb_build_object('chatId', chat_tests.id('pair'), 'rev', 0)
     from unnest(array['alice', 'bob']) as person $$,
  'both of a pair are told of their chat, each on their own channel, and nobody of joining'
);
select public.open_direct_chat(chat_tests.id('bob'));
select is_empty('select * from pg_temp.heard()', 'opening it again is no news');

reset role;
insert into known (name, id)
select 'party', chat_tests.open_room('Party', chat_tests.ids('carol'), chat_tests.ids('alice', 'bob'));
insert into known (name, id) select 'group chat', chat_tests.chat_of(chat_tests.id('party'));
select set_eq(
  'select * from pg_temp.heard()',
  $$ select pg_temp.user_topic(person), 'chat.created', jsonb_build_object('chatId', chat_tests.id('group chat'), 'rev', 0)
     from unnest(array['alice', 'bob', 'carol']) as person $$,
  'so are the people of a chat of several when it is opened'
);

-- Messages -------------------------------------------------------------------------

select chat_tests.act_as('alice');
insert into seen select 'sent', chat_tests.say('group chat', 'hello', chat_tests.id('key'));
select set_eq(
  'select * from pg_temp.heard()',
  $$ select
       pg_temp.chat_topic('group chat'), 'message.created',
       jsonb_build_object('chatId', chat_tests.id('group chat'), 'rev', 1, 'kind', 'upsert', 'message', chat_tests.answer('sent'))
     union all
     select
       pg_temp.user_topic(person), 'chat.updated',
       jsonb_build_object(
         'chatId', chat_tests.id('group chat'), 'rev', 1, 'kind', 'created', 'message', pg_temp.as_last(chat_tests.answer('sent'))
       )
     from unnest(array['alice', 'bob', 'carol']) as person $$,
  'a message is told as its sender''s answer has it, once to the chat and once to each participant'
);
select is(
  (select count(*) from realtime.messages m where m.payload ->> 'id' is null), 0::bigint,
  'Realtime gives each broadcast an id'
);
select chat_tests.say('group chat', 'hello', chat_tests.id('key'));
select is_empty('select * from pg_temp.heard()', 'the same message again is no news');
insert into seen
select 'reserved', public.reserve_upload(chat_tests.id('pair'), 'plan.pdf', 'application/pdf', 5);
select is_empty('select * from pg_temp.heard()', 'an upload that is only begun is no news');
reset role;
insert into storage.objects (bucket_id, name, metadata)
values ('chat-attachments', chat_tests.answer('reserved') ->> 'path', '{"size": 5, "mimetype": "application/pdf"}');
select chat_tests.act_as('alice');
insert into seen
select 'file', public.send_message(chat_tests.id('pair'), attachment_path => chat_tests.answer('reserved') ->> 'path');
select set_eq(
  'select * from pg_temp.heard()',
  $$ select
       pg_temp.chat_topic('pair'), 'message.created',
       jsonb_build_object('chatId', chat_tests.id('pair'), 'rev', 1, 'kind', 'upsert', 'message', chat_tests.answer('file'))
     union all
     select
       pg_temp.user_topic(person), 'chat.updated',
       jsonb_build_object(
         'chatId', chat_tests.id('pair'), 'rev', 1, 'kind', 'created', 'message', pg_temp.as_last(chat_tests.answer('file'))
       )
     from unnest(array['alice', 'bob']) as person $$,
  'a file is told as its sender''s answer has it, and as the last message has no text'
);
select is(
  (chat_tests.answer('file') -> 'attachment') - 'path',
  '{"fileName": "plan.pdf", "contentType": "application/pdf", "size": 5, "width": null, "height": null}',
  'with what it is, and where'
);
select public.delete_message(chat_tests.id('pair'), (chat_tests.answer('file') ->> 'id')::uuid);
select is(
  (select h.payload - 'chatId' from pg_temp.heard() h where h.event = 'message.deleted'),
  jsonb_build_object('rev', 2, 'kind', 'delete', 'messageId', chat_tests.answer('file') -> 'id'), 'of its deletion no more than of any'
);
select throws_ok(
  $$ select public.send_message(chat_tests.id('group chat'), 'another', chat_tests.id('key')) $$, 'PT409', 'idempotency_mismatch',
  'a refused one is refused'
);
select is_empty('select * from pg_temp.heard()', 'and no news either');

insert into seen
select 'edited', public.edit_message(chat_tests.id('group chat'), chat_tests.id('hello'), 'hello all')::jsonb;
select set_eq(
  'select * from pg_temp.heard()',
  $$ select
       pg_temp.chat_topic('group chat'), 'message.updated',
       jsonb_build_object('chatId', chat_tests.id('group chat'), 'rev', 2, 'kind', 'upsert', 'message', chat_tests.answer('edited'))
     union all
     select
       pg_temp.user_topic(person), 'chat.updated',
       jsonb_build_object(
         'chatId', chat_tests.id('group chat'), 'rev', 2, 'kind', 'updated', 'message', pg_temp.as_last(chat_tests.answer('edited'))
       )
     from unnest(array['alice', 'bob', 'carol']) as person $$,
  'an edit is told whole'
);

select chat_tests.act_as('carol');
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('hello'));
select set_eq(
  'select * from pg_temp.heard()',
  $$ select
       pg_temp.chat_topic('group chat'), 'message.deleted',
       jsonb_build_object('chatId', chat_tests.id('group chat'), 'rev', 3, 'kind', 'delete', 'messageId', chat_tests.id('hello'))
     union all
     select
       pg_temp.user_topic(person), 'chat.updated',
       jsonb_build_object('chatId', chat_tests.id('group chat'), 'rev', 3, 'kind', 'deleted')
     from unnest(array['alice', 'bob', 'carol']) as person $$,
  'of a deletion the id and the rev, and no text'
);
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('hello'));
select is_empty('select * from pg_temp.heard()', 'a second deletion is no news');

-- Reading --------------------------------------------------------------------------

select chat_tests.act_as('alice');
insert into seen
select line, chat_tests.say('group chat', line) from unnest(array['read me', 'and me']) as line;
select pg_temp.hear_no_more();
select chat_tests.act_as('bob');
select public.mark_read(chat_tests.id('group chat'), chat_tests.id('read me'));
select set_eq(
  'select * from pg_temp.heard()',
  $$ values
    (pg_temp.chat_topic('group chat'), 'chat.read', jsonb_build_object(
      'chatId', chat_tests.id('group chat'), 'userId', chat_tests.id('bob'), 'messageId', chat_tests.id('read me'),
      'lastReadAt', chat_tests.answer('read me') -> 'createdAt'
    )),
    (pg_temp.user_topic('bob'), 'chat.updated', jsonb_build_object(
      'chatId', chat_tests.id('group chat'), 'rev', 5, 'kind', 'read', 'unreadCount', 1, 'lastReadAt', chat_tests.answer('read me') -> 'createdAt'
    )) $$,
  'the chat is told who has read how far, and the reader''s other devices what is left'
);
select public.mark_read(chat_tests.id('group chat'), chat_tests.id('read me'));
select is_empty('select * from pg_temp.heard()', 'a mark that does not move is no news');
select public.mark_read(chat_tests.id('group chat'), chat_tests.id('and me'));
select pg_temp.hear_no_more();
select chat_tests.say('group chat', 'all read');
select is_empty(
  $$ select * from pg_temp.heard() where event = 'chat.read' $$, 'a send of somebody who has read everything is no reading'
);

-- Joining and leaving ----------------------------------------------------------------

reset role;
select chat_tests.add_members(chat_tests.ids('party'), chat_tests.ids('dave'));
select set_eq(
  'select * from pg_temp.heard()',
  $$ values
    (pg_temp.user_topic('dave'), 'chat.created', jsonb_build_object('chatId', chat_tests.id('group chat'), 'rev', 6)),
    (pg_temp.chat_topic('group chat'), 'chat.joined', jsonb_build_object(
      'chatId', chat_tests.id('group chat'), 'userIds', array[chat_tests.id('dave')]
    )) $$,
  'who joins is told of the chat, and the chat of who joined'
);
select chat.follow_people(array[row(chat_tests.id('party'), chat_tests.id('dave'))::chat.membership], '{}');
select is_empty('select * from pg_temp.heard()', 'once, however often the host says so');

select chat_tests.act_as('alice');
select is(public.get_chat(chat_tests.id('group chat')) ->> 'topic', pg_temp.chat_topic('group chat'), 'a chat begins at the plain topic');
select is(
  public.list_changes(chat_tests.id('group chat'), 6) ->> 'topic', pg_temp.chat_topic('group chat'), 'which the feed tells as well'
);
select chat_tests.act_as('dave');
select public.leave_chat(chat_tests.id('group chat'));
select set_eq(
  'select * from pg_temp.heard()',
  $$ values
    (pg_temp.chat_topic('group chat'), 'chat.left', jsonb_build_object(
      'chatId', chat_tests.id('group chat'), 'userIds', array[chat_tests.id('dave')], 'topic', pg_temp.chat_topic('group chat') || ':1'
    )),
    (pg_temp.user_topic('dave'), 'chat.left', jsonb_build_object('chatId', chat_tests.id('group chat'))) $$,
  'the last that the old topic hears is where the chat goes on'
);
select chat_tests.act_as('alice');
select is(
  public.get_chat(chat_tests.id('group chat')) ->> 'topic', pg_temp.chat_topic('group chat') || ':1', 'the chat is at the next topic'
);
select is(
  public.list_changes(chat_tests.id('group chat'), 6) ->> 'topic', pg_temp.chat_topic('group chat') || ':1', 'so is the feed'
);
select chat_tests.say('group chat', 'without dave');
select public.mark_read(chat_tests.id('group chat'), chat_tests.id('all read'));
select public.edit_message(chat_tests.id('group chat'), chat_tests.id('without dave'), 'without dave, changed');
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('without dave'));
select public.send_typing(chat_tests.id('group chat'));
select set_eq(
  $$ select event, topic from pg_temp.heard() where topic like 'chat:%' $$,
  $$ select event, pg_temp.chat_topic('group chat') || ':1'
     from unnest(array['message.created', 'chat.read', 'message.updated', 'message.deleted', 'typing']) as event $$,
  'nothing more comes to the topic that he could hear'
);
reset role;
select is(
  (select count(*) from realtime.messages m where m.topic = pg_temp.user_topic('dave') and m.event = 'chat.updated'), 0::bigint,
  'nor to his own'
);
select chat_tests.remove_members(chat_tests.ids('party'), chat_tests.ids('bob'));
select is(
  (select h.payload ->> 'topic' from pg_temp.heard() h where h.event = 'chat.left' and h.topic = pg_temp.chat_topic('group chat') || ':1'),
  pg_temp.chat_topic('group chat') || ':2', 'who is removed by the group moves it on as well'
);
select chat_tests.add_members(chat_tests.ids('party'), chat_tests.ids('bob'));
select set_eq(
  'select topic, event from pg_temp.heard()',
  $$ values
    (pg_temp.user_topic('bob'), 'chat.created'), (pg_temp.chat_topic('group chat') || ':2', 'chat.joined') $$,
  'who comes back joins where the chat is'
);
delete from auth.users where id = chat_tests.id('bob');
select is(
  (select c.topic_version from chat.chats c where c.id = chat_tests.id('pair')), 1, 'a pair''s chat moves on when one''s account is deleted'
);
select bag_eq(
  'select * from pg_temp.heard()',
  $$ values
    (pg_temp.chat_topic('pair'), 'chat.left', jsonb_build_object(
      'chatId', chat_tests.id('pair'), 'userIds', array[chat_tests.id('bob')], 'topic', pg_temp.chat_topic('pair') || ':1'
    )),
    (pg_temp.chat_topic('group chat') || ':2', 'chat.left', jsonb_build_object(
      'chatId', chat_tests.id('group chat'), 'userIds', array[chat_tests.id('bob')], 'topic', pg_temp.chat_topic('group chat') || ':3'
    )) $$,
  'telling those who stay, and not the account that is gone'
);
select is(
  (select c.topic_version from chat.chats c where c.id = chat_tests.id('group chat')), 3, 'and so does a group''s'
);
select is(
  (
    select m.payload - 'id' - 'chatId' from realtime.messages m
    where m.topic = pg_temp.chat_topic('group chat') || ':2' and m.event = 'chat.left'
  ),
  jsonb_build_object('userIds', array[chat_tests.id('bob')], 'topic', pg_temp.chat_topic('group chat') || ':3'), 'telling those who stay'
);

-- A pair -----------------------------------------------------------------------------

select chat_tests.act_as('alice');
insert into known (name, id) select 'friends', (public.open_direct_chat(chat_tests.id('dave')) ->> 'id')::uuid;
insert into seen select line, chat_tests.say('friends', line) from unnest(array['before', 'before, too']) as line;
select pg_temp.hear_no_more();
select chat_tests.act_as('dave');
select public.leave_chat(chat_tests.id('friends'));
select set_eq(
  'select * from pg_temp.heard()',
  $$ values (pg_temp.user_topic('dave'), 'chat.left', jsonb_build_object('chatId', chat_tests.id('friends'))) $$,
  'leaving a pair''s chat is told to the leaver''s devices, and the other notices nothing'
);
select chat_tests.act_as('alice');
select is(public.get_chat(chat_tests.id('friends')) ->> 'topic', pg_temp.chat_topic('friends'), 'not even another topic');
select chat_tests.say('friends', 'come back');
select set_eq(
  'select topic, event from pg_temp.heard()',
  $$ values
    (pg_temp.chat_topic('friends'), 'message.created'), (pg_temp.user_topic('alice'), 'chat.updated'),
    (pg_temp.user_topic('dave'), 'chat.created') $$,
  'a message brings it back to the leaver''s list'
);
select public.edit_message(chat_tests.id('friends'), chat_tests.id('before, too'), 'changed behind his back');
select set_eq(
  'select * from pg_temp.heard()',
  $$ select topic, event, jsonb_build_object('chatId', chat_tests.id('friends'), 'rev', 4)
     from (values
       (pg_temp.chat_topic('friends'), 'message.updated'),
       (pg_temp.user_topic('alice'), 'chat.updated'), (pg_temp.user_topic('dave'), 'chat.updated')
     ) as told (topic, event) $$,
  'an edit of what he left behind is told without its content'
);
select public.edit_message(chat_tests.id('friends'), chat_tests.id('come back'), 'do come back');
select is(
  (select h.payload -> 'message' ->> 'text' from pg_temp.heard() h where h.event = 'message.updated'), 'do come back',
  'and one of what he sees with it'
);
select public.delete_message(chat_tests.id('friends'), chat_tests.id('before, too'));
select is(
  (select h.payload from pg_temp.heard() h where h.event = 'message.deleted'),
  jsonb_build_object('chatId', chat_tests.id('friends'), 'rev', 6, 'kind', 'delete', 'messageId', chat_tests.id('before, too')),
  'a deletion needs no more than its id'
);

-- Typing -----------------------------------------------------------------------------

select set_config('response.status', '', true);
select public.send_typing(chat_tests.id('friends'));
select is(current_setting('response.status'), '202', 'typing is accepted');
select set_eq(
  'select * from pg_temp.heard()',
  $$ values (pg_temp.chat_topic('friends'), 'typing', jsonb_build_object('chatId', chat_tests.id('friends'), 'userId', chat_tests.id('alice'))) $$,
  'and told to the chat, to nobody''s list'
);
select set_config('response.status', '', true);
select public.send_typing(chat_tests.id('friends'));
select is(current_setting('response.status'), '202', 'a second time is accepted as well');
select is_empty('select * from pg_temp.heard()', 'and not told');
select pg_temp.move_typing_back('2.9 seconds');
select public.send_typing(chat_tests.id('friends'));
select is_empty('select * from pg_temp.heard()', 'not within three seconds');
select chat_tests.act_as('dave');
select public.send_typing(chat_tests.id('friends'));
select is((select count(*) from pg_temp.heard()), 1::bigint, 'another person''s is');
select chat_tests.act_as('alice');
select public.send_typing(chat_tests.id('group chat'));
select is((select count(*) from pg_temp.heard()), 1::bigint, 'and one''s own in another chat');
select pg_temp.move_typing_back('0.2 seconds');
select public.send_typing(chat_tests.id('friends'));
select is((select count(*) from pg_temp.heard()), 1::bigint, 'after three seconds it is told again');
select pg_temp.move_typing_back('1 hour');
select set_config('timezone', 'Pacific/Kiritimati', true);
select public.send_typing(chat_tests.id('friends'));
select public.send_typing(chat_tests.id('friends'));
select chat_tests.say('friends', 'good morning from Kiritimati');
select set_config('timezone', 'UTC', true);
select is(
  (select count(*) from pg_temp.heard() h where h.event = 'typing'), 1::bigint, 'the caller''s time zone changes nothing about it'
);
reset role;
select is_empty(
  $$ select * from realtime.messages m where m.inserted_at > (now() at time zone 'UTC') + interval '1 minute' $$,
  'nor about when Realtime takes anything to have been sent'
);
select chat_tests.act_as('stranger');
select throws_ok(
  $$ select public.send_typing(chat_tests.id('friends')) $$, 'PT403', 'not_participant', 'a stranger does not type'
);
select throws_ok($$ select public.send_typing(gen_random_uuid()) $$, 'PT404', 'chat_not_found', 'nor does anybody in no chat');
reset role;
select chat_tests.block(chat_tests.id('alice'), chat_tests.id('dave'));
select chat_tests.act_as('dave');
select pg_temp.move_typing_back('1 hour');
select throws_ok($$ select public.send_typing(chat_tests.id('friends')) $$, 'PT403', 'blocked', 'nor one who is blocked');
reset role;
select chat_tests.unblock(chat_tests.id('alice'), chat_tests.id('dave'));
select is_empty('select * from pg_temp.heard()', 'none of which is told');

-- How many rows a write takes ----------------------------------------------------------
-- Each broadcast counts against the project's messages a second.

create function pg_temp.rows_heard() returns bigint language sql as $$ select count(*) from pg_temp.heard() $$;
create function pg_temp.tell_up_to(participants integer) returns void
language sql security definer
as $$ update chat.settings set value = participants where name = 'told_participants' $$;
-- The number of broadcasts of a message: {sent, edited, deleted}.
create function pg_temp.rows_of_message(chat text) returns bigint[]
language plpgsql
as $$
declare
  message_id uuid;
  counts bigint[];
begin
  perform pg_temp.hear_no_more();
  message_id := public.send_message(chat_tests.id(chat), 'first words') ->> 'id';
  counts := array[pg_temp.rows_heard()];
  perform public.edit_message(chat_tests.id(chat), message_id, 'better words');
  counts := counts || pg_temp.rows_heard();
  perform public.delete_message(chat_tests.id(chat), message_id);
  return counts || pg_temp.rows_heard();
end
$$;

reset role;
select chat_tests.add_people('singer ' || n) from generate_series(1, 10) as n;
select is(
  (select array[s.value, 10] from chat.settings s where s.name = 'told_participants'), array[10, 10], 'chats of up to ten people tell each of them'
);
select pg_temp.hear_no_more();
insert into known (name, id)
select 'choir', chat_tests.open_room(
  'Concert', chat_tests.ids('carol'), array(select chat_tests.id('singer ' || n) from generate_series(1, 9) as n)
);
insert into known (name, id) select 'choir chat', chat_tests.chat_of(chat_tests.id('choir'));
select is(pg_temp.rows_heard(), 10::bigint, 'a new chat of ten people: 10 rows, one for each');

select chat_tests.act_as('alice');
select is(pg_temp.rows_of_message('friends'), array[3, 3, 3]::bigint[], 'a direct chat: 3 rows for a message, an edit and a deletion');
select chat_tests.act_as('singer 1');
select is(pg_temp.rows_of_message('choir chat'), array[11, 11, 11]::bigint[], 'ten participants: 11 rows');
select chat_tests.say('choir chat', 'to be read');
select pg_temp.hear_no_more();
select chat_tests.act_as('singer 2');
select public.mark_read(chat_tests.id('choir chat'), chat_tests.id('to be read'));
select is(pg_temp.rows_heard(), 2::bigint, 'a reading: 2 rows, one for the chat and one for the reader');
select public.send_typing(chat_tests.id('choir chat'));
select is(pg_temp.rows_heard(), 1::bigint, 'typing: 1 row');
reset role;
select chat_tests.rename_event(chat_tests.event_of(chat_tests.id('choir')), 'Concert at Night');
select is(pg_temp.rows_heard(), 11::bigint, 'a new name: 11 rows');

select chat_tests.add_members(chat_tests.ids('choir'), chat_tests.ids('singer 10'));
select is(pg_temp.rows_heard(), 2::bigint, 'an eleventh participant: 2 rows, one for them and one for the chat');
select chat_tests.act_as('singer 1');
select is(pg_temp.rows_of_message('choir chat'), array[1, 1, 1]::bigint[], 'eleven participants: 1 row, for the chat');
select chat_tests.act_as('singer 3');
select public.mark_read(chat_tests.id('choir chat'), chat_tests.id('to be read'));
select set_eq(
  'select topic, event from pg_temp.heard()', $$ values (pg_temp.user_topic('singer 3'), 'chat.updated') $$, 'a reading: 1 row, for the reader'
);
reset role;
select chat_tests.rename_event(chat_tests.event_of(chat_tests.id('choir')), 'Concert at Midnight');
select is(pg_temp.rows_heard(), 1::bigint, 'a new name: 1 row, for the chat');

-- An operator may change the largest number of told participants.
select chat_tests.act_as('singer 1');
select pg_temp.tell_up_to(11);
select is(pg_temp.rows_of_message('choir chat'), array[12, 12, 12]::bigint[], 'where eleven are told: 12 rows');
select pg_temp.tell_up_to(9);
select chat_tests.act_as('singer 10');
select public.leave_chat(chat_tests.id('choir chat'));
select is(pg_temp.rows_heard(), 2::bigint, 'a leaving: 2 rows, for the old topic and the leaver');
select chat_tests.act_as('singer 1');
select is(pg_temp.rows_of_message('choir chat'), array[1, 1, 1]::bigint[], 'where nine are told and ten take part: 1 row');
select pg_temp.tell_up_to(0);
select chat_tests.act_as('alice');
select is(pg_temp.rows_of_message('friends'), array[1, 1, 1]::bigint[], 'where nobody is told: 1 row in a direct chat too');
reset role;
delete from chat.settings where name = 'told_participants';
select chat_tests.act_as('alice');
select is(pg_temp.rows_of_message('friends'), array[1, 1, 1]::bigint[], 'and so without the setting');
reset role;
insert into chat.settings (name, value, meaning) values ('told_participants', 10, 'as it was');
select chat_tests.act_as('singer 1');
select is(pg_temp.rows_of_message('choir chat'), array[11, 11, 11]::bigint[], 'with it, ten participants are 11 rows again');
select throws_ok($$ update chat.settings set value = 1000 $$, '42501', 'permission denied for table settings', 'people do not change it');
reset role;

-- One statement sends one broadcast to the chat, for any number of people.
create temporary table two_singers as
select array_agg(k.id order by k.id) as ids from known k where k.name in ('singer 8', 'singer 9');
select pg_temp.hear_no_more();
select chat_tests.remove_members(chat_tests.ids('choir'), t.ids) from two_singers t;
select bag_eq(
  'select * from pg_temp.heard()',
  $$ select pg_temp.chat_topic('choir chat') || ':1' as topic, 'chat.left' as event, jsonb_build_object(
       'chatId', chat_tests.id('choir chat'), 'userIds', t.ids, 'topic', pg_temp.chat_topic('choir chat') || ':2'
     ) as payload from two_singers t
     union all
     select 'user:' || singer, 'chat.left', jsonb_build_object('chatId', chat_tests.id('choir chat')) from two_singers t, unnest(t.ids) as singer $$,
  'two are removed at once: 1 row for the chat names both, and each has one'
);
select chat_tests.add_members(chat_tests.ids('choir'), t.ids) from two_singers t;
select bag_eq(
  'select * from pg_temp.heard()',
  $$ select pg_temp.chat_topic('choir chat') || ':2' as topic, 'chat.joined' as event, jsonb_build_object(
       'chatId', chat_tests.id('choir chat'), 'userIds', t.ids
     ) as payload from two_singers t
     union all
     select 'user:' || singer, 'chat.created', jsonb_build_object('chatId', c.id, 'rev', c.rev)
     from two_singers t, unnest(t.ids) as singer, chat.chats c where c.id = chat_tests.id('choir chat') $$,
  'two are added at once: 1 row for the chat names both, and each has one'
);
-- A read mark in a chat with exactly the largest number of told participants.
select chat_tests.act_as('singer 1');
select chat_tests.say('choir chat', 'for all ten');
select pg_temp.hear_no_more();
select chat_tests.act_as('singer 4');
select public.mark_read(chat_tests.id('choir chat'), chat_tests.id('for all ten'));
select bag_eq(
  'select topic, event from pg_temp.heard()',
  $$ values (pg_temp.chat_topic('choir chat') || ':2', 'chat.read'), (pg_temp.user_topic('singer 4'), 'chat.updated') $$,
  'a chat of ten hears who has read'
);
reset role;

-- Bounds -----------------------------------------------------------------------------
-- In this transaction they are small.

select chat_tests.remove_members(chat_tests.ids('party'), chat_tests.ids('dave'));
select chat_tests.add_members(chat_tests.ids('party'), chat_tests.ids('dave'));
update chat.settings set value = 3 where name = 'told_participants';
select pg_temp.hear_no_more();
select chat_tests.act_as('alice');
select chat_tests.say('group chat', 'three are told');
select is((select count(*) from pg_temp.heard() h where h.event = 'chat.updated'), 3::bigint, 'as many participants as the bound are told');
reset role;
update chat.settings set value = 2 where name = 'told_participants';
select chat_tests.act_as('alice');
select chat_tests.say('group chat', 'three are too many');
select set_eq(
  'select topic, event from pg_temp.heard()',
  $$ values (pg_temp.chat_topic('group chat') || ':3', 'message.created') $$, 'with more, the chat''s channel alone is'
);
select chat_tests.act_as('dave');
select public.mark_read(chat_tests.id('group chat'), chat_tests.id('three are too many'));
select set_eq(
  'select * from pg_temp.heard()',
  $$ select pg_temp.user_topic('dave'), 'chat.updated', jsonb_build_object(
       'chatId', c.id, 'rev', c.rev, 'kind', 'read', 'unreadCount', 0,
       'lastReadAt', to_char(c.last_message_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
     ) from chat.chats c where c.id = chat_tests.id('group chat') $$,
  'and a read mark is told to the reader''s own devices alone'
);
reset role;
select chat_tests.rename_event(chat_tests.event_of(chat_tests.id('party')), 'Night');
select set_eq(
  'select topic, event from pg_temp.heard()',
  $$ values (pg_temp.chat_topic('group chat') || ':3', 'chat.updated') $$, 'a new name is told to the chat'
);
update chat.settings set value = 10 where name = 'told_participants';
select chat_tests.rename_event(chat_tests.event_of(chat_tests.id('party')), 'Saturday Night');
select set_eq(
  'select * from pg_temp.heard()',
  $$ select topic, 'chat.updated', jsonb_build_object('chatId', c.id, 'rev', c.rev)
     from chat.chats c, unnest(array[
       pg_temp.user_topic('alice'), pg_temp.user_topic('carol'), pg_temp.user_topic('dave'), pg_temp.chat_topic('group chat') || ':3'
     ]) as topic
     where c.id = chat_tests.id('group chat') $$,
  'and to each participant where they are few'
);
select ok(
  (select s.value + 2 <= 64 from chat.settings s where s.name = 'told_participants'),
  'the broadcasts of a message are subtransactions that Postgres keeps at hand'
);

create or replace function chat.max_broadcast_bytes() returns integer language sql immutable return 1000;
select chat_tests.act_as('alice');
select chat_tests.say('group chat', repeat('é', 400));
select set_eq(
  'select event, payload from pg_temp.heard()',
  $$ select event, jsonb_build_object('chatId', c.id, 'rev', c.rev)
     from unnest(array['message.created', 'chat.updated', 'chat.updated', 'chat.updated']) as event, chat.chats c
     where c.id = chat_tests.id('group chat') $$,
  'what is too large is told without its content'
);
select chat_tests.say('group chat', 'a short one');
select is(
  (select h.payload -> 'message' ->> 'text' from pg_temp.heard() h where h.event = 'message.created'), 'a short one', 'what fits, with it'
);
reset role;
create or replace function chat.max_broadcast_bytes() returns integer language sql immutable return 250000;
select is(pg_temp.lost(), 0::bigint, 'nothing of all this was lost');

-- Failures ---------------------------------------------------------------------------
-- Realtime's table refuses rows. The chat's writes succeed, and the lost broadcasts are counted.

create function pg_temp.refuse() returns trigger language plpgsql as $$ begin raise exception 'the disk is full'; end $$;
create trigger refuse before insert on realtime.messages for each row execute function pg_temp.refuse();
set local client_min_messages = error;

select chat_tests.act_as('alice');
select lives_ok($$ select chat_tests.say('group chat', 'unheard') $$, 'a message is sent');
select is(public.edit_message(chat_tests.id('group chat'), chat_tests.id('unheard'), 'unheard of') ->> 'text', 'unheard of', 'and edited');
select lives_ok($$ select public.delete_message(chat_tests.id('group chat'), chat_tests.id('unheard')) $$, 'and deleted');
select is(pg_temp.lost(), 12::bigint, 'each would have been four broadcasts, which are counted one by one');
select lives_ok($$ select public.send_typing(chat_tests.id('friends')) $$, 'somebody types');
select lives_ok($$ select public.mark_read(chat_tests.id('group chat'), chat_tests.id('a short one')) $$, 'or reads');
select is(pg_temp.lost(), 15::bigint, 'which nobody hears: one broadcast and two');
select chat_tests.act_as('carol');
select lives_ok($$ select chat_tests.say('group chat', 'carol, unheard') $$, 'somebody else sends');
select is(pg_temp.lost(), 19::bigint, 'which is lost as well, to each of four');
select chat_tests.act_as('dave');
select public.leave_chat(chat_tests.id('group chat'));
select is(pg_temp.lost(), 21::bigint, 'a leaving loses both of its broadcasts');
select chat_tests.act_as('alice');
select is(
  public.get_chat(chat_tests.id('group chat')) ->> 'topic', pg_temp.chat_topic('group chat') || ':4',
  'and moves the chat on all the same'
);
select is_empty('select * from pg_temp.heard()', 'none of it was heard');
reset role;
drop trigger refuse on realtime.messages;
select chat_tests.act_as('alice');
select chat_tests.say('group chat', 'still unheard');
select is(pg_temp.lost(), 24::bigint, 'once one has failed, the same transaction tries no other');
select is_empty('select * from pg_temp.heard()', 'even if it would succeed');
reset role;
select set_config('chat.realtime_fails', '', true);

-- If Realtime is slow, a write does not wait for all of its broadcasts.
create function pg_temp.delay() returns trigger language plpgsql as $$ begin perform pg_sleep(0.6); return new; end $$;
create trigger delay before insert on realtime.messages for each row execute function pg_temp.delay();
select chat_tests.act_as('alice');
select chat_tests.say('group chat', 'slowly heard');
select is((select count(*) from pg_temp.heard()), 1::bigint, 'after half a second the rest is not told');
select is(pg_temp.lost(), 26::bigint, 'which is counted, for both');
reset role;
drop trigger delay on realtime.messages;
select set_config('chat.realtime_fails', '', true);

-- Some of the seven broadcasts are sent.
select chat_tests.remove_members(
  chat_tests.ids('choir'), array(select chat_tests.id('singer ' || n) from generate_series(6, 10) as n)
);
select pg_temp.hear_no_more();
create temporary sequence tried;
grant usage on tried to authenticated;
create function pg_temp.refuse_from_the_third() returns trigger
language plpgsql
as $$
begin
  if nextval('pg_temp.tried') >= 3 then
    raise exception 'the disk is full';
  end if;
  return new;
end
$$;
create trigger refuse before insert on realtime.messages for each row execute function pg_temp.refuse_from_the_third();
select chat_tests.act_as('singer 1');
select chat_tests.say('choir chat', 'six are to be told');
select is((select count(*) from pg_temp.heard()), 2::bigint, 'of seven broadcasts two are sent before one fails');
select is(pg_temp.lost(), 31::bigint, 'the five others are counted');
reset role;
drop trigger refuse on realtime.messages;
select set_config('chat.realtime_fails', '', true);

-- An error before Realtime, after some broadcasts were sent.
create or replace function chat.max_broadcast_bytes() returns integer
language plpgsql volatile
as $$
begin
  if nextval('pg_temp.tried') % 10 = 5 then
    raise exception 'no bound';
  end if;
  return 250000;
end
$$;
select setval('tried', 2);
select chat_tests.act_as('singer 1');
select lives_ok($$ select chat_tests.say('choir chat', 'six are to be told again') $$, 'an error on the way to Realtime does not stop a message either');
select is((select count(*) from pg_temp.heard()), 0::bigint, 'what was sent before it is taken back');
select is(pg_temp.lost(), 38::bigint, 'seven are due, and seven are counted');
reset role;

create or replace function chat.max_broadcast_bytes() returns integer
language plpgsql immutable as $$ begin raise exception 'no bound'; end $$;
select chat_tests.act_as('alice');
select lives_ok($$ select public.mark_read(chat_tests.id('group chat'), chat_tests.id('carol, unheard')) $$, 'nor does it stop a reading');
reset role;
select lives_ok(
  $$ select chat_tests.add_members(chat_tests.ids('party'), chat_tests.ids('stranger')) $$, 'a joining'
);
select lives_ok(
  $$ select chat_tests.remove_members(chat_tests.ids('party'), chat_tests.ids('stranger')) $$, 'or a leaving'
);
select is(pg_temp.lost(), 44::bigint, 'each of which loses both of its broadcasts');
create or replace function chat.max_broadcast_bytes() returns integer language sql immutable parallel safe return 250000;
set local client_min_messages = notice;

select is_empty(
  $$ select * from realtime.messages m where m.private is not true or m.extension <> 'broadcast' $$,
  'everything that was sent is a private broadcast'
);

-- Who may listen -----------------------------------------------------------------------

-- The server's check when a person joins a topic: the kinds of messages that they may receive.
create function pg_temp.may_receive(asked_topic text) returns text[]
language plpgsql
as $$
declare
  answer text[];
begin
  perform set_config('realtime.topic', asked_topic, true);
  select array_agg(m.extension order by m.extension) into answer
  from realtime.messages m where m.topic = 'asked';
  return coalesce(answer, '{}');
end
$$;
insert into realtime.messages (topic, extension) values ('asked', 'broadcast'), ('asked', 'presence');
-- And the kinds that they may send.
create function pg_temp.may_send(asked_topic text, kind text) returns boolean
language plpgsql
as $$
begin
  perform set_config('realtime.topic', asked_topic, true);
  insert into realtime.messages (topic, extension) values (asked_topic, kind);
  return true;
exception when insufficient_privilege then
  return false;
end
$$;

select chat_tests.act_as('alice');
select is(pg_temp.may_receive(pg_temp.chat_topic('friends')), array['broadcast', 'presence'], 'a participant listens to a chat');
select is(
  pg_temp.may_receive(pg_temp.chat_topic('group chat') || ':5'), array['broadcast', 'presence'], 'at its present topic'
);
select is(pg_temp.may_receive(pg_temp.chat_topic('group chat') || coalesce(':' || epoch, '')), '{}', format('not at epoch %s', epoch))
from unnest(array[null, 0, 1, 4, 6]) as epoch;
select is(pg_temp.may_receive(pg_temp.user_topic('alice')), array['broadcast', 'presence'], 'and to their own channel');
select is(pg_temp.may_receive(pg_temp.user_topic('dave')), '{}', 'not to another''s');
select ok(pg_temp.may_send(pg_temp.chat_topic('friends'), 'presence'), 'a participant tells their presence');
select ok(not pg_temp.may_send(pg_temp.chat_topic('friends'), 'broadcast'), 'and broadcasts nothing: only the server does');
select ok(not pg_temp.may_send(pg_temp.user_topic('alice'), 'broadcast'), 'not to their own channel either');
select is(
  pg_temp.may_receive(topic), '{}', format('no such topic: %s', coalesce(quote_literal(topic), 'null'))
)
from unnest(array[
  null, '', 'chat', 'chat:', 'user:', 'chat:*', 'chat:%', chat_tests.id('friends')::text,
  upper(pg_temp.chat_topic('friends')), 'chat:' || upper(chat_tests.id('friends')::text), 'Chat:' || chat_tests.id('friends'),
  'chat:{' || chat_tests.id('friends') || '}', 'chat:' || replace(chat_tests.id('friends')::text, '-', ''),
  ' ' || pg_temp.chat_topic('friends'), pg_temp.chat_topic('friends') || ' ', pg_temp.chat_topic('friends') || E'\n',
  pg_temp.chat_topic('friends') || ':', pg_temp.chat_topic('friends') || ':0', pg_temp.chat_topic('friends') || ':-1',
  pg_temp.chat_topic('group chat') || ':05', pg_temp.chat_topic('group chat') || ':5:5',
  pg_temp.chat_topic('group chat') || ':99999999999999999999', 'realtime:' || pg_temp.chat_topic('friends'),
  'x' || E'\n' || pg_temp.chat_topic('friends'), 'chat:'' or true --', 'user:' || upper(chat_tests.id('alice')::text), 'chat:💬'
]) as topic;

select chat_tests.act_as('dave');
select is(pg_temp.may_receive(pg_temp.chat_topic('group chat') || ':5'), '{}', 'who left does not listen any more');
select ok(not pg_temp.may_send(pg_temp.chat_topic('group chat') || ':5', 'presence'), 'nor tell their presence');
select chat_tests.act_as('stranger');
select is(pg_temp.may_receive(pg_temp.chat_topic('friends')), '{}', 'a stranger does not listen');
select ok(not pg_temp.may_send(pg_temp.chat_topic('friends'), 'presence'), 'nor tell their presence');
select chat_tests.act_as('stranger', '{"app_metadata": {"role": "moderator"}}');
select is(pg_temp.may_receive(pg_temp.chat_topic('friends')), '{}', 'a moderator of elsewhere is a stranger');
select set_config('role', 'anon', true), set_config('request.jwt.claims', '{"role": "anon"}', true);
select is(pg_temp.may_receive(topic), '{}', format('nobody is no one''s friend: %s', left(topic, 5)))
from unnest(array[pg_temp.chat_topic('friends'), pg_temp.user_topic('alice'), 'user:']) as topic;

-- The project has policies for other channels.
reset role;
create policy "everybody listens to everything" on realtime.messages for select to authenticated using (true);
create policy "everybody sends everything" on realtime.messages for insert to authenticated with check (true);
create policy "anybody listens to everything" on realtime.messages for select using (true);
create policy "anybody sends everything" on realtime.messages for insert with check (true);
select set_config('role', 'anon', true), set_config('request.jwt.claims', '{"role": "anon"}', true);
select is(pg_temp.may_receive('lobby'), array['broadcast', 'presence'], 'the project''s own channel is open to anybody');
select is(pg_temp.may_receive(topic), '{}', format('and none of the chat''s: %s', left(topic, 5)))
from unnest(array[pg_temp.chat_topic('friends'), pg_temp.user_topic('alice')]) as topic;
select ok(not pg_temp.may_send(topic, kind), format('nor does anybody tell a %s there: %s', kind, left(topic, 5)))
from unnest(array[pg_temp.chat_topic('friends'), pg_temp.user_topic('alice')]) as topic, unnest(array['broadcast', 'presence']) as kind;
select chat_tests.act_as('stranger');
select is(pg_temp.may_receive(topic), array['broadcast', 'presence'], format('the project''s own channel is open as it says: %s', topic))
from unnest(array['lobby', 'chat:lobby', 'user:alice', pg_temp.user_topic('alice') || ':notices']) as topic;
select ok(pg_temp.may_send('lobby', 'broadcast'), 'for sending as well');
select is(pg_temp.may_receive(topic), '{}', format('which opens none of the chat''s: %s', left(topic, 5)))
from unnest(array[pg_temp.chat_topic('friends'), pg_temp.user_topic('alice'), pg_temp.chat_topic('group chat') || ':5']) as topic;
select ok(not pg_temp.may_send(topic, 'broadcast'), format('nor lets anybody forge what is told there: %s', left(topic, 5)))
from unnest(array[pg_temp.chat_topic('friends'), pg_temp.user_topic('alice')]) as topic;
select chat_tests.act_as('alice');
select ok(not pg_temp.may_send(topic, 'broadcast'), format('not even its people: %s', left(topic, 5)))
from unnest(array[pg_temp.chat_topic('friends'), pg_temp.user_topic('alice')]) as topic;
select is(pg_temp.may_receive(pg_temp.chat_topic('friends')), array['broadcast', 'presence'], 'who listen as before');

select * from finish();
rollback;
