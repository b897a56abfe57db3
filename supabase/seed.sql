-- People and messages for trying the API. Every password is `password123`.
--
--   alice  friend of bob and carol, author of the party    bob    friend of alice and carol
--   carol  author of the party                             dave   asked alice to be friends
--   erin   blocked by alice                                frank  nobody's friend; moderator by token
--   sweeper  nobody's friend: the account that removes leftover files

insert into auth.users (
  id, instance_id, aud, role, email, encrypted_password, email_confirmed_at, raw_app_meta_data, raw_user_meta_data,
  confirmation_token, recovery_token, email_change, email_change_token_new, created_at, updated_at
)
select
  person.id, '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated', person.name || '@example.com',
  extensions.crypt('password123', extensions.gen_salt('bf', 6)), now(),
  jsonb_build_object('provider', 'email', 'providers', jsonb_build_array('email')) || person.app_metadata,
  jsonb_build_object('name', initcap(person.name)), '', '', '', '', now(), now()
from (values
  ('a11ce000-0000-4000-8000-000000000001'::uuid, 'alice', '{}'::jsonb),
  ('b0b00000-0000-4000-8000-000000000002', 'bob', '{}'),
  ('ca401000-0000-4000-8000-000000000003', 'carol', '{}'),
  ('da7e0000-0000-4000-8000-000000000004', 'dave', '{}'),
  ('e4140000-0000-4000-8000-000000000005', 'erin', '{}'),
  ('f4a4c000-0000-4000-8000-000000000006', 'frank', '{"role": "moderator"}'),
  ('53ee9e40-0000-4000-8000-000000000007', 'sweeper', '{"role": "sweeper"}')
) as person (id, name, app_metadata);

insert into auth.identities (id, provider, provider_id, user_id, identity_data, last_sign_in_at, created_at, updated_at)
select gen_random_uuid(), 'email', u.id::text, u.id,
  jsonb_build_object('sub', u.id::text, 'email', u.email, 'email_verified', true, 'phone_verified', false),
  now(), now(), now()
from auth.users u
where u.email in (
  'alice@example.com', 'bob@example.com', 'carol@example.com', 'dave@example.com', 'erin@example.com', 'frank@example.com',
  'sweeper@example.com'
);

insert into example_host.friendships (user_low, user_high, status, requested_by) values
  ('a11ce000-0000-4000-8000-000000000001', 'b0b00000-0000-4000-8000-000000000002', 'accepted', 'a11ce000-0000-4000-8000-000000000001'),
  ('a11ce000-0000-4000-8000-000000000001', 'ca401000-0000-4000-8000-000000000003', 'accepted', 'ca401000-0000-4000-8000-000000000003'),
  ('b0b00000-0000-4000-8000-000000000002', 'ca401000-0000-4000-8000-000000000003', 'accepted', 'b0b00000-0000-4000-8000-000000000002'),
  ('a11ce000-0000-4000-8000-000000000001', 'da7e0000-0000-4000-8000-000000000004', 'pending', 'da7e0000-0000-4000-8000-000000000004'),
  ('a11ce000-0000-4000-8000-000000000001', 'e4140000-0000-4000-8000-000000000005', 'blocked', 'a11ce000-0000-4000-8000-000000000001');

-- The party is published and one of its groups is approved. Triggers open their chats.
insert into example_host.events (id, title, created_by) values
  ('e0e00000-0000-4000-8000-000000000001', 'Saturday Night Party', 'a11ce000-0000-4000-8000-000000000001');
insert into example_host.event_authors (event_id, user_id) values
  ('e0e00000-0000-4000-8000-000000000001', 'a11ce000-0000-4000-8000-000000000001'),
  ('e0e00000-0000-4000-8000-000000000001', 'ca401000-0000-4000-8000-000000000003');
insert into example_host.event_groups (id, event_id, name) values
  ('60000000-0000-4000-8000-000000000001', 'e0e00000-0000-4000-8000-000000000001', 'The dancers'),
  ('60000000-0000-4000-8000-000000000002', 'e0e00000-0000-4000-8000-000000000001', 'The cooks');
insert into example_host.event_group_members (group_id, user_id) values
  ('60000000-0000-4000-8000-000000000001', 'b0b00000-0000-4000-8000-000000000002'),
  ('60000000-0000-4000-8000-000000000001', 'f4a4c000-0000-4000-8000-000000000006'),
  ('60000000-0000-4000-8000-000000000002', 'da7e0000-0000-4000-8000-000000000004');
update example_host.events set status = 'published' where id = 'e0e00000-0000-4000-8000-000000000001';
update example_host.event_groups set status = 'approved' where id = '60000000-0000-4000-8000-000000000001';

-- A few pages of messages in the dancers' chat, from its people in turn.
do $$
declare
  dancers constant uuid := (select c.id from chat.chats c where c.group_id = '60000000-0000-4000-8000-000000000001');
  people constant uuid[] := array(select p.user_id from chat.chat_participants p where p.chat_id = dancers order by p.user_id);
begin
  for line in 1..130 loop
    perform set_config(
      'request.jwt.claims',
      json_build_object('sub', people[1 + line % cardinality(people)], 'role', 'authenticated')::text, true
    );
    perform public.send_message(dancers, format('Line %s: who brings the music?', line));
  end loop;
  perform set_config('request.jwt.claims', '', true);
end
$$;
