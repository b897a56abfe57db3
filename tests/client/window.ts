// A long chat: what is held stays bounded, and nothing is skipped on the way up and down.
import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { randomUUID } from "node:crypto";
import type { ChatHandle } from "supabase-chat-client";
import { drain, messagesOf, settle, type Device } from "./device.ts";
import { call, sql } from "./stack.ts";
import { World } from "./world.ts";

const LONG = 10_000;
/** What `maxMessages` is if the app says nothing. */
const BOUND = 600;

export async function fill(world: World, count = LONG): Promise<void> {
  const [{ rev }] = await sql<[{ rev: number }]>`select rev::int from chat.chats where id = ${world.chatId}`;
  await sql`
    insert into public.messages (id, chat_id, sender_id, text, rev, created_at)
    select gen_random_uuid(), ${world.chatId}, ${world.person(1).id}, 'number ' || n, ${rev}::int + n,
           now() - interval '50 seconds' + n * interval '1 millisecond'
    from generate_series(1, ${count}::int) as n`;
  await sql`
    update chat.chats set rev = ${rev + count}, last_message_at = (select max(created_at) from public.messages where chat_id = ${world.chatId})
    where id = ${world.chatId}`;
}

/** Five pages, and with two hundred messages in memory the newest are gone. */
export async function scrollUp(device: Device, chat: ChatHandle): Promise<void> {
  for (let pages = 0; pages < 5; pages++) {
    void chat.loadOlder();
    await drain([device]);
  }
}

