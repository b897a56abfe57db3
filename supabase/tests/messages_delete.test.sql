-- Deleting messages, and what moderators see of deleted ones.
--
-- needs: friends, rooms

begin;
select plan(34);

select chat_tests.begin_story();

select chat_tests.add_people('alice', 'bob', 'carol');
insert into known (name) select unnest(array['unknown message']);

-- Alice and bob are friends, and come to a party of carol's.
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));
select chat_tests.give_party('carol', 'alice', 'bob');

select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;

select chat_tests.say('group chat', 'hello');

-- Deleting ---------------------------------------------------------------------

select chat_tests.act_as('alice');
select chat_tests.say('group chat', 'stays');
select chat_tests.say('group chat', 'goes');
select chat_tests.act_as('bob');
insert into seen (moment, answer) select 'bob unread', public.get_chat(chat_tests.id('group chat'));
select throws_ok(
  $$ select public.delete_message(chat_tests.id('group chat'), chat_tests.id('goes')) $$, 'PT403', 'not_sender', 'bob does not delete what alice said'
);
select throws_ok(format('select public.delete_message(%s)', target), 'PT404', 'message_not_found', said)
from (values
  ($$chat_tests.id('group chat'), chat_tests.id('unknown message')$$, 'an unknown message cannot be deleted'),
  ($$chat_tests.id('pair'), chat_tests.id('goes')$$, 'nor one under another chat''s id')
) as attempt (target, said);
select chat_tests.act_as('alice');
select lives_ok($$ select public.delete_message(chat_tests.id('group chat'), chat_tests.id('goes')) $$, 'alice deletes it');
select is(
  (select c.rev from chat.chats c where c.id = chat_tests.id('group chat')),
  (select (s.answer ->> 'rev')::bigint + 1 from seen s where s.moment = 'bob unread'), 'the deletion takes the next rev'
);
select lives_ok($$ select public.delete_message(chat_tests.id('group chat'), chat_tests.id('goes')) $$, 'a second time is no error');
select is(
  (select c.rev from chat.chats c where c.id = chat_tests.id('group chat')),
  (select (s.answer ->> 'rev')::bigint + 1 from seen s where s.moment = 'bob unread'), 'and takes none'
);
select ok(not 'goes' = any (chat_tests.texts(chat_tests.id('group chat'))), 'it is gone from the sender''s own page');
select is_empty($$ select id from public.messages where id = chat_tests.id('goes') $$, 'and from the table as she reads it');
select chat_tests.act_as('bob');
select ok(not 'goes' = any (chat_tests.texts(chat_tests.id('group chat'))), 'it is gone from bob''s page');
select is_empty($$ select id from public.messages where deleted_at is not null $$, 'he reads no deleted message from the table');
select is(
  public.get_chat(chat_tests.id('group chat'))::jsonb -> 'lastMessage' ->> 'text', 'stays', 'the last message is the one before'
);
select is(
  (public.get_chat(chat_tests.id('group chat')) ->> 'unreadCount')::integer,
  (select (s.answer ->> 'unreadCount')::integer - 1 from seen s where s.moment = 'bob unread'), 'and one fewer is unread'
);
select throws_ok(
  $$ select public.delete_message(chat_tests.id('group chat'), chat_tests.id('goes')) $$, 'PT404', 'message_not_found',
  'for bob the deleted message does not exist'
);
reset role;
select is(
  (select array[m.text, m.deleted_by::text] from public.messages m where m.id = chat_tests.id('goes')),
  array['goes', chat_tests.id('alice')::text], 'the row is kept, and tells who deleted it'
);

-- Moderators -------------------------------------------------------------------

create function pg_temp.as_moderated(message_id uuid) returns jsonb
language sql stable security definer
as $$
  select jsonb_build_object(
    'id', m.id, 'chatId', m.chat_id, 'senderId', m.sender_id, 'text', m.text, 'attachmentUrl', null,
    'attachment', null, 'clientId', m.client_id,
    'replyToId', null, 'replyTo', null, 'mentions', jsonb_build_array(), 'reactions', jsonb_build_array(),
    'createdAt', chat_tests.rfc3339(m.created_at), 'editedAt', chat_tests.rfc3339(m.edited_at), 'editableUntil', null, 'rev', m.rev,
    'deletedAt', chat_tests.rfc3339(m.deleted_at), 'deletedBy', m.deleted_by
  )
  from public.messages m where m.id = as_moderated.message_id
