-- Each fact stands once: a function that repeats a code, a shape, a topic's form, the bucket's name, a window or the
-- moderators' rule fails this file. It reads the bodies of all functions of the chat.

begin;
select plan(16);

-- The bodies without comments. The functions of the host's interface are the host's.
create temporary view body as
select f.oid, format('%s.%s', n.nspname, f.proname) as function,
  regexp_replace(coalesce(pg_catalog.pg_get_function_sqlbody(f.oid), f.prosrc), '--[^\n]*', '', 'g') as code
from pg_catalog.pg_proc f join pg_catalog.pg_namespace n on n.oid = f.pronamespace
where (
    n.nspname = 'chat'
    and f.proname <> all (array['are_friends', 'is_blocked', 'event_participants', 'group_participants', 'moderated_events'])
  )
  or (n.nspname = 'public' and f.proname = any (chat_tests.api_functions()));

-- A fact: an expression that finds it in a body, the functions that have it, and a text that repeats it.
create temporary table fact (
  name text primary key,
  pattern text not null,
  functions text[] not null,
  repeated text not null
);
-- A code in a function that refuses. `blocked` is also a word of other functions.
insert into fact (name, pattern, functions, repeated)
select 'the code ' || code, format('^(?=.*\mrefuse\M).*''%s''', code), array[function], format('chat.refuse(''%s'')', code)
from (values
  ('invalid_request', 'chat.refuse_request'),
  ('invalid_cursor', 'public.search_messages'),
  ('invalid_token', 'chat.require_account_among'),
  ('not_participant', 'chat.require_participant'),
  ('not_sender', 'chat.require_sender'),
  ('edit_window_expired', 'public.edit_message'),
  ('not_friends', 'public.open_direct_chat'),
  ('blocked', 'chat.require_unblocked_pair'),
  ('forbidden', 'chat.require_sweeper'),
  ('chat_not_found', 'chat.require_participant'),
  ('message_not_found', 'chat.find_message'),
  ('idempotency_mismatch', 'public.send_message'),
  ('resync_required', 'chat.refuse_position'),
  ('rate_limited', 'chat.refuse_until')
) as refusal (code, function);
-- A shape, by fields that no other answer or event has.
insert into fact (name, pattern, functions, repeated)
select 'the shape of ' || shape, format('\m%s\M', field), array[function], format('''%s''', field)
from (values
  ('Message', 'editableUntil', 'chat.to_message'),
  ('a moderated Message', 'deletedBy', 'chat.to_message'),
  ('an unavailable ReplyTo', 'unavailable', 'chat.to_reply_to'),
  ('Chat', 'goneParticipants', 'chat.chats_of_caller'),
  ('Change', 'upsert', 'chat.to_change')
) as field_of (shape, field, function);
insert into fact (name, pattern, functions, repeated) values
  ('the shape of Reaction', '''mine''', '{chat.to_reactions}', '''mine'''),
  ('the shape of ReactionChange', '''added''', '{chat.to_reaction_change}', '''added'''),
  -- Both are about another message than the one that they belong to.
  ('the shapes of LastMessage and ReplyTo', '\mhasAttachment\M', '{chat.to_last_message,chat.to_reply_to}', '''hasAttachment'''),
  ('the SQLSTATE of refusals', '''PT', '{chat.refuse}', 'raise sqlstate ''PT403'''),
  ('raising an error', '\mraise\s+(exception|sqlstate|''|using)', '{chat.refuse}', 'raise exception ''no'''),
  ('a topic''s form', '''(chat|user):|'':''(::text)? \|\|', '{chat.topic}', '''user:'' || id'),
  ('a topic''s pattern', '\(chat\|user\):', '{chat.topic_pattern}', '''^(chat|user):'''),
  ('reading a topic', 'topic, '':''', '{chat.may_listen}', 'split_part(topic, '':'', 2)'),
  ('the bucket', 'chat-attachments', '{chat.bucket}', '''chat-attachments'''),
  ('a timestamp''s form', 'YYYY', '{chat.rfc3339}', 'to_char(at, ''YYYY-MM-DD'')'),
  ('the limit of a page', '\mbetween 1 and 100\M|page_limit (<|>)', '{chat.check_page_limit}', 'if page_limit > 100'),
  ('the length of a text', '\m4000\M', '{chat.max_text_length}', 'char_length(text) <= 4000'),
  ('the size of a broadcast', '\m2[0-9]{5}\M', '{chat.max_broadcast_bytes}', '250000'),
  ('the claim of moderators', '\mapp_metadata\M|''moderator''', '{chat.has_moderator_token}', 'auth.jwt() -> ''app_metadata'''),
  ('the rule of moderators', 'chat\.moderated_events', '{chat.moderated_chats}', 'chat.moderated_events()'),
  ('the token of moderators', 'chat\.has_moderator_token', '{chat.is_moderator,chat.moderated_chats}', 'chat.has_moderator_token()'),
  ('the sweeper''s account', 'raw_app_meta_data', '{chat.is_sweeper}', 'u.raw_app_meta_data');

create temporary view found as
select f.name as fact, b.function from fact f join body b on b.code ~ f.pattern;

select set_eq(
  'select fact, function from found', 'select name, unnest(functions) from fact', 'each fact stands in its function and in no other'
);

-- Windows: every interval in a body, with the functions that have it.
create temporary view duration as
select b.function, coalesce(found.parts[1], found.parts[2])::interval as length
from body b
cross join lateral regexp_matches(b.code, 'interval ''([^'']+)''|''([^'']+)''::interval', 'g') as found (parts);
select set_eq(
  'select function, length from duration',
  $$ values
    ('chat.edit_window', interval '15 minutes'),
    ('chat.upload_window', interval '2 hours'),
    ('chat.attach_window', interval '24 hours'),
    -- Added to chat.attach_window.
    ('chat.sweep_window', interval '1 hour'),
    -- Not rules of the API: the next created_at, the time for broadcasts, and the pause between typing events.
    ('public.send_message', interval '1 microsecond'),
    ('chat.broadcast', interval '500 milliseconds'),
    ('public.send_typing', interval '3 seconds'),
    -- How a search reads.
    ('chat.search_newest', interval '1 microsecond'),
    ('chat.search_newest', interval '1 year') $$,
  'each window stands in one function'
);

-- Codes ----------------------------------------------------------------------

select set_eq(
  'select code from chat.refusals', $$ select substr(name, 10) from fact where name like 'the code %' $$,
  'these are all codes, and a function raises each'
);
select is_empty(
  $$ select function, code.parts from body b, regexp_matches(b.code, '\mrefuse\(''(\w+)''', 'g') as code (parts)
     where code.parts[1] not in (select r.code from chat.refusals r) $$,
  'no function raises an unknown code'
);
select is_empty(
  $$ select function from body b where b.code ~ '40001|serialization_failure' $$,
  'no function raises or handles 40001, with which PostgREST would repeat the request without end'
);

-- Shapes ---------------------------------------------------------------------

select set_eq(
  $$ select t.typname::text from pg_catalog.pg_type t join pg_catalog.pg_class c on c.oid = t.typrelid
     where t.typnamespace = 'chat'::regnamespace and c.relkind = 'c' $$,
  array['membership', 'notice', 'searched_chat', 'hit'],
  'no composite type repeats the fields of an answer'
);
select is_empty(
  $$ select c.oid::regclass from pg_catalog.pg_class c where c.relnamespace = 'chat'::regnamespace and c.relkind in ('v', 'm') $$,
  'nor does a view'
);

-- The function messages puts the URL of a file in by these bytes (`UNSIGNED` in functions/messages/src/constants.rs).
select matches(
  message::text, '"attachmentUrl":null,"attachment":\{"path":"a/b",',
  format('in chat.to_message, attachment follows attachmentUrl, and path is its first field (for a moderator: %s)', for_moderator)
)
from (values (false), (true)) as viewer (for_moderator)
cross join lateral chat.to_message(
  jsonb_populate_record(null::public.messages, '{"attachment_path": "a/b"}'), null, for_moderator
) as message;

-- Topics, pages, buckets -------------------------------------------------------

select set_eq(
  $$ select kind.parts[1] from body b, regexp_matches(b.code, 'chat\.topic\(''(\w+)''', 'g') as kind (parts) $$,
  array['chat', 'user'],
  'topics are of chats and of users'
);
select is_empty(
  $$ select b.function from body b join pg_catalog.pg_proc f on f.oid = b.oid
     where 'page_limit' = any (f.proargnames) and b.function <> 'chat.check_page_limit' and b.code !~ 'chat\.check_page_limit\(page_limit\)' $$,
  'every page has the same limit'
);
select set_eq(
  $$ select f.proname::text, pg_catalog.pg_get_expr(f.proargdefaults, 'pg_catalog.pg_proc'::regclass) ~ '^50\M'
     from body b join pg_catalog.pg_proc f on f.oid = b.oid
     where b.function like 'public.%' and pg_catalog.pg_get_function_arguments(f.oid) ~ '\mpage_limit integer DEFAULT ' $$,
  $$ values ('list_chats', true), ('list_changed_chats', true), ('list_messages', true), ('list_changes', true), ('list_reactions', true), ('list_mentions', true), ('search_messages', true),
    ('list_leftover_uploads', false) $$,
  'and every page of people 50 entries, if the request does not say otherwise'
);
select is_empty(
  $$ select p.policyname from pg_catalog.pg_policies p
     where p.schemaname in ('storage', 'realtime')
       and replace(concat(p.qual, p.with_check), quote_literal(chat.bucket()), '') ~ 'attachments''' $$,
  'policies for every role have the value of chat.bucket'
);
select is(
  (
    select string_agg(distinct (regexp_match(p.qual, '!~ ''([^'']+)'''))[1], ' and ') from pg_catalog.pg_policies p
    where p.schemaname = 'realtime' and p.qual like '%!~%'
  ),
  chat.topic_pattern(),
  'and the value of chat.topic_pattern'
);

-- These tests find a repetition ---------------------------------------------------

do $$
begin
  execute format(
    'create function chat.second_place() returns void language plpgsql as $second$ begin perform $text$ %s $text$; end $second$',
    (select string_agg(f.repeated, ' ') from pg_temp.fact f)
  );
  create function chat.second_window() returns interval language sql as $second$ select interval '15 minutes' $second$;
end
$$;
select set_eq(
  $$ select fact from found where function = 'chat.second_place' $$, 'select name from fact', 'a function that repeats a fact is found'
);
select isnt_empty(
  $$ select function from duration where function = 'chat.second_window' $$, 'so is a function that repeats a window'
);

select * from finish();
rollback;
