// Jumps in a long chat, the first unread message, and searches: with the chat for tests.
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { createTestChat, type TestChatOptions } from "supabase-chat-client/testing";
import { FakeClock } from "../clock.ts";
import { run } from "./run.ts";

const COUNT = 2_000;
const chats = [{ id: "duo", people: ["bob"] }, { id: "trio", people: ["bob", "eve"], name: "Trio" }];
const messages = Array.from({ length: COUNT }, (_, n) => ({ id: `m${n}`, chatId: "duo", from: n % 3 ? "bob" : "alice", text: `${n}` }));

async function begin(more: TestChatOptions = {}) {
  const test = createTestChat({ me: "alice", chats, messages, ...more });
  test.client.start();
  const chat = test.client.chat("duo");
  chat.open();
  await test.settled();
  /** The first and the last message that are shown, how many they are, and whether there are more. */
  const shown = () => {
    const { messages: list, hasOlder, hasNewer } = chat.getSnapshot();
    return `${hasOlder ? "… " : ""}${list[0]?.text} to ${list.at(-1)?.text}: ${list.length}${hasNewer ? " …" : ""}`;
  };
  const texts = () => chat.getSnapshot().messages.map(({ text }) => text);
  const asked = (request: (typeof test.requests)[number]) => test.requests.filter((each) => each === request).length;
  return { ...test, chat, shown, texts, asked, bob: test.person("bob"), [Symbol.dispose]: () => test.client.stop() };
}

