/** Everything of one signed-in user, from sign-in to sign-out. */
import type { SupabaseClient } from "@supabase/supabase-js";
import type { ChatAdapters } from "./adapters.ts";
import { createApi, type Api } from "./api.ts";
import { backoff } from "./backoff.ts";
import { ChatList } from "./chats.ts";
import type { ChatApiError } from "./errors.ts";
import { FileUrls } from "./files.ts";
import type { LiveChat } from "./live-chat.ts";
import type { Chat } from "./models.ts";
import { Outbox } from "./outbox.ts";
import { OwnReactions } from "./reactions.ts";
import { Channel } from "./realtime.ts";
import type { Connection } from "./types.ts";

export interface SessionOptions {
  apiUrl: string;
  fetch: typeof globalThis.fetch;
  postgresChanges: boolean;
  maxMessages: number;
}

export interface SessionEvents {
  chats(chats: readonly Chat[], isWhole: boolean, mentioned: number): void;
  chatsError(error: ChatApiError | null): void;
  connection(connection: Connection): void;
  /** The unsent messages of a chat are others. */
  outbox(chatId: string): void;
}

export class Session {
  readonly me: string;
  readonly supabase: SupabaseClient;
  readonly adapters: ChatAdapters;
  readonly options: SessionOptions;
  readonly api: Api;
  readonly list: ChatList;
  readonly outbox: Outbox;
  readonly reactions: OwnReactions;
  readonly files: FileUrls;
  /** The chats on the screen. */
  readonly open = new Map<string, LiveChat>();
  readonly #events: SessionEvents;
  readonly #ended = new AbortController();
  readonly #stops: (() => void)[];
  /** `user:{id}`: the list's events. It never gets another topic, so it also tells whether there is a socket. */
  #channel: Channel | undefined;
  #failures = 0;
  #cancelJoin: (() => void) | undefined;
  /** While the server wants no searches. */
  searchPause: Promise<void> | undefined;
  /** How many requests in a row had no answer. */
  #unanswered = 0;

  constructor(supabase: SupabaseClient, me: string, adapters: ChatAdapters, options: SessionOptions, events: SessionEvents) {
    this.supabase = supabase;
    this.me = me;
    this.adapters = adapters;
    this.options = options;
    this.#events = events;
    const { signal } = this;
    const { apiUrl, fetch } = options;
    this.api = createApi({ supabase, me, apiUrl, fetch, clock: adapters.clock, onReached: (reached) => this.#reached(reached) });
    this.files = new FileUrls(supabase, adapters.clock);
    this.outbox = new Outbox({
      api: this.api, me, adapters, signal,
      changed: (chatId) => events.outbox(chatId),
      sent: (message) => {
        this.open.get(message.chatId)?.sent(message);
        if (!this.isJoined) void this.list.ask();
      },
    });
    this.reactions = new OwnReactions({
      api: this.api, me,
      changed: (chatId) => this.open.get(chatId)?.emit(),
      answered: (message) => this.open.get(message.chatId)?.land(message),
    });
    this.list = new ChatList({
      api: this.api, me, adapters, signal,
      isJoined: () => this.isJoined,
      changed: (chats, isWhole, mentioned) => {
        events.chats(chats, isWhole, mentioned);
        const listed = new Map(chats.map((chat) => [chat.id, chat]));
        for (const [id, live] of this.open) live.compare(listed.get(id));
      },
      news: (chatId, rev) => this.open.get(chatId)?.hint(rev),
      failed: (error) => events.chatsError(error),
    });
    const awake = () => this.#awake();
    this.#stops = [adapters.appState.subscribe(awake), adapters.network.subscribe(awake)];
    this.tellConnection();
    void this.list.ask(true);
    this.#join();
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  get isJoined(): boolean {
    return this.#channel?.isJoined ?? false;
  }

  get isLooking(): boolean {
    const { appState, network } = this.adapters;
    return appState.isVisible() && network.isOnline();
  }

  async refresh(): Promise<void> {
    await Promise.all([this.list.ask(true), ...[...this.open.values()].map((chat) => chat.refresh())]);
  }

  /** The user has other rights: what is shown may be too much, or too little. */
  rightsChanged(): void {
    for (const chat of this.open.values()) chat.reload();
  }

  pauseSearches(ms: number): void {
    this.searchPause = new Promise((ended) => this.#stops.push(this.adapters.clock.after(ms, ended), ended));
  }

  tellConnection(): void {
    if (this.signal.aborted) return;
    const isLive = this.isJoined && [...this.open.values()].every((chat) => chat.isLive);
    // With a socket, one lost answer is no reason to alarm anybody.
    const isOffline = !this.adapters.network.isOnline() || this.#unanswered > (this.isJoined ? 1 : 0);
    this.#events.connection(isOffline ? "offline" : isLive ? "live" : "polling");
  }

  end(): void {
    this.#ended.abort();
    this.#stops.forEach((stop) => stop());
    this.#cancelJoin?.();
    this.#channel?.leave();
    this.list.stop();
    this.outbox.stop();
    for (const chat of this.open.values()) chat.close();
    this.open.clear();
  }

  #reached(reached: boolean): void {
    this.#unanswered = reached ? 0 : this.#unanswered + 1;
    this.tellConnection();
  }

  /** Shown, hidden, online or offline: a change of either is a reason to look. */
  #awake(): void {
    this.tellConnection();
    this.list.wake();
    for (const chat of this.open.values()) chat.wake();
    this.outbox.wake();
    if (!this.isLooking) return;
    void this.refresh();
    if (!this.#channel) this.#join();
  }

  #join(): void {
    this.#cancelJoin?.();
    this.#cancelJoin = undefined;
    if (this.signal.aborted || this.#channel) return;
    const { after } = this.adapters.clock;
    this.#channel = new Channel(this.supabase, `user:${this.me}`, { me: this.me, after }, {
      broadcast: (event, payload) => this.list.receive(event, payload),
      joined: () => {
        this.#failures = 0;
        this.tellConnection();
        this.outbox.wake();
        void this.list.ask(true);
        for (const chat of this.open.values()) chat.reconnected();
      },
      flowing: () => void this.list.ask(true),
      lost: () => {
        this.#channel = undefined;
        this.tellConnection();
        this.list.wake();
        // If nobody looks, or there is no network, its return is the time to join again.
        if (!this.isLooking) return;
        void this.list.ask(true);
        this.#cancelJoin = after(backoff(++this.#failures, this.adapters.random), () => this.#join());
      },
    });
  }
}
