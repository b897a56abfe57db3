-- Mentions: whom a message may mention, how many are unread, and the list of them.
--
-- needs: friends, blocks, rooms

begin;
select plan(76);

select chat_tests.begin_story();

select chat_tests.add_people('alice', 'bob', 'carol', 'dave', 'eve', 'stranger');
select chat_tests.add_people(variadic array(select 'guest ' || n from generate_series(1, 51) as n));
insert into known (name) select unnest(array['nobody', 'key']);
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));
select chat_tests.give_party('carol', variadic array['alice', 'bob'] || array(select 'guest ' || n from generate_series(1, 51) as n));
select chat_tests.add_members(chat_tests.ids('party'), chat_tests.ids('dave'));

select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;

create function pg_temp.mention(chat text, line text, variadic people text[] default '{}') returns jsonb
language plpgsql
as $$
declare
  answer constant jsonb := public.send_message(chat_tests.id(chat), line, mentions => chat_tests.ids(variadic people));
begin
  insert into known (name, id) values (line, (answer ->> 'id')::uuid) on conflict do nothing;
  return answer;
end
$$;
create function pg_temp.refused(chat text, people uuid[]) returns text
language sql
as $$ select chat_tests.refusal(format('send_message(%L::uuid, ''no'', mentions => %L::uuid[])', chat_tests.id(chat), people)) $$;
create function pg_temp.issue(issue text) returns text
language sql immutable
return format('PT400 invalid_request {"path": "mentions", "issue": "%s"}', issue);
create function pg_temp.sorted(variadic people text[] default '{}') returns jsonb
language sql stable
as $$ select jsonb_agg(person order by person) from unnest(chat_tests.ids(variadic people)) as person $$;
-- What the acting person has not read of a chat: messages and mentions.
create function pg_temp.unread(chat text) returns text
language sql stable
as $$ select concat_ws(' ', room ->> 'unreadCount', room ->> 'unreadMentions') from public.get_chat(chat_tests.id(chat)) as room $$;
create function pg_temp.listed(page_limit integer default 50) returns text[]
language plpgsql
as $$
declare
  page jsonb := public.list_mentions(page_limit);
  read text[] := '{}';
  part text[];
begin
  loop
    read := read || array(select message ->> 'text' from jsonb_array_elements(page -> 'data') as message);
    exit when page ->> 'nextCursor' is null or cardinality(read) > 200;
    part := chat_tests.cursor_parts(page ->> 'nextCursor');
    if part[1] <> 'mentions' then
      raise 'a cursor of another list: %', part;
    end if;
    page := public.list_mentions(page_limit, part[2]::timestamptz, part[3]::uuid);
  end loop;
  return read;
end
$$;

-- Sending --------------------------------------------------------------------------

insert into seen select 'two', pg_temp.mention('group chat', 'bob and dave', 'dave', 'bob');
select is(chat_tests.answer('two') -> 'mentions', pg_temp.sorted('bob', 'dave'), 'a message has the people whom it mentions');
select chat_tests.act_as('bob');
select is(
  public.list_messages(chat_tests.id('group chat'), 1)::jsonb #> '{data,0}', chat_tests.answer('two') || '{"editableUntil": null}', 'others read it so'
);
select is(pg_temp.unread('group chat'), '1 1', 'one unread message mentions bob');
select is(
  public.list_mentions()::jsonb, jsonb_build_object('data', jsonb_build_array(chat_tests.answer('two') || '{"editableUntil": null}'), 'nextCursor', null),
  'it is in his list, as in the page'
);
select chat_tests.act_as('dave');
select is(pg_temp.listed(), array['bob and dave'], 'and in dave''s');
select chat_tests.act_as('carol');
select is(pg_temp.unread('group chat'), '1 0', 'it does not mention carol');
select is(public.list_mentions()::jsonb, '{"data": [], "nextCursor": null}', 'whose list is empty');
select chat_tests.act_as('alice');
select is(
  pg_temp.mention('group chat', 'myself', 'alice', 'bob') -> 'mentions', pg_temp.sorted('alice', 'bob'), 'people may mention themselves'
);
select is(pg_temp.unread('group chat') || ' ' || pg_temp.listed()::text, '0 0 {}', 'which is told to nobody');
select is(pg_temp.mention('group chat', 'none') -> 'mentions', '[]', 'an empty list mentions nobody');
select is(
  jsonb_array_length(pg_temp.mention('group chat', 'fifty', variadic array(select 'guest ' || n from generate_series(1, 50) as n)) -> 'mentions'), 50,
  'fifty may be mentioned'
);
select chat_tests.act_as('bob');
select is(pg_temp.unread('group chat'), '4 2', 'only messages that mention bob are counted');

