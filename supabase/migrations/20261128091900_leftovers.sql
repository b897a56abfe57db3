-- Leftovers: uploaded files that no message needs, and the sweeper that removes them.
--
-- The sweeper finds leftovers here and removes them through Storage's API. A deletion of the row in storage.objects
-- would leave the file in Storage.

create table chat.discarded_uploads (
  path text primary key,
  discarded_at timestamptz not null
);
comment on table chat.discarded_uploads is
  'The files of deleted messages, and of messages whose chat was deleted, until the sweeper has removed them.';
create index discarded_uploads_discarded_at_idx on chat.discarded_uploads (discarded_at);
alter table chat.discarded_uploads enable row level security;
alter table chat.discarded_uploads force row level security;

create function chat.sweep_window() returns interval
language sql immutable parallel safe
return chat.attach_window() + interval '1 hour';
comment on function chat.sweep_window() is
  'The age at which an upload without a message is a leftover. It is an hour more than the window for attaching, so a send and a sweep never use the same upload.';

create function chat.on_attachment_discarded() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  insert into chat.discarded_uploads (path, discarded_at)
  values (old.attachment_path, clock_timestamp())
  on conflict (path) do nothing;
  return null;
end
$$;
comment on function chat.on_attachment_discarded() is 'Records the file of a deleted message for the sweeper.';

create trigger _200_discard_attachment_of_deleted
  after update of deleted_at on public.messages
  for each row when (new.attachment_path is not null and new.deleted_at is not null)
  execute function chat.on_attachment_discarded();
-- A message is removed when its chat is deleted.
create trigger _200_discard_attachment_of_removed
  after delete on public.messages
  for each row when (old.attachment_path is not null)
  execute function chat.on_attachment_discarded();

-- The sweeper ------------------------------------------------------------------

create function chat.is_sweeper() returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
  -- The account decides, not the token: a change takes effect at once, and the tokens of @supabase/lite do not have
  -- app_metadata.
  return exists (
    select from auth.users u where u.id = auth.uid() and u.raw_app_meta_data ->> 'role' = 'sweeper'
  );
end
$$;
comment on function chat.is_sweeper() is
  'Whether the caller is the account that removes leftovers: its app_metadata.role is sweeper. It is an ordinary account otherwise, so sweeping needs no key that bypasses row-level security.';

create function chat.require_sweeper() returns void
language plpgsql stable set search_path = ''
as $$
begin
  if not chat.is_sweeper() then
    perform chat.refuse('forbidden');
  end if;
end
$$;
comment on function chat.require_sweeper() is 'Raises forbidden unless the caller is the sweeper.';

create function chat.is_leftover(path text, uploaded_at timestamptz) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
declare
  swept_before constant timestamptz := clock_timestamp() - chat.sweep_window();
begin
  return case
    when exists (select from public.messages m where m.attachment_path = path and m.deleted_at is null) then false
    when exists (select from chat.uploads u where u.path = is_leftover.path and u.created_at >= swept_before) then false
    when exists (select from chat.uploads u where u.path = is_leftover.path) then true
    when exists (select from chat.discarded_uploads d where d.path = is_leftover.path) then true
    -- It has no reservation: somebody with more rights has put it there.
    else uploaded_at < swept_before
  end;
end
$$;
comment on function chat.is_leftover(text, timestamptz) is
  'Whether the sweeper may remove a file: every message with this file is deleted, and no new message can use it.';

create function chat.leftover_uploads(
  unattached_hours integer, deleted_days integer, strays boolean, at_most integer
) returns table (path text, reason text, size bigint)
language plpgsql stable security definer set search_path = ''
as $$
declare
  unattached_before constant timestamptz :=
    clock_timestamp() - greatest(make_interval(hours => unattached_hours), chat.sweep_window());
  deleted_before constant timestamptz := clock_timestamp() - make_interval(days => deleted_days);
