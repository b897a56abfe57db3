// Windows of a chat, by chance: pages, jumps, events and changes that come late, twice, in another order or never.
// Each shown window is a part of the chat without a gap, and what is held stays right and bounded.
import { deepStrictEqual, ok, strictEqual } from "node:assert";
import type { Message } from "supabase-chat-client";
import type { Api, MessagesAt } from "../../../client/dist/api.js";
import { Feed } from "../../../client/dist/feed.js";
import type { Change } from "../../../client/dist/models.js";
import { Paging } from "../../../client/dist/paging.js";
import { TestDatabase } from "../../../client/dist/testing/database.js";
import { Refusal } from "../../../client/dist/testing/rows.js";
import { ChatApiError } from "supabase-chat-client";
import { Random } from "../random.ts";
import { run } from "./run.ts";

/** `SEEDS=7` or `SEEDS=1-50000` plays others. */
const SEEDS = 1_000;
const ACTIONS = 40;
const [ME, OTHER, CHAT] = ["me", "you", "chat"];
const PAGE = 3;

/** A screen that shows a chat, with answers and events that come when chance wants it. */
class Model {
  readonly random: Random;
  readonly most: number;
  readonly database: TestDatabase;
  readonly feed: Feed;
  readonly paging: Paging;
  /** What is under way. */
  private arriving: (() => void)[] = [];
  private mustAsk = false;
  private asking = false;
  /** The message of the last jump, until the user goes somewhere else. */
  private at: string | undefined;
  private time = Date.UTC(2026, 0, 1);

  constructor(random: Random) {
    this.random = random;
    this.most = 2 * PAGE + random.below(10);
    const tell = (topic: string, event: string, payload: object) => this.broadcast(topic, event, payload as Change);
    this.database = new TestDatabase(() => (this.time += 1), tell);
    const count = random.below(40);
    // They may be edited still.
    const createdAt = (n: number) => new Date(this.time - (count - n) * 100).toISOString();
    const from = () => (random.percent(70) ? OTHER! : ME!);
    const messages = Array.from({ length: count }, (_, n) => ({ chatId: CHAT!, from: from(), text: `${n}`, createdAt: createdAt(n) }));
    this.database.fill(ME!, [{ id: CHAT!, people: [OTHER!], unread: random.below(12) }], messages);
    const api = {
      chat: () => this.answer(() => this.database.chat(ME!, CHAT!)),
      messages: (_: string, { cursor, around, limit = PAGE }: MessagesAt) =>
        this.answer(() => this.database.page(ME!, CHAT!, { cursor: cursor ?? null, around: around ?? null, limit })),
      changes: (_: string, since: number, epoch: string) => this.answer(() => this.database.changes(ME!, CHAT!, since, epoch, 2)),
    } as unknown as Api;
    const { signal } = new AbortController();
    const changed = () => {};
    this.feed = new Feed({ api, chatId: CHAT!, me: ME!, maxMessages: this.most, signal, known: () => undefined, changed });
    this.paging = new Paging({ feed: this.feed, changed, catchUp: () => this.ask() });
  }

