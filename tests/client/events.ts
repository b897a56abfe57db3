// What the page tells an app beside messages, over a network without faults.
import { deepStrictEqual } from "node:assert";
import { Device } from "./device.ts";
import { drain } from "./histories.ts";
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
  const told: unknown[] = [];
  const [ears, mouth] = devices.map(({ app }) => app.open(story.chatId, {
    onTyping: (userId) => told.push(["typing", userId]),
    onRead: ({ userId, messageId }) => told.push(["read", userId, messageId]),
    onParticipants: () => told.push(["participants"]),
    onGone: () => told.push(["gone"]),
    onError: (error) => told.push(["error", error]),
  })) as [ReturnType<Device["open"]>, ReturnType<Device["open"]>];

  let carried = 0;
  const arrive = async () => {
    for (let quiet = 0; quiet < 2; quiet++) {
      const rows = await broadcasts(story.chatId, [alice!.id, bob!.id], now);
      for (const row of rows.slice(carried)) devices.forEach((device) => device.broadcast([row]));
      carried = rows.length;
      await drain(devices);
    }
  };
  const told_after = async (what: Promise<unknown>) => {
    told.length = 0;
    const done = Promise.allSettled([what]);
    await arrive();
    const [outcome] = await done;
    if (outcome.status === "rejected") throw outcome.reason;
    await arrive();
    return [...told];
  };
  try {
    await arrive();
    const { id } = await call<{ id: string }>(author!, "POST", `/chats/${story.chatId}/messages`, { text: "Hello!" });
    // Alice's and Bob's devices are told alike.
    const twice = (event: unknown[]) => [event, event];
    deepStrictEqual(await told_after(mouth.typing()), twice(["typing", bob!.id]));
    deepStrictEqual(await told_after(mouth.typing()), [], "once in three seconds");
    deepStrictEqual(await told_after(mouth.markRead(id)), twice(["read", bob!.id, id]));
    deepStrictEqual(await told_after(call(author!, "DELETE", `/chats/${story.chatId}`)), twice(["participants"]));
    deepStrictEqual(await told_after(call(bob!, "DELETE", `/chats/${story.chatId}`)), [...twice(["participants"]), ["gone"]]);
    deepStrictEqual([ears.gone, mouth.gone], [false, true]);
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
    deepStrictEqual(device.chats.map(({ unreadCount }) => unreadCount), [0]);
  } finally {
    device.close();
  }
}
