// A device's clock is set back or forward while something waits.
import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { isPending, memoryStorage } from "supabase-chat-client";
import { drain, pass, type Device } from "./device.ts";
import { until, World } from "./world.ts";

const HOUR_MS = 3_600_000;
const limited = () => Response.json(
  { error: { code: "rate_limited", message: "slow down", requestId: "r1", retryable: true } },
  { status: 429, headers: { "Retry-After": "20" } },
);
const texts = async (world: World) => (await world.truth(0)).map(({ text }) => text).reverse().filter((text) => !text?.startsWith("before"));
/** The next request is refused for 20 seconds. */
function limit(device: Device, isMeant: (method: string, path: string) => boolean): void {
  device.fault = (method, path) => {
    if (!isMeant(method, path)) return undefined;
    device.fault = () => undefined;
    return limited();
  };
}

export const clocks: Record<string, () => Promise<void>> = {
  a_send_that_waits_goes_though_the_clock_is_set_back: () => World.play("direct", async (world) => {
    for (const step of [-1, -HOUR_MS, HOUR_MS]) {
      const device = world.device(0);
      const chat = device.open(world.chatId);
      await drain([device]);
      limit(device, (method, path) => method === "POST" && path.endsWith("/messages"));
      chat.send({ text: `after ${step}` });
      await drain([device]);
      device.clock.set(step);
      await pass([device], 19_000);
      strictEqual(chat.getSnapshot().messages.filter(isPending).length, 1);
      await pass([device], 3_000);
      ok((await texts(world)).includes(`after ${step}`), `${step} ms`);
      device.close();
    }
  }),

  what_is_shown_comes_right_though_the_clock_is_set_back: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await world.arrive();
    for (const isMeant of [(path: string) => path.includes("/changes"), (path: string) => path.startsWith("/chats?")]) {
      limit(device, (method, path) => method === "GET" && isMeant(path));
      void device.app.refresh();
      await drain([device]);
      device.clock.set(-30 * 24 * HOUR_MS);
      await world.say(1, `unheard ${device.log.length}`);
      await world.fresh(); // Lost.
      const asked = device.log.length;
      await pass([device], 60_000);
      ok(device.log.length - asked < 20, "without a loop");
      await world.shows(0, chat, "after a minute");
      strictEqual(device.app.chats.getSnapshot()?.[0]?.lastMessage?.text, (await world.truth(0))[0]?.text);
    }
  }),

  the_order_over_a_reload_is_that_of_sending: () => World.play("direct", async (world) => {
    const storage = memoryStorage();
    const before = world.device(0, { storage });
    const chat = before.open(world.chatId);
    await drain([before]);
    before.online = false;
    before.signal();
    chat.send({ text: "first" });
    before.clock.set(-5_000);
    chat.send({ text: "second" });
    await drain([before]);
    before.close();
    await pass([world.device(0, { storage })], 2_000);
    deepStrictEqual(await texts(world), ["first", "second"]);
    await until("nothing is stored", () => storage.getItem(`supabase-chat:outbox:${world.person(0).id}`) === null);
  }),

  typing_goes_on_being_told: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await world.arrive();
    const told = () => device.log.filter((line) => line.endsWith("/typing")).length;
    chat.sendTyping();
    device.clock.set(-HOUR_MS);
    await pass([device], 4_000);
    chat.sendTyping();
    chat.sendTyping();
    await drain([device]);
    strictEqual(told(), 2);
    await pass([device], 4_000);
    strictEqual(told(), 3, "what was typed meanwhile is told as soon as the server tells it");
    await pass([device], 4_000);
    chat.sendTyping();
    chat.sendTyping();
    chat.send({ text: "done" });
    await world.arrive();
    await pass([device], 10_000);
    strictEqual(told(), 4, "and nothing after the message");
  }),
};
