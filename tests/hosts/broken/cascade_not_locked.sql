-- The deletion of an event locks its chats before the members of its groups.
-- fails: chat.lock_chats_of
drop trigger "000_lock_people" on example_host.events;
