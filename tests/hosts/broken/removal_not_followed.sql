-- Removed authors stay in the chat.
-- fails: chat.follow_people
drop trigger _100_follow_removed on example_host.event_authors;
