-- Sending, editing, deleting and reading messages, as the people of a chat and a stranger.
--
-- needs: friends, blocks, rooms

begin;
select plan(273);

-- One person sends hundreds of messages here.
update chat.rate_limits set max_count = 1000000 where name in ('send', 'edit');

select chat_tests.begin_story();

select chat_tests.add_people('alice', 'bob', 'carol', 'stranger');
insert into known (name) select unnest(array['elsewhere', 'unknown chat', 'unknown message', 'key', 'key 2']);

-- Alice and bob are friends, and come to a party of carol's.
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));
insert into known (name, id)
select 'party', chat_tests.open_room('Party', chat_tests.ids('carol'), chat_tests.ids('alice', 'bob'));
insert into known (name, id) select 'group chat', chat_tests.chat_of(chat_tests.id('party'));

select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;

-- Sending ----------------------------------------------------------------------

set local response.status = '';
insert into seen (moment, answer) select 'sent', public.send_message(chat_tests.id('pair'), 'hello');
insert into known (name, id) select 'hello', (s.answer ->> 'id')::uuid from seen s where s.moment = 'sent';
select is(
  (select s.answer from seen s where s.moment = 'sent'),
  (
    select jsonb_build_object(
      'id', m.id, 'chatId', chat_tests.id('pair'), 'senderId', chat_tests.id('alice'), 'text', 'hello', 'attachmentUrl', null, 'attachment', null,
      'clientId', null, 'createdAt', chat_tests.rfc3339(m.created_at), 'editedAt', null,
      'editableUntil', chat_tests.rfc3339(m.created_at + interval '15 minutes'), 'rev', 1
    )
    from public.messages m where m.chat_id = chat_tests.id('pair')
  ),
  'a sent message comes back whole'
);
select is(current_setting('response.status', true), '201', 'and is 201');
select is(
  public.list_messages(chat_tests.id('pair'))::jsonb,
  (select jsonb_build_object('data', jsonb_build_array(s.answer), 'nextCursor', null) from seen s where s.moment = 'sent'),
  'it stands in its sender''s page as it was answered'
);
select chat_tests.act_as('bob');
select is(
  public.list_messages(chat_tests.id('pair'))::jsonb -> 'data' -> 0,
  (select s.answer || '{"editableUntil": null}' from seen s where s.moment = 'sent'),
  'and in the other''s, who cannot edit it'
);
select is(
  public.get_chat(chat_tests.id('pair'))::jsonb - array['createdAt', 'participants'],
  (
    select jsonb_build_object(
      'id', m.chat_id, 'type', 'direct', 'eventId', null, 'groupId', null, 'name', null,
      'goneParticipants', jsonb_build_array(), 'lastMessageAt', chat_tests.rfc3339(m.created_at), 'unreadCount', 1, 'lastReadAt', null,
      'rev', 1, 'historyRev', 0, 'epoch', chat.epoch(), 'topic', 'chat:' || m.chat_id,
      'lastMessage', jsonb_build_object(
        'id', m.id, 'senderId', m.sender_id, 'text', 'hello', 'createdAt', chat_tests.rfc3339(m.created_at), 'hasAttachment', false
      )
    )
    from public.messages m where m.id = chat_tests.id('hello')
  ),
  'the chat tells its last message, its time and its rev'
);

select chat_tests.act_as('stranger');
select throws_ok(format('select public.%s', call), refusal[1], refusal[2], format('a stranger: %s', call))
from (values
  ($$list_messages(chat_tests.id('pair'))$$, array['PT403', 'not_participant']),
  ($$send_message(chat_tests.id('pair'), 'hi')$$, array['PT403', 'not_participant']),
  ($$send_message(chat_tests.id('pair'), 'hi', chat_tests.id('key'))$$, array['PT403', 'not_participant']),
  ($$edit_message(chat_tests.id('pair'), chat_tests.id('hello'), 'hi')$$, array['PT403', 'not_participant']),
  ($$delete_message(chat_tests.id('pair'), chat_tests.id('hello'))$$, array['PT403', 'not_participant']),
  ($$list_messages(chat_tests.id('unknown chat'))$$, array['PT404', 'chat_not_found']),
  ($$send_message(chat_tests.id('unknown chat'), 'hi')$$, array['PT404', 'chat_not_found']),
  ($$edit_message(chat_tests.id('unknown chat'), chat_tests.id('hello'), 'hi')$$, array['PT404', 'chat_not_found']),
  ($$delete_message(chat_tests.id('unknown chat'), chat_tests.id('hello'))$$, array['PT404', 'chat_not_found'])
) as attempt (call, refusal);
select chat_tests.act_as('stranger', '{"app_metadata": {"role": "moderator"}}');
select throws_ok(format('select public.%s', call), 'PT403', 'not_participant', format('a moderator from elsewhere: %s', call))
from unnest(array[
  $$list_messages(chat_tests.id('pair'))$$,
  $$delete_message(chat_tests.id('pair'), chat_tests.id('hello'))$$
]) as call;
select is_empty('select id from public.messages', 'and reads no message from the table');

