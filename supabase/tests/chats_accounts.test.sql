-- The direct chat of accounts that are deleted and restored.
--
-- needs: friends

begin;
select plan(49);

select chat_tests.begin_story();
select chat_tests.begin_direct_chats();

select chat_tests.add_people('grace', 'henry');
insert into known (name) select unnest(array['nobody', 'unknown chat']);
select chat_tests.befriend(chat_tests.id('grace'), chat_tests.id('henry'));

-- Accounts that go and come back -----------------------------------------------
-- A deleted account leaves its chats. A restored account has the same id, and no rows here.

reset role;
create function pg_temp.restore_account(person text) returns void
language sql security definer
as $$ insert into auth.users (id, email) values (chat_tests.id(person), chat_tests.id(person) || '@test.example') $$;
create function pg_temp.delete_account(person text) returns void
language sql security definer
as $$ delete from auth.users where id = chat_tests.id(person) $$;
-- Each row of a chat: `<who>, history from rev <n>`.
create function pg_temp.seats(chat text) returns text[]
language sql stable security definer
as $$
  select coalesce(array_agg(format('%s, history from rev %s', k.name, p.history_rev) order by k.name), '{}')
  from chat.chat_participants p join pg_temp.known k on k.id = p.user_id
  where p.chat_id = chat_tests.id(chat) and p.left_at is null
$$;

select chat_tests.act_as('grace');
insert into known select 'grace and henry', (public.open_direct_chat(chat_tests.id('henry')) ->> 'id')::uuid;
select chat_tests.say('grace and henry', 'one');
select chat_tests.act_as('henry');
select chat_tests.say('grace and henry', 'two');
select pg_temp.delete_account('henry');

-- Henry's token stays valid for an hour after that.
select throws_ok(format('select public.%s', call), 'PT401', 'invalid_token', format('a deleted account is told so: %s', split_part(call, '(', 1)))
from unnest(array[
  $$list_chats()$$,
  $$list_chats(50, now(), chat_tests.id('grace and henry'))$$,
  $$get_chat(chat_tests.id('grace and henry'))$$,
  $$get_chat(chat_tests.id('unknown chat'))$$,
  $$open_direct_chat(chat_tests.id('grace'))$$,
  $$open_direct_chat(chat_tests.id('nobody'))$$,
  $$leave_chat(chat_tests.id('grace and henry'))$$,
  $$mark_read(chat_tests.id('grace and henry'), chat_tests.id('one'))$$,
  $$list_reads(chat_tests.id('grace and henry'))$$,
  $$change_chat_settings(chat_tests.id('grace and henry'), pinned => true)$$,
  $$count_unread()$$,
  $$list_changed_chats(chat.epoch(), 0)$$,
  $$list_messages(chat_tests.id('grace and henry'))$$,
  $$send_message(chat_tests.id('grace and henry'), 'still here')$$,
  $$edit_message(chat_tests.id('grace and henry'), chat_tests.id('two'), 'still here')$$,
  $$delete_message(chat_tests.id('grace and henry'), chat_tests.id('two'))$$,
  $$add_reaction(chat_tests.id('grace and henry'), chat_tests.id('one'), '👍')$$,
  $$remove_reaction(chat_tests.id('grace and henry'), chat_tests.id('one'), '👍')$$,
  $$list_reactions(chat_tests.id('grace and henry'), chat_tests.id('one'))$$,
  $$list_mentions()$$,
  $$list_changes(chat_tests.id('grace and henry'), 0)$$,
  $$send_typing(chat_tests.id('grace and henry'))$$,
  $$reserve_upload(chat_tests.id('grace and henry'), 'a.pdf', 'application/pdf', 5)$$
]) as call;
select is_empty('select id from public.messages', 'a deleted account reads no message from the table');
select is_empty('select id from chat.chats', 'nor a chat');

select chat_tests.act_as('grace');
select is(
  public.get_chat(chat_tests.id('grace and henry'))::jsonb - array['createdAt', 'lastMessage', 'lastMessageAt'],
  (pg_temp.direct_chat_of('grace', 'henry') - array['createdAt', 'lastMessage', 'lastMessageAt']) || jsonb_build_object(
    'goneParticipants', jsonb_build_array(chat_tests.id('henry')), 'unreadCount', 1, 'rev', 2,
    'lastReadAt', (select chat_tests.rfc3339(m.created_at) from public.messages m where m.id = chat_tests.id('one')),
    'topic', 'chat:' || chat_tests.id('grace and henry') || ':1'
  ),
  'henry is still one of the pair, and gone'
);
select is(chat_tests.texts(chat_tests.id('grace and henry')), array['two', 'one'], 'his messages stay');
select chat_tests.say('grace and henry', 'three');
insert into seen (moment, answer) select 'three was said', to_jsonb(public.get_chat(chat_tests.id('grace and henry')) ->> 'lastMessageAt');
set local response.status = '';
select is(
  array(select jsonb_array_elements_text(public.open_direct_chat(chat_tests.id('henry'))::jsonb -> 'goneParticipants')),
  array[chat_tests.id('henry')::text], 'grace may go on in their chat, and open it'
);
select is(current_setting('response.status', true), '', 'it is the chat that she has');
select is(pg_temp.seats('grace and henry'), array['grace, history from rev 0'], 'neither gives henry a part in it while he is gone');

