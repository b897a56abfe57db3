import { badAnswer } from "./errors.ts";
import type { Change, Changes, Message, MessagePage, ReplyTo } from "./models.ts";
import { withMine } from "./reactions.ts";
import { quoteOf, requote, unavailable } from "./replies.ts";
import { keepList } from "./store.ts";
import { LATEST, Window, type Side } from "./window.ts";

/** What a `message.…` event holds: a Change, or a notice that there is one. */
export type MessageEvent = (Change | { readonly rev: number; readonly kind?: undefined }) & {
  /** `{userId, emoji, added}` if a reaction has caused it. */
  readonly reaction?: unknown;
};

/**
 * Windows of a chat's messages, one of which is shown, and a `rev`, with one promise: apply every change after that
 * `rev`, in order, and each window is what the database shows.
 */
export class Replica {
  rev: number;
  /** An answer told that the reader has become a moderator, or is one no longer. */
  roleChanged = false;
  /** Only answers of the API tell. */
  #moderator: boolean | undefined;
  /** What is in the windows. */
  #held = new Map<string, Message>();
  /** The shown one first, then the one with the newest messages, then the others, those shown last before. No two of them meet. */
  #windows: readonly [Window, ...Window[]];
  #messages: readonly Message[] = [];
  #isSorted = false;

  constructor(rev: number, newest: MessagePage) {
    this.rev = rev;
    this.#windows = [new Window(newest)];
    this.#take(rev, newest);
  }

  /** What is shown. */
  get window(): Window {
    return this.#windows[0];
  }

  /** Those of the shown window, oldest first; the same array until something changes. */
  get messages(): readonly Message[] {
    if (!this.#isSorted) {
      const shown = [...this.#held.values()].filter(({ createdAt }) => this.window.covers(createdAt));
      this.#messages = keepList(this.#messages, shown.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1)));
      this.#isSorted = true;
    }
    return this.#messages;
  }

  /** Whether there are more messages on a side of the shown ones. */
  has(side: Side): boolean {
    return this.window.end(side).cursor !== null;
  }

  get(id: string): Message | undefined {
    return this.#held.get(id);
  }

  /** Shows the window of a message that is held; that of the newest ones, if none is named. Returns false if there is none. */
  show(id?: string): boolean {
    const at = id === undefined ? LATEST : this.#held.get(id)?.createdAt;
    const window = at === undefined ? undefined : this.#windows.find((each) => each.covers(at));
    if (window) this.#show(window);
    return window !== undefined;
  }

  /** Shows a page in a window of its own, or in the ones that it meets. `rev` is from before it was asked for. */
  open(rev: number, page: MessagePage): void {
    this.#show(new Window(page));
    this.#take(rev, page);
  }

  /** A page beyond an end of the shown window, and the `rev` from before it was asked for. */
  extend(rev: number, page: MessagePage, side: Side): void {
    const { at } = this.window.end(side);
    if (page.data.some(({ createdAt }) => (side === "older" ? createdAt >= at : createdAt <= at))) {
      throw badAnswer("The server's pages do not go on.");
    }
    this.window.add(page, side);
    this.#take(rev, page);
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

  /**
   * Forgets whole pages until `most` messages remain: first of the windows that are not shown, then those that are
   * farthest from a place in the shown one. Returns false if more remain, because they are one page.
   */
  trim(most: number, place = LATEST): boolean {
    while (this.#held.size > most) {
      const [window, ...others] = this.#windows;
      const last = others.pop();
      if (last) {
        if (!last.cut("older")) this.#windows = [window, ...others];
      } else {
        const older = this.messages.filter(({ createdAt }) => createdAt < place).length;
        if (!window.cut(older * 2 > this.messages.length ? "older" : "newer")) return false;
      }
      for (const { id, createdAt } of this.#held.values()) if (!this.#covers(createdAt)) this.#forget(id);
    }
    return true;
  }

  #show(window: Window): void {
    const others = this.#windows.filter((each) => each !== window);
    const isNewest = (each: Window) => each.end("newer").cursor === null;
    this.#windows = [window, ...others.filter(isNewest), ...others.filter((each) => !isNewest(each))];
    this.#isSorted = false;
  }

  /** The messages of a page that is in the shown window now. */
  #take(rev: number, page: MessagePage): void {
    this.rev = Math.min(this.rev, rev);
    const [window, ...others] = this.#windows;
    const apart = others.filter((other) => {
      const meets = window.meets(other);
      if (meets) window.join(other);
      return !meets;
    });
    this.#windows = [window, ...apart];
    this.#isSorted = false;
    page.data.forEach((message) => this.#putAnswered(message));
  }

  #covers(at: string): boolean {
    return this.#windows.some((window) => window.covers(at));
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
    this.#isSorted = false;
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
    if (requote(this.#held, quote)) this.#isSorted = false;
  }

  #delete(id: string): void {
    this.#forget(id);
    this.#requote(unavailable(id));
  }

  #forget(id: string): void {
    if (this.#held.delete(id)) this.#isSorted = false;
  }
}
