// What starts and stops, opens and closes, leaves nothing behind.
import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { drain, pass, type Device } from "./device.ts";
import { World } from "./world.ts";

const TIMES = 50;

/** Everything that can leak: channels, timers, listeners of the platform, of the session and of the stores. */
function held(device: Device) {
  const { app, supabase, clock, listeners } = device;
  const emitters = (supabase.auth as unknown as { stateChangeEmitters: Map<unknown, unknown> }).stateChangeEmitters;
  const stores = [app.me, app.connection, app.chats, app.archivedChats, app.chatsError, app.unread] as unknown as { listeners: number }[];
  return {
    channels: supabase.getChannels().length,
    timers: clock.waiting,
    platform: listeners.size,
    session: emitters.size,
    stores: stores.reduce((sum, { listeners }) => sum + listeners, 0),
  };
}

export const leaks: Record<string, () => Promise<void>> = {
  fifty_starts_and_stops_leave_nothing: () => World.play("direct", async (world) => {
    const device = world.device(0, { stopped: true });
    const before = held(device);
    for (let time = 0; time < TIMES; time++) {
      device.app.start();
      const chat = device.open(world.chatId);
      const off = device.app.chats.subscribe(() => {});
      // Some are stopped in the middle of their first requests, and some are live.
      if (time % 3 === 0) await drain([device]);
      chat.sendTyping();
      chat.close();
      off();
      device.app.stop();
      device.app.stop();
    }
    await drain([device]);
    deepStrictEqual(held(device), before);
  }),

  fifty_mounts_and_unmounts_of_a_chat_leave_nothing: () => World.play("direct", async (world) => {
    const device = world.device(0);
    await pass([device], 2_000);
    const before = held(device);
    for (let time = 0; time < TIMES; time++) {
      const chat = device.app.chat(world.chatId);
      const off = chat.subscribe(() => {});
      // As StrictMode does it.
      chat.open();
      chat.close();
      chat.open();
      if (time % 3 === 0) await drain([device]);
      chat.markRead();
      chat.close();
      off();
    }
    await drain([device]);
    deepStrictEqual(held(device), before);
    deepStrictEqual(device.app.chat(world.chatId).getSnapshot().status, "closed");
  }),

  a_chat_that_is_open_twice_is_live_until_it_was_closed_twice: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const [one, other] = [device.open(world.chatId), device.open(world.chatId)];
    strictEqual(one, other);
    await drain([device]);
    one.close();
    await world.say(1, "still heard");
    await world.arrive();
    await world.shows(0, other, "after one close");
    other.close();
    other.close();
    strictEqual(device.supabase.getChannels().length, 1, "the list's alone");
  }),

  nothing_is_told_after_the_stop: () => World.play("direct", async (world) => {
    const device = world.device(0, { stopped: true });
    device.app.start();
    device.open(world.chatId);
    while (!device.answering) await new Promise((resolve) => setImmediate(resolve));
    device.app.stop();
    const told: unknown[] = [];
    device.app.chats.subscribe(() => told.push("chats"));
    device.app.connection.subscribe(() => told.push("connection"));
    device.app.chat(world.chatId).subscribe(() => told.push("chat"));
    await drain([device]);
    await pass([device], 10_000);
    deepStrictEqual(told, []);
    ok(device.app.chats.getSnapshot() === undefined);
  }),
};
