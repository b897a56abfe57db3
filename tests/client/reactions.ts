// Reactions: at once on the screen, exact in the end, however many people react at the same time.
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { ChatApiError, type ChatHandle, type Message } from "supabase-chat-client";
import { drain, messagesOf, pass, type Device, type Fault } from "./device.ts";
import { call, people, sql } from "./stack.ts";
import { fill, scrollUp } from "./window.ts";
import { World } from "./world.ts";

const isReaction = (path: string) => path.includes("/reactions/");
const refusal = (status: number, code: string) =>
  Response.json({ error: { code, message: "No.", requestId: "r", retryable: status === 429 } }, { status });

/** How each emoji of a message is shown, as `👍2!`; `!` if the user is among them. */
const shown = ({ reactions }: Message) => reactions.map(({ emoji, count, mine }) => `${emoji}${count}${mine ? "!" : ""}`).join(" ");
const newest = (chat: ChatHandle) => messagesOf(chat)[0]!;
const sent = (device: Device) => device.log.filter(isReaction).map((line) => line.split(" ")[0]);

function failing(device: Device, ...faults: Fault[]): void {
  device.fault = (_, path) => (isReaction(path) ? faults.shift() : undefined);
}

async function react(world: World, index: number, { id }: Message, emoji: string, method = "PUT"): Promise<void> {
  await call(world.person(index), method, `/chats/${world.chatId}/messages/${id}/reactions/${encodeURIComponent(emoji)}`);
}

/** An open chat with one new message, and everything else at rest. */
async function begin(world: World): Promise<{ device: Device; chat: ChatHandle; message: Message }> {
  const device = world.device(0);
  const chat = device.open(world.chatId);
  await world.arrive();
  const message = await world.say(1, "What about Friday?");
  await world.arrive();
  return { device, chat, message };
}

async function isExact(world: World, chat: ChatHandle, index = 0): Promise<void> {
  const truth = await world.truth(index);
  deepStrictEqual(messagesOf(chat).map(({ id, reactions }) => ({ id, reactions })), truth.map(({ id, reactions }) => ({ id, reactions })));
}

