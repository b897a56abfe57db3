// A chat with its people, and devices whose network is well: where most tests begin.
import { strictEqual } from "node:assert";
import { Device, drain, messagesOf, type DeviceOptions } from "./device.ts";
import { Random } from "./random.ts";
import { broadcasts, type Broadcast } from "./realtime.ts";
import { all, call, sql, type Person } from "./stack.ts";
import { Story } from "./story.ts";
import type { ChatHandle, Message } from "supabase-chat-client";

export class World {
  readonly devices: Device[] = [];
  private carried = new Set<string>();

  private constructor(readonly story: Story, private since: Date) {}

  get chatId(): string {
    return this.story.chatId;
  }

  person(index: number): Person {
    return this.story.actors[index]!.who;
  }

  static async play(kind: "direct" | "group", what: (world: World) => Promise<void>): Promise<void> {
    const story = await Story.begin(kind);
    const [{ now }] = await sql<[{ now: Date }]>`select clock_timestamp()::timestamp as now`;
    const world = new World(story, now);
    try {
      await what(world);
    } finally {
      world.devices.forEach((device) => device.close());
    }
  }

  device(index: number, options: DeviceOptions = {}): Device {
    const device = new Device(this.person(index), new Random(1), { postgresChanges: false, ...options });
    device.heal();
    device.line.quiet = false;
    this.devices.push(device);
    return device;
  }

  /** Says something without a device, and tells no device. */
  async say(index: number, text: string): Promise<Message> {
    return call(this.person(index), "POST", `/chats/${this.chatId}/messages`, { text });
  }

  /** What was broadcast since the last time, in its order. */
  async fresh(): Promise<Broadcast[]> {
    const users = this.story.actors.map(({ who }) => who.id);
    const rows = (await broadcasts(this.chatId, users, this.since)).filter(({ id }) => !this.carried.has(id));
    rows.forEach(({ id }) => this.carried.add(id));
    return rows;
  }

  /** Everything arrives, also what is broadcast because of it. */
  async arrive(): Promise<void> {
    for (let rows = await this.fresh(); ; rows = await this.fresh()) {
      this.devices.forEach((device) => device.broadcast(rows));
      await drain(this.devices);
      if (rows.length === 0) return;
    }
  }

  /** All messages as the API shows them to a person, newest first. */
  truth(index: number): Promise<Message[]> {
    return all<Message>(this.person(index), `/chats/${this.chatId}/messages`);
  }

  async shows(index: number, chat: ChatHandle, what: string): Promise<void> {
    const truth = (await this.truth(index)).map(({ text, rev }) => `${text}@${rev}`);
    const held = messagesOf(chat).map(({ text, rev }) => `${text}@${rev}`);
    const shown = chat.getSnapshot().hasOlder ? truth.slice(0, held.length || 1) : truth;
    strictEqual(held.join("\n"), shown.join("\n"), what);
  }
}

/** Waits for something real, such as a file's bytes. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 5))) if (holds()) return;
  throw new Error(`${what}: not within 10 s`);
}
