// What is read in an open chat: the list shows it at once, and is as the server has it whenever nothing is under way.
import { deepStrictEqual, strictEqual } from "node:assert";
import { isPending, type ChatHandle } from "supabase-chat-client";
import { drain, pass, settle, type Device } from "./device.ts";
import { isRight } from "./lists.ts";
import { Random } from "./random.ts";
import { call } from "./stack.ts";
import { World } from "./world.ts";

/** A page that marks whatever it shows, as the README's does; returns the handle. */
function read(device: Device, chatId: string): ChatHandle {
  const chat = device.app.chat(chatId);
  let shown: unknown;
  chat.subscribe(() => {
    const { messages } = chat.getSnapshot();
    if (messages !== shown) queueMicrotask(() => chat.markRead());
    shown = messages;
  });
  chat.open();
  return chat;
}

/** Every count that the list shows from now on, without repetitions; the badge has the same ones. */
function countsOf({ app }: Device): () => (number | undefined)[] {
  const seen = [() => app.chats.getSnapshot()?.[0]?.unreadCount, () => app.unread.getSnapshot().messages].map((count, index) => {
    const counts = [count()];
    (index === 0 ? app.chats : app.unread).subscribe(() => {
      if (counts.at(-1) !== count()) counts.push(count());
    });
    return counts;
  });
  return () => {
    deepStrictEqual(seen[1], seen[0]);
    return seen[0]!;
  };
}

const marksOf = ({ log }: Device) => log.filter((line) => line.endsWith("/read")).length;

/** Everything is read, and nothing is under way. */
async function begin(world: World): Promise<{ device: Device; chat: ChatHandle }> {
  const device = world.device(0);
  const chat = read(device, world.chatId);
  await world.arrive();
  await pass([device], 5_000);
  await world.arrive();
  deepStrictEqual(countsOf(device)(), [0]);
  return { device, chat };
}

/** What was broadcast, in the order that is wanted: one thing arrives after the other. */
async function arriveInOrder(world: World, device: Device, first: "user:" | "chat:"): Promise<void> {
  const rows = await world.fresh();
  const isFirst = ({ topic }: { topic: string }) => topic.startsWith(first);
  for (const part of [rows.filter(isFirst), rows.filter((row) => !isFirst(row))]) {
    device.broadcast(part);
    await drain([device]);
  }
}

