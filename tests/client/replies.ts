// Replies and mentions: what is quoted, and what no longer is.
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { isPending, memoryStorage, type ChatHandle, type Message, type Pending } from "supabase-chat-client";
import { drain, messagesOf, pass } from "./device.ts";
import { call } from "./stack.ts";
import { fill } from "./window.ts";
import { World } from "./world.ts";

const newest = (chat: ChatHandle) => messagesOf(chat)[0]!;
const unsent = (chat: ChatHandle): Pending[] => chat.getSnapshot().messages.filter(isPending);

function say(world: World, index: number, body: object): Promise<Message> {
  return call(world.person(index), "POST", `/chats/${world.chatId}/messages`, body);
}

const path = (world: World, { id }: { id: string }) => `/chats/${world.chatId}/messages/${id}`;
/** What was asked about messages. */
const answers = (log: string[]) => log.filter((line) => line.startsWith("GET /chats/"));

/** Everything that the chat shows is what the database shows. */
async function isExact(world: World, chat: ChatHandle, index = 0): Promise<void> {
  const held = messagesOf(chat);
  const plain = ({ deletedAt: _, deletedBy: __, ...message }: Message) => message;
  deepStrictEqual(held.map(plain), (await world.truth(index)).slice(0, held.length).map(plain));
}

