/** What the server of a test stores, and how the API shows it. */
import type { Chat, LastMessage, Message } from "../models.ts";

export const EDIT_MS = 15 * 60_000;
const MOST_CHARACTERS = 4_000;
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

export interface Participant {
  lastReadAt: string | null;
  /** Has left a direct chat, which the other one does not notice. */
  hasLeft: boolean;
  /** The user's history begins here. */
  since: string;
  historyRev: number;
}

export type Row = Omit<Message, "editableUntil"> & { isDeleted: boolean };

export interface ChatRow extends Pick<Chat, "id" | "type" | "name"> {
  createdAt: string;
  rev: number;
  moves: number;
  people: Map<string, Participant>;
  rows: Row[];
  present: Set<string>;
}

/** The chat as the API shows it to a person. */
export function shownTo(chat: ChatRow, user: string): Chat {
  const { id, type, name, createdAt, rev } = chat;
  const { lastReadAt = null, historyRev = 0 } = chat.people.get(user) ?? {};
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
    epoch: EPOCH,
    topic: topicOf(chat),
  };
}

/** In UTC, with microseconds. */
export function iso(ms: number): string {
  const micros = Math.round(ms * 1000);
  return `${new Date(Math.floor(micros / 1000)).toISOString().slice(0, -1)}${String(micros % 1000).padStart(3, "0")}Z`;
}

export const isIn = (chat: ChatRow, user: string) => chat.people.get(user)?.hasLeft === false;
export const topicOf = ({ id, moves }: ChatRow) => (moves === 0 ? `chat:${id}` : `chat:${id}:${moves}`);
export const fileUrl = (path: string) => `https://files.test/${path}`;

export function visible(chat: ChatRow, user: string): Row[] {
  const since = chat.people.get(user)?.since ?? "";
  return chat.rows.filter(({ isDeleted, createdAt }) => !isDeleted && createdAt >= since);
}

/** What others have sent and a user has not read, oldest first. */
export function unread(chat: ChatRow, user: string): Row[] {
  const lastReadAt = chat.people.get(user)?.lastReadAt ?? "";
  return visible(chat, user).filter(({ senderId, createdAt }) => senderId !== user && createdAt > lastReadAt);
}

export function seenBy({ isDeleted: _, ...message }: Row, user: string | null): Message {
  const until = iso(Date.parse(message.createdAt) + EDIT_MS);
  return { ...message, editableUntil: message.senderId === user ? until : null };
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