export const reactions: Record<string, () => Promise<void>> = {
  a_reaction_is_shown_at_once_and_stays: () => World.play("direct", async (world) => {
    const { device, chat, message } = await begin(world);
    const done = chat.react(message.id, "👍");
    strictEqual(shown(newest(chat)), "👍1!", "before there is an answer");
    deepStrictEqual(newest(chat).reactions, [{ emoji: "👍", count: 1, mine: true, userIds: [device.who.id] }]);
    await world.arrive();
    strictEqual(shown(await done), "👍1!");
    await isExact(world, chat);
    const gone = chat.unreact(message.id, "👍");
    deepStrictEqual(newest(chat).reactions, []);
    await world.arrive();
    deepStrictEqual((await gone).reactions, []);
    await isExact(world, chat);
  }),

  others_react_at_the_same_time_and_all_is_exact: () => World.play("group", async (world) => {
    const { chat, message } = await begin(world);
    const seen = new Set<string>();
    const stop = chat.subscribe(() => seen.add(shown(newest(chat))));
    const done = chat.react(message.id, "👍");
    await Promise.all([1, 2].map((index) => react(world, index, message, "👍")));
    await react(world, 1, message, "👍", "DELETE");
    await react(world, 2, message, "🎉");
    // Others' events may come before the own answer.
    for (const row of await world.fresh()) world.devices[0]!.broadcast([row]);
    while (world.devices[0]!.line.inbox.length > 0) await world.devices[0]!.line.inbox.shift()?.();
    await world.arrive();
    await done;
    stop();
    await isExact(world, chat);
    strictEqual(shown(newest(chat)), "👍2! 🎉1");
    ok([...seen].every((each) => each.startsWith("👍") && each.includes("!")), `the own one never disappears: ${[...seen].join(", ")}`);
  }),

  the_last_of_several_quick_taps_counts: () => World.play("direct", async (world) => {
    const { device, chat, message } = await begin(world);
    const taps = [chat.react(message.id, "👍"), chat.unreact(message.id, "👍"), chat.react(message.id, "👍")];
    strictEqual(shown(newest(chat)), "👍1!");
    await world.arrive();
    deepStrictEqual((await Promise.all(taps)).map(shown), ["👍1!", "👍1!", "👍1!"]);
    deepStrictEqual(sent(device), ["PUT"], "what changes nothing is not sent");
    const more = [chat.unreact(message.id, "👍"), chat.react(message.id, "👍"), chat.unreact(message.id, "👍"), chat.react(message.id, "🎉")];
    strictEqual(shown(newest(chat)), "🎉1!");
    await world.arrive();
    await Promise.all(more);
    await isExact(world, chat);
    strictEqual(shown(newest(chat)), "🎉1!");

    // The first answer fails when the wish is already another one.
    failing(device, refusal(403, "blocked"));
    const changed = [chat.react(message.id, "👀"), chat.unreact(message.id, "👀")];
    await world.arrive();
    deepStrictEqual((await Promise.all(changed)).map(shown), ["🎉1!", "🎉1!"]);
    await isExact(world, chat);
  }),

  a_refused_reaction_is_taken_back: () => World.play("direct", async (world) => {
    const { device, chat, message } = await begin(world);
    for (const [status, code] of [[403, "blocked"], [429, "rate_limited"], [400, "invalid_request"]] as const) {
      failing(device, refusal(status, code));
      const refused = rejects(chat.react(message.id, "👍"), (error: unknown) => error instanceof ChatApiError && error.code === code);
      strictEqual(shown(newest(chat)), "👍1!");
      await drain([device]);
      await refused;
      strictEqual(shown(newest(chat)), "");
    }
    await rejects(chat.react(message.id, "\ud800"), { name: "ChatApiError", code: "invalid_id" });
    await isExact(world, chat);
    device.app.stop();
    await rejects(chat.react(message.id, "👍"), { code: "signed_out" });
  }),

  the_server_s_own_limits_are_told: () => World.play("group", async (world) => {
    const { chat, message } = await begin(world);
    for (let kind = 0; kind < 20; kind++) await react(world, kind % 2, message, `kind-${kind}`);
    await world.arrive();
    const refused = rejects(chat.react(message.id, "kind-20"), { status: 400, code: "invalid_request" });
    strictEqual(newest(chat).reactions.length, 21);
    await world.arrive();
    await refused;
    strictEqual(newest(chat).reactions.length, 20);
    await isExact(world, chat);
  }),

  a_reaction_whose_answer_is_lost_comes_by_itself: () => World.play("direct", async (world) => {
    const { device, chat, message } = await begin(world);
    failing(device, "lose");
    const lost = rejects(chat.react(message.id, "👍"), { code: "network" });
    await drain([device]);
    await lost;
    strictEqual(shown(newest(chat)), "", "nobody knows");
    await world.arrive();
    strictEqual(shown(newest(chat)), "👍1!");
    await isExact(world, chat);
  }),

  /** Events name 20 people at most, and do not say which reaction is the reader's. */
  among_more_people_than_an_event_names_the_own_one_is_known: () => World.play("group", async (world) => {
    const crowd = await people(22);
    await sql`select chat_tests.add_members(${[world.story.source!.room]}, ${crowd.map(({ id }) => id)})`;
    const [phone, laptop] = [world.device(0), world.device(0)];
    const chats = [phone, laptop].map((device) => device.open(world.chatId)) as [ChatHandle, ChatHandle];
    await world.arrive();
    const message = await world.say(1, "Who comes?");
    const path = `/chats/${world.chatId}/messages/${message.id}/reactions/${encodeURIComponent("👍")}`;
    for (const who of crowd.slice(0, 21)) await call(who, "PUT", path);
    await world.arrive();
    void chats[0].react(message.id, "👍");
    await world.arrive();
    await call(crowd[21]!, "PUT", path);
    const before = laptop.log.length;
    await world.arrive();
    for (const chat of chats) {
      strictEqual(shown(newest(chat)), "👍23!");
      await isExact(world, chat);
    }
    deepStrictEqual(laptop.log.slice(before), [], "without asking");
    void chats[1].unreact(message.id, "👍");
    await world.arrive();
    await call(crowd[0]!, "DELETE", path);
    await world.arrive();
    for (const chat of chats) {
      strictEqual(shown(newest(chat)), "👍21");
      await isExact(world, chat);
    }
  }),

  in_a_direct_chat_a_reaction_is_asked_for: () => World.play("direct", async (world) => {
    const { device, chat, message } = await begin(world);
    const before = device.log.length;
    await react(world, 1, message, "👍");
    await world.arrive();
    strictEqual(shown(messagesOf(chat)[0]!), "👍1");
    deepStrictEqual(
      device.log.slice(before).map((request) => request.replace(/\?.*/, "")).sort(),
      ["GET /chats", `GET /chats/${world.chatId}/changes`],
    );
  }),

  reactions_keep_the_list_up_to_date_and_ask_for_nothing: () => World.play("group", async (world) => {
    const { device, chat, message } = await begin(world);
    const before = device.log.length;
    await react(world, 1, message, "👍");
    await world.arrive();
    await world.say(1, "Good");
    await world.arrive();
    deepStrictEqual(device.log.slice(before), []);
    const [listed] = device.app.chats.getSnapshot()!;
    deepStrictEqual([listed, messagesOf(chat)[0]!.text], [await call(world.person(0), "GET", `/chats/${world.chatId}`), "Good"]);
  }),

  a_reaction_to_what_is_far_up_does_not_move_the_screen: () => World.play("direct", async (world) => {
    await fill(world, 900);
    const device = world.device(0, { largePages: true, maxMessages: 200 });
    const chat = device.open(world.chatId);
    await world.arrive();
    await scrollUp(device, chat);
    const before = messagesOf(chat);
    ok(chat.getSnapshot().hasNewer);
    const done = chat.react(before[9]!.id, "👍");
    await world.arrive();
    await done;
    deepStrictEqual(messagesOf(chat).map(({ id }) => id), before.map(({ id }) => id));
    strictEqual(shown(messagesOf(chat)[9]!), "👍1!");
  }),

  without_realtime_reactions_come_by_asking: () => World.play("direct", async (world) => {
    const { device, chat, message } = await begin(world);
    device.line.broken = true;
    device.line.drop();
    await pass([device], 3_000);
    await react(world, 1, message, "👍");
    void chat.react(message.id, "👍");
    await pass([device], 15_000);
    strictEqual(shown(newest(chat)), "👍2!");
    await isExact(world, chat);
  }),

  who_has_reacted_is_told_by_pages: () => World.play("group", async (world) => {
    const { chat, message, device } = await begin(world);
    await react(world, 1, message, "👍");
    await react(world, 2, message, "🎉");
    await react(world, 2, message, "👍");
    const answer = <T>(promise: Promise<T>) => drain([device]).then(() => promise);
    const { data, nextCursor } = await answer(chat.reactions(message.id));
    deepStrictEqual(data.map(({ userId, emoji }) => [userId, emoji]), [[world.person(1).id, "👍"], [world.person(2).id, "🎉"], [world.person(2).id, "👍"]]);
    strictEqual(nextCursor, null);
    const { data: ups } = await answer(chat.reactions(message.id, { emoji: "👍" }));
    deepStrictEqual(ups.map(({ userId }) => userId), [world.person(1).id, world.person(2).id]);
  }),
};
