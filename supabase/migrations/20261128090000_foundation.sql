-- The ground that the chat stands on: its schema, its settings, the one place of refusals,
-- and the functions that give answers their common form.

create schema chat;
comment on schema chat is
  'Tables, predicates and helpers of the chat. PostgREST must not expose it: policies and the API''s functions in public use it.';
revoke all on schema chat from public;
grant usage on schema chat to authenticated;

-- Formatting -----------------------------------------------------------------
-- These have no `set search_path`: such a setting would keep the planner from inlining
-- them. Their bodies are parsed here and now, so no search_path can redirect them.

create function chat.rfc3339(at timestamptz) returns text
language sql stable parallel safe
return to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
comment on function chat.rfc3339(timestamptz) is
  'The API''s timestamp: RFC 3339 in UTC, always six fractional digits, Z.';

create function chat.trim_text(content text) returns text
language sql immutable parallel safe
return btrim(content, U&'\0009\000A\000B\000C\000D\0020\0085\00A0\1680\2000\2001\2002\2003\2004\2005\2006\2007\2008\2009\200A\2028\2029\202F\205F\3000');
comment on function chat.trim_text(text) is
  'Cuts Unicode White_Space from both ends, as the edge does; btrim alone knows only the space.';

create function chat.is_visible(content text) returns boolean
language sql immutable parallel safe
return content ~ '[^\u0001-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U00013430-\U0001343f\U00016fe4\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff]';
comment on function chat.is_visible(text) is
  'Whether a text shows anything: it has a character that is neither white space, a control character, nor one of the invisible ones (zero-width, fillers, variation selectors, tags …). The edge has the same list.';

create function chat.cursor(variadic parts text[]) returns text
language sql immutable parallel safe
return translate(encode(convert_to(array_to_string(parts, '/'), 'UTF8'), 'base64'), E'+/=\n', '-_');
comment on function chat.cursor(text[]) is
  'An opaque cursor: base64url without padding of the parts joined by slashes. The edge decodes it and checks each part.';

-- Refusals -------------------------------------------------------------------

create table chat.refusals (
  code text primary key,
  status smallint not null,
  meaning text not null
);
comment on table chat.refusals is 'The API''s error codes that the database raises, and the HTTP status of each.';
insert into chat.refusals (code, status, meaning) values
  ('invalid_request', 400, 'an argument breaks a rule; the detail says which'),
  ('invalid_token', 401, 'the account of the token is gone'),
  ('not_participant', 403, 'the caller does not take part in the chat'),
  ('not_sender', 403, 'the message is somebody else''s'),
  ('edit_window_expired', 403, 'the message is too old to be edited'),
  ('not_friends', 403, 'only friends may open a direct chat'),
  ('blocked', 403, 'one of the pair has blocked the other'),
  ('forbidden', 403, 'only the sweeper may do this'),
  ('chat_not_found', 404, 'there is no such chat'),
  ('message_not_found', 404, 'the chat has no such message that the caller may see'),
  ('idempotency_mismatch', 409, 'the client_id was used for another message'),
  ('resync_required', 410, 'the position is of another database, or of a later state than this one has'),
  ('rate_limited', 429, 'too often; the detail is the seconds to wait');
alter table chat.refusals enable row level security;
alter table chat.refusals force row level security;

create function chat.refuse(code text, detail text default null) returns void
language plpgsql stable security definer set search_path = ''
as $$
declare
  status smallint;
begin
  select r.status into strict status from chat.refusals r where r.code = refuse.code;
  -- PostgREST answers SQLSTATE PTxyz with HTTP status xyz. 40001 must never be raised: PostgREST
  -- 12 to 14 repeat that for ever.
  if detail is null then
    raise exception using errcode = 'PT' || status, message = code;
  end if;
  raise exception using errcode = 'PT' || status, message = code, detail = detail;
end
$$;
comment on function chat.refuse(text, text) is 'Raises one of the API''s errors, by its code.';

create function chat.refuse_field(path text, issue text) returns void
language plpgsql stable security definer set search_path = ''
as $$
begin
  perform chat.refuse('invalid_request', jsonb_build_object('path', path, 'issue', issue)::text);
end
$$;
comment on function chat.refuse_field(text, text) is
  'Raises invalid_request with the field of the API''s request that is wrong, and why.';

create function chat.check_page_limit(page_limit integer) returns void
language plpgsql stable set search_path = ''
as $$
begin
  if page_limit is null or page_limit not between 1 and 100 then
    perform chat.refuse('invalid_request', 'page_limit must be 1 to 100');
  end if;
end
$$;
comment on function chat.check_page_limit(integer) is 'Raises invalid_request unless the limit is 1 to 100.';

create function chat.refuse_filters() returns void
language plpgsql stable security definer set search_path = ''
as $$
begin
  -- PostgREST lets a caller filter the answer of a function, in the statement that calls it: a filter that
  -- takes seconds would hold the function's locks as long. Its call of a function has no WHERE otherwise.
  if current_query() ~ '\mWHERE\M' and current_setting('request.method', true) <> '' then
    perform chat.refuse('invalid_request', 'the answer cannot be filtered');
  end if;
end
$$;
comment on function chat.refuse_filters() is
  'Raises invalid_request where PostgREST would filter the answer of a function that writes.';

-- Accounts -------------------------------------------------------------------

create function chat.require_account() returns void
language plpgsql stable security definer set search_path = ''
as $$
begin
  if not exists (select from auth.users u where u.id = auth.uid()) then
    perform chat.refuse('invalid_token');
  end if;
end
$$;
comment on function chat.require_account() is
  'Raises invalid_token when the caller''s account is gone: a token outlives its account.';

create function chat.hold_accounts(people uuid[]) returns uuid[]
language plpgsql volatile security definer set search_path = ''
as $$
declare
  held uuid[];
begin
  -- An account that is being deleted counts as gone, and its lock is not waited for: its deletion waits for
  -- chats. A change of its phone number takes the same lock, and is over in a moment.
  for attempt in 1..5 loop
    held := array(
      select u.id from auth.users u where u.id = any (people) order by u.id for key share skip locked
    );
    exit when not exists (select from auth.users u where u.id = any (people) and u.id <> all (held));
    perform pg_sleep(0.02);
  end loop;
  return held;
end
$$;
comment on function chat.hold_accounts(uuid[]) is
  'Those of the accounts that exist, which stay until the transaction ends. Whoever makes a participant holds the account: so none is made of a deleted one.';

-- Settings -------------------------------------------------------------------

create table chat.settings (
  name text primary key,
  value integer not null check (value >= 0),
  meaning text not null
);
comment on table chat.settings is 'What an operator may change: update chat.settings set value = … where name = ….';
insert into chat.settings (name, value, meaning) values (
  'told_participants', 10,
  'up to how many participants a chat may have for each of them to be told of its messages on their own channel, and for all to be told of read marks'
);
alter table chat.settings enable row level security;
alter table chat.settings force row level security;

create function chat.setting(name text) returns integer
language plpgsql stable security definer set search_path = ''
as $$
begin
  return (select s.value from chat.settings s where s.name = setting.name);
end
$$;
comment on function chat.setting(text) is 'The value of a setting.';
