/** Each person's list: what has changed in it, and what is their own in its chats. */
import type { Chat, ChatDelta, ChatSettings, Page, ReadMark } from "../models.ts";
import { EPOCH, isIn, isMuted, iso, Refusal, SETTINGS, shownTo, type ChatRow, type Participant } from "./rows.ts";

/** What the lists know of the database. */
export interface ListHost {
  chats(): Iterable<ChatRow>;
  /** A chat that the person takes part in. */
  own(user: string, chatId: string): ChatRow;
  now(): number;
  broadcast(topic: string, event: string, payload: object): void;
}

export class TestLists {
  readonly #host: ListHost;
  /** When each chat changed last for each person, the newest last. */
  readonly #changed = new Map<string, Map<ChatRow, number>>();
  #position = 0;

  constructor(host: ListHost) {
    this.#host = host;
  }

  /** A chat has changed for these people. */
  touch(chat: ChatRow, users: Iterable<string> = chat.people.keys()): void {
    for (const user of users) {
      const changed = this.#changed.get(user) ?? new Map<ChatRow, number>();
      this.#changed.set(user, changed);
      changed.delete(chat);
      changed.set(chat, ++this.#position);
    }
  }

  chats(user: string, archived: boolean, cursor: string | null, limit: number): Page<Chat> & { since: string | null } {
    const activity = (chat: Chat) => (chat.lastMessageAt ?? chat.createdAt) + chat.id;
    const later = this.#shown(user, this.#host.chats())
      .filter((chat) => chat.settings.archived === archived && (cursor === null || activity(chat) < cursor))
      .sort((a, b) => (activity(a) < activity(b) ? 1 : -1));
    const data = later.slice(0, limit);
    const last = later.length > limit ? data.at(-1) : undefined;
    return { data, nextCursor: last ? activity(last) : null, since: cursor === null ? since(this.#position) : null };
  }

  since(user: string, asked: string, limit: number): ChatDelta {
    const [, epoch, position] = /^(.*)@(\d+)$/.exec(asked) ?? [];
    if (position === undefined) throw new Refusal(400, "invalid_cursor");
    if (epoch !== EPOCH) throw new Refusal(410, "resync_required");
    const later = [...(this.#changed.get(user) ?? [])].filter(([, changed]) => changed > Number(position));
    const page = later.slice(0, limit);
    const chats = page.map(([chat]) => chat);
    const hasMore = later.length > limit;
    return {
      data: this.#shown(user, chats),
      gone: chats.filter((chat) => !isIn(chat, user)).map(({ id }) => id),
      since: since(hasMore ? (page.at(-1)?.[1] ?? 0) : this.#position),
      hasMore,
    };
  }

  updateSettings(user: string, chatId: string, changes: Partial<ChatSettings>): Chat {
    const { own, now, broadcast } = this.#host;
    const chat = own(user, chatId);
    const participant = chat.people.get(user);
    const before = shownTo(chat, user, now());
    if (!participant) return before;
    participant.settings = { ...before.settings, ...changes };
    const { mutedUntil } = participant.settings;
    if (mutedUntil !== null) participant.settings = { ...participant.settings, mutedUntil: iso(Date.parse(mutedUntil)) };
    const after = shownTo(chat, user, now());
    const { rev, settings, unreadCount, unreadMentions } = after;
    // Also a mute that has passed changes nothing.
    if (JSON.stringify(settings) === JSON.stringify(before.settings)) return after;
    this.touch(chat, [user]);
    broadcast(`user:${user}`, "chat.updated", { chatId, rev, kind: "settings", settings, unreadCount, unreadMentions });
    return after;
  }

  /** Up to when those who take part have read. */
  reads(user: string, chatId: string): ReadMark[] {
    const { people } = this.#host.own(user, chatId);
    return [...people].flatMap(([userId, { lastReadAt }]) => (lastReadAt === null ? [] : { userId, lastReadAt }));
  }

  #shown(user: string, chats: Iterable<ChatRow>): Chat[] {
    return [...chats].filter((chat) => isIn(chat, user)).map((chat) => shownTo(chat, user, this.#host.now()));
  }
}

const since = (position: number) => `${EPOCH}@${position}`;

/** Somebody else's message came. */
export function heard(participant: Participant, now: number): void {
  if (!isMuted(participant.settings, now)) participant.settings = { ...participant.settings, archived: false };
}

/** The settings of a person who is back in a chat. */
export function afterReturn({ mutedUntil, notify }: ChatSettings): ChatSettings {
  return { ...SETTINGS, mutedUntil, notify };
}
