-- The text of a message: its length, white space, and characters that nobody sees.
--
-- needs: friends, rooms

begin;
select plan(142);

-- One person sends hundreds of messages here.
update chat.rate_limits set max_count = 1000000 where name in ('send', 'edit');

select chat_tests.begin_story();

select chat_tests.add_people('alice', 'bob', 'carol');

-- Alice and bob are friends, and come to a party of carol's.
select chat_tests.befriend(chat_tests.id('alice'), chat_tests.id('bob'));
select chat_tests.give_party('carol', 'alice', 'bob');

select chat_tests.act_as('alice');
insert into known (name, id) select 'pair', (public.open_direct_chat(chat_tests.id('bob')) ->> 'id')::uuid;

select chat_tests.say('pair', 'hello');

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
  $$ update public.messages set text = repeat('x', chat.max_text_length() + 1) where id = chat_tests.id('hello') $$, '23514', null, 'the table itself refuses 4,001 characters'
);
select lives_ok(
  $$ update public.messages set text = repeat('x', chat.max_text_length()) where id = chat_tests.id('hello') $$, 'and takes 4,000'
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

select * from finish();
rollback;
