import type { ChatStorage } from "./adapters.ts";
import { payloadOf } from "./shapes.ts";

/** What of an unsent message survives a reload: everything but the bytes of a file. */
export interface StoredEntry {
  clientId: string;
  chatId: string;
  text: string | null;
  file: { name: string; type: string; size: number } | null;
  /** The file is uploaded. */
  attachmentUrl: string | null;
  createdAt: string;
}

/** The unsent messages of one user in the app's storage, which other windows may write too. */
export class OutboxStorage {
  #storage: ChatStorage;
  #key: string;
  /** One after another: a storage may be slow. */
  #last: Promise<void> = Promise.resolve();
  #forgotten = new Set<string>();

  constructor(storage: ChatStorage, me: string) {
    this.#storage = storage;
    this.#key = `supabase-chat:outbox:${me}`;
  }

  async load(): Promise<StoredEntry[]> {
    try {
      const text = await this.#storage.getItem(this.#key);
      const stored: unknown = text ? JSON.parse(text) : [];
      return Array.isArray(stored) ? stored.filter(isStoredEntry) : [];
    } catch {
      // A storage that fails costs the unsent messages, and nothing else.
      return [];
    }
  }

  /** A sent or cancelled message goes with the next save. */
  forget(clientId: string): void {
    this.#forgotten.add(clientId);
  }

  /** Writes these, and leaves what other windows have written. */
  save(entries: StoredEntry[]): void {
    const own = new Set(entries.map(({ clientId }) => clientId));
    const written = structuredCopy(entries);
    this.#last = this.#last.then(async () => {
      const others = (await this.load()).filter(({ clientId }) => !own.has(clientId) && !this.#forgotten.has(clientId));
      const done = [...this.#forgotten];
      const all = [...others, ...written.filter(({ clientId }) => !this.#forgotten.has(clientId))];
      try {
        if (all.length > 0) await this.#storage.setItem(this.#key, JSON.stringify(all));
        else await this.#storage.removeItem(this.#key);
        done.forEach((clientId) => this.#forgotten.delete(clientId));
      } catch {
        // Full, or forbidden.
      }
    });
  }
}

const structuredCopy = (entries: StoredEntry[]): StoredEntry[] => entries.map((entry) => ({ ...entry }));

function isStoredEntry(value: unknown): value is StoredEntry {
  const { clientId, chatId, createdAt, text, attachmentUrl } = payloadOf(value);
  const isText = (field: unknown) => typeof field === "string";
  return [clientId, chatId, createdAt].every(isText) && [text, attachmentUrl].every((field) => field === null || isText(field));
}
