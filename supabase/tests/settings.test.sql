-- Settings: what a person has chosen for one of their chats.
--
-- needs: friends, rooms

begin;
select plan(65);

select chat_tests.begin_story();
select chat_tests.begin_listening();

select chat_tests.add_people('alice', 'bob', 'carol', 'dave', 'stranger');
insert into known (name) select unnest(array['unknown chat']);
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));
select chat_tests.give_party('carol', 'alice', 'bob', 'dave');
-- The acting person's settings for a chat.
create function pg_temp.settings(chat text) returns jsonb
language sql stable
as $$ select public.get_chat(chat_tests.id(chat))::jsonb -> 'settings' $$;
-- The acting person's chats by their names in the story: those that are archived, or the others.
create function pg_temp.listed(archived boolean) returns text[]
language sql stable
as $$
  select array(
    select k.name
    from jsonb_array_elements(public.list_chats(archived => listed.archived)::jsonb -> 'data') as room
    join pg_temp.known k on k.id = (room ->> 'id')::uuid
    order by k.name
  )
$$;
-- What a send or a reading must not write: rows of settings, with their versions.
create function pg_temp.stored() returns text[]
language sql stable security definer
as $$
  select coalesce(array_agg(concat_ws(' ', s.ctid, to_jsonb(s)) order by s.user_id, s.chat_id), '{}')
  from chat.participant_settings s
$$;
-- Lets the muting of a chat end by time.
create function pg_temp.let_time_pass(chat text) returns void
language sql security definer
as $$
  update chat.participant_settings s set muted_until = clock_timestamp()
  where s.chat_id = chat_tests.id(chat) and s.user_id = auth.uid()
$$;

select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;

-- Each setting -------------------------------------------------------------------

select is(pg_temp.settings('pair'), chat_tests.settings(), 'before a person changes anything there are defaults');
select is(pg_temp.stored(), '{}', 'which are stored nowhere');

insert into seen (moment, answer)
select 'muted', public.change_chat_settings(chat_tests.id('pair'), muted_until => '2100-01-01T00:00:00.123456Z');
select is(chat_tests.answer('muted'), public.get_chat(chat_tests.id('pair'))::jsonb, 'a change answers with the chat');
select is(
  pg_temp.settings('pair'), chat_tests.settings('{"mutedUntil": "2100-01-01T00:00:00.123456Z"}'), 'a chat can be muted until a time'
);
select public.change_chat_settings(chat_tests.id('pair'), notify => 'mentions', pinned => true);
select is(
  pg_temp.settings('pair'),
  chat_tests.settings('{"mutedUntil": "2100-01-01T00:00:00.123456Z", "notify": "mentions", "pinned": true}'),
  'what a change does not name stays as it was'
);
select is(pg_temp.settings('group chat'), chat_tests.settings(), 'settings are of one chat');
select chat_tests.act_as('bob');
select is(pg_temp.settings('pair'), chat_tests.settings(), 'and of one person');
select chat_tests.act_as('alice');
select public.change_chat_settings(chat_tests.id('pair'), muted_until => null, notify => 'none', pinned => false, marked_unread => true);
select is(pg_temp.settings('pair'), chat_tests.settings('{"notify": "none", "markedUnread": true}'), 'null ends the muting');
select public.change_chat_settings(chat_tests.id('pair'), muted_until => '2100-01-01', notify => 'all', marked_unread => false);
select public.change_chat_settings(chat_tests.id('pair'), muted_until => clock_timestamp() - interval '1 second');
select is(pg_temp.settings('pair'), chat_tests.settings(), 'and so does a time that has passed');
select public.change_chat_settings(chat_tests.id('pair'), muted_until => '9999-12-31T23:59:59.999999Z');
select is(pg_temp.settings('pair') ->> 'mutedUntil', '9999-12-31T23:59:59.999999Z', 'the last time is that of the year 9999');
select pg_temp.let_time_pass('pair');
select is(pg_temp.settings('pair'), chat_tests.settings(), 'when the time has come, the chat is not muted any more');

