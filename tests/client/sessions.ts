// Who is signed in, and what remains when they are not.
import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert";
import { memoryStorage } from "supabase-chat-client";
import { drain, pass } from "./device.ts";
import { World } from "./world.ts";

export const sessions: Record<string, () => Promise<void>> = {
  signed_out_nothing_of_the_user_remains_but_the_unsent: () => World.play("direct", async (world) => {
    const storage = memoryStorage();
    const device = world.device(0, { storage });
    const chat = device.open(world.chatId);
    await world.arrive();
    device.fault = (method, path) => (method === "POST" && path.endsWith("/messages") ? "refuse" : undefined);
    chat.send({ text: "not sent yet" });
    await drain([device]);
    void device.supabase.auth.signOut({ scope: "local" });
    await drain([device]);
    const { app } = device;
    deepStrictEqual(
      [app.me.getSnapshot(), app.chats.getSnapshot(), app.unread.getSnapshot(), app.connection.getSnapshot(), chat.getSnapshot().status],
      [null, undefined, { chats: 0, messages: 0, mentions: 0 }, "offline", "closed"],
    );
    deepStrictEqual([device.clock.waiting, device.supabase.getChannels().length, device.listeners.size], [0, 0, 0]);
    throws(() => chat.send({ text: "by whom?" }), { code: "signed_out" });
    await rejects(app.openDirect(world.person(1).id), { code: "signed_out" });
    // The next sign-in finds it.
    const again = world.device(0, { storage });
    await pass([again], 1_000);
    strictEqual((await world.truth(0))[0]?.text, "not sent yet");
  }),

  who_is_signed_in_is_not_known_at_first: () => World.play("direct", async (world) => {
    const device = world.device(0, { stopped: true });
    const { me } = device.app;
    strictEqual(me.getSnapshot(), undefined);
    device.app.start();
    strictEqual(me.getSnapshot(), undefined, "supabase-js looks");
    await drain([device]);
    strictEqual(me.getSnapshot(), world.person(0).id);
    device.app.stop();
    strictEqual(me.getSnapshot(), undefined);
    device.app.start();
    await drain([device]);
    void device.supabase.auth.signOut({ scope: "local" });
    await drain([device]);
    strictEqual(me.getSnapshot(), null);
  }),

  what_nobody_sees_is_read_when_it_is_shown: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await world.arrive();
    device.visible = false;
    device.signal();
    const asked = device.log.length;
    chat.markRead();
    await pass([device], 5_000);
    deepStrictEqual(device.log.slice(asked).filter((line) => line.endsWith("/read")), []);
    chat.markRead(chat.getSnapshot().messages[0]!.id);
    device.visible = true;
    device.signal();
    await pass([device], 5_000);
    deepStrictEqual(device.log.slice(asked).filter((line) => line.endsWith("/read")), [`POST /chats/${world.chatId}/read`]);
    strictEqual(device.app.unread.getSnapshot().messages, 0);
  }),

  nothing_is_done_in_the_name_of_another_user: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await world.arrive();
    const asked = device.log.length;
    // Another window has signed in as Bob; its event is still to come.
    const { id, token } = world.person(1);
    device.supabase.auth.getSession = async () => ({ data: { session: { access_token: token, user: { id } } }, error: null }) as never;
    chat.markRead();
    chat.send({ text: "by whom?" });
    await rejects(device.app.openDirect(id), { code: "signed_out" });
    chat.close();
    await drain([device]);
    deepStrictEqual(device.log.slice(asked), []);
  }),

  a_session_that_cannot_be_read_is_no_sign_out: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await world.arrive();
    const { auth } = device.supabase;
    const before = auth.getSession;
    auth.getSession = async () => ({ data: { session: null }, error: new Error("the refresh failed") }) as never;
    const message = chat.getSnapshot().messages.at(-1)!;
    await rejects(chat.edit(message.id, "x"), { code: "network", retryable: true });
    auth.getSession = () => Promise.reject(new Error("a lock timed out"));
    await rejects(chat.edit(message.id, "x"), { code: "network", retryable: true });
    // It hangs once: the time limit holds for it too.
    auth.getSession = () => new Promise(() => {});
    const hangs = rejects(chat.edit(message.id, "x"), { code: "timeout", retryable: true });
    device.clock.advance(30_000);
    await hangs;
    strictEqual(device.app.connection.getSnapshot(), "offline");
    auth.getSession = before;
    await pass([device], 60_000);
    strictEqual(device.app.connection.getSnapshot(), "live");
    await world.shows(0, chat, "afterwards");
  }),

  two_windows_of_one_user_send_each_message_once: () => World.play("direct", async (world) => {
    const storage = memoryStorage();
    const one = world.device(0, { storage });
    await drain([one]);
    one.fault = (method, path) => (method === "POST" && path.endsWith("/messages") ? "refuse" : undefined);
    one.open(world.chatId).send({ text: "by both" });
    await drain([one]);
    const other = world.device(0, { storage });
    await drain([one, other]);
    other.open(world.chatId).send({ text: "by the other" });
    one.fault = () => undefined;
    await pass([one, other], 10_000);
    const texts = (await world.truth(0)).map(({ text }) => text).slice(0, 3);
    deepStrictEqual(texts.sort(), ["before 1", "by both", "by the other"]);
    strictEqual(storage.getItem(`supabase-chat:outbox:${world.person(0).id}`), null);
  }),

  what_is_read_on_one_device_is_read_on_the_other: () => World.play("direct", async (world) => {
    const [one, other] = [world.device(0), world.device(0)];
    const chat = one.open(world.chatId);
    await world.say(1, "unread");
    await world.arrive();
    await pass([one, other], 30_000, 5_000);
    const unread = () => [one, other].map(({ app }) => app.unread.getSnapshot().messages);
    deepStrictEqual(unread(), [2, 2]);
    strictEqual(chat.getSnapshot().messages.find(({ id }) => id === chat.getSnapshot().firstUnreadId)?.text, "before 1");
    chat.markRead();
    await world.arrive();
    deepStrictEqual(unread(), [0, 0]);
    const asked = one.log.length;
    chat.markRead();
    await drain([one]);
    deepStrictEqual(one.log.slice(asked), [], "what is read is not marked again");
  }),

  a_mark_that_cannot_be_sent_is_not_given_up: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await world.arrive();
    device.fault = (method) => (method === "POST" ? "refuse" : undefined);
    chat.markRead();
    await pass([device], 300_000, 5_000);
    device.fault = () => undefined;
    await pass([device], 60_000, 1_000);
    strictEqual(device.app.unread.getSnapshot().messages, 0);
  }),

  marks_and_typing_never_reject: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await world.arrive();
    const thrown: unknown[] = [];
    const note = (error: unknown) => thrown.push(error);
    process.on("unhandledRejection", note);
    device.fault = (method) => (method === "POST" ? "refuse" : undefined);
    strictEqual(chat.sendTyping(), undefined);
    strictEqual(chat.markRead(), undefined);
    await drain([device]);
    // The mark is tried again, the typing is not.
    device.fault = () => undefined;
    await pass([device], 5_000);
    process.off("unhandledRejection", note);
    deepStrictEqual(thrown, []);
    const posts = device.log.filter((line) => line.startsWith("POST")).map((line) => line.split("/").at(-1));
    deepStrictEqual(posts, ["typing", "read", "read"]);
    strictEqual(device.app.unread.getSnapshot().messages, 0);
  }),
};
