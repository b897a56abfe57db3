-- What a project may have that lives already; run as `postgres`.

create schema private;
create table private.secrets (id int primary key, value text);
insert into private.secrets values (1, 'a secret');
create function private.is_admin() returns boolean language sql stable security definer set search_path = ''
as $$ select coalesce(auth.jwt() -> 'app_metadata' ->> 'role' = 'admin', false) $$;

insert into auth.users (id, email) values
  ('a0000000-0000-4000-8000-000000000001', 'ann@example.test'), ('b0000000-0000-4000-8000-000000000002', 'ben@example.test');
create type public.mood as enum ('well', 'ill');
create table public.profiles (
  id uuid primary key references auth.users on delete cascade,
  name text not null, mood public.mood default 'well'
);
alter table public.profiles enable row level security;
create policy "everybody sees profiles" on public.profiles for select using (true);
grant select on public.profiles to anon, authenticated;
insert into public.profiles (id, name) select id, split_part(email, '@', 1) from auth.users;
create table public.chats (id bigint generated always as identity primary key, title text);
insert into public.chats (title) values ('of the project''s own');
create index profiles_name_idx on public.profiles (name);
create view public.names with (security_invoker = true) as select p.name from public.profiles p;
-- Of the chat's names, with arguments that PostgREST can tell from the chat's.
create function public.mark_read(notification_id bigint) returns void language sql as $$ select $$;
create function public.handle_new_user() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  insert into public.profiles (id, name) values (new.id, 'new');
  return new;
end
$$;
create trigger on_auth_user_created after insert on auth.users for each row execute function public.handle_new_user();
alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
alter default privileges in schema public grant execute on functions to anon, authenticated;

insert into storage.buckets (id, name, public) values ('avatars', 'avatars', true);
insert into storage.objects (bucket_id, name) values ('avatars', 'ann.png'), ('avatars', 'ben.png');
create policy "anyone may look at files" on storage.objects for select using (true);
create policy "people do all to files" on storage.objects for all to authenticated using (true) with check (true);
create policy "people make buckets" on storage.buckets for all to authenticated using (true) with check (true);
create policy "people hear what they like" on realtime.messages for select to authenticated using (true);

alter publication supabase_realtime add table public.profiles, public.chats (id, title);
