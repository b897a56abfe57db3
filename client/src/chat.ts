/** The handle of a chat: the same object however often it is asked for, and live while it is open. */
import { signedOut } from "./errors.ts";
import { LiveChat } from "./live-chat.ts";
import type { Chat, ChatSettings, Message, Page, Reactor } from "./models.ts";
import type { Session } from "./session.ts";
import { Value } from "./store.ts";
import type { ChatHandle, ChatSnapshot, EditOptions, Jump, Outgoing, Pending, ReactionsOptions } from "./types.ts";

export const CLOSED: ChatSnapshot = {
  status: "closed", chat: undefined, messages: [], hasOlder: false, hasNewer: false, loadingOlder: false,
  loadingNewer: false, typing: [], present: [], reads: {}, firstUnreadId: null, error: null,
};

/** What the client gives its handles. */
export interface HandleHost {
  readonly session: Session | undefined;
}

export class Handle implements ChatHandle {
  readonly id: string;
  readonly getSnapshot: ChatHandle["getSnapshot"];
  readonly subscribe: ChatHandle["subscribe"];
  #host: HandleHost;
  #value = new Value<ChatSnapshot>(CLOSED);
  #opens = 0;
  #live: LiveChat | undefined;

  constructor(host: HandleHost, id: string) {
    this.id = id;
    this.#host = host;
    this.getSnapshot = this.#value.getSnapshot;
    this.subscribe = this.#value.subscribe;
  }

  open(): void {
    this.#opens += 1;
    if (this.#opens === 1) this.attach();
  }

  close(): void {
    if (this.#opens === 0) return;
    this.#opens -= 1;
    if (this.#opens === 0) this.#detach();
  }

  /** Somebody has signed in, or the handle was opened. */
  attach(): void {
    const { session } = this.#host;
    this.#detach();
    if (!session || this.#opens === 0) return;
    // It shows before its constructor is done.
    const live = new LiveChat(session, this.id, (snapshot) => this.#show(snapshot));
    this.#live = live;
    session.open.set(this.id, live);
    session.tellConnection();
  }

  /** The session has ended. */
  reset(): void {
    this.#live = undefined;
    this.#value.set(CLOSED);
  }

  loadOlder(): Promise<void> {
    return this.#live?.paging.loadMore("older") ?? Promise.resolve();
  }

  loadNewer(): Promise<void> {
    return this.#live?.paging.loadMore("newer") ?? Promise.resolve();
  }

  loadNewest(): Promise<void> {
    return this.#live?.paging.loadNewest() ?? Promise.resolve();
  }

  async jumpTo(messageId: string): Promise<Jump> {
    return this.#live?.jumpTo(messageId) ?? "failed";
  }

  send(message: Outgoing): Pending {
    if (!message.text?.trim() && !message.file) throw new TypeError("send: a message has a text or a file");
    const { replyToId } = message;
    const replyTo = replyToId ? (this.#live?.quote(replyToId) ?? null) : null;
    const pending = this.#session().outbox.add(this.id, message, replyTo);
    this.#live?.sending();
    return pending;
  }

  async edit(messageId: string, text: string, { mentions }: EditOptions = {}): Promise<Message> {
    const message = await this.#session().api.edit(this.id, messageId, { text, mentions: mentions && [...mentions] });
    this.#live?.land(message);
    return message;
  }

  async react(messageId: string, emoji: string): Promise<Message> {
    return this.#session().reactions.set(this.id, messageId, emoji, true);
  }

  async unreact(messageId: string, emoji: string): Promise<Message> {
    return this.#session().reactions.set(this.id, messageId, emoji, false);
  }

  async reactions(messageId: string, options: ReactionsOptions = {}): Promise<Page<Reactor>> {
    return this.#session().api.reactions(this.id, messageId, options);
  }

  async remove(messageId: string): Promise<void> {
    await this.#session().api.remove(this.id, messageId);
    this.#live?.ask();
  }

  markRead(messageId?: string): void {
    this.#live?.markRead(messageId);
  }

  sendTyping(): void {
    this.#live?.typing.tell();
  }

  async leave(): Promise<void> {
    const session = this.#session();
    await session.api.leave(this.id);
    session.list.drop(this.id);
    this.#live?.hint();
  }

  async updateSettings(changes: Partial<ChatSettings>): Promise<Chat> {
    const session = this.#session();
    const chat = await session.api.updateSettings(this.id, changes);
    session.list.put(chat);
    return chat;
  }

  /** A poll without news is not a change. */
  #show(snapshot: ChatSnapshot): void {
    const before = this.#value.getSnapshot();
    const isSame = (Object.keys(snapshot) as (keyof ChatSnapshot)[]).every((key) => Object.is(snapshot[key], before[key]));
    if (!isSame) this.#value.set(snapshot);
  }

  #session(): Session {
    const { session } = this.#host;
    if (!session) throw signedOut();
    return session;
  }

  #detach(): void {
    const { session } = this.#host;
    if (this.#live && session?.open.get(this.id) === this.#live) session.open.delete(this.id);
    this.#live?.close();
    this.#live = undefined;
    this.#value.set(CLOSED);
    session?.tellConnection();
  }
}
