"use client";
import { useEffect, useMemo, useSyncExternalStore } from "react";
import { asChatError, type ChatApiError } from "../errors.ts";
import type { Message, Page } from "../models.ts";
import { Value } from "../store.ts";

interface Loaded {
  /** Undefined until the first answer. */
  readonly messages: readonly Message[] | undefined;
  readonly hasMore: boolean;
  readonly isLoading: boolean;
  /** Why loading failed the last time; null when it did not. */
  readonly error: ChatApiError | null;
}

/** A list of messages that comes page by page. */
export interface UsedPages extends Loaded {
  /** Loads the next page; after a failure, the same one again. Single flight; never rejects, see `error`. */
  loadMore(): Promise<void>;
}

const NOTHING: Loaded = { messages: undefined, hasMore: false, isLoading: false, error: null };

/** The pages of one list, one request at a time. */
export class Pages {
  readonly value = new Value(NOTHING);
  readonly #load: (cursor: string | null) => Promise<Page<Message>>;
  #key: string | undefined;
  #cursor: string | null = null;
  #count = 0;
  #last = Promise.resolve();
  #more: Promise<void> | undefined;

  constructor(load: (cursor: string | null) => Promise<Page<Message>>) {
    this.#load = load;
  }

  /** As many pages as are shown, anew: whenever there is another key. */
  reload(key: string): void {
    if (key === this.#key) return;
    this.#key = key;
    void this.#next(() => this.#fill([], null, Math.max(this.#count, 1)));
  }

  readonly loadMore = (): Promise<void> => {
    const more = async () => {
      const { messages = [] } = this.value.getSnapshot();
      if (this.#count === 0 || this.#cursor !== null) await this.#fill(messages, this.#cursor, 1);
    };
    return (this.#more ??= this.#next(more).finally(() => (this.#more = undefined)));
  };

  async #fill(messages: readonly Message[], from: string | null, count: number): Promise<void> {
    let cursor = from;
    let loaded = 0;
    do {
      const page: Page<Message> = await this.#load(cursor);
      messages = [...messages, ...page.data];
      cursor = page.nextCursor;
      loaded++;
    } while (cursor !== null && loaded < count);
    this.#count = from === null ? loaded : this.#count + loaded;
    this.#cursor = cursor;
    this.#set({ messages, hasMore: cursor !== null, error: null });
  }

  #next(run: () => Promise<void>): Promise<void> {
    this.#set({ isLoading: true });
    const done = this.#last.then(run).catch((error: unknown) => {
      this.#key = undefined;
      this.#set({ error: asChatError(error) });
    });
    this.#last = done;
    return done.then(() => {
      if (this.#last === done) this.#set({ isLoading: false });
    });
  }

  #set(change: Partial<Loaded>): void {
    this.value.set({ ...this.value.getSnapshot(), ...change });
  }
}

/** Shows pages. Another key loads them again; without one, nothing is loaded. */
export function usePages(pages: Pages, key: string | undefined): UsedPages {
  const { value, loadMore } = pages;
  const loaded = useSyncExternalStore(value.subscribe, value.getSnapshot, () => NOTHING);
  useEffect(() => {
    if (key !== undefined) pages.reload(key);
  }, [pages, key]);
  return useMemo(() => ({ ...loaded, loadMore }), [loaded, loadMore]);
}
