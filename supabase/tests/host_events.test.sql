-- Whether the host application does what the chat needs: `cargo xtask test host`. This file checks
-- events, rooms, groups and deleted accounts; `host_interface.test.sql` checks the rest.
-- It uses the host only through the functions of `001_host.test.sql`, and checks the parts that
-- `chat_tests.provides()` names.
--
-- The name of a check is what is wrong when it fails: a function of the interface, a function for the host's triggers,
-- or a helper of the tests.

begin;
select * from no_plan();

select chat_tests.begin_story();
select chat_tests.add_people('ann', 'ben', 'cleo', 'dan', 'eve', 'fay', 'gus');

-- The names of the people that a function of the interface returns for an event or a group; `?` for a stranger.
create function pg_temp.people(interface text, source uuid) returns text
language sql
as $$
  select chat_tests.value_of(format(
    $sql$ select string_agg(coalesce(k.name, '?'), ', ' order by k.name)
          from (select distinct p from %s(%L) as p) as p left join pg_temp.known k on k.id = p.p $sql$,
    interface, source
  ))
$$;

-- The names of the participants of the chat of an event, a group or a room.
create function pg_temp.seated(source uuid) returns text
language sql
as $$
  select string_agg(coalesce(k.name, '?'), ', ' order by k.name)
  from chat.chat_participants p left join pg_temp.known k on k.id = p.user_id
  where p.chat_id = chat_tests.chat_of(source) and p.left_at is null
$$;

-- The name of the chat of an event, a group or a room.
create function pg_temp.name_of(source uuid) returns text
language sql
as $$ select c.name from chat.chats c where c.id = chat_tests.chat_of(source) $$;

create function pg_temp.chats_at(event uuid) returns bigint
language sql
as $$ select count(*) from chat.chats c where c.event_id = event $$;

-- Whether a person moderates the chat of an event, a group or a room.
create function pg_temp.moderates(person text, source uuid) returns text
language plpgsql
as $$
begin
  perform chat_tests.claim(chat_tests.id(person));
  return chat_tests.value_of(format('chat.is_moderator(%L)', chat_tests.chat_of(source)));
end
$$;

-- Events -------------------------------------------------------------------------

create function pg_temp.check_events() returns setof text
language plpgsql
as $$
declare
  fair uuid;
  walk uuid;
  chat_before uuid;
  name_before text;
begin
  if not chat_tests.provided('events') then
    return;
  end if;
  fair := chat_tests.draft_event('Spring Fair', chat_tests.ids('ann', 'ben'));
  return query select chat_tests.let_host(format('chat_tests.publish_event(%L)', fair));
  return next is(pg_temp.people('chat.event_participants', fair), 'ann, ben', 'chat.event_participants: must answer the people of the event');
  return next isnt(chat_tests.chat_of(fair), null, 'chat.open_event_chat: must be called when an event is published');
  return next is(pg_temp.seated(fair), 'ann, ben', 'chat.open_event_chat: must give the chat the people of the event');
  return next matches(pg_temp.name_of(fair), '\S', 'chat.open_event_chat: must be given a name for the chat');
  chat_before := chat_tests.chat_of(fair);
  return query select chat_tests.let_host(format('chat_tests.publish_event(%L)', fair));
  return next is(
    (chat_tests.chat_of(fair), pg_temp.chats_at(fair))::text, (chat_before, 1)::text, 'chat.open_event_chat: must leave one chat when the event is published again'
  );

  walk := chat_tests.open_event('Night Walk', chat_tests.ids('cleo'));
  return query select chat_tests.let_host(format('chat_tests.add_authors(array[%L, %L]::uuid[], chat_tests.ids(''dan'', ''eve''))', fair, walk));
  return next is(
    pg_temp.people('chat.event_participants', fair), 'ann, ben, dan, eve', 'chat.event_participants: must answer people who are added'
  );
  return next is(
    array[pg_temp.seated(fair), pg_temp.seated(walk)], array['ann, ben, dan, eve', 'cleo, dan, eve'],
    'chat.follow_people: must be called when people are added to events, all of one statement'
  );
  return query select chat_tests.let_host(format('chat_tests.remove_authors(array[%L, %L]::uuid[], chat_tests.ids(''dan'', ''ben''))', fair, walk));
  return next is(
    pg_temp.people('chat.event_participants', fair), 'ann, eve', 'chat.event_participants: must no longer answer people who are removed'
  );
  return next is(
    array[pg_temp.seated(fair), pg_temp.seated(walk)], array['ann, eve', 'cleo, eve'],
    'chat.follow_people: must be called when people are taken out of events, all of one statement'
  );
  return query select chat_tests.let_host(format('chat_tests.add_authors(array[%L]::uuid[], chat_tests.ids(''dan''))', fair));
  return next is(pg_temp.seated(fair), 'ann, dan, eve', 'chat.follow_people: must bring back who is added again');

  name_before := pg_temp.name_of(fair);
  return query select chat_tests.let_host(format('chat_tests.rename_event(%L, ''Autumn Fair'')', fair));
  return next isnt(pg_temp.name_of(fair), name_before, 'chat.rename_event: must be called when an event has another title');

  return next is(
    pg_temp.people('chat.event_participants', gen_random_uuid()), null, 'chat.event_participants: must answer no rows for an unknown event, and not fail'
  );
  return next is(pg_temp.people('chat.event_participants', null), null, 'chat.event_participants: must answer no rows for null, and not fail');

  if chat_tests.provided('moderators') then
    perform chat_tests.claim(chat_tests.id('ann'));
    return next is(
      chat_tests.value_of(format('%L in (select chat.moderated_events())', fair)), 'true', 'chat.moderated_events: must answer the caller''s events'
    );
    return next is(
      coalesce(chat_tests.value_of(format('%L in (select chat.moderated_events())', walk)), 'false'), 'false', 'chat.moderated_events: must not answer events of others'
    );
    return next is(pg_temp.moderates('ann', fair), 'true', 'chat.moderated_events: must let who moderates an event moderate its chat');
    return next is(pg_temp.moderates('ben', fair), 'false', 'chat.moderated_events: must not answer events that the caller was removed from');
    perform set_config('request.jwt.claims', '', true);
    return next is(
      chat_tests.value_of('(select count(*) from chat.moderated_events())'), '0', 'chat.moderated_events: must answer no rows where nobody asks, and not fail'
    );
  end if;

  return query select chat_tests.let_host(format('chat_tests.delete_event(%L)', walk));
  return next is(pg_temp.chats_at(walk), 0::bigint, 'chat.remove_sources: must be called when an event is deleted');
  return next isnt(chat_tests.chat_of(fair), null, 'chat.remove_sources: must leave the chats of other events');
