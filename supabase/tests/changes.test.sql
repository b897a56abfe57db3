-- The feed of changes, as the people of a chat, its moderators and a stranger.
--
-- needs: friends, rooms

begin;
select plan(132);

select chat_tests.begin_story();

select chat_tests.add_people('alice', 'bob', 'carol', 'stranger');
insert into known (name) select unnest(array['unknown chat']);

-- Alice and bob are friends, and come to a party of carol's.
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));
insert into known (name, id)
select 'party', chat_tests.open_room('Party', chat_tests.ids('carol'), chat_tests.ids('alice', 'bob'));
insert into known (name, id) select 'group chat', chat_tests.chat_of(chat_tests.id('party'));

-- As chat_tests.say, and keeps the answer.
create function pg_temp.say(chat text, line text) returns void
language plpgsql
as $$
declare
  answer constant jsonb := public.send_message(chat_tests.id(chat), line);
begin
  insert into known (name, id) values (line, (answer ->> 'id')::uuid);
  insert into seen (moment, answer) values (line, answer);
end
$$;

-- Edits the message with this name. The message keeps its name.
create function pg_temp.edit(chat text, line text, content text) returns void
language plpgsql
as $$
begin
  insert into seen (moment, answer) values (content, public.edit_message(chat_tests.id(chat), chat_tests.id(line), content));
end
$$;

-- Each change as a short text: `3 hello` for an upsert, `4 -hello` for a deletion.
create function pg_temp.words(data jsonb) returns text[]
language sql stable
as $$
  select coalesce(array_agg(
    format('%s %s', change ->> 'rev', case change ->> 'kind'
      when 'upsert' then change -> 'message' ->> 'text'
      when 'delete' then '-' || (select k.name from pg_temp.known k where k.id = (change ->> 'messageId')::uuid)
    end)
    order by n
  ), '{}')
  from jsonb_array_elements(data) with ordinality as one (change, n)
$$;

create function pg_temp.changes(chat text, since bigint default 0, page_limit integer default 100) returns text[]
language sql stable
as $$ select pg_temp.words(public.list_changes(chat_tests.id(chat), since, page_limit)::jsonb -> 'data') $$;

-- The messages of a client that has applied the whole feed, page by page, in the form of `list_messages`.
create function pg_temp.applied(chat text, page_limit integer) returns jsonb
language plpgsql stable
as $$
declare
  page jsonb;
  change jsonb;
  held jsonb := '{}';
  since bigint := 0;
begin
  loop
    page := public.list_changes(chat_tests.id(chat), since, page_limit);
    for change in select jsonb_array_elements(page -> 'data') loop
      if (change ->> 'rev')::bigint <= since then
        raise 'rev % after %', change ->> 'rev', since;
      end if;
      since := change ->> 'rev';
      held := case change ->> 'kind'
        when 'upsert' then held || jsonb_build_object(change -> 'message' ->> 'id', change -> 'message')
        else held - (change ->> 'messageId')
      end;
    end loop;
    exit when not (page ->> 'hasMore')::boolean;
    if since <> (page ->> 'rev')::bigint or jsonb_array_length(page -> 'data') <> page_limit then
      raise 'a page before the last one is not full or goes on elsewhere: %', page;
    end if;
  end loop;
  return (
    select coalesce(jsonb_agg(message order by message ->> 'createdAt' desc), '[]') from jsonb_each(held) as one (id, message)
  );
end
$$;

-- An answer without the topic, which realtime.test.sql tests, and without the epoch, which is tested below.
create function pg_temp.feed(chat text, since bigint, page_limit integer default 50) returns jsonb
language sql stable
as $$ select public.list_changes(chat_tests.id(chat), since, page_limit)::jsonb - array['topic', 'epoch'] $$;

-- Order, kinds, revs -------------------------------------------------------------

