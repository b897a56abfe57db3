-- The moderators of a chat are the same for the functions of the API, the policy of the table, and the feed. For each
-- person and chat, this file compares their answers with each other and with the expected answer.
--
-- needs: friends, events, moderators, rooms

begin;
select plan(22);
select chat_tests.begin_story();
select chat_tests.add_people('author', 'member', 'guard', 'stranger');

-- The authors of one room are members of another.
insert into known (name, id) values
  ('lecture', chat_tests.open_event('Lecture', chat_tests.ids('author', 'guard'))),
  ('party', chat_tests.open_room('Party', chat_tests.ids('author'), chat_tests.ids('member', 'guard'))),
  ('picnic', chat_tests.open_room('Picnic', chat_tests.ids('member'), chat_tests.ids('author', 'guard')));
insert into known (name, id) values
  ('the event', chat_tests.chat_of(chat_tests.id('lecture'))), ('the room', chat_tests.chat_of(chat_tests.id('party'))),
  ('the other room', chat_tests.chat_of(chat_tests.id('picnic')));
select chat_tests.befriend(chat_tests.id('author'), chat_tests.id('guard'));
select chat_tests.act_as('author');
insert into known (name, id) select 'the pair', (public.open_direct_chat(chat_tests.id('guard')) ->> 'id')::uuid;

-- In each chat, guard sends a message that stays and a message that is deleted.
select chat_tests.act_as('guard');
insert into known (name, id)
select format('%s in %s', line, room.name), (public.send_message(room.id, line) ->> 'id')::uuid
from known room, unnest(array['said', 'gone']) as line
where room.name in ('the event', 'the room', 'the other room', 'the pair');
select public.delete_message(room.id, chat_tests.id('gone in ' || room.name))
from known room where room.name in ('the event', 'the room', 'the other room', 'the pair');
reset role;

-- What the caller may do with guard's messages in a chat.
create function pg_temp.sees_deleted(call text) returns boolean
language plpgsql
as $$
declare
  answer boolean;
begin
  execute call into answer;
  return coalesce(answer, false);
exception when sqlstate 'PT403' then
  return false;
end
$$;
create function pg_temp.may_delete(room uuid, message uuid) returns boolean
language plpgsql
as $$
begin
  perform public.delete_message(room, message);
  raise exception using errcode = 'TEST1';
exception when sqlstate 'PT403' then
  return false;
when sqlstate 'TEST1' then
  -- The error rolls the deletion back.
  return true;
end
$$;
create function pg_temp.answers(person text, more_claims jsonb, called text) returns jsonb
language plpgsql
as $$
declare
  room constant uuid := chat_tests.id(called);
  gone constant uuid := chat_tests.id('gone in ' || called);
  answers jsonb;
begin
  perform chat_tests.act_as(person, more_claims);
  answers := jsonb_build_object(
    'is_moderator', chat.is_moderator(room),
    'moderated_chats', exists (select from chat.moderated_chats() m (id) where m.id = room),
    'policy', exists (select from public.messages m where m.id = gone),
    'list_messages', pg_temp.sees_deleted(format(
      'select public.list_messages(%L)::jsonb #> ''{data}'' @> %L', room, jsonb_build_array(jsonb_build_object('id', gone))
    )),
    'list_changes', pg_temp.sees_deleted(format(
      'select public.list_changes(%L, 0)::jsonb #> ''{data}'' @> %L', room,
      jsonb_build_array(jsonb_build_object('kind', 'upsert', 'message', jsonb_build_object('id', gone)))
    )),
    'delete_message', person <> 'guard' and pg_temp.may_delete(room, chat_tests.id('said in ' || called))
  );
  perform set_config('role', 'none', true);
  -- A person may always delete their own messages, so that shows nothing.
  return case person when 'guard' then answers - 'delete_message' else answers end;
end
$$;

select is(
  pg_temp.answers(person, more_claims, room),
  jsonb_object_agg(asked, moderates),
  format('%s%s and %s: %s', person, case when more_claims <> '{}' then ', by token,' else '' end, room,
    case when moderates then 'moderates' else 'does not moderate' end)
)
from (values
  ('author', '{}'::jsonb, 'the event', true), ('author', '{}', 'the room', true), ('author', '{}', 'the other room', false),
  ('author', '{}', 'the pair', false),
  ('member', '{}', 'the event', false), ('member', '{}', 'the room', false), ('member', '{}', 'the other room', true),
  ('member', '{}', 'the pair', false),
  ('guard', '{}', 'the event', true), ('guard', '{}', 'the room', false), ('guard', '{}', 'the other room', false),
  ('guard', '{}', 'the pair', false),
  ('guard', '{"app_metadata": {"role": "moderator"}}', 'the room', true),
  ('guard', '{"app_metadata": {"role": "moderator"}}', 'the pair', true),
  ('author', '{"app_metadata": {"role": "moderator"}}', 'the other room', true),
  ('author', '{"app_metadata": {"role": "moderator"}}', 'the pair', true),
  ('member', '{"app_metadata": {"role": "moderator"}}', 'the room', true),
  ('member', '{"app_metadata": {"role": "moderator"}}', 'the event', false),
  ('stranger', '{}', 'the room', false), ('stranger', '{}', 'the event', false),
  ('stranger', '{"app_metadata": {"role": "moderator"}}', 'the room', false),
  ('stranger', '{"app_metadata": {"role": "moderator"}}', 'the pair', false)
) as one (person, more_claims, room, moderates)
cross join lateral (
  select unnest(array['is_moderator', 'moderated_chats', 'policy', 'list_messages', 'list_changes']
    || case person when 'guard' then '{}' else array['delete_message'] end)
) as question (asked)
group by person, more_claims, room, moderates;

select * from finish();
rollback;