-- Refusals -----------------------------------------------------------------------

select is(
  chat_tests.refusal(format('change_chat_settings(chat_tests.id(''pair''), %s)', argument)),
  format('PT400 invalid_request {"path": "%s", "issue": "%s"}', path, issue), 'refused: ' || argument
)
from (values
  ('notify => ''some''', 'notify', 'must be \"all\", \"mentions\" or \"none\"'),
  ('notify => ''''', 'notify', 'must be \"all\", \"mentions\" or \"none\"'),
  ('muted_until => ''10000-01-01''', 'mutedUntil', 'must be before the year 10000'),
  ('muted_until => ''infinity''', 'mutedUntil', 'must be before the year 10000')
) as wrong (argument, path, issue);
select chat_tests.act_as('stranger');
select is(
  chat_tests.refusal('change_chat_settings(chat_tests.id(''pair''), pinned => true)'), 'PT403 not_participant', 'a stranger has no settings here'
);
select is(
  chat_tests.refusal('change_chat_settings(chat_tests.id(''unknown chat''), pinned => true)'), 'PT404 chat_not_found', 'nor anybody for no chat'
);
select is(chat_tests.refusal('change_chat_settings(null, pinned => true)'), 'PT404 chat_not_found', 'and null is no chat');
select throws_ok('select * from chat.participant_settings', '42501', null, 'nobody reads the table');
select throws_ok('update chat.participant_settings set pinned = true', '42501', null, 'nor writes it');
select chat_tests.act_as('dave');
select public.leave_chat(chat_tests.id('group chat'));
select is(
  chat_tests.refusal('change_chat_settings(chat_tests.id(''group chat''), pinned => true)'), 'PT403 not_participant', 'nor somebody who has left'
);
reset role;
select is((select count(*) from chat.participant_settings), 1::bigint, 'none of these has written anything');

-- Nobody else is told ------------------------------------------------------------

select chat_tests.act_as('bob');
select chat_tests.say('pair', 'hello');
select pg_temp.hear_no_more();
select chat_tests.act_as('alice');
select public.change_chat_settings(chat_tests.id('pair'), pinned => true, marked_unread => true);
select set_eq(
  'select * from pg_temp.heard()',
  $$ values (pg_temp.user_topic('alice'), 'chat.updated', jsonb_build_object(
    'chatId', chat_tests.id('pair'), 'rev', 1, 'kind', 'settings',
    'settings', chat_tests.settings('{"pinned": true, "markedUnread": true}'), 'unreadCount', 1, 'unreadMentions', 0
  )) $$,
  'a change is told to the person''s own devices, and to nobody else'
);
create temporary table stored_before as select pg_temp.stored() as rows;
grant select on stored_before to authenticated;
select is(
  public.change_chat_settings(chat_tests.id('pair'), pinned => true, marked_unread => true, notify => 'all', archived => false)::jsonb -> 'settings',
  chat_tests.settings('{"pinned": true, "markedUnread": true}'), 'the same again answers as before'
);
select is(public.change_chat_settings(chat_tests.id('pair'))::jsonb -> 'settings', pg_temp.settings('pair'), 'and so does a change of nothing');
select is(pg_temp.stored(), (select b.rows from stored_before b), 'they write nothing');
select is_empty('select * from pg_temp.heard()', 'and tell nobody');

-- Marked unread ------------------------------------------------------------------

