-- The chat of a deleted event stays.
-- fails: chat.remove_sources
drop trigger _100_delete_chats on example_host.events;
