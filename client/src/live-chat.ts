/** An open chat: its messages, its channel, and what else the screen shows of it. */
import type { ChatAdapters } from "./adapters.ts";
import { isGone, type ChatApiError } from "./errors.ts";
import { backoff } from "./backoff.ts";
import { Feed, UNREAD } from "./feed.ts";
import { FirstUnread } from "./first-unread.ts";
import type { Chat, Message, ReplyTo } from "./models.ts";
import { Paging } from "./paging.ts";
import { Poller } from "./poller.ts";
import { ReadMarker, ReadMarks } from "./reads.ts";
import { Channel } from "./realtime.ts";
import type { MessageEvent } from "./replica.ts";
import { quoteOf } from "./replies.ts";
import type { Session } from "./session.ts";
import { isChange, payloadOf } from "./shapes.ts";
import { keepList } from "./store.ts";
import type { ChatSnapshot, ChatStatus, Jump, Pending } from "./types.ts";
import { OwnTyping, TypingPeople } from "./typing.ts";

const MOST_RETURNS = 3;

export class LiveChat {
  readonly id: string;
  readonly typing: OwnTyping;
  readonly paging: Paging;
  readonly #session: Session;
  readonly #adapters: ChatAdapters;
  readonly #show: (snapshot: ChatSnapshot) => void;
  readonly #ended = new AbortController();
  readonly #feed: Feed;
  readonly #poller: Poller;
  readonly #people: TypingPeople;
  readonly #reads: ReadMarker;
  readonly #marks: ReadMarks;
  readonly #unread: FirstUnread;
  #channel: Channel | undefined;
  #refusals = 0;
  /** While a refused join is not repeated. */
  #joinHeld: (() => void) | undefined;
  #wasLost = false;
  /** How often the list had the chat after it was gone, since the last poll. */
  #returns = 0;
  #status: ChatStatus = "loading";
  #error: ChatApiError | null = null;
  #present: readonly string[] = [];
  /** The last list with unsent messages: the same array until something changes. */
  #shown: readonly (Message | Pending)[] = [];
  /** What was marked while the app was hidden, or before the first unread message was known. */
  #readLater: (string | undefined)[] = [];
  /** The page has marked something as read since the chat was opened. */
  #hasMarked = false;

