/** The chat list: all chats of the user. They are asked for once; then their changes are, and `user:{id}` tells of them. */
import type { ChatAdapters, Clock } from "./adapters.ts";
import type { Api } from "./api.ts";
import { badAnswer, isOfAnotherEpoch, type ChatApiError } from "./errors.ts";
import type { Chat, ChatPage, LastMessage } from "./models.ts";
import { Poller } from "./poller.ts";
import { Reading } from "./reading.ts";
import { payloadOf } from "./shapes.ts";
import { keep, keepList } from "./store.ts";

/** A list of 10,000 chats. A server that goes on is not believed. */
const MOST_PAGES = 100;
/** No timer is longer. */
const MOST_WAIT_MS = 2 ** 31 - 1;

export interface ChatListOptions {
  api: Api;
  me: string;
  adapters: ChatAdapters;
  signal: AbortSignal;
  isJoined(): boolean;
  /**
   * The list is another; it is sorted. Until it is whole, the archived chats are missing. `mentioned` is how many unread
   * messages mention the user, by the server's count.
   */
  changed(chats: readonly Chat[], isWhole: boolean, mentioned: number): void;
  /** Something has happened in a chat. `rev` is there if it is about the messages. */
  news(chatId: string, rev?: number): void;
  /** Why asking has failed the last time; null when it has not. */
  failed(error: ChatApiError | null): void;
}

export class ChatList {
  /** What differs in the shown list from what the server counts. */
  readonly reading: Reading;
  #options: ChatListOptions;
  #poller: Poller;
  /** As the server has them. */
  #chats = new Map<string, Chat>();
  #sorted: readonly Chat[] = [];
  #isLoaded = false;
  /** Up to where the list is known. If undefined, all of it is asked for. */
  #since: string | undefined;
  /** How often the user's own requests have changed the list. */
  #own = 0;
  #endOfMute: (() => void) | undefined;

  constructor(options: ChatListOptions) {
    this.#options = options;
    const { isJoined, failed, adapters } = options;
    this.#poller = new Poller(adapters, { run: () => this.#run(), isJoined, failed });
    this.reading = new Reading({ adapters, changed: () => this.#tell() });
  }

  get(chatId: string): Chat | undefined {
    return this.#chats.get(chatId);
  }

  /** Asks for what has changed. */
  ask(urgent = false): Promise<void> {
    return this.#poller.ask(urgent);
  }

  /** An open chat has come to this `rev`: its event for the list was lost, or is late. */
  expect(chatId: string, rev: number): void {
    const chat = this.get(chatId);
    if (chat && chat.rev < rev) void this.ask();
  }

  /** The chat has come to this `rev` by a change that the list does not show. */
  passed(chatId: string, rev: number): void {
    const chat = this.get(chatId);
    if (chat?.rev === rev - 1 && !this.#poller.isDue) this.#set({ ...chat, rev });
    else this.expect(chatId, rev);
  }

  wake(): void {
    this.#poller.wake();
    this.#tell();
  }

  stop(): void {
    this.#poller.stop();
    this.#endOfMute?.();
  }

  /** A chat as an answer to the user has it. */
  put(chat: Chat): void {
    const held = this.get(chat.id);
    if (!this.#isLoaded || (held && held.epoch === chat.epoch && held.rev > chat.rev)) void this.ask();
    else this.#setOwn(chat);
  }

  drop(chatId: string): void {
    this.#own++;
    if (this.#chats.delete(chatId)) this.#tell();
  }

  /** The user has read up to a message. */
  read(chatId: string, unreadCount: number, lastReadAt: string): void {
    const chat = this.get(chatId);
    const next = chat && readTo(chat, unreadCount, lastReadAt);
    const counted = () => this.reading.counted(chatId, lastReadAt);
    if (!next) return void this.ask().then(counted);
    if (next.lastReadAt !== chat.lastReadAt) this.#setOwn(next);
    counted();
  }

  /** An event of `user:{id}`. */
  receive(event: string, content: unknown): void {
    const payload = payloadOf(content);
    const { chatId, rev } = payload;
    if (typeof chatId !== "string") return;
    const chat = this.get(chatId);
    // An answer that is under way may be from before the event, or from after it. After a failure, something is missing.
    const mayApply = event === "chat.updated" && chat && !this.#poller.isDue;
    const next = mayApply ? this.#apply(chat, payload) : undefined;
    if (!next) void this.ask();
    else if (next !== chat) this.#set(next);
    this.#options.news(chatId, event === "chat.updated" && typeof rev === "number" ? rev : undefined);
  }

  /** The chat after the event, or nothing if the server has to be asked. */
  #apply(chat: Chat, { kind, rev, message, mentioned, unreadCount, lastReadAt }: Record<string, unknown>): Chat | undefined {
    if (typeof rev !== "number") return undefined;
    if (kind === "read") {
      const mayApply = rev === chat.rev && typeof unreadCount === "number" && typeof lastReadAt === "string";
      return mayApply ? readTo(chat, unreadCount, lastReadAt) : undefined;
    }
    // Settings have no order of their own: two events may come the wrong way round.
    if (kind !== "created" && kind !== "updated") return kind === "deleted" && rev <= chat.rev ? chat : undefined;
    if (rev <= chat.rev) return chat;
    if (rev !== chat.rev + 1 || !isLastMessage(message)) return undefined;
    const next = { ...chat, rev };
    if (kind === "created") {
      const own = message.senderId === this.#options.me;
      // It may bring the chat back.
      if (!own && chat.settings.archived) return undefined;
      // A user who had read everything before they sent a message has read that message too.
      if (own && (chat.lastReadAt ?? "") >= (chat.lastMessageAt ?? "")) next.lastReadAt = message.createdAt;
      next.lastMessageAt = message.createdAt;
      // A mark may have been answered before the event of what it marks.
      if (!own && message.createdAt > (chat.lastReadAt ?? "")) {
        next.unreadCount = Math.min(chat.unreadCount + 1, 100);
        if (mentioned) next.unreadMentions = Math.min(chat.unreadMentions + 1, 100);
      }
    } else if (mentioned || chat.unreadMentions > 0) return undefined;
    if (kind === "created" || chat.lastMessage?.id === message.id) next.lastMessage = message;
    return next;
  }

  async #run(): Promise<boolean> {
    const isNews = await this.#follow().catch((error: unknown) => {
      if (!isOfAnotherEpoch(error)) throw error;
      this.#since = undefined;
      return this.#follow();
    });
    this.#options.failed(null);
    return isNews;
  }

  /** Asks until there is nothing more to ask. Returns whether there was something new. */
  async #follow(): Promise<boolean> {
    const { api, signal } = this.#options;
    let [isNews, hadMore] = [false, false];
    if (this.#since === undefined) {
      this.#since = await this.#load();
      isNews = true;
    }
    for (let pages = 0; pages < MOST_PAGES; pages++) {
      const own = this.#own;
      const { data, gone, since, hasMore } = await api.changedChats(this.#since, signal);
      // The answer may be from before the user's own request, and is not believed.
      if (own !== this.#own) continue;
      this.#since = since;
      for (const id of gone) isNews = this.#chats.delete(id) || isNews;
      // What has changed may be told more than once.
      for (const chat of data) {
        const held = this.get(chat.id);
        const next = keep(held, chat);
        isNews ||= next !== held;
        this.#chats.set(chat.id, next);
      }
      this.#tell();
      // While several pages came, those before may have changed.
      if (!hasMore && !hadMore) return isNews;
      hadMore = hasMore;
    }
    throw badAnswer("The list has no end.");
  }

  /** Loads the whole list. What changes meanwhile comes after the position that it returns. */
  async #load(): Promise<string> {
    const { api, signal } = this.#options;
    const chats = new Map<string, Chat>();
    let from = "";
    for (const archived of [false, true]) {
      let cursor: string | null = null;
      for (let pages = 0; pages === 0 || cursor !== null; pages++) {
        if (pages === MOST_PAGES) throw badAnswer("The list has no end.");
        const { data, nextCursor, since }: ChatPage = await api.chats(archived, cursor, signal);
        from ||= since;
        data.forEach((chat) => chats.set(chat.id, keep(this.get(chat.id), chat)));
        cursor = nextCursor;
      }
      // The first time, the list is shown before the archive is there.
      if (!this.#isLoaded) {
        this.#chats = chats;
        this.#isLoaded = true;
        this.#tell();
      }
    }
    this.#chats = chats;
    return from;
  }

  #set(chat: Chat): void {
    this.#chats.set(chat.id, chat);
    this.#tell();
  }

