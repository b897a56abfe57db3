// What each way to catch up is for, one at a time: the other ways are shut.
import { deepStrictEqual } from "node:assert";
import type { ChatHandle, Message } from "supabase-chat-client";
import { Device, drain, messagesOf, pass, settle } from "./device.ts";
import { Random } from "./random.ts";
import { broadcasts, type Broadcast } from "./realtime.ts";
import { all, call, sql, type Person } from "./stack.ts";
import { Story } from "./story.ts";

class Scene {
  private carried = new Set<string>();

  private constructor(readonly chatId: string, readonly alice: Person, readonly bob: Person, readonly device: Device, private since: Date) {}

  /** Alice's device, whose network is well, and nothing of the list's news reaches her open chat. */
  static async play(what: (scene: Scene) => Promise<void>): Promise<void> {
    const story = await Story.begin("direct");
    const [alice, bob] = story.actors.map(({ who }) => who) as [Person, Person];
    const [{ now }] = await sql<[{ now: Date }]>`select clock_timestamp()::timestamp as now`;
    const device = new Device(alice, new Random(1), { postgresChanges: true });
    device.heal();
    try {
      await what(new Scene(story.chatId, alice, bob, device, now));
    } finally {
      device.close();
    }
  }

  /** Bob says something; returns what was broadcast to the chat. */
  async said(text: string): Promise<Broadcast[]> {
    await call(this.bob, "POST", `/chats/${this.chatId}/messages`, { text });
    const rows = await broadcasts(this.chatId, [], this.since);
    const fresh = rows.filter(({ id }) => !this.carried.has(id));
    fresh.forEach(({ id }) => this.carried.add(id));
    return fresh;
  }

  /** The API's answers arrive, and nothing of Realtime's. */
  async answers(): Promise<void> {
    await settle([this.device]);
    while (this.device.answering) {
      this.device.answer();
      await settle([this.device]);
    }
  }

  async shows(chat: ChatHandle, what: string): Promise<void> {
    const messages = messagesOf(chat);
    const truth = await all<Message>(this.alice, `/chats/${this.chatId}/messages`);
    deepStrictEqual(messages, truth.slice(0, messages.length || 1), what);
  }
}

export const scenes: Record<string, () => Promise<void>> = {
  events_alone_suffice_where_none_is_lost: () => Scene.play(async (scene) => {
    const chat = scene.device.open(scene.chatId);
    await drain([scene.device]);
    for (const text of ["one", "two"]) scene.device.broadcast(await scene.said(text));
    await drain([scene.device]);
    await scene.shows(chat, "after two events");
  }),

  the_next_event_shows_the_gap: () => Scene.play(async (scene) => {
    const chat = scene.device.open(scene.chatId);
    await drain([scene.device]);
    // More than one answer of the feed holds.
    for (let lost = 0; lost < 5; lost++) await scene.said(`lost ${lost}`);
    scene.device.broadcast(await scene.said("heard"));
    await drain([scene.device]);
    await scene.shows(chat, "after the gap");
  }),

  a_row_tells_of_a_lost_broadcast: () => Scene.play(async (scene) => {
    const chat = scene.device.open(scene.chatId);
    await drain([scene.device]);
    const [lost] = await scene.said("lost");
    await scene.device.line.changed("INSERT", scene.chatId, lost!.payload.message.id);
    await drain([scene.device]);
    await scene.shows(chat, "after the row");
  }),

  joining_catches_up_with_what_was_sent_before: () => Scene.play(async (scene) => {
    const chat = scene.device.open(scene.chatId);
    const { line } = scene.device;
    await scene.answers(); // All has arrived but the answer to the join.
    scene.device.broadcast(await scene.said("before the join"));
    while (line.inbox.length > 0 && !line.has(`chat:${scene.chatId}`)) await line.inbox.shift()?.();
    line.inbox.length = 0; // And nobody says when events flow.
    await settle([scene.device]);
    await drain([scene.device]);
    await scene.shows(chat, "after the join");
  }),

  a_restored_database_is_loaded_again: () => Scene.play(async (scene) => {
    const backup = await sql`select m.id, m.text, m.rev from public.messages m where m.chat_id = ${scene.chatId}`;
    const [before] = await sql`select rev, last_message_at from chat.chats where id = ${scene.chatId}`;
    const chat = scene.device.open(scene.chatId);
    await drain([scene.device]);
    for (let said = 0; said < 5; said++) scene.device.broadcast(await scene.said(`never was ${said}`));
    await drain([scene.device]);
    await scene.shows(chat, "before the restore");
    // What the backup does not have is gone, and people write on.
    await sql`delete from public.messages where chat_id = ${scene.chatId} and id <> all (${backup.map(({ id }) => id)}::uuid[])`;
    await sql`update chat.chats set rev = ${before!.rev}, last_message_at = ${before!.last_message_at} where id = ${scene.chatId}`;
    await scene.said("after the restore");
    await pass([scene.device], 30_000);
    await scene.shows(chat, "after the restore");
  }),

  a_chat_that_is_closed_and_opened_again_is_live: () => Scene.play(async (scene) => {
    scene.device.open(scene.chatId).close();
    await drain([scene.device]);
    scene.device.open(scene.chatId);
    await drain([scene.device]);
    scene.device.app.chat(scene.chatId).close();
    const chat = scene.device.open(scene.chatId);
    await scene.answers(); // Before the server has heard that the first screen left.
    await drain([scene.device]);
    scene.device.broadcast(await scene.said("to the second screen"));
    await drain([scene.device]);
    await scene.shows(chat, "on the second screen");
  }),
};
