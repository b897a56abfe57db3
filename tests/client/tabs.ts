// Several windows of one user, which share a storage.
import { deepStrictEqual, strictEqual } from "node:assert";
import { isPending, memoryStorage, type ChatHandle, type ChatStorage } from "supabase-chat-client";
import { drain, pass, type Device } from "./device.ts";
import { until, World } from "./world.ts";

const key = (world: World) => `supabase-chat:outbox:${world.person(0).id}`;
const unsent = (chat: ChatHandle) => chat.getSnapshot().messages.filter(isPending);
const texts = async (world: World) => (await world.truth(0)).map(({ text }) => text).reverse().filter((text) => !text?.startsWith("before"));
const isSend = (method: string, path: string) => method === "POST" && path.endsWith("/messages");
function refuseSends(device: Device): void {
  device.fault = (method, path) => (isSend(method, path) ? "refuse" : undefined);
}

export const tabs: Record<string, () => Promise<void>> = {
  what_one_window_cancels_no_other_sends: () => World.play("direct", async (world) => {
    const storage = memoryStorage();
    const one = world.device(0, { storage });
    await drain([one]);
    refuseSends(one);
    const chat = one.open(world.chatId);
    chat.send({ text: "no, wait" });
    await drain([one]);
    const other = world.device(0, { storage });
    await pass([one, other], 2_000);
    unsent(chat)[0]?.cancel();
    await pass([one, other], 60_000);
    deepStrictEqual(await texts(world), []);
  }),

  a_file_and_what_comes_after_it_stay_in_the_window_that_has_its_bytes: () => World.play("direct", async (world) => {
    const storage = memoryStorage();
    let uploaded: ((answer: { status: number; body: string }) => void) | undefined;
    const upload = () => new Promise<{ status: number; body: string }>((resolve) => (uploaded = resolve));
    const one = world.device(0, { storage, adapters: { upload } });
    const chat = one.open(world.chatId);
    await drain([one]);
    chat.send({ file: { name: "a.png", type: "image/png", size: 1000 } });
    chat.send({ text: "after it" });
    while (!uploaded) await drain([one]);
    const other = world.device(0, { storage });
    const there = other.open(world.chatId);
    await pass([one, other], 10_000);
    deepStrictEqual([unsent(there), await texts(world)], [[], []]);
    // Storage has no such file, so the message is refused: what counts is that the text came after it.
    uploaded({ status: 200, body: "" });
    await pass([one, other], 5_000);
    deepStrictEqual([unsent(chat)[0]?.state, await texts(world)], ["failed", ["after it"]]);
  }),

  what_a_closed_window_has_left_is_sent_by_another: () => World.play("direct", async (world) => {
    const storage = memoryStorage();
    const older = world.device(0, { storage });
    const one = world.device(0, { storage });
    await drain([older, one]);
    refuseSends(one);
    one.open(world.chatId).send({ text: "left" });
    await drain([one]);
    const younger = world.device(0, { storage });
    await pass([older, younger], 5_000);
    deepStrictEqual(await texts(world), [], "its own window still has it");
    one.close();
    await pass([older, younger], 2_000);
    deepStrictEqual(await texts(world), ["left"]);
    await until("nothing is stored", () => storage.getItem(key(world)) === null);
    // A window that was there before finds it when the user comes back to it.
    younger.close();
    const next = world.device(0, { storage });
    await drain([next]);
    refuseSends(next);
    next.open(world.chatId).send({ text: "left again" });
    await drain([next]);
    next.close();
    older.signal();
    await pass([older], 2_000);
    deepStrictEqual(await texts(world), ["left", "left again"]);
  }),

  two_windows_that_save_at_once_lose_nothing: () => World.play("direct", async (world) => {
    const kept = memoryStorage();
    const slow: ChatStorage = {
      getItem: async (name) => (await turn(), kept.getItem(name)),
      setItem: async (name, value) => (await turn(), kept.setItem(name, value)),
      removeItem: async (name) => (await turn(), kept.removeItem(name)),
    };
    const devices = [world.device(0, { storage: slow }), world.device(0, { storage: slow })];
    await drain(devices);
    devices.forEach((device, index) => {
      refuseSends(device);
      device.open(world.chatId).send({ text: `of ${index}` });
    });
    await pass(devices, 1_000);
    await until("both are stored", () => (String(kept.getItem(key(world))).match(/"clientId"/g) ?? []).length === 2);
    // Stopped and started again at once, before anything is written.
    const [one] = devices;
    one!.open(world.chatId).send({ text: "just now" });
    one!.app.stop();
    one!.fault = () => undefined;
    one!.app.start();
    await until("it is sent", () => (void one!.step(), one!.log.filter((line) => line.startsWith("POST")).length > 2));
    await pass(devices, 5_000);
    deepStrictEqual((await texts(world)).filter((text) => text !== "of 1"), ["of 0", "just now"]);
  }),

  a_refusal_outlives_a_reload: () => World.play("direct", async (world) => {
    const storage = memoryStorage();
    const before = world.device(0, { storage });
    const chat = before.open(world.chatId);
    await drain([before]);
    chat.send({ text: "x".repeat(5_000) });
    await drain([before]);
    const [refused] = unsent(chat);
    before.close();
    const after = world.device(0, { storage });
    const again = after.open(world.chatId);
    await pass([after], 60_000);
    const [kept] = unsent(again);
    const shown = [kept?.state, kept?.error?.code, kept?.error?.message, kept?.clientId];
    deepStrictEqual(shown, ["failed", "invalid_request", refused?.error?.message, refused?.clientId]);
    strictEqual(after.log.filter((line) => line.startsWith("POST")).length, 0, "it waits for the user");
    kept?.cancel();
    await until("nothing is stored", () => storage.getItem(key(world)) === null);
  }),

  what_is_no_message_of_ours_in_a_storage_is_left_out: () => World.play("direct", async (world) => {
    const storage = memoryStorage();
    const entry = { clientId: "c", chatId: world.chatId, text: "t", file: null, attachmentUrl: null, createdAt: "2026-01-01T00:00:00.000Z" };
    const odd = [null, 7, { ...entry, file: {} }, { ...entry, file: 7 }, { ...entry, createdAt: "nope" }, { ...entry, chatId: null }];
    void storage.setItem(key(world), JSON.stringify(odd));
    const device = world.device(0, { storage });
    const chat = device.open(world.chatId);
    await pass([device], 1_000);
    deepStrictEqual(unsent(chat), []);
  }),
};

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