await run("jumps and search", {
  async a_jump_shows_the_messages_around_one() {
    using it = await begin();
    strictEqual(it.shown(), "… 1900 to 1999: 100");
    strictEqual(await it.chat.jumpTo("m1000"), "shown");
    strictEqual(it.shown(), "… 950 to 1049: 100 …");
    await it.chat.loadOlder();
    await it.chat.loadNewer();
    strictEqual(it.shown(), "… 850 to 1149: 300 …");
    strictEqual(await it.chat.jumpTo("m10"), "shown");
    strictEqual(it.shown(), "0 to 59: 60 …");
  },

  async what_is_held_is_shown_without_a_request() {
    using it = await begin();
    await it.chat.jumpTo("m1000");
    await it.chat.jumpTo("m500");
    const asked = it.asked("messages");
    strictEqual(await it.chat.jumpTo("m1010"), "shown");
    strictEqual(it.shown(), "… 950 to 1049: 100 …");
    strictEqual(await it.chat.jumpTo("m490"), "shown");
    await it.chat.loadNewest();
    strictEqual(it.shown(), "… 1900 to 1999: 100");
    strictEqual(it.asked("messages"), asked);
  },

  async windows_that_meet_become_one() {
    using it = await begin();
    await it.chat.jumpTo("m1800");
    strictEqual(it.shown(), "… 1750 to 1849: 100 …");
    await it.chat.loadNewer();
    strictEqual(it.shown(), "… 1750 to 1999: 250");
    await it.chat.jumpTo("m1700");
    strictEqual(it.shown(), "… 1650 to 1749: 100 …", "side by side is not known to be one");
    await it.chat.loadNewer();
    strictEqual(it.shown(), "… 1650 to 1999: 350");
    // The one page has messages of both.
    await it.chat.jumpTo("m1600");
    await it.chat.loadOlder();
    await it.chat.jumpTo("m1645");
    strictEqual(it.shown(), "… 1450 to 1649: 200 …");
  },

  async each_window_stays_right_while_another_one_is_shown() {
    // They may be edited still.
    const createdAt = (n: number) => new Date(Date.now() - (500 - n) * 10).toISOString();
    using it = await begin({ messages: messages.slice(-500).map((message, n) => ({ ...message, createdAt: createdAt(n) })) });
    await it.chat.jumpTo("m1700");
    await it.chat.jumpTo("m1600");
    it.bob.edit("duo", "m1703", "edited");
    it.bob.remove("duo", "m1702");
    it.bob.edit("duo", "m1996", "edited too");
    it.bob.send("duo", "new");
    await it.settled();
    strictEqual(it.shown(), "… 1550 to 1649: 100 …");
    const asked = it.asked("messages");
    await it.chat.jumpTo("m1700");
    deepStrictEqual([it.texts().length, it.texts().indexOf("edited"), it.texts().indexOf("1702")], [99, 52, -1]);
    await it.chat.loadNewest();
    deepStrictEqual(it.texts().slice(-5), ["edited too", "1997", "1998", "1999", "new"]);
    strictEqual(it.asked("messages"), asked);
    // Events were lost.
    await it.chat.jumpTo("m1600");
    it.setConnection("polling");
    it.bob.remove("duo", "m1700");
    it.bob.send("duo", "newer");
    await it.client.refresh();
    await it.chat.jumpTo("m1701");
    deepStrictEqual(it.texts().slice(48, 52), ["1698", "1699", "1701", "edited"]);
    await it.chat.loadNewest();
    strictEqual(it.texts().at(-1), "newer");
  },

  async all_windows_together_are_bounded_and_the_newest_goes_last() {
    using it = await begin();
    for (let n = 100; n < 1_900; n += 100) strictEqual(await it.chat.jumpTo(`m${n}`), "shown");
    const asked = it.asked("messages");
    await it.chat.jumpTo("m1700");
    await it.chat.loadNewest();
    strictEqual(it.asked("messages"), asked, "the last ones and the newest are held");
    await it.chat.jumpTo("m300");
    strictEqual(it.asked("messages"), asked + 1, "the first ones are not");
    for (let pages = 0; pages < 8; pages++) await it.chat.loadNewer();
    strictEqual(it.shown(), "… 550 to 1149: 600 …");
    await it.chat.loadNewest();
    strictEqual(it.shown(), "… 1900 to 1999: 100");
  },

  async what_is_not_there_is_told() {
    using it = await begin();
    it.bob.remove("duo", "m1000");
    for (const id of ["m1000", "nonsense"]) strictEqual(await it.chat.jumpTo(id), "not_found", id);
    deepStrictEqual([it.shown(), it.chat.getSnapshot().error], ["… 1900 to 1999: 100", null]);
    it.fail("messages", "network");
    it.fail("changes", "network");
    strictEqual(await it.chat.jumpTo("m500"), "failed");
    strictEqual(it.chat.getSnapshot().error?.code, "network");
    strictEqual(await it.chat.jumpTo("m500"), "shown");
    it.chat.close();
    strictEqual(await it.chat.jumpTo("m500"), "failed");
  },

  async the_last_way_wins() {
    using it = await begin();
    deepStrictEqual(await Promise.all([it.chat.jumpTo("m300"), it.chat.jumpTo("m600")]), ["failed", "shown"]);
    strictEqual(it.shown(), "… 550 to 649: 100 …");
    const jump = it.chat.jumpTo("m1200");
    await it.chat.loadNewest();
    deepStrictEqual([await jump, it.shown()], ["failed", "… 1900 to 1999: 100"]);
    const older = it.chat.loadOlder();
    strictEqual(await it.chat.jumpTo("m600"), "shown");
    strictEqual(it.chat.getSnapshot().loadingOlder, false);
    await Promise.all([older, it.chat.loadOlder()]);
    strictEqual(it.shown(), "… 450 to 649: 200 …");
  },

  async a_jump_waits_for_the_first_answer() {
    using it = await begin();
    it.chat.close();
    it.chat.open();
    strictEqual(await it.chat.jumpTo("m1000"), "shown");
    strictEqual(it.shown(), "… 950 to 1049: 100 …");
  },

  async own_messages_are_shown_and_edits_stay_where_they_are() {
    using it = await begin({ messages: [...messages.slice(0, 1_000), { id: "own", chatId: "duo", from: "alice", text: "own", createdAt: new Date().toISOString() }] });
    for (let n = 0; n < 150; n++) it.bob.send("duo", `later ${n}`);
    await it.chat.jumpTo("own");
    await it.chat.jumpTo("m500");
    await it.chat.edit("own", "edited");
    strictEqual(it.shown(), "… 450 to 549: 100 …");
    const { sent } = it.chat.send({ text: "mine" });
    strictEqual(it.texts().at(-1), "mine");
    await sent;
    strictEqual(it.texts().at(-1), "mine");
    strictEqual(it.chat.getSnapshot().hasNewer, false);
    // Who goes somewhere else while a message waits stays there.
    it.setConnection("offline");
    it.chat.send({ text: "late" });
    strictEqual(await it.chat.jumpTo("m500"), "shown");
    it.setConnection("live");
    await it.settled();
    strictEqual(it.messages("duo").at(-1)?.text, "late");
    strictEqual(it.shown().startsWith("… 450 to"), true);
  },

  async the_first_unread_message_is_known_before_it_is_loaded() {
    using it = await begin({ chats: [{ ...chats[0]!, unread: 300 }] });
    const { firstUnreadId } = it.chat.getSnapshot();
    strictEqual(it.asked("messages"), 2);
    const first = it.messages("duo").filter(({ senderId }) => senderId === "bob").at(-300);
    strictEqual(firstUnreadId, first?.id);
    ok(!it.texts().includes(first!.text));
    it.chat.markRead();
    await it.settled();
    strictEqual(it.client.unread.getSnapshot().messages, 0);
    strictEqual(await it.chat.jumpTo("unread"), "shown");
    strictEqual(it.texts()[50], first?.text, "though all is read meanwhile");
    // The line moves on when its message is deleted.
    it.bob.remove("duo", firstUnreadId!);
    await it.settled();
    const next = it.messages("duo").find(({ senderId, createdAt }) => senderId === "bob" && createdAt > first!.createdAt);
    strictEqual(it.chat.getSnapshot().firstUnreadId, next?.id);
  },

  async what_is_marked_at_once_waits_for_the_first_unread_message() {
    using it = await begin({ chats: [{ ...chats[0]!, unread: 300 }] });
    it.chat.close();
    const unsubscribe = it.chat.subscribe(() => it.chat.markRead());
    const asked = it.requests.length;
    it.chat.open();
    await it.settled();
    unsubscribe();
    const requests = it.requests.slice(asked).filter((each) => each === "messages" || each === "markRead");
    deepStrictEqual(requests, ["messages", "messages", "markRead"]);
    ok(it.chat.getSnapshot().firstUnreadId);
  },

  async without_an_unread_message_it_is_the_newest() {
    using it = await begin();
    await it.chat.jumpTo("m100");
    strictEqual(await it.chat.jumpTo("unread"), "shown");
    strictEqual(it.shown(), "… 1900 to 1999: 100");
    // The first unread one is gone, and nobody has seen that.
    using other = await begin({ chats: [{ ...chats[0]!, unread: 300 }] });
    const { firstUnreadId } = other.chat.getSnapshot();
    other.bob.remove("duo", firstUnreadId!);
    await other.settled();
    strictEqual(await other.chat.jumpTo("unread"), "shown");
    const second = other.messages("duo").filter(({ senderId }) => senderId === "bob").at(-299);
    strictEqual(other.chat.getSnapshot().firstUnreadId, second?.id);
  },

  async a_search_finds_words_in_all_chats_or_in_one() {
    using it = await begin({ messages: [
      { chatId: "duo", from: "bob", text: "Crème brûlée" }, { chatId: "trio", from: "eve", text: "I scream for ice cream" },
      { chatId: "trio", from: "alice", text: "Creme?" },
    ] });
    const find = async (...search: Parameters<typeof it.client.search>) => (await it.client.search(...search)).data.map(({ text }) => text);
    deepStrictEqual(await find(" CREM "), ["Creme?", "Crème brûlée"]);
    deepStrictEqual(await find("crem", { chatId: "duo" }), ["Crème brûlée"]);
    deepStrictEqual(await find("cre", { senderId: "eve" }), ["I scream for ice cream"]);
    deepStrictEqual(await find("brulee creme"), ["Crème brûlée"]);
    const asked = it.requests.length;
    deepStrictEqual(await it.client.search(" "), { data: [], nextCursor: null });
    strictEqual(it.requests.length, asked);
    await rejects(it.client.search("?"), { status: 400, code: "invalid_request" });
    await rejects(it.client.search("x", { chatId: "quartet" }), { status: 404, code: "chat_not_found" });
  },

  async a_search_has_pages_and_an_end() {
    using it = await begin({ messages: messages.map((message) => ({ ...message, text: "word" })) });
    const first = await it.client.search("word");
    const second = await it.client.search("word", { cursor: first.nextCursor });
    deepStrictEqual([first, second].map(({ data }) => [data[0]?.id, data.at(-1)?.id]), [["m1999", "m1950"], ["m1949", "m1900"]]);
    const cancelled = new AbortController();
    const search = it.client.search("word", { signal: cancelled.signal });
    cancelled.abort();
    await rejects(search, { code: "aborted" });
    it.client.stop();
    await rejects(it.client.search("word"), { code: "signed_out" });
  },

  async a_search_waits_when_the_server_says_so_and_so_do_those_after_it() {
    const clock = new FakeClock();
    using it = await begin({ adapters: { clock } });
    it.fail("search", { status: 429, code: "rate_limited", retryAfterMs: 7_000 });
    const first = it.client.search("1500");
    await it.settled();
    const second = it.client.search("1501");
    clock.advance(6_000);
    await it.settled();
    strictEqual(it.asked("search"), 1);
    clock.advance(1_000);
    deepStrictEqual((await Promise.all([first, second])).map(({ data }) => data.map(({ id }) => id)), [["m1500"], ["m1501"]]);
    strictEqual(it.asked("search"), 3);
    // Nothing waits for ever.
    it.fail("search", { status: 503, code: "unavailable", retryAfterMs: 7_000 });
    const third = rejects(it.client.search("1502"), { code: "signed_out" });
    await it.settled();
    it.client.stop();
    await third;
    strictEqual(clock.waiting, 0);
  },
});