select public.mark_read(chat_tests.id('pair'), chat_tests.id('hello'));
select is(pg_temp.settings('pair'), chat_tests.settings('{"pinned": true}'), 'reading ends it');
select set_eq(
  $$ select event, payload ->> 'kind' as kind, payload -> 'settings' ->> 'markedUnread' as marked, payload ->> 'unreadCount' as unread
     from pg_temp.heard() where topic = pg_temp.user_topic('alice') $$,
  $$ values ('chat.updated', 'read', null, '0'), ('chat.updated', 'settings', 'false', '0') $$,
  'and her devices are told of both'
);
select public.change_chat_settings(chat_tests.id('pair'), marked_unread => true);
select pg_temp.hear_no_more();
select public.mark_read(chat_tests.id('pair'), chat_tests.id('hello'));
select is(pg_temp.settings('pair') ->> 'markedUnread', 'false', 'also a reading that finds nothing new');
select is(
  (select array_agg(payload ->> 'kind') from pg_temp.heard()), array['settings'], 'of which her devices are told'
);
select public.mark_read(chat_tests.id('pair'), chat_tests.id('hello'));
select is_empty('select * from pg_temp.heard()', 'once');
select public.change_chat_settings(chat_tests.id('pair'), marked_unread => true);
select chat_tests.say('pair', 'an answer');
select is(pg_temp.settings('pair') ->> 'markedUnread', 'true', 'sending does not end it');
select chat_tests.act_as('bob');
select public.mark_read(chat_tests.id('pair'), chat_tests.id('an answer'));
select chat_tests.act_as('alice');
select is(pg_temp.settings('pair') ->> 'markedUnread', 'true', 'nor does what the other one reads');

-- Archived -----------------------------------------------------------------------

select is(pg_temp.listed(false), array['group chat', 'pair'], 'before anything is archived, all chats are in the list');
select is(pg_temp.listed(true), '{}', 'and none among the archived');
select public.change_chat_settings(chat_tests.id('pair'), archived => true, pinned => false, marked_unread => false);
select is(pg_temp.settings('pair'), chat_tests.settings('{"archived": true}'), 'a chat can be archived');
select is(pg_temp.listed(false), array['group chat'], 'it leaves the list');
select is(pg_temp.listed(true), array['pair'], 'and is among the archived');
select is(
  public.list_chats(archived => null)::jsonb - 'since', public.list_chats()::jsonb - 'since', 'without a choice the list is that of the others'
);
select chat_tests.act_as('bob');
select is(pg_temp.listed(true), '{}', 'for nobody else');
select chat_tests.act_as('alice');
select chat_tests.say('pair', 'my own');
select is(pg_temp.settings('pair') ->> 'archived', 'true', 'one''s own message does not end it');
select public.change_chat_settings(chat_tests.id('group chat'), archived => true);
reset role;
update stored_before set rows = pg_temp.stored();
select chat_tests.act_as('bob');
select chat_tests.say('pair', 'look here');
select is(pg_temp.stored(), (select b.rows from stored_before b), 'a message writes nothing here');
select chat_tests.act_as('alice');
select is(pg_temp.settings('pair'), chat_tests.settings(), 'but it ends the archiving');
select is(pg_temp.listed(false), array['pair'], 'so the chat is in the list again');
select is(pg_temp.listed(true), array['group chat'], 'and another one stays archived');
select chat_tests.act_as('bob');
select public.delete_message(chat_tests.id('pair'), chat_tests.id('look here'));
select chat_tests.act_as('alice');
select is(pg_temp.settings('pair') ->> 'archived', 'false', 'and stays there when the message is deleted');
select public.change_chat_settings(chat_tests.id('pair'), archived => true);
select is(pg_temp.settings('pair') ->> 'archived', 'true', 'it can be archived again');
select public.change_chat_settings(chat_tests.id('pair'), archived => false);
select is(pg_temp.listed(false), array['pair'], 'and put back');

-- Archived and muted -------------------------------------------------------------

