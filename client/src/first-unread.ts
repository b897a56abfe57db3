import type { Api } from "./api.ts";
import { UNREAD } from "./feed.ts";
import type { Chat, Message } from "./models.ts";
import type { Replica } from "./replica.ts";
import { LATEST } from "./window.ts";

export interface FirstUnreadOptions {
  api: Api;
  chatId: string;
  me: string;
  signal: AbortSignal;
  /** The answer is there: the message is known, or stays unknown. */
  answered(): void;
}

/** Where the line "new messages" is drawn: it stays where it was when the chat was opened. */
export class FirstUnread {
  id: string | null = null;
  /** Only the server knows the message, and only until it is told that more was read. */
  isAsking = false;
  readonly #options: FirstUnreadOptions;
  /** Up to where the user had read; null if nothing was unread. */
  #from: string | null | undefined;

  constructor(options: FirstUnreadOptions) {
    this.#options = options;
  }

  /** Looks for it in the window that is shown. */
  look(chat: Chat, replica: Replica): void {
    const isOpening = this.#from === undefined;
    if (this.#from === undefined) this.#from = chat.unreadCount > 0 ? (chat.lastReadAt ?? "") : null;
    const from = this.#from;
    if (from === null) return;
    const { messages } = replica;
    if (!replica.has("older") || (messages[0]?.createdAt ?? LATEST) <= from) {
      const first = messages.find((message) => this.#isUnread(message, from));
      if (first || !replica.has("newer")) this.id = first?.id ?? null;
    } else if (isOpening) void this.#ask(from);
  }

  async #ask(from: string): Promise<void> {
    const { api, chatId, signal, answered } = this.#options;
    this.isAsking = true;
    try {
      const { data } = await api.messages(chatId, { around: UNREAD, limit: 1 }, signal);
      this.id ??= data.filter((message) => this.#isUnread(message, from)).at(-1)?.id ?? null;
    } catch {
      // It is found when the user scrolls to it.
    }
    this.isAsking = false;
    answered();
  }

  #isUnread({ senderId, createdAt }: Message, from: string): boolean {
    return createdAt > from && senderId !== this.#options.me;
  }
}