end
$$;
select pg_temp.check_events();

-- Rooms: chats of several, of whom some moderate -----------------------------------

create function pg_temp.check_rooms() returns setof text
language plpgsql
as $$
declare
  room uuid;
begin
  if not chat_tests.provided('rooms') then
    return;
  end if;
  room := chat_tests.open_room('Tea Room', chat_tests.ids('ann'), chat_tests.ids('ben', 'cleo'));
  return next is(pg_temp.seated(room), 'ann, ben, cleo', 'chat_tests.open_room: must open a chat of the authors and the members');
  return next is(pg_temp.chats_at(chat_tests.event_of(room)), 1::bigint, 'chat_tests.open_room: must open one chat');
  return next is(
    array[pg_temp.moderates('ann', room), pg_temp.moderates('ben', room)], array['true', 'false'],
    'chat.moderated_events: must let authors moderate a room, and members not'
  );
  return query select chat_tests.let_host(format('chat_tests.add_members(array[%L]::uuid[], chat_tests.ids(''dan'', ''eve''))', room));
  return next is(pg_temp.seated(room), 'ann, ben, cleo, dan, eve', 'chat.follow_people: must be called when members are added to a room');
  return query select chat_tests.let_host(format('chat_tests.remove_members(array[%L]::uuid[], chat_tests.ids(''dan'', ''ben''))', room));
  return next is(pg_temp.seated(room), 'ann, cleo, eve', 'chat.follow_people: must be called when members are removed from a room');
end
$$;
select pg_temp.check_rooms();

-- Groups -------------------------------------------------------------------------

create function pg_temp.check_groups() returns setof text
language plpgsql
as $$
declare
  fair uuid;
  walk uuid;
  dancers uuid;
  chat_before uuid;
  name_before text;
  has_title boolean;
