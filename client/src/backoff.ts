const FIRST_MS = 1_000;
/** Short enough that a device is right again within 30 s of the last fault. */
const MOST_MS = 12_000;

/** How long to wait after the nth failure in a row: doubled each time, and spread, so that devices do not come together. */
export function backoff(failures: number, random: () => number = Math.random): number {
  const full = Math.min(FIRST_MS * 2 ** Math.min(failures - 1, 10), MOST_MS);
  return full * (0.5 + random() / 2);
}
