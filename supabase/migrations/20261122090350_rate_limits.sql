-- How much one person may send, whichever way they come.
--
-- The edge has limits of its own in front of this one; whoever calls PostgREST directly
-- meets this alone. It is far above what a hand can type, and stops a loop.

-- Tables ---------------------------------------------------------------------

create table private.rate_limits (
  name text primary key,
  max_count integer not null,
  period interval not null,
  constraint rate_limits_allow_something check (max_count > 0 and period > interval '0')
);
comment on table private.rate_limits is
  'What a person may do how often. A limit without a row does not limit; change one with an update.';
insert into private.rate_limits (name, max_count, period) values ('send', 100, interval '10 seconds');

create table private.send_allowances (
  user_id uuid primary key,
  window_start timestamptz not null,
  used integer not null
)
-- Each send updates its sender's row; room in the page lets that stay a heap-only update.
with (fillfactor = 50);
comment on table private.send_allowances is 'What each sender has used of the limit `send`, in windows that begin with a send.';

alter table private.rate_limits enable row level security;
alter table private.rate_limits force row level security;
alter table private.send_allowances enable row level security;
alter table private.send_allowances force row level security;
revoke all on private.rate_limits, private.send_allowances from public, anon, authenticated, service_role;

-- Deleted accounts -----------------------------------------------------------
-- A trigger and no foreign key. Before the account's row is deleted, its order of locks is
-- that of a send: the allowance, then the participant. A cascade would come after the
-- participant's, and a foreign key's look at the account would wait for the deletion.

create function private.on_account_deleted() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  delete from private.send_allowances a where a.user_id = old.id;
  return old;
end
$$;
comment on function private.on_account_deleted() is 'Forgets what a deleted account has used.';
create trigger _100_forget_allowances
  before delete on auth.users
  for each row execute function private.on_account_deleted();

-- Rules ----------------------------------------------------------------------

create function private.check_send_allowance() returns void
language plpgsql stable security definer set search_path = ''
as $$
declare
  window_end timestamptz;
begin
  select a.window_start + l.period into window_end
  from private.rate_limits l
  cross join private.send_allowances a
  where l.name = 'send' and a.user_id = auth.uid()
    and a.used >= l.max_count and clock_timestamp() < a.window_start + l.period;
  if found then
    -- The detail is the whole seconds until it is worth another try, for Retry-After.
    raise sqlstate 'PT429' using
      message = 'rate_limited',
      detail = greatest(1, ceil(extract(epoch from window_end - clock_timestamp())))::integer;
  end if;
end
$$;
comment on function private.check_send_allowance() is
  'Raises rate_limited when the caller has used up the limit `send`. Takes no lock and charges nothing.';

create function private.charge_send() returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  rule private.rate_limits;
begin
  loop
    select l.* into rule from private.rate_limits l where l.name = 'send';
    if not found then
      return;
    end if;
    insert into private.send_allowances as a (user_id, window_start, used)
    values (auth.uid(), clock_timestamp(), 1)
    on conflict (user_id) do update set
      window_start = case when clock_timestamp() < a.window_start + rule.period then a.window_start else clock_timestamp() end,
      used = case when clock_timestamp() < a.window_start + rule.period then a.used + 1 else 1 end
    where a.used < rule.max_count or clock_timestamp() >= a.window_start + rule.period;
    exit when found;
    -- Raises, unless the window has ended just now.
    perform private.check_send_allowance();
  end loop;
end
$$;
comment on function private.charge_send() is
  'Counts one send of the caller, or raises rate_limited. Locks the caller''s allowance until the transaction ends.';

revoke execute on function private.on_account_deleted(), private.check_send_allowance(), private.charge_send()
  from public, anon, authenticated, service_role;