export const replies: Record<string, () => Promise<void>> = {
  a_reply_that_comes_live_quotes_what_is_held: () => World.play("direct", async (world) => {
    const device = world.device(0, { largePages: true });
    const chat = device.open(world.chatId);
    await world.arrive();
    // Characters of Unicode count, and a quote ends in the midst of none.
    const original = await say(world, 1, { text: `${"🧑‍🚀 ".repeat(50)}and so on` });
    await world.arrive();
    const before = device.log.length;
    await say(world, 1, { text: "As I said", replyToId: original.id });
    await world.arrive();
    const { replyTo } = newest(chat);
    ok(replyTo && !("unavailable" in replyTo) && [...replyTo.text!].length === 140);
    await isExact(world, chat);
    deepStrictEqual(answers(device.log.slice(before)), [], "without asking");
  }),

  a_reply_to_what_is_not_held_is_asked_for: () => World.play("group", async (world) => {
    const original = (await world.truth(0)).at(-1)!;
    await fill(world, 150);
    const device = world.device(0, { largePages: true });
    const chat = device.open(world.chatId);
    await world.arrive();
    ok(!messagesOf(chat).some(({ id }) => id === original.id));
    const before = device.log.length;
    await say(world, 1, { text: "Do you remember?", replyToId: original.id });
    await world.arrive();
    deepStrictEqual(newest(chat).replyTo, { id: original.id, senderId: original.senderId, text: original.text, hasAttachment: false });
    ok(device.log.length - before <= 2, device.log.slice(before).join("\n"));
    // And what the reader knows of it stays when the reply itself changes.
    const asked = device.log.length;
    await call(world.person(1), "PUT", `${path(world, newest(chat))}/reactions/x`);
    await world.arrive();
    strictEqual(device.log.length, asked);
    await isExact(world, chat);
  }),

  quotes_change_with_their_originals_and_end_with_them: () => World.play("group", async (world) => {
    const original = await say(world, 1, { text: "Se you" });
    const far = await say(world, 1, { text: "Far away" });
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await world.arrive();
    for (const { id } of [original, far]) await say(world, 0, { text: `about ${id}`, replyToId: id });
    await world.arrive();
    const quoted = () => messagesOf(chat).slice(0, 2).reverse().map(({ replyTo }) => (replyTo && !("unavailable" in replyTo) ? replyTo.text : null));
    deepStrictEqual(quoted(), ["Se you", "Far away"]);
    const before = device.log.length;
    await call(world.person(1), "PATCH", path(world, original), { text: "See you" });
    await world.arrive();
    deepStrictEqual(quoted(), ["See you", "Far away"]);
    // By a moderator, and by its sender.
    await call(world.person(2), "DELETE", path(world, original));
    await call(world.person(1), "DELETE", path(world, far));
    await world.arrive();
    deepStrictEqual(messagesOf(chat).slice(0, 2).map(({ replyTo }) => replyTo), [far, original].map(({ id }) => ({ id, unavailable: true })));
    deepStrictEqual(answers(device.log.slice(before)), [], "without asking");
    await isExact(world, chat);
  }),

  /** The feed shows a moderator the deleted message: its text is quoted all the same by nobody. */
  a_moderator_s_quotes_end_too: () => World.play("group", async (world) => {
    const device = world.device(2);
    const chat = device.open(world.chatId);
    await world.arrive();
    const original = await say(world, 1, { text: "Rude" });
    await say(world, 0, { text: "Oh", replyToId: original.id });
    await world.arrive();
    await call(world.person(1), "DELETE", path(world, original));
    await world.arrive();
    deepStrictEqual(newest(chat).replyTo, { id: original.id, unavailable: true });
    ok(messagesOf(chat).find(({ id }) => id === original.id)?.deletedAt);
    await isExact(world, chat, 2);
  }),

  nothing_from_before_a_returner_s_history_is_quoted: () => World.play("direct", async (world) => {
    const [secret, edited] = [await say(world, 1, { text: "Secret" }), await say(world, 1, { text: "Secret too" })];
    await call(world.person(0), "DELETE", `/chats/${world.chatId}`);
    await say(world, 1, { text: "Come back" });
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await world.arrive();
    for (const { id } of [secret, edited]) await say(world, 1, { text: "As I said before", replyToId: id });
    await world.arrive();
    await call(world.person(1), "PATCH", path(world, edited), { text: "Secret as ever" });
    await call(world.person(1), "PUT", `${path(world, secret)}/reactions/x`);
    await world.arrive();
    deepStrictEqual(messagesOf(chat).slice(0, 2).map(({ replyTo }) => replyTo), [edited, secret].map(({ id }) => ({ id, unavailable: true })));
    ok(!JSON.stringify(chat.getSnapshot()).includes("Secret"));
    await isExact(world, chat);
  }),

  an_unsent_reply_shows_its_quote_and_is_sent_as_it_was_written: () => World.play("direct", async (world) => {
    const storage = memoryStorage();
    const before = world.device(0, { storage });
    const chat = before.open(world.chatId);
    await world.arrive();
    const original = await say(world, 1, { text: "Friday?" });
    await world.arrive();
    // The first one is stored, and its answer is lost with the page.
    const faults = ["lose", "refuse", "refuse"] as const;
    let asked = 0;
    before.fault = (method) => (method === "POST" ? faults[asked++] : undefined);
    const mentions = [world.person(1).id];
    const quote = { id: original.id, senderId: world.person(1).id, text: "Friday?", hasAttachment: false };
    const said = chat.send({ text: "Yes @Bob", replyToId: original.id, mentions });
    chat.send({ text: "No", replyToId: original.id });
    mentions.pop();
    deepStrictEqual([said.replyToId, said.replyTo, said.mentions], [original.id, quote, [world.person(1).id]]);
    await drain([before]);
    before.close();
    const after = world.device(0, { storage });
    const again = after.open(world.chatId);
    await drain([after]);
    await pass([after], 10_000);
    await world.arrive();
    deepStrictEqual(unsent(again), []);
    const [second, first, ...others] = messagesOf(again);
    deepStrictEqual([first!.text, first!.clientId, first!.replyTo, first!.mentions], ["Yes @Bob", said.clientId, quote, [world.person(1).id]]);
    deepStrictEqual([second!.text, second!.replyTo, second!.mentions], ["No", quote, []]);
    ok(!others.some(({ text }) => text === "Yes @Bob"));
    await isExact(world, again);
  }),

  a_reply_to_what_was_deleted_meanwhile_is_refused_and_says_so: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await world.arrive();
    const original = await say(world, 1, { text: "Friday?" });
    await world.arrive();
    device.online = false;
    device.signal();
    chat.send({ text: "Yes", replyToId: original.id });
    chat.send({ text: "Hello?" });
    await call(world.person(1), "DELETE", path(world, original));
    device.online = true;
    device.signal();
    await world.arrive();
    const [failed] = unsent(chat);
    deepStrictEqual([failed?.state, failed?.error?.code, failed?.error?.fields[0]?.path], ["failed", "invalid_request", "replyToId"]);
    deepStrictEqual(failed?.replyTo, { id: original.id, unavailable: true });
    strictEqual(newest(chat).text, "Hello?", "those after it are sent");
  }),
};

