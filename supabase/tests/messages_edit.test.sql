-- Editing messages: who may, for how long, and what an edit changes.
--
-- needs: friends, rooms

begin;
select plan(19);

select chat_tests.begin_story();

select chat_tests.add_people('alice', 'bob', 'carol');
insert into known (name) select unnest(array['unknown message']);

-- Alice and bob are friends, and come to a party of carol's.
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));
select chat_tests.give_party('carol', 'alice', 'bob');

select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;

select chat_tests.say('pair', 'once');
select public.delete_message(chat_tests.id('pair'), chat_tests.id('once'));

-- Editing ----------------------------------------------------------------------

select chat_tests.act_as('alice');
select chat_tests.say('pair', 'a typo');
insert into seen (moment, answer) select 'rev before', to_jsonb(c.rev) from chat.chats c where c.id = chat_tests.id('pair');
insert into seen (moment, answer) select 'corrected', public.edit_message(chat_tests.id('pair'), chat_tests.id('a typo'), U&'\2003no typo ');
select is(
  (select s.answer from seen s where s.moment = 'corrected'),
  (
    select jsonb_build_object(
      'id', m.id, 'chatId', chat_tests.id('pair'), 'senderId', chat_tests.id('alice'), 'text', 'no typo', 'attachmentUrl', null, 'attachment', null,
      'clientId', null,
      'replyToId', null, 'replyTo', null, 'mentions', jsonb_build_array(), 'reactions', jsonb_build_array(),
      'createdAt', chat_tests.rfc3339(m.created_at), 'editedAt', chat_tests.rfc3339(m.edited_at),
      'editableUntil', chat_tests.rfc3339(m.created_at + interval '15 minutes'), 'rev', s.answer::bigint + 1
    )
    from public.messages m, seen s where m.id = chat_tests.id('a typo') and s.moment = 'rev before' and m.edited_at > m.created_at
  ),
  'an edit gives the message whole, with its time and the next rev'
);
select is(
  public.list_messages(chat_tests.id('pair'), 1)::jsonb -> 'data' -> 0, (select s.answer from seen s where s.moment = 'corrected'), 'as it stands in the page'
);
select is(
  (select array[c.rev::text, chat_tests.rfc3339(c.last_message_at)] from chat.chats c where c.id = chat_tests.id('pair')),
  (select array[s.answer ->> 'rev', s.answer ->> 'createdAt'] from seen s where s.moment = 'corrected'),
  'it takes the chat''s rev, and leaves its activity'
);
select is(
  public.get_chat(chat_tests.id('pair'))::jsonb -> 'lastMessage' ->> 'text', 'no typo', 'the last message follows'
);
select throws_ok(format('select public.edit_message(%s, %L)', target, 'mine'), refusal[1], refusal[2], said)
from (values
  ($$chat_tests.id('pair'), chat_tests.id('unknown message')$$, array['PT404', 'message_not_found'], 'an unknown message cannot be edited'),
  ($$chat_tests.id('pair'), null$$, array['PT404', 'message_not_found'], 'nor can null'),
  ($$chat_tests.id('group chat'), chat_tests.id('a typo')$$, array['PT404', 'message_not_found'], 'nor one under another chat''s id'),
  ($$chat_tests.id('pair'), chat_tests.id('once')$$, array['PT404', 'message_not_found'], 'nor a deleted one')
) as attempt (target, refusal, said);
select chat_tests.act_as('bob');
select throws_ok(
  $$ select public.edit_message(chat_tests.id('pair'), chat_tests.id('once'), 'mine') $$, 'PT404', 'message_not_found',
  'a deleted message is not found, also for a person who did not send it'
);
select chat_tests.act_as('bob', '{"app_metadata": {"role": "moderator"}}');
select throws_ok(
  $$ select public.edit_message(chat_tests.id('pair'), chat_tests.id('a typo'), 'mine') $$, 'PT403', 'not_sender',
  'nobody edits what another said, a moderator neither'
);

-- An edit with the same text is no change.
reset role;
create temporary table before_same_text as
select c.rev, (select count(*) from realtime.messages) as told, (select a.used from chat.allowances a where a.user_id = chat_tests.id('alice') and a.name = 'edit') as used
from chat.chats c where c.id = chat_tests.id('pair');
select chat_tests.act_as('alice');
select is(
  public.edit_message(chat_tests.id('pair'), chat_tests.id('a typo'), content)::jsonb, (select s.answer from seen s where s.moment = 'corrected'), said
)
from (values
  ('no typo', 'an edit to the same text answers the message as it is, with the time of its last change'),
  (E' no typo\n', 'and so does one to what is the same after trimming')
) as same (content, said);
reset role;
select is(
  (
    select array[c.rev, (select count(*) from realtime.messages), (select a.used from chat.allowances a where a.user_id = chat_tests.id('alice') and a.name = 'edit')]
    from chat.chats c where c.id = chat_tests.id('pair')
  ),
  (select array[b.rev, b.told, b.used] from before_same_text b), 'it takes no rev, tells nobody and counts as no edit'
);
select chat_tests.act_as('bob');
select throws_ok(
  $$ select public.edit_message(chat_tests.id('pair'), chat_tests.id('a typo'), 'no typo') $$, 'PT403', 'not_sender', 'an edit to the same text is refused to others as well'
);

reset role;
update public.messages set created_at = clock_timestamp() - interval '14 minutes 59 seconds' where id = chat_tests.id('a typo');
select chat_tests.act_as('alice');
select lives_ok(
  $$ select public.edit_message(chat_tests.id('pair'), chat_tests.id('a typo'), 'at 14:59') $$, '14:59 after sending an edit is in time'
);
reset role;
update public.messages set created_at = clock_timestamp() - interval '15 minutes 1 second' where id = chat_tests.id('a typo');
select chat_tests.act_as('alice');
select throws_ok(
  $$ select public.edit_message(chat_tests.id('pair'), chat_tests.id('a typo'), 'at 15:01') $$, 'PT403', 'edit_window_expired', 'at 15:01 it is not'
);
select throws_ok(
  $$ select public.edit_message(chat_tests.id('pair'), chat_tests.id('a typo'), 'at 14:59') $$, 'PT403', 'edit_window_expired', 'not even to the same text'
);
select is((select m.text from public.messages m where m.id = chat_tests.id('a typo')), 'at 14:59', 'the text stays');
select chat_tests.act_as('bob');
select throws_ok(
  $$ select public.edit_message(chat_tests.id('pair'), chat_tests.id('a typo'), 'at 15:01') $$, 'PT403', 'not_sender', 'a person who is not the sender is told that first'
);

select * from finish();
rollback;
