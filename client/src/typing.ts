import type { ChatAdapters } from "./adapters.ts";
import type { Api } from "./api.ts";

/** After the last `typing` event. */
const SHOWN_MS = 5_000;
/** The server tells the others at most once in three seconds. This is a little longer, as requests take their time. */
const TOLD_MS = 3_200;

/** Who is typing: each person until five seconds after their last event. */
export class TypingPeople {
  #clock: ChatAdapters["clock"];
  #changed: () => void;
  #people = new Map<string, () => void>();
  ids: readonly string[] = [];

  constructor(clock: ChatAdapters["clock"], changed: () => void) {
    this.#clock = clock;
    this.#changed = changed;
  }

  heard(userId: string): void {
    this.#people.get(userId)?.();
    this.#people.set(userId, this.#clock.after(SHOWN_MS, () => this.ended(userId)));
    this.#tell();
  }

  /** They have sent what they typed, or have paused. */
  ended(userId: string): void {
    this.#people.get(userId)?.();
    if (this.#people.delete(userId)) this.#tell();
  }

  stop(): void {
    for (const cancel of this.#people.values()) cancel();
    this.#people.clear();
    this.ids = [];
  }

  #tell(): void {
    const ids = [...this.#people.keys()];
    if (ids.join() === this.ids.join()) return;
    this.ids = ids;
    this.#changed();
  }
}

/** Tells the others that the user is typing, now or as soon as the server tells it. What fails is not worth a word. */
export class OwnTyping {
  #api: Api;
  #chatId: string;
  #adapters: ChatAdapters;
  #signal: AbortSignal;
  #wait: (() => void) | undefined;
  #again = false;

  constructor(api: Api, chatId: string, adapters: ChatAdapters, signal: AbortSignal) {
    this.#api = api;
    this.#chatId = chatId;
    this.#adapters = adapters;
    this.#signal = signal;
  }

  tell(): void {
    this.#again = this.#wait !== undefined;
    if (this.#again || !this.#adapters.network.isOnline()) return;
    this.#wait = this.#adapters.clock.after(TOLD_MS, () => {
      this.#wait = undefined;
      if (this.#again) this.tell();
    });
    this.#api.typing(this.#chatId, this.#signal).catch(() => {});
  }

  /** The message was sent: what was typed before is over. */
  sent(): void {
    this.#again = false;
  }

  stop(): void {
    this.#wait?.();
  }
}
