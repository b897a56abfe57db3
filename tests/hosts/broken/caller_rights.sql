-- A function that reads the host's tables with the caller's rights, and one that everybody may ask.
-- fails: chat.is_blocked
-- fails: chat.are_friends
alter function chat.is_blocked(uuid, uuid) security invoker;
grant execute on function chat.are_friends(uuid, uuid) to authenticated;
