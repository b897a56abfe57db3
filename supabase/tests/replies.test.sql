-- Replies: to which message a message may reply, and who sees what of that message.
--
-- needs: friends, rooms

begin;
select plan(39);

select chat_tests.begin_story();
select chat_tests.begin_uploads();

select chat_tests.add_people('alice', 'bob', 'carol', 'stranger');
insert into known (name) select unnest(array['unknown message', 'key', 'key 2']);
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('carol'));
select chat_tests.give_party('carol', 'alice', 'bob');

select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;
insert into known (name, id) select 'other pair', (public.open_direct_chat(chat_tests.id('carol')) ->> 'id')::uuid;

create function pg_temp.reply(chat text, to_line text, line text, client_id uuid default null) returns jsonb
language plpgsql
as $$
declare
  answer constant jsonb := public.send_message(chat_tests.id(chat), line, client_id, reply_to_id => chat_tests.id(to_line));
begin
  insert into known (name, id) values (line, (answer ->> 'id')::uuid) on conflict do nothing;
  return answer;
end
$$;
create function pg_temp.quoted(chat text, line text) returns jsonb
language sql stable
as $$
  select message -> 'replyTo' from jsonb_array_elements(public.list_messages(chat_tests.id(chat), 100)::jsonb -> 'data') as message
  where message ->> 'id' = chat_tests.id(line)::text
$$;
create function pg_temp.fed(chat text, line text) returns jsonb
language sql stable
as $$
  select change #> '{message,replyTo}' from jsonb_array_elements(public.list_changes(chat_tests.id(chat), 0, 100)::jsonb -> 'data') as change
  where change #>> '{message,id}' = chat_tests.id(line)::text
$$;
create function pg_temp.refused(chat text, to_line text) returns text
language sql
as $$ select chat_tests.refusal(format('send_message(%L::uuid, ''no'', reply_to_id => %L::uuid)', chat_tests.id(chat), chat_tests.id(to_line))) $$;
create function pg_temp.unavailable(line text) returns jsonb
language sql stable
as $$ select jsonb_build_object('id', chat_tests.id(line), 'unavailable', true) $$;
create function pg_temp.no_reply() returns text
language sql immutable
return 'PT400 invalid_request {"path": "replyToId", "issue": "must be a message of this chat that you can read"}';

-- What is quoted -------------------------------------------------------------------

select chat_tests.say('group chat', 'hello');
select chat_tests.act_as('bob');
insert into seen select 'reply', pg_temp.reply('group chat', 'hello', 'hello yourself');
select is(
  chat_tests.answer('reply') -> 'replyTo',
  jsonb_build_object('id', chat_tests.id('hello'), 'senderId', chat_tests.id('alice'), 'text', 'hello', 'hasAttachment', false),
  'a reply quotes its message'
);
select is(chat_tests.answer('reply') -> 'replyToId', to_jsonb(chat_tests.id('hello')), 'and has its id');
select is(current_setting('response.status', true), '201', 'it is sent as every message');
select chat_tests.act_as('alice');
select is(pg_temp.quoted('group chat', 'hello yourself'), chat_tests.answer('reply') -> 'replyTo', 'others read it so');
select is(pg_temp.fed('group chat', 'hello yourself'), chat_tests.answer('reply') -> 'replyTo', 'in the feed too');
select public.edit_message(chat_tests.id('group chat'), chat_tests.id('hello'), repeat('👍', 141));
select is(pg_temp.quoted('group chat', 'hello yourself') ->> 'text', repeat('👍', 140), 'the quote is the text of now, and its first 140 characters');
select pg_temp.send_file('group chat', 'file');
insert into seen select 'reply to a file', pg_temp.reply('group chat', 'file', 'a file');
select is(
  chat_tests.answer('reply to a file') -> 'replyTo',
  jsonb_build_object('id', chat_tests.id('file'), 'senderId', chat_tests.id('alice'), 'text', null, 'hasAttachment', true), 'a file has no text'
);
select is(
  pg_temp.reply('group chat', 'hello yourself', 'a reply to a reply') -> 'replyTo' ->> 'text', 'hello yourself', 'a reply may have replies, which quote it alone'
);
select is(
  public.edit_message(chat_tests.id('group chat'), chat_tests.id('a reply to a reply'), 'edited')::jsonb - array['text', 'editedAt', 'rev'],
  (
    select message - array['text', 'editedAt', 'rev'] from jsonb_array_elements(public.list_messages(chat_tests.id('group chat'), 1)::jsonb -> 'data') as message
  ),
  'an edit changes nothing of a reply'
);
select is(pg_temp.quoted('group chat', 'a file') ->> 'id', chat_tests.id('file')::text, 'each message quotes its own');
select chat_tests.say('group chat', 'plain');
select is(pg_temp.quoted('group chat', 'plain'), 'null', 'a message that is no reply quotes nothing');

-- What cannot be replied to ----------------------------------------------------------

