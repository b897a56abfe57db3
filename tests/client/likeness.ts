// The chat for tests of apps (`supabase-chat-client/testing`) answers as the real API does: one conversation with both.
import { ok } from "node:assert";
import { randomUUID } from "node:crypto";
import type { Chat, Message, Page } from "supabase-chat-client";
import type { MessagePage } from "../../client/dist/models.js";
import { TestDatabase } from "../../client/dist/testing/database.js";
import { TestServer } from "../../client/dist/testing/server.js";
import { broadcasts } from "./realtime.ts";
import { env, people, sql, type Person } from "./stack.ts";

interface Event {
  topic: string;
  event: string;
  payload: Record<string, unknown>;
}

/** One of the two that answer. */
interface Side {
  fetch: typeof globalThis.fetch;
  url: string;
  alice: Pick<Person, "id" | "token">;
  bob: Pick<Person, "id" | "token">;
  /** What was broadcast since the last call. */
  events(chatId: string): Promise<Event[]>;
}

export const likeness: Record<string, () => Promise<void>> = {
  async the_chat_for_tests_answers_and_broadcasts_as_the_real_one() {
    const [real, simulated] = [await conversation(await stack()), await conversation(memory())];
    const differences = real.flatMap((step, index) => {
      const [expected, found] = [step, simulated[index]].map((each) => JSON.stringify(each, null, 1));
      return expected === found ? [] : [`the real one:\n${expected}\nthe one for tests:\n${found}`];
    });
    ok(differences.length === 0, differences.join("\n\n"));
  },
};

async function stack(): Promise<Side> {
  const [alice, bob] = (await people(2)) as [Person, Person];
  await sql`select chat_tests.befriend(${alice.id}, ${bob.id})`;
  const [{ now }] = await sql<[{ now: Date }]>`select clock_timestamp()::timestamp as now`;
  const seen = new Set<string>();
  return {
    fetch, url: env.edge, alice, bob,
    async events(chatId) {
      const rows = await broadcasts(chatId, [alice.id, bob.id], now);
      const fresh = rows.filter(({ id }) => !seen.has(id));
      fresh.forEach(({ id }) => seen.add(id));
      return fresh;
    },
  };
}

function memory(): Side {
  let heard: Event[] = [];
  const database = new TestDatabase(Date.now, (topic, event, payload) => void heard.push({ topic, event, payload: { ...payload } }));
  const server = new TestServer(database, Date.now);
  return {
    fetch: server.fetch, url: "https://chat.test",
    alice: { id: "alice", token: "alice" }, bob: { id: "bob", token: "bob" },
    async events() {
      const fresh = heard;
      heard = [];
      return fresh;
    },
  };
}