select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;
select is(
  pg_temp.feed('pair', 0), '{"data": [], "rev": 0, "hasMore": false}', 'nothing has changed in a new chat'
);
select pg_temp.say('pair', 'one');
select chat_tests.act_as('bob');
select pg_temp.say('pair', 'two');
select chat_tests.act_as('alice');
select pg_temp.say('pair', 'three');

select is(
  pg_temp.feed('pair', 0),
  jsonb_build_object(
    'data', (
      select jsonb_agg(jsonb_build_object(
        'rev', n, 'kind', 'upsert',
        'message', s.answer || case line when 'two' then '{"editableUntil": null}' else '{}'::jsonb end
      ) order by n)
      from unnest(array['one', 'two', 'three']) with ordinality as sent (line, n) join seen s on s.moment = line
    ),
    'rev', 3, 'hasMore', false
  ),
  'each message is told whole, in the order of the revs, as its reader sees it'
);
select is(pg_temp.changes('pair', since), expected, format('since %s', since))
from (values
  (1, array['2 two', '3 three']), (2, array['3 three']), (3, '{}'::text[])
) as ask (since, expected);
select is(pg_temp.feed('pair', 3), '{"data": [], "rev": 3, "hasMore": false}', 'since 3 it is all known, up to the chat''s rev');

select pg_temp.edit('pair', 'one', 'one, changed');
select is(pg_temp.changes('pair'), array['2 two', '3 three', '4 one, changed'], 'an edited message moves to its last rev, and is told once');
select pg_temp.edit('pair', 'one', 'one, changed again');
select is(
  pg_temp.changes('pair'), array['2 two', '3 three', '5 one, changed again'], 'edited twice, still once: what it was in between is not told'
);
select is(
  pg_temp.feed('pair', 3),
  jsonb_build_object('data', jsonb_build_array(jsonb_build_object(
    'rev', 5, 'kind', 'upsert', 'message', (select s.answer from seen s where s.moment = 'one, changed again')
  )), 'rev', 5, 'hasMore', false),
  'as the edit answered'
);

select chat_tests.act_as('bob');
select public.delete_message(chat_tests.id('pair'), chat_tests.id('two'));
select is(
  pg_temp.feed('pair', 5),
  jsonb_build_object(
    'data', jsonb_build_array(jsonb_build_object('rev', 6, 'kind', 'delete', 'messageId', chat_tests.id('two'))), 'rev', 6, 'hasMore', false
  ),
  'a deletion is a rev and an id, and nothing else'
);
select is(pg_temp.changes('pair'), array['3 three', '5 one, changed again', '6 -two'], 'it takes the message''s place');
select public.delete_message(chat_tests.id('pair'), chat_tests.id('two'));
select is(pg_temp.changes('pair', 6), '{}', 'a second deletion changes nothing');
select chat_tests.act_as('alice');
select public.delete_message(chat_tests.id('pair'), chat_tests.id('one'));
select is(pg_temp.changes('pair'), array['3 three', '6 -two', '7 -one'], 'so does the deletion of what was edited');
select doesnt_match(public.list_changes(chat_tests.id('pair'), 0)::text, 'one|two', 'alice reads no text of a deleted message');
select chat_tests.act_as('bob');
select doesnt_match(public.list_changes(chat_tests.id('pair'), 0)::text, 'one|two', 'neither does bob');

select chat_tests.act_as('alice');
select lives_ok($$ select public.mark_read(chat_tests.id('pair'), chat_tests.id('three')) $$, 'alice reads');
select throws_ok(
  $$ select public.edit_message(chat_tests.id('pair'), chat_tests.id('two'), 'two') $$, 'PT404', 'message_not_found', 'and tries what is refused'
);
select is(
  pg_temp.feed('pair', 7), '{"data": [], "rev": 7, "hasMore": false}', 'neither is a change of the chat'
);
select is(
  (select c.rev from chat.chats c where c.id = chat_tests.id('pair')), 7::bigint, 'the feed ends where the chat''s rev is'
);

-- Pages --------------------------------------------------------------------------

