-- Refusals: the API's error codes, and the functions that raise them.
--
-- The table has every code that the database raises. chat.refuse is the only function that raises them, and each
-- code is named in only one function, which decides about it. once.test.sql checks both.

create table chat.refusals (
  code text primary key,
  status smallint not null,
  meaning text not null
);
comment on table chat.refusals is 'The API''s error codes that the database raises, and the HTTP status of each.';
insert into chat.refusals (code, status, meaning) values
  ('invalid_request', 400, 'an argument breaks a rule; the detail says which'),
  ('invalid_cursor', 400, 'the cursor is of another list or search'),
  ('invalid_token', 401, 'the account of the token does not exist'),
  ('not_participant', 403, 'the caller is not a participant of the chat'),
  ('not_sender', 403, 'another person sent the message'),
  ('edit_window_expired', 403, 'the message is too old to be edited'),
  ('not_friends', 403, 'only friends may open a direct chat'),
  ('blocked', 403, 'one person of the pair has blocked the other'),
  ('forbidden', 403, 'only the sweeper may do this'),
  ('chat_not_found', 404, 'the chat does not exist'),
  ('message_not_found', 404, 'the chat does not have this message, or the caller may not see it'),
  ('idempotency_mismatch', 409, 'the client_id was used for another message'),
  ('resync_required', 410, 'the position is of another database, or of a later state than this database has'),
  ('rate_limited', 429, 'too many requests; the detail is the number of seconds to wait');
alter table chat.refusals enable row level security;
alter table chat.refusals force row level security;

create function chat.refuse(code text, detail text default null) returns void
language plpgsql stable security definer set search_path = ''
as $$
declare
  status smallint;
begin
  select r.status into strict status from chat.refusals r where r.code = refuse.code;
  -- PostgREST answers SQLSTATE PTxyz with HTTP status xyz. SQLSTATE 40001 must never be raised: PostgREST
  -- 12 to 14 repeat the request without end.
  if detail is null then
    raise exception using errcode = 'PT' || status, message = code;
  end if;
  raise exception using errcode = 'PT' || status, message = code, detail = detail;
end
$$;
comment on function chat.refuse(text, text) is 'Raises one of the API''s errors, by its code.';

create function chat.refuse_request(detail text) returns void
language plpgsql stable security definer set search_path = ''
as $$
begin
  perform chat.refuse('invalid_request', detail);
end
$$;
comment on function chat.refuse_request(text) is 'Raises invalid_request with the rule that an argument breaks.';

create function chat.refuse_field(path text, issue text) returns void
language plpgsql stable security definer set search_path = ''
as $$
begin
  perform chat.refuse_request(jsonb_build_object('path', path, 'issue', issue)::text);
end
$$;
comment on function chat.refuse_field(text, text) is
  'Raises invalid_request with the field of the API''s request that is wrong, and the reason.';

create function chat.check_page_limit(page_limit integer) returns void
language plpgsql stable set search_path = ''
as $$
begin
  if page_limit is null or page_limit not between 1 and 100 then
    perform chat.refuse_request('page_limit must be 1 to 100');
  end if;
end
$$;
comment on function chat.check_page_limit(integer) is
  'The rule of every page: raises invalid_request unless the limit is 1 to 100.';

create function chat.refuse_filters() returns void
language plpgsql stable security definer set search_path = ''
as $$
begin
  -- A caller of PostgREST can filter the answer of a function. The filter runs in the statement that calls the
  -- function, so a slow filter would hold the function's locks. PostgREST's call has a WHERE only for a filter.
  if current_query() ~ '\mWHERE\M' and current_setting('request.method', true) <> '' then
    perform chat.refuse_request('the answer cannot be filtered');
  end if;
end
$$;
comment on function chat.refuse_filters() is
  'Raises invalid_request when PostgREST would filter the answer of a function that writes.';
