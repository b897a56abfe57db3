// Sending and editing, each a transaction under the chat's lock.
import { createHash } from "node:crypto";
import { and, eq, gt, isNull, sql } from "drizzle-orm";
import * as answers from "./answers.js";
import { db } from "./database.js";
import { lockAsParticipant, requireUnblocked } from "./membership.js";
import { Refusal } from "./refusal.js";
import { chats, messages, sends } from "./schema.js";

function checkedText(text) {
  const content = String(text ?? "").trim();
  if (content.length < 1 || [...content].length > 4000) throw new Refusal(400, "invalid_request");
  return content;
}

/** HTTP status and message: 201, or 200 with the first one of that client id. */
export async function send(me, chatId, text, clientId = null) {
  const content = checkedText(text);
  const digest = clientId && createHash("sha256").update(content).digest();
  return db.transaction(async (tx) => {
    const chat = await lockAsParticipant(tx, me, chatId);
    if (clientId) {
      const [earlier] = await tx.select().from(sends).innerJoin(messages, eq(messages.id, sends.messageId)).where(and(
        eq(sends.clientId, clientId), eq(sends.senderId, me), eq(sends.chatId, chatId),
      ));
      if (earlier && !earlier.sends.digest.equals(digest)) throw new Refusal(409, "idempotency_mismatch");
      if (earlier?.messages.deletedAt) throw new Refusal(404, "message_not_found");
      if (earlier) return [200, answers.message(earlier.messages, me)];
    }
    await requireUnblocked(tx, chat);
    const [{ rev, lastMessageAt }] = await tx.update(chats).set({
      rev: sql`${chats.rev} + 1`,
      lastMessageAt: sql`greatest(clock_timestamp(), ${chats.lastMessageAt} + interval '1 microsecond')`,
    }).where(eq(chats.id, chatId)).returning({ rev: chats.rev, lastMessageAt: chats.lastMessageAt });
    const [message] = await tx.insert(messages).values({
      chatId, senderId: me, text: content, clientId, rev, createdAt: lastMessageAt,
    }).returning();
    if (clientId) await tx.insert(sends).values({ clientId, senderId: me, chatId, messageId: message.id, digest });
    // A person who has read all earlier messages has read this one too.
    await tx.execute(sql`
      insert into read_marks (chat_id, user_id, last_read_at)
      select p.chat_id, p.user_id, ${lastMessageAt}::timestamptz
      from chat_participants p left join read_marks mine using (chat_id, user_id)
      where p.chat_id = ${chatId} and p.user_id = ${me}
        and greatest(mine.last_read_at, p.history_from) >= ${chat.lastMessageAt ?? "-infinity"}
      on conflict (chat_id, user_id) do update set last_read_at = excluded.last_read_at`);
    if (chat.type === "direct") {
      await tx.execute(sql`
        update chat_participants set left_at = null, joined_at = clock_timestamp()
        where chat_id = ${chatId} and left_at is not null`);
    }
    return [201, answers.message(message, me)];
  });
}

export async function edit(me, chatId, messageId, text) {
  const content = checkedText(text);
  return db.transaction(async (tx) => {
    const chat = await lockAsParticipant(tx, me, chatId);
    const [message] = await tx.select({
      senderId: messages.senderId, deletedAt: messages.deletedAt,
      isOld: sql`clock_timestamp() > ${messages.createdAt} + interval '15 minutes'`,
    }).from(messages).where(and(
      eq(messages.id, messageId), eq(messages.chatId, chatId), gt(messages.createdAt, chat.historyFrom),
    ));
    if (!message || message.deletedAt) throw new Refusal(404, "message_not_found");
    if (message.senderId !== me) throw new Refusal(403, "not_sender");
    if (message.isOld) throw new Refusal(403, "edit_window_expired");
    await requireUnblocked(tx, chat);
    const [{ rev }] = await tx.update(chats).set({ rev: sql`${chats.rev} + 1` }).where(eq(chats.id, chatId)).returning({ rev: chats.rev });
    const [edited] = await tx.update(messages).set({ text: content, editedAt: sql`clock_timestamp()`, rev })
      .where(and(eq(messages.id, messageId), isNull(messages.deletedAt))).returning();
    return answers.message(edited, me);
  });
}

export async function react(me, chatId, messageId, emoji) {
  return db.transaction(async (tx) => {
    const chat = await lockAsParticipant(tx, me, chatId);
    const [message] = await tx.select().from(messages).where(and(
      eq(messages.id, messageId), eq(messages.chatId, chatId), gt(messages.createdAt, chat.historyFrom), isNull(messages.deletedAt),
    ));
    if (!message) throw new Refusal(404, "message_not_found");
    await requireUnblocked(tx, chat);
    const known = message.reactions.find((reaction) => reaction.emoji === emoji);
    if (!known && message.reactions.length === 20) throw new Refusal(400, "invalid_request");
    const [added] = await tx.execute(sql`
      insert into reactions (chat_id, message_id, user_id, emoji, rev) values (${chatId}, ${messageId}, ${me}, ${emoji}, ${chat.rev + 1})
      on conflict do nothing returning user_id`);
    if (!added) return answers.message(message, me);
    const reactions = known
      ? message.reactions.map((one) => one === known ? { ...one, count: one.count + 1, userIds: [...one.userIds, me].slice(0, 20) } : one)
      : [...message.reactions, { emoji, count: 1, userIds: [me] }];
    const [{ rev }] = await tx.update(chats).set({ rev: sql`${chats.rev} + 1` }).where(eq(chats.id, chatId)).returning({ rev: chats.rev });
    const [changed] = await tx.update(messages).set({ reactions, rev }).where(eq(messages.id, messageId)).returning();
    return answers.message(changed, me);
  });
}