select chat_tests.say('pair', 'to bob');
select chat_tests.say('other pair', 'to carol');
select chat_tests.say('group chat', 'deleted');
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('deleted'));
create temporary table rev_before as select c.rev from chat.chats c where c.id = chat_tests.id('group chat');
grant select on rev_before to authenticated;
select chat_tests.act_as('bob');
select is(pg_temp.refused('group chat', line), pg_temp.no_reply(), format('one text for all: %s', line))
from unnest(array['deleted', 'to bob', 'to carol', 'unknown message']) as line;
select chat_tests.act_as('carol');
select is(pg_temp.refused('group chat', 'deleted'), pg_temp.no_reply(), 'a moderator does not reply to a deleted message either');
select chat_tests.act_as('stranger');
select is(pg_temp.refused('group chat', line), 'PT403 not_participant', format('a stranger learns nothing: %s', line))
from unnest(array['plain', 'deleted', 'unknown message']) as line;
select is((select c.rev from chat.chats c where c.id = chat_tests.id('group chat')), null, 'nor of the chat');
reset role;
select is((select c.rev from chat.chats c where c.id = chat_tests.id('group chat')), (select b.rev from rev_before b), 'nothing of that takes a rev');

-- Deleted messages -------------------------------------------------------------------

select chat_tests.act_as('alice');
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('file'));
select is(pg_temp.quoted('group chat', 'a file'), pg_temp.unavailable('file'), 'a deleted message is quoted no more');
select is(pg_temp.fed('group chat', 'a file'), pg_temp.unavailable('file'), 'nor in the feed');
select chat_tests.act_as('carol');
select is(pg_temp.quoted('group chat', 'a file'), pg_temp.unavailable('file'), 'nor to a moderator, who sees it in its place');
select is(pg_temp.fed('group chat', 'a file'), pg_temp.unavailable('file'), 'nor in a moderator''s feed');
select chat_tests.act_as('alice');
select is(
  public.edit_message(chat_tests.id('group chat'), chat_tests.id('a file'), 'it is gone')::jsonb -> 'replyTo', pg_temp.unavailable('file'), 'nor when the reply is edited'
);
select is(
  public.add_reaction(chat_tests.id('group chat'), chat_tests.id('a file'), '👍')::jsonb -> 'replyTo', pg_temp.unavailable('file'), 'nor after a reaction'
);

-- Histories --------------------------------------------------------------------------

select pg_temp.reply('pair', 'to bob', 'once more');
select chat_tests.act_as('bob');
select public.leave_chat(chat_tests.id('pair'));
select chat_tests.act_as('alice');
insert into seen select 'quoting', pg_temp.reply('pair', 'to bob', 'do you remember');
select is(chat_tests.answer('quoting') #>> '{replyTo,text}', 'to bob', 'alice quotes what she still sees');
select chat_tests.act_as('bob', '{"app_metadata": {"role": "moderator"}}');
select is(pg_temp.quoted('pair', 'do you remember'), pg_temp.unavailable('to bob'), 'bob, who has come back, does not get it quoted, also as a moderator');
select is(pg_temp.fed('pair', 'do you remember'), pg_temp.unavailable('to bob'), 'nor in his feed');
select is(
  public.add_reaction(chat_tests.id('pair'), chat_tests.id('do you remember'), '👍')::jsonb -> 'replyTo', pg_temp.unavailable('to bob'), 'nor when he reacts'
);
select is(pg_temp.refused('pair', 'to bob'), pg_temp.no_reply(), 'and he does not reply to it');
select is(
  pg_temp.reply('pair', 'do you remember', 'no') #>> '{replyTo,text}', 'do you remember', 'he replies to what he sees'
);

-- Retries ----------------------------------------------------------------------------

select chat_tests.act_as('alice');
insert into seen select 'first', pg_temp.reply('group chat', 'plain', 'once', chat_tests.id('key'));
select is(pg_temp.reply('group chat', 'plain', 'once', chat_tests.id('key')), chat_tests.answer('first'), 'a retry gives the first message');
select is(
  chat_tests.refusal(format('send_message(chat_tests.id(''group chat''), ''once'', chat_tests.id(''key'')%s)', more)), 'PT409 idempotency_mismatch', said
)
from (values
  ('', 'the same text as no reply is another message'),
  (format(', reply_to_id => %L::uuid', chat_tests.id('hello')), 'so is it as a reply to another message')
) as attempt (more, said);
select chat_tests.say('group chat', 'soon gone');
select pg_temp.reply('group chat', 'soon gone', 'quick', chat_tests.id('key 2'));
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('soon gone'));
select is(
  pg_temp.reply('group chat', 'soon gone', 'quick', chat_tests.id('key 2')) -> 'replyTo', pg_temp.unavailable('soon gone'),
  'a retry is answered also when its message is deleted by now'
);

-- The function that quotes answers for its caller alone, with any ids.
select chat_tests.act_as('stranger');
select is(
  chat.to_reply_to(chat_tests.id('group chat'), chat_tests.id('plain'))::jsonb, pg_temp.unavailable('plain'), 'a stranger gets no quote from the function itself'
);
select chat_tests.act_as('bob');
select is(
  chat.to_reply_to(chat_tests.id('group chat'), chat_tests.id('to carol'))::jsonb, pg_temp.unavailable('to carol'), 'nor a participant of another chat'
);

select * from finish();
rollback;
