// Who may do what: checked here, in the service layer, as the connection bypasses RLS.
import { and, eq, isNull, sql } from "drizzle-orm";
import { db } from "./database.js";
import { Refusal } from "./refusal.js";
import { chats, participants } from "./schema.js";

const columns = {
  id: chats.id, type: chats.type, rev: chats.rev, topicVersion: chats.topicVersion, lastMessageAt: chats.lastMessageAt,
  directLow: chats.directLow, directHigh: chats.directHigh,
  member: participants.userId, historyFrom: participants.historyFrom, historyRev: participants.historyRev,
  isAuthor: sql`exists (select from example_host.event_authors a where a.event_id = ${chats.eventId} and a.user_id = ${participants.userId})`,
};

const select = (from, more = {}) =>
  from.select({ ...columns, ...more }).from(chats).leftJoin(participants, and(
    eq(participants.chatId, chats.id), eq(participants.userId, sql.placeholder("me")), isNull(participants.leftAt),
  )).where(eq(chats.id, sql.placeholder("chat")));

const membership = select(db).prepare("membership");
const position = select(db, { epoch: sql`chat.epoch()` }).prepare("position");

const checked = ([chat]) => {
  if (!chat) throw new Refusal(404, "chat_not_found");
  if (!chat.member) throw new Refusal(403, "not_participant");
  return chat;
};

/** The chat and the caller's part in it. */
export const requireParticipant = async (me, chat) => checked(await membership.execute({ me, chat }));

/** The same, and the epoch that the chat's rev is of. */
export const requirePosition = async (me, chat) => checked(await position.execute({ me, chat }));

/** The same without it, and the chat's lock until the transaction ends. */
export const lockAsParticipant = async (tx, me, chat) =>
  checked(await select(tx).for("no key update", { of: chats }).prepare("locked_membership").execute({ me, chat }));

export const isModerator = (claims, chat) => claims.app_metadata?.role === "moderator" || chat.isAuthor;

/** A pair of whom one has blocked the other neither sends nor edits. */
export async function requireUnblocked(tx, chat) {
  if (chat.type !== "direct") return;
  const blocked = await tx.execute(sql`
    select from example_host.friendships where user_low = ${chat.directLow} and user_high = ${chat.directHigh} and status = 'blocked'`);
  if (blocked.length > 0) throw new Refusal(403, "blocked");
}
