/** What the server of a test stores, and how the API shows it. */
import type { Chat, ChatSettings, LastMessage, Message, ReplyTo } from "../models.ts";
import type { Reacted } from "./reactions.ts";

export const EDIT_MS = 15 * 60_000;
const MOST_CHARACTERS = 4_000;
const MOST_QUOTED = 140;
const MOST_NAMED = 20;
const MOST_MENTIONS = 50;
export const EPOCH = "test";

/** What the server refuses. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string = code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** What a person has not chosen otherwise. */
export const SETTINGS: ChatSettings = { mutedUntil: null, notify: "all", archived: false, pinned: false, markedUnread: false };

export interface Participant {
  settings: ChatSettings;
  lastReadAt: string | null;
  /** Has left a direct chat, which the other one does not notice. */
  hasLeft: boolean;
  /** The user's history begins here. */
  since: string;
  historyRev: number;
}

export type Row = Omit<Message, "editableUntil" | "replyTo" | "reactions"> & { isDeleted: boolean; reacted: readonly Reacted[] };

export interface ChatRow extends Pick<Chat, "id" | "type" | "name"> {
  createdAt: string;
  rev: number;
  moves: number;
  people: Map<string, Participant>;
  rows: Row[];
  present: Set<string>;
}

/** The chat as the API shows it to a person. */
export function shownTo(chat: ChatRow, user: string, now: number): Chat {
  const { id, type, name, createdAt, rev } = chat;
  const { lastReadAt: readTo = null, since = "", historyRev = 0, settings = SETTINGS } = chat.people.get(user) ?? {};
  // What was before the user came back counts as read.
  const before = chat.rows.filter((row) => row.createdAt < since).at(-1)?.createdAt ?? "";
  const lastReadAt = before > (readTo ?? "") ? before : readTo;
  const rows = visible(chat, user);
  const last = rows.at(-1);
  return {
    id, type, name, createdAt, rev, lastReadAt, historyRev,
    eventId: type === "event_authors" ? `event-of-${id}` : null,
    groupId: type === "approved_group" ? `group-of-${id}` : null,
    participants: [...chat.people.keys()],
    goneParticipants: [],
    lastMessageAt: last?.createdAt ?? null,
    lastMessage: last ? short(last) : null,
    unreadCount: Math.min(unread(chat, user).length, 100),
    unreadMentions: Math.min(unread(chat, user).filter(({ mentions }) => mentions.includes(user)).length, 100),
    settings: isMuted(settings, now) ? settings : { ...settings, mutedUntil: null },
    epoch: EPOCH,
    topic: topicOf(chat),
  };
}

export const isMuted = ({ mutedUntil }: ChatSettings, now: number) => mutedUntil !== null && Date.parse(mutedUntil) > now;

/** In UTC, with microseconds. */
export function iso(ms: number): string {
  const micros = Math.round(ms * 1000);
  return `${new Date(Math.floor(micros / 1000)).toISOString().slice(0, -1)}${String(micros % 1000).padStart(3, "0")}Z`;
}

export const isIn = (chat: ChatRow, user: string) => chat.people.get(user)?.hasLeft === false;
export const topicOf = ({ id, moves }: ChatRow) => (moves === 0 ? `chat:${id}` : `chat:${id}:${moves}`);
export const fileUrl = (path: string) => `https://files.test/${path}`;

export function visible(chat: ChatRow, user: string | null): Row[] {
  const since = chat.people.get(user ?? "")?.since ?? "";
  return chat.rows.filter(({ isDeleted, createdAt }) => !isDeleted && createdAt >= since);
}

/** What others have sent and a user has not read, oldest first. */
export function unread(chat: ChatRow, user: string): Row[] {
  const lastReadAt = chat.people.get(user)?.lastReadAt ?? "";
  return visible(chat, user).filter(({ senderId, createdAt }) => senderId !== user && createdAt > lastReadAt);
}

export function seenBy(chat: ChatRow, { isDeleted: _, reacted, ...message }: Row, user: string | null): Message {
  // With the microseconds, which a Date does not have.
  const until = iso(Date.parse(message.createdAt) + EDIT_MS).slice(0, -4) + message.createdAt.slice(-4);
  return {
    ...message,
    replyTo: message.replyToId === null ? null : quoted(chat, message.replyToId, user),
    reactions: reacted.map(({ emoji, by }) => {
      const userIds = by.map(({ userId }) => userId);
      return { emoji, count: by.length, mine: userIds.includes(user ?? ""), userIds: userIds.slice(0, MOST_NAMED) };
    }),
    editableUntil: message.senderId === user ? until : null,
  };
}

/** A broadcast is the same for everybody: what depends on the reader is left out. */
export function told(chat: ChatRow, row: Row): object {
  const { replyTo: _, reactions, ...message } = seenBy(chat, row, row.senderId);
  return { ...message, attachmentUrl: null, reactions: reactions.map(({ mine: _, ...reaction }) => reaction) };
}

function quoted(chat: ChatRow, id: string, user: string | null): ReplyTo {
  const original = visible(chat, user).find((row) => row.id === id);
  if (!original) return { id, unavailable: true };
  const { senderId, text, attachment } = original;
  return { id, senderId, text: text && [...text].slice(0, MOST_QUOTED).join(""), hasAttachment: attachment !== null };
}

/** The id of a message that this user may reply to. */
export function checkedReply(chat: ChatRow, user: string, id: string | null | undefined): string | null {
  if (id == null) return null;
  if (!visible(chat, user).some((row) => row.id === id)) throw new Refusal(400, "invalid_request", "replyToId is not a message that can be replied to");
  return id;
}

export function checkedMentions(chat: ChatRow, ids: readonly string[] | null | undefined): string[] {
  const mentions = [...(ids ?? [])];
  const isGood = mentions.length <= MOST_MENTIONS && new Set(mentions).size === mentions.length && mentions.every((id) => isIn(chat, id));
  if (!isGood) throw new Refusal(400, "invalid_request", "mentions has at most 50 participants");
  return mentions.sort();
}

export function short({ id, senderId, text, createdAt, attachment }: Row): LastMessage {
  return { id, senderId, text, createdAt, hasAttachment: attachment !== null };
}

export function checked(text: unknown, mayBeEmpty: boolean): string | null {
  const trimmed = typeof text === "string" ? text.trim() : "";
  if (trimmed.length > 0 && [...trimmed].length <= MOST_CHARACTERS) return trimmed;
  if (mayBeEmpty && (text === undefined || text === null)) return null;
  throw new Refusal(400, "invalid_request", "text has 1 to 4,000 characters");
}
