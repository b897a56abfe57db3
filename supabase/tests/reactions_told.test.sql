-- What the feed and the channels tell of reactions, of replies and of mentions.
--
-- needs: friends, rooms

begin;
select plan(38);

select chat_tests.begin_story();
select chat_tests.begin_listening();
select chat_tests.begin_feed();

select chat_tests.add_people('alice', 'bob', 'carol', 'dave');
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));
select chat_tests.give_party('carol', 'alice', 'bob', 'dave');
create function pg_temp.tell_up_to(people integer) returns void
language sql security definer
as $$ update chat.settings set value = people where name = 'told_participants' $$;

select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;
select pg_temp.say('group chat', 'hello');
select pg_temp.hear_no_more();

-- A message as an event has it: without what differs between its readers. The sender's answer is given.
create function pg_temp.for_all(answer jsonb) returns jsonb
language sql immutable
as $$
  select answer - 'replyTo' || jsonb_build_object('reactions', (
    select coalesce(jsonb_agg(one - 'mine'), '[]') from jsonb_array_elements(answer -> 'reactions') as one
  ))
$$;
create function pg_temp.send(chat text, line text, reply_to text, variadic people text[] default '{}') returns void
language plpgsql
as $$
declare
  answer constant jsonb := public.send_message(
    chat_tests.id(chat), line, reply_to_id => case when reply_to <> '' then chat_tests.id(reply_to) end, mentions => chat_tests.ids(variadic people)
  );
begin
  insert into known (name, id) values (line, (answer ->> 'id')::uuid);
  insert into seen (moment, answer) values (line, answer);
end
$$;
create function pg_temp.topics(of_event text default 'chat.updated') returns text[]
language sql
as $$
  select coalesce(array_agg(told.who order by told.who), '{}')
  from (
    select concat_ws(
      ' ', coalesce((select k.name from pg_temp.known k where h.topic = 'user:' || k.id), 'the chat'),
      case when (h.payload ->> 'mentioned')::boolean then 'mentioned' end
    ) as who
    from pg_temp.heard() h where h.event = of_event or of_event = ''
  ) as told
$$;

-- Reactions ----------------------------------------------------------------------

select chat_tests.act_as('bob');
insert into seen select 'liked', public.add_reaction(chat_tests.id('group chat'), chat_tests.id('hello'), '👍');
create function pg_temp.event_of_reaction(moment text, rev integer, person text, emoji text, added boolean) returns jsonb
language sql stable
as $$
  select jsonb_build_object(
    'chatId', chat_tests.id('group chat'), 'rev', rev, 'kind', 'upsert',
    'message', pg_temp.for_all(chat_tests.answer(moment)) || jsonb_build_object('editableUntil', chat_tests.answer('hello') -> 'editableUntil'),
    'reaction', jsonb_build_object('userId', chat_tests.id(person), 'emoji', emoji, 'added', added)
  )
