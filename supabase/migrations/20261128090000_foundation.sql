-- The schema, its settings, and the functions that give the API's answers their common form.

create schema chat;
comment on schema chat is
  'Tables, predicates and helpers of the chat. Policies and the API''s functions in schema public use it. PostgREST must not expose it.';
revoke all on schema chat from public;
grant usage on schema chat to authenticated;

-- Formatting -----------------------------------------------------------------
-- These functions have no `set search_path`, because the planner does not inline a function with a setting.
-- Their bodies are parsed when they are created, so a search_path cannot redirect them.

create function chat.rfc3339(at timestamptz) returns text
language sql stable parallel safe
return to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
comment on function chat.rfc3339(timestamptz) is
  'The API''s form of a timestamp: RFC 3339 in UTC with six fractional digits and Z.';

create function chat.trim_text(content text) returns text
language sql immutable parallel safe
return btrim(content, U&'\0009\000A\000B\000C\000D\0020\0085\00A0\1680\2000\2001\2002\2003\2004\2005\2006\2007\2008\2009\200A\2028\2029\202F\205F\3000');
comment on function chat.trim_text(text) is
  'Cuts Unicode White_Space from both ends of a text, as the edge does. btrim without a list cuts only the space.';

create function chat.is_visible(content text) returns boolean
language sql immutable parallel safe
return content ~ '[^\u0001-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U00013430-\U0001343f\U00016fe4\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff]';
comment on function chat.is_visible(text) is
  'Whether a reader can see anything of a text: at least one character is neither white space, a control character nor invisible (zero-width characters, fillers, variation selectors, tags). The edge has the same list.';

-- In plpgsql and with a search_path, because Postgres does not inline it, and would plan an SQL function anew in each
-- transaction.
create function chat.cursor(variadic parts text[]) returns text
language plpgsql immutable parallel safe set search_path = ''
as $$
begin
  return translate(encode(convert_to(array_to_string(parts, '/'), 'UTF8'), 'base64'), E'+/=\n', '-_');
end
$$;
comment on function chat.cursor(text[]) is
  'An opaque cursor: its parts joined by slashes, as base64url without padding. The edge decodes it and checks each part.';

-- Settings -------------------------------------------------------------------

create table chat.settings (
  name text primary key,
  value integer not null check (value >= 0),
  meaning text not null
);
comment on table chat.settings is 'What an operator may change: update chat.settings set value = … where name = ….';
insert into chat.settings (name, value, meaning) values (
  'told_participants', 10,
  'The largest number of participants. In a chat with more people, messages go only to the chat''s channel, not to each person''s channel, and read marks only to the reader.'
);
alter table chat.settings enable row level security;
alter table chat.settings force row level security;
