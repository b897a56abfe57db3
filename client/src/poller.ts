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
  /** While the server wants to be left alone. By a timer: a device's clock may jump. */
  #held: (() => void) | undefined;
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
    if (this.#held || (this.#failures > 0 && !urgent)) return Promise.resolve();
    return (this.#running = this.#run(isPoll));
  }

  /** Whether a run is under way, or waits for its time after a failure: what is known may be old. */
  get isDue(): boolean {
    return this.#again || this.#running !== undefined;
  }

  /** Polls fast again. */
  wake(): void {
    this.#quiet = 0;
    this.plan();
  }

  stop(): void {
    this.#stopped = true;
    this.#held?.();
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
      if (error.retryAfterMs) this.#hold(error.retryAfterMs);
      this.#task.failed(error);
    } finally {
      // At once: who asks from now on begins another run.
      this.#running = undefined;
      this.plan();
    }
  }

  #hold(ms: number): void {
    this.#held?.();
    this.#held = this.#adapters.clock.after(ms, () => {
      this.#held = undefined;
      void this.ask(true, true);
    });
  }

  /** Sets the next run. None while nobody looks or there is no network: both tell when that ends. */
  plan(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const { appState, network, clock } = this.#adapters;
    if (this.#stopped || this.#running || this.#held || !appState.isVisible() || !network.isOnline()) return;
    this.#cancel = clock.after(this.#interval(), () => {
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
