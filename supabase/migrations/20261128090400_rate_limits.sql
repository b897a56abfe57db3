-- Rate limits: how often one person may do something, through the edge or through PostgREST.
--
-- The edge has limits of its own before these. A caller of PostgREST meets only these. A person does not reach
-- them by hand; they stop a program that runs in a loop. Every function that broadcasts has a limit.

create table chat.rate_limits (
  name text primary key,
  max_count integer not null,
  period interval not null,
  constraint rate_limits_allow_something check (max_count > 0 and period > interval '0')
);
comment on table chat.rate_limits is
  'How often a person may do something. An operator changes a limit with an update. Without its row, a limit is off.';
insert into chat.rate_limits (name, max_count, period) values
  ('send', 100, interval '10 seconds'),
  ('edit', 30, interval '10 seconds'),
  ('delete', 100, interval '10 seconds'),
  ('read', 100, interval '10 seconds'),
  ('settings', 100, interval '10 seconds'),
  ('typing', 30, interval '10 seconds'),
  ('open', 60, interval '60 seconds'),
  ('leave', 60, interval '60 seconds');

create table chat.allowances (
  -- No foreign key: its check of the account would wait for a deletion of the account that waits for the chat.
  user_id uuid not null,
  name text not null,
  window_start timestamptz not null,
  used integer not null,
  primary key (user_id, name)
)
-- Each send updates a row. Free space in the page keeps that a heap-only update.
with (fillfactor = 50);
comment on table chat.allowances is
  'How much of each limit a person has used, in windows that begin with the first use.';

alter table chat.rate_limits enable row level security;
alter table chat.rate_limits force row level security;
alter table chat.allowances enable row level security;
alter table chat.allowances force row level security;

create function chat.refuse_until(free_at timestamptz) returns void
language plpgsql stable set search_path = ''
as $$
begin
  -- The edge makes Retry-After of the detail: the number of whole seconds after which a retry can succeed.
  perform chat.refuse(
    'rate_limited', greatest(1, ceil(extract(epoch from free_at - clock_timestamp())))::integer::text
  );
end
$$;
comment on function chat.refuse_until(timestamptz) is 'Raises rate_limited with the seconds to wait.';

create function chat.check_allowance(name text) returns void
language plpgsql stable security definer set search_path = ''
-- For one row, a bitmap takes longer than the index alone.
set enable_bitmapscan = off
as $$
declare
  rule chat.rate_limits;
  window_end timestamptz;
begin
  -- Two statements: a join of the two rows takes twice as long.
  select l.* into rule from chat.rate_limits l where l.name = check_allowance.name;
  select a.window_start + rule.period into window_end
  from chat.allowances a
  where a.user_id = auth.uid() and a.name = rule.name and a.used >= rule.max_count;
  if clock_timestamp() < window_end then
    perform chat.refuse_until(window_end);
  end if;
end
$$;
comment on function chat.check_allowance(text) is
  'Raises rate_limited when the caller has used up a limit. Takes no lock and counts nothing.';

create function chat.charge(name text) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  rule chat.rate_limits;
begin
  loop
    select l.* into rule from chat.rate_limits l where l.name = charge.name;
    if not found then
      return;
    end if;
    insert into chat.allowances as a (user_id, name, window_start, used)
    values (auth.uid(), rule.name, clock_timestamp(), 1)
    on conflict on constraint allowances_pkey do update set
      window_start = case when clock_timestamp() < a.window_start + rule.period then a.window_start else clock_timestamp() end,
      used = case when clock_timestamp() < a.window_start + rule.period then a.used + 1 else 1 end
    where a.used < rule.max_count or clock_timestamp() >= a.window_start + rule.period;
    exit when found;
    -- This raises an error, unless the window has ended in the meantime.
    perform chat.check_allowance(rule.name);
  end loop;
end
$$;
comment on function chat.charge(text) is
  'Counts one use of a limit by the caller, or raises rate_limited. Locks the caller''s allowance until the transaction ends, so a function takes the chat''s lock before it calls this.';
