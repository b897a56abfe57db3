// A page that marks what it shows, as the README's does: what else on the screen shows of that. On the React that this is bundled with.
import "./dom.ts";
import { deepStrictEqual, strictEqual } from "node:assert";
import { useEffect, version, type ReactNode } from "react";
import { ChatProvider, useChat, useChats, useMentions, useUnread, type UsedChat } from "supabase-chat-client/react";
import { createTestChat, type TestChat } from "supabase-chat-client/testing";
import { run } from "./run.ts";
import { after, mount } from "./screen.ts";

let shown: UsedChat;

function Page(): ReactNode {
  shown = useChat("duo");
  const { messages, markRead } = shown;
  useEffect(() => markRead(), [messages, markRead]);
  return messages.length;
}

function ChatList(): ReactNode {
  const unread = useUnread();
  return `${useChats()?.map(({ id, unreadCount }) => `${id}:${unreadCount}`)} unread:${unread.chats}`;
}

const Mentions = () => useMentions().messages?.[0]?.text;
const app = ({ client }: TestChat, content: ReactNode) => <ChatProvider client={client}>{content}</ChatProvider>;

await run(`reading, on React ${version}`, {
  async what_comes_into_an_open_chat_is_read_without_a_flash() {
    const chat = createTestChat({ me: "alice", chats: [{ id: "duo", people: ["bob"] }], messages: [{ chatId: "duo", from: "bob", text: "Hello" }] });
    const { client } = chat;
    const states = new Set<string>();
    const note = () => states.add(`${client.chats.getSnapshot()?.[0]?.unreadCount} ${JSON.stringify(client.unread.getSnapshot())}`);
    const screen = await mount(app(chat, <><Page /> <Mentions /></>));
    await after(() => chat.settled());
    note();
    const stops = [client.chats.subscribe(note), client.unread.subscribe(note)];
    chat.delay(50);
    for (const text of ["One", "Two"]) await after(() => chat.person("bob").send("duo", { text, mentions: ["alice"] }));
    strictEqual(shown.messages.length, 3);
    await after(() => chat.settled());
    deepStrictEqual([...states], ['0 {"chats":0,"messages":0,"mentions":0}']);
    strictEqual(screen.text, "3 Two", "the list of mentions has it, though it was read at once");
    // The second mark waits for a second.
    await after(() => new Promise((resolve) => setTimeout(resolve, 1_200)));
    await after(() => chat.settled());
    strictEqual(chat.requests.filter((request) => request === "markRead").length, 2);
    deepStrictEqual([...states], ['0 {"chats":0,"messages":0,"mentions":0}']);
    stops.forEach((stop) => stop());
    await screen.unmount();
  },

  async a_mark_that_is_refused_gives_the_count_back() {
    const chat = createTestChat({ me: "alice", chats: [{ id: "duo", people: ["bob"] }] });
    const screen = await mount(app(chat, <><Page /> <ChatList /></>));
    await after(() => chat.settled());
    chat.delay(50);
    chat.fail("markRead", { status: 403, code: "not_participant" });
    await after(() => chat.person("bob").send("duo", "Hello"));
    strictEqual(screen.text, "1 duo:0 unread:0");
    await after(() => chat.settled());
    strictEqual(screen.text, "1 duo:1 unread:1");
    await after(() => chat.person("bob").send("duo", "Again"));
    strictEqual(screen.text, "2 duo:0 unread:0");
    await after(() => new Promise((resolve) => setTimeout(resolve, 2_500)));
    strictEqual(screen.text, "2 duo:0 unread:0");
    await screen.unmount();
  },

  async an_open_chat_that_is_marked_as_unread_stays_so_until_something_new_comes() {
    const chat = createTestChat({
      me: "alice", chats: [{ id: "duo", people: ["bob"] }],
      messages: [{ id: "his", chatId: "duo", from: "bob", text: "Hello" }, { id: "own", chatId: "duo", from: "alice", text: "Hi" }],
    });
    const [bob, alice] = [chat.person("bob"), chat.person("alice")];
    const marked = () => chat.client.chats.getSnapshot()?.[0]?.settings.markedUnread;
    const marks = () => chat.requests.filter((request) => request === "markRead").length;
    const screen = await mount(app(chat, <Page />));
    await after(() => chat.settled());
    const asked = marks();
    await after(() => chat.client.updateSettings("duo", { markedUnread: true }));
    await after(() => chat.settled());
    for (const happens of [
      () => bob.react("duo", "own", "👍"), () => bob.edit("duo", "his", "Hello!"), () => bob.typing("duo"), () => alice.edit("duo", "own", "Hi!"),
      () => shown.send({ text: "And you?" }).sent, () => shown.markRead(), () => shown.markRead("his"),
    ]) {
      await after(happens);
      await after(() => chat.settled());
      deepStrictEqual([marked(), marks()], [true, asked], String(happens));
    }
    await after(() => bob.send("duo", "News"));
    await after(() => chat.settled());
    deepStrictEqual([marked(), marks()], [false, asked + 1]);
    // Opening it anew ends it too.
    await screen.unmount();
    alice.updateSettings("duo", { markedUnread: true });
    const again = await mount(app(chat, <Page />));
    await after(() => chat.settled());
    strictEqual(marked(), false);
    await again.unmount();
  },
});
