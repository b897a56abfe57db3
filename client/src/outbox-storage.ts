import type { ChatStorage } from "./adapters.ts";
import type { ChatErrorField, ReplyTo } from "./models.ts";
import type { Locks } from "./locks.ts";
import { isQuote, isTexts, payloadOf } from "./shapes.ts";

/** What of an unsent message survives a reload: everything but the bytes of a file. */
export interface StoredEntry {
  clientId: string;
  chatId: string;
  text: string | null;
  file: { name: string; type: string; size: number } | null;
  /** The file is uploaded. */
  attachmentUrl: string | null;
  replyToId?: string | undefined;
  /** What the user saw of the message that they reply to, if it was there. */
  replyTo?: ReplyTo | null;
  mentions?: string[] | undefined;
  createdAt: string;
  /** Why the server refused it. */
  failed?: { status: number; code: string; message: string; fields: readonly ChatErrorField[] } | undefined;
  /** The window that sends it. */
  owner?: string;
}

/**
 * The unsent messages of one user in the app's storage, which all windows of the app share. Each message belongs to one
 * window, which holds a lock while it lives: another window takes the message over when that lock is free.
 */
export class OutboxStorage {
  #storage: ChatStorage;
  #locks: Locks;
  #key: string;
  #owner: string;
  #forgotten = new Set<string>();
  #known = new Set<string>();
  #release = () => {};

  constructor(storage: ChatStorage, locks: Locks, me: string, owner: string) {
    this.#storage = storage;
    this.#locks = locks;
    this.#key = `supabase-chat:outbox:${me}`;
    this.#owner = owner;
    this.#known.add(owner);
    void locks.request(`${this.#key}:${owner}`, {}, () => new Promise<void>((resolve) => (this.#release = resolve))).catch(() => {});
  }

  /** A sent or cancelled message goes with the next save. */
  forget(clientId: string): void {
    this.#forgotten.add(clientId);
  }

  /** Writes these, and leaves what belongs to other windows. */
  save(entries: StoredEntry[]): void {
    const written = entries.map((entry) => ({ ...entry, owner: this.#owner }));
    const own = new Set(written.map(({ clientId }) => clientId));
    void this.#alone(async () => {
      const done = [...this.#forgotten];
      const others = (await this.#load()).filter(({ clientId }) => !own.has(clientId) && !this.#forgotten.has(clientId));
      await this.#write([...others, ...written.filter(({ clientId }) => !this.#forgotten.has(clientId))]);
      done.forEach((clientId) => this.#forgotten.delete(clientId));
    });
  }

  /** Hands over what windows have left that are gone: now, and of those that still live when they end. */
  async takeOver(signal: AbortSignal, taken: (entries: StoredEntry[]) => void): Promise<void> {
    const stored = await this.#alone(() => this.#load());
    const owners = new Set((stored ?? []).map(({ owner = "" }) => owner).filter((owner) => !this.#known.has(owner)));
    for (const owner of owners) {
      this.#known.add(owner);
      const name = `${this.#key}:${owner}`;
      const take = () => this.#adopt(owner, signal, taken);
      const isFree = await this.#locks.request(name, { ifAvailable: true }, async (lock) => lock !== null && (await take(), true)).catch(() => false);
      if (!isFree) this.#locks.request(name, { signal }, take).catch(() => {});
    }
  }

  /** Lets others take over what is still unsent, after the last save. */
  end(): void {
    void this.#alone(async () => this.#release());
  }

  async #adopt(owner: string, signal: AbortSignal, taken: (entries: StoredEntry[]) => void): Promise<void> {
    this.#known.delete(owner);
    if (signal.aborted) return;
    await this.#alone(async () => {
      const stored = await this.#load();
      const left = stored.filter((entry) => (entry.owner ?? "") === owner);
      if (left.length === 0 || signal.aborted) return;
      left.forEach((entry) => (entry.owner = this.#owner));
      await this.#write(stored);
      taken(left);
    });
  }

  /** Reads and writes of all windows come one after another. A storage that fails costs the unsent messages, and nothing else. */
  async #alone<T>(run: () => Promise<T>): Promise<T | undefined> {
    return this.#locks.request(this.#key, {}, run).catch(() => undefined);
  }

  async #load(): Promise<StoredEntry[]> {
    const text = await this.#storage.getItem(this.#key);
    try {
      const stored: unknown = text ? JSON.parse(text) : [];
      return Array.isArray(stored) ? stored.filter(isStoredEntry) : [];
    } catch {
      return [];
    }
  }

  async #write(entries: StoredEntry[]): Promise<void> {
    if (entries.length > 0) await this.#storage.setItem(this.#key, JSON.stringify(entries));
    else await this.#storage.removeItem(this.#key);
  }
}

function isStoredEntry(value: unknown): value is StoredEntry {
  const { clientId, chatId, createdAt, text, attachmentUrl, file, replyToId = null, replyTo, mentions = [] } = payloadOf(value);
  const { name, type, size } = payloadOf(file);
  const isText = (field: unknown) => typeof field === "string";
  return (
    [clientId, chatId].every(isText) && !Number.isNaN(Date.parse(String(createdAt))) &&
    [text, attachmentUrl, replyToId].every((field) => field === null || isText(field)) && isQuote(replyTo) && isTexts(mentions) &&
    (file === null || (isText(name) && isText(type) && typeof size === "number"))
  );
}
