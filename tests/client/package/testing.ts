// `supabase-chat-client/testing`: what a test of an app does with it.
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { isPending, type ChatSnapshot, type Pending } from "supabase-chat-client";
import { createTestChat, type TestChatOptions } from "supabase-chat-client/testing";
import { FakeClock } from "../clock.ts";
import { run } from "./run.ts";

const options: TestChatOptions = {
  me: "alice",
  chats: [{ id: "duo", people: ["bob"], unread: 1 }, { id: "trio", people: ["bob", "eve"], name: "Trio" }],
  messages: [{ chatId: "duo", from: "alice", text: "Hi" }, { chatId: "duo", from: "bob", text: "Hello" }],
};

async function begin(more: TestChatOptions = {}) {
  const test = createTestChat({ ...options, ...more });
  test.client.start();
  const chat = test.client.chat("duo");
  chat.open();
  await test.settled();
  const texts = () => chat.getSnapshot().messages.map((message) => `${message.text}${isPending(message) ? "…" : ""}`);
  return { ...test, chat, texts, bob: test.person("bob"), [Symbol.dispose]: () => test.client.stop() };
}

const other = ({ status, typing, present, reads, firstUnreadId }: ChatSnapshot) => ({ status, typing, present, reads, firstUnreadId });

await run("testing", {
  async what_is_there_from_the_beginning_is_shown() {
    using it = await begin();
    deepStrictEqual(it.texts(), ["Hi", "Hello"]);
    const reads = { bob: it.messages("duo")[1]?.createdAt };
    deepStrictEqual(other(it.chat.getSnapshot()), { status: "ready", typing: [], present: ["alice"], reads, firstUnreadId: "message-2" });
    deepStrictEqual(it.client.chats.getSnapshot()?.map(({ id, type, name, unreadCount }) => [id, type, name, unreadCount]), [
      ["duo", "direct", null, 1],
      ["trio", "approved_group", "Trio", 0],
    ]);
    deepStrictEqual([it.client.unread.getSnapshot(), it.client.connection.getSnapshot()], [{ chats: 1, messages: 1, mentions: 0 }, "live"]);
  },

  async a_long_chat_has_pages() {
    const messages = Array.from({ length: 250 }, (_, n) => ({ chatId: "duo", from: "bob", text: `${n}` }));
    using it = await begin({ messages });
    deepStrictEqual([it.texts().length, it.chat.getSnapshot().hasOlder], [100, true]);
    await it.chat.loadOlder();
    await it.chat.loadOlder();
    deepStrictEqual([it.texts().length, it.chat.getSnapshot().hasOlder, it.texts()[0]], [250, false, "0"]);
  },

  async others_send_edit_remove_type_read_come_and_go() {
    using it = await begin();
    const { chat, bob } = it;
    bob.typing("duo");
    deepStrictEqual(chat.getSnapshot().typing, ["bob"]);
    const { id } = bob.send("duo", "Nwes");
    deepStrictEqual([it.texts(), chat.getSnapshot().typing], [["Hi", "Hello", "Nwes"], []]);
    bob.edit("duo", id, "News");
    await it.settled();
    deepStrictEqual(it.texts(), ["Hi", "Hello", "News"]);
    const { createdAt, editableUntil } = (await chat.send({ text: "Ah" }).sent)!;
    const own = chat.getSnapshot().messages.at(-1)!;
    ok(editableUntil !== null && "editableUntil" in own && own.editableUntil === editableUntil, "an own message can be edited");
    bob.markRead("duo");
    bob.open("duo");
    deepStrictEqual(other(chat.getSnapshot()), {
      status: "ready", typing: [], present: ["alice", "bob"], reads: { bob: createdAt }, firstUnreadId: "message-2",
    });
    bob.close("duo");
    deepStrictEqual(chat.getSnapshot().present, ["alice"]);
    bob.remove("duo", id);
    await it.settled();
    deepStrictEqual(it.texts(), ["Hi", "Hello", "Ah"]);
    strictEqual(it.client.unread.getSnapshot().messages, 1);
  },

  async groups_lose_and_gain_people_and_stay_live() {
    using it = await begin();
    const trio = it.client.chat("trio");
    trio.open();
    await it.settled();
    it.person("eve").leave("trio");
    await it.settled();
    deepStrictEqual(trio.getSnapshot().chat?.participants, ["alice", "bob"]);
    it.person("zoe").join("trio");
    await it.settled();
    deepStrictEqual(trio.getSnapshot().chat?.participants, ["alice", "bob", "zoe"]);
    it.person("zoe").send("trio", "Hello all");
    strictEqual(trio.getSnapshot().messages.at(-1)?.text, "Hello all");
    // The user, on another device.
    it.person("alice").leave("trio");
    await it.settled();
    deepStrictEqual([trio.getSnapshot().status, it.client.chats.getSnapshot()?.map(({ id }) => id)], ["gone", ["duo"]]);
  },

  async a_direct_chat_that_was_left_comes_back_without_its_history() {
    using it = await begin();
    await it.chat.leave();
    await it.settled();
    deepStrictEqual([it.chat.getSnapshot().status, it.client.chats.getSnapshot()?.length], ["gone", 1]);
    it.bob.send("duo", "Are you there?");
    await it.settled();
    deepStrictEqual([it.texts(), it.client.unread.getSnapshot()], [["Are you there?"], { chats: 1, messages: 1, mentions: 0 }]);
    const opened = await it.client.openDirect("zoe");
    deepStrictEqual([opened.type, opened.participants], ["direct", ["alice", "zoe"]]);
    strictEqual((await it.client.openDirect("zoe")).id, opened.id);
    it.person("yan").openDirect("alice");
    await it.settled();
    strictEqual(it.client.chats.getSnapshot()?.length, 4);
  },

  async settings_sort_hide_mute_and_mark_chats() {
    using it = await begin();
    const { client } = it;
    const shown = () => [client.chats, client.archivedChats].map((store) => store.getSnapshot()?.map(({ id }) => id));
    const unread = () => client.unread.getSnapshot();
    deepStrictEqual(shown(), [["duo", "trio"], []]);
    const { settings } = await it.client.updateSettings("trio", { pinned: true, notify: "mentions" });
    deepStrictEqual(settings, { mutedUntil: null, notify: "mentions", archived: false, pinned: true, markedUnread: false });
    deepStrictEqual(shown(), [["trio", "duo"], []]);
    await it.client.updateSettings("trio", { markedUnread: true });
    deepStrictEqual(unread(), { chats: 2, messages: 1, mentions: 0 });
    await it.chat.updateSettings({ mutedUntil: "2999-01-01T00:00:00Z" });
    deepStrictEqual([unread(), it.chat.getSnapshot().chat?.settings.mutedUntil], [{ chats: 1, messages: 0, mentions: 0 }, "2999-01-01T00:00:00.000000Z"]);
    // The user, on another device.
    it.person("alice").updateSettings("duo", { archived: true });
    it.person("alice").updateSettings("trio", { archived: true });
    await it.settled();
    deepStrictEqual([shown(), unread()], [[[], ["trio", "duo"]], { chats: 0, messages: 0, mentions: 0 }]);
    it.bob.send("duo", "muted");
    it.bob.send("trio", "loud");
    await it.settled();
    deepStrictEqual([shown(), unread()], [[["trio"], ["duo"]], { chats: 1, messages: 1, mentions: 0 }]);
    it.fail("updateSettings", { status: 429, code: "rate_limited" });
    await rejects(it.client.updateSettings("trio", { pinned: false }), { code: "rate_limited" });
    deepStrictEqual(client.chats.getSnapshot()?.[0]?.settings.pinned, true);
  },

  async a_chat_can_begin_with_settings() {
    using it = await begin({ chats: [{ id: "duo", people: ["bob"], settings: { archived: true } }], messages: [] });
    deepStrictEqual([it.client.chats.getSnapshot(), it.client.archivedChats.getSnapshot()?.length], [[], 1]);
  },

  async a_long_list_has_pages_and_so_have_its_changes() {
    const people = ["bob"];
    const chats = Array.from({ length: 250 }, (_, n) => ({ id: `${n}`, people, name: `${n}`, settings: { archived: n % 2 === 0 } }));
    using it = await begin({ chats, messages: [] });
    const count = () => [it.client.chats, it.client.archivedChats].map((store) => store.getSnapshot()?.length);
    deepStrictEqual(count(), [125, 125]);
    it.setConnection("offline");
    for (const { id } of chats) it.bob.send(id, "News");
    for (const { id } of chats.slice(0, 120)) it.person("alice").leave(id);
    it.setConnection("live");
    await it.settled();
    deepStrictEqual(count(), [130, 0]);
    ok(it.client.chats.getSnapshot()?.every(({ lastMessage }) => lastMessage?.text === "News"));
  },

  async a_refused_send_is_tried_again_or_taken_back() {
    using it = await begin();
    it.fail("send", { status: 403, code: "not_friends", message: "You are not friends." }, 2);
    const [first, second] = [it.chat.send({ text: "one" }), it.chat.send({ text: "two" })];
    await it.settled();
    const failed = it.chat.getSnapshot().messages.filter(isPending);
    deepStrictEqual(failed.map(({ state, error }) => [state, error?.code, error?.message]),
      Array(2).fill(["failed", "not_friends", "You are not friends."]));
    failed[0]?.retry();
    failed[1]?.cancel();
    deepStrictEqual([(await first.sent)?.text, await second.sent], ["one", undefined]);
    deepStrictEqual(it.texts(), ["Hi", "Hello", "one"]);
    await rejects(it.chat.edit(it.messages("duo")[1]!.id, "No"), { status: 403, code: "not_sender" });
  },

  async a_lost_answer_does_not_send_twice() {
    const clock = new FakeClock();
    using it = await begin({ adapters: { clock } });
    it.fail("send", "lost");
    it.chat.send({ text: "once" });
    await it.settled();
    strictEqual(it.messages("duo").length, 3);
    clock.advance(2_000);
    await it.settled();
    deepStrictEqual([it.texts(), it.messages("duo").length], [["Hi", "Hello", "once"], 3]);
    strictEqual(it.requests.filter((request) => request === "send").length, 2);
  },

  async a_server_s_wish_to_wait_is_obeyed() {
    const clock = new FakeClock();
    using it = await begin({ adapters: { clock } });
    it.fail("send", { status: 429, code: "rate_limited", retryAfterMs: 20_000 });
    it.chat.send({ text: "later" });
    await it.settled();
    clock.advance(19_000);
    await it.settled();
    deepStrictEqual(it.texts(), ["Hi", "Hello", "later…"]);
    clock.advance(2_000);
    await it.settled();
    deepStrictEqual(it.texts(), ["Hi", "Hello", "later"]);
  },

  async without_realtime_it_polls_and_offline_it_waits() {
    const clock = new FakeClock();
    using it = await begin({ adapters: { clock } });
    it.setConnection("polling");
    await it.settled();
    it.bob.send("duo", "one");
    await it.settled();
    deepStrictEqual([it.client.connection.getSnapshot(), it.texts()], ["polling", ["Hi", "Hello"]]);
    clock.advance(5_000);
    await it.settled();
    deepStrictEqual(it.texts(), ["Hi", "Hello", "one"]);
    it.setConnection("offline");
    it.chat.send({ text: "two" });
    await it.settled();
    deepStrictEqual([it.client.connection.getSnapshot(), it.texts(), it.messages("duo").length], ["offline", ["Hi", "Hello", "one", "two…"], 3]);
    it.setConnection("live");
    await it.settled();
    deepStrictEqual([it.client.connection.getSnapshot(), it.texts()], ["live", ["Hi", "Hello", "one", "two"]]);
    it.bob.send("duo", "three");
    strictEqual(it.texts().at(-1), "three");
  },

  async answers_can_be_late() {
    using it = await begin();
    it.delay(30);
    const sent = it.chat.send({ text: "slow" });
    await new Promise((resolve) => setTimeout(resolve, 5));
    deepStrictEqual([it.texts().at(-1), it.messages("duo").length], ["slow", 3], "its event came before its answer");
    await it.settled();
    strictEqual((await sent.sent)?.text, "slow");
  },

  async a_file_goes_up_and_has_urls() {
    using it = await begin();
    it.fail("file", "network");
    const pending = it.chat.send({ file: { name: "a.png", type: "image/png", size: 3, width: 1, height: 2 } });
    await it.settled();
    const [waiting] = it.chat.getSnapshot().messages.filter(isPending);
    deepStrictEqual([waiting?.state, waiting?.file?.name], ["queued", "a.png"]);
    waiting?.retry();
    const message = await pending.sent;
    deepStrictEqual(message?.attachment, {
      path: "duo/alice/1-a.png", fileName: "a.png", contentType: "image/png", size: 3, width: 1, height: 2,
    });
    strictEqual(await it.client.fileUrl(message!), "https://files.test/duo/alice/1-a.png?token=test");
  },

  async reactions_are_shown_at_once_and_others_react_too() {
    using it = await begin();
    const { chat, bob } = it;
    const shown = () => chat.getSnapshot().messages.map((message) =>
      isPending(message) ? "" : message.reactions.map(({ emoji, count, mine }) => `${emoji}${count}${mine ? "!" : ""}`).join(" "));
    const { id } = it.messages("duo")[1]!;
    const done = chat.react(id, "👍");
    deepStrictEqual(shown(), ["", "👍1!"]);
    bob.react("duo", id, "👍");
    bob.react("duo", id, "🎉");
    await it.settled();
    deepStrictEqual([(await done).reactions[0]?.userIds.length, shown()], [2, ["", "👍2! 🎉1"]]);
    deepStrictEqual((await chat.reactions(id)).data.map(({ userId, emoji }) => `${userId} ${emoji}`), ["bob 👍", "bob 🎉", "alice 👍"]);
    deepStrictEqual((await chat.reactions(id, { emoji: "🎉" })).data.map(({ userId }) => userId), ["bob"]);
    await chat.unreact(id, "👍");
    bob.unreact("duo", id, "🎉");
    await it.settled();
    deepStrictEqual(shown(), ["", "👍1"]);
    it.fail("react", { status: 403, code: "blocked" });
    const refused = rejects(chat.react(id, "👍"), { code: "blocked" });
    deepStrictEqual(shown(), ["", "👍2!"]);
    await refused;
    deepStrictEqual(shown(), ["", "👍1"]);
    await rejects(chat.react(id, "a b"), { status: 400, code: "invalid_request" });
    for (let kind = 0; kind < 19; kind++) bob.react("duo", id, `kind-${kind}`);
    await rejects(chat.react(id, "kind-19"), { status: 400, code: "invalid_request" });
    it.setConnection("polling");
    bob.react("duo", id, "👍");
    await it.client.refresh();
    strictEqual(shown()[1]?.startsWith("👍1 "), true);
  },

  async replies_quote_and_mentions_are_counted() {
    using it = await begin();
    const { chat, bob, client } = it;
    const last = () => chat.getSnapshot().messages.at(-1)!;
    const { id } = it.messages("duo")[1]!;
    const quote = { id, senderId: "bob", text: "Hello", hasAttachment: false };
    const said = chat.send({ text: "Yes", replyToId: id, mentions: ["bob"] });
    deepStrictEqual([said.replyTo, said.mentions], [quote, ["bob"]]);
    await it.settled();
    deepStrictEqual([(await said.sent)?.replyTo, last().replyTo, last().mentions], [quote, quote, ["bob"]]);
    bob.edit("duo", id, "Hello!");
    await it.settled();
    deepStrictEqual(last().replyTo, { ...quote, text: "Hello!" });
    bob.remove("duo", id);
    await it.settled();
    deepStrictEqual(last().replyTo, { id, unavailable: true });
    chat.send({ text: "Still?", replyToId: id });
    await it.settled();
    ok(isPending(last()) && (last() as Pending).error?.code === "invalid_request");

    const { id: mention } = bob.send("duo", { text: "@Alice", mentions: ["alice"] });
    await it.settled();
    const unread = () => client.chats.getSnapshot()?.find((each) => each.id === "duo")?.unreadMentions;
    deepStrictEqual([unread(), (await client.mentions()).data.map(({ text }) => text)], [1, ["@Alice"]]);
    bob.edit("duo", mention, "@Bob", { mentions: ["bob"] });
    await it.settled();
    deepStrictEqual([unread(), (await client.mentions()).data], [0, []]);
    bob.edit("duo", mention, "@Alice", { mentions: ["alice"] });
    await it.settled();
    strictEqual(unread(), 1);
    chat.markRead();
    await it.settled();
    strictEqual(unread(), 0);
  },

  async signing_in_as_somebody_else_shows_their_chats() {
    using it = await begin();
    it.signIn("eve");
    await it.settled();
    deepStrictEqual([it.client.me.getSnapshot(), it.client.chats.getSnapshot()?.map(({ id }) => id), it.chat.getSnapshot().status], [
      "eve", ["trio"], "gone",
    ]);
    it.signIn(null);
    deepStrictEqual([it.client.me.getSnapshot(), it.client.chats.getSnapshot()], [null, undefined]);
  },

  async a_mistake_of_the_test_says_what_it_is() {
    using it = await begin();
    const refused = (act: () => unknown) => {
      try {
        act();
      } catch (error) {
        return (error as Error).message;
      }
    };
    strictEqual(refused(() => it.bob.send("dou", "Hi")), "there is no chat dou");
    strictEqual(refused(() => it.person("eve").send("duo", "Hi")), "eve is not in the chat duo");
    ok(refused(() => it.bob.send("duo", " ")));
  },
});
