// Channels as any Realtime server must serve them.
import { deepStrictEqual, match, ok } from "node:assert";
import { device, hear, listen, openRoom, pause, removeMember, signUps, sql, until, type Ear, type Message, type Stories, type User } from "./world.ts";

const SILENCE = 1500;
const created = (ear: Ear) => ear.heard.filter(({ event }) => event === "message.created");
const send = ({ api }: User, chatId: string, text: string) => api<Message>("POST", `/chats/${chatId}/messages`, { text });

export const channels: Stories = {
  async each_broadcast_arrives_exactly_once_and_in_order() {
    const [author, alice] = await signUps(2);
    const { chatId } = await openRoom(author!, [alice!]);
    const ear = await listen(alice!, `chat:${chatId}`);
    for (let n = 0; n < 10; n++) await send(author!, chatId, `${n}`);
    await Promise.all(Array.from({ length: 10 }, (_, n) => send(n % 2 ? alice! : author!, chatId, `at once ${n}`)));
    await until("twenty messages", () => ear.heard.length >= 20);
    await pause(SILENCE);
    const rows = await sql`select id from realtime.messages where topic = ${`chat:${chatId}`} and event = 'message.created'`;
    deepStrictEqual(created(ear).map(({ payload }) => payload.id).sort(), rows.map(({ id }) => id).sort());
    deepStrictEqual(created(ear).map(({ payload }) => payload.rev), Array.from({ length: 20 }, (_, n) => n + 1));
  },

  async malformed_topics_are_refused() {
    const [author, alice] = await signUps(2);
    const { chatId } = await openRoom(author!, [alice!]);
    const topics = ["chat:", "chat:nonsense", `chat:${chatId}:`, `chat:${chatId}:x`, `chat: ${chatId}`, `chat:${chatId.toUpperCase()}`,
      `chat:${chatId}:99999999999999999999`, `user:${author!.id}`, "user:", "other", `chat:${"x".repeat(200)}`, "chat:'; select 1 --", "chat:ü"];
    // A refusal keeps a whole socket waiting.
    const ears = await Promise.all(topics.map(async (topic) => {
      const own = device();
      await own.realtime.setAuth((await alice!.supabase.auth.getSession()).data.session!.access_token);
      const ear = hear(own, topic, { private: true });
      await until(`an answer for ${topic}`, () => ear.status !== "");
      void own.removeAllChannels();
      return ear;
    }));
    for (const [n, ear] of ears.entries()) {
      deepStrictEqual(ear.statuses[0], "CHANNEL_ERROR", topics[n]);
      match(ear.error!, /You do not have permissions to read from this Channel topic/);
    }
  },

  async a_topic_that_a_chat_has_left_is_refused() {
    const [author, alice, bob] = await signUps(3);
    const { chatId, room } = await openRoom(author!, [alice!, bob!]);
    await removeMember(room, bob!.id);
    deepStrictEqual((await listen(alice!, `chat:${chatId}`)).status, "CHANNEL_ERROR");
    deepStrictEqual((await listen(alice!, `chat:${chatId}:1`)).status, "SUBSCRIBED");
  },

  async who_was_removed_and_has_a_new_token_is_cut_off() {
    const [author, alice, bob] = await signUps(3);
    const { chatId, room } = await openRoom(author!, [alice!, bob!]);
    const ear = await listen(bob!, `chat:${chatId}`);
    await removeMember(room, bob!.id);
    // A token of the same second would be the same.
    await pause(1100);
    await bob!.supabase.auth.refreshSession();
    await until("the end of the channel", () => ear.status === "CLOSED");
    ok(ear.system.some(({ extension, status }) => extension === "system" && status === "error"));
  },

  async a_public_channel_of_the_same_name_hears_and_tells_nothing() {
    const [author, alice, bob] = await signUps(3);
    const { chatId } = await openRoom(author!, [alice!, bob!]);
    const ear = await listen(alice!, `chat:${chatId}`);
    const other = await listen(bob!, `chat:${chatId}`, { private: false });
    if (other.status === "SUBSCRIBED") await other.channel.send({ type: "broadcast", event: "message.created", payload: {} });
    await send(author!, chatId, "for members");
    await until("the message", () => created(ear).length > 0);
    await pause(SILENCE);
    deepStrictEqual([created(ear).length, other.heard.length], [1, 0]);
  },

  async presence_is_seen_by_both_and_so_is_leaving() {
    const [author, alice, bob, carol] = await signUps(4);
    const { chatId } = await openRoom(author!, [alice!, bob!, carol!]);
    const join = (user: User) => present(user, `chat:${chatId}`);
    const [a, b, c] = [await join(alice!), await join(bob!), await join(carol!)];
    const all = [alice!.id, bob!.id, carol!.id].sort();
    for (const each of [a, b, c]) await until("all three", () => Object.keys(each.presenceState()).length === 3);
    deepStrictEqual(Object.keys(a.presenceState()).sort(), all);
    await a.track({ writes: true });
    // supabase-js 2.109 goes on to show what was told before beside it.
    await until("something new about one", () => b.presenceState<{ writes?: boolean }>()[alice!.id]!.some(({ writes }) => writes));
    await b.untrack();
    await until("two left", () => Object.keys(a.presenceState()).length === 2);
    // The last one is gone without a word.
    void carol!.supabase.realtime.disconnect();
    await until("one left", () => Object.keys(a.presenceState()).join() === alice!.id);
  },

  async too_much_presence_ends_the_channel() {
    const [author, alice] = await signUps(2);
    const { chatId } = await openRoom(author!, [alice!]);
    const ear = await listen(alice!, `chat:${chatId}`);
    for (let n = 0; n < 6; n++) void ear.channel.track({ n });
    await until("the end of the channel", () => ear.status === "CLOSED");
  },

  async two_channels_share_a_socket_and_hear_their_own() {
    const [author, alice] = await signUps(2);
    const { chatId } = await openRoom(author!, [alice!]);
    const [chat, own] = [await listen(alice!, `chat:${chatId}`), await listen(alice!, `user:${alice!.id}`)];
    const updated = () => own.heard.filter(({ event }) => event === "chat.updated");
    await send(author!, chatId, "one");
    await until("both", () => chat.heard.length > 0 && updated().length > 0);
    await alice!.supabase.removeChannel(chat.channel);
    await send(author!, chatId, "two");
    await until("the second on the channel that is left", () => updated().length > 1);
    deepStrictEqual([chat.heard.map(({ event }) => event), updated().length], [["message.created"], 2]);
    deepStrictEqual(chat.status, "CLOSED");
  },

  async a_channel_is_told_when_broadcasts_flow() {
    const [author, alice] = await signUps(2);
    const { chatId } = await openRoom(author!, [alice!]);
    const ear = await listen(alice!, `chat:${chatId}`, { broadcast: { replication_ready: true } });
    await until("the word", () => ear.system.length > 0);
    const { extension, status, message } = ear.system[0]!;
    deepStrictEqual([extension, status, message], ["system", "ok", "Replication connection established"]);
    await send(author!, chatId, "at once");
    await until("the message", () => created(ear).length === 1);
  },

  async rows_come_without_loss_after_the_word_and_have_the_readers_columns() {
    const [author, alice, stranger] = await signUps(3);
    const { chatId } = await openRoom(author!, [alice!]);
    const filter = { event: "*", schema: "public", table: "messages", filter: `chat_id=eq.${chatId}` } as const;
    const seen = [alice!, stranger!].map(({ supabase }) => {
      const rows: any[] = [];
      const system: string[] = [];
      supabase.channel("rows")
        .on("postgres_changes", filter, (row) => rows.push(row))
        .on("system", {}, ({ extension, status }) => system.push(`${extension} ${status}`))
        .subscribe();
      return { rows, system };
    });
    for (const { system } of seen) await until("the word", () => system.includes("postgres_changes ok"));
    const sent = await send(author!, chatId, 'Hello, "(\\,)" \n ünd');
    await author!.api("PATCH", `/chats/${chatId}/messages/${sent.id}`, { text: "Hello, Alice!" });
    for (let n = 0; n < 5; n++) await send(author!, chatId, `${n}`);
    await until("seven rows", () => seen[0]!.rows.length >= 7);
    const [first, second] = seen[0]!.rows;
    deepStrictEqual([first.eventType, first.schema, first.table, first.new.text, first.new.rev, first.old],
      ["INSERT", "public", "messages", 'Hello, "(\\,)" \n ünd', 1, {}]);
    deepStrictEqual([second.eventType, second.new.text, second.new.rev, second.old], ["UPDATE", "Hello, Alice!", 2, { id: sent.id }]);
    deepStrictEqual(Date.parse(first.new.created_at), Date.parse(sent.createdAt));
    const [row] = await sql`select * from public.messages where id = ${sent.id}`;
    deepStrictEqual(Object.keys(second.new).sort(), Object.keys(row!).sort());
    // A deletion hides the row, and says nothing.
    await author!.api("DELETE", `/chats/${chatId}/messages/${sent.id}`);
    await pause(SILENCE);
    deepStrictEqual([seen[0]!.rows.length, seen[1]!.rows.length], [7, 0]);
  },

  async what_cannot_be_subscribed_to_is_told() {
    const [alice] = await signUps(1);
    for (const asked of [{ table: "unheard_of" }, { table: "messages", filter: "unheard=eq.1" }, { table: "messages", filter: "chat_id=eq.1" }]) {
      const system: string[] = [];
      const channel = alice!.supabase.channel("rows")
        .on("postgres_changes", { event: "*", schema: "public", ...asked }, () => {})
        .on("system", {}, ({ extension, status }) => system.push(`${extension} ${status}`))
        .subscribe();
      await until("the word", () => system.length > 0);
      deepStrictEqual(system[0], "postgres_changes error", JSON.stringify(asked));
      await alice!.supabase.removeChannel(channel);
    }
  },

  async a_hundred_channels_are_the_most_of_a_socket() {
    const [author, alice] = await signUps(2);
    const { chatId } = await openRoom(author!, [alice!]);
    await alice!.supabase.realtime.setAuth();
    const rooms = Array.from({ length: 99 }, (_, n) => hear(alice!.supabase, `room:${chatId}:${n}`, {}));
    const ear = await listen(alice!, `chat:${chatId}`);
    await until("a hundred channels", () => [...rooms, ear].every(({ status }) => status === "SUBSCRIBED"));
    const more = await listen(alice!, `user:${alice!.id}`);
    deepStrictEqual(more.statuses[0], "CHANNEL_ERROR");
    match(more.error!, /Too many channels/);
    await send(author!, chatId, "to one of a hundred");
    await until("the message", () => created(ear).length === 1);
    await alice!.supabase.removeAllChannels();
  },
};

async function present({ id, supabase }: User, topic: string) {
  await supabase.realtime.setAuth();
  const channel = supabase.channel(topic, { config: { private: true, presence: { key: id } } });
  let joined = false;
  channel.on("presence", { event: "sync" }, () => {}).subscribe((status) => (joined ||= status === "SUBSCRIBED"));
  await until("the join", () => joined);
  await channel.track({});
  return channel;
}
