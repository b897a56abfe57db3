/** Unsent messages: in order for each chat, once, and kept over reloads. */
import type { ChatAdapters, OutgoingFile } from "./adapters.ts";
import type { Api } from "./api.ts";
import { backoff } from "./backoff.ts";
import { asChatError, ChatApiError } from "./errors.ts";
import type { Message, ReplyTo, Upload } from "./models.ts";
import { OutboxStorage, type StoredEntry } from "./outbox-storage.ts";
import type { Outgoing, Pending, PendingState } from "./types.ts";
import { uploadFile } from "./uploads.ts";

export interface OutboxOptions {
  api: Api;
  me: string;
  adapters: ChatAdapters;
  signal: AbortSignal;
  /** The unsent messages of a chat are others. */
  changed(chatId: string): void;
  sent(message: Message): void;
}

interface Entry {
  readonly stored: StoredEntry;
  readonly file: OutgoingFile | undefined;
  state: PendingState;
  progress: number | null;
  error: ChatApiError | null;
  failures: number;
  /** The place of the file, from its reservation until the send. */
  upload: Upload | undefined;
  abort: AbortController | undefined;
  view: Pending | undefined;
  readonly sent: Promise<Message | undefined>;
  readonly settle: (message: Message | undefined) => void;
}

interface Queue {
  entries: Entry[];
  isBusy: boolean;
  cancel: (() => void) | undefined;
}

export class Outbox {
  #options: OutboxOptions;
  #queues = new Map<string, Queue>();
  #storage: OutboxStorage;
  #isRestored = false;
  /** While the server wants to be left alone. By a timer: a device's clock may jump. */
  #held: (() => void) | undefined;

  constructor(options: OutboxOptions) {
    this.#options = options;
    const { storage, locks, uuid } = options.adapters;
    this.#storage = new OutboxStorage(storage, locks, options.me, uuid());
    void this.#takeOver();
  }