export const mentions: Record<string, () => Promise<void>> = {
  mentions_are_sent_changed_and_counted: () => World.play("group", async (world) => {
    const [alice, bob] = [world.device(0), world.device(1)];
    const [chat] = [alice, bob].map((device) => device.open(world.chatId)) as [ChatHandle, ChatHandle];
    await world.arrive();
    const ids = (...indexes: number[]) => indexes.map((index) => world.person(index).id).sort();
    const counts = () => [alice, bob].map(({ app }) => app.chats.getSnapshot()![0]!.unreadMentions);
    const said = chat.send({ text: "@Bob, look", mentions: [world.person(1).id, world.person(0).id] });
    await world.arrive();
    deepStrictEqual([(await said.sent)?.mentions, counts()], [ids(0, 1), [0, 1]]);
    const { id } = newest(chat);
    const edit = async (...mentioned: number[]) => {
      const done = chat.edit(id, "look", { mentions: ids(...mentioned) });
      await world.arrive();
      return (await done).mentions;
    };
    deepStrictEqual([await edit(2), counts()], [ids(2), [0, 0]]);
    deepStrictEqual([await edit(2, 1), counts()], [ids(1, 2), [0, 1]]);
    const kept = chat.edit(id, "look here");
    await world.arrive();
    deepStrictEqual([(await kept).mentions, counts()], [ids(1, 2), [0, 1]]);
    bob.app.chat(world.chatId).markRead();
    await world.arrive();
    deepStrictEqual(counts(), [0, 0]);
    for (const [index, device] of [alice, bob].entries()) {
      await isExact(world, device.app.chat(world.chatId), index);
      deepStrictEqual(device.app.chats.getSnapshot()![0]!.unreadMentions, (await call<{ unreadMentions: number }>(world.person(index), "GET", `/chats/${world.chatId}`)).unreadMentions);
    }
  }),

  who_is_no_participant_cannot_be_mentioned: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await world.arrive();
    const said = chat.send({ text: "@Eve", mentions: [crypto.randomUUID()] });
    await world.arrive();
    deepStrictEqual([unsent(chat)[0]?.state, unsent(chat)[0]?.error?.fields[0]?.path.startsWith("mentions")], ["failed", true]);
    unsent(chat)[0]?.cancel();
    strictEqual(await said.sent, undefined);
  }),

  the_list_of_mentions_has_pages: () => World.play("group", async (world) => {
    const device = world.device(0);
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) ids.unshift((await say(world, 1, { text: `@Alice ${n}`, mentions: [world.person(0).id] })).id);
    await say(world, 1, { text: "Nobody" });
    await world.arrive();
    const page = device.app.mentions();
    await drain([device]);
    const { data, nextCursor } = await page;
    deepStrictEqual([data.map(({ id }) => id), nextCursor], [ids, null]);
    const truth = await world.truth(0);
    deepStrictEqual(data, truth.filter(({ mentions }) => mentions.length > 0));
    device.app.stop();
    await rejects(device.app.mentions(), { code: "signed_out" });
  }),
};
