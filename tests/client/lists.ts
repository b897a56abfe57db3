// The list of chats, kept by its changes: settings, the archive, the badge.
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import type { Chat, ChatSettings, Unread } from "supabase-chat-client";
import { drain, pass, settle, type Device } from "./device.ts";
import { Random } from "./random.ts";
import { all, call, people, sql, type Person } from "./stack.ts";
import { World } from "./world.ts";

const HOUR_MS = 3_600_000;

export interface Lists {
  chats: readonly Chat[] | undefined;
  archived: readonly Chat[] | undefined;
  unread: Unread;
}

export function listsOf({ app }: Device): Lists {
  return { chats: app.chats.getSnapshot(), archived: app.archivedChats.getSnapshot(), unread: app.unread.getSnapshot() };
}

/** As the API shows them to a person; but it leaves it to the app to put pinned chats first. */
export async function trueLists(who: Person): Promise<Lists> {
  const list = async (archived: boolean) => {
    const chats = await all<Chat>(who, `/chats?archived=${archived}`);
    return [true, false].flatMap((isPinned) => chats.filter(({ settings }) => settings.pinned === isPinned));
  };
  const [chats, archived, unread] = await Promise.all([list(false), list(true), call<Unread>(who, "GET", "/unread")]);
  return { chats, archived, unread };
}

export async function isRight(world: World, device: Device, what: string): Promise<void> {
  const truth = await trueLists(world.person(0));
  deepStrictEqual(names(listsOf(device)), names(truth), what);
  deepStrictEqual(listsOf(device), truth, what);
}
const listed = (log: string[]) => log.filter((line) => line.startsWith("GET /chats?"));
const names = ({ chats, archived }: Lists) => [chats, archived].map((list) => list?.map(({ id }) => id));
const set = (who: Person, chatId: string, changes: Partial<ChatSettings>) => call<Chat>(who, "PATCH", `/chats/${chatId}/me`, changes);
const inAnHour = () => new Date(Date.now() + HOUR_MS).toISOString();

/** More direct chats of the first person, each with a message of the other one. */
async function more(world: World, count: number): Promise<{ chatId: string; other: Person }[]> {
  const me = world.person(0);
  const chats = [];
  for (const other of await people(count)) {
    await sql`select chat_tests.befriend(${me.id}, ${other.id})`;
    const { id: chatId } = await call<Chat>(me, "POST", "/chats", { type: "direct", participantIds: [other.id] });
    await call(other, "POST", `/chats/${chatId}/messages`, { text: "Hello" });
    chats.push({ chatId, other });
  }
  return chats;
}