/** What was answered and broadcast, with names for ids and times. */
async function conversation({ fetch, url, alice, bob, events }: Side): Promise<unknown[]> {
  const names = new Map<unknown, string>([[alice.id, "alice"], [bob.id, "bob"]]);
  const steps: unknown[] = [];
  let chatId = "";

  async function ask<T>(who: typeof alice, method: string, path: string, body?: unknown): Promise<T> {
    const headers = { Authorization: `Bearer ${who.token}`, "Content-Type": "application/json" };
    const response = await fetch(url + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await response.text();
    const json = text ? JSON.parse(text) : undefined;
    if (chatId === "" && response.ok) chatId = json.id;
    const said = response.ok ? json : { code: json.error.code, retryable: json.error.retryable };
    const told = (await events(chatId)).map(({ topic, event, payload: { id: _, ...payload } }) => ({ topic, event, payload }));
    const request = path.replace(/^(\/chats\?since=)[^n].*/, "$1<since>").replace(/cursor=[^n&][^&]*/, "cursor=<cursor>");
    steps.push(named({ request: `${who === alice ? "alice" : "bob"} ${method} ${request}`, status: response.status, said, told }, names));
    return json;
  }

  const { id } = await ask<Chat>(alice, "POST", "/chats", { type: "direct", participantIds: [bob.id] });
  const chat = `/chats/${id}`;
  await ask(bob, "POST", "/chats", { type: "direct", participantIds: [alice.id] });
  const clientId = randomUUID();
  const first = await ask<Message>(alice, "POST", `${chat}/messages`, { text: " Hello ", clientId });
  await ask(alice, "POST", `${chat}/messages`, { text: "Hello", clientId });
  const second = await ask<Message>(alice, "POST", `${chat}/messages`, { text: "Bob" });
  const { since } = await ask<{ since: string }>(bob, "GET", "/chats?limit=10");
  await ask(alice, "GET", chat);
  await ask(bob, "GET", `${chat}/messages?limit=1`);
  await ask(bob, "POST", `${chat}/typing`);
  await ask(bob, "POST", `${chat}/read`, { messageId: first.id });
  await ask(bob, "POST", `${chat}/read`, { messageId: second.id });
  await ask(bob, "POST", `${chat}/read`, { messageId: first.id });
  await ask(bob, "POST", `${chat}/messages`, { text: "Alice" });
  await ask(alice, "GET", chat);
  await ask(bob, "GET", chat);
  await ask(alice, "PATCH", `${chat}/messages/${second.id}`, { text: "Bob!" });
  await ask(alice, "PATCH", `${chat}/messages/${second.id}`, { text: "Bob!" });
  await ask(bob, "PATCH", `${chat}/messages/${second.id}`, { text: "No" });
  const like = `${chat}/messages/${first.id}/reactions`;
  const [up, party] = ["👍", "🎉"].map(encodeURIComponent);
  await ask(bob, "PUT", `${like}/${up}`);
  await ask(bob, "PUT", `${like}/${up}`);
  await ask(alice, "PUT", `${like}/${party}`);
  await ask(alice, "PUT", `${like}/${up}`);
  await ask(bob, "DELETE", `${like}/${up}`);
  await ask(bob, "DELETE", `${like}/${party}`);
  await ask(alice, "DELETE", `${like}/${party}`);
  await ask(bob, "PUT", `${like}/a%20b`);
  for (let kind = 0; kind < 20; kind++) await ask(bob, "PUT", `${like}/kind-${kind}`);
  await ask(bob, "GET", like);
  await ask(bob, "GET", `${like}?emoji=${up}`);
  const reply = await ask<Message>(bob, "POST", `${chat}/messages`, { text: "Hi", replyToId: first.id, mentions: [alice.id, bob.id] });
  await ask(alice, "GET", chat);
  await ask(alice, "GET", "/mentions?limit=1");
  await ask(bob, "GET", "/mentions");
  await ask(bob, "PATCH", `${chat}/messages/${reply.id}`, { text: "Hi", mentions: [bob.id, alice.id] });
  await ask(bob, "PATCH", `${chat}/messages/${reply.id}`, { text: "Hi", mentions: [bob.id] });
  await ask(bob, "PATCH", `${chat}/messages/${reply.id}`, { text: "Hi!", mentions: [] });
  await ask(bob, "PATCH", `${chat}/messages/${reply.id}`, { text: "Hi!!" });
  await ask(bob, "PATCH", `${chat}/messages/${reply.id}`, { text: "Hi!!", mentions: [alice.id] });
  await ask(alice, "POST", `${chat}/read`, { messageId: reply.id });
  await ask(alice, "GET", chat);
  await ask(bob, "POST", `${chat}/messages`, { text: "Eve?", mentions: [randomUUID()] });
  await ask(bob, "POST", `${chat}/messages`, { text: "What?", replyToId: randomUUID() });
  await ask(bob, "DELETE", `${chat}/messages/${first.id}`);
  await ask(alice, "DELETE", `${chat}/messages/${first.id}`);
  await ask(alice, "DELETE", `${chat}/messages/${first.id}`);
  await ask(bob, "POST", `${chat}/messages`, { text: "What?", replyToId: first.id });
  await ask(bob, "PUT", `${like}/${up}`);
  await ask(bob, "GET", `${chat}/messages?limit=1`);
  await ask(alice, "POST", `${chat}/messages`, { text: "Hello", clientId });
  await ask(alice, "PATCH", `${chat}/messages/${first.id}`, { text: "Hello?" });
  await ask(alice, "GET", `${chat}/changes?since=0&limit=2`);
  await ask(alice, "GET", `${chat}/changes?since=2&limit=100`);
  await ask(alice, "GET", `${chat}/changes?since=99`);
  await ask(alice, "POST", `${chat}/messages`, { text: " " });
  await settingsAndReads();
  await windowsAndSearch();
  const changed = await ask<{ since: string }>(bob, "GET", `/chats?since=${since}`);
  await ask(bob, "GET", `/chats?since=${changed.since}`);
  await ask(bob, "GET", "/chats?since=nonsense");
  await ask(bob, "DELETE", chat);
  await ask(bob, "GET", `/chats?since=${changed.since}`);
  await ask(alice, "GET", `${chat}/reads`);
  await ask(bob, "GET", chat);
  await ask(bob, "GET", `/chats/${randomUUID()}`);
  await ask(alice, "GET", chat);
  await ask(alice, "POST", `${chat}/messages`, { text: "Are you there?" });
  await ask(bob, "GET", chat);
  await ask(bob, "GET", `${chat}/messages`);
  await ask(bob, "GET", `${chat}/changes?since=0`);
  await ask(bob, "GET", `/chats?since=${changed.since}`);
  return steps;

  async function windowsAndSearch(): Promise<void> {
    const cursor = (page: { nextCursor: string | null; prevCursor?: string | null }, way: "nextCursor" | "prevCursor") =>
      `cursor=${encodeURIComponent(page[way] ?? "none")}`;
    const messages = `${chat}/messages`;
    const newest = await ask<MessagePage>(bob, "GET", `${messages}?limit=2`);
    const older = await ask<MessagePage>(bob, "GET", `${messages}?limit=2&${cursor(newest, "nextCursor")}`);
    await ask(bob, "GET", `${messages}?limit=100&${cursor(older, "nextCursor")}`);
    const between = await ask<MessagePage>(bob, "GET", `${messages}?limit=1&${cursor(older, "prevCursor")}`);
    await ask(bob, "GET", `${messages}?limit=100&${cursor(between, "prevCursor")}`);
    await ask(bob, "GET", `${messages}?cursor=nonsense`);
    for (const limit of [1, 2, 3, 4, 100]) await ask(bob, "GET", `${messages}?around=${second.id}&limit=${limit}`);
    await ask(bob, "GET", `${messages}?around=${randomUUID()}`);
    await ask(bob, "GET", `${messages}?around=${first.id}`);
    await ask(bob, "GET", `${messages}/${second.id}`);
    await ask(bob, "GET", `${messages}/${first.id}`);
    await ask(bob, "GET", `${messages}?around=unread&limit=1`);
    for (const text of ["Crème brûlée", "Creme caramel", "The cream of the crop"]) await ask(alice, "POST", messages, { text });
    await ask(bob, "GET", `${messages}?around=unread&limit=3`);
    await ask(alice, "GET", `${messages}?around=unread&limit=2`);
    const seek = (query: string) => ask<Page<Message>>(bob, "GET", `/search?${query}`);
    const found = await seek("q=CR&limit=2");
    await seek(`q=CR&limit=2&${cursor(found, "nextCursor")}`);
    for (const q of ["creme bru", "brulee%20crème", "cream+of", "rème", "crop!", "bob", "hello"]) await seek(`q=${q}`);
    await seek(`q=bob&senderId=${alice.id}`);
    await seek(`q=bob&senderId=${bob.id}`);
    await seek(`q=cream&chatId=${newest.data[0]?.chatId}`);
    await seek(`q=cream&chatId=${randomUUID()}`);
    for (const q of ["", " ", "!?", "a b c d e f g h i j k", "x".repeat(201), "a b c d e f g h i j"]) await seek(`q=${encodeURIComponent(q)}`);
  }

  async function settingsAndReads(): Promise<void> {
    await ask(bob, "GET", `${chat}/reads`);
    await ask(bob, "PATCH", `${chat}/me`, { pinned: true, notify: "mentions" });
    await ask(bob, "PATCH", `${chat}/me`, { archived: true, mutedUntil: "2999-01-01T00:00:00Z" });
    await ask(bob, "GET", "/chats");
    await ask(bob, "GET", "/chats?archived=true");
    await ask(alice, "POST", `${chat}/messages`, { text: "Unheard" });
    await ask(bob, "GET", "/chats?archived=true");
    await ask(bob, "PATCH", `${chat}/me`, { mutedUntil: "2020-01-01T00:00:00Z" });
    const heard = await ask<Message>(alice, "POST", `${chat}/messages`, { text: "Heard" });
    await ask(bob, "GET", "/chats?archived=false");
    await ask(bob, "PATCH", `${chat}/me`, { markedUnread: true });
    await ask(bob, "POST", `${chat}/read`, { messageId: heard.id });
    await ask(bob, "PATCH", `${chat}/me`, { markedUnread: true, mutedUntil: "2999-01-01T00:00:00Z", archived: true });
    await ask(bob, "POST", `${chat}/read`, { messageId: heard.id });
    await ask(bob, "POST", `${chat}/messages`, { text: "Mine" });
    await ask(bob, "GET", chat);
    await ask(alice, "GET", `${chat}/reads`);
  }
}

/** Ids, times and cursors by the order in which they came, and what is told at once in one order. */
function named(value: unknown, names: Map<unknown, string>, key = ""): unknown {
  if (Array.isArray(value)) {
    // Reads are in the order of the people's ids.
    const who = (each: any) => (each?.lastReadAt ? String(names.get(each.userId)) : "");
    const all = [...value].sort((a, b) => who(a).localeCompare(who(b))).map((each) => named(each, names));
    return ["told", "participants", "mentions"].includes(key) ? all.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : all;
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries.map(([name, each]) => [name, named(each, names, name)]));
  }
  if (key === "topic" || key === "request") return [...names].reduce((text, [id, name]) => text.replace(String(id), name), String(value)).replace(/[0-9a-f-]{36}/, "<id>");
  if (["text", "type", "kind", "event", "code", "notify"].includes(key) || (typeof value !== "string" && key !== "historyRev")) return value;
  if (["nextCursor", "prevCursor", "since"].includes(key)) return `<${key}>`;
  const isTime = /At$|Until$/.test(key);
  if (key === "historyRev") value = `history ${value}`;
  if (!names.has(value)) names.set(value, `${isTime ? "time" : key} ${names.size}`);
  return isTime && !/\.\d{6}Z$/.test(String(value)) ? `not a time: ${value}` : names.get(value);
}
