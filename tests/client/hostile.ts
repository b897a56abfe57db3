// A server that answers wrongly: nothing hangs, nothing is thrown at the app, and in the end all is right.
import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { randomUUID } from "node:crypto";
import { drain, pass, type Device } from "./device.ts";
import { World } from "./world.ts";

/** In a minute, a list and a chat that fail all the time ask no more often. */
const MOST_REQUESTS = 60;

const json = (body: unknown, status = 200) => Response.json(body, { status });
const message = (n: number) => ({
  id: `m${n}`, chatId: "c", senderId: "s", text: "x", attachment: null, attachmentUrl: null, clientId: null,
  replyToId: null, replyTo: null, mentions: [], reactions: [],
  createdAt: `2020-01-01T00:00:00.${`${999_999 - (n % 1_000_000)}`.padStart(6, "0")}Z`, editedAt: null, editableUntil: null, rev: 1,
});

const isList = (path: string) => /^\/chats(\?|$)/.test(path);
const isDelta = (path: string) => path.startsWith("/chats?since=");

let counter = 0;
/** The chat that was asked for last. */
let lastAsked = "";
const answers: Record<string, (method: string, path: string) => Response | undefined> = {
  nothing_is_json: () => new Response("<!doctype html><h1>Hello</h1>"),
  everything_is_null: () => json(null),
  everything_is_a_number: () => json(42),
  everything_is_an_empty_object: () => json({}),
  lists_of_nothing: () => json({ data: [null, null], nextCursor: "x", rev: -1, hasMore: true }),
  errors_without_an_envelope: () => json({ error: "no" }, 500),
  a_huge_page: (_, path) =>
    path.includes("/messages") ? json({ data: Array.from({ length: 50_000 }, (_, n) => message(n)), nextCursor: "more" }) : undefined,
  an_answer_that_says_it_is_huge: () => new Response("[]", { headers: { "content-length": "999999999" } }),
  a_feed_that_always_has_more: (_, path) => {
    if (!path.includes("/changes")) return undefined;
    const since = Number(new URLSearchParams(path.split("?")[1]).get("since"));
    return json({ data: [], rev: since + 1, epoch: "e", hasMore: true, topic: "chat:x" });
  },
  a_feed_that_has_more_and_does_not_move: (_, path) => {
    if (!path.includes("/changes")) return undefined;
    const since = Number(new URLSearchParams(path.split("?")[1]).get("since"));
    return json({ data: [], rev: since, epoch: "e", hasMore: true, topic: "chat:x" });
  },
  a_feed_that_always_begins_anew: (_, path) =>
    path.includes("/changes") ? json({ error: { code: "resync_required", message: "again", requestId: "r", retryable: false } }, 410) : undefined,
  pages_that_never_end: (_, path) =>
    path.includes("/messages") ? json({ data: [message(counter++)], nextCursor: "more" }) : undefined,
  a_list_that_never_ends: (_, path) =>
    isList(path) ? json({ data: [chatOf(`c${counter++}`)], nextCursor: "more", since: "1" }) : undefined,
  a_list_without_a_position: (_, path) => (isList(path) ? json({ data: [], nextCursor: null, since: null }) : undefined),
  changes_of_the_list_that_never_end: (_, path) =>
    isDelta(path) ? json({ data: [chatOf(`c${counter++}`)], gone: [], since: `${counter}`, hasMore: true }) : undefined,
  changes_of_the_list_that_do_not_move: (_, path) =>
    isDelta(path) ? json({ data: [], gone: [], since: new URLSearchParams(path.split("?")[1]).get("since"), hasMore: true }) : undefined,
  changes_of_the_list_without_a_sense: (_, path) => (isDelta(path) ? json({ data: [], gone: [1], since: 5, hasMore: "yes" }) : undefined),
  a_list_that_always_begins_anew: (_, path) =>
    isDelta(path) ? json({ error: { code: "resync_required", message: "again", requestId: "r", retryable: false } }, 410) : undefined,
  a_list_with_a_chat_that_the_user_is_not_in: (_, path) => {
    if (isDelta(path)) return json({ data: lastAsked ? [{ ...chatOf(lastAsked), rev: counter++ }] : [], gone: [], since: `${counter}`, hasMore: false });
    lastAsked = /^\/chats\/([0-9a-f-]{36})/.exec(path)?.[1] ?? lastAsked;
    return isList(path) ? undefined : json({ error: { code: "not_participant", message: "no", requestId: "r", retryable: false } }, 403);
  },
  waits_of_years: () => new Response("", { status: 503, headers: { "retry-after": "99999999999" } }),
};

function chatOf(id: string) {
  return {
    id, type: "direct", eventId: null, groupId: null, name: null, participants: [], goneParticipants: [], createdAt: "2020", lastMessageAt: null,
    lastMessage: null, unreadCount: 0, lastReadAt: null, rev: 0, historyRev: 0, epoch: "e", topic: `chat:${id}`, unreadMentions: 0,
    settings: { mutedUntil: null, notify: "all", archived: false, pinned: false, markedUnread: false },
  };
}