-- What is refused --------------------------------------------------------------------

select chat_tests.act_as('alice');
create temporary table rev_before as select c.rev from chat.chats c where c.id = chat_tests.id('group chat');
select is(pg_temp.refused('group chat', people), pg_temp.issue(issue), said)
from (values
  (chat_tests.ids(variadic array(select 'guest ' || n from generate_series(1, 51) as n)), 'must have at most 50 ids', 'fifty-one may not'),
  (chat_tests.ids('bob', 'bob'), 'must not have an id twice', 'nobody is mentioned twice'),
  (array[chat_tests.id('bob'), null], 'must be a list of UUIDs', 'nor nobody'),
  (chat_tests.ids('bob', 'eve'), 'must be participants of the chat', 'nor a person who is no participant'),
  (chat_tests.ids('nobody'), 'must be participants of the chat', 'nor an unknown id, with the same text')
) as attempt (people, issue, said);
select is(pg_temp.refused('pair', chat_tests.ids('carol')), pg_temp.issue('must be participants of the chat'), 'nor a participant of another chat');
select chat_tests.act_as('stranger');
select is(pg_temp.refused('group chat', chat_tests.ids(person)), 'PT403 not_participant', format('a stranger does not learn who takes part: %s', person))
from unnest(array['bob', 'eve', 'nobody']) as person;
select chat_tests.act_as('bob');
select throws_ok(statement, '42501', 'permission denied for table mentions', format('a participant is refused: %s', statement))
from unnest(array[
  'select user_id from chat.mentions',
  $$insert into chat.mentions (chat_id, user_id, message_id, created_at) values (chat_tests.id('group chat'), chat_tests.id('bob'), chat_tests.id('none'), now())$$,
  'delete from chat.mentions'
]) as statement;
reset role;
set local role anon;
set local request.jwt.claims = '{"role": "anon"}';
select throws_ok('select public.list_mentions()', '42501', 'permission denied for function list_mentions', 'anon has no list');
select chat_tests.act_as('bob');
select is(chat_tests.refusal(format('list_mentions(%s)', page_limit)), 'PT400 invalid_request page_limit must be 1 to 100', format('nor is a page of %s', page_limit))
from unnest(array[0, 101]) as page_limit;
reset role;
select is((select c.rev from chat.chats c where c.id = chat_tests.id('group chat')), (select b.rev from rev_before b), 'nothing of that takes a rev');

-- Reading ----------------------------------------------------------------------------