-- Grace's message makes henry a participant again.
select pg_temp.restore_account('henry');
select is(
  public.get_chat(chat_tests.id('grace and henry'))::jsonb -> 'goneParticipants', '[]', 'a restored account is not gone any more'
);
select chat_tests.act_as('henry');
select throws_ok(
  $$ select public.get_chat(chat_tests.id('grace and henry')) $$, 'PT403', 'not_participant', 'it is no participant of its old chat yet'
);
select is(public.list_chats()::jsonb - 'since', '{"data": [], "nextCursor": null}', 'its list is empty');
select chat_tests.act_as('grace');
select chat_tests.say('grace and henry', 'four');
select is(
  pg_temp.seats('grace and henry'), array['grace, history from rev 0', 'henry, history from rev 3'],
  'grace''s message gives him a part, after all that was said before'
);
select chat_tests.act_as('henry');
select is(chat_tests.texts(chat_tests.id('grace and henry')), array['four'], 'he reads that message and none before it');
select is(
  public.list_chats()::jsonb -> 'data',
  (
    select jsonb_build_array(pg_temp.direct_chat_of('grace', 'henry') || jsonb_build_object(
      'lastMessageAt', chat_tests.rfc3339(m.created_at), 'unreadCount', 1, 'rev', 4, 'historyRev', 3,
      'lastReadAt', (select s.answer #>> '{}' from seen s where s.moment = 'three was said'),
      'topic', 'chat:' || chat_tests.id('grace and henry') || ':1',
      'lastMessage', jsonb_build_object(
        'id', m.id, 'senderId', chat_tests.id('grace'), 'text', 'four', 'createdAt', chat_tests.rfc3339(m.created_at), 'hasAttachment', false
      )
    ))
    from public.messages m where m.id = chat_tests.id('four')
  ),
  'the chat is in his list, with that message unread, and read to where his history begins'
);
select chat_tests.act_as('grace');
select is(chat_tests.texts(chat_tests.id('grace and henry')), array['four', 'three', 'two', 'one'], 'grace has all of it');

-- Henry opens the chat himself.
select pg_temp.delete_account('henry');
select pg_temp.restore_account('henry');
select chat_tests.act_as('henry');
set local response.status = '';
insert into seen (moment, answer) select 'henry opens', public.open_direct_chat(chat_tests.id('grace'));
select is(
  (select s.answer from seen s where s.moment = 'henry opens'),
  pg_temp.direct_chat_of('grace', 'henry') || (
    select jsonb_build_object(
      'lastMessageAt', chat_tests.rfc3339(c.last_message_at), 'lastReadAt', chat_tests.rfc3339(c.last_message_at), 'rev', 4, 'historyRev', 4,
      'topic', 'chat:' || chat_tests.id('grace and henry') || ':2'
    )
    from chat.chats c where c.id = chat_tests.id('grace and henry')
  ),
  'he may open it by himself too, without a friendship, and it is empty'
);
select is(current_setting('response.status', true), '', 'it is the chat that the pair has');
select is(
  pg_temp.seats('grace and henry'), array['grace, history from rev 0', 'henry, history from rev 4'], 'grace''s part is as it was'
);
select chat_tests.say('grace and henry', 'five');

-- Both accounts are deleted and restored. Then one of them opens the chat.
select pg_temp.delete_account(person) from unnest(array['grace', 'henry']) as person;
select is(pg_temp.seats('grace and henry'), '{}', 'a pair may both be gone');
select pg_temp.restore_account(person) from unnest(array['grace', 'henry']) as person;
select chat_tests.act_as('grace');
insert into seen (moment, answer) select 'grace opens', public.open_direct_chat(chat_tests.id('henry'));
select is(
  (select s.answer - 'topic' from seen s where s.moment = 'grace opens'),
  (pg_temp.direct_chat_of('grace', 'henry') - 'topic') || jsonb_build_object(
    'lastMessageAt', chat_tests.rfc3339(c.last_message_at), 'lastReadAt', chat_tests.rfc3339(c.last_message_at), 'rev', 5, 'historyRev', 5
  ),
  'grace opens the chat, which is empty'
)
from chat.chats c where c.id = chat_tests.id('grace and henry');
select is(
  pg_temp.seats('grace and henry'), array['grace, history from rev 5', 'henry, history from rev 5'], 'opening gives both their part'
);
select chat_tests.act_as('henry');
select is(chat_tests.texts(chat_tests.id('grace and henry')), '{}', 'henry''s is empty as well');

-- The missing person is the one who opened the chat.
select chat_tests.say('grace and henry', 'six');
select pg_temp.delete_account('grace');
select pg_temp.restore_account('grace');
select chat_tests.act_as('grace');
select throws_ok(
  $$ select public.send_message(chat_tests.id('grace and henry'), 'I am back') $$, 'PT403', 'not_participant', 'grace sends nothing before she has a part'
);
select chat_tests.act_as('henry');
select chat_tests.say('grace and henry', 'seven');
select chat_tests.act_as('grace');
select is(chat_tests.texts(chat_tests.id('grace and henry')), array['seven'], 'henry''s message gives her one');
select chat_tests.act_as('henry');
select is(chat_tests.texts(chat_tests.id('grace and henry')), array['seven', 'six'], 'his own part is as it was');

-- Henry's row is missing and grace has left. A message completes only the sender's pair.
select pg_temp.delete_account('henry');
select chat_tests.act_as('grace');
select public.leave_chat(chat_tests.id('grace and henry'));
select pg_temp.restore_account('henry');
select chat_tests.act_as('henry');
select public.open_direct_chat(chat_tests.id('grace'));
select is(pg_temp.seats('grace and henry'), array['henry, history from rev 7'], 'opening does not bring back the other one, who has left');
select chat_tests.say('grace and henry', 'eight');
select is(
  pg_temp.seats('grace and henry'), array['grace, history from rev 7', 'henry, history from rev 7'], 'a message does'
);

select * from finish();
rollback;
