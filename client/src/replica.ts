import { ChatApiError } from "./errors.ts";
import type { Change, Changes, Message, Page, ReplyTo } from "./models.ts";
import { withMine } from "./reactions.ts";
import { quoteOf, requote, unavailable } from "./replies.ts";

/** Where one page ends and the next, older one begins. */
interface Bound {
  /** Asks for the page below. */
  readonly cursor: string;
  /** When the last message above was made. */
  readonly createdAt: string;
}

/** What a `message.…` event holds: a Change, or a notice that there is one. */
export type MessageEvent = (Change | { readonly rev: number; readonly kind?: undefined }) & {
  /** `{userId, emoji, added}` if a reaction has caused it. */
  readonly reaction?: unknown;
};

/**
 * A window of a chat's messages, and a `rev`, with one promise: apply every change after that `rev`, in
 * order, and the window is what the database shows.
 */
export class Replica {
  rev: number;
  /** An answer told that the reader has become a moderator, or is one no longer. */
  roleChanged = false;
  /** Only answers of the API tell. */
  #moderator: boolean | undefined;
  #held = new Map<string, Message>();
  #sorted: readonly Message[] | undefined;
  /** The ends of all pages that were loaded, newest first. Those above the window are the way back. */
  #bounds: Bound[];
  /** How many bounds are above the messages that are held. 0: the newest are held. */
  #above = 0;
  /** Nothing is older than what is held. If not, the last bound is the window's lower end. */
  #complete: boolean;

