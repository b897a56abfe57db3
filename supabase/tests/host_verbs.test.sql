-- The functions for a host's triggers that can be tested without a host: the names of chats.

begin;
select plan(6);
select chat_tests.begin_story();
insert into known (name) values ('fair'), ('dancers'), ('cooks'), ('walk');

create function pg_temp.names() returns text[]
language sql stable
return array(
  select c.name from chat.chats c where c.event_id = chat_tests.id('fair') order by c.type, c.group_id = chat_tests.id('cooks')
);

select chat.open_event_chat(chat_tests.id('fair'), 'Fair');
select chat.open_group_chat(chat_tests.id('dancers'), chat_tests.id('fair'), 'Fair — group');
select chat.open_group_chat(chat_tests.id('cooks'), chat_tests.id('fair'), 'Fair — group');

select chat.rename_event(chat_tests.id('fair'), 'Autumn Fair', 'Autumn Fair — group');
select is(
  pg_temp.names(), array['Autumn Fair', 'Autumn Fair — group', 'Autumn Fair — group'], 'an event that is renamed names its chats'
);
select chat.rename_group(chat_tests.id('cooks'), 'Cooks');
select is(pg_temp.names(), array['Autumn Fair', 'Autumn Fair — group', 'Cooks'], 'a group may have a name of its own');
select chat.rename_event(chat_tests.id('fair'), 'Winter Fair', null);
select is(pg_temp.names(), array['Winter Fair', 'Autumn Fair — group', 'Cooks'], 'and groups keep theirs where no name is given');

select lives_ok($$ select chat.rename_group(chat_tests.id('walk'), 'Walkers') $$, 'a group without a chat may be renamed');
select lives_ok($$ select chat.rename_event(chat_tests.id('walk'), 'Walk', null) $$, 'and an event without one');
select is(pg_temp.names(), array['Winter Fair', 'Autumn Fair — group', 'Cooks'], 'which changes no other chat');

select * from finish();
rollback;