select chat_tests.act_as('bob');
select pg_temp.say('pair', 'four');
select is(pg_temp.feed('pair', 0, 3) - 'data', '{"rev": 7, "hasMore": true}', 'more: the next page begins after the last change');
select is(pg_temp.changes('pair', 0, 3), array['3 three', '6 -two', '7 -one'], 'the oldest come first');
select is(pg_temp.feed('pair', 7, 3) - 'data', '{"rev": 8, "hasMore": false}', 'no more: it begins after the chat''s rev');
select is(pg_temp.feed('pair', 0, 4) - 'data', '{"rev": 8, "hasMore": false}', 'a full last page has no more');
select pg_temp.edit('pair', 'four', 'four, changed');
select is(
  pg_temp.changes('pair', 7, 3), array['9 four, changed'], 'what changes between two pages is told by the later one'
);
select is(pg_temp.feed('pair', 3, 1) - 'data', '{"rev": 6, "hasMore": true}', 'a page of one');

-- Moderators -----------------------------------------------------------------------

select chat_tests.act_as('alice');
select pg_temp.say('group chat', 'hello');
select pg_temp.say('group chat', 'a secret');
select pg_temp.edit('group chat', 'a secret', 'an open secret');
select chat_tests.act_as('bob');
select pg_temp.say('group chat', 'hello yourself');
select chat_tests.act_as('alice');
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('a secret'));
select chat_tests.act_as('carol');
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('hello yourself'));

-- Alice, who sent the secret and deleted it, is not a moderator.
select chat_tests.act_as('alice');
select is(
  pg_temp.changes('group chat'), array['1 hello', '5 -a secret', '6 -hello yourself'], 'who deleted a message is told so, not what it was'
);
select doesnt_match(public.list_changes(chat_tests.id('group chat'), 0)::text, 'secret|yourself', 'its text is not there');
select results_eq(
  $$ select message_id, rev, (message).text from chat.changed_messages(chat_tests.id('group chat'), 0, 100, false) $$,
  $$ values
    (chat_tests.id('hello'), 1::bigint, 'hello'), (chat_tests.id('a secret'), 5::bigint, null), (chat_tests.id('hello yourself'), 6::bigint, null) $$,
  'a deleted message is a row without the message'
);
select results_eq(
  $$ select message_id, rev, (message).text from chat.changed_messages(chat_tests.id('group chat'), 0, 100, true) $$,
  $$ values
    (chat_tests.id('hello'), 1::bigint, 'hello'), (chat_tests.id('a secret'), 5::bigint, null), (chat_tests.id('hello yourself'), 6::bigint, null) $$,
  'nor for one who says that they are a moderator'
);
select chat_tests.act_as('bob', '{"user_metadata": {"role": "moderator"}}');
select is(
  pg_temp.changes('group chat'), array['1 hello', '5 -a secret', '6 -hello yourself'], 'what users write about themselves shows no more'
);

