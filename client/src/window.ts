import type { MessagePage } from "./models.ts";

/** A direction in a chat's history. */
export type Side = "older" | "newer";

/** An end of a page, and the cursor that goes on from there. */
interface End {
  /** When the page's outermost message was made. */
  readonly at: string;
  /** Null: nothing is beyond. */
  readonly cursor: string | null;
}

/** After every time. */
export const LATEST = "~";
const LAST: Record<Side, End> = { older: { at: "", cursor: null }, newer: { at: LATEST, cursor: null } };
const SIDES: readonly Side[] = ["older", "newer"];

/** A part of a chat's history, without a gap: pages that were loaded one after another, or have met. */
export class Window {
  /** The ends of its pages, where it can be cut. The outermost first: that one is its own. */
  readonly #ends: Record<Side, readonly End[]> = { older: [], newer: [] };

  constructor(page: MessagePage) {
    this.add(page, "older", "newer");
  }

  end(side: Side): End {
    return this.#ends[side][0] ?? LAST[side];
  }

  covers(at: string): boolean {
    return this.end("older").at <= at && at <= this.end("newer").at;
  }

  meets(other: Window): boolean {
    return this.end("older").at <= other.end("newer").at && other.end("older").at <= this.end("newer").at;
  }

  join(other: Window): void {
    for (const side of SIDES) this.#put(side, other.#ends[side]);
  }

  /** A page that goes on from here: on these sides it may be the last one. */
  add(page: MessagePage, ...open: readonly Side[]): void {
    for (const side of SIDES) {
      const end = endOf(page, side) ?? (open.includes(side) ? LAST[side] : undefined);
      if (end) this.#put(side, [end]);
    }
  }

  /** Gives a page up. Returns false if it is the only one. */
  cut(side: Side): boolean {
    const [, ...rest] = this.#ends[side];
    if (rest.length === 0) return false;
    this.#ends[side] = rest;
    for (const each of SIDES) this.#ends[each] = this.#ends[each].filter(({ at }) => this.covers(at));
    return true;
  }

  #put(side: Side, ends: readonly End[]): void {
    const places = new Map([...this.#ends[side], ...ends].map((end) => [end.at, end]));
    const oldestFirst = [...places.values()].sort((a, b) => (a.at < b.at ? -1 : 1));
    this.#ends[side] = side === "older" ? oldestFirst : oldestFirst.reverse();
  }
}

function endOf({ data, nextCursor, prevCursor }: MessagePage, side: Side): End | undefined {
  const [message, cursor] = side === "older" ? [data.at(-1), nextCursor] : [data[0], prevCursor];
  return message && cursor !== null ? { at: message.createdAt, cursor } : undefined;
}
