// Time in the test's hands.
import type { Clock } from "supabase-chat-client";

export class FakeClock implements Clock {
  /** Timers that have not come, and how many there were at most. */
  private timers = new Map<object, { at: number; run: () => void }>();
  private time = Date.now();

  now = (): number => this.time;

  after = (ms: number, run: () => void): (() => void) => {
    const key = {};
    this.timers.set(key, { at: this.time + ms, run });
    return () => void this.timers.delete(key);
  };

  get waiting(): number {
    return this.timers.size;
  }

  /** The device's clock is set. Timers do not notice. */
  set(ms: number): void {
    this.time += ms;
    for (const timer of this.timers.values()) timer.at += ms;
  }

  /** Time passes, and what is due happens in its order. */
  advance(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const due = [...this.timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      this.timers.delete(due[0]);
      this.time = Math.max(this.time, due[1].at);
      due[1].run();
    }
    this.time = end;
  }
}