create function pg_temp.moderated(message text, by text) returns jsonb
language sql stable security definer
as $$
  select s.answer || jsonb_build_object(
    'editableUntil', null, 'rev', m.rev, 'deletedBy', (select k.id from known k where k.name = by),
    'deletedAt', to_char(m.deleted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
  )
  from seen s, public.messages m where s.moment = message and m.id = (s.answer ->> 'id')::uuid
$$;
select chat_tests.act_as('carol');
select is(
  pg_temp.feed('group chat', 0),
  jsonb_build_object(
    'data', jsonb_build_array(
      jsonb_build_object('rev', 1, 'kind', 'upsert', 'message', pg_temp.moderated('hello', null)),
      jsonb_build_object('rev', 5, 'kind', 'upsert', 'message', pg_temp.moderated('an open secret', 'alice')),
      jsonb_build_object('rev', 6, 'kind', 'upsert', 'message', pg_temp.moderated('hello yourself', 'carol'))
    ),
    'rev', 6, 'hasMore', false
  ),
  'the author of the event is told what was deleted, when and by whom'
);
select results_eq(
  $$ select message_id, rev, (message).text from chat.changed_messages(chat_tests.id('group chat'), 0, 100, true) $$,
  $$ values
    (chat_tests.id('hello'), 1::bigint, 'hello'), (chat_tests.id('a secret'), 5::bigint, 'an open secret'),
    (chat_tests.id('hello yourself'), 6::bigint, 'hello yourself') $$,
  'for a moderator the row has it'
);
select chat_tests.act_as('bob', '{"app_metadata": {"role": "moderator"}}');
select is(
  pg_temp.changes('group chat'), array['1 hello', '5 an open secret', '6 hello yourself'], 'so is a moderator by token'
);

-- Complete -------------------------------------------------------------------------

create function pg_temp.complete(person text, chat text) returns setof text
language sql
as $$
  select is(
    pg_temp.applied(chat, page_limit), public.list_messages(chat_tests.id(chat), 100)::jsonb -> 'data',
    format('%s applies pages of %s from 0, and has what is in the %s', person, page_limit, chat)
  )
  from unnest(array[1, 2, 3, 100]) as page_limit
$$;

select chat_tests.act_as('alice');
select pg_temp.complete('alice', 'pair');
select pg_temp.complete('alice', 'group chat');
select chat_tests.act_as('bob');
select pg_temp.complete('bob', 'pair');
select chat_tests.act_as('bob', '{"app_metadata": {"role": "moderator"}}');
select pg_temp.complete('bob, a moderator,', 'pair');
select chat_tests.act_as('carol');
select pg_temp.complete('carol, an author,', 'group chat');

-- Who is refused -------------------------------------------------------------------

select chat_tests.act_as('stranger');
select throws_ok(format('select public.list_changes(%s)', call), refusal[1], refusal[2], format('a stranger: %s', call))
from (values
  ($$chat_tests.id('pair'), 0$$, array['PT403', 'not_participant']),
  ($$chat_tests.id('group chat'), 99$$, array['PT403', 'not_participant']),
  ($$chat_tests.id('unknown chat'), 0$$, array['PT404', 'chat_not_found']),
  ($$null, 0$$, array['PT404', 'chat_not_found'])
) as attempt (call, refusal);
select is_empty(
  $$ select * from chat.changed_messages(chat_tests.id('pair'), 0, 100, true) $$, 'nor is a stranger told of the messages that have changed'
);
select chat_tests.act_as('stranger', '{"app_metadata": {"role": "moderator"}}');
select throws_ok(
  $$ select public.list_changes(chat_tests.id('pair'), 0) $$, 'PT403', 'not_participant', 'a moderator from elsewhere is one as well'
);

select chat_tests.act_as('alice');
select throws_ok(format('select public.list_changes(chat_tests.id(''pair''), %s)', arguments), 'PT400', 'invalid_request', format('refused: %s', arguments))
from unnest(array['null', '-1', '-9223372036854775808', '0, null', '0, 0', '0, -1', '0, 101', '0, 20000']) as arguments;
select lives_ok(format('select public.list_changes(chat_tests.id(''pair''), 0, %s)', page_limit), format('a limit of %s', page_limit))
from unnest(array[1, 100]) as page_limit;
reset role;
insert into public.messages (chat_id, sender_id, text, rev, created_at)
select c.id, chat_tests.id('alice'), 'line ' || n, c.rev + n, c.last_message_at + n * interval '1 microsecond'
from chat.chats c, generate_series(1, 101) as n where c.id = chat_tests.id('pair');
update chat.chats c
set rev = c.rev + 101, last_message_at = c.last_message_at + interval '101 microseconds' where c.id = chat_tests.id('pair');
select chat_tests.act_as('alice');
select is(cardinality(pg_temp.changes('pair', 9, 100)), 100, 'a page has at most 100 changes');
select is(json_array_length(public.list_changes(chat_tests.id('pair'), 9) -> 'data'), 50, '50 where nothing is said');

set local role anon;
set local request.jwt.claims = '{"role": "anon"}';
select throws_ok(
  $$ select public.list_changes(chat_tests.id('pair'), 0) $$, '42501', 'permission denied for function list_changes', 'anon is refused'
);
select throws_ok(
  $$ select chat.changed_messages(chat_tests.id('pair'), 0, 100, true) $$, '42501', 'permission denied for schema chat', 'and what is behind it is closed'
);
reset role;

-- Leaving and coming back ------------------------------------------------------------

select chat_tests.act_as('alice');
select pg_temp.say('pair', 'before leaving');
select chat_tests.act_as('bob');
select pg_temp.say('pair', 'bob, before');
select pg_temp.say('pair', 'bob, before, to be deleted');
select chat_tests.act_as('alice');
select public.leave_chat(chat_tests.id('pair'));
select throws_ok(
  $$ select public.list_changes(chat_tests.id('pair'), 0) $$, 'PT403', 'not_participant', 'who has left is refused'
);
select is_empty(
  $$ select * from chat.changed_messages(chat_tests.id('pair'), 0, 100, true) $$, 'and not told of the messages that have changed'
);
select lives_ok($$ select public.open_direct_chat(chat_tests.id('bob')) $$, 'alice comes back by herself');
select is(
  pg_temp.feed('pair', 0), '{"data": [], "rev": 113, "hasMore": false}', 'to an empty chat, all of whose revs she knows'
);
select chat_tests.act_as('bob');
select pg_temp.edit('pair', 'bob, before', 'bob, before, changed');
select public.delete_message(chat_tests.id('pair'), chat_tests.id('bob, before, to be deleted'));
select pg_temp.say('pair', 'welcome back');
select chat_tests.act_as('alice');
select is(
  pg_temp.feed('pair', 0),
  jsonb_build_object('data', jsonb_build_array(jsonb_build_object(
    'rev', 116, 'kind', 'upsert', 'message', (select s.answer || '{"editableUntil": null}' from seen s where s.moment = 'welcome back')
  )), 'rev', 116, 'hasMore', false),
  'a change of what was said before is none to her'
);
select is(
  pg_temp.feed('pair', 113, 1) - 'data', '{"rev": 116, "hasMore": false}', 'and makes no page longer'
);
select pg_temp.complete('alice, who came back,', 'pair');
select chat_tests.act_as('alice', '{"app_metadata": {"role": "moderator"}}');
select is(pg_temp.changes('pair'), array['116 welcome back'], 'it is closed to a moderator as well');
select pg_temp.complete('alice, a moderator who came back,', 'pair');
select chat_tests.act_as('bob');
select is(
  pg_temp.changes('pair', 110),
  array['111 before leaving', '114 bob, before, changed', '115 -bob, before, to be deleted', '116 welcome back'], 'to bob, who stayed, it is open'
);

select pg_temp.edit('pair', 'bob, before', 'bob, before, changed again');
select chat_tests.act_as('alice');
select is(
  pg_temp.feed('pair', 113, 1) - 'data', '{"rev": 117, "hasMore": false}',
  'a full last page ends at the chat''s rev too, past what is closed'
);
select public.leave_chat(chat_tests.id('pair'));
select chat_tests.act_as('bob');
select pg_temp.say('pair', 'at once');
select chat_tests.act_as('alice');
select is(pg_temp.changes('pair'), array['118 at once'], 'the message that brings her back again is the first of her feed');

select chat_tests.act_as('bob');
select public.leave_chat(chat_tests.id('group chat'));
select is_empty(
  $$ select * from chat.changed_messages(chat_tests.id('group chat'), 0, 100, true) $$, 'who has left a group is not told what has changed'
);
select chat_tests.act_as('alice');
select pg_temp.say('group chat', 'meanwhile');
reset role;
select chat_tests.remove_members(chat_tests.ids('party'), chat_tests.ids('bob'));
select chat_tests.add_members(chat_tests.ids('party'), chat_tests.ids('bob'));
select chat_tests.act_as('bob');
select is(pg_temp.changes('group chat', 6), array['7 meanwhile'], 'who comes back to a group goes on where they were');
select is(
  pg_temp.changes('group chat'), array['1 hello', '5 -a secret', '6 -hello yourself', '7 meanwhile'], 'and has its whole history'
);
select pg_temp.complete('bob, back in the group,', 'group chat');

-- Files ------------------------------------------------------------------------------

select chat_tests.act_as('alice');
insert into seen (moment, answer) select 'reserved', public.reserve_upload(chat_tests.id('group chat'), 'plan.pdf', 'application/pdf', 5);
select is(pg_temp.changes('group chat', 7), '{}', 'an upload that is only begun changes nothing');
reset role;
insert into storage.objects (bucket_id, name, metadata)
select 'chat-attachments', s.answer ->> 'path', '{"size": 5, "mimetype": "application/pdf"}' from seen s where s.moment = 'reserved';
select chat_tests.act_as('alice');
insert into seen (moment, answer)
select 'file', public.send_message(chat_tests.id('group chat'), attachment_path => s.answer ->> 'path') from seen s where s.moment = 'reserved';
insert into known (name, id) select 'file', (s.answer ->> 'id')::uuid from seen s where s.moment = 'file';
select chat_tests.act_as('bob');
select is(
  pg_temp.feed('group chat', 7),
  jsonb_build_object('data', jsonb_build_array(jsonb_build_object(
    'rev', 8, 'kind', 'upsert', 'message', (select s.answer || '{"editableUntil": null}' from seen s where s.moment = 'file')
  )), 'rev', 8, 'hasMore', false),
  'a message of a file is told as any'
);
select is(
  (select s.answer -> 'attachment' ->> 'fileName' from seen s where s.moment = 'file'), 'plan.pdf', 'with its file'
);
select pg_temp.complete('bob, with a file,', 'group chat');
select chat_tests.act_as('alice');
select pg_temp.edit('group chat', 'file', 'a file, named');
select chat_tests.act_as('bob');
select is(
  pg_temp.feed('group chat', 7) #> '{data,0,message,attachment}', (select s.answer -> 'attachment' from seen s where s.moment = 'file'), 'which an edit leaves'
);
select chat_tests.act_as('alice');
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('file'));
select is(
  pg_temp.feed('group chat', 7) -> 'data', jsonb_build_array(jsonb_build_object('rev', 10, 'kind', 'delete', 'messageId', chat_tests.id('file'))),
  'of its deletion no more is told than of any'
);
select chat_tests.act_as('carol');
select is(
  pg_temp.feed('group chat', 9) #> '{data,0,message,attachment}', (select s.answer -> 'attachment' from seen s where s.moment = 'file'),
  'but to a moderator'
);

