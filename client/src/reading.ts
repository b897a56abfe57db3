/** What the user reads in open chats, before the server has counted it: so a count does not flash beside a message that is read. */
import type { ChatAdapters } from "./adapters.ts";
import type { Chat } from "./models.ts";

/** So long a page may take to show a message and to mark it. A slow answer of the feed is in it. */
const TURN_MS = 2_000;

export interface ReadingOptions {
  adapters: ChatAdapters;
  /** Other chats are shown as read, or not any more. */
  changed(): void;
}

export class Reading {
  readonly #options: ReadingOptions;
  /** Up to when each chat was marked, while the list does not have the server's answer. */
  readonly #marks = new Map<string, string>();
  /** The chats whose page marks whatever comes; with a timer, something has come and is not marked yet. */
  readonly #followed = new Map<string, (() => void) | undefined>();

  constructor(options: ReadingOptions) {
    this.#options = options;
  }

  /** The user has read up to here, and the server is being told. */
  mark(chatId: string, to: string): void {
    this.#marks.set(chatId, to);
    this.#rest(chatId);
    this.#options.changed();
  }

  /** The list has what the server counts after a mark. A later mark may be under way. */
  counted(chatId: string, to: string): void {
    if ((this.#marks.get(chatId) ?? to) <= to) this.#forget(chatId);
  }

  /** The server could not be told: only it knows what is unread. */
  failed(chatId: string): void {
    this.unfollow(chatId);
    this.#forget(chatId);
  }

  /** The page has marked the newest message: it will mark the next one when it shows it. */
  follow(chatId: string, chat: Chat | undefined): void {
    if (this.#followed.has(chatId) || (chat && this.show(chat).unreadCount > 0)) return;
    this.#followed.set(chatId, undefined);
  }

  unfollow(chatId: string): void {
    this.#rest(chatId);
    this.#followed.delete(chatId);
  }

  /** The chat with what is unread for the user. */
  show(chat: Chat): Chat {
    const { id, lastMessageAt, unreadCount } = chat;
    const isRead = unreadCount === 0 || (lastMessageAt ?? "") <= (this.#marks.get(id) ?? "");
    if (isRead) this.#rest(id);
    return unreadCount > 0 && (isRead || this.#isAwaited(id)) ? { ...chat, unreadCount: 0, unreadMentions: 0 } : chat;
  }

  /** Whether the page still has its turn to show what has come. What comes to a hidden page is unread at once. */
  #isAwaited(chatId: string): boolean {
    const { adapters, changed } = this.#options;
    if (!adapters.appState.isVisible()) this.unfollow(chatId);
    if (!this.#followed.has(chatId)) return false;
    const end = () => {
      this.unfollow(chatId);
      changed();
    };
    if (!this.#followed.get(chatId)) this.#followed.set(chatId, adapters.clock.after(TURN_MS, end));
    return true;
  }

  #forget(chatId: string): void {
    if (this.#marks.delete(chatId)) this.#options.changed();
  }

  /** Nothing is awaited. */
  #rest(chatId: string): void {
    this.#followed.get(chatId)?.();
    if (this.#followed.has(chatId)) this.#followed.set(chatId, undefined);
  }
}
