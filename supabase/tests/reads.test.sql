-- Reads: how far the participants of a chat have read.
--
-- needs: friends, rooms

begin;
select plan(20);

select chat_tests.begin_story();

select chat_tests.add_people('alice', 'bob', 'carol', 'dave', 'stranger');
insert into known (name) select unnest(array['unknown chat']);
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));
select chat_tests.give_party('carol', 'alice', 'bob');
select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;

-- Each person and the message up to which they have read, by their names in the story.
create function pg_temp.reads(chat text) returns text[]
language sql stable
as $$
  select array(
    select format('%s: %s', who.name, what.name)
    from jsonb_array_elements(public.list_reads(chat_tests.id(chat))::jsonb -> 'data') as mark
    join pg_temp.known who on who.id = (mark ->> 'userId')::uuid
    join public.messages m on m.chat_id = chat_tests.id(chat) and chat_tests.rfc3339(m.created_at) = mark ->> 'lastReadAt'
    join pg_temp.known what on what.id = m.id
    order by who.name
  )
$$;

-- A direct chat ------------------------------------------------------------------

select is(public.list_reads(chat_tests.id('pair'))::jsonb, '{"data": []}', 'in a new chat nobody has read anything');
select chat_tests.act_as('bob');
select chat_tests.say('pair', line) from unnest(array['one', 'two', 'three']) as line;
select is(pg_temp.reads('pair'), array['bob: three'], 'who sends has read what they send, as they had read all before');
select chat_tests.act_as('alice');
select public.mark_read(chat_tests.id('pair'), chat_tests.id('two'));
select is(
  public.list_reads(chat_tests.id('pair'))::jsonb,
  (
    select jsonb_build_object('data', jsonb_agg(
      jsonb_build_object('userId', r.user_id, 'lastReadAt', chat_tests.rfc3339(m.created_at)) order by r.user_id
    ))
    from (values (chat_tests.id('alice'), 'two'), (chat_tests.id('bob'), 'three')) as r (user_id, line)
    join public.messages m on m.id = chat_tests.id(r.line)
  ),
  'each mark has the person, the caller too, and the time of the message'
);
select is(
  public.get_chat(chat_tests.id('pair')) ->> 'lastReadAt',
  (select chat_tests.rfc3339(m.created_at) from public.messages m where m.id = chat_tests.id('two')), 'the caller''s is that of the chat'
);
select chat_tests.act_as('bob');
select is(pg_temp.reads('pair'), array['alice: two', 'bob: three'], 'both see the same');

-- Leaving a direct chat is secret.
select chat_tests.act_as('alice');
insert into seen (moment, answer) select 'before bob leaves', public.list_reads(chat_tests.id('pair'));
select chat_tests.act_as('bob');
select public.leave_chat(chat_tests.id('pair'));
select is(chat_tests.refusal('list_reads(chat_tests.id(''pair''))'), 'PT403 not_participant', 'who has left a direct chat is refused');
select chat_tests.act_as('alice');
select is(
  public.list_reads(chat_tests.id('pair'))::jsonb, chat_tests.answer('before bob leaves'), 'the other one sees them as before'
);
select chat_tests.act_as('bob');
select public.open_direct_chat(chat_tests.id('alice'));
select chat_tests.act_as('alice');
select is(
  public.list_reads(chat_tests.id('pair'))::jsonb, chat_tests.answer('before bob leaves'), 'and when they have come back too'
);
select chat_tests.say('pair', 'four');
select is(pg_temp.reads('pair'), array['alice: two', 'bob: three'], 'a message that is sent without reading moves nobody''s mark');
reset role;
delete from auth.users where id = chat_tests.id('bob');
select chat_tests.act_as('alice');
select is(pg_temp.reads('pair'), array['alice: two'], 'with an account goes its mark');

-- A group ------------------------------------------------------------------------

select chat_tests.act_as('carol');
select chat_tests.say('group chat', line) from unnest(array['welcome', 'again']) as line;
select chat_tests.act_as('alice');
select public.mark_read(chat_tests.id('group chat'), chat_tests.id('welcome'));
select is(pg_temp.reads('group chat'), array['alice: welcome', 'carol: again'], 'who has read nothing is not there');
reset role;
select chat_tests.add_members(chat_tests.ids('party'), chat_tests.ids('dave'));
select chat_tests.act_as('alice');
select is(
  pg_temp.reads('group chat'), array['alice: welcome', 'carol: again', 'dave: again'], 'what was said before somebody joined counts as read'
);
select chat_tests.act_as('dave');
select public.leave_chat(chat_tests.id('group chat'));
select is(chat_tests.refusal('list_reads(chat_tests.id(''group chat''))'), 'PT403 not_participant', 'who has left a group is refused');
select chat_tests.act_as('alice');
select is(pg_temp.reads('group chat'), array['alice: welcome', 'carol: again'], 'and is not there');
select chat_tests.act_as('carol');
select public.delete_message(chat_tests.id('group chat'), chat_tests.id('welcome'));
select chat_tests.act_as('alice');
select is(
  (select count(*) from jsonb_array_elements(public.list_reads(chat_tests.id('group chat'))::jsonb -> 'data')), 2::bigint,
  'a mark stays where it is when its message is deleted'
);

-- Refusals -----------------------------------------------------------------------

select chat_tests.act_as('stranger');
select is(chat_tests.refusal(format('list_reads(%L)', chat_tests.id('pair'))), 'PT403 not_participant', 'a stranger is refused');
select is(chat_tests.refusal('list_reads(chat_tests.id(''unknown chat''))'), 'PT404 chat_not_found', 'an unknown chat is not found');
select is(chat_tests.refusal('list_reads(null)'), 'PT404 chat_not_found', 'nor is null');
select throws_ok('select * from chat.read_marks', '42501', null, 'nobody reads the table');
select chat_tests.act_as('bob');
select is(chat_tests.refusal(format('list_reads(%L)', chat_tests.id('pair'))), 'PT401 invalid_token', 'a deleted account is told so');

select * from finish();
rollback;