export const lists: Record<string, () => Promise<void>> = {
  the_whole_list_is_asked_for_once_and_then_its_changes: () => World.play("direct", async (world) => {
    const device = world.device(0, { largePages: true });
    await world.arrive();
    device.line.drop();
    await pass([device], 300_000, 5_000);
    const whole = listed(device.log).filter((line) => !line.includes("since="));
    deepStrictEqual(whole.map((line) => line.replace(/&.*/, "")), ["GET /chats?archived=false", "GET /chats?archived=true"]);
    ok(listed(device.log).length > 10);
  }),

  what_events_do_not_tell_is_one_request: () => World.play("group", async (world) => {
    const device = world.device(0);
    const [first, second] = [await world.say(1, "one"), await world.say(1, "two")];
    await world.arrive();
    const asked = device.log.length;
    await call(world.person(1), "DELETE", `/chats/${world.chatId}/messages/${second.id}`);
    await world.arrive();
    deepStrictEqual(device.log.slice(asked).map((line) => line.replace(/=.*/, "")), ["GET /chats?since"]);
    deepStrictEqual(device.app.chats.getSnapshot()?.[0]?.lastMessage?.id, first.id);
    await isRight(world, device, "after the deletion");
  }),

  what_events_tell_is_no_request: () => World.play("direct", async (world) => {
    const device = world.device(0);
    await world.arrive();
    const asked = device.log.length;
    const { id } = await world.say(1, "one");
    await world.say(1, "two");
    await call(world.person(0), "POST", `/chats/${world.chatId}/read`, { messageId: id });
    await world.arrive();
    deepStrictEqual(device.log.slice(asked), []);
    await isRight(world, device, "by events alone");
  }),

  settings_of_one_device_arrive_on_the_others: () => World.play("direct", async (world) => {
    const [one, other] = [world.device(0), world.device(0)];
    const chat = one.open(world.chatId);
    const seen = other.open(world.chatId);
    await world.arrive();
    for (const changes of [
      { pinned: true, notify: "mentions" }, { archived: true }, { mutedUntil: inAnHour(), archived: false }, { markedUnread: true, mutedUntil: null },
    ] satisfies Partial<ChatSettings>[]) {
      const changed = chat.updateSettings(changes);
      await drain([one]);
      const { settings } = await changed;
      deepStrictEqual(chat.getSnapshot().chat?.settings, settings, "at once on this one");
      await world.arrive();
      deepStrictEqual(seen.getSnapshot().chat?.settings, settings);
      deepStrictEqual(listsOf(one), listsOf(other));
      await isRight(world, other, JSON.stringify(changes));
    }
  }),

  refused_settings_change_nothing: () => World.play("direct", async (world) => {
    const device = world.device(0);
    await world.arrive();
    const before = listsOf(device);
    const refused = rejects(device.app.updateSettings(world.chatId, { notify: "loud" as "all" }), { code: "invalid_request" });
    await drain([device]);
    await refused;
    deepStrictEqual(listsOf(device), before);
  }),

  pinned_chats_are_first_and_archived_ones_apart: () => World.play("direct", async (world) => {
    const [second, third] = await more(world, 2);
    const device = world.device(0);
    await world.arrive();
    deepStrictEqual(names(listsOf(device)), [[third!.chatId, second!.chatId, world.chatId], []]);
    await set(world.person(0), world.chatId, { pinned: true });
    await set(world.person(0), third!.chatId, { archived: true });
    await world.arrive();
    deepStrictEqual(names(listsOf(device)), [[world.chatId, second!.chatId], [third!.chatId]]);
    await isRight(world, device, "sorted");
  }),

  a_message_ends_the_archiving_unless_the_chat_is_muted: () => World.play("direct", async (world) => {
    const device = world.device(0);
    await world.arrive();
    await set(world.person(0), world.chatId, { archived: true, mutedUntil: inAnHour() });
    await world.say(1, "unheard");
    await world.arrive();
    deepStrictEqual(names(listsOf(device)), [[], [world.chatId]]);
    await isRight(world, device, "muted");
    await set(world.person(0), world.chatId, { mutedUntil: null });
    await world.arrive();
    deepStrictEqual(names(listsOf(device)), [[], [world.chatId]], "what came while it was muted ends nothing");
    await world.say(1, "heard");
    await world.arrive();
    deepStrictEqual(names(listsOf(device)), [[world.chatId], []]);
    await isRight(world, device, "not muted");
  }),

  a_mute_ends_by_itself: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await world.arrive();
    const { unread } = listsOf(device);
    strictEqual(unread.messages, 1);
    device.line.drop();
    await set(world.person(0), world.chatId, { mutedUntil: new Date(device.clock.now() + HOUR_MS).toISOString() });
    await pass([device], 30_000);
    deepStrictEqual(listsOf(device).unread, { chats: 0, messages: 0, mentions: 0 });
    // Nothing is asked meanwhile.
    device.visible = false;
    device.signal();
    device.clock.advance(HOUR_MS - 60_000);
    ok(chat.getSnapshot().chat?.settings.mutedUntil);
    device.clock.advance(60_000);
    deepStrictEqual([listsOf(device).unread, chat.getSnapshot().chat?.settings.mutedUntil], [unread, null]);
    device.app.stop();
    strictEqual(device.clock.waiting, 0);
  }),

  marked_as_unread_it_counts_until_it_is_read: () => World.play("direct", async (world) => {
    const [one, other] = [world.device(0), world.device(0)];
    const chat = one.open(world.chatId);
    await world.arrive();
    chat.markRead();
    await world.arrive();
    const unread = () => [one, other].map(({ app }) => app.unread.getSnapshot().chats);
    deepStrictEqual(unread(), [0, 0]);
    const marked = one.app.updateSettings(world.chatId, { markedUnread: true });
    await drain([one]);
    await marked;
    await world.arrive();
    deepStrictEqual(unread(), [1, 1]);
    await isRight(world, other, "marked");
    await pass([one, other], 2_000);
    chat.markRead();
    await world.arrive();
    deepStrictEqual(unread(), [1, 1], "there is nothing new");
    chat.close();
    chat.open();
    await world.arrive();
    chat.markRead();
    await world.arrive();
    deepStrictEqual(unread(), [0, 0]);
    await isRight(world, other, "read");
  }),

  another_epoch_and_a_position_that_is_none_load_the_list_again: () => World.play("direct", async (world) => {
    for (const [status, code] of [[410, "resync_required"], [400, "invalid_cursor"]] as const) {
      const device = world.device(0);
      await world.arrive();
      await world.say(1, code);
      await world.fresh(); // Lost.
      const asked = device.log.length;
      device.fault = (_, path) => {
        if (!path.startsWith("/chats?since=")) return undefined;
        device.fault = () => undefined;
        return Response.json({ error: { code, message: "…", requestId: "r", retryable: false } }, { status });
      };
      await pass([device], 30_000);
      await isRight(world, device, code);
      const kinds = listed(device.log.slice(asked)).map((line) => /archived=\w+|since/.exec(line)?.[0]);
      deepStrictEqual(kinds.slice(0, 4), ["since", "archived=false", "archived=true", "since"]);
      strictEqual(device.app.chatsError.getSnapshot(), null);
    }
  }),

  an_answer_from_before_the_users_own_request_is_not_believed: () => World.play("direct", async (world) => {
    const device = world.device(0);
    await world.arrive();
    await world.say(1, "lost");
    await world.fresh(); // Lost.
    const pins: unknown[] = [];
    device.app.chats.subscribe(() => pins.push(device.app.chats.getSnapshot()?.[0]?.settings.pinned));
    void device.app.refresh();
    await settle([device]);
    const pinned = device.app.updateSettings(world.chatId, { pinned: true });
    await settle([device]);
    // The answer to the later request comes first.
    const answers = (device as unknown as { answers: { request: number; arrive(): void }[] }).answers.splice(0);
    strictEqual(answers.length, 2);
    answers.sort((a, b) => b.request - a.request).forEach(({ arrive }) => arrive());
    await pinned;
    await drain([device]);
    deepStrictEqual([...new Set(pins)], [true]);
    await isRight(world, device, "after all answers");
  }),

  a_chat_that_was_left_elsewhere_is_gone: () => World.play("direct", async (world) => {
    await more(world, 3);
    const device = world.device(0);
    await world.arrive();
    device.line.drop();
    for (const { id } of device.app.chats.getSnapshot()!.slice(0, 2)) await call(world.person(0), "DELETE", `/chats/${id}`);
    await pass([device], 1_500);
    strictEqual(device.app.chats.getSnapshot()?.length, 2);
    await isRight(world, device, "without them");
  }),

  many_chats_are_right_at_every_quiet_moment: async () => {
    for (const seed of [1, 2, 3]) await World.play("direct", (world) => manyChats(world, new Random(seed), `seed ${seed}`));
  },
};

