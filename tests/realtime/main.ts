// The page's code with real subscriptions. Stories, each with people of its own.
import { deepStrictEqual, ok } from "node:assert";
import { channels } from "./channels.ts";
import { standIn } from "./stand_in.ts";
import { addMember, helpers, isStandIn, listen, openRoom, pause, removeMember, signUps, sql, start, tell, until, type Chat, type Message, type Page, type Stories } from "./world.ts";

/** As long as an event may be on its way that is not to come. */
const SILENCE = 1500;

const page: Stories = {
  async every_kind_of_event_arrives_and_the_replicas_agree_with_the_database() {
    const [author, alice, bob, carol] = await signUps(4);
    const { chatId, room } = await openRoom(author!, [alice!, bob!]);
    const { topic } = await alice!.api<Chat>("GET", `/chats/${chatId}`);
    const ear = await listen(bob!, topic);
    const own = await listen(bob!, `user:${bob!.id}`);
    const written = async () =>
      (await sql`select payload->>'id' as id from realtime.messages where topic in (${topic}, ${`user:${bob!.id}`})`).map(({ id }) => id);
    const before = new Set(await written());
    const seen = new Set<string>();
    const app = start(alice!.supabase, alice!.api, alice!.id);
    const screen = app.open(chatId, { onPresence: (users) => users.forEach((user) => seen.add(user)) });
    await until("Alice's own presence", () => seen.has(alice!.id));

    const sent = await screen.send("Hello!");
    await screen.edit(sent.id, "Hello, Bob!");
    await bob!.api("POST", `/chats/${chatId}/read`, { messageId: sent.id });
    await screen.typing();
    await screen.remove(sent.id);
    await sql`select chat_tests.rename_event(chat_tests.event_of(${room}), 'Winter Fair')`;
    await addMember(room, carol!.id);
    await removeMember(room, carol!.id);
    const events = ["message.created", "message.updated", "message.deleted", "chat.read", "chat.joined", "chat.left", "chat.updated", "typing"];
    for (const event of events) await until(`${event} on the chat's channel`, () => ear.heard.some((heard) => heard.event === event));
    await until("chat.updated on the user's channel", () => own.heard.some(({ event, payload }) => event === "chat.updated" && payload.kind === "deleted"));
    ok(!JSON.stringify(ear.heard.filter(({ event }) => event === "message.deleted")).includes("Hello"), "a deletion has no text");

    await pause(SILENCE);
    const heard = [...ear.heard, ...own.heard].map(({ payload }) => payload.id).sort();
    deepStrictEqual(heard, (await written()).filter((id) => !before.has(id)).sort(), "each event exactly once");
    const kinds = new Set(own.heard.filter(({ event }) => event === "chat.updated").map(({ payload }) => payload.kind));
    deepStrictEqual(kinds, new Set(["created", "updated", "read", "deleted", undefined]));

    // On the next topic, which the page found by itself.
    await author!.api("POST", `/chats/${chatId}/messages`, { text: "to those who are left" });
    await until("the message on the next topic", () => screen.replica?.messages[0]?.text === "to those who are left");
    const shown = await alice!.api<Page<Message>>("GET", `/chats/${chatId}/messages`);
    deepStrictEqual(screen.replica?.messages, shown.data);
    await until("the chat list", () => app.list.sorted[0]?.lastMessage?.text === "to those who are left");
    app.stop();
  },

  async a_new_chat_and_its_end_are_told_to_the_user() {
    const [author, alice] = await signUps(2);
    const own = await listen(alice!, `user:${alice!.id}`);
    const { room } = await openRoom(author!, [alice!]);
    await until("chat.created", () => own.heard.some(({ event }) => event === "chat.created"));
    await removeMember(room, alice!.id);
    await until("chat.left", () => own.heard.some(({ event }) => event === "chat.left"));
  },

  async a_stranger_is_refused() {
    const [author, alice, stranger] = await signUps(3);
    const { chatId } = await openRoom(author!, [alice!]);
    for (const topic of [`chat:${chatId}`, `chat:${chatId}:1`, `user:${alice!.id}`]) {
      const ear = await listen(stranger!, topic);
      deepStrictEqual(ear.status, "CHANNEL_ERROR", topic);
      void stranger!.supabase.removeChannel(ear.channel);
    }
  },

  async a_clients_own_broadcast_reaches_nobody() {
    const [author, alice, bob] = await signUps(3);
    const { chatId } = await openRoom(author!, [alice!, bob!]);
    const [ear, mouth] = [await listen(bob!, `chat:${chatId}`), await listen(alice!, `chat:${chatId}`)];
    const forged = { chatId, rev: 99, kind: "delete", messageId: chatId };
    await mouth.channel.send({ type: "broadcast", event: "message.deleted", payload: forged });
    await mouth.channel.httpSend("message.deleted", forged).catch(() => {});
    await alice!.api("POST", `/chats/${chatId}/messages`, { text: "a true one" });
    await until("the true message", () => ear.heard.some(({ event }) => event === "message.created"));
    await pause(SILENCE);
    deepStrictEqual(ear.heard.map(({ event }) => event), ["message.created"]);
  },

  async the_plain_snippet_sees_inserts_and_updates_and_strangers_do_not() {
    const [author, alice, stranger] = await signUps(3);
    const { chatId } = await openRoom(author!, [alice!]);
    const seen = [alice!, stranger!].map(({ supabase }) => {
      const events: string[] = [];
      supabase
        .channel(`chat:${chatId}`)
        .on(
          "postgres_changes",
          { event: "*", schema: "public", table: "messages", filter: `chat_id=eq.${chatId}` },
          (payload) => events.push(payload.eventType),
        )
        .subscribe();
      return events;
    });
    // What is sent before the server replicates is lost.
    let sent: Message | undefined;
    await until("an INSERT", async () => {
      sent = await author!.api<Message>("POST", `/chats/${chatId}/messages`, { text: "Hello!" });
      await pause(500);
      return seen[0]!.includes("INSERT");
    });
    await author!.api("PATCH", `/chats/${chatId}/messages/${sent!.id}`, { text: "Hello, Alice!" });
    await until("an UPDATE", () => seen[0]!.includes("UPDATE"));
    await pause(SILENCE);
    deepStrictEqual(seen[1], []);
  },

  async a_person_who_signs_out_gets_no_more_rows() {
    const [author, alice] = await signUps(2);
    const { chatId } = await openRoom(author!, [alice!]);
    const texts: string[] = [];
    const told: string[] = [];
    alice!.supabase
      .channel(`chat:${chatId}`)
      .on("postgres_changes", { event: "INSERT", schema: "public", table: "messages" }, ({ new: row }) => texts.push(row.text))
      .on("system", {}, ({ extension, status }) => void (extension === "postgres_changes" && told.push(status)))
      .subscribe();
    const send = (text: string) => author!.api("POST", `/chats/${chatId}/messages`, { text });
    await until("rows may come", () => told.includes("ok"));
    await until("a row", async () => {
      await send("before");
      await pause(500);
      return texts.includes("before");
    });
    await alice!.supabase.auth.signOut();
    await pause(SILENCE);
    await send("after");
    await pause(SILENCE);
    deepStrictEqual(texts.filter((text) => text === "after"), []);
  },

  async a_refreshed_token_keeps_the_channel() {
    const [author, alice] = await signUps(2);
    const { chatId } = await openRoom(author!, [alice!]);
    const ear = await listen(alice!, `chat:${chatId}`);
    // A token of the same second would be the same.
    await pause(1100);
    const { error } = await alice!.supabase.auth.refreshSession();
    ok(!error, `${error}`);
    await pause(SILENCE);
    await author!.api("POST", `/chats/${chatId}/messages`, { text: "still there?" });
    await until("a message by the new token", () => ear.heard.some(({ event }) => event === "message.created"));
    deepStrictEqual(ear.status, "SUBSCRIBED");
  },

  async who_was_removed_hears_nothing_more() {
    const [author, alice, bob] = await signUps(3);
    const { chatId, room } = await openRoom(author!, [alice!, bob!]);
    const removed = await listen(bob!, `chat:${chatId}`);
    const rows: string[] = [];
    bob!.supabase
      .channel("rows")
      .on("postgres_changes", { event: "*", schema: "public", table: "messages", filter: `chat_id=eq.${chatId}` }, (row) => rows.push(row.eventType))
      .subscribe();
    await until("rows for a member", async () => {
      await alice!.api("POST", `/chats/${chatId}/messages`, { text: "for all" });
      await pause(500);
      return rows.length > 0;
    });
    await removeMember(room, bob!.id);
    await until("chat.left", () => removed.heard.some(({ event }) => event === "chat.left"));
    await pause(SILENCE);
    const before = [removed.heard.length, rows.length];

    const { topic } = await alice!.api<Chat>("GET", `/chats/${chatId}`);
    deepStrictEqual(topic, `chat:${chatId}:1`);
    const ear = await listen(alice!, topic);
    await author!.api("POST", `/chats/${chatId}/messages`, { text: "for those who are left" });
    await until("the message", () => ear.heard.some(({ event }) => event === "message.created"));
    await pause(SILENCE);
    deepStrictEqual([removed.heard.length, rows.length], before);
    deepStrictEqual((await listen(bob!, topic)).status, "CHANNEL_ERROR");
  },
};

const filter = process.argv[2] ?? "";
const all = Object.entries({ ...page, ...channels, ...(isStandIn ? standIn : {}) });
const stories = all.filter(([name]) => name.includes(filter));
const takeBack = await helpers();
if (isStandIn) await tell({});
let failed = 0;
for (const [name, story] of stories) {
  try {
    const begun = performance.now();
    await story();
    console.log(`test ${name} ... ok (${((performance.now() - begun) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed++;
    console.log(`test ${name} ... FAILED\n${error instanceof Error ? error.stack : error}`);
  }
}
if (isStandIn) await tell({ refusalDelayMs: undefined });
await takeBack();
await sql.end();
console.log(`test result: ${failed > 0 ? "FAILED" : "ok"}. ${stories.length - failed} passed; ${failed} failed`);
// Open channels would keep the process.
process.exit(failed > 0 ? 1 : 0);
