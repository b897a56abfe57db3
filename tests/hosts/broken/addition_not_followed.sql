-- Members who are added to a group do not come to its chat, which from then on is not what the group says.
-- fails: chat.follow_people
-- fails: chat.group_participants
-- fails: chat.move_group
drop trigger _100_follow_added on example_host.event_group_members;
