import type { Message, MessagePage } from "./models.ts";

/** An end of a page, and the cursor that goes on from there. */
interface Edge {
  /** When the page's outermost message was made. */
  readonly at: string;
  /** Null: nothing is beyond. */
  readonly cursor: string | null;
}

/** After every time. */
export const END = "~";
const OLDEST: Edge = { at: "", cursor: null };
const NEWEST: Edge = { at: END, cursor: null };

/** A part of a chat's history, without a gap: pages that were loaded one after another, or have met. */
export class Window {
  /** The pages' old ends, where it can be cut. The oldest first: that one is the window's own. */
  #floors: readonly Edge[] = [];
  /** The pages' new ends. The newest first: that one is the window's own. */
  #ceilings: readonly Edge[] = [];

  constructor(page: MessagePage) {
    this.#add([floorOf(page) ?? OLDEST], [ceilingOf(page) ?? NEWEST]);
  }

  get floor(): Edge {
    return this.#floors[0] ?? OLDEST;
  }

  get ceiling(): Edge {
    return this.#ceilings[0] ?? NEWEST;
  }

  covers(at: string): boolean {
    return this.floor.at <= at && at <= this.ceiling.at;
  }

  meets(other: Window): boolean {
    return this.floor.at <= other.ceiling.at && other.floor.at <= this.ceiling.at;
  }

  join(other: Window): void {
    this.#add(other.#floors, other.#ceilings);
  }

  /** The page that the floor's cursor has given. */
  addOlder(page: MessagePage): void {
    this.#add([floorOf(page) ?? OLDEST], [ceilingOf(page) ?? []].flat());
  }

  /** The page that the ceiling's cursor has given. */
  addNewer(page: MessagePage): void {
    this.#add([floorOf(page) ?? []].flat(), [ceilingOf(page) ?? NEWEST]);
  }

  /** Returns false if there is one page only. */
  cutOldest(): boolean {
    const [, ...floors] = this.#floors;
    if (floors.length === 0) return false;
    this.#floors = floors;
    this.#ceilings = this.#ceilings.filter(({ at }) => at >= this.floor.at);
    return true;
  }

  /** Returns false if there is one page only. */
  cutNewest(): boolean {
    const [, ...ceilings] = this.#ceilings;
    if (ceilings.length === 0) return false;
    this.#ceilings = ceilings;
    this.#floors = this.#floors.filter(({ at }) => at <= this.ceiling.at);
    return true;
  }

  #add(floors: readonly Edge[], ceilings: readonly Edge[]): void {
    this.#floors = sorted([...this.#floors, ...floors], 1);
    this.#ceilings = sorted([...this.#ceilings, ...ceilings], -1);
  }
}

function floorOf({ data, nextCursor }: MessagePage): Edge | undefined {
  return edge(data.at(-1), nextCursor);
}

function ceilingOf({ data, prevCursor }: MessagePage): Edge | undefined {
  return edge(data[0], prevCursor);
}

const edge = (message: Message | undefined, cursor: string | null): Edge | undefined =>
  message && cursor !== null ? { at: message.createdAt, cursor } : undefined;

/** Each place once. */
function sorted(edges: Edge[], sign: 1 | -1): Edge[] {
  const places = new Map(edges.map((each) => [each.at, each]));
  return [...places.values()].sort((a, b) => (a.at < b.at ? -sign : sign));
}