export const longChats: Record<string, () => Promise<void>> = {
  ten_thousand_messages_are_scrolled_through_with_six_hundred_in_memory: () => World.play("direct", async (world) => {
    await fill(world);
    const device = world.device(0, { largePages: true });
    const chat = device.open(world.chatId);
    let most = 0;
    chat.subscribe(() => (most = Math.max(most, chat.getSnapshot().messages.length)));
    await world.arrive();
    const truth = await world.truth(0);
    const ids = () => messagesOf(chat).map(({ id }) => id);
    const position = () => truth.findIndex(({ id }) => id === ids()[0]);
    const isPart = () => deepStrictEqual(ids(), truth.slice(position(), position() + ids().length).map(({ id }) => id));

    const seen = new Set(ids());
    while (chat.getSnapshot().hasOlder) {
      void chat.loadOlder();
      await drain([device]);
      isPart();
      ids().forEach((id) => seen.add(id));
    }
    strictEqual(seen.size, truth.length, "all were seen on the way up");
    ok(chat.getSnapshot().hasNewer);
    strictEqual(ids().at(-1), truth.at(-1)!.id);

    // Far up, what happens below is not shown, and is not lost.
    const said = await world.say(1, "below");
    const oldest = truth.at(-1)!;
    if (oldest.senderId === world.person(0).id) await call(world.person(0), "DELETE", `/chats/${world.chatId}/messages/${oldest.id}`);
    await world.arrive();
    ok(!ids().includes(said.id));
    truth.unshift(said);
    if (!ids().includes(oldest.id)) truth.pop();

    while (chat.getSnapshot().hasNewer) {
      void chat.loadNewer();
      await drain([device]);
      isPart();
    }
    strictEqual(ids()[0], said.id, "down to the newest");
    await world.say(1, "live again");
    await world.arrive();
    await world.shows(0, chat, "at the end");
    // A page may come before another one goes.
    ok(most <= BOUND, `at most ${most} were held`);
  }),

  a_thousand_live_messages_do_not_grow_the_window: () => World.play("direct", async (world) => {
    const device = world.device(0, { largePages: true, maxMessages: 200 });
    const chat = device.open(world.chatId);
    await world.arrive();
    let most = 0;
    chat.subscribe(() => (most = Math.max(most, chat.getSnapshot().messages.length)));
    await fill(world, 1_000);
    for (const message of (await world.truth(0)).reverse().slice(-1_000)) {
      const payload = { chatId: world.chatId, rev: message.rev, kind: "upsert", message };
      device.broadcast([{ id: message.id, topic: `chat:${world.chatId}`, event: "message.created", payload }]);
    }
    // They all come before the first answer.
    while (device.line.inbox.length > 0) await device.line.inbox.shift()?.();
    ok(most <= 201, `at most ${most} were held`);
    await drain([device]);
    await world.shows(0, chat, "at the end");
    ok(most <= 301, `at most ${most} were held`);
  }),

  to_the_newest_means_there_though_a_page_is_loading: () => World.play("direct", async (world) => {
    await fill(world);
    const device = world.device(0, { largePages: true, maxMessages: 200 });
    const chat = device.open(world.chatId);
    await world.arrive();
    await scrollUp(device, chat);
    void chat.loadNewer();
    void chat.loadNewest();
    await drain([device]);
    strictEqual(chat.getSnapshot().hasNewer, false);
    await scrollUp(device, chat);
    // The way to the newest is lost, and the message is sent.
    device.fault = (method, path) => (method === "GET" && path.includes("/messages") ? "refuse" : undefined);
    chat.send({ text: "mine" });
    await settle([device]);
    device.fault = () => undefined;
    await world.arrive();
    strictEqual(messagesOf(chat)[0]?.text, "mine", "an own message is shown");
  }),

  a_jump_s_window_and_the_newest_one_are_both_live_until_they_meet: () => World.play("direct", async (world) => {
    await fill(world, 2_000);
    const device = world.device(0, { largePages: true });
    const chat = device.open(world.chatId);
    await world.arrive();
    const truth = await world.truth(0);
    const ids = () => messagesOf(chat).map(({ id }) => id);
    const jumpTo = async (target: string) => {
      const jump = chat.jumpTo(target);
      await drain([device]);
      return jump;
    };
    const [middle, edited, deleted] = [400, 410, 420].map((place) => truth[place]!);
    strictEqual(await jumpTo(middle!.id), "shown");
    deepStrictEqual(ids(), truth.slice(351, 451).map(({ id }) => id), "half of it is older");
    // A message of the window changes, one goes, and a new one comes: all by events.
    const path = `/chats/${world.chatId}/messages`;
    await call(world.person(1), "PATCH", `${path}/${edited!.id}`, { text: "edited" });
    await call(world.person(1), "DELETE", `${path}/${deleted!.id}`);
    const said = await world.say(1, "new");
    await world.arrive();
    strictEqual(messagesOf(chat).find(({ id }) => id === edited!.id)?.text, "edited");
    ok(!ids().includes(deleted!.id) && !ids().includes(said.id));
    deepStrictEqual(await Promise.all([jumpTo(deleted!.id), jumpTo(randomUUID())]), ["not_found", "not_found"]);
    const pages = () => device.log.filter((line) => line.includes("/messages?")).length;
    const asked = pages();
    void chat.loadNewest();
    await drain([device]);
    strictEqual(ids()[0], said.id, "the newest are there at once");
    strictEqual(await jumpTo(middle!.id), "shown");
    strictEqual(pages(), asked, "and so is the window");
    let loads = 0;
    for (; chat.getSnapshot().hasNewer; loads++) {
      void chat.loadNewer();
      await drain([device]);
    }
    strictEqual(loads, 3, "the windows have met");
    await world.shows(0, chat, "at the end");
    strictEqual(ids().length, 451);
  }),

  the_first_unread_message_of_many_is_found: () => World.play("direct", async (world) => {
    await fill(world, 500);
    const truth = await world.truth(0);
    await call(world.person(0), "POST", `/chats/${world.chatId}/read`, { messageId: truth[300]!.id });
    const device = world.device(0, { largePages: true });
    const chat = device.open(world.chatId);
    await world.arrive();
    strictEqual(chat.getSnapshot().firstUnreadId, truth[299]!.id);
    chat.markRead();
    await drain([device]);
    const jump = chat.jumpTo("unread");
    await drain([device]);
    deepStrictEqual([await jump, messagesOf(chat)[49]?.id], ["shown", truth[299]!.id]);
  }),

  jumping_to_the_newest_ends_the_way_back: () => World.play("direct", async (world) => {
    await fill(world);
    const device = world.device(0, { largePages: true, maxMessages: 200 });
    const chat = device.open(world.chatId);
    await world.arrive();
    for (let pages = 0; pages < 5; pages++) {
      void chat.loadOlder();
      void chat.loadOlder();
      await drain([device]);
    }
    strictEqual(device.log.filter((line) => /messages\?(?!.*around=unread)/.test(line)).length, 6, "single flight");
    ok(chat.getSnapshot().hasNewer);
    chat.send({ text: "mine" });
    await world.arrive();
    strictEqual(chat.getSnapshot().hasNewer, false, "what the user sends is shown");
    strictEqual(messagesOf(chat)[0]?.text, "mine");
    await world.shows(0, chat, "at the newest");
  }),
};