select public.change_chat_settings(chat_tests.id('pair'), archived => true, muted_until => '2100-01-01');
select chat_tests.act_as('bob');
select chat_tests.say('pair', 'while muted');
select chat_tests.act_as('alice');
select is(pg_temp.settings('pair') ->> 'archived', 'true', 'what comes while the chat is muted does not end the archiving');
select pg_temp.let_time_pass('pair');
select is(pg_temp.settings('pair'), chat_tests.settings('{"archived": true}'), 'nor does it when the muting has ended by time');
select chat_tests.act_as('bob');
select chat_tests.say('pair', 'after the muting');
select chat_tests.act_as('alice');
select is(pg_temp.settings('pair') ->> 'archived', 'false', 'what comes after that does');
select public.change_chat_settings(chat_tests.id('pair'), muted_until => '2100-01-01');
select is(pg_temp.settings('pair') ->> 'archived', 'false', 'and muting the chat then does not archive it again');
select public.change_chat_settings(chat_tests.id('pair'), archived => true);
select chat_tests.act_as('bob');
select chat_tests.say('pair', 'while muted again');
select chat_tests.act_as('alice');
select public.change_chat_settings(chat_tests.id('pair'), muted_until => null);
select is(pg_temp.settings('pair') ->> 'archived', 'true', 'nor does it when she ends the muting');
select public.change_chat_settings(chat_tests.id('pair'), pinned => true);
select is(pg_temp.settings('pair'), chat_tests.settings('{"archived": true, "pinned": true}'), 'other settings do not end it either');
select chat_tests.act_as('bob');
select chat_tests.say('pair', 'not muted any more');
select chat_tests.act_as('alice');
select is(pg_temp.settings('pair') ->> 'archived', 'false', 'but the next message does');
select public.change_chat_settings(chat_tests.id('group chat'), archived => false);
select chat_tests.act_as('bob');
select public.change_chat_settings(chat_tests.id('group chat'), archived => true);
select is(pg_temp.listed(true), array['group chat'], 'a chat without a message can be archived too');
select chat_tests.act_as('carol');
select chat_tests.say('group chat', 'the first message');
select chat_tests.act_as('bob');
select is(pg_temp.listed(true), '{}', 'until its first message');

-- Who comes back -----------------------------------------------------------------

select chat_tests.act_as('alice');
select public.change_chat_settings(
  chat_tests.id('pair'), muted_until => '2100-01-01', notify => 'mentions', archived => true, pinned => true, marked_unread => true
);
select public.leave_chat(chat_tests.id('pair'));
select is(pg_temp.listed(true), '{}', 'a chat that she has left is not among the archived');
select chat_tests.act_as('bob');
select chat_tests.say('pair', 'come back');
select chat_tests.act_as('alice');
select is(
  pg_temp.settings('pair'), chat_tests.settings('{"mutedUntil": "2100-01-01T00:00:00.000000Z", "notify": "mentions"}'),
  'who comes back to a direct chat keeps the muting and notify, and begins anew with the others'
);
select public.change_chat_settings(chat_tests.id('pair'), marked_unread => true);
select is(
  pg_temp.settings('pair'),
  chat_tests.settings('{"mutedUntil": "2100-01-01T00:00:00.000000Z", "notify": "mentions", "markedUnread": true}'),
  'a change does not bring back the old ones'
);
select public.change_chat_settings(
  chat_tests.id('group chat'), notify => 'none', archived => true, pinned => true, marked_unread => true
);
reset role;
select chat_tests.remove_members(chat_tests.ids('party'), chat_tests.ids('alice'));
select chat_tests.add_members(chat_tests.ids('party'), chat_tests.ids('alice'));
select chat_tests.act_as('alice');
select is(pg_temp.settings('group chat'), chat_tests.settings('{"notify": "none"}'), 'and so does who is added to a group again');

-- Accounts and chats that go -----------------------------------------------------

reset role;
delete from auth.users where id = chat_tests.id('alice');
select is_empty(
  $$ select s.chat_id from chat.participant_settings s where s.user_id = chat_tests.id('alice') $$, 'with the account go its settings'
);
select chat_tests.act_as('alice');
select is(
  chat_tests.refusal('change_chat_settings(chat_tests.id(''pair''), pinned => true)'), 'PT401 invalid_token', 'a deleted account is told so'
);
reset role;
delete from chat.chats where id = chat_tests.id('group chat');
select is_empty($$ select s.user_id from chat.participant_settings s where s.chat_id = chat_tests.id('group chat') $$, 'and with a chat go those for it');

select * from finish();
rollback;
