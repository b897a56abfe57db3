/** Pages, windows and searches of messages, as the real server makes them. */
import type { Message, MessagePage, Page } from "../models.ts";
import { Refusal } from "./rows.ts";

const MOST_WORDS = 10;
const MOST_CHARACTERS = 200;
/** After every time. */
const LATEST = "~";

export interface AskedPage {
  cursor: string | null;
  /** A message's id, or `unread`. */
  around: string | null;
  limit: number;
}

/** A page of a chat's messages, which are oldest first. */
export function pageOf(messages: readonly Message[], firstUnread: string | undefined, { cursor, around, limit }: AskedPage): MessagePage {
  const [way, at = ""] = cursor?.split(" ") ?? [];
  if (cursor !== null && way !== "before" && way !== "after") throw new Refusal(400, "invalid_cursor");
  const middle = around === "unread" ? firstUnread : messages.find(({ id }) => id === around)?.createdAt;
  if (around !== null && around !== "unread" && !middle) throw new Refusal(404, "message_not_found");
  const newerMost = middle ? Math.floor((limit - 1) / 2) : way === "after" ? limit : 0;
  const olderMost = limit - newerMost;
  const isOlder = ({ createdAt }: Message) => {
    if (middle) return createdAt <= middle;
    return way === "after" ? createdAt <= at : createdAt < (at || LATEST);
  };
  const split = messages.filter(isOlder).length;
  const shown = messages.slice(Math.max(split - olderMost, 0), split + newerMost);
  return {
    data: [...shown].reverse(),
    nextCursor: split > olderMost ? `before ${shown[0]?.createdAt ?? LATEST}` : null,
    prevCursor: messages.length - split > newerMost ? `after ${shown.at(-1)?.createdAt ?? ""}` : null,
  };
}

export interface AskedSearch {
  q: string;
  senderId: string | null;
  cursor: string | null;
  limit: number;
}

/** Those that have all of the words, or words that begin with them. */
export function found(messages: readonly Message[], { q, senderId, cursor, limit }: AskedSearch): Page<Message> {
  const wanted = [...new Set(wordsOf(q))];
  if (wanted.length === 0 || wanted.length > MOST_WORDS || [...q.trim()].length > MOST_CHARACTERS) throw new Refusal(400, "invalid_request");
  const fits = ({ text, senderId: sender }: Message) => {
    const words = wordsOf(text ?? "");
    return (senderId ?? sender) === sender && wanted.every((beginning) => words.some((word) => word.startsWith(beginning)));
  };
  const place = ({ createdAt, id }: Message) => createdAt + id;
  const all = messages.filter(fits).sort((a, b) => (place(a) < place(b) ? 1 : -1));
  const older = cursor === null ? all : all.filter((message) => place(message) < cursor);
  const data = older.slice(0, limit);
  const last = data.at(-1);
  return { data, nextCursor: last && older.length > limit ? place(last) : null };
}

/** Without accents and capitals. */
function wordsOf(text: string): string[] {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}