  constructor(session: Session, id: string, show: (snapshot: ChatSnapshot) => void) {
    const { api, adapters, me, options } = session;
    this.id = id;
    this.#session = session;
    this.#adapters = adapters;
    this.#show = show;
    const { signal } = this.#ended;
    const changed = () => this.emit();
    const { maxMessages } = options;
    this.#feed = new Feed({ api, chatId: id, me, maxMessages, signal, known: () => session.list.get(id), changed });
    this.paging = new Paging({ feed: this.#feed, changed, catchUp: () => void this.#poller.ask() });
    this.#marks = new ReadMarks(changed);
    this.#people = new TypingPeople(adapters.clock, changed);
    this.typing = new OwnTyping(api, id, adapters, signal);
    this.#reads = new ReadMarker({
      api, chatId: id, adapters, signal: session.signal,
      marking: ({ createdAt }) => session.list.reading.mark(id, createdAt),
      marked: ({ createdAt }, unreadCount) => session.list.read(id, unreadCount, createdAt),
      failed: () => session.list.reading.failed(id),
    });
    this.#unread = new FirstUnread({
      api, chatId: id, me, signal,
      answered: () => {
        this.#markLater();
        this.emit();
      },
    });
    this.#poller = new Poller(adapters, {
      run: () => this.#run(),
      isJoined: () => this.isJoined,
      failed: (error) => {
        this.#error = error;
        this.emit();
      },
    });
    this.emit();
    void this.#poller.ask(true);
  }

  get isJoined(): boolean {
    return this.#channel?.isJoined ?? false;
  }

  /** Events come by themselves, or will as soon as the first join is answered. */
  get isLive(): boolean {
    return this.isJoined || this.isGone || !this.#wasLost;
  }

  /** Nothing is to be asked of a chat in which the user takes no part. */
  get isGone(): boolean {
    return this.#status === "gone";
  }

  /** Asks for everything that may have been missed. */
  refresh(): Promise<void> {
    this.#feed.check();
    this.#marks.isWanted = true;
    return this.#poller.ask(true);
  }

  /** Asks for the changes. */
  ask(): void {
    void this.#poller.ask(true);
  }

  /** The user has other rights: everything is loaded again. */
  reload(): void {
    this.#feed.reload();
    this.ask();
  }

  wake(): void {
    this.#poller.wake();
    this.#markLater();
  }

  /** The user's channel, and with it the socket, is there again. */
  reconnected(): void {
    void this.refresh();
  }

  /** Something has happened in the chat; `rev` says which change it was. */
  hint(rev?: number): void {
    if (this.isGone) return;
    if (rev === undefined) this.#feed.check();
    if (rev === undefined || rev > (this.#feed.replica?.rev ?? -1)) void this.#poller.ask();
  }

  /** Takes the chat as the list has it. */
  compare(chat: Chat | undefined): void {
    if (!chat) {
      if (this.#status === "ready") this.hint();
      return;
    }
    if (this.isGone) {
      // The user is back, unless the server says both: then the next poll looks again.
      if (++this.#returns > MOST_RETURNS) return;
      this.#status = "loading";
      void this.refresh();
    } else if (!this.#feed.compare(chat)) void this.#poller.ask();
    else this.#join();
    this.emit();
  }

  /** An answer has a message of the chat. */
  land(message: Message): void {
    if (!this.#feed.land(message)) void this.#poller.ask();
  }

  /** An own message is stored. It is shown, wherever the user was when they sent it. */
  sent(message: Message): void {
    this.typing.sent();
    this.land(message);
    if (this.paging.wantsNewest) void this.paging.loadNewest();
  }

  /** The newest messages are not shown, and the user wants to see their own. */
  sending(): void {
    if (this.#feed.replica?.has("newer")) void this.paging.loadNewest();
  }

  /** What is on a screen that nobody sees is read when it is shown. */
  markRead(messageId?: string): void {
    if (!this.#mayMark) {
      this.#readLater.push(messageId);
      return;
    }
    const { chat, replica } = this.#feed;
    if (!chat || !replica) return;
    const { me, list } = this.#session;
    const newest = replica.messages.at(-1);
    const message = messageId === undefined ? newest : replica.get(messageId);
    if (message) {
      // A user who marks an open chat as unread wants it to stay so, until it is opened again or something new comes.
      const isOpening = !this.#hasMarked && chat.settings.markedUnread;
      this.#hasMarked = true;
      const isNew = ({ senderId, createdAt }: Message) =>
        senderId !== me && createdAt > (chat.lastReadAt ?? "") && createdAt <= message.createdAt;
      if (isOpening || chat.unreadCount > 0 || replica.messages.some(isNew)) this.#reads.mark(message);
    }
    if (message === newest && !replica.has("newer")) list.reading.follow(this.id, list.get(this.id));
  }

  /** What a reply to a message quotes, if it is shown. */
  quote(messageId: string): ReplyTo | undefined {
    const original = this.#feed.messages.find(({ id }) => id === messageId);
    return original && quoteOf(original);
  }

  async jumpTo(target: string): Promise<Jump> {
    if (!this.#feed.replica) await this.#poller.ask(true);
    const first = target === UNREAD ? this.#unread.id : null;
    const jump = await this.paging.jumpTo(first ?? target);
    // It is deleted.
    return jump === "not_found" && first !== null ? this.paging.jumpTo(UNREAD) : jump;
  }

  close(): void {
    this.#session.list.reading.unfollow(this.id);
    this.#reads.stop();
    this.#people.stop();
    this.typing.stop();
    this.#joinHeld?.();
    this.#poller.stop();
    this.#ended.abort();
    this.#channel?.leave();
    this.#channel = undefined;
  }

  get #mayMark(): boolean {
    return this.#adapters.appState.isVisible() && !this.#unread.isAsking;
  }

  #markLater(): void {
    if (this.#mayMark) for (const messageId of this.#readLater.splice(0)) this.markRead(messageId);
  }

  async #run(): Promise<boolean> {
    if (this.isGone) {
      this.#returns = 0;
      return false;
    }
    const before = this.#feed.replica?.rev;
    try {
      await this.#feed.catchUp();
    } catch (error) {
      if (!isGone(error)) throw error;
      this.#leave();
      return true;
    }
    this.#status = "ready";
    this.#error = this.paging.error = null;
    this.#join();
    // While a join is under way, its end asks.
    if (!this.#channel || (this.isJoined && this.#marks.isWanted)) this.#marks.ask(this.#session.api.reads(this.id, this.#ended.signal));
    this.emit();
    const rev = this.#feed.replica?.rev;
    if (rev !== undefined) this.#session.list.expect(this.id, rev);
    return rev !== before;
  }

  /** The user takes no part any more. */
  #leave(): void {
    this.#status = "gone";
    this.#error = null;
    this.#channel?.leave();
    this.#channel = undefined;
    this.#people.stop();
    void this.#session.list.ask();
    this.emit();
  }

  /** Joins the chat's channel, or moves on to its next one: only after the feed has named it. */
  #join(): void {
    const { topic, replica } = this.#feed;
    const previous = this.#channel;
    if (!replica || topic === "" || previous?.topic === topic || !this.#session.isJoined || this.#ended.signal.aborted) return;
    if (this.#joinHeld) return;
    const { supabase, me, options } = this.#session;
    const wanted = { me, presence: true, rowsOf: options.postgresChanges ? this.id : undefined, after: this.#adapters.clock.after };
    this.#channel = new Channel(supabase, topic, wanted, {
      broadcast: (event, payload) => this.#receive(event, payload),
      joined: () => {
        this.#refusals = 0;
        this.#wasLost = false;
        this.#session.tellConnection();
        void this.refresh();
      },
      flowing: () => void this.#poller.ask(true),
      lost: () => this.#lost(),
      present: (ids) => {
        this.#present = ids;
        this.emit();
      },
      row: (rev) => {
        if (rev > (this.#feed.replica?.rev ?? 0)) void this.#poller.ask();
      },
    });
    previous?.leave();
  }

  #lost(): void {
    this.#channel = undefined;
    this.#present = [];
    this.#refusals += 1;
    // Most often the chat has another topic, and the feed names it: that one is joined at once.
    this.#wasLost = true;
    if (this.#refusals > 1) {
      this.#joinHeld = this.#adapters.clock.after(backoff(this.#refusals - 1, this.#adapters.random), () => {
        this.#joinHeld = undefined;
        this.#join();
      });
    }
    this.#session.tellConnection();
    this.#poller.wake();
    this.#feed.check();
    if (this.#session.isLooking) void this.#poller.ask(true);
  }

  #receive(event: string, content: unknown): void {
    const payload = payloadOf(content);
    if (payload.chatId !== undefined && payload.chatId !== this.id) return;
    const { userId, reaction } = payload;
    if (event.startsWith("message.")) {
      const change: MessageEvent = isChange(payload) ? payload : { rev: Number(payload.rev) };
      if (event === "message.created" && change.kind === "upsert") this.#people.ended(change.message.senderId);
      if (!Number.isSafeInteger(change.rev) || !this.#feed.receive({ ...change, reaction })) void this.#poller.ask();
      else if (reaction) this.#session.list.passed(this.id, change.rev);
      // It may be about a reaction, which only this channel tells.
      else if (!change.kind) this.#session.list.expect(this.id, change.rev);
    } else if (event === "typing" && typeof userId === "string") {
      if (userId !== this.#session.me) this.#people.heard(userId);
    } else if (event === "chat.read" && typeof userId === "string" && typeof payload.lastReadAt === "string") {
      this.#marks.heard(userId, payload.lastReadAt);
    } else if (event === "chat.left" || event === "chat.joined" || event === "chat.updated") {
      if (typeof payload.topic === "string") this.#feed.hear(payload.topic);
      this.#feed.check();
      void this.#poller.ask();
    }
  }

  emit(): void {
    if (this.#ended.signal.aborted) return;
    const { chat, replica, messages } = this.#feed;
    const isShown = this.#status !== "gone";
    if (chat && replica) this.#unread.look(chat, replica);
    if (replica && this.#status === "loading") this.#status = "ready";
    this.#show({
      status: this.#status,
      chat,
      messages: isShown ? this.#withPending(this.#session.reactions.show(messages)) : [],
      hasOlder: isShown && replica?.has("older") === true,
      hasNewer: isShown && replica?.has("newer") === true,
      loadingOlder: this.paging.isLoading("older"),
      loadingNewer: this.paging.isLoading("newer"),
      typing: this.#people.ids,
      present: this.#present,
      reads: this.#marks.to,
      firstUnreadId: this.#unread.id,
      error: this.#error ?? this.paging.error,
    });
  }

  #withPending(messages: readonly Message[]): readonly (Message | Pending)[] {
    const pending = this.#session.outbox.of(this.id);
    if (pending.length === 0) return messages;
    // Its event can come before its answer.
    const there = new Set(messages.map(({ clientId }) => clientId));
    const all = [...messages, ...pending.filter(({ clientId }) => !there.has(clientId))];
    return (this.#shown = keepList(this.#shown, all));
  }
}
