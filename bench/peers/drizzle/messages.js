// Reading messages: a page, and what has changed.
import { and, desc, eq, gt, gte, isNull, lt, sql } from "drizzle-orm";
import * as answers from "./answers.js";
import * as cursor from "../cursor.js";
import { db } from "./database.js";
import { isModerator, requireParticipant, requirePosition } from "./membership.js";
import { messages } from "./schema.js";

const { placeholder } = sql;

const columns = {
  id: messages.id, chatId: messages.chatId, senderId: messages.senderId, text: messages.text,
  attachmentPath: messages.attachmentPath, attachmentFileName: messages.attachmentFileName,
  attachmentContentType: messages.attachmentContentType, attachmentSize: messages.attachmentSize,
  attachmentWidth: messages.attachmentWidth, attachmentHeight: messages.attachmentHeight,
  clientId: messages.clientId, replyToId: messages.replyToId, mentions: messages.mentions, reactions: messages.reactions,
  rev: messages.rev, createdAt: messages.createdAt, editedAt: messages.editedAt, deletedAt: messages.deletedAt,
  deletedBy: messages.deletedBy,
  // A message of this data replies to none; the look-up is what a reply would cost.
  replyTo: sql`case when ${messages.replyToId} is not null then (
    select json_build_object('id', quoted.id, 'senderId', quoted.sender_id, 'text', left(quoted.text, 140), 'hasAttachment', quoted.attachment_path is not null)
    from messages quoted where quoted.id = ${messages.replyToId} and quoted.deleted_at is null
  ) end`,
};

const page = (name, ...conditions) =>
  db.select(columns).from(messages)
    .where(and(
      eq(messages.chatId, placeholder("chat")), lt(messages.createdAt, placeholder("before")),
      gt(messages.createdAt, placeholder("from")), ...conditions,
    ))
    .orderBy(desc(messages.createdAt)).limit(placeholder("limit")).prepare(name);

const visiblePage = page("page", isNull(messages.deletedAt));
const moderatedPage = page("moderated_page");

const newer = (name, ...conditions) =>
  db.select({ id: messages.id }).from(messages)
    .where(and(eq(messages.chatId, placeholder("chat")), gte(messages.createdAt, placeholder("before")), ...conditions))
    .orderBy(messages.createdAt).limit(1).prepare(name);

const visibleNewer = newer("newer", isNull(messages.deletedAt));
const moderatedNewer = newer("moderated_newer");

const changed = db.select(columns).from(messages)
  .where(and(
    eq(messages.chatId, placeholder("chat")), gt(messages.rev, placeholder("since")),
    gt(messages.createdAt, placeholder("from")),
  ))
  .orderBy(messages.rev).limit(placeholder("limit")).prepare("changes");

export async function list(claims, chatId, limit, after) {
  const me = claims.sub;
  const before = after ? cursor.decode(after, "messages")[1] : "infinity";
  const chat = await requireParticipant(me, chatId);
  const moderator = isModerator(claims, chat);
  const query = moderator ? moderatedPage : visiblePage;
  const rows = await query.execute({ chat: chatId, before, from: chat.historyFrom, limit: limit + 1 });
  const shown = rows.slice(0, limit);
  const data = shown.map((row) => (moderator ? answers.moderatedMessage : answers.message)(row, me));
  const nextCursor = rows.length > limit ? cursor.encode("messages", chatId, data.at(-1).createdAt) : null;
  const isNotNewest = after && (await (moderator ? moderatedNewer : visibleNewer).execute({ chat: chatId, before })).length > 0;
  const prevCursor = isNotNewest ? cursor.encode("newer-messages", chatId, data[0].createdAt) : null;
  return { data, nextCursor, prevCursor };
}

export async function changes(claims, chatId, since, limit) {
  const me = claims.sub;
  const chat = await requirePosition(me, chatId);
  const moderator = isModerator(claims, chat);
  const start = Math.max(since, chat.historyRev);
  const rows = await changed.execute({ chat: chatId, since: start, from: chat.historyFrom, limit: limit + 1 });
  const shown = rows.slice(0, limit);
  const data = shown.map((row) => {
    if (row.deletedAt && !moderator) return { rev: row.rev, kind: "delete", messageId: row.id };
    const message = (moderator ? answers.moderatedMessage : answers.message)(row, me);
    return { rev: row.rev, kind: "upsert", message };
  });
  const hasMore = rows.length > limit;
  // A message that came between the two queries is in the page already.
  const rev = hasMore ? shown.at(-1).rev : Math.max(chat.rev, shown.at(-1)?.rev ?? 0);
  return { data, rev, epoch: chat.epoch, hasMore, topic: answers.topic(chat) };
}
