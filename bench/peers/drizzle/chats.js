// Chats: one query for one of them and for a page, which also asks for the last message and the unread count.
import { sql } from "drizzle-orm";
import * as answers from "./answers.js";
import * as cursor from "../cursor.js";
import { db } from "./database.js";
import { requireParticipant } from "./membership.js";
import { Refusal } from "./refusal.js";

const unread = sql`(
  select count(*)::integer from (
    select from messages m
    where m.chat_id = me.chat_id and m.created_at > greatest(mark.last_read_at, me.history_from)
      and m.sender_id <> me.user_id and m.deleted_at is null
    order by m.created_at desc limit 100
  ) as unread
)`;

const mark = sql`left join read_marks mark on mark.chat_id = me.chat_id and mark.user_id = me.user_id`;

const details = (page) => sql`
  select c.id, c.type, c.event_id, c.group_id, c.name, c.direct_low, c.direct_high, c.created_at, c.last_message_at,
    c.rev, c.topic_version, last.id as last_id, last.sender_id as last_sender_id, last.text as last_text,
    last.created_at as last_created_at, last.has_attachment as last_has_attachment, ${unread} as unread_count,
    mark.last_read_at, me.history_rev, (select chat.epoch()) as epoch,
    array(
      select p.user_id from chat_participants p
      where p.chat_id = c.id and p.left_at is null order by p.joined_at, p.user_id
    ) as participants,
    case c.type when 'direct' then array(
      select pair.id from unnest(array[c.direct_low, c.direct_high]) as pair (id)
      where not exists (select from auth.users u where u.id = pair.id)
    ) else '{}' end as gone_participants
  from ${page}
  ${mark}
  left join lateral (
    select m.id, m.sender_id, m.text, m.created_at, m.attachment_path is not null as has_attachment from messages m
    where m.chat_id = c.id and m.created_at > me.history_from and m.deleted_at is null
    order by m.created_at desc limit 1
  ) as last on true`;

export async function list(me, limit, after) {
  const [activity, id] = after ? cursor.decode(after, "chats") : [];
  const rows = await db.execute(sql`
    with page as materialized (
      select c.id, coalesce(c.last_message_at, c.created_at) as activity
      from chat_participants me join chats c on c.id = me.chat_id
      where me.user_id = ${me} and me.left_at is null
        ${after ? sql`and (coalesce(c.last_message_at, c.created_at), c.id) < (${activity}, ${id})` : sql``}
      order by activity desc, c.id desc
      limit ${limit + 1}
    )
    ${details(sql`page
      join chats c on c.id = page.id
      join chat_participants me on me.chat_id = page.id and me.user_id = ${me}`)}
    order by page.activity desc, page.id desc`);
  const data = rows.slice(0, limit).map(answers.chat);
  const last = data.at(-1);
  const nextCursor = rows.length > limit ? cursor.encode("chats", last.lastMessageAt ?? last.createdAt, last.id) : null;
  return { data, nextCursor };
}

export async function get(me, chat) {
  const [row] = await db.execute(
    details(sql`chat_participants me
      join chats c on c.id = me.chat_id and me.chat_id = ${chat} and me.user_id = ${me} and me.left_at is null`),
  );
  if (row) return answers.chat(row);
  await requireParticipant(me, chat);
  throw new Refusal(404, "chat_not_found");
}

export async function markRead(me, chatId, messageId) {
  const chat = await requireParticipant(me, chatId);
  return db.transaction(async (tx) => {
    const [found] = await tx.execute(sql`
      select created_at from messages
      where id = ${messageId} and chat_id = ${chatId} and created_at > ${chat.historyFrom}`);
    if (!found) throw new Refusal(404, "message_not_found");
    const moved = await tx.execute(sql`
      insert into read_marks as r (chat_id, user_id, last_read_at) values (${chatId}, ${me}, ${found.created_at})
      on conflict (chat_id, user_id) do update set last_read_at = excluded.last_read_at
      where r.last_read_at < excluded.last_read_at
      returning user_id`);
    const [{ unreadCount }] = await tx.execute(sql`
      select ${unread} as "unreadCount" from chat_participants me ${mark}
      where me.chat_id = ${chatId} and me.user_id = ${me}`);
    if (moved.length > 0) await announce(tx, me, chat, messageId, found.created_at, unreadCount);
    return { unreadCount };
  });
}

/** Tells the chat, and the reader's own devices. */
function announce(tx, me, chat, messageId, readAt, unreadCount) {
  const read = { chatId: chat.id, userId: me, messageId, lastReadAt: answers.rfc3339(readAt) };
  const update = { chatId: chat.id, rev: chat.rev, kind: "read", unreadCount };
  return tx.execute(sql`
    select realtime.send(${JSON.stringify(read)}::text::jsonb, 'chat.read', ${answers.topic(chat)}, true),
      realtime.send(${JSON.stringify(update)}::text::jsonb, 'chat.updated', ${`user:${me}`}, true)`);
}
