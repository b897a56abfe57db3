-- Accounts: whether a person's account exists, and how a statement keeps it until its end.

create function chat.require_account_among(accounts uuid[]) returns void
language plpgsql stable security definer set search_path = ''
as $$
begin
  if not coalesce(auth.uid() = any (accounts), false) then
    perform chat.refuse('invalid_token');
  end if;
end
$$;
comment on function chat.require_account_among(uuid[]) is
  'Raises invalid_token unless the caller''s account is among these existing accounts.';

create function chat.require_account() returns void
language plpgsql stable security definer set search_path = ''
as $$
begin
  perform chat.require_account_among(array(select u.id from auth.users u where u.id = auth.uid()));
end
$$;
comment on function chat.require_account() is
  'Raises invalid_token when the caller''s account does not exist: a token stays valid after its account is deleted.';

create function chat.hold_accounts(people uuid[]) returns uuid[]
language plpgsql volatile security definer set search_path = ''
as $$
declare
  held uuid[];
begin
  -- An account that is being deleted counts as deleted. This function does not wait for its lock, because the deletion
  -- waits for chats. A change of the phone number takes the same lock for a moment, so this tries again.
  for attempt in 1..5 loop
    held := array(
      select u.id from auth.users u where u.id = any (people) order by u.id for key share skip locked
    );
    exit when not exists (select from auth.users u where u.id = any (people) and u.id <> all (held));
    perform pg_sleep(0.02);
  end loop;
  return held;
end
$$;
comment on function chat.hold_accounts(uuid[]) is
  'The accounts of these people that exist. They stay until the transaction ends. Every function that inserts a participant calls this first, so a deleted account never becomes a participant.';
