// What the first client did wrong, one test each.
import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert";
import { ChatApiError, createChatClient, isPending } from "supabase-chat-client";
import { drain, messagesOf, pass, settle } from "./device.ts";
import { counts } from "./realtime.ts";
import { call, env } from "./stack.ts";
import { World } from "./world.ts";

export const defects: Record<string, () => Promise<void>> = {
  started_stopped_and_started_the_list_is_there_and_live: () => World.play("direct", async (world) => {
    const device = world.device(0, { stopped: true });
    device.app.start();
    device.app.stop();
    device.app.start();
    await world.arrive();
    deepStrictEqual([device.app.chats.getSnapshot()?.length, device.app.connection.getSnapshot()], [1, "live"]);
    await world.say(1, "live");
    await world.arrive();
    strictEqual(device.app.chats.getSnapshot()?.[0]?.lastMessage?.text, "live");
  }),

  a_channel_that_the_server_closes_is_joined_again: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await world.arrive();
    for (const topic of [`user:${world.person(0).id}`, `chat:${world.chatId}`]) device.line.closeChannel(topic);
    strictEqual(device.app.connection.getSnapshot(), "polling");
    await pass([device], 1_200);
    strictEqual(device.app.connection.getSnapshot(), "live");
    await world.say(1, "heard again");
    await world.arrive();
    strictEqual(device.app.chats.getSnapshot()?.[0]?.lastMessage?.text, "heard again");
    await world.shows(0, chat, "without waiting for a poll");
  }),

  one_failed_request_at_the_opening_costs_a_second: () => World.play("direct", async (world) => {
    const device = world.device(0);
    let failures = 2;
    device.fault = () => (failures-- > 0 ? "refuse" : undefined);
    const chat = device.open(world.chatId);
    await pass([device], 1_500);
    strictEqual(chat.getSnapshot().status, "ready");
    await world.shows(0, chat, "after the second try");
  }),

  the_first_messages_need_no_socket: () => World.play("direct", async (world) => {
    const device = world.device(0);
    device.line.broken = true;
    const chat = device.open(world.chatId);
    await drain([device]);
    await world.shows(0, chat, "without Realtime");
    await world.say(1, "polled");
    await pass([device], 2_000);
    await world.shows(0, chat, "two seconds later");
    deepStrictEqual([chat.getSnapshot().status, device.app.connection.getSnapshot()], ["ready", "polling"]);
    strictEqual(device.app.chats.getSnapshot()?.[0]?.lastMessage?.text, "polled");
  }),

  hidden_it_does_not_poll_and_shown_it_asks_at_once: () => World.play("direct", async (world) => {
    const device = world.device(0);
    device.line.broken = true;
    const chat = device.open(world.chatId);
    await drain([device]);
    device.visible = false;
    device.signal();
    await drain([device]);
    const asked = device.log.length;
    await world.say(1, "unseen");
    await pass([device], 60_000, 10_000);
    strictEqual(device.log.length, asked);
    device.visible = true;
    device.signal();
    await drain([device]);
    await world.shows(0, chat, "when it is shown");
  }),

  polling_slows_down_to_fifteen_seconds: () => World.play("direct", async (world) => {
    const device = world.device(0);
    device.line.broken = true;
    device.open(world.chatId);
    await pass([device], 120_000, 1_000);
    const before = device.log.length;
    await pass([device], 60_000, 1_000);
    const feeds = device.log.slice(before).filter((line) => line.includes("/changes"));
    ok(feeds.length >= 4 && feeds.length <= 6, `${feeds.length} in a minute`);
  }),

  a_list_that_finds_a_newer_rev_tells_the_open_chat: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await world.arrive();
    await world.say(1, "lost for the chat");
    const rows = (await world.fresh()).filter(({ topic }) => topic.startsWith("user:"));
    device.broadcast(rows);
    await drain([device]);
    await world.shows(0, chat, "told by the list");
  }),

  who_left_elsewhere_while_cut_off_sees_no_old_messages_after_reconnecting: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await world.arrive();
    device.line.drop();
    await call(world.person(0), "DELETE", `/chats/${world.chatId}`);
    await world.say(1, "the new beginning");
    await pass([device], 1_200);
    deepStrictEqual(messagesOf(chat).map(({ text }) => text), ["the new beginning"]);
  }),

  a_topic_that_has_moved_is_not_joined_again: () => World.play("group", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await world.arrive();
    device.line.drop();
    await call(world.person(1), "DELETE", `/chats/${world.chatId}`);
    const refused = counts.refusedJoins;
    await pass([device], 1_200);
    strictEqual(counts.refusedJoins - refused, 0, "no join sleeps on the server");
    ok(device.line.has(`chat:${world.chatId}:1`));
    await world.say(2, "on the next topic");
    await world.arrive();
    await world.shows(0, chat, "on the next topic");
  }),

  a_refused_join_is_not_repeated_at_once: () => World.play("direct", async (world) => {
    const device = world.device(0);
    device.line.refuses = (topic) => topic.startsWith("chat:");
    device.open(world.chatId);
    const refused = counts.refusedJoins;
    await pass([device], 60_000, 1_000);
    ok(counts.refusedJoins - refused <= 10, `${counts.refusedJoins - refused} joins in a minute`);
    device.line.refuses = () => false;
    await pass([device], 15_000, 1_000);
    ok(device.line.has(`chat:${world.chatId}`));
  }),

  events_between_the_join_and_the_flow_are_not_missed: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    const topics = [`user:${world.person(0).id}`, `chat:${world.chatId}`];
    while (!topics.every((topic) => device.line.has(topic))) {
      await settle([device]);
      await device.step();
    }
    await world.say(1, "in the gap");
    await world.fresh(); // Lost.
    await drain([device]);
    await world.shows(0, chat, "when events flow");
    strictEqual(device.app.chats.getSnapshot()?.[0]?.lastMessage?.text, "in the gap");
  }),

  a_poll_without_news_is_no_change: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await world.arrive();
    device.fault = (method) => (method === "POST" ? "refuse" : undefined);
    chat.send({ text: "x".repeat(10) });
    await drain([device]);
    device.fault = () => undefined;
    chat.getSnapshot().messages.flatMap((message) => (isPending(message) ? [message] : [])).forEach((pending) => pending.cancel());
    await drain([device]);
    const [snapshot, chats] = [chat.getSnapshot(), device.app.chats.getSnapshot()];
    await pass([device], 60_000, 5_000);
    deepStrictEqual([chat.getSnapshot() === snapshot, device.app.chats.getSnapshot() === chats], [true, true]);
  }),

  above_realtimes_quota_everything_is_right_within_half_a_minute: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await world.arrive();
    await world.say(1, "dropped without a word");
    await world.fresh(); // Lost.
    strictEqual(device.app.connection.getSnapshot(), "live");
    await pass([device], 30_000);
    await world.shows(0, chat, "after half a minute");
    strictEqual(device.app.chats.getSnapshot()?.[0]?.lastMessage?.text, "dropped without a word");
  }),

  errors_keep_what_the_server_says: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await drain([device]);
    const edited = chat.edit(messagesOf(chat)[0]!.id, " ").catch((error: unknown) => error);
    await drain([device]);
    const error = await edited;
    ok(error instanceof ChatApiError);
    deepStrictEqual([error.status, error.code, error.retryable, error.fields.map(({ path }) => path)], [400, "invalid_request", false, ["text"]]);
    ok(error.requestId);
    const [issue] = error.fields;
    strictEqual(error.message, `The request is not valid: text ${issue?.issue}.`, "what is wrong is in the message");
    const body = { error: { code: "rate_limited", message: "slow", requestId: "r7", retryable: true } };
    device.fault = () => Response.json(body, { status: 429, headers: { "Retry-After": "3" } });
    const limited = { status: 429, code: "rate_limited", message: "slow", requestId: "r7", retryable: true, retryAfterMs: 3_000 };
    await rejects(device.app.openDirect(world.person(1).id), limited);
    device.fault = () => new Response("<h1>Bad gateway</h1>", { status: 502 });
    await rejects(device.app.openDirect(world.person(1).id), { status: 502, code: "bad_answer", retryable: true });
    device.fault = () => new Response("<h1>Welcome to the hotel</h1>");
    const notJson = { status: 200, code: "bad_answer", retryable: true, message: `The answer of ${env.edge}/chats is not JSON.` };
    await rejects(device.app.openDirect(world.person(1).id), notJson);
    device.fault = () => "refuse";
    const unreached = { status: 0, code: "network", retryable: true, message: "The server cannot be reached." };
    await rejects(device.app.openDirect(world.person(1).id), unreached);
  }),

  an_api_that_cannot_be_reached_is_told_though_realtime_is_there: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await world.arrive();
    const connection = () => device.app.connection.getSnapshot();
    strictEqual(connection(), "live");
    device.fault = () => "refuse";
    chat.send({ text: "waits" });
    await drain([device]);
    strictEqual(connection(), "live", "one lost answer alarms nobody");
    await pass([device], 10_000);
    strictEqual(connection(), "offline");
    device.fault = () => undefined;
    await pass([device], 30_000);
    strictEqual(connection(), "live");
    strictEqual((await world.truth(0))[0]?.text, "waits");
  }),

  opening_a_chat_is_no_loss_of_the_connection: () => World.play("direct", async (world) => {
    const device = world.device(0);
    await world.arrive();
    const seen: string[] = [];
    device.app.connection.subscribe(() => seen.push(device.app.connection.getSnapshot()));
    device.open(world.chatId);
    await world.arrive();
    deepStrictEqual(seen, []);
  }),

  a_proxys_page_is_no_api: () => World.play("direct", async (world) => {
    const device = world.device(0);
    await world.arrive();
    device.fault = () => new Response("<h1>Bad gateway</h1>", { status: 502 });
    await pass([device], 60_000, 5_000);
    strictEqual(device.app.connection.getSnapshot(), "offline");
  }),

  an_id_that_is_none_has_no_chat: () => World.play("direct", async (world) => {
    const device = world.device(0);
    await world.arrive();
    for (const id of ["nonsense", "..", ".", ""]) {
      const chat = device.open(id);
      await drain([device]);
      strictEqual(chat.getSnapshot().status, "gone", id);
      await rejects(chat.remove(".."), { code: "invalid_id" });
    }
    const asked = device.log.length;
    await pass([device], 20_000, 5_000);
    ok(!device.log.slice(asked).some((line) => line.includes("nonsense")), "it is not asked again");
  }),

  a_url_that_is_none_is_refused_at_once: async () => {
    for (const apiUrl of [undefined, "", "127.0.0.1:8787", "/api", "https://api.example.com?x=1", "https://#"]) {
      throws(() => createChatClient({ supabase: undefined!, apiUrl: apiUrl! }), /apiUrl must be a URL that begins with https:\/\/ or http:\/\//);
    }
  },

  a_moderator_sees_the_deleted_message: () => World.play("group", async (world) => {
    // The third person is an author of the event, and moderates.
    const device = world.device(2);
    const chat = device.open(world.chatId);
    const said = await world.say(0, "deleted soon");
    await world.arrive();
    await call(world.person(0), "DELETE", `/chats/${world.chatId}/messages/${said.id}`);
    await world.arrive();
    ok(messagesOf(chat).some(({ id, deletedAt }) => id === said.id && deletedAt), "moderators see it");
    await world.shows(2, chat, "as a moderator");
  }),
};