  constructor(rev: number, newest: Page<Message>) {
    this.rev = rev;
    this.#bounds = boundsOf([newest]);
    this.#complete = newest.nextCursor === null;
    newest.data.forEach((message) => this.#putAnswered(message));
  }

  /** Oldest first; the same array until something changes. */
  get messages(): readonly Message[] {
    return (this.#sorted ??= [...this.#held.values()].sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1)));
  }

  get(id: string): Message | undefined {
    return this.#held.get(id);
  }

  /** The cursor of the next older page; undefined when there is none. */
  get olderCursor(): string | undefined {
    return this.#complete ? undefined : this.#bounds.at(-1)?.cursor;
  }

  get hasNewer(): boolean {
    return this.#above > 0;
  }

  /** The cursor of the next newer page; null means the newest one. */
  get newerCursor(): string | null {
    return this.#bounds[this.#above - 2]?.cursor ?? null;
  }

  /** Whether a newer page reaches down to the window. */
  meets(page: Page<Message>): boolean {
    const last = page.data.at(-1);
    return page.nextCursor === null || !last || last.createdAt <= (this.#ceiling ?? "");
  }

  /** The next older page, and the `rev` that the replica had before the page was asked for. */
  addOlder(rev: number, page: Page<Message>, most: number): void {
    const next = boundsOf([page]);
    if (next.some(({ createdAt }) => createdAt >= this.#floor)) {
      throw new ChatApiError(0, "bad_answer", { message: "The server's pages do not go on.", retryable: true });
    }
    this.rev = Math.min(this.rev, rev);
    this.#bounds.push(...next);
    this.#complete = page.nextCursor === null;
    page.data.forEach((message) => this.#putAnswered(message));
    this.#dropNewest(most);
  }

  /** Newer pages, newest first, of which the last one reaches down to the window. */
  addNewer(rev: number, pages: readonly Page<Message>[], most: number): void {
    this.rev = Math.min(this.rev, rev);
    this.#bounds.splice(this.#above - 1, 0, ...boundsOf(pages.slice(0, -1)));
    this.#above -= 1;
    for (const page of pages) page.data.forEach((message) => this.#putAnswered(message));
    this.dropOldest(most);
  }

  /** An answer of the feed to a question from `since`. */
  addChanges(since: number, answer: Changes): void {
    if (since > this.rev) return; // A page has come in between and needs changes from further back.
    for (const change of answer.data) {
      if (change.rev <= this.rev) continue;
      if (change.kind === "upsert") {
        this.#putAnswered(change.message);
        this.#requote(quoteOf(change.message));
      } else this.#delete(change.messageId);
    }
    this.rev = Math.max(this.rev, answer.rev);
  }

  /** An event. Returns false if something before it is missing, or if it does not have the content. */
  addEvent(event: MessageEvent, me: string): boolean {
    if (event.rev <= this.rev) return true;
    if (event.rev > this.rev + 1 || !event.kind) return false;
    if (event.kind === "delete") {
      if (this.#moderator !== false) return false; // A moderator is shown the deleted message.
      this.#delete(event.messageId);
    } else {
      const message = this.#completed(event.message, event.reaction, me);
      if (!message) return false;
      this.#put(message);
      this.#requote(quoteOf(message));
    }
    this.rev = event.rev;
    return true;
  }

  /** Forgets whole pages at the old end. Returns false if more than `most` remain, because they are one page. */
  dropOldest(most: number): boolean {
    while (this.#held.size > most) {
      const lower = this.#complete ? this.#bounds.length : this.#bounds.length - 1;
      const floor = this.#bounds[lower - 1];
      if (!floor || lower - 1 < this.#above) return false;
      this.#bounds.length = lower;
      this.#complete = false;
      this.#drop(({ createdAt }) => createdAt < floor.createdAt);
    }
    return true;
  }

  #dropNewest(most: number): void {
    while (this.#held.size > most) {
      const ceiling = this.#bounds[this.#above];
      const isLast = this.#above === this.#bounds.length - 1;
      if (!ceiling || (isLast && !this.#complete)) return;
      this.#above += 1;
      this.#drop(({ createdAt }) => createdAt >= ceiling.createdAt);
    }
  }

  get #ceiling(): string | undefined {
    return this.#bounds[this.#above - 1]?.createdAt;
  }

  get #floor(): string {
    return this.#complete ? "" : (this.#bounds.at(-1)?.createdAt ?? "");
  }

  #putAnswered(message: Message): void {
    const moderator = "deletedAt" in message;
    if (this.#moderator !== undefined && this.#moderator !== moderator) this.roleChanged = true;
    this.#moderator = moderator;
    this.#put(message);
  }

  #put(message: Message): void {
    const held = this.#held.get(message.id);
    if (!this.#covers(message.createdAt) || (held && held.rev > message.rev)) return;
    this.#held.set(message.id, message);
    this.#sorted = undefined;
  }

  /** An event's message as this reader is answered it; undefined if only the server knows what it quotes. */
  #completed(message: Message, reaction: unknown, me: string): Message | undefined {
    // An answer has it all, and what is not shown needs no more.
    if (message.replyTo !== undefined || !this.#covers(message.createdAt)) return message;
    const held = this.#held.get(message.id);
    if (held && held.rev >= message.rev) return held;
    const original = this.#held.get(message.replyToId ?? "");
    const replyTo = message.replyToId === null ? null : (held?.replyTo ?? (original && quoteOf(original)));
    const editableUntil = message.senderId === me ? message.editableUntil : null;
    return replyTo === undefined ? undefined : { ...message, replyTo, reactions: withMine(message, held, reaction, me), editableUntil };
  }

  #requote(quote: ReplyTo): void {
    if (requote(this.#held, quote)) this.#sorted = undefined;
  }

  #covers(createdAt: string): boolean {
    const ceiling = this.#ceiling;
    return createdAt >= this.#floor && (ceiling === undefined || createdAt < ceiling);
  }

  #delete(id: string): void {
    this.#forget(id);
    this.#requote(unavailable(id));
  }

  #forget(id: string): void {
    if (this.#held.delete(id)) this.#sorted = undefined;
  }

  #drop(isDropped: (message: Message) => boolean): void {
    for (const message of this.#held.values()) if (isDropped(message)) this.#forget(message.id);
  }
}

function boundsOf(pages: readonly Page<Message>[]): Bound[] {
  return pages.flatMap(({ data, nextCursor }) => {
    const last = data.at(-1);
    return nextCursor !== null && last ? [{ cursor: nextCursor, createdAt: last.createdAt }] : [];
  });
}