select chat_tests.act_as('bob');
select is(
  public.mark_read(chat_tests.id('group chat'), chat_tests.id('bob and dave'))::jsonb, '{"unreadCount": 3, "unreadMentions": 1}', 'reading a mention tells how many are left'
);
select is(pg_temp.unread('group chat'), '3 1', 'as the chat does');
select is(
  (public.list_chats()::jsonb #>> '{data,0,unreadMentions}'), '1', 'and the list'
);
select is(
  public.mark_read(chat_tests.id('group chat'), chat_tests.id('fifty'))::jsonb, '{"unreadCount": 0, "unreadMentions": 0}', 'until none is'
);
select is(pg_temp.listed(), array['myself', 'bob and dave'], 'what is read stays in the list, newest first');

-- Editing ----------------------------------------------------------------------------

select chat_tests.act_as('alice');
select is(
  (public.edit_message(chat_tests.id('group chat'), chat_tests.id('fifty'), 'fifty less')::jsonb -> 'mentions') @> pg_temp.sorted('guest 1', 'guest 50'), true,
  'an edit without a list keeps the mentions'
);
insert into seen select 'rev', to_jsonb(c.rev) from chat.chats c where c.id = chat_tests.id('group chat');
insert into seen
select 'edited', public.edit_message(chat_tests.id('group chat'), chat_tests.id('fifty'), 'fifty less', chat_tests.ids('guest 1', 'bob', 'carol'));
select is(chat_tests.answer('edited') -> 'mentions', pg_temp.sorted('guest 1', 'bob', 'carol'), 'an edit with a list sets them');
select is(
  array[chat_tests.answer('edited') -> 'rev', to_jsonb(chat_tests.answer('edited') -> 'editedAt' <> 'null')],
  array[to_jsonb((chat_tests.answer('rev') #>> '{}')::bigint + 1), 'true'], 'it is an edit also if the text stays'
);
select is(
  public.edit_message(chat_tests.id('group chat'), chat_tests.id('fifty'), 'fifty less', chat_tests.ids('carol', 'bob', 'guest 1'))::jsonb, chat_tests.answer('edited'),
  'the same people in another order are no change'
);
select chat_tests.act_as('carol');
select is(pg_temp.unread('group chat') || ' ' || pg_temp.listed()::text, '4 1 {"fifty less"}', 'who is added has the mention');
select chat_tests.act_as('guest 1');
select is(pg_temp.listed(), array['fifty less'], 'who stays keeps it');
select chat_tests.act_as('guest 2');
select is(pg_temp.unread('group chat') || ' ' || pg_temp.listed()::text, '4 0 {}', 'who is removed does not');
select chat_tests.act_as('bob');
select is(pg_temp.unread('group chat') || ' ' || pg_temp.listed()::text, '0 0 {"fifty less",myself,"bob and dave"}', 'who has read the message has read the mention');
select chat_tests.act_as('alice');
select is(
  chat_tests.refusal(format('edit_message(chat_tests.id(''group chat''), chat_tests.id(''fifty''), ''fifty less'', %L::uuid[])', people)), pg_temp.issue(issue), said
)
from (values
  (chat_tests.ids('bob', 'eve'), 'must be participants of the chat', 'an edit mentions no other people either'),
  (chat_tests.ids('bob', 'bob'), 'must not have an id twice', 'and nobody twice')
) as attempt (people, issue, said);
select is(
  public.edit_message(chat_tests.id('group chat'), chat_tests.id('fifty'), 'fifty less', '{}')::jsonb -> 'mentions', '[]', 'an empty list removes all'
);
select chat_tests.act_as('bob');
select is(pg_temp.listed(), array['myself', 'bob and dave'], 'so bob''s list is as before');

-- Deleting ---------------------------------------------------------------------------

select chat_tests.act_as('alice');
select pg_temp.mention('group chat', 'soon deleted', 'bob', 'carol');
select chat_tests.act_as('bob');
select is(pg_temp.unread('group chat'), '1 1', 'a mention');
select chat_tests.act_as('alice');
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('soon deleted'));
select chat_tests.act_as('bob');
select is(pg_temp.unread('group chat') || ' ' || pg_temp.listed()::text, '0 0 {myself,"bob and dave"}', 'that is deleted drops out');
select chat_tests.act_as('carol');
select is(pg_temp.listed(), '{}', 'also for a moderator');
select chat_tests.act_as('dave', '{"app_metadata": {"role": "moderator"}}');
select is(
  public.list_mentions()::jsonb #> '{data,0}',
  (
    select message from jsonb_array_elements(public.list_messages(chat_tests.id('group chat'), 100)::jsonb -> 'data') as message
    where message ->> 'id' = chat_tests.id('bob and dave')::text
  ),
  'a moderator''s list has messages as their pages have them'
);

-- People who go and come back ----------------------------------------------------------

select chat_tests.act_as('alice');
select pg_temp.mention('group chat', 'dave again', 'dave');
select chat_tests.act_as('dave');
select is(pg_temp.listed(), array['dave again', 'bob and dave'], 'dave has two mentions');
reset role;
select chat_tests.remove_members(chat_tests.ids('party'), chat_tests.ids('dave'));
select chat_tests.act_as('dave');
select is(pg_temp.listed(), '{}', 'who is removed from the chat loses them');
select chat_tests.act_as('alice');
select is(
  pg_temp.refused('group chat', chat_tests.ids('dave')), pg_temp.issue('must be participants of the chat'), 'and is mentioned no more'
);
select is(
  public.edit_message(chat_tests.id('group chat'), chat_tests.id('dave again'), 'dave was here', chat_tests.ids('dave', 'bob'))::jsonb -> 'mentions',
  pg_temp.sorted('dave', 'bob'), 'but an edit may leave an old mention as it is'
);
select chat_tests.act_as('bob');
select is((pg_temp.listed())[1], 'dave was here', 'and add another');
reset role;
select chat_tests.add_members(chat_tests.ids('party'), chat_tests.ids('dave'));
select chat_tests.act_as('dave');
select is(pg_temp.listed(), array['dave was here', 'bob and dave'], 'who is added again has the history again, and its mentions');

-- The other person of a pair may have left, which nobody is told.
select chat_tests.act_as('alice');
select pg_temp.mention('pair', 'for bob', 'bob');
select chat_tests.act_as('bob');
select is(pg_temp.unread('pair'), '1 1', 'a mention in a direct chat');
select public.leave_chat(chat_tests.id('pair'));
select is((pg_temp.listed())[1], 'dave was here', 'is gone with the chat');
select chat_tests.act_as('alice');
select is(
  public.edit_message(chat_tests.id('pair'), chat_tests.id('for bob'), 'for you', chat_tests.ids('bob'))::jsonb -> 'mentions', pg_temp.sorted('bob'),
  'a person who has left is edited as one who has not'
);
select is(pg_temp.mention('pair', 'come back, bob', 'bob') -> 'mentions', pg_temp.sorted('bob'), 'and mentioned as one who has not');
select chat_tests.act_as('bob');
select is(pg_temp.unread('pair'), '1 1', 'the message brings bob back, and mentions him');
select is(pg_temp.listed(), array['come back, bob', 'dave was here', 'myself', 'bob and dave'], 'without what was before');

-- Blocked people send nothing, so they mention nobody.
reset role;
select chat_tests.block(chat_tests.id('bob'), chat_tests.id('alice'));
select chat_tests.act_as('alice');
select is(pg_temp.refused('pair', chat_tests.ids('bob')), 'PT403 blocked', 'a blocked person does not mention');
select is(
  chat_tests.refusal($$edit_message(chat_tests.id('pair'), chat_tests.id('come back, bob'), 'come back, bob', '{}')$$), 'PT403 blocked', 'nor by an edit'
);

-- Pages ------------------------------------------------------------------------------

select chat_tests.act_as('bob');
select is(pg_temp.listed(page_limit), pg_temp.listed(100), format('pages of %s give each mention once', page_limit))
from unnest(array[1, 2, 3, 4]) as page_limit;

-- Retries ----------------------------------------------------------------------------

select chat_tests.act_as('alice');
create function pg_temp.once(people uuid[]) returns jsonb
language sql
as $$ select public.send_message(chat_tests.id('group chat'), 'once', chat_tests.id('key'), mentions => people)::jsonb $$;
insert into seen select 'once', pg_temp.once(chat_tests.ids('bob', 'dave'));
select is(pg_temp.once(chat_tests.ids('dave', 'bob')), chat_tests.answer('once'), 'a retry gives the first message, whatever the order of the ids');
select is(chat_tests.refusal(format('send_message(chat_tests.id(''group chat''), ''once'', chat_tests.id(''key'')%s)', more)), 'PT409 idempotency_mismatch', said)
from (values
  ('', 'without mentions it is another message'), (format(', mentions => %L::uuid[]', chat_tests.ids('bob')), 'so is it with fewer')
) as attempt (more, said);
reset role;
select chat_tests.remove_members(chat_tests.ids('party'), chat_tests.ids('dave'));
select chat_tests.act_as('alice');
select is(pg_temp.once(chat_tests.ids('bob', 'dave')), chat_tests.answer('once'), 'a retry is answered also when a person has left by now');

-- Deleted accounts -------------------------------------------------------------------

reset role;
delete from auth.users where id = chat_tests.id('bob');
select is_empty($$ select from chat.mentions where user_id = chat_tests.id('bob') $$, 'a deleted account has no mentions');
select chat_tests.act_as('bob');
select throws_ok('select public.list_mentions()', 'PT401', 'invalid_token', 'and is told that it is deleted');
select chat_tests.act_as('alice');
select is(
  public.list_messages(chat_tests.id('group chat'), 1)::jsonb #> '{data,0,mentions}', pg_temp.sorted('bob', 'dave'), 'the message stays as it is'
);

-- More than 99 -----------------------------------------------------------------------

reset role;
delete from chat.allowances;
select chat_tests.act_as('alice');
do $$
begin
  for n in 1..99 loop
    perform public.send_message(chat_tests.id('group chat'), 'Line ' || n, mentions => chat_tests.ids('guest 51'));
  end loop;
end
$$;
select chat_tests.act_as('guest 51');
select is((public.get_chat(chat_tests.id('group chat')) ->> 'unreadMentions'), '99', '99 unread mentions are counted');
reset role;
delete from chat.allowances;
select chat_tests.act_as('alice');
select pg_temp.mention('group chat', 'the hundredth', 'guest 51'), pg_temp.mention('group chat', 'the next', 'guest 51');
select chat_tests.act_as('guest 51');
select is((public.get_chat(chat_tests.id('group chat')) ->> 'unreadMentions'), '100', '100 means more than 99');

select * from finish();
rollback;
