/** An open chat's messages, kept right by asking: the pages first, then the feed of changes. */
import type { Api, MessagesAt } from "./api.ts";
import { badAnswer, isOfAnotherEpoch, type ChatApiError } from "./errors.ts";
import type { Chat, Message, MessagePage } from "./models.ts";
import { Replica, type MessageEvent } from "./replica.ts";
import { keep } from "./store.ts";
import type { Jump } from "./types.ts";
import type { Side } from "./window.ts";

/** Further behind, the newest page is cheaper than the feed. */
const MOST_ANSWERS = 20;
const MOST_RESTARTS = 3;
/** In place of a message's id: the first unread one. */
export const UNREAD = "unread";

export interface FeedOptions {
  api: Api;
  chatId: string;
  me: string;
  maxMessages: number;
  signal: AbortSignal;
  /** The chat as the list has it: it spares the first request. */
  known(): Chat | undefined;
  /** Messages or the chat have changed. */
  changed(): void;
}

export class Feed {
  chat: Chat | undefined;
  replica: Replica | undefined;
  /** The newest topic that was heard of. */
  topic = "";
  #options: FeedOptions;
  #mayUseKnown = true;
  #mustCheck = false;
  /** What is shown has no meaning any more. It stays until the next page is there. */
  #mustReload = false;
  #historyRev = 0;
  #epoch = "";
  /** The newest page has grown beyond the bound: events wait until it is loaded again. */
  #isFull = false;
  /** Own messages that are stored, but not in the replica yet. */
  #landed = new Map<string, Message>();

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** Oldest first. */
  get messages(): readonly Message[] {
    const held = this.replica?.messages ?? [];
    if (this.#landed.size === 0) return held;
    const end = held.at(-1)?.createdAt ?? "";
    const sent = [...this.#landed.values()].filter(({ createdAt }) => createdAt > end && !this.replica?.has("newer"));
    const newest = (message: Message) => {
      const landed = this.#landed.get(message.id);
      return landed && landed.rev > message.rev ? landed : message;
    };
    return [...held.map(newest), ...sent];
  }

  /** The next `catchUp` also asks whether the user's history has started again, and for the chat itself. */
  check(): void {
    this.#mustCheck = true;
    this.#mayUseKnown = false;
  }

  /** The next `catchUp` begins anew. */
  reload(): void {
    this.#mustReload = true;
    this.#mayUseKnown = false;
  }

  /** Asks until there is nothing more to ask. */
  async catchUp(): Promise<void> {
    for (let restarts = 0; restarts < MOST_RESTARTS; restarts++) {
      try {
        if (this.#mustCheck || this.#mustReload || !this.replica) await this.#load();
        if (await this.#pull()) return;
      } catch (error) {
        if (!isOfAnotherEpoch(error)) throw error;
      }
      this.#mustReload = true;
    }
    throw badAnswer("The chat changes at each answer.");
  }

  /** An event of the chat's channel. Returns false if the feed has to be asked. */
  receive(event: MessageEvent): boolean {
    const { replica } = this;
    if (!replica || this.#isFull) return false;
    const isKnown = replica.addEvent(event, this.#options.me);
    const fits = this.#trim();
    this.#settle();
    return isKnown && fits;
  }

  /** An own message as the server has stored it. It is shown even if changes before it are missing. */
  land(message: Message): boolean {
    this.#landed.set(message.id, message);
    return this.receive({ rev: message.rev, kind: "upsert", message });
  }

  /** Takes the chat from the list. Returns false if the server has to be asked. */
  compare(chat: Chat): boolean {
    if (!this.replica) return true;
    if (chat.historyRev !== this.#historyRev || chat.epoch !== this.#epoch) {
      this.check();
      return false;
    }
    if (chat.rev >= (this.chat?.rev ?? 0)) this.chat = keep(this.chat, chat);
    this.hear(chat.topic);
    return chat.rev <= this.replica.rev;
  }

  /** Never goes back to an older topic when an answer is late. */
  hear(topic: string): void {
    if (this.topic === "" || version(topic) > version(this.topic)) this.topic = topic;
  }

  /** Shows the next page on a side too. */
  async loadMore(side: Side): Promise<void> {
    const { replica } = this;
    const end = replica?.window.end(side);
    if (!replica || !end || end.cursor === null) return;
    const { rev } = replica;
    const page = await this.#page({ cursor: end.cursor });
    // The window may be another one now, or may have been cut.
    if (replica !== this.replica || end !== replica.window.end(side)) return;
    replica.extend(rev, page, side);
    this.#trim(replica.window.end(side).at);
  }

  /** Loads the newest page, and shows it if that is still wanted when it comes. */
  async loadNewest(isWanted: () => boolean): Promise<void> {
    const { replica } = this;
    if (!replica) return;
    const { rev } = replica;
    const page = await this.#page({});
    if (replica !== this.replica || !isWanted()) return;
    replica.open(rev, page);
    this.#trim();
  }

  /** Shows the messages around one, or around the first unread one, if that is still wanted when they come. */
  async jumpTo(target: string, isWanted: () => boolean): Promise<Jump> {
    const { replica } = this;
    if (!replica) return "failed";
    const { rev } = replica;
    const page = await this.#page({ around: target }).catch((error: ChatApiError) => {
      if (error.code !== "message_not_found") throw error;
    });
    if (!page) return "not_found";
    if (!isWanted()) return "failed";
    // The chat was loaded again.
    if (replica !== this.replica) return this.jumpTo(target, isWanted);
    const middle = target === UNREAD ? page.data[page.data.length >> 1] : page.data.find(({ id }) => id === target);
    if (!middle && target !== UNREAD) return "not_found";
    replica.open(rev, page);
    this.#trim(middle?.createdAt);
    return "shown";
  }

  /** The first time, and when the user's history has started again. */
  async #load(): Promise<void> {
    const { api, chatId, signal, known } = this.#options;
    const listed = this.#mayUseKnown ? known() : undefined;
    this.#mayUseKnown = false;
    // What is asked for while the answer is under way needs another one.
    this.#mustCheck = false;
    try {
      const chat = listed ?? (await api.chat(chatId, signal));
      this.chat = keep(this.chat, chat);
      if (this.#epoch !== chat.epoch) this.topic = ""; // A restored chat may have an older topic again.
      this.hear(chat.topic);
      const isSame = chat.historyRev === this.#historyRev && chat.epoch === this.#epoch;
      if (this.replica && isSame && !this.#mustReload) return;
      this.replica = new Replica(chat.rev, await this.#page({}));
      this.#isFull = false;
      this.#historyRev = chat.historyRev;
      this.#epoch = chat.epoch;
      this.#mustReload = false;
      this.#settle();
    } catch (error) {
      this.#mustCheck = true;
      throw error;
    }
  }

  /** Returns false if the chat has to be loaded again. */
  async #pull(): Promise<boolean> {
    const { api, chatId, signal } = this.#options;
    for (let answers = 0; answers < MOST_ANSWERS; answers++) {
      const { replica } = this;
      if (!replica) return false;
      const since = replica.rev;
      const answer = await api.changes(chatId, since, this.#epoch, signal);
      replica.addChanges(since, answer);
      const fits = this.#trim();
      this.hear(answer.topic);
      this.#settle();
      if (replica.roleChanged) return false;
      // More new messages than may be held: it begins anew at the newest.
      const { window } = replica;
      if (!fits) await this.loadNewest(() => window === replica.window);
      else if (!answer.hasMore && replica === this.replica && replica.rev >= answer.rev) return true;
    }
    return false;
  }

  #page(at: MessagesAt): Promise<MessagePage> {
    const { api, chatId, signal } = this.#options;
    return api.messages(chatId, at, signal);
  }

  /** Gives up what is too much, far from a place in the shown window. Returns false if that cannot be. */
  #trim(place?: string): boolean {
    this.#isFull = !this.replica?.trim(this.#options.maxMessages, place);
    return !this.#isFull;
  }

  #settle(): void {
    for (const { id, rev } of this.#landed.values()) if (rev <= (this.replica?.rev ?? 0)) this.#landed.delete(id);
    this.#options.changed();
  }
}

/** `chat:{id}` is the first, `chat:{id}:1` the next one. */
const version = (topic: string) => Number(topic.split(":")[2] ?? 0);
