/** Where the user goes in a chat: to older and newer messages, to the newest ones, to one message. */
import { asChatError, type ChatApiError } from "./errors.ts";
import type { Feed } from "./feed.ts";
import type { Jump } from "./types.ts";

type Way = "older" | "newer" | "newest";

export interface PagingOptions {
  feed: Feed;
  changed(): void;
  /** Changes between a page and what is known are wanted again. */
  catchUp(): void;
}

export class Paging {
  /** Of the last request. */
  error: ChatApiError | null = null;
  /** The user wants to see the newest messages, which could not be loaded yet. */
  wantsNewest = false;
  readonly #options: PagingOptions;
  /** One request for each way out of the window. */
  readonly #underWay = new Map<Way, Promise<void>>();
  #jumps = 0;

  constructor(options: PagingOptions) {
    this.#options = options;
  }

  get loadingOlder(): boolean {
    return this.#underWay.has("older");
  }

  get loadingNewer(): boolean {
    return this.#underWay.has("newer") || this.#underWay.has("newest");
  }

  loadOlder(): Promise<void> {
    return this.#once("older", () => this.#options.feed.loadMore(true));
  }

  loadNewer(): Promise<void> {
    return this.#once("newer", () => this.#options.feed.loadMore(false));
  }

  async loadNewest(): Promise<void> {
    this.#jumps += 1;
    this.wantsNewest = true;
    const { feed, changed } = this.#options;
    if (!feed.replica?.show()) await this.#once("newest", () => feed.loadNewest());
    if (feed.replica && !feed.replica.hasNewer) this.wantsNewest = false;
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

  #once(way: Way, load: () => Promise<void>): Promise<void> {
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
