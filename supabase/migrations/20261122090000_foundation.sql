-- The ground that the chat stands on: a schema for what is not an API, and the few
-- functions that give answers their common form.

create schema private;
comment on schema private is
  'Predicates and helpers of the chat. Not exposed by PostgREST; policies and public functions call into it.';
revoke all on schema private from public;
grant usage on schema private to authenticated;

-- Formatting -----------------------------------------------------------------
-- These two have no `set search_path`: such a setting would keep the planner from
-- inlining them, and their bodies, being parsed here and now, cannot be redirected by one.

create function private.rfc3339(at timestamptz) returns text
language sql stable parallel safe
return to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
comment on function private.rfc3339(timestamptz) is
  'The API''s timestamp: RFC 3339 in UTC, always six fractional digits, Z.';

create function private.trim_text(content text) returns text
language sql immutable parallel safe
return btrim(content, U&'\0009\000A\000B\000C\000D\0020\0085\00A0\1680\2000\2001\2002\2003\2004\2005\2006\2007\2008\2009\200A\2028\2029\202F\205F\3000');
comment on function private.trim_text(text) is
  'Cuts Unicode White_Space from both ends, as the edge does; btrim alone knows the space only.';

create function private.cursor(variadic parts text[]) returns text
language sql immutable parallel safe
return translate(encode(convert_to(array_to_string(parts, '/'), 'UTF8'), 'base64'), E'+/=\n', '-_');
comment on function private.cursor(text[]) is
  'An opaque cursor: base64url without padding of the parts joined by slashes. The edge decodes it and checks each part.';

revoke execute on function private.rfc3339(timestamptz) from public;
revoke execute on function private.trim_text(text) from public;
revoke execute on function private.cursor(text[]) from public;
grant execute on function private.rfc3339(timestamptz) to authenticated;
grant execute on function private.cursor(text[]) to authenticated;

-- Refusals -------------------------------------------------------------------
-- SQLSTATE PTxyz makes PostgREST answer with HTTP status xyz; the message is the API's error code.

create function private.check_page_limit(page_limit integer) returns void
language plpgsql immutable parallel safe set search_path = ''
as $$
begin
  if page_limit is null or page_limit not between 1 and 100 then
    raise sqlstate 'PT400' using message = 'invalid_request', detail = 'page_limit must be 1 to 100';
  end if;
end
$$;
comment on function private.check_page_limit(integer) is 'Raises invalid_request unless the limit is 1 to 100.';
revoke execute on function private.check_page_limit(integer) from public;
grant execute on function private.check_page_limit(integer) to authenticated;
