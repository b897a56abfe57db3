/** The chat list: all chats of the user, from `GET /chats` and from the events of `user:{id}`. */
import type { ChatAdapters } from "./adapters.ts";
import type { Api } from "./api.ts";
import { ChatApiError, isGone } from "./errors.ts";
import type { Chat, LastMessage, Page } from "./models.ts";
import { Poller } from "./poller.ts";
import { payloadOf } from "./shapes.ts";
import { keep, keepList } from "./store.ts";

/** A list of 10,000 chats. A server that goes on is not believed. */
const MOST_PAGES = 100;

export interface ChatListOptions {
  api: Api;
  me: string;
  adapters: ChatAdapters;
  signal: AbortSignal;
  isJoined(): boolean;
  /** The list is another; it is sorted. */
  changed(chats: readonly Chat[]): void;
  /** Something has happened in a chat. `rev` is there if it is about the messages. */
  news(chatId: string, rev?: number): void;
  failed(error: ChatApiError): void;
}

export class ChatList {
  #options: ChatListOptions;
  #poller: Poller;
  #chats = new Map<string, Chat>();
  #sorted: readonly Chat[] = [];
  #isLoaded = false;
  #stale = true;
  #dirty = new Set<string>();

  constructor(options: ChatListOptions) {
    this.#options = options;
    const { isJoined, failed, adapters } = options;
    this.#poller = new Poller(adapters, { run: (isPoll) => this.#run(isPoll), isJoined, failed });
  }

  get(chatId: string): Chat | undefined {
    return this.#isLoaded ? this.#chats.get(chatId) : undefined;
  }

  /** Asks for the whole list. */
  refresh(): Promise<void> {
    this.#stale = true;
    return this.#poller.ask(true);
  }

  /** Asks for one chat. */
  refetch(chatId: string): void {
    this.#dirty.add(chatId);
    void this.#poller.ask();
  }

  /** An open chat has come to this `rev`: its event for the list was lost, or is late. */
  expect(chatId: string, rev: number): void {
    const chat = this.get(chatId);
    if (chat && chat.rev < rev) this.refetch(chatId);
  }

