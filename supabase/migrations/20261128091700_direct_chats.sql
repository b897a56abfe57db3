-- Direct chats: of two people, who have only one.

create function chat.complete_pair(room chat.chats, history_from timestamptz, history_rev bigint, returning_user uuid)
returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  insert into chat.chat_participants as p (chat_id, user_id, history_from, history_rev)
  select room.id, person, complete_pair.history_from, complete_pair.history_rev
  from unnest(chat.hold_accounts(array[room.direct_low, room.direct_high])) as person
  on conflict on constraint chat_participants_pkey do update set left_at = null, joined_at = excluded.joined_at
  where p.left_at is not null and p.user_id = returning_user;
end
$$;
comment on function chat.complete_pair(chat.chats, timestamptz, bigint, uuid) is
  'Makes both people of a direct chat participants, if their accounts exist. A person without a row (their account was deleted and restored) sees the history from a position on. returning_user comes back if they have left. The caller holds the chat''s lock.';

create function public.open_direct_chat(other_user uuid) returns json
language plpgsql volatile security definer set search_path = '' set statement_timeout = '3s'
as $$
declare
  me constant uuid := auth.uid();
  low constant uuid := least(me, other_user);
  high constant uuid := greatest(me, other_user);
  accounts uuid[];
  room chat.chats;
begin
  perform chat.refuse_filters();
  if other_user is null or other_user = me then
    perform chat.refuse_request('other_user must be another user');
  end if;
  accounts := chat.hold_accounts(array[me, other_user]);
  perform chat.require_account_among(accounts);
  perform chat.require_unblocked_pair(low, high);

  select c.* into room from chat.chats c where c.direct_low = low and c.direct_high = high;
  if not found then
    if not chat.are_friends(low, high) or other_user <> all (accounts) then
      perform chat.refuse('not_friends');
    end if;
    perform chat.check_allowance('open');
    -- If the other person opens the chat at the same time, this waits for their commit and then inserts nothing.
    insert into chat.chats (type, direct_low, direct_high) values ('direct', low, high)
    on conflict on constraint chats_one_a_pair do nothing
    returning * into room;
    if found then
      perform chat.charge('open');
      insert into chat.chat_participants (chat_id, user_id) values (room.id, low), (room.id, high);
      perform set_config('response.status', '201', true);
      return (select shape from chat.chats_of_caller(array[room.id]) as shape);
    end if;
    select c.* into room from chat.chats c where c.direct_low = low and c.direct_high = high;
  end if;

  -- If both are participants, there is nothing to do. `skip locked` treats a leaving in progress as done. Then the
  -- statements below wait for it and undo it.
  perform from chat.chat_participants p
  where p.chat_id = room.id and p.user_id = me and p.left_at is null
    and exists (select from chat.chat_participants o where o.chat_id = room.id and o.user_id = other_user)
  for share of p skip locked;
  if not found then
    perform chat.check_allowance('open');
    select c.* into room from chat.chats c where c.id = room.id for no key update;
    if not chat.is_participant(room.id) then
      perform chat.charge('open');
    end if;
    perform chat.complete_pair(room, coalesce(room.last_message_at, '-infinity'), room.rev, me);
  end if;
  return (select shape from chat.chats_of_caller(array[room.id]) as shape);
end
$$;
comment on function public.open_direct_chat(uuid) is
  'The direct chat of the caller and a friend: Chat. HTTP 201 for a new chat, 200 for an existing one.';
