-- What `cargo xtask bench` reads and writes: 1,000,000 messages, 2,000 chats, 5,000 people.
--
-- The superuser runs it in one transaction, on a database that has the migrations. The role of a replica
-- turns off triggers: neither broadcasts nor checks of foreign keys are needed here.

set local session_replication_role = replica;

create schema bench;

-- People and chats have numbers, by which cases.toml finds them:
--   people  0 is in one chat, 1 in 200, 2 in 1,000; 3 to 18 send and edit; 19 marks as read; the rest is a crowd
--   chats   0 has 300,000 messages, 1 has 100; the last 33 are written to:
--           1967 to 1982 have one sender each, 1983 and 1984 to 1999 all sixteen
create table bench.people as select n, gen_random_uuid() as id from generate_series(0, 4999) as n;
create table bench.chats as
select
  n, gen_random_uuid() as id, gen_random_uuid() as event_id,
  case n when 0 then 300000 when 1 then 100 when 2 then 950 else 350 end as lines,
  now() - interval '1 hour' - n * interval '20 seconds' as last_at
from generate_series(0, 1999) as n;
create unique index on bench.people (n);
create unique index on bench.chats (n);

create table bench.seats as
-- The people whose reading is measured.
select c.id as chat_id, c.n as chat, p.id as user_id, p.n as person
from bench.chats c
join bench.people p on p.n = 0 and c.n = 0 or p.n = 1 and c.n < 200 or p.n = 2 and c.n < 1000 or p.n = 19 and c.n between 2 and 1001
union
-- The senders: one in each of the first sixteen chats, all of them in each of the others.
select c.id, c.n, p.id, p.n
from bench.chats c
join bench.people p on p.n between 3 and 18 and (c.n = p.n + 1964 or c.n >= 1983)
union
-- Three of the crowd in each chat, and twenty in the long one.
select c.id, c.n, p.id, p.n
from bench.chats c
cross join generate_series(0, 19) as seat
join bench.people p on p.n = 20 + (c.n * 7 + seat * 131) % 4980
where c.n = 0 or c.n < 1983 and seat < case when c.n < 1967 then 3 else 2 end;

insert into auth.users (id, email) select p.id, p.id || '@bench.example' from bench.people p;
insert into chat.chats (id, type, event_id, name, rev, last_message_at, created_at)
select c.id, 'event_authors', c.event_id, 'Event ' || c.n, c.lines, c.last_at, c.last_at - interval '300 days' from bench.chats c;
-- Who takes part has read all but the last few messages, but for the long chat, which nobody has read.
insert into chat.chat_participants (chat_id, user_id, joined_at)
select s.chat_id, s.user_id, c.last_at - interval '300 days'
from bench.seats s join bench.chats c on c.n = s.chat;
insert into chat.read_marks (chat_id, user_id, last_read_at)
select s.chat_id, s.user_id, c.last_at - (s.chat % 8) * (interval '299 days' / c.lines)
from bench.seats s join bench.chats c on c.n = s.chat
where s.chat <> 0;

-- All chats speak through the same 299 days, so one's messages lie scattered among those of the
-- others, as they would on a disk. Each fiftieth message of a chat is deleted.
insert into public.messages (chat_id, sender_id, text, rev, created_at, deleted_at)
select
  c.id, crowd.ids[1 + line % 2],
  'Line ' || line || ' of ' || c.lines || ': ' || repeat('lorem ipsum ', 2 + line % 5), line,
  c.last_at - (c.lines - line) * (interval '299 days' / c.lines) as created_at,
  case when line % 50 = 0 then now() end
from bench.chats c
cross join lateral (
  select array_agg(s.user_id order by s.person) as ids from bench.seats s where s.chat_id = c.id and s.person >= case when c.n < 1983 then 20 else 3 end
) as crowd
cross join lateral generate_series(1, c.lines) as line
order by created_at;

-- The trigger that keeps the words is off.
insert into chat.message_words (chat_id, created_at, message_id, block, words)
select m.chat_id, m.created_at, m.id, m.rev / chat.block_size(), chat.message_vector(m.text, m.sender_id)
from public.messages m join bench.chats c on c.id = m.chat_id
where m.deleted_at is null
order by m.created_at;

-- Twenty of each sender's own that will be edited; restore.sql makes them anew, as only young ones may be.
create table bench.edited as
select gen_random_uuid() as id, c.id as chat_id, p.id as user_id, c.n - 1967 as sender, c.lines + line as rev, line
from bench.chats c
join bench.people p on p.n = c.n - 1964 and c.n between 1967 and 1982
cross join generate_series(1, 20) as line;
