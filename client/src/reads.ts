import type { ChatAdapters } from "./adapters.ts";
import type { Api } from "./api.ts";
import { backoff } from "./backoff.ts";
import { asChatError } from "./errors.ts";
import type { Message, ReadMark } from "./models.ts";

/** Read marks are the largest part of Realtime's quota: those that follow at once go together. */
const TOGETHER_MS = 1_000;

/** Up to when each person has read. The server is asked once; then events tell, and a mark only moves forward. */
export class ReadMarks {
  to: Readonly<Record<string, string>> = {};
  /** The server is to be asked: events may have been lost. */
  isWanted = true;
  #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** What fails is asked again with the next answer of the chat. */
  ask(answer: Promise<readonly ReadMark[]>): void {
    this.isWanted = false;
    answer.then(
      (marks) => marks.forEach(({ userId, lastReadAt }) => this.heard(userId, lastReadAt)),
      () => (this.isWanted = true),
    );
  }

  heard(userId: string, lastReadAt: string): void {
    if (lastReadAt <= (this.to[userId] ?? "")) return;
    this.to = { ...this.to, [userId]: lastReadAt };
    this.#changed();
  }
}

export interface ReadMarkerOptions {
  api: Api;
  chatId: string;
  adapters: ChatAdapters;
  signal: AbortSignal;
  /** The server is being told. */
  marking(message: Message): void;
  /** The server has stored the mark. */
  marked(message: Message, unreadCount: number): void;
  /** The server has refused the mark, or could not be reached. */
  failed(): void;
}

/** The user's own read mark of a chat. It is tried until the server has it or refuses it: the next mark has it all. */
export class ReadMarker {
  #options: ReadMarkerOptions;
  #wanted: Message | undefined;
  #sending: Message | undefined;
  #cancel: (() => void) | undefined;
  #markedTo = "";
  #isStopped = false;

  constructor(options: ReadMarkerOptions) {
    this.#options = options;
  }

  mark(message: Message): void {
    if (message.createdAt <= this.#markedTo || message.createdAt <= (this.#wanted?.createdAt ?? "")) return;
    this.#wanted = message;
    this.#options.marking(message);
    if (!this.#sending && !this.#cancel) void this.#send(1);
  }

  /** Closes. A mark that waits is sent at once, for the last time. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
    this.#cancel = undefined;
    const { api, chatId, marked, failed } = this.#options;
    const last = this.#wanted;
    if (last && last !== this.#sending) api.read(chatId, last.id).then((count) => marked(last, count), failed);
    this.#wanted = undefined;
  }

  async #send(tries: number): Promise<void> {
    const { api, chatId, adapters, signal, marked, failed } = this.#options;
    const message = this.#wanted;
    if (!message || signal.aborted || this.#isStopped) return;
    this.#sending = message;
    let wait = TOGETHER_MS;
    try {
      const unreadCount = await api.read(chatId, message.id, signal);
      if (this.#wanted === message) this.#wanted = undefined;
      this.#markedTo = message.createdAt;
      if (!signal.aborted) marked(message, unreadCount);
      tries = 0;
    } catch (thrown) {
      const error = asChatError(thrown);
      if (!error.retryable && this.#wanted === message) this.#wanted = undefined;
      wait = Math.max(backoff(tries, adapters.random), error.retryAfterMs ?? 0);
      failed();
    }
    this.#sending = undefined;
    if (signal.aborted || this.#isStopped) return;
    this.#cancel = adapters.clock.after(wait, () => {
      this.#cancel = undefined;
      void this.#send(tries + 1);
    });
  }
}
