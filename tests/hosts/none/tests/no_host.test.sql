-- The chat without a host: its migrations run, its API answers, and nobody can open a chat.

begin;
select plan(8);
select chat_tests.begin_story();
select chat_tests.add_people('alice', 'bob');

select is(chat_tests.provides(), '{}', 'there is no host');
select is_empty(
  $$ select schema_name from information_schema.schemata where schema_name = 'example_host' $$, 'not even the example'
);
select chat_tests.act_as('alice');
select throws_ok(
  $$ select public.open_direct_chat(chat_tests.id('bob')) $$, 'PT403', 'not_friends', 'nobody has a friend to open a chat with'
);
select is(public.list_chats()::jsonb - 'since', '{"data": [], "nextCursor": null}', 'a list of chats is empty');
select throws_ok(
  $$ select public.get_chat(gen_random_uuid()) $$, 'PT404', 'chat_not_found', 'an unknown chat is not found'
);
select is_empty('select id from public.messages', 'there is nothing to read');
select is_empty('select chat.moderated_chats()', 'nor to moderate');
reset role;
select is(
  (
    select array[chat.is_blocked(chat_tests.id('alice'), chat_tests.id('bob'))::text, count(e)::text, count(g)::text]
    from (select) as one
    left join chat.event_participants(gen_random_uuid()) as e on true
    left join chat.group_participants(gen_random_uuid()) as g on true
  ),
  array['false', '0', '0'], 'the stubs answer that there is nobody'
);

select * from finish();
rollback;