$$;
select set_eq(
  'select * from pg_temp.heard()',
  $$ values (pg_temp.chat_topic('group chat'), 'message.updated', pg_temp.event_of_reaction('liked', 2, 'bob', '👍', true)) $$,
  'a reaction is told once, to the chat, with the person and the emoji and without `mine`'
);
select public.add_reaction(chat_tests.id('group chat'), chat_tests.id('hello'), '👍');
select is_empty('select * from pg_temp.heard()', 'the same reaction again is no news');
select chat_tests.act_as('alice');
insert into seen select 'liked twice', public.add_reaction(chat_tests.id('group chat'), chat_tests.id('hello'), '👍');
select is(
  (select h.payload from pg_temp.heard() h), pg_temp.event_of_reaction('liked twice', 3, 'alice', '👍', true), 'a second person is told as such'
);
insert into seen select 'taken back', public.remove_reaction(chat_tests.id('group chat'), chat_tests.id('hello'), '👍');
select is(
  (select h.payload from pg_temp.heard() h), pg_temp.event_of_reaction('taken back', 4, 'alice', '👍', false), 'so is one that is taken back'
);
select chat_tests.act_as('bob');
insert into seen select 'none', public.remove_reaction(chat_tests.id('group chat'), chat_tests.id('hello'), '👍');
select is(
  (select h.payload from pg_temp.heard() h), pg_temp.event_of_reaction('none', 5, 'bob', '👍', false), 'and the last one'
);
select public.remove_reaction(chat_tests.id('group chat'), chat_tests.id('hello'), '👍');
select is_empty('select * from pg_temp.heard()', 'what is not there is taken back without news');
select chat_tests.act_as('alice');
select public.edit_message(chat_tests.id('group chat'), chat_tests.id('hello'), 'hello all');
select is(
  (select h.payload ? 'reaction' from pg_temp.heard() h where h.event = 'message.updated'), false, 'an edit is not told as a reaction'
);
select pg_temp.tell_up_to(0);
select public.add_reaction(chat_tests.id('group chat'), chat_tests.id('hello'), '🎉');
select is(pg_temp.topics(''), array['the chat'], 'a large chat is told of a reaction as a small one is');
select pg_temp.tell_up_to(10);

-- Replies ------------------------------------------------------------------------