/** What happens in many chats, while a device loses much of what it is told. */
async function manyChats(world: World, random: Random, seed: string): Promise<void> {
  const me = world.person(0);
  const chats = [{ chatId: world.chatId, other: world.person(1) }, ...(await more(world, 6))];
  const left = new Set<string>();
  const device = world.device(0);
  const act = async () => {
    const { chatId, other } = random.pick(chats)!;
    const choice = random.below(100);
    if (left.delete(chatId)) await call(me, "POST", "/chats", { type: "direct", participantIds: [other.id] });
    else if (choice < 40) await call(random.percent(80) ? other : me, "POST", `/chats/${chatId}/messages`, { text: `at ${choice}` });
    else if (choice < 55) {
      const [newest] = (await call<{ data: { id: string }[] }>(me, "GET", `/chats/${chatId}/messages?limit=1`)).data;
      if (newest) await call(me, "POST", `/chats/${chatId}/read`, { messageId: newest.id });
    } else if (choice < 90) {
      const name = random.pick(["archived", "pinned", "markedUnread"])!;
      await set(me, chatId, random.percent(25) ? { mutedUntil: random.percent(50) ? inAnHour() : null } : { [name]: random.percent(60) });
    } else {
      left.add(chatId);
      await call(me, "DELETE", `/chats/${chatId}`);
    }
  };
  for (let quiet = 0; quiet < 5; quiet++) {
    for (let action = 0; action < 8; action++) {
      await act();
      device.broadcast((await world.fresh()).filter(() => random.percent(60)));
      if (random.percent(20)) void device.app.refresh();
      for (let steps = random.below(6); steps > 0 && device.pending; steps--) {
        await device.step();
        await settle([device]);
      }
    }
    await drain([device]);
    await pass([device], 30_000, 5_000);
    await isRight(world, device, `${seed}, quiet moment ${quiet}`);
  }
}