  #setOwn(chat: Chat): void {
    this.#own++;
    this.#set(chat);
  }

  #tell(): void {
    const { adapters, signal, changed } = this.#options;
    if (!this.#isLoaded || signal.aborted) return;
    this.#endMutes(adapters.clock);
    const chats = [...this.#chats.values()];
    this.#sorted = keepList(this.#sorted, chats.map((chat) => this.reading.show(chat)).sort(byActivity));
    changed(this.#sorted, this.#since !== undefined, chats.reduce((sum, { unreadMentions }) => sum + unreadMentions, 0));
  }

  /** A mute ends by itself, and no event tells. */
  #endMutes(clock: Clock): void {
    let next = Infinity;
    for (const chat of this.#chats.values()) {
      const { settings } = chat;
      const left = settings.mutedUntil === null ? Infinity : Date.parse(settings.mutedUntil) - clock.now();
      if (left > 0) next = Math.min(next, left);
      else this.#chats.set(chat.id, { ...chat, settings: { ...settings, mutedUntil: null } });
    }
    this.#endOfMute?.();
    this.#endOfMute = next < Infinity ? clock.after(Math.min(next, MOST_WAIT_MS), () => this.#tell()) : undefined;
  }
}

/** The pinned ones first, and then the newest activity. */
const order = (chat: Chat) => Number(chat.settings.pinned) + (chat.lastMessageAt ?? chat.createdAt) + chat.id;
const byActivity = (one: Chat, other: Chat) => (order(one) < order(other) ? 1 : -1);

/**
 * The chat after its user has read up to a message. A count only falls at the same `rev`, and a mark only moves forward.
 * Nothing, if only the server knows: which mentions are left, or whether it was marked as unread before or after.
 */
function readTo(chat: Chat, count: number, to: string): Chat | undefined {
  const unreadCount = Math.min(chat.unreadCount, count);
  if (chat.settings.markedUnread || (unreadCount > 0 && chat.unreadMentions > 0)) return undefined;
  return { ...chat, unreadCount, unreadMentions: 0, lastReadAt: to > (chat.lastReadAt ?? "") ? to : chat.lastReadAt };
}

function isLastMessage(value: unknown): value is LastMessage {
  const { id, senderId, createdAt } = payloadOf(value);
  return [id, senderId, createdAt].every((field) => typeof field === "string");
}