export const reading: Record<string, () => Promise<void>> = {
  whatever_comes_first_nothing_flashes: () => World.play("direct", async (world) => {
    const { device } = await begin(world);
    const counts = countsOf(device);
    for (const first of ["user:", "chat:"] as const) {
      await world.say(1, first);
      await arriveInOrder(world, device, first);
      await pass([device], 5_000);
      await world.arrive();
    }
    deepStrictEqual(counts(), [0]);
    await isRight(world, device, "read");
  }),

  a_lost_event_of_the_chat_makes_no_flash: () => World.play("direct", async (world) => {
    const { device } = await begin(world);
    const counts = countsOf(device);
    await world.say(1, "lost");
    device.broadcast((await world.fresh()).filter(({ topic }) => topic.startsWith("user:")));
    await drain([device]);
    await pass([device], 5_000);
    await world.arrive();
    deepStrictEqual(counts(), [0]);
    await isRight(world, device, "read");
  }),

  without_realtime_nothing_flashes: () => World.play("direct", async (world) => {
    const { device } = await begin(world);
    device.line.broken = true;
    device.line.drop();
    await drain([device]);
    const counts = countsOf(device);
    for (const text of ["one", "two"]) {
      await world.say(1, text);
      await world.fresh();
      await pass([device], 60_000, 1_000);
    }
    deepStrictEqual(counts(), [0]);
    await isRight(world, device, "read");
  }),

  own_messages_that_follow_hide_nothing_and_show_nothing: () => World.play("direct", async (world) => {
    const { device, chat } = await begin(world);
    const counts = countsOf(device);
    await world.say(1, "a question");
    chat.send({ text: "an answer" });
    await settle([device]);
    await arriveInOrder(world, device, "user:");
    await world.arrive();
    await pass([device], 5_000);
    await world.arrive();
    deepStrictEqual(counts(), [0]);
    await isRight(world, device, "read");
  }),

  what_comes_to_a_hidden_page_is_unread_until_it_is_shown: () => World.play("direct", async (world) => {
    const { device } = await begin(world);
    const [counts, marks] = [countsOf(device), marksOf(device)];
    device.visible = false;
    device.signal();
    await world.say(1, "unseen");
    await arriveInOrder(world, device, "user:");
    deepStrictEqual([counts().at(-1), marksOf(device)], [1, marks]);
    await isRight(world, device, "unread");
    device.visible = true;
    device.signal();
    strictEqual(counts().at(-1), 0, "before the server answers");
    await pass([device], 5_000);
    await world.arrive();
    deepStrictEqual([counts(), marksOf(device)], [[0, 1, 0], marks + 1]);
    await isRight(world, device, "read");
  }),

  a_page_that_is_hidden_before_its_turn_has_not_read: () => World.play("direct", async (world) => {
    const { device } = await begin(world);
    const counts = countsOf(device);
    await world.say(1, "hardly");
    device.fault = (method) => (method === "GET" ? "refuse" : undefined);
    device.broadcast((await world.fresh()).filter(({ topic }) => topic.startsWith("user:")));
    await drain([device]);
    deepStrictEqual(counts(), [0]);
    device.visible = false;
    device.signal();
    deepStrictEqual(counts(), [0, 1]);
  }),

  a_page_that_does_not_mark_has_two_seconds: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await world.arrive();
    chat.markRead();
    await world.arrive();
    const counts = countsOf(device);
    await world.say(1, "below the screen");
    await world.arrive();
    await pass([device], 1_500);
    deepStrictEqual(counts(), [0]);
    await pass([device], 500);
    deepStrictEqual(counts(), [0, 1]);
    await world.say(1, "further below");
    await world.arrive();
    deepStrictEqual(counts(), [0, 1, 2], "it has them once");
    chat.markRead(chat.getSnapshot().messages.filter((message) => !isPending(message)).at(-2)!.id);
    deepStrictEqual(counts().at(-1), 2, "only the server knows what is left");
    await world.arrive();
    deepStrictEqual(counts().at(-1), 1);
    await isRight(world, device, "read up to a message");
  }),

  a_mark_that_cannot_be_sent_gives_the_count_back: () => World.play("direct", async (world) => {
    const { device } = await begin(world);
    const counts = countsOf(device);
    device.fault = (method) => (method === "POST" ? "refuse" : undefined);
    await world.say(1, "unread");
    await world.arrive();
    deepStrictEqual(counts(), [0, 1]);
    await isRight(world, device, "unread");
    device.fault = () => undefined;
    await pass([device], 60_000, 1_000);
    await world.arrive();
    deepStrictEqual(counts(), [0, 1, 0]);
    await isRight(world, device, "read");
  }),

  a_mark_that_waits_is_sent_when_the_chat_is_closed: () => World.play("direct", async (world) => {
    const { device, chat } = await begin(world);
    const marks = marksOf(device);
    for (const text of ["one", "two"]) {
      await world.say(1, text);
      device.broadcast(await world.fresh());
      while (device.line.inbox.length > 0) await device.line.inbox.shift()?.();
      await settle([device]);
    }
    strictEqual(marksOf(device), marks + 1, "the second one waits for the answer of the first");
    const counts = countsOf(device);
    chat.close();
    await world.arrive();
    deepStrictEqual([counts(), marksOf(device)], [[0], marks + 2]);
    await isRight(world, device, "closed");
  }),

  a_mark_may_be_answered_before_its_message_is_told: () => World.play("direct", async (world) => {
    const { device } = await begin(world);
    const counts = countsOf(device);
    await world.say(1, "read");
    const rows = await world.fresh();
    device.broadcast(rows.filter(({ topic }) => topic.startsWith("chat:")));
    await drain([device]);
    device.broadcast(rows.filter(({ topic }) => topic.startsWith("user:")));
    await drain([device]);
    deepStrictEqual(counts(), [0]);
    await isRight(world, device, "read");
  }),

  with_a_page_that_marks_the_list_is_right_at_every_quiet_moment: async () => {
    for (const seed of [1, 2, 3, 4]) await World.play(seed % 2 ? "direct" : "group", (world) => marking(world, new Random(seed), `seed ${seed}`));
  },
};

/** A page marks at random moments, while its device loses much of what it is told. */
async function marking(world: World, random: Random, seed: string): Promise<void> {
  const [me, other] = [world.person(0), world.person(1)];
  const device = world.device(0);
  const chat = read(device, world.chatId);
  await world.arrive();
  const path = `/chats/${world.chatId}`;
  const act = async () => {
    const choice = random.below(100);
    if (choice < 45) await world.say(1, `at ${choice}`);
    else if (choice < 55) await world.say(0, `at ${choice}`);
    else if (choice < 65) {
      const [newest] = (await call<{ data: { id: string }[] }>(other, "GET", `${path}/messages?limit=1`)).data;
      if (newest) await call(other, "PUT", `${path}/messages/${newest.id}/reactions/${encodeURIComponent("👍")}`);
    } else if (choice < 75) await call(me, "PATCH", `${path}/me`, { markedUnread: random.percent(70) });
    else if (choice < 85) device.visible = !device.visible, device.signal();
    else if (choice < 92) device.fault = (method) => (method === "POST" && random.percent(50) ? "refuse" : undefined);
    else chat.close(), chat.open();
  };
  for (let quiet = 0; quiet < 6; quiet++) {
    for (let action = 0; action < 8; action++) {
      await act();
      device.broadcast((await world.fresh()).filter(() => random.percent(60)));
      if (random.percent(20)) chat.markRead();
      if (random.percent(30)) device.clock.advance(random.below(1_500));
      for (let steps = random.below(6); steps > 0 && device.pending; steps--) {
        await device.step();
        await settle([device]);
      }
    }
    device.fault = () => undefined;
    device.visible = random.percent(70);
    device.signal();
    await drain([device]);
    await pass([device], 60_000, 2_000);
    if (!device.visible) {
      // A hidden page asks for nothing: it is right when somebody looks, before anything is marked.
      device.broadcast(await world.fresh());
      void device.app.refresh();
      await drain([device]);
    }
    await isRight(world, device, `${seed}, quiet moment ${quiet}`);
  }
}
