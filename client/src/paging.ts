/** Where the user goes in a chat: to older and newer messages, to the newest ones, to one message. */
import { asChatError, type ChatApiError } from "./errors.ts";
import type { Feed } from "./feed.ts";
import type { Jump } from "./types.ts";
import type { Side } from "./window.ts";

export interface PagingOptions {
  feed: Feed;
  changed(): void;
  /** Changes between a page and what is known are wanted again. */
  catchUp(): void;
}

export class Paging {
  /** Of the last request. */
  error: ChatApiError | null = null;
  /** The user wants to see the newest messages, which are not loaded yet. */
  wantsNewest = false;
  readonly #options: PagingOptions;
  /** One request for each way out of the window. */
  readonly #underWay = new Map<Side | "newest", Promise<void>>();
  #jumps = 0;

  constructor(options: PagingOptions) {
    this.#options = options;
  }

  isLoading(side: Side): boolean {
    return this.#underWay.has(side) || (side === "newer" && this.#underWay.has("newest"));
  }

  loadMore(side: Side): Promise<void> {
    return this.#once(side, () => this.#options.feed.loadMore(side));
  }

  async loadNewest(): Promise<void> {
    this.#jumps += 1;
    this.wantsNewest = true;
    const { feed, changed } = this.#options;
    if (!feed.replica?.show()) await this.#once("newest", () => feed.loadNewest(() => this.wantsNewest));
    if (feed.replica?.has("newer") === false) this.wantsNewest = false;
    changed();
  }

  /** A jump that is under way gives way to a later one, and to the newest messages. */
  async jumpTo(target: string): Promise<Jump> {
    const jump = ++this.#jumps;
    this.wantsNewest = false;
    const { feed, changed } = this.#options;
    let outcome: Jump = feed.replica?.show(target) ? "shown" : "failed";
    if (outcome !== "shown") {
      await this.#try(async () => {
        outcome = await feed.jumpTo(target, () => jump === this.#jumps);
      });
    }
    // What is under way leads out of another window.
    if (outcome === "shown") this.#underWay.clear();
    changed();
    return outcome;
  }

  #once(way: Side | "newest", load: () => Promise<void>): Promise<void> {
    const running = this.#underWay.get(way);
    if (running) return running;
    const started = this.#try(load).finally(() => {
      if (this.#underWay.get(way) === started) this.#underWay.delete(way);
      this.#options.changed();
    });
    this.#underWay.set(way, started);
    queueMicrotask(this.#options.changed);
    return started;
  }

  async #try(load: () => Promise<void>): Promise<void> {
    try {
      await load();
      this.error = null;
    } catch (error) {
      this.error = asChatError(error);
    }
    this.#options.catchUp();
  }
}
