-- A volatile function, which PostgREST does not call for a GET.
-- fails: chat.moderated_events
alter function chat.moderated_events() volatile;