  /** The chat has come to this `rev` by a change that the list does not show. */
  passed(chatId: string, rev: number): void {
    const chat = this.get(chatId);
    if (chat?.rev !== rev - 1 || this.#poller.isRunning) return this.expect(chatId, rev);
    this.#chats.set(chatId, { ...chat, rev });
    this.#tell();
  }

  wake(): void {
    this.#poller.wake();
  }

  stop(): void {
    this.#poller.stop();
  }

  /** A chat as an answer has it. */
  put(chat: Chat): void {
    const held = this.#chats.get(chat.id);
    if (!this.#isLoaded || (held && held.epoch === chat.epoch && held.rev > chat.rev)) return;
    this.#chats.set(chat.id, chat);
    this.#doubt(chat.id);
    this.#tell();
  }

  drop(chatId: string): void {
    this.#doubt(chatId);
    if (this.#chats.delete(chatId) && this.#isLoaded) this.#tell();
  }

  /** The user has read up to a message. A count only falls at the same `rev`, and a mark only moves forward. */
  read(chatId: string, unreadCount: number, lastReadAt: string): void {
    const chat = this.#chats.get(chatId);
    if (!chat || lastReadAt <= (chat.lastReadAt ?? "")) return;
    this.#chats.set(chatId, { ...chat, unreadCount: Math.min(chat.unreadCount, unreadCount), lastReadAt });
    this.#doubt(chatId);
    this.#tell();
  }

  /** An answer that is under way may be from before what is known now. */
  #doubt(chatId: string): void {
    if (this.#poller.isRunning) this.#dirty.add(chatId);
  }

  /** An event of `user:{id}`. */
  receive(event: string, content: unknown): void {
    const payload = payloadOf(content);
    const { chatId, rev } = payload;
    if (typeof chatId !== "string") return;
    const chat = this.#chats.get(chatId);
    const mayApply = event === "chat.updated" && chat && !this.#poller.isRunning && !this.#stale && !this.#dirty.has(chatId);
    const next = mayApply ? this.#apply(chat, payload) : undefined;
    if (!next) this.refetch(chatId);
    else if (next !== chat) {
      this.#chats.set(chatId, next);
      this.#tell();
    }
    this.#options.news(chatId, event === "chat.updated" && typeof rev === "number" ? rev : undefined);
  }

  /** The chat after the event, or nothing if it has to be fetched. */
  #apply(chat: Chat, { kind, rev, message, unreadCount, lastReadAt }: Record<string, unknown>): Chat | undefined {
    const { me } = this.#options;
    const readTo = chat.lastReadAt ?? "";
    if (typeof rev !== "number") return undefined;
    if (kind === "read") {
      if (rev !== chat.rev || typeof unreadCount !== "number" || typeof lastReadAt !== "string") return undefined;
      return {
        ...chat,
        unreadCount: Math.min(chat.unreadCount, unreadCount),
        lastReadAt: lastReadAt > readTo ? lastReadAt : chat.lastReadAt,
      };
    }
    if (kind !== "created" && kind !== "updated") return kind && rev <= chat.rev ? chat : undefined;
    if (rev <= chat.rev) return chat;
    if (rev !== chat.rev + 1 || !isLastMessage(message)) return undefined;
    const next = { ...chat, rev };
    if (kind === "created") {
      const own = message.senderId === me;
      // A user who had read everything before they sent a message has read that message too.
      if (own && readTo >= (chat.lastMessageAt ?? "")) next.lastReadAt = message.createdAt;
      next.lastMessageAt = message.createdAt;
      if (!own) next.unreadCount = Math.min(chat.unreadCount + 1, 100);
    }
    if (kind === "created" || chat.lastMessage?.id === message.id) next.lastMessage = message;
    return next;
  }

  async #run(isPoll: boolean): Promise<boolean> {
    const before = this.#fingerprint();
    if (isPoll) this.#stale = true;
    try {
      while (this.#stale || this.#dirty.size > 0) {
        if (this.#stale) await this.#fetchAll();
        else for (const chatId of this.#dirty) await this.#fetch(chatId);
        this.#tell();
      }
    } catch (error) {
      this.#stale = true;
      throw error;
    }
    return this.#fingerprint() !== before;
  }

  async #fetchAll(): Promise<void> {
    const { api, signal } = this.#options;
    this.#stale = false;
    this.#dirty.clear();
    const chats = new Map<string, Chat>();
    let cursor: string | null = null;
    for (let pages = 0; pages === 0 || cursor !== null; pages++) {
      if (pages === MOST_PAGES) throw new ChatApiError(0, "bad_answer", { message: "The list of chats has no end.", retryable: true });
      const page: Page<Chat> = await api.chats(cursor, signal);
      page.data.forEach((chat) => chats.set(chat.id, keep(this.#chats.get(chat.id), chat)));
      cursor = page.nextCursor;
    }
    this.#chats = chats;
    this.#isLoaded = true;
  }

  async #fetch(chatId: string): Promise<void> {
    const { api, signal } = this.#options;
    this.#dirty.delete(chatId);
    try {
      const chat = await api.chat(chatId, signal);
      this.#chats.set(chatId, keep(this.#chats.get(chatId), chat));
    } catch (error) {
      if (!isGone(error)) throw error;
      this.#chats.delete(chatId);
    }
  }

  #fingerprint(): string {
    return [...this.#chats.values()].map(({ id, rev, topic, lastReadAt }) => `${id}${rev}${topic}${lastReadAt}`).sort().join();
  }

  #tell(): void {
    if (!this.#isLoaded || this.#options.signal.aborted) return;
    this.#sorted = keepList(this.#sorted, [...this.#chats.values()].sort(byActivity));
    this.#options.changed(this.#sorted);
  }
}

const activity = (chat: Chat) => (chat.lastMessageAt ?? chat.createdAt) + chat.id;
const byActivity = (one: Chat, other: Chat) => (activity(one) < activity(other) ? 1 : -1);

function isLastMessage(value: unknown): value is LastMessage {
  const { id, senderId, createdAt } = payloadOf(value);
  return [id, senderId, createdAt].every((field) => typeof field === "string");
}