select pg_temp.send('group chat', 'an answer', 'hello');
select is(chat_tests.answer('an answer') #>> '{replyTo,text}', 'hello all', 'the sender''s answer quotes');
select is(
  (select h.payload -> 'message' from pg_temp.heard() h where h.event = 'message.created'), pg_temp.for_all(chat_tests.answer('an answer')),
  'the event has the id of the other message alone'
);
select is(chat_tests.answer('an answer') -> 'replyToId', to_jsonb(chat_tests.id('hello')), 'which the answer has too');
select public.add_reaction(chat_tests.id('group chat'), chat_tests.id('an answer'), '👍');
select is(
  (select array[h.payload #>> '{message,replyToId}', (h.payload -> 'message' ? 'replyTo')::text] from pg_temp.heard() h),
  array[chat_tests.id('hello')::text, 'false'], 'and a later change of it tells the same'
);

-- Mentions -----------------------------------------------------------------------

select pg_temp.send('group chat', 'bob and alice', '', 'bob', 'alice');
select is(
  pg_temp.topics(), array['alice', 'bob mentioned', 'carol', 'dave'],
  'in a small chat all are told of a message, and whom it mentions is told that; the sender''s own mention is not'
);
select pg_temp.tell_up_to(3);
select pg_temp.send('group chat', 'plain', '');
select is(pg_temp.topics(), '{}', 'a large chat tells no person of a message');
select pg_temp.send('group chat', 'bob and dave', '', 'bob', 'dave', 'alice');
select set_eq(
  $$ select * from pg_temp.heard() where event = 'chat.updated' $$,
  $$ select pg_temp.user_topic(person), 'chat.updated', jsonb_build_object(
       'chatId', chat_tests.id('group chat'), 'rev', chat_tests.answer('bob and dave') -> 'rev', 'kind', 'created', 'mentioned', true,
       'message', jsonb_build_object(
         'id', chat_tests.answer('bob and dave') -> 'id', 'senderId', chat_tests.id('alice'), 'text', 'bob and dave',
         'createdAt', chat_tests.answer('bob and dave') -> 'createdAt', 'hasAttachment', false
       )
     )
     from unnest(array['bob', 'dave']) as person $$,
  'but whom it mentions is told'
);
select public.edit_message(chat_tests.id('group chat'), chat_tests.id('bob and dave'), 'bob or dave');
select is(pg_temp.topics(), '{}', 'an edit of the text is not told to them');
select public.edit_message(chat_tests.id('group chat'), chat_tests.id('bob and dave'), 'bob or carol', chat_tests.ids('bob', 'carol'));
select is(
  pg_temp.topics(), array['carol mentioned', 'dave'], 'an edit that mentions somebody is told to them, and to those whom it no longer mentions'
);
select public.add_reaction(chat_tests.id('group chat'), chat_tests.id('bob and dave'), '👍');
select is(pg_temp.topics(''), array['the chat'], 'a reaction is not');
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('bob and dave'));
select set_eq(
  $$ select * from pg_temp.heard() where event = 'chat.updated' $$,
  $$ select pg_temp.user_topic(person), 'chat.updated', jsonb_build_object('chatId', chat_tests.id('group chat'), 'rev', c.rev, 'kind', 'deleted')
     from unnest(array['bob', 'carol']) as person, chat.chats c where c.id = chat_tests.id('group chat') $$,
  'a deletion is told to those whom it mentioned'
);
select pg_temp.tell_up_to(10);
select pg_temp.send('group chat', 'small again', '', 'bob');
select pg_temp.hear_no_more();
select public.edit_message(chat_tests.id('group chat'), chat_tests.id('small again'), 'for dave', chat_tests.ids('dave'));
select is(pg_temp.topics(), array['alice', 'bob', 'carol', 'dave mentioned'], 'in a small chat an edit is told to all');

-- A person who has come back is told nothing of the message before that: neither of a reaction nor of a mention. And
-- nobody learns from an event that the other person of a direct chat has left.
select pg_temp.say('pair', 'long ago');
select pg_temp.hear_no_more();
select public.add_reaction(chat_tests.id('pair'), chat_tests.id('long ago'), '🎉');
select set_eq(
  'select * from pg_temp.heard()',
  $$ values (pg_temp.chat_topic('pair'), 'message.updated', jsonb_build_object('chatId', chat_tests.id('pair'), 'rev', 2)) $$,
  'in a direct chat a reaction is told by its rev alone, while both are there'
);
select chat_tests.act_as('bob');
select public.leave_chat(chat_tests.id('pair'));
select chat_tests.act_as('alice');
select pg_temp.hear_no_more();
select public.add_reaction(chat_tests.id('pair'), chat_tests.id('long ago'), '😮');
select set_eq(
  'select * from pg_temp.heard()',
  $$ values (pg_temp.chat_topic('pair'), 'message.updated', jsonb_build_object('chatId', chat_tests.id('pair'), 'rev', 3)) $$,
  'and also when the other person has left'
);
select pg_temp.say('pair', 'come back');
select pg_temp.hear_no_more();
select public.add_reaction(chat_tests.id('pair'), chat_tests.id('long ago'), '👍');
select set_eq(
  'select * from pg_temp.heard()',
  $$ values (pg_temp.chat_topic('pair'), 'message.updated', jsonb_build_object('chatId', chat_tests.id('pair'), 'rev', 5)) $$,
  'and so is one to a message that this person has left behind'
);
select public.edit_message(chat_tests.id('pair'), chat_tests.id('long ago'), 'still here?', chat_tests.ids('bob'));
select set_eq(
  $$ select payload from pg_temp.heard() $$, $$ values (jsonb_build_object('chatId', chat_tests.id('pair'), 'rev', 6)) $$,
  'and so is a mention there'
);
select pg_temp.send('pair', 'an answer to bob', 'long ago', 'bob');
select is(pg_temp.topics(), array['alice', 'bob mentioned'], 'a new mention is told');

-- The feed -----------------------------------------------------------------------
-- Everything above, applied from 0, is what the pages have. Nobody's feed has more than their pages.

select pg_temp.complete('alice', 'group chat');
select chat_tests.act_as('dave');
select pg_temp.complete('dave', 'group chat');
select chat_tests.act_as('bob');
select pg_temp.complete('bob', 'pair');
select is(
  jsonb_path_query_array(public.list_changes(chat_tests.id('pair'), 0)::jsonb, '$.data[*].message.replyTo'),
  jsonb_build_array(null, jsonb_build_object('id', chat_tests.id('long ago'), 'unavailable', true)), 'bob''s feed quotes nothing from before'
);

select * from finish();
rollback;