$$;

select chat_tests.act_as('bob', '{"app_metadata": {"role": "moderator"}}');
select is(
  public.list_messages(chat_tests.id('group chat'), 2)::jsonb -> 'data',
  jsonb_build_array(pg_temp.as_moderated(chat_tests.id('goes')), pg_temp.as_moderated(chat_tests.id('stays'))),
  'a moderator by token sees deleted messages, and who deleted them'
);
select isnt_empty($$ select id from public.messages where id = chat_tests.id('goes') $$, 'also in the table');
select is(
  chat_tests.read_by_pages('group chat', page_limit),
  array(select m.id::text from public.messages m where m.chat_id = chat_tests.id('group chat') order by m.created_at desc),
  format('a moderator''s pages of %s give each message once, newest first', page_limit)
)
from unnest(array[1, 3]) as page_limit;
select is(
  public.get_chat(chat_tests.id('group chat'))::jsonb -> 'lastMessage' ->> 'text', 'stays', 'the last message is the same one as for all'
);
select chat_tests.act_as('bob', '{"app_metadata": {"role": "editor"}}');
select is_empty($$ select id from public.messages where id = chat_tests.id('goes') $$, 'another role of the token shows nothing');
select chat_tests.act_as('bob', '{"user_metadata": {"role": "moderator"}}');
select is_empty($$ select id from public.messages where id = chat_tests.id('goes') $$, 'nor does user_metadata');

select chat_tests.act_as('carol');
select is(
  public.list_messages(chat_tests.id('group chat'), 1)::jsonb -> 'data', jsonb_build_array(pg_temp.as_moderated(chat_tests.id('goes'))),
  'an author of the event moderates its groups'' chats without such a token'
);
select lives_ok(
  $$ select public.delete_message(chat_tests.id('group chat'), chat_tests.id('stays')) $$, 'and deletes what others said'
);
select lives_ok($$ select public.delete_message(chat_tests.id('group chat'), chat_tests.id('goes')) $$, 'a second deletion is no error');
select is(
  (select m.deleted_by from public.messages m where m.id = chat_tests.id('goes')), chat_tests.id('alice'), 'and changes nothing'
);
select chat_tests.act_as('alice');
select ok(not 'stays' = any (chat_tests.texts(chat_tests.id('group chat'))), 'a message that a moderator deleted is gone for its sender');
select lives_ok(
  $$ select public.delete_message(chat_tests.id('group chat'), chat_tests.id('stays')) $$, 'and its sender may delete it again'
);

select chat_tests.act_as('carol');
select public.leave_chat(chat_tests.id('group chat'));
select throws_ok(
  $$ select public.delete_message(chat_tests.id('group chat'), chat_tests.id('hello')) $$, 'PT403', 'not_participant',
  'an author who has left the chat moderates it no more'
);
select is_empty('select id from public.messages', 'and reads nothing of it');
select chat_tests.act_as('carol', '{"app_metadata": {"role": "moderator"}}');
select is_empty('select id from public.messages', 'also with a moderator''s token');

-- A person who has left a direct chat and come back does not see its earlier messages.
select chat_tests.act_as('bob');
select chat_tests.say('pair', 'before leaving');
select public.leave_chat(chat_tests.id('pair'));
select chat_tests.act_as('alice');
select chat_tests.say('pair', 'come back');
select chat_tests.act_as('bob', '{"app_metadata": {"role": "moderator"}}');
select is(chat_tests.texts(chat_tests.id('pair')), array['come back'], 'messages from before a person left are closed to them, also as a moderator');
select throws_ok(format('select public.%s', call), 'PT404', 'message_not_found', format('and so for %s', split_part(call, '(', 1)))
from unnest(array[
  $$edit_message(chat_tests.id('pair'), chat_tests.id('before leaving'), 'x')$$,
  $$delete_message(chat_tests.id('pair'), chat_tests.id('before leaving'))$$
]) as call;

select * from finish();
rollback;
