// What a chat shows beside messages, over a network without faults.
import { deepStrictEqual } from "node:assert";
import type { ChatSnapshot } from "supabase-chat-client";
import { Device, drain } from "./device.ts";
import { Random } from "./random.ts";
import { broadcasts } from "./realtime.ts";
import { call, sql } from "./stack.ts";
import { Story } from "./story.ts";

export async function typing_reading_joining_and_leaving_are_told(): Promise<void> {
  const story = await Story.begin("group");
  const [alice, bob, author] = story.actors.map(({ who }) => who);
  const [{ now }] = await sql<[{ now: Date }]>`select clock_timestamp()::timestamp as now`;
  const devices = [alice!, bob!].map((who) => new Device(who, new Random(1)));
  devices.forEach((device) => device.heal());
  const [ears, mouth] = devices.map((device) => device.open(story.chatId)) as [ReturnType<Device["open"]>, ReturnType<Device["open"]>];

  let carried = 0;
  const arrive = async () => {
    for (let quiet = 0; quiet < 2; quiet++) {
      await drain(devices);
      const rows = await broadcasts(story.chatId, [alice!.id, bob!.id], now);
      for (const row of rows.slice(carried)) devices.forEach((device) => device.broadcast([row]));
      carried = rows.length;
      await drain(devices);
    }
  };
  const both = <T>(what: (snapshot: ChatSnapshot) => T) => [what(ears.getSnapshot()), what(mouth.getSnapshot())];
  const pass = (ms: number) => devices.forEach(({ clock }) => clock.advance(ms));
  try {
    await arrive();
    const { id, createdAt } = await call<{ id: string; createdAt: string }>(author!, "POST", `/chats/${story.chatId}/messages`, { text: "Hello!" });
    await arrive();
    mouth.sendTyping();
    await arrive();
    deepStrictEqual(both(({ typing }) => typing), [[bob!.id], []], "the others are shown it");
    const before = mouth.getSnapshot();
    mouth.sendTyping();
    await arrive();
    deepStrictEqual(mouth.getSnapshot(), before, "once in three seconds");
    pass(5_000);
    deepStrictEqual(both(({ typing }) => typing), [[], []], "it ends");
    mouth.markRead(id);
    await arrive();
    deepStrictEqual(both(({ reads }) => reads[bob!.id]), [createdAt, createdAt]);
    deepStrictEqual(devices[1]!.app.unread.getSnapshot(), { chats: 0, messages: 0, mentions: 0 });
    await call(author!, "DELETE", `/chats/${story.chatId}`);
    await arrive();
    deepStrictEqual(both(({ chat }) => chat?.participants.includes(author!.id)), [false, false]);
    await call(bob!, "DELETE", `/chats/${story.chatId}`);
    await arrive();
    deepStrictEqual(both(({ status }) => status), ["ready", "gone"]);
    deepStrictEqual(ears.getSnapshot().chat?.participants, [alice!.id]);
    deepStrictEqual(devices[1]!.app.chats.getSnapshot(), []);
  } finally {
    devices.forEach((device) => device.close());
  }
}

export async function a_late_reading_does_not_raise_the_unread_count(): Promise<void> {
  const story = await Story.begin("direct");
  const [alice, bob] = story.actors.map(({ who }) => who);
  const [{ now }] = await sql<[{ now: Date }]>`select clock_timestamp()::timestamp as now`;
  const sent: string[] = [];
  for (const text of ["one", "two", "three"]) {
    sent.push((await call<{ id: string }>(bob!, "POST", `/chats/${story.chatId}/messages`, { text })).id);
  }
  const device = new Device(alice!, new Random(1));
  device.heal();
  device.line.quiet = false;
  try {
    await drain([device]);
    for (const messageId of sent.slice(1)) await call(alice!, "POST", `/chats/${story.chatId}/read`, { messageId });
    const readings = (await broadcasts(story.chatId, [alice!.id], now)).filter(({ payload }) => payload.kind === "read");
    deepStrictEqual(readings.map(({ payload }) => payload.unreadCount), [1, 0]);
    device.broadcast(readings.reverse());
    await drain([device]);
    deepStrictEqual(device.app.chats.getSnapshot()?.map(({ unreadCount }) => unreadCount), [0]);
  } finally {
    device.close();
  }
}
