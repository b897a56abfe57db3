-- Sending messages: who may, what comes back, the order, and retries with a clientId.
--
-- needs: friends, blocks, rooms

begin;
select plan(39);

select chat_tests.begin_story();

select chat_tests.add_people('alice', 'bob', 'carol', 'stranger');
insert into known (name) select unnest(array['unknown chat', 'key', 'key 2']);

-- Alice and bob are friends, and come to a party of carol's.
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));
select chat_tests.give_party('carol', 'alice', 'bob');

select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;

-- Sending ----------------------------------------------------------------------

set local response.status = '';
insert into seen (moment, answer) select 'sent', public.send_message(chat_tests.id('pair'), 'hello');
insert into known (name, id) select 'hello', (s.answer ->> 'id')::uuid from seen s where s.moment = 'sent';
select is(
  (select s.answer from seen s where s.moment = 'sent'),
  (
    select jsonb_build_object(
      'id', m.id, 'chatId', chat_tests.id('pair'), 'senderId', chat_tests.id('alice'), 'text', 'hello', 'attachmentUrl', null, 'attachment', null,
      'clientId', null,
      'replyToId', null, 'replyTo', null, 'mentions', jsonb_build_array(), 'reactions', jsonb_build_array(),
      'createdAt', chat_tests.rfc3339(m.created_at), 'editedAt', null,
      'editableUntil', chat_tests.rfc3339(m.created_at + interval '15 minutes'), 'rev', 1
    )
    from public.messages m where m.chat_id = chat_tests.id('pair')
  ),
  'a sent message comes back whole'
);
select is(current_setting('response.status', true), '201', 'and is 201');
select is(
  public.list_messages(chat_tests.id('pair'))::jsonb,
  (select jsonb_build_object('data', jsonb_build_array(s.answer), 'nextCursor', null, 'prevCursor', null) from seen s where s.moment = 'sent'),
  'it stands in its sender''s page as it was answered'
);
select chat_tests.act_as('bob');
select is(
  public.list_messages(chat_tests.id('pair'))::jsonb -> 'data' -> 0,
  (select s.answer || '{"editableUntil": null}' from seen s where s.moment = 'sent'),
  'and in the other''s, who cannot edit it'
);
select is(
  public.get_chat(chat_tests.id('pair'))::jsonb - array['createdAt', 'participants'],
  (
    select jsonb_build_object(
      'id', m.chat_id, 'type', 'direct', 'eventId', null, 'groupId', null, 'name', null,
      'goneParticipants', jsonb_build_array(), 'lastMessageAt', chat_tests.rfc3339(m.created_at), 'unreadCount', 1, 'unreadMentions', 0, 'settings', chat_tests.settings(), 'lastReadAt', null,
      'rev', 1, 'historyRev', 0, 'epoch', chat.epoch(), 'topic', 'chat:' || m.chat_id,
      'lastMessage', jsonb_build_object(
        'id', m.id, 'senderId', m.sender_id, 'text', 'hello', 'createdAt', chat_tests.rfc3339(m.created_at), 'hasAttachment', false
      )
    )
    from public.messages m where m.id = chat_tests.id('hello')
  ),
  'the chat tells its last message, its time and its rev'
);

select chat_tests.act_as('stranger');
select throws_ok(format('select public.%s', call), refusal[1], refusal[2], format('a stranger: %s', call))
from (values
  ($$list_messages(chat_tests.id('pair'))$$, array['PT403', 'not_participant']),
  ($$send_message(chat_tests.id('pair'), 'hi')$$, array['PT403', 'not_participant']),
  ($$send_message(chat_tests.id('pair'), 'hi', chat_tests.id('key'))$$, array['PT403', 'not_participant']),
  ($$edit_message(chat_tests.id('pair'), chat_tests.id('hello'), 'hi')$$, array['PT403', 'not_participant']),
  ($$delete_message(chat_tests.id('pair'), chat_tests.id('hello'))$$, array['PT403', 'not_participant']),
  ($$list_messages(chat_tests.id('unknown chat'))$$, array['PT404', 'chat_not_found']),
  ($$send_message(chat_tests.id('unknown chat'), 'hi')$$, array['PT404', 'chat_not_found']),
  ($$edit_message(chat_tests.id('unknown chat'), chat_tests.id('hello'), 'hi')$$, array['PT404', 'chat_not_found']),
  ($$delete_message(chat_tests.id('unknown chat'), chat_tests.id('hello'))$$, array['PT404', 'chat_not_found'])
) as attempt (call, refusal);
select chat_tests.act_as('stranger', '{"app_metadata": {"role": "moderator"}}');
select throws_ok(format('select public.%s', call), 'PT403', 'not_participant', format('a moderator from elsewhere: %s', call))
from unnest(array[
  $$list_messages(chat_tests.id('pair'))$$,
  $$delete_message(chat_tests.id('pair'), chat_tests.id('hello'))$$
]) as call;
select is_empty('select id from public.messages', 'and reads no message from the table');