/** The app's own code saw no error. */
async function withoutErrors(what: () => Promise<void>): Promise<void> {
  const thrown: unknown[] = [];
  const note = (error: unknown) => thrown.push(error);
  process.on("unhandledRejection", note).on("uncaughtException", note);
  try {
    await what();
    deepStrictEqual(thrown, []);
  } finally {
    process.off("unhandledRejection", note).off("uncaughtException", note);
  }
}

/** Everything that an app may call without looking at the outcome. */
function use(device: Device, chatId: string): void {
  const chat = device.app.chat(chatId);
  void chat.loadOlder();
  void chat.loadNewer();
  void chat.loadNewest();
  void chat.jumpTo(randomUUID());
  void device.app.search("words").catch(() => {});
  chat.markRead();
  chat.sendTyping();
}

const healed = (name: string, answer: (method: string, path: string) => Response | undefined) => async () => {
  await World.play("direct", (world) => withoutErrors(async () => {
    const device = world.device(0);
    device.fault = (method, path) => answer(method, path);
    const chat = device.open(world.chatId);
    const asked = device.log.length;
    for (let seconds = 0; seconds < 60; seconds++) {
      use(device, world.chatId);
      await pass([device], 1_000);
    }
    // Pages and the feed are asked for some times at each try, and the app has asked 60 times for reads, typing, jumps and searches.
    const own = device.log.slice(asked).filter((line) => !/\/(read|typing)$|around=|\/search/.test(line));
    const most = /list.*never_end/.test(name) ? MOST_REQUESTS * 100 : MOST_REQUESTS * 12;
    ok(own.length <= most, `${own.length} requests in a minute`);
    device.fault = () => undefined;
    await pass([device], name === "waits_of_years" ? 3_700_000 : 30_000, name === "waits_of_years" ? 10_000 : 1_000);
    await world.shows(0, chat, "after the server is well again");
    strictEqual(device.app.chats.getSnapshot()?.length, 1);
  }));
};

export const hostile: Record<string, () => Promise<void>> = {
  ...Object.fromEntries(Object.entries(answers).map(([name, answer]) => [name, healed(name, answer)])),

  a_server_that_never_answers: () => World.play("direct", (world) => withoutErrors(async () => {
    const device = world.device(0);
    const never: (() => void)[] = [];
    let hangs = true;
    const fetch = globalThis.fetch;
    // Below the device: the request goes out, and nothing comes.
    globalThis.fetch = ((...call: Parameters<typeof fetch>) =>
      hangs && `${call[0]}`.includes("/chats") ? new Promise<Response>((resolve) => never.push(() => resolve(new Response("{}")))) : fetch(...call)) as typeof fetch;
    try {
      const chat = device.open(world.chatId);
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
      device.clock.advance(30_000);
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
      deepStrictEqual([chat.getSnapshot().status, chat.getSnapshot().error?.code], ["loading", "timeout"]);
      hangs = false;
      never.forEach((answer) => answer());
      await pass([device], 30_000);
      await world.shows(0, chat, "after the server is well again");
    } finally {
      globalThis.fetch = fetch;
    }
  })),

  pages_that_never_end_and_look_true_stay_bounded: () => World.play("direct", (world) => withoutErrors(async () => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await world.arrive();
    device.fault = (_, path) =>
      path.includes("/messages?") ? json({ data: [{ ...message(counter++), chatId: world.chatId }], nextCursor: "more" }) : undefined;
    for (let pages = 0; pages < 2_000; pages++) {
      void chat.loadOlder();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await drain([device]);
    ok(chat.getSnapshot().messages.length <= 600);
  })),

  events_of_any_shape: () => World.play("direct", (world) => withoutErrors(async () => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await world.arrive();
    const names = ["message.created", "message.deleted", "chat.read", "chat.left", "chat.joined", "chat.updated", "typing", "chat.created", "?"];
    const contents = [
      null, 1, "x", [], {}, { rev: "1" }, { rev: 1e300 }, { chatId: world.chatId, rev: 99, kind: "upsert" }, { chatId: 5 }, { userId: {} },
      { chatId: world.chatId, rev: 5, kind: "upsert", message: { id: 1 } }, { chatId: world.chatId, kind: "read", rev: 1, unreadCount: "x" },
      { chatId: world.chatId, topic: "chat:x:999999" },
    ];
    for (const topic of [`chat:${world.chatId}`, `user:${world.person(0).id}`]) {
      for (const event of names) for (const payload of contents) device.broadcast([{ id: "", topic, event, payload: payload as any ?? {} }]);
    }
    await drain([device]);
    await world.say(1, "still here");
    await pass([device], 30_000);
    await world.shows(0, chat, "after all of them");
  })),
};
