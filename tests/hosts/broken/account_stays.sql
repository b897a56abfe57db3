-- A foreign key without `on delete`: an account with a friend cannot be deleted.
-- fails: auth.users
-- fails: chat.are_friends
-- fails: chat.event_participants
alter table example_host.friendships
  drop constraint friendships_user_low_fkey,
  add constraint friendships_user_low_fkey foreign key (user_low) references auth.users (id),
  drop constraint friendships_user_high_fkey,
  add constraint friendships_user_high_fkey foreign key (user_high) references auth.users (id);
