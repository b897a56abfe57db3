-- Volatile, it cannot be asked by a GET.
-- fails: chat.moderated_events
alter function chat.moderated_events() volatile;