  add(chatId: string, { text, file, replyToId, mentions }: Outgoing, replyTo: ReplyTo | null): Pending {
    const { uuid, clock } = this.#options.adapters;
    const entry = this.#entry({
      clientId: uuid(),
      chatId,
      text: text ?? null,
      file: file ? { name: file.name, type: file.type ?? "", size: file.size } : null,
      attachmentUrl: null,
      replyToId, replyTo,
      mentions: mentions?.length ? [...mentions] : undefined,
      createdAt: new Date(clock.now()).toISOString(),
    }, file);
    this.#queue(chatId).entries.push(entry);
    this.#save();
    const view = this.#view(entry);
    this.#changed(entry);
    void this.#work(chatId);
    return view;
  }

  /** Those of a chat, oldest first. */
  of(chatId: string): Pending[] {
    return this.#queues.get(chatId)?.entries.map((entry) => this.#view(entry)) ?? [];
  }

  /** The network is back, or the user: nobody waits any longer than the server asked. */
  wake(): void {
    if (this.#isRestored) void this.#takeOver();
    this.#workAll();
  }

  #workAll(): void {
    for (const chatId of this.#queues.keys()) void this.#work(chatId);
  }

  stop(): void {
    this.#held?.();
    this.#storage.end();
    for (const queue of this.#queues.values()) {
      queue.cancel?.();
      for (const entry of queue.entries) entry.abort?.abort();
    }
  }

  /** What was unsent before, or in a window that is closed, goes before what is new. */
  async #takeOver(): Promise<void> {
    await this.#storage.takeOver(this.#options.signal, (stored) => {
      for (const chatId of new Set(stored.map((each) => each.chatId))) {
        const left = stored.filter((each) => each.chatId === chatId).map((each) => this.#entry(each, undefined));
        this.#queue(chatId).entries.unshift(...left);
        this.#options.changed(chatId);
      }
      if (this.#isRestored) this.#workAll();
    });
    if (this.#options.signal.aborted) return;
    this.#isRestored = true;
    this.#workAll();
  }

  #hold(ms: number): void {
    this.#held?.();
    this.#held = this.#options.adapters.clock.after(ms, () => {
      this.#held = undefined;
      this.#workAll();
    });
  }

  /** Sends what waits, one after another, until one has to wait. */
  async #work(chatId: string): Promise<void> {
    const { adapters, signal } = this.#options;
    const queue = this.#queue(chatId);
    const mayWork = () => !signal.aborted && adapters.network.isOnline() && !this.#held;
    if (queue.isBusy || !this.#isRestored) return;
    queue.isBusy = true;
    let entry: Entry | undefined;
    while (mayWork() && (entry = queue.entries.find(({ state }) => state !== "failed"))) {
      if (!(await this.#deliver(entry, queue))) break;
    }
    queue.isBusy = false;
    if (queue.entries.length === 0) this.#queues.delete(chatId);
  }

  /** Returns whether the next one may go. */
  async #deliver(entry: Entry, queue: Queue): Promise<boolean> {
    const { signal, adapters } = this.#options;
    queue.cancel?.();
    queue.cancel = undefined;
    try {
      const message = await this.#send(entry);
      this.#remove(entry, message);
      return true;
    } catch (thrown) {
      entry.abort = undefined;
      if (signal.aborted || !queue.entries.includes(entry)) return !signal.aborted;
      const error = asChatError(thrown);
      // It was stored, and has been deleted since.
      if (error.code === "message_not_found") {
        this.#remove(entry, undefined);
        return true;
      }
      const mayPass = error.retryable || error.status === 401;
      this.#set(entry, { state: mayPass ? "queued" : "failed", error, progress: null });
      if (!mayPass) {
        const { status, code, message, fields } = error;
        entry.stored.failed = { status, code, message, fields };
        this.#save();
        return true;
      }
      entry.failures += 1;
      const wait = Math.max(backoff(entry.failures, adapters.random), error.retryAfterMs ?? 0);
      if (error.retryAfterMs) this.#hold(error.retryAfterMs);
      queue.cancel = adapters.clock.after(wait, () => void this.#work(entry.stored.chatId));
      return false;
    }
  }

  async #send(entry: Entry): Promise<Message> {
    const { api, adapters, signal } = this.#options;
    const { stored, file } = entry;
    const abort = (entry.abort = new AbortController());
    if (signal.aborted) abort.abort();
    if (stored.file && !stored.attachmentUrl) {
      this.#set(entry, { state: "uploading", progress: 0, error: null });
      stored.attachmentUrl = await uploadFile(entry, {
        api, adapters, chatId: stored.chatId, file, signal: abort.signal,
        progress: (progress) => this.#set(entry, { progress }),
      });
      this.#save();
    }
    this.#set(entry, { state: "sending", progress: stored.file && 1, error: null });
    const { text, attachmentUrl, clientId, replyToId, mentions } = stored;
    const body = { text: text ?? undefined, attachmentUrl: attachmentUrl ?? undefined, clientId, replyToId, mentions };
    return api.send(stored.chatId, body, abort.signal);
  }

  #retry(entry: Entry): void {
    if (entry.state === "failed") {
      // A refused file goes up again.
      if (entry.file) entry.stored.attachmentUrl = null;
      entry.stored.failed = undefined;
      this.#save();
      this.#set(entry, { state: "queued", error: null });
    }
    entry.failures = 0;
    void this.#work(entry.stored.chatId);
  }

  #remove(entry: Entry, message: Message | undefined): void {
    const { chatId, clientId } = entry.stored;
    const queue = this.#queue(chatId);
    if (!queue.entries.includes(entry)) return;
    queue.entries = queue.entries.filter((each) => each !== entry);
    this.#storage.forget(clientId);
    this.#save();
    // First what takes its place, so that it never disappears.
    if (message) this.#options.sent(message);
    entry.settle(message);
    this.#options.changed(chatId);
  }

  #cancel(entry: Entry): void {
    this.#remove(entry, undefined);
    entry.abort?.abort();
  }

  #entry(stored: StoredEntry, file: OutgoingFile | undefined): Entry {
    let settle: Entry["settle"] = () => {};
    const sent = new Promise<Message | undefined>((resolve) => (settle = resolve));
    const { failed } = stored;
    return {
      stored, file, sent, settle,
      state: failed ? "failed" : "queued", progress: null, failures: 0,
      error: failed ? new ChatApiError(failed.status, failed.code, failed) : null, upload: undefined, abort: undefined, view: undefined,
    };
  }

  #queue(chatId: string): Queue {
    let queue = this.#queues.get(chatId);
    if (!queue) this.#queues.set(chatId, (queue = { entries: [], isBusy: false, cancel: undefined }));
    return queue;
  }

  #set(entry: Entry, change: Partial<Pick<Entry, "state" | "progress" | "error">>): void {
    Object.assign(entry, change);
    this.#changed(entry);
  }

  #changed(entry: Entry): void {
    entry.view = undefined;
    if (!this.#options.signal.aborted) this.#options.changed(entry.stored.chatId);
  }

  #view(entry: Entry): Pending {
    const { stored, state, progress, error, sent, file } = entry;
    return (entry.view ??= {
      pending: true,
      id: stored.clientId,
      clientId: stored.clientId,
      chatId: stored.chatId,
      senderId: this.#options.me,
      text: stored.text,
      replyToId: stored.replyToId ?? null,
      // The server refuses a reply to what is deleted.
      replyTo: stored.replyToId && error?.fields.some(({ path }) => path === "replyToId") ? { id: stored.replyToId, unavailable: true } : (stored.replyTo ?? null),
      mentions: stored.mentions ?? [],
      file: stored.file && { ...stored.file, source: file },
      createdAt: stored.createdAt,
      state, progress, error, sent,
      retry: () => this.#retry(entry),
      cancel: () => this.#cancel(entry),
    });
  }

  #save(): void {
    const entries = [...this.#queues.values()].flatMap((queue) => queue.entries.map(({ stored }) => stored));
    this.#storage.save(entries);
  }
}
