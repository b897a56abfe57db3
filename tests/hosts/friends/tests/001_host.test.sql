-- How the tests reach the host with friends only.

begin;
create or replace function chat_tests.provides() returns text[]
language sql immutable
return array['friends'];

create function chat_tests.befriend(one uuid, other uuid) returns void
language sql
as $$ insert into public.friends (user_id, friend_id) values (one, other) $$;

create function chat_tests.unfriend(one uuid, other uuid) returns void
language sql
as $$ delete from public.friends f where (f.user_id, f.friend_id) in ((one, other), (other, one)) $$;
commit;

begin;
select plan(1);
select is(chat_tests.provides(), array['friends'], 'the host has friends, and nothing else');
select * from finish();
rollback;
