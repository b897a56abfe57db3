-- New members of a group do not join its chat, so the chat and the group have different people.
-- fails: chat.follow_people
-- fails: chat.group_participants
-- fails: chat.move_group
drop trigger _100_follow_added on example_host.event_group_members;