reset role;
select chat_tests.block(chat_tests.id('bob'), chat_tests.id('alice'));
select chat_tests.act_as('alice');
select throws_ok($$ select public.send_message(chat_tests.id('pair'), 'hi') $$, 'PT403', 'blocked', 'a person who is blocked cannot send');
select throws_ok(
  $$ select public.edit_message(chat_tests.id('pair'), chat_tests.id('hello'), 'hi') $$, 'PT403', 'blocked', 'nor by an edit'
);
select chat_tests.act_as('bob');
select throws_ok($$ select public.send_message(chat_tests.id('pair'), 'hi') $$, 'PT403', 'blocked', 'nor can the person who blocked');
select lives_ok($$ select public.send_message(chat_tests.id('group chat'), 'hi') $$, 'a block counts only in the direct chat of the two');
reset role;
select chat_tests.unblock(chat_tests.id('bob'), chat_tests.id('alice'));
select is((select c.rev from chat.chats c where c.id = chat_tests.id('pair')), 1::bigint, 'a refused send takes no rev');

-- Order ------------------------------------------------------------------------

select results_eq(
  $$ select m.rev from public.messages m where m.chat_id = chat_tests.id('pair') order by m.created_at $$,
  $$ select generate_series(1, (select c.rev from chat.chats c where c.id = chat_tests.id('pair'))) $$,
  'rev counts the messages without a hole, in the order of creation'
);
select is(
  (select count(distinct m.created_at) from public.messages m where m.chat_id = chat_tests.id('pair')),
  (select c.rev from chat.chats c where c.id = chat_tests.id('pair')),
  'no two were created at one time'
);
select is(
  (select c.last_message_at from chat.chats c where c.id = chat_tests.id('pair')),
  (select max(m.created_at) from public.messages m where m.chat_id = chat_tests.id('pair')),
  'the chat''s activity is the newest one''s time'
);
-- A clock that was set back gives times in the past. The order of messages must not change.
update chat.chats set last_message_at = '2100-01-01 00:00:00.000001+00' where id = chat_tests.id('group chat');
select chat_tests.act_as('bob');
select is(
  public.send_message(chat_tests.id('group chat'), 'after the clock went back') ->> 'createdAt', '2100-01-01T00:00:00.000002Z',
  'a message is later than the one before it, whatever the clock says'
);
select is(
  public.send_message(chat_tests.id('group chat'), 'and on') ->> 'createdAt', '2100-01-01T00:00:00.000003Z', 'and so is the next'
);

-- Idempotent sends -------------------------------------------------------------

select chat_tests.act_as('alice');
insert into seen (moment, answer) select 'first', public.send_message(chat_tests.id('pair'), 'once', chat_tests.id('key'));
insert into known (name, id) select 'once', (s.answer ->> 'id')::uuid from seen s where s.moment = 'first';
select is((select s.answer ->> 'clientId' from seen s where s.moment = 'first'), chat_tests.id('key')::text, 'a message tells its clientId');
set local response.status = '';
select is(
  public.send_message(chat_tests.id('pair'), ' once ', chat_tests.id('key'))::jsonb, (select s.answer from seen s where s.moment = 'first'),
  'the same text and key again give the first message'
);
select is(current_setting('response.status', true), '', 'a retry is not 201');
select throws_ok(
  $$ select public.send_message(chat_tests.id('pair'), 'twice', chat_tests.id('key')) $$, 'PT409', 'idempotency_mismatch',
  'another text with the key is a mismatch'
);
select is(
  (select c.rev from chat.chats c where c.id = chat_tests.id('pair')), (select (s.answer ->> 'rev')::bigint from seen s where s.moment = 'first'),
  'neither wrote anything'
);
select isnt(
  public.send_message(chat_tests.id('group chat'), 'once', chat_tests.id('key')) ->> 'id', chat_tests.id('once')::text,
  'in another chat the key is another one'
);
select chat_tests.act_as('bob');
select isnt(
  public.send_message(chat_tests.id('pair'), 'once', chat_tests.id('key')) ->> 'id', chat_tests.id('once')::text, 'and so it is for another sender'
);

select chat_tests.act_as('alice');
insert into seen (moment, answer) select 'edited', public.edit_message(chat_tests.id('pair'), chat_tests.id('once'), 'changed');
select is(
  public.send_message(chat_tests.id('pair'), 'once', chat_tests.id('key'))::jsonb, (select s.answer from seen s where s.moment = 'edited'),
  'an edited message still answers its own retry, as it is now'
);
select throws_ok(
  $$ select public.send_message(chat_tests.id('pair'), 'changed', chat_tests.id('key')) $$, 'PT409', 'idempotency_mismatch',
  'the text of the edit was not sent with this key'
);
select public.delete_message(chat_tests.id('pair'), chat_tests.id('once'));
select throws_ok(
  $$ select public.send_message(chat_tests.id('pair'), 'once', chat_tests.id('key')) $$, 'PT404', 'message_not_found',
  'a deleted message does not come back by a retry'
);
select throws_ok(
  $$ select public.send_message(chat_tests.id('pair'), 'twice', chat_tests.id('key')) $$, 'PT409', 'idempotency_mismatch',
  'and its key is not free for another text'
);
reset role;
select chat_tests.block(chat_tests.id('bob'), chat_tests.id('alice'));
select chat_tests.act_as('alice');
select throws_ok(
  $$ select public.send_message(chat_tests.id('pair'), 'a new one', chat_tests.id('key 2')) $$, 'PT403', 'blocked', 'a key does not get past a block'
);
reset role;
select chat_tests.unblock(chat_tests.id('bob'), chat_tests.id('alice'));

select * from finish();
rollback;
