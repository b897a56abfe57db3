-- A function that reads the host's tables with the caller's rights, and a function that everybody may call.
-- fails: chat.is_blocked
-- fails: chat.are_friends
alter function chat.is_blocked(uuid, uuid) security invoker;
grant execute on function chat.are_friends(uuid, uuid) to authenticated;