-- Positions of another database --------------------------------------------------------
-- A restored database has lost the changes after its backup, so their positions are not valid any more.

select chat_tests.act_as('alice');
select matches(chat.epoch(), '^[0-9a-f]{16}$', 'an epoch is a short word');
select is(
  array[
    public.list_changes(chat_tests.id('pair'), 118) ->> 'epoch', public.list_changes(chat_tests.id('pair'), 0, 1) ->> 'epoch',
    public.get_chat(chat_tests.id('pair')) ->> 'epoch', public.list_chats()::jsonb #>> '{data,0,epoch}'
  ],
  array_fill(chat.epoch(), array[4]), 'the feed, the chat and the list of chats tell the same epoch'
);
select is(
  public.list_changes(chat_tests.id('pair'), 117, 50, chat.epoch())::jsonb, public.list_changes(chat_tests.id('pair'), 117)::jsonb,
  'a position of this epoch is as good as one without an epoch'
);
select is(
  public.list_changes(chat_tests.id('pair'), 118, 50, chat.epoch())::jsonb,
  jsonb_build_object(
    'data', jsonb_build_array(), 'rev', 118, 'epoch', chat.epoch(), 'hasMore', false, 'topic', 'chat:' || chat_tests.id('pair')
  ),
  'at the chat''s rev there is nothing new'
);
select throws_ok(format('select public.list_changes(chat_tests.id(''pair''), %s)', arguments), 'PT410', 'resync_required', said)
from (values
  ('119', 'one past the chat''s rev the caller has to load the chat again'),
  ('9223372036854775807', 'and far past it'),
  ('119, 50, chat.epoch()', 'in this epoch too'),
  ('118, 50, ''0123456789abcdef''', 'so has a caller from another epoch'),
  ('0, 50, ''0123456789abcdef''', 'even from the first rev'),
  ('118, 50, ''''', 'an empty epoch is another one'),
  ('118, 50, upper(chat.epoch())', 'and so is one in capitals')
) as attempt (arguments, said);
select throws_ok(
  $$ select public.list_changes(chat_tests.id('pair'), -1, 50, '0123456789abcdef') $$, 'PT400', 'invalid_request', 'what is wrong anyway is told first'
);
select chat_tests.act_as('stranger');
select throws_ok(
  format('select public.list_changes(chat_tests.id(%L), 0, 50, ''0123456789abcdef'')', chat), refusal[1], refusal[2], format('a stranger hears of no epoch: %s', chat)
)
from (values
  ('pair', array['PT403', 'not_participant']), ('unknown chat', array['PT404', 'chat_not_found'])
) as attempt (chat, refusal);

-- The group's chat is at rev 10. The backup has revs 1 to 4.
reset role;
delete from public.messages where chat_id = chat_tests.id('group chat') and rev > 4;
update chat.chats set rev = 4 where id = chat_tests.id('group chat');
select chat_tests.act_as('alice');
select throws_ok(
  format('select public.list_changes(chat_tests.id(''group chat''), %s)', since), 'PT410', 'resync_required', format('restored to rev 4, the chat knows no rev %s', since)
)
from unnest(array[10, 5]) as since;
select is(pg_temp.changes('group chat', 0), array['1 hello'], 'what was there before the backup is there');
select is(pg_temp.feed('group chat', 4), '{"data": [], "rev": 4, "hasMore": false}', 'a client that stands at rev 4 has missed nothing');
select pg_temp.say('group chat', 'restored ' || n) from generate_series(5, 9) as n;
select throws_ok(
  $$ select public.list_changes(chat_tests.id('group chat'), 10) $$, 'PT410', 'resync_required', 'at rev 9 the lost rev 10 is still past the end'
);
select pg_temp.say('group chat', 'restored 10');
select is(
  pg_temp.changes('group chat', 10), '{}', 'at rev 10 a rev alone does not tell that another rev 10 is meant'
);
select throws_ok(
  $$ select public.list_changes(chat_tests.id('group chat'), 10, 50, '0123456789abcdef') $$, 'PT410', 'resync_required', 'its epoch does'
);

-- A table that was loaded again has another file.
insert into seen (moment, answer) select 'epoch before', to_jsonb(chat.epoch());
reset role;
cluster chat.chats using chats_pkey;
select chat_tests.act_as('alice');
select isnt(chat.epoch(), (select s.answer #>> '{}' from seen s where s.moment = 'epoch before'), 'a table that was loaded anew is of another epoch');
select throws_ok(
  format('select public.list_changes(chat_tests.id(''group chat''), 10, 50, %L)', (select s.answer #>> '{}' from seen s where s.moment = 'epoch before')),
  'PT410', 'resync_required', 'and positions of the one before are refused'
);
select is(
  array[public.get_chat(chat_tests.id('group chat')) ->> 'epoch', public.list_changes(chat_tests.id('group chat'), 10) ->> 'epoch'],
  array_fill(chat.epoch(), array[2]), 'the chat and its feed tell the new one'
);

select * from finish();
rollback;