begin
  if unattached_hours is null or unattached_hours < 0 or deleted_days is null or deleted_days < 0 then
    perform chat.refuse_request('unattached_hours and deleted_days must not be negative');
  end if;

  return query
    with unattached as (
      select o.name, 'unattached' as reason, o.metadata
      from chat.uploads u
      join storage.objects o on o.bucket_id = chat.bucket() and o.name = u.path
      where u.created_at < unattached_before
      order by u.created_at
      limit at_most
    ),
    deleted as (
      select o.name, 'deleted' as reason, o.metadata
      from chat.discarded_uploads d
      join storage.objects o on o.bucket_id = chat.bucket() and o.name = d.path
      where d.discarded_at < deleted_before
      order by d.discarded_at
      limit at_most
    ),
    -- Reads the whole bucket, because files that are unknown here have no index.
    stray as (
      select o.name, 'stray' as reason, o.metadata
      from storage.objects o
      where strays and o.bucket_id = chat.bucket() and o.created_at < unattached_before
        and not exists (select from public.messages m where m.attachment_path = o.name)
        and not exists (select from chat.uploads u where u.path = o.name)
        and not exists (select from chat.discarded_uploads d where d.path = o.name)
      limit at_most
    ),
    page as (
      select * from unattached union all select * from deleted union all select * from stray
      limit at_most
    )
    select p.name, p.reason, (chat.file_metadata(p.metadata) ->> 'size')::bigint from page p;
end
$$;
comment on function chat.leftover_uploads(integer, integer, boolean, integer) is
  'Files that no message needs: reserved some hours ago (at least chat.sweep_window) and not in a message, or of a message that was deleted some days ago; with strays also files without a reservation. At most at_most of them, or all for null.';

-- The API of the sweeper -------------------------------------------------------

create function public.list_leftover_uploads(
  unattached_hours integer, deleted_days integer, page_limit integer default 100, strays boolean default false
) returns json
language plpgsql stable security definer set search_path = ''
as $$
begin
  perform chat.require_sweeper();
  perform chat.check_page_limit(page_limit);
  return (
    select json_build_object(
      'data', coalesce(json_agg(json_build_object('path', l.path, 'reason', l.reason, 'size', l.size)), '[]')
    )
    from chat.leftover_uploads(unattached_hours, deleted_days, strays, page_limit) l
  );
end
$$;
comment on function public.list_leftover_uploads(integer, integer, integer, boolean) is
  'For the sweeper: a page of chat.leftover_uploads: {data: [{path, reason, size}]}.';

create function public.count_leftover_uploads(
  unattached_hours integer, deleted_days integer, strays boolean default false
) returns json
language plpgsql stable security definer set search_path = ''
as $$
begin
  perform chat.require_sweeper();
  return (
    select json_build_object('data', coalesce(
      json_agg(json_build_object('reason', c.reason, 'objects', c.objects, 'bytes', c.bytes) order by c.reason), '[]'
    ))
    from (
      select l.reason, count(*) as objects, coalesce(sum(l.size), 0) as bytes
      from chat.leftover_uploads(unattached_hours, deleted_days, strays, null) l
      group by l.reason
    ) as c
  );
end
$$;
comment on function public.count_leftover_uploads(integer, integer, boolean) is
  'For the sweeper: the number and the bytes of chat.leftover_uploads, by reason: {data: [{reason, objects, bytes}]}.';

create function public.forget_swept_uploads() returns json
language plpgsql volatile security definer set search_path = '' set statement_timeout = '3s'
as $$
declare
  reservations integer;
  discarded integer;
begin
  perform chat.require_sweeper();
  -- Nobody can upload to these reservations any more. A thousand at a time keeps the transaction short.
  delete from chat.uploads u where u.path in (
    select old.path from chat.uploads old
    where old.created_at < clock_timestamp() - chat.sweep_window()
      and not exists (select from storage.objects o where o.bucket_id = chat.bucket() and o.name = old.path)
    order by old.created_at
    limit 1000
  );
  get diagnostics reservations = row_count;
  delete from chat.discarded_uploads d where d.path in (
    select old.path from chat.discarded_uploads old
    where not exists (select from storage.objects o where o.bucket_id = chat.bucket() and o.name = old.path)
    order by old.discarded_at
    limit 1000
  );
  get diagnostics discarded = row_count;
  return json_build_object('forgotten', reservations + discarded);
end
$$;
comment on function public.forget_swept_uploads() is
  'For the sweeper: deletes up to 1,000 old reservations and up to 1,000 discarded uploads whose files are removed: {forgotten}.';
