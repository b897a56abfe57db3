import type { ChatAdapters } from "./adapters.ts";
import { backoff } from "./backoff.ts";
import { asChatError, type ChatApiError } from "./errors.ts";

/** While it is joined: the last resort against events that were lost without a sign. */
const JOINED_MS = 30_000;
const POLL_FIRST_MS = 2_000;
const POLL_MOST_MS = 15_000;

export interface PolledTask {
  /** Asks the server; returns whether there was something new. Without a reason it is a poll. */
  run(isPoll: boolean): Promise<boolean>;
  /** Whether events come by themselves. */
  isJoined(): boolean;
  failed(error: ChatApiError): void;
}

/** Runs a task when it is asked to, again after a failure, and from time to time: one run at a time. */
export class Poller {
  #adapters: ChatAdapters;
  #task: PolledTask;
  #running: Promise<void> | undefined;
  #again = false;
  #stopped = false;
  #failures = 0;
  #notBefore = 0;
  #quiet = 0;
  #cancel: (() => void) | undefined;

  constructor(adapters: ChatAdapters, task: PolledTask) {
    this.#adapters = adapters;
    this.#task = task;
  }

  /** Runs now, or once more after the run that is under way. After a failure the next try waits, unless it is urgent. */
  ask(urgent = false, isPoll = false): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    this.#again = true;
    if (this.#running) return this.#running;
    const { clock } = this.#adapters;
    if (this.#failures > 0 && (!urgent || clock.now() < this.#notBefore)) return Promise.resolve();
    return (this.#running = this.#run(isPoll).finally(() => {
      this.#running = undefined;
      this.plan();
    }));
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Polls fast again. */
  wake(): void {
    this.#quiet = 0;
    this.plan();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  async #run(isPoll: boolean): Promise<void> {
    try {
      for (let first = isPoll; this.#again && !this.#stopped; first = false) {
        this.#again = false;
        const news = await this.#task.run(first);
        this.#failures = 0;
        this.#quiet = news ? 0 : this.#quiet + 1;
      }
    } catch (thrown) {
      if (this.#stopped) return;
      const error = asChatError(thrown);
      this.#failures += 1;
      this.#again = true;
      this.#notBefore = error.retryAfterMs ? this.#adapters.clock.now() + error.retryAfterMs : 0;
      this.#task.failed(error);
    }
  }

  /** Sets the next run. None while nobody looks or there is no network: both tell when that ends. */
  plan(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const { appState, network, clock } = this.#adapters;
    if (this.#stopped || this.#running || !appState.isVisible() || !network.isOnline()) return;
    const wait = Math.max(this.#interval(), this.#notBefore - clock.now());
    this.#cancel = clock.after(wait, () => {
      this.#cancel = undefined;
      void this.ask(true, true);
    });
  }

  #interval(): number {
    const { random } = this.#adapters;
    if (this.#failures > 0) return backoff(this.#failures, random);
    const full = this.#task.isJoined() ? JOINED_MS : Math.min(POLL_FIRST_MS * 1.5 ** this.#quiet, POLL_MOST_MS);
    return full * (0.8 + random() * 0.2);
  }
}
