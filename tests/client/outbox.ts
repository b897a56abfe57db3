// Unsent messages: once, in order, and kept.
import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { isPending, memoryStorage, type ChatHandle, type Pending, type UploadRequest } from "supabase-chat-client";
import { drain, pass, type Device, type Fault } from "./device.ts";
import { until, World } from "./world.ts";

const unsent = (chat: ChatHandle): Pending[] => chat.getSnapshot().messages.filter(isPending);
const isSend = (method: string, path: string) => method === "POST" && path.endsWith("/messages");
/** The texts that the chat has, oldest first, without those from before. */
const said = async (world: World) => (await world.truth(0)).map(({ text }) => text).reverse().filter((text) => !text?.startsWith("before"));

/** These faults, one for each send, and then none. */
function failing(device: Device, ...faults: Fault[]): void {
  device.fault = (method, path) => (isSend(method, path) ? faults.shift() : undefined);
}

export const outbox: Record<string, () => Promise<void>> = {
  lost_answers_and_refused_connections_send_once_and_in_order: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await drain([device]);
    failing(device, "lose", "refuse", "lose", "pass", new Response("<html>", { status: 502 }), "lose");
    const texts = ["one", "two", "three", "four", "five"];
    for (const text of texts) chat.send({ text });
    deepStrictEqual(unsent(chat).map(({ text }) => text), texts, "at once");
    await pass([device], 60_000);
    deepStrictEqual(await said(world), texts);
    deepStrictEqual(unsent(chat), []);
    await world.shows(0, chat, "after all answers");
  }),

  a_message_never_disappears_and_is_never_there_twice: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await world.arrive();
    const seen = new Set<string>();
    chat.subscribe(() => {
      const { messages } = chat.getSnapshot();
      seen.add(`${messages.filter(({ text }) => text === "here").length}`);
    });
    failing(device, "lose");
    chat.send({ text: "here" });
    await world.arrive();
    await pass([device], 5_000);
    await world.arrive();
    deepStrictEqual([...seen], ["1"]);
    strictEqual(unsent(chat).length, 0);
  }),

  a_reload_keeps_them_and_their_ids: () => World.play("direct", async (world) => {
    const storage = memoryStorage();
    const before = world.device(0, { storage });
    const chat = before.open(world.chatId);
    await drain([before]);
    // The first one is stored, and its answer is lost with the page.
    failing(before, "lose", "refuse", "refuse", "refuse");
    const ids = ["one", "two", "three"].map((text) => chat.send({ text }).clientId);
    await drain([before]);
    before.close();
    const after = world.device(0, { storage });
    const again = after.open(world.chatId);
    await pass([after], 10_000);
    deepStrictEqual(await said(world), ["one", "two", "three"]);
    deepStrictEqual((await world.truth(0)).map(({ clientId }) => clientId).reverse().slice(-3), ids);
    deepStrictEqual(unsent(again), []);
    const third = world.device(0, { storage });
    await pass([third], 1_000);
    deepStrictEqual(third.log.filter((line) => line.startsWith("POST")), [], "nothing is left");
  }),

  without_a_network_they_wait_and_go_when_it_is_back: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await drain([device]);
    device.online = false;
    device.signal();
    strictEqual(device.app.connection.getSnapshot(), "offline");
    chat.send({ text: "later" });
    const asked = device.log.length;
    await pass([device], 60_000, 5_000);
    deepStrictEqual([device.log.length - asked, unsent(chat)[0]?.state], [0, "queued"], "nothing is asked");
    device.online = true;
    device.signal();
    await drain([device]);
    deepStrictEqual(await said(world), ["later"]);
  }),

  a_hidden_window_sends_when_the_network_is_back: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await drain([device]);
    device.online = false;
    device.signal();
    chat.send({ text: "from a pocket" });
    device.visible = false;
    device.online = true;
    device.signal();
    await drain([device]);
    deepStrictEqual(await said(world), ["from a pocket"]);
  }),

  the_wait_that_the_server_asks_for_is_kept: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await drain([device]);
    const error = { error: { code: "rate_limited", message: "slow down", requestId: "r1", retryable: true } };
    failing(device, Response.json(error, { status: 429, headers: { "Retry-After": "20" } }));
    chat.send({ text: "one" });
    chat.send({ text: "two" });
    await drain([device]);
    const sends = () => device.log.filter((line) => isSend(line.split(" ")[0]!, line.split(" ")[1]!)).length;
    strictEqual(sends(), 1);
    const [waiting] = unsent(chat);
    deepStrictEqual([waiting?.state, waiting?.error?.code, waiting?.error?.retryAfterMs], ["queued", "rate_limited", 20_000]);
    waiting?.retry();
    device.signal();
    await pass([device], 19_000);
    strictEqual(sends(), 1, "not even when the app asks");
    await pass([device], 2_000);
    deepStrictEqual(await said(world), ["one", "two"]);
  }),

  a_refused_one_stops_and_can_be_cancelled: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await drain([device]);
    const refused = chat.send({ text: "x".repeat(5_000) });
    chat.send({ text: "fine" });
    await drain([device]);
    const [shown] = unsent(chat);
    deepStrictEqual([shown?.clientId, shown?.state, shown?.error?.code], [refused.clientId, "failed", "invalid_request"]);
    deepStrictEqual(shown?.error?.fields.map(({ path }) => path), ["text"]);
    deepStrictEqual(await said(world), ["fine"], "those behind it go on");
    const asked = device.log.length;
    await pass([device], 20_000);
    ok(!device.log.slice(asked).some((line) => line.startsWith("POST")), "it is not tried again");
    shown?.retry();
    await drain([device]);
    strictEqual(unsent(chat)[0]?.state, "failed");
    unsent(chat)[0]?.cancel();
    deepStrictEqual(unsent(chat), []);
    strictEqual(await refused.sent, undefined);
  }),

  a_file_shows_its_progress_and_can_be_aborted: () => World.play("direct", async (world) => {
    const uploads: { request: UploadRequest; answer(status: number): void }[] = [];
    const upload = (request: UploadRequest) => new Promise<{ status: number; body: string }>((resolve, reject) => {
      request.signal.addEventListener("abort", () => reject(new TypeError("aborted")));
      uploads.push({ request, answer: (status) => resolve({ status, body: "" }) });
    });
    const device = world.device(0, { adapters: { upload } });
    const chat = device.open(world.chatId);
    await drain([device]);
    chat.send({ text: "Look", file: { name: "a.png", type: "image/png", size: 1000 } });
    chat.send({ text: "after it" });
    const started = async (count: number) => {
      while (uploads.length < count) await drain([device]);
      return uploads[count - 1]!;
    };
    let { request } = await started(1);
    request.onProgress(250);
    deepStrictEqual([unsent(chat)[0]?.state, unsent(chat)[0]?.progress], ["uploading", 0.25]);
    // The connection breaks: the same place is used again.
    uploads[0]!.answer(503);
    await pass([device], 2_000);
    ({ request } = await started(2));
    unsent(chat)[0]?.cancel();
    strictEqual(request.signal.aborted, true);
    await drain([device]);
    deepStrictEqual(await said(world), ["after it"]);
    deepStrictEqual(unsent(chat), []);
  }),

  a_reload_during_an_upload_says_that_the_file_is_lost: () => World.play("direct", async (world) => {
    const storage = memoryStorage();
    let uploading = false;
    const upload = () => new Promise<never>(() => (uploading = true));
    const before = world.device(0, { storage, adapters: { upload } });
    await drain([before]);
    before.open(world.chatId).send({ file: { name: "a.png", type: "image/png", size: 1000 } });
    while (!uploading) await drain([before]);
    before.close();
    const after = world.device(0, { storage });
    const chat = after.open(world.chatId);
    await drain([after]);
    const [lost] = unsent(chat);
    deepStrictEqual([lost?.state, lost?.error?.code, lost?.file?.name], ["failed", "file_lost", "a.png"]);
    lost?.cancel();
    await until("the storage is empty", () => storage.getItem(`supabase-chat:outbox:${world.person(0).id}`) === null);
  }),
};
