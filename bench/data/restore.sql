-- Before each round of `cargo xtask bench`: takes back what was written, and makes the messages that will be
-- edited anew. The superuser runs it in one transaction.

set local session_replication_role = replica;
truncate realtime.messages;

create temporary table written on commit drop as select c.n, c.id, c.lines, c.last_at from bench.chats c where c.n >= 1967;
delete from chat.sends s using written w where s.chat_id = w.id;
delete from public.messages m using written w where m.chat_id = w.id and (m.rev > w.lines or m.edited_at is not null);
update chat.chats c set rev = w.lines + 20, last_message_at = now() from written w where c.id = w.id;

-- For fifteen minutes from now they may be edited.
insert into public.messages (id, chat_id, sender_id, text, rev, created_at)
select e.id, e.chat_id, e.user_id, 'Line ' || e.line || ' to be edited', e.rev, now() - (20 - e.line) * interval '1 millisecond'
from bench.edited e;

-- The trigger that keeps the words is off.
delete from chat.message_words w using written r where w.chat_id = r.id;
insert into chat.message_words (chat_id, created_at, message_id, block, words)
select m.chat_id, m.created_at, m.id, m.rev / chat.block_size(), chat.message_vector(m.text, m.sender_id)
from public.messages m join written r on r.id = m.chat_id
where m.deleted_at is null;