reset role;
select chat_tests.block(chat_tests.id('bob'), chat_tests.id('alice'));
select chat_tests.act_as('alice');
select throws_ok($$ select public.send_message(chat_tests.id('pair'), 'hi') $$, 'PT403', 'blocked', 'the blocked cannot send');
select throws_ok(
  $$ select public.edit_message(chat_tests.id('pair'), chat_tests.id('hello'), 'hi') $$, 'PT403', 'blocked', 'nor by an edit'
);
select chat_tests.act_as('bob');
select throws_ok($$ select public.send_message(chat_tests.id('pair'), 'hi') $$, 'PT403', 'blocked', 'nor can who blocked');
select lives_ok($$ select public.send_message(chat_tests.id('group chat'), 'hi') $$, 'a block does not reach a chat that is not the pair''s');
reset role;
select chat_tests.unblock(chat_tests.id('bob'), chat_tests.id('alice'));
select is((select c.rev from chat.chats c where c.id = chat_tests.id('pair')), 1::bigint, 'a refused send takes no rev');

-- Text -------------------------------------------------------------------------

select chat_tests.act_as('alice');
select is(
  public.send_message(chat_tests.id('pair'), edge || 'in' || edge || 'side' || edge) ->> 'text', 'in' || edge || 'side',
  format('U+%s is cut from both ends', upper(lpad(to_hex(ascii(edge)), 4, '0')))
)
from unnest(regexp_split_to_array(
  U&'\0009\000A\000B\000C\000D\0020\0085\00A0\1680\2000\2001\2002\2003\2004\2005\2006\2007\2008\2009\200A\2028\2029\202F\205F\3000', ''
)) as edge;
select is(
  public.send_message(chat_tests.id('pair'), edge || 'x' || edge) ->> 'text', edge || 'x' || edge,
  format('U+%s is no white space and stays', upper(lpad(to_hex(ascii(edge)), 4, '0')))
)
from unnest(regexp_split_to_array(U&'\180E\200B\200D\2060\FEFF\001F\0001', '')) as edge;
select is(public.send_message(chat_tests.id('pair'), content) ->> 'text', content, said || ' come back identical')
from (values
  ('emoji of several characters', U&'\+01F468\200D\+01F469\200D\+01F467'),
  ('right-to-left letters', U&'\05E9\05DC\05D5\05DD'),
  ('composed and combining accents', U&'e\0301 \00E9'),
  ('inner line breaks and tabs', E'one\n\ntwo\tthree'),
  ('quotes and backslashes', $$'"\\; drop table$$)
) as text (said, content);

select throws_ok(format('select public.send_message(chat_tests.id(''pair''), %L)', content), 'PT400', 'invalid_request', said)
from (values (null, 'no text'), ('', 'an empty text'), (U&' \3000\000A\2028', 'a text of white space')) as text (content, said);
select is(
  public.send_message(chat_tests.id('pair'), repeat(U&'\+01F600', 4000)) ->> 'text', repeat(U&'\+01F600', 4000), '4,000 characters fit, of four bytes each'
);
select lives_ok(
  $$ select public.send_message(chat_tests.id('pair'), repeat(' ', 5000) || repeat('x', 4000) || repeat(U&'\2003', 5000)) $$,
  'and are counted after trimming'
);
select throws_ok(
  $$ select public.send_message(chat_tests.id('pair'), repeat('x', 4001)) $$, 'PT400', 'invalid_request', '4,001 characters do not fit'
);
select throws_ok(
  $$ select public.send_message(chat_tests.id('pair'), repeat('x', 5 * 1024 * 1024)) $$, 'PT400', 'invalid_request', 'nor do 5 MB'
);
select throws_ok(
  $$ select public.edit_message(chat_tests.id('pair'), chat_tests.id('hello'), repeat('x', 5 * 1024 * 1024)) $$,
  'PT400', 'invalid_request', 'an edit does not let them in either'
);
select throws_ok(
  format('select public.edit_message(chat_tests.id(''pair''), chat_tests.id(''hello''), %L)', content), 'PT400', 'invalid_request', 'an edit to ' || said
)
from (values (null, 'no text'), ('', 'an empty text'), (U&' \3000', 'a text of white space'), (repeat('x', 4001), '4,001 characters')) as text (content, said);
reset role;
select throws_ok(
  $$ update public.messages set text = repeat('x', 4001) where id = chat_tests.id('hello') $$, '23514', null, 'the table itself refuses 4,001 characters'
);
select throws_ok(
  $$ update public.messages set text = null where id = chat_tests.id('hello') $$, '23514', null, 'and a message of nothing'
);

-- What nobody sees -------------------------------------------------------------

create temporary table invisible (first integer primary key, last integer not null);
insert into invisible values
  (x'01'::integer, x'20'::integer), (x'7f'::integer, x'a0'::integer), (x'ad'::integer, x'ad'::integer),
  (x'34f'::integer, x'34f'::integer), (x'61c'::integer, x'61c'::integer), (x'115f'::integer, x'1160'::integer),
  (x'1680'::integer, x'1680'::integer), (x'17b4'::integer, x'17b5'::integer), (x'180b'::integer, x'180f'::integer),
  (x'2000'::integer, x'200f'::integer), (x'2028'::integer, x'202f'::integer), (x'205f'::integer, x'206f'::integer),
  (x'2800'::integer, x'2800'::integer), (x'3000'::integer, x'3000'::integer), (x'3164'::integer, x'3164'::integer),
  (x'fe00'::integer, x'fe0f'::integer), (x'feff'::integer, x'feff'::integer), (x'ffa0'::integer, x'ffa0'::integer),
  (x'fff0'::integer, x'fffb'::integer), (x'fffe'::integer, x'ffff'::integer), (x'13430'::integer, x'1343f'::integer),
  (x'16fe4'::integer, x'16fe4'::integer), (x'1bca0'::integer, x'1bca3'::integer), (x'1d159'::integer, x'1d159'::integer),
  (x'1d173'::integer, x'1d17a'::integer),
  (x'e0000'::integer, x'e0fff'::integer);
grant select on invisible to authenticated;

select chat_tests.act_as('alice');
-- Between two zero-width spaces, because white space at the ends would be cut.
select is(
  array[
    chat_tests.refusal(format('send_message(chat_tests.id(''pair''), %L)', U&'\200B' || chr(i.first) || U&'\200B')),
    chat_tests.refusal(format('edit_message(chat_tests.id(''pair''), chat_tests.id(''hello''), %L)', U&'\200B' || chr(i.last) || U&'\200B'))
  ],
  array_fill('PT400 invalid_request {"path": "text", "issue": "must have a visible character"}'::text, array[2]),
  format('U+%s to U+%s are invisible', upper(to_hex(i.first)), upper(to_hex(i.last)))
)
from invisible i order by i.first;
select is(
  public.send_message(chat_tests.id('pair'), chr(beside)) ->> 'text', chr(beside), format('U+%s is visible', upper(to_hex(beside)))
)
from (select i.first - 1 from invisible i where i.first > 1 union select i.last + 1 from invisible i) as n (beside)
order by beside;
select is(
  chat_tests.refusal(format('send_message(chat_tests.id(''pair''), %L)', content)), 'PT400 invalid_request {"path": "text", "issue": "must have a visible character"}', said
)
from (values
  (U&'\200D\200C\2060\FEFF', 'joiners that join nothing'),
  (U&'\3164 \2800 \FFA0', 'letters that nobody sees, and spaces'),
  (U&'\+0E0067\+0E0062\+0E007F', 'the tags of a flag without the flag'),
  (U&'\FE0F\0020\FE0E', 'variation selectors that vary nothing'),
  (repeat(U&'\200B', 4000), '4,000 zero-width spaces')
) as text (content, said);
select is(public.send_message(chat_tests.id('pair'), content) ->> 'text', content, said || ' comes back identical')
from (values
  (U&'\0645\06CC\200C\062E\0648\0627\0647\0645', 'Persian with a joiner inside a word'),
  (U&'\2764\FE0F\200D\+01F525', 'a heart on fire'),
  (U&'\+01F3F4\+0E0067\+0E0062\+0E0065\+0E006E\+0E0067\+0E007F', 'the flag of England'),
  (U&'\0031\FE0F\20E3', 'a keycap'),
  (U&'\200B.\200B', 'a dot between zero-width spaces')
) as text (content, said);
select is(
  chat_tests.refusal(format('%s, %L)', call, content)), 'PT400 invalid_request {"path": "text", "issue": "must have 1 to 4000 characters after trimming"}', said
)
from (values
  ('send_message(chat_tests.id(''pair'')', U&' \3000', 'a text of white space is refused by its length'),
  ('send_message(chat_tests.id(''pair'')', repeat('x', 4001), 'as is a long one'),
  ('edit_message(chat_tests.id(''pair''), chat_tests.id(''hello'')', '', 'as is an edit to nothing')
) as attempt (call, content, said);
reset role;

-- Order ------------------------------------------------------------------------

select results_eq(
  $$ select m.rev from public.messages m where m.chat_id = chat_tests.id('pair') order by m.created_at $$,
  $$ select generate_series(1, (select c.rev from chat.chats c where c.id = chat_tests.id('pair'))) $$,
  'rev counts the messages without a hole, in the order of creation'
);
select is(
  (select count(distinct m.created_at) from public.messages m where m.chat_id = chat_tests.id('pair')),
  (select c.rev from chat.chats c where c.id = chat_tests.id('pair')),
  'no two were created at one time'
);
select is(
  (select c.last_message_at from chat.chats c where c.id = chat_tests.id('pair')),
  (select max(m.created_at) from public.messages m where m.chat_id = chat_tests.id('pair')),
  'the chat''s activity is the newest one''s time'
);
-- A clock that was set back gives times in the past. The order of messages must not change.
update chat.chats set last_message_at = '2100-01-01 00:00:00.000001+00' where id = chat_tests.id('group chat');
select chat_tests.act_as('bob');
select is(
  public.send_message(chat_tests.id('group chat'), 'after the clock went back') ->> 'createdAt', '2100-01-01T00:00:00.000002Z',
  'a message is later than the one before it, whatever the clock says'
);
select is(
  public.send_message(chat_tests.id('group chat'), 'and on') ->> 'createdAt', '2100-01-01T00:00:00.000003Z', 'and so is the next'
);

-- Pages ------------------------------------------------------------------------

create function pg_temp.read_by_pages(chat text, page_limit integer) returns text[]
language plpgsql
as $$
declare
  page jsonb := public.list_messages(chat_tests.id(chat), page_limit);
  read text[] := '{}';
  encoded text;
  part text[];
begin
  loop
    read := read || array(select message ->> 'id' from jsonb_array_elements(page -> 'data') as message);
    encoded := translate(page ->> 'nextCursor', '-_', '+/');
    exit when encoded is null or cardinality(read) > 200;
    part := string_to_array(
      convert_from(decode(rpad(encoded, (length(encoded) + 3) / 4 * 4, '='), 'base64'), 'UTF8'), '/'
    );
    if part[1] <> 'messages' or part[2]::uuid <> chat_tests.id(chat) then
      raise 'a cursor of another endpoint or chat: %', part;
    end if;
    page := public.list_messages(chat_tests.id(chat), page_limit, part[3]::timestamptz);
  end loop;
  return read;
end
$$;

select is(
  pg_temp.read_by_pages('pair', page_limit),
  array(select m.id::text from public.messages m where m.chat_id = chat_tests.id('pair') order by m.rev desc),
  format('pages of %s give each message once, newest first', page_limit)
)
from unnest(array[1, 2, 7, 100]) as page_limit;
select throws_ok(
  format('select public.list_messages(chat_tests.id(''pair''), %s)', coalesce(page_limit::text, 'null')), 'PT400', 'invalid_request',
  format('a limit of %s is refused', coalesce(page_limit::text, 'null'))
)
from unnest(array[0, 101, -1, null]) as page_limit;
select is(
  public.list_messages(chat_tests.id('pair'), 100, '-infinity')::jsonb, '{"data": [], "nextCursor": null}', 'before all messages there is none'
);

-- Idempotent sends -------------------------------------------------------------

select chat_tests.act_as('alice');
insert into seen (moment, answer) select 'first', public.send_message(chat_tests.id('pair'), 'once', chat_tests.id('key'));
insert into known (name, id) select 'once', (s.answer ->> 'id')::uuid from seen s where s.moment = 'first';
select is((select s.answer ->> 'clientId' from seen s where s.moment = 'first'), chat_tests.id('key')::text, 'a message tells its clientId');
set local response.status = '';
select is(
  public.send_message(chat_tests.id('pair'), ' once ', chat_tests.id('key'))::jsonb, (select s.answer from seen s where s.moment = 'first'),
  'the same text and key again give the first message'
);
select is(current_setting('response.status', true), '', 'which is not 201');
select throws_ok(
  $$ select public.send_message(chat_tests.id('pair'), 'twice', chat_tests.id('key')) $$, 'PT409', 'idempotency_mismatch',
  'another text with the key is a mismatch'
);
select is(
  (select c.rev from chat.chats c where c.id = chat_tests.id('pair')), (select (s.answer ->> 'rev')::bigint from seen s where s.moment = 'first'),
  'neither wrote anything'
);
select isnt(
  public.send_message(chat_tests.id('group chat'), 'once', chat_tests.id('key')) ->> 'id', chat_tests.id('once')::text,
  'in another chat the key is another one'
);
select chat_tests.act_as('bob');
select isnt(
  public.send_message(chat_tests.id('pair'), 'once', chat_tests.id('key')) ->> 'id', chat_tests.id('once')::text, 'and so it is from another sender'
);

select chat_tests.act_as('alice');
insert into seen (moment, answer) select 'edited', public.edit_message(chat_tests.id('pair'), chat_tests.id('once'), 'changed');
select is(
  public.send_message(chat_tests.id('pair'), 'once', chat_tests.id('key'))::jsonb, (select s.answer from seen s where s.moment = 'edited'),
  'an edited message still answers its own retry, as it is now'
);
select throws_ok(
  $$ select public.send_message(chat_tests.id('pair'), 'changed', chat_tests.id('key')) $$, 'PT409', 'idempotency_mismatch',
  'what it was edited to was never sent'
);
select public.delete_message(chat_tests.id('pair'), chat_tests.id('once'));
select throws_ok(
  $$ select public.send_message(chat_tests.id('pair'), 'once', chat_tests.id('key')) $$, 'PT404', 'message_not_found',
  'a deleted message does not come back by a retry'
);
select throws_ok(
  $$ select public.send_message(chat_tests.id('pair'), 'twice', chat_tests.id('key')) $$, 'PT409', 'idempotency_mismatch',
  'and its key is not free for another text'
);
reset role;
select chat_tests.block(chat_tests.id('bob'), chat_tests.id('alice'));
select chat_tests.act_as('alice');
select throws_ok(
  $$ select public.send_message(chat_tests.id('pair'), 'a new one', chat_tests.id('key 2')) $$, 'PT403', 'blocked', 'a key does not go round a block'
);
reset role;
select chat_tests.unblock(chat_tests.id('bob'), chat_tests.id('alice'));

-- Editing ----------------------------------------------------------------------

select chat_tests.act_as('alice');
select chat_tests.say('pair', 'a typo');
insert into seen (moment, answer) select 'rev before', to_jsonb(c.rev) from chat.chats c where c.id = chat_tests.id('pair');
insert into seen (moment, answer) select 'corrected', public.edit_message(chat_tests.id('pair'), chat_tests.id('a typo'), U&'\2003no typo ');
select is(
  (select s.answer from seen s where s.moment = 'corrected'),
  (
    select jsonb_build_object(
      'id', m.id, 'chatId', chat_tests.id('pair'), 'senderId', chat_tests.id('alice'), 'text', 'no typo', 'attachmentUrl', null, 'attachment', null,
      'clientId', null, 'createdAt', chat_tests.rfc3339(m.created_at), 'editedAt', chat_tests.rfc3339(m.edited_at),
      'editableUntil', chat_tests.rfc3339(m.created_at + interval '15 minutes'), 'rev', s.answer::bigint + 1
    )
    from public.messages m, seen s where m.id = chat_tests.id('a typo') and s.moment = 'rev before' and m.edited_at > m.created_at
  ),
  'an edit gives the message whole, with its time and the next rev'
);
select is(
  public.list_messages(chat_tests.id('pair'), 1)::jsonb -> 'data' -> 0, (select s.answer from seen s where s.moment = 'corrected'), 'as it stands in the page'
);
select is(
  (select array[c.rev::text, chat_tests.rfc3339(c.last_message_at)] from chat.chats c where c.id = chat_tests.id('pair')),
  (select array[s.answer ->> 'rev', s.answer ->> 'createdAt'] from seen s where s.moment = 'corrected'),
  'it takes the chat''s rev, and leaves its activity'
);
select is(
  public.get_chat(chat_tests.id('pair'))::jsonb -> 'lastMessage' ->> 'text', 'no typo', 'the last message follows'
);
select throws_ok(format('select public.edit_message(%s, %L)', target, 'mine'), refusal[1], refusal[2], said)
from (values
  ($$chat_tests.id('pair'), chat_tests.id('unknown message')$$, array['PT404', 'message_not_found'], 'an unknown message cannot be edited'),
  ($$chat_tests.id('pair'), null$$, array['PT404', 'message_not_found'], 'nor can null'),
  ($$chat_tests.id('group chat'), chat_tests.id('a typo')$$, array['PT404', 'message_not_found'], 'nor one under another chat''s id'),
  ($$chat_tests.id('pair'), chat_tests.id('once')$$, array['PT404', 'message_not_found'], 'nor a deleted one')
) as attempt (target, refusal, said);
select chat_tests.act_as('bob');
select throws_ok(
  $$ select public.edit_message(chat_tests.id('pair'), chat_tests.id('once'), 'mine') $$, 'PT404', 'message_not_found',
  'that it is not his own is not told of a deleted one'
);
select chat_tests.act_as('bob', '{"app_metadata": {"role": "moderator"}}');
select throws_ok(
  $$ select public.edit_message(chat_tests.id('pair'), chat_tests.id('a typo'), 'mine') $$, 'PT403', 'not_sender',
  'nobody edits what another said, a moderator neither'
);

-- An edit with the same text is no change.
reset role;
create temporary table before_same_text as
select c.rev, (select count(*) from realtime.messages) as told, (select a.used from chat.allowances a where a.user_id = chat_tests.id('alice') and a.name = 'edit') as used
from chat.chats c where c.id = chat_tests.id('pair');
select chat_tests.act_as('alice');
select is(
  public.edit_message(chat_tests.id('pair'), chat_tests.id('a typo'), content)::jsonb, (select s.answer from seen s where s.moment = 'corrected'), said
)
from (values
  ('no typo', 'an edit to the same text answers the message as it is, with the time of its last change'),
  (E' no typo\n', 'and so does one to what is the same after trimming')
) as same (content, said);
reset role;
select is(
  (
    select array[c.rev, (select count(*) from realtime.messages), (select a.used from chat.allowances a where a.user_id = chat_tests.id('alice') and a.name = 'edit')]
    from chat.chats c where c.id = chat_tests.id('pair')
  ),
  (select array[b.rev, b.told, b.used] from before_same_text b), 'it takes no rev, tells nobody and counts as no edit'
);
select chat_tests.act_as('bob');
select throws_ok(
  $$ select public.edit_message(chat_tests.id('pair'), chat_tests.id('a typo'), 'no typo') $$, 'PT403', 'not_sender', 'it is refused to all but the sender'
);

reset role;
update public.messages set created_at = clock_timestamp() - interval '14 minutes 59 seconds' where id = chat_tests.id('a typo');
select chat_tests.act_as('alice');
select lives_ok(
  $$ select public.edit_message(chat_tests.id('pair'), chat_tests.id('a typo'), 'at 14:59') $$, '14:59 after sending an edit is in time'
);
reset role;
update public.messages set created_at = clock_timestamp() - interval '15 minutes 1 second' where id = chat_tests.id('a typo');
select chat_tests.act_as('alice');
select throws_ok(
  $$ select public.edit_message(chat_tests.id('pair'), chat_tests.id('a typo'), 'at 15:01') $$, 'PT403', 'edit_window_expired', 'at 15:01 it is not'
);
select throws_ok(
  $$ select public.edit_message(chat_tests.id('pair'), chat_tests.id('a typo'), 'at 14:59') $$, 'PT403', 'edit_window_expired', 'not even to the same text'
);
select is((select m.text from public.messages m where m.id = chat_tests.id('a typo')), 'at 14:59', 'the text stays');
select chat_tests.act_as('bob');
select throws_ok(
  $$ select public.edit_message(chat_tests.id('pair'), chat_tests.id('a typo'), 'at 15:01') $$, 'PT403', 'not_sender', 'who is not the sender hears of that first'
);

-- Deleting ---------------------------------------------------------------------

select chat_tests.act_as('alice');
select chat_tests.say('group chat', 'stays');
select chat_tests.say('group chat', 'goes');
select chat_tests.act_as('bob');
insert into seen (moment, answer) select 'bob unread', public.get_chat(chat_tests.id('group chat'));
select throws_ok(
  $$ select public.delete_message(chat_tests.id('group chat'), chat_tests.id('goes')) $$, 'PT403', 'not_sender', 'bob does not delete what alice said'
);
select throws_ok(format('select public.delete_message(%s)', target), 'PT404', 'message_not_found', said)
from (values
  ($$chat_tests.id('group chat'), chat_tests.id('unknown message')$$, 'an unknown message cannot be deleted'),
  ($$chat_tests.id('pair'), chat_tests.id('goes')$$, 'nor one under another chat''s id')
) as attempt (target, said);
select chat_tests.act_as('alice');
select lives_ok($$ select public.delete_message(chat_tests.id('group chat'), chat_tests.id('goes')) $$, 'alice deletes it');
select is(
  (select c.rev from chat.chats c where c.id = chat_tests.id('group chat')),
  (select (s.answer ->> 'rev')::bigint + 1 from seen s where s.moment = 'bob unread'), 'which takes the next rev'
);
select lives_ok($$ select public.delete_message(chat_tests.id('group chat'), chat_tests.id('goes')) $$, 'a second time is no error');
select is(
  (select c.rev from chat.chats c where c.id = chat_tests.id('group chat')),
  (select (s.answer ->> 'rev')::bigint + 1 from seen s where s.moment = 'bob unread'), 'and takes none'
);
select ok(not 'goes' = any (chat_tests.texts(chat_tests.id('group chat'))), 'it is gone from the sender''s own page');
select is_empty($$ select id from public.messages where id = chat_tests.id('goes') $$, 'and from the table as she reads it');
select chat_tests.act_as('bob');
select ok(not 'goes' = any (chat_tests.texts(chat_tests.id('group chat'))), 'it is gone from bob''s page');
select is_empty($$ select id from public.messages where deleted_at is not null $$, 'he reads no deleted message from the table');
select is(
  public.get_chat(chat_tests.id('group chat'))::jsonb -> 'lastMessage' ->> 'text', 'stays', 'the last message is the one before'
);
select is(
  (public.get_chat(chat_tests.id('group chat')) ->> 'unreadCount')::integer,
  (select (s.answer ->> 'unreadCount')::integer - 1 from seen s where s.moment = 'bob unread'), 'and one fewer is unread'
);
select throws_ok(
  $$ select public.delete_message(chat_tests.id('group chat'), chat_tests.id('goes')) $$, 'PT404', 'message_not_found',
  'for bob the deleted message does not exist'
);
reset role;
select is(
  (select array[m.text, m.deleted_by::text] from public.messages m where m.id = chat_tests.id('goes')),
  array['goes', chat_tests.id('alice')::text], 'the row is kept, and tells who deleted it'
);

-- Moderators -------------------------------------------------------------------

create function pg_temp.as_moderated(message_id uuid) returns jsonb
language sql stable security definer
as $$
  select jsonb_build_object(
    'id', m.id, 'chatId', m.chat_id, 'senderId', m.sender_id, 'text', m.text, 'attachmentUrl', null,
    'attachment', null, 'clientId', m.client_id,
    'createdAt', chat_tests.rfc3339(m.created_at), 'editedAt', chat_tests.rfc3339(m.edited_at), 'editableUntil', null, 'rev', m.rev,
    'deletedAt', chat_tests.rfc3339(m.deleted_at), 'deletedBy', m.deleted_by
  )
  from public.messages m where m.id = as_moderated.message_id
$$;

select chat_tests.act_as('bob', '{"app_metadata": {"role": "moderator"}}');
select is(
  public.list_messages(chat_tests.id('group chat'), 2)::jsonb -> 'data',
  jsonb_build_array(pg_temp.as_moderated(chat_tests.id('goes')), pg_temp.as_moderated(chat_tests.id('stays'))),
  'a moderator by token sees deleted messages, and who deleted them'
);
select isnt_empty($$ select id from public.messages where id = chat_tests.id('goes') $$, 'also in the table');
select is(
  pg_temp.read_by_pages('group chat', page_limit),
  array(select m.id::text from public.messages m where m.chat_id = chat_tests.id('group chat') order by m.created_at desc),
  format('a moderator''s pages of %s give each message once, newest first', page_limit)
)
from unnest(array[1, 3]) as page_limit;
select is(
  public.get_chat(chat_tests.id('group chat'))::jsonb -> 'lastMessage' ->> 'text', 'stays', 'the last message is the same one as for all'
);
select chat_tests.act_as('bob', '{"app_metadata": {"role": "editor"}}');
select is_empty($$ select id from public.messages where id = chat_tests.id('goes') $$, 'another role of the token shows nothing');
select chat_tests.act_as('bob', '{"user_metadata": {"role": "moderator"}}');
select is_empty($$ select id from public.messages where id = chat_tests.id('goes') $$, 'nor does what a user writes about themselves');

select chat_tests.act_as('carol');
select is(
  public.list_messages(chat_tests.id('group chat'), 1)::jsonb -> 'data', jsonb_build_array(pg_temp.as_moderated(chat_tests.id('goes'))),
  'an author of the event moderates its groups'' chats without such a token'
);
select lives_ok(
  $$ select public.delete_message(chat_tests.id('group chat'), chat_tests.id('stays')) $$, 'and deletes what others said'
);
select lives_ok($$ select public.delete_message(chat_tests.id('group chat'), chat_tests.id('goes')) $$, 'a second deletion is no error');
select is(
  (select m.deleted_by from public.messages m where m.id = chat_tests.id('goes')), chat_tests.id('alice'), 'and changes nothing'
);
select chat_tests.act_as('alice');
select ok(not 'stays' = any (chat_tests.texts(chat_tests.id('group chat'))), 'what a moderator deleted is gone for its sender');
select lives_ok(
  $$ select public.delete_message(chat_tests.id('group chat'), chat_tests.id('stays')) $$, 'who may delete it again, as her own'
);

select chat_tests.act_as('carol');
select public.leave_chat(chat_tests.id('group chat'));
select throws_ok(
  $$ select public.delete_message(chat_tests.id('group chat'), chat_tests.id('hello')) $$, 'PT403', 'not_participant',
  'an author who has left the chat moderates it no more'
);
select is_empty('select id from public.messages', 'and reads nothing of it');
select chat_tests.act_as('carol', '{"app_metadata": {"role": "moderator"}}');
select is_empty('select id from public.messages', 'with a moderator''s token neither');

-- A person who has left a direct chat and come back does not see its earlier messages.
select chat_tests.act_as('bob');
select chat_tests.say('pair', 'before leaving');
select public.leave_chat(chat_tests.id('pair'));
select chat_tests.act_as('alice');
select chat_tests.say('pair', 'come back');
select chat_tests.act_as('bob', '{"app_metadata": {"role": "moderator"}}');
select is(chat_tests.texts(chat_tests.id('pair')), array['come back'], 'what was before one left is closed, to a moderator as well');
select throws_ok(format('select public.%s', call), 'PT404', 'message_not_found', format('and so for %s', split_part(call, '(', 1)))
from unnest(array[
  $$edit_message(chat_tests.id('pair'), chat_tests.id('before leaving'), 'x')$$,
  $$delete_message(chat_tests.id('pair'), chat_tests.id('before leaving'))$$
]) as call;

-- Filters ------------------------------------------------------------------------
-- PostgREST filters an answer with a WHERE in the statement that calls the function.

reset role;
select lives_ok('select chat.refuse_filters() WHERE true', 'outside a request a statement may have a filter');
set local request.method = '';
select lives_ok('select chat.refuse_filters() WHERE true', 'so may one after a request');
set local request.method = 'POST';
select throws_ok('select chat.refuse_filters() WHERE true', 'PT400', 'invalid_request', 'a request may not');
select chat_tests.act_as('alice');
set local request.method = '';
select chat_tests.say('pair', 'unfiltered');
select chat_tests.act_as('bob');
select chat_tests.say('pair', 'unread by alice');
reset role;
create temporary table before_filters as
select c.rev, (select count(*) from chat.chats) as chats, (select count(*) from chat.uploads) as uploads,
  (select max(r.last_read_at) from chat.read_marks r where r.chat_id = c.id and r.user_id = chat_tests.id('alice')) as read_to
from chat.chats c where c.id = chat_tests.id('pair');
set local request.method = 'POST';
select chat_tests.act_as('alice');
select is(
  chat_tests.refusal(call || ' WHERE true'), 'PT400 invalid_request the answer cannot be filtered',
  format('a request filters no answer of %s', split_part(call, '(', 1))
)
from unnest(array[
  $$open_direct_chat(chat_tests.id('bob'))$$,
  $$mark_read(chat_tests.id('pair'), chat_tests.id('unread by alice'))$$,
  $$send_message(chat_tests.id('pair'), 'filtered')$$,
  $$edit_message(chat_tests.id('pair'), chat_tests.id('unfiltered'), 'filtered')$$,
  $$reserve_upload(chat_tests.id('pair'), 'a.pdf', 'application/pdf', 5)$$
]) as call;
set local request.method = '';
reset role;
select results_eq(
  $$ select c.rev, (select count(*) from chat.chats), (select count(*) from chat.uploads),
       (select max(r.last_read_at) from chat.read_marks r where r.chat_id = c.id and r.user_id = chat_tests.id('alice'))
     from chat.chats c where c.id = chat_tests.id('pair') $$,
  'select rev, chats, uploads, read_to from before_filters', 'and none of them writes'
);
select is(
  chat_tests.refusal('send_message(chat_tests.id(''pair''), ''outside a request'') WHERE true'), 'not at all',
  'outside a request a send may have a filter'
);

-- What goes past the functions -------------------------------------------------

select chat_tests.act_as('bob');
select chat_tests.say('pair', 'a whole row');
select is(
  (select to_jsonb(m) from (select * from public.messages where id = chat_tests.id('a whole row')) as m),
  jsonb_build_object(
    'id', chat_tests.id('a whole row'), 'chat_id', chat_tests.id('pair'), 'sender_id', chat_tests.id('bob'), 'text', 'a whole row',
    'attachment_path', null, 'attachment_file_name', null, 'attachment_content_type', null, 'attachment_size', null,
    'attachment_width', null, 'attachment_height', null, 'client_id', null, 'rev', c.rev,
    'created_at', to_jsonb(c.last_message_at), 'edited_at', null, 'deleted_at', null, 'deleted_by', null
  ),
  'a participant reads a row of the table whole'
)
from chat.chats c where c.id = chat_tests.id('pair');
select chat_tests.act_as('alice');
select throws_ok(statement, '42501', 'permission denied for table sends', format('a participant is refused: %s', statement))
from unnest(array[
  $$select digest from chat.sends$$,
  $$select message_id from chat.sends where client_id = chat_tests.id('key')$$,
  $$insert into chat.sends (client_id, sender_id, chat_id, message_id, digest) values (chat_tests.id('key'), chat_tests.id('bob'), chat_tests.id('pair'), chat_tests.id('hello'), '')$$,
  $$delete from chat.sends$$
]) as statement;
select throws_ok(statement, '42501', 'permission denied for table messages', format('a participant is refused: %s', statement))
from unnest(array[
  $$insert into public.messages (chat_id, sender_id, text, rev, created_at) values (chat_tests.id('pair'), chat_tests.id('alice'), 'x', 1000, now())$$,
  $$insert into public.messages (chat_id, sender_id, text, rev, created_at) values (chat_tests.id('pair'), chat_tests.id('bob'), 'x', 1000, now())$$,
  $$insert into public.messages (chat_id, sender_id, text, rev, created_at) select chat_tests.id('pair'), chat_tests.id('alice'), 'x', 1000 + n, now() + n * interval '1 second' from generate_series(1, 20000) n$$,
  $$update public.messages set text = 'x'$$,
  $$update public.messages set chat_id = chat_tests.id('group chat')$$,
  $$update public.messages set sender_id = chat_tests.id('bob')$$,
  $$update public.messages set created_at = now(), edited_at = null, rev = 1, deleted_at = null$$,
  $$update public.messages set id = gen_random_uuid()$$,
  $$delete from public.messages$$
]) as statement;
set local role anon;
set local request.jwt.claims = '{"role": "anon"}';
select throws_ok(statement, '42501', 'permission denied for ' || what, format('anon is refused: %s', statement))
from (values
  ('table messages', 'select id from public.messages'),
  ('table messages', 'select count(*) from public.messages'),
  ('table messages', 'delete from public.messages'),
  ('function list_messages', $$select public.list_messages(chat_tests.id('pair'))$$),
  ('function send_message', $$select public.send_message(chat_tests.id('pair'), 'x')$$),
  ('function edit_message', $$select public.edit_message(chat_tests.id('pair'), chat_tests.id('hello'), 'x')$$),
  ('function delete_message', $$select public.delete_message(chat_tests.id('pair'), chat_tests.id('hello'))$$)
) as attempt (what, statement);

select * from finish();
rollback;
