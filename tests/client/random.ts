/** Choices that a seed repeats: mulberry32. */
export class Random {
  private state: number;

  constructor(state: number) {
    this.state = state;
  }

  private next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A number below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  /** True in so many cases of a hundred. */
  percent(cases: number): boolean {
    return this.next() * 100 < cases;
  }

  pick<T>(choices: T[]): T | undefined {
    return choices[this.below(choices.length)];
  }
}