begin
  if not chat_tests.provided('groups') then
    return;
  end if;
  fair := chat_tests.open_event('Spring Fair', chat_tests.ids('ann'));
  walk := chat_tests.open_event('Night Walk', chat_tests.ids('gus'));
  dancers := chat_tests.draft_group(fair, 'Dancers', chat_tests.ids('ben', 'cleo'));
  return query select chat_tests.let_host(format('chat_tests.approve_group(%L)', dancers));
  return next alike(pg_temp.people('chat.group_participants', dancers), '%ben, cleo%', 'chat.group_participants: must answer the members');
  return next is(
    (select array[c.event_id, c.group_id] from chat.chats c where c.id = chat_tests.chat_of(dancers)), array[fair, dancers],
    'chat.open_group_chat: must be called when a group is approved, with the group and its event'
  );
  return next is(
    pg_temp.seated(dancers), pg_temp.people('chat.group_participants', dancers), 'chat.open_group_chat: must give the chat the people of the group'
  );
  chat_before := chat_tests.chat_of(dancers);
  return query select chat_tests.let_host(format('chat_tests.approve_group(%L)', dancers));
  return next is(
    (chat_tests.chat_of(dancers), pg_temp.chats_at(fair))::text, (chat_before, 2)::text,
    'chat.open_group_chat: must leave one chat when the group is approved again'
  );
  return query select chat_tests.let_host(format('chat_tests.add_members(array[%L]::uuid[], chat_tests.ids(''dan'', ''eve''))', dancers));
  return next alike(pg_temp.seated(dancers), '%ben, cleo, dan, eve%', 'chat.follow_people: must be called when members are added to a group');
  return query select chat_tests.let_host(format('chat_tests.remove_members(array[%L]::uuid[], chat_tests.ids(''dan'', ''ben''))', dancers));
  return next alike(pg_temp.seated(dancers), '%cleo, eve%', 'chat.follow_people: must be called when members are removed from a group');
  return query select chat_tests.let_host(format('chat_tests.add_authors(array[%L]::uuid[], chat_tests.ids(''fay''))', fair));
  return next is(
    pg_temp.seated(dancers), pg_temp.people('chat.group_participants', dancers),
    'chat.group_participants: must answer the same as the chat follows, when the event has another author'
  );

  name_before := pg_temp.name_of(dancers);
  has_title := position(pg_temp.name_of(fair) in name_before) > 0;
  return query select chat_tests.let_host(format('chat_tests.rename_event(%L, ''Autumn Fair'')', fair));
  return next case
    when has_title then alike(
      pg_temp.name_of(dancers), '%Autumn Fair%',
      'chat.rename_event: must be given a name for the chats of the groups, as theirs has the event''s title'
    )
    else is(
      pg_temp.name_of(dancers), name_before,
      'chat.rename_event: must be given null for the chats of the groups, as theirs has not the event''s title'
    )
  end;

  return query select chat_tests.let_host(format('chat_tests.move_group(%L, %L)', dancers, walk));
  return next is(
    (select array[c.id, c.event_id] from chat.chats c where c.group_id = dancers), array[chat_before, walk],
    'chat.move_group: must be called when a group moves to another event'
  );
  return next is(
    pg_temp.seated(dancers), pg_temp.people('chat.group_participants', dancers), 'chat.move_group: must be called when the group''s row tells the new event'
  );

  return next is(
    pg_temp.people('chat.group_participants', gen_random_uuid()), null, 'chat.group_participants: must answer no rows for an unknown group, and not fail'
  );
  return next is(pg_temp.people('chat.group_participants', null), null, 'chat.group_participants: must answer no rows for null, and not fail');

  return query select chat_tests.let_host(format('chat_tests.delete_group(%L)', dancers));
  return next is(
    array[chat_tests.chat_of(dancers) is null, chat_tests.chat_of(walk) is null], array[true, false],
    'chat.remove_sources: must be called when a group is deleted, for its chat alone'
  );
  dancers := chat_tests.draft_group(walk, 'Dancers', chat_tests.ids('ben'));
  perform chat_tests.approve_group(dancers);
  return query select chat_tests.let_host(format('chat_tests.delete_event(%L)', walk));
  return next is(pg_temp.chats_at(walk), 0::bigint, 'chat.remove_sources: must take the chats of an event''s groups with it');
end
$$;
select pg_temp.check_groups();

-- Accounts that are deleted --------------------------------------------------------

create function pg_temp.delete_accounts(variadic people text[]) returns void
language sql
as $$ delete from auth.users u where u.id = any (chat_tests.ids(variadic people)) $$;

create function pg_temp.check_accounts() returns setof text
language plpgsql
as $$
declare
  fair uuid;
begin
  if chat_tests.provided('friends') then
    perform chat_tests.befriend(chat_tests.id('fay'), chat_tests.id('gus'));
  end if;
  if chat_tests.provided('blocks') then
    perform chat_tests.block(chat_tests.id('fay'), chat_tests.id('dan'));
  end if;
  if chat_tests.provided('events') then
    fair := chat_tests.open_event('Last Fair', chat_tests.ids('ann', 'fay', 'gus', 'eve'));
  end if;
  return next is(
    coalesce(chat_tests.value_of('pg_temp.delete_accounts(''fay'', ''gus'')'), ''), '', 'auth.users: must let accounts be deleted, with all that the host has of them'
  );
  if chat_tests.provided('friends') then
    return next is(
      chat_tests.value_of('chat.are_friends(chat_tests.id(''fay''), chat_tests.id(''gus''))'), 'false', 'chat.are_friends: must be false for deleted accounts'
    );
  end if;
  if chat_tests.provided('events') then
    return next is(pg_temp.seated(fair), 'ann, eve', 'auth.users: must take deleted accounts out of their chats');
    return next is(
      pg_temp.people('chat.event_participants', fair), 'ann, eve', 'chat.event_participants: must no longer answer deleted accounts'
    );
    return query select chat_tests.let_host(format('chat_tests.delete_event(%L)', fair));
    return next is(pg_temp.chats_at(fair), 0::bigint, 'chat.remove_sources: must be called for an event whose author''s account is gone');
    return next is(
      coalesce(chat_tests.value_of('pg_temp.delete_accounts(''ann'', ''eve'')'), ''), '', 'auth.users: must let accounts be deleted whose events are gone'
    );
  end if;
end
$$;
select pg_temp.check_accounts();

select * from finish();
rollback;