  /** The server answers at once, and the answer comes later. */
  private answer<T>(make: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      let arrive: () => void;
      try {
        const made = make();
        arrive = () => resolve(made);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        arrive = () => reject(new ChatApiError(error.status, error.code));
      }
      this.arriving.push(this.random.percent(3) ? () => reject(new ChatApiError(0, "network")) : arrive);
    });
  }

  private broadcast(topic: string, event: string, payload: Change): void {
    if (!topic.startsWith("chat:") || !event.startsWith("message.") || this.random.percent(20)) return;
    for (let copies = this.random.percent(10) ? 2 : 1; copies > 0; copies--) {
      this.arriving.push(() => {
        if (!this.feed.receive(payload)) this.ask();
      });
    }
  }

  ask(): void {
    this.mustAsk = true;
    if (!this.asking) void this.catchUp();
  }

  private async catchUp(): Promise<void> {
    this.asking = true;
    while (this.mustAsk) {
      this.mustAsk = false;
      await this.feed.catchUp().catch(() => (this.mustAsk = true));
    }
    this.asking = false;
  }

  get truth(): Message[] {
    return this.database.messages(ME!, CHAT!);
  }

  get shown(): readonly Message[] {
    return this.feed.messages;
  }

  async act(): Promise<void> {
    const { random, database } = this;
    const any = random.pick(this.truth);
    const choice = random.below(100);
    const who = random.percent(70) ? OTHER! : ME!;
    if (choice < 18) database.send(who, CHAT!, { text: "new", replyToId: random.percent(40) ? any?.id : undefined });
    else if (choice < 21 && any) database.react(who, CHAT!, any.id, random.pick(["a", "b"])!, random.percent(70));
    else if (choice < 28 && any) database.edit(any.senderId, CHAT!, any.id, `edited ${random.below(1_000)}`);
    else if (choice < 38 && any) database.remove(any.senderId, CHAT!, any.id);
    else if (choice < 40) database.read(ME!, CHAT!);
    else if (choice < 41) this.feed.reload();
    else if (choice < 44) this.ask();
    else if (choice < 56) this.go(this.paging.loadMore("older"));
    else if (choice < 68) this.go(this.paging.loadMore("newer"));
    else if (choice < 72) this.go(this.paging.loadNewest());
    else if (choice < 75) void this.jump("unread");
    else if (choice < 90) void this.jump(any?.id ?? "nothing");
    for (let steps = random.below(6); steps > 0; steps--) await this.step();
  }

  private go(_: Promise<void>): void {
    this.at = undefined;
  }

  private async jump(target: string): Promise<void> {
    this.at = undefined;
    const outcome = await this.paging.jumpTo(target);
    if (outcome === "shown") ok(!this.paging.isLoading("older") && !this.paging.isLoading("newer"), "its pages can be asked for");
    if (outcome === "shown" && target !== "unread") {
      ok(this.shown.some(({ id }) => id === target), "a message that is shown is there");
      this.at = target;
    }
    if (outcome === "not_found") ok(!this.truth.some(({ id }) => id === target), "a message that is there is found");
  }

  /** What arrives comes in a task of its own. */
  private async step(): Promise<void> {
    await turn();
    this.arriving.splice(this.random.below(this.arriving.length), 1)[0]?.();
    await turn();
    const held = this.held.length;
    ok(held <= this.most + PAGE, `${held} are held`);
  }

  /** All that was ever sent, as far as it is held. */
  private get held(): Message[] {
    return Array.from({ length: this.database.made }, (_, n) => this.feed.replica?.get(`message-${n + 1}`)).filter((each) => each !== undefined);
  }

  /** Everything has arrived, and the feed was asked once more. */
  async quiet(): Promise<void> {
    this.ask();
    await turn();
    while (this.arriving.length > 0) await this.step();
    const { truth, shown } = this;
    const { replica } = this.feed;
    ok(replica);
    const from = shown[0] ? truth.findIndex(({ id }) => id === shown[0]!.id) : 0;
    deepStrictEqual(shown, truth.slice(from, from + shown.length), "a part of the chat without a gap");
    if (!replica.has("older")) strictEqual(from, 0, "nothing is older");
    if (!replica.has("newer")) strictEqual(from + shown.length, truth.length, "nothing is newer");
    for (const message of this.held) deepStrictEqual(message, truth.find(({ id }) => id === message.id), "what is held is right");
    ok(this.held.length <= this.most, `${this.held.length} are held`);
    if (truth.some(({ id }) => id === this.at) && replica.get(this.at!)) ok(shown.some(({ id }) => id === this.at), "what was jumped to is on the screen");
  }

  /** From here to an end of the chat. */
  async walk(side: "older" | "newer"): Promise<void> {
    const seen = new Set(this.shown.map(({ id }) => id));
    const begun = side === "older" ? this.shown.at(-1) : this.shown[0];
    const end = () => (side === "older" ? this.truth[0] : this.truth.at(-1));
    for (let pages = 0; this.feed.replica!.has(side); pages++) {
      ok(pages < 200, "it comes to an end");
      this.go(this.paging.loadMore(side));
      await this.quiet();
      this.shown.forEach(({ id }) => seen.add(id));
    }
    const place = begun && this.truth.findIndex(({ id }) => id === begun.id);
    if (place === undefined || !end()) return;
    const passed = side === "older" ? this.truth.slice(0, place + 1) : this.truth.slice(place);
    ok(passed.every(({ id }) => seen.has(id)), "nothing was skipped on the way");
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

async function play(seed: number): Promise<void> {
  const random = new Random(seed);
  const model = new Model(random);
  model.ask();
  for (let action = 0; action < ACTIONS; action++) {
    await model.act();
    if (random.percent(15)) await model.quiet();
  }
  await model.quiet();
  await model.walk(random.percent(50) ? "older" : "newer");
  await model.walk("newer");
  await model.walk("older");
}

const [first = 1, last = first === 1 ? SEEDS : first] = (process.env.SEEDS ?? "").split("-").filter(Boolean).map(Number);

await run("windows", {
  async each_window_is_a_part_of_the_chat_without_a_gap() {
    for (let seed = first; seed <= last; seed++) {
      await play(seed).catch((error: unknown) => {
        throw new Error(`seed ${seed}: ${error instanceof Error ? error.stack : error}`);
      });
    }
  },
});
