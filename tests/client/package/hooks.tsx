// The hooks, on the React that this is bundled with.
import "./dom.ts";
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert";
import { startTransition, useState, version, type ReactNode } from "react";
import { renderToString } from "react-dom/server";
import { isPending, type Message } from "supabase-chat-client";
import {
  ChatProvider, useChat, useChatClient, useChats, useChatsError, useConnection, useFileUrl, useMe, useMentions, useSearch, useUnread, type UsedChat,
  type UsedPages,
} from "supabase-chat-client/react";
import { createTestChat, type TestChat } from "supabase-chat-client/testing";
import { fifty_mounts_of_an_app_leak_nothing, fifty_visits_of_a_chat_leak_nothing } from "./leaks.tsx";
import { run, type Tests } from "./run.ts";
import { after, complaints, hydrate, mount } from "./screen.ts";

const begin = () => createTestChat({
  me: "alice",
  chats: [{ id: "duo", people: ["bob"], unread: 1 }, { id: "trio", people: ["bob", "eve"], name: "Trio" }],
  messages: [{ chatId: "duo", from: "alice", text: "Hi" }, { chatId: "duo", from: "bob", text: "Hello" }],
});

function ChatList(): ReactNode {
  const chats = useChats();
  const { chats: unread } = useUnread();
  if (!chats) return "loading";
  return `${chats.map(({ id, unreadCount }) => `${id}:${unreadCount}`).join(" ")} unread:${unread}`;
}

let shown: UsedChat;
let renders = 0;

function ChatView({ id }: { id: string }): ReactNode {
  shown = useChat(id);
  renders++;
  return <p>{shown.messages.map((message) => `${message.text}${isPending(message) ? "…" : ""}`).join(", ")}</p>;
}

const app = ({ client }: TestChat, content: ReactNode) => <ChatProvider client={client}>{content}</ChatProvider>;
const last = () => shown.messages.at(-1);

const tests: Tests = {
  async a_list_and_a_chat_are_shown_and_follow_what_happens() {
    const chat = begin();
    const screen = await mount(app(chat, <><ChatList /> <ChatView id="duo" /></>));
    await after(() => chat.settled());
    strictEqual(screen.text, "duo:1 trio:0 unread:1 Hi, Hello");
    await after(() => chat.person("bob").send("duo", "News"));
    strictEqual(screen.text, "duo:2 trio:0 unread:1 Hi, Hello, News");
    await after(() => chat.person("bob").typing("duo"));
    deepStrictEqual(shown.typing, ["bob"]);
    await after(() => shown.markRead());
    await after(() => chat.settled());
    strictEqual(screen.text, "duo:0 trio:0 unread:0 Hi, Hello, News");
    await screen.unmount();
    strictEqual(chat.client.me.getSnapshot(), undefined, "the provider has stopped the client");
  },

  async a_message_appears_at_once_fails_and_is_sent_again() {
    const chat = begin();
    const screen = await mount(app(chat, <ChatView id="duo" />));
    await after(() => chat.settled());
    chat.fail("send", { status: 403, code: "blocked" });
    await after(() => void shown.send({ text: "Sure" }));
    strictEqual(screen.text, "Hi, Hello, Sure…");
    await after(() => chat.settled());
    const failed = last()!;
    ok(isPending(failed) && failed.state === "failed" && failed.error?.code === "blocked");
    await after(() => failed.retry());
    await after(() => chat.settled());
    strictEqual(screen.text, "Hi, Hello, Sure");
    const { id } = last() as Message;
    await after(() => shown.edit(id, "Sure!"));
    strictEqual(screen.text, "Hi, Hello, Sure!");
    await after(() => shown.remove(id));
    await after(() => chat.settled());
    strictEqual(screen.text, "Hi, Hello");
    await screen.unmount();
  },

  async the_result_is_the_same_object_until_something_changes() {
    const chat = begin();
    let again: (n: number) => void = () => {};
    function Parent(): ReactNode {
      const [n, setN] = useState(0);
      again = setN;
      return <ChatView key="one" id={n === 3 ? "trio" : "duo"} />;
    }
    const screen = await mount(app(chat, <Parent />));
    await after(() => chat.settled());
    const before = shown;
    renders = 0;
    for (const n of [1, 2]) await after(() => again(n));
    // StrictMode renders twice.
    strictEqual(renders, 4);
    strictEqual(shown, before);
    await after(() => chat.person("bob").send("duo", "News"));
    ok(shown !== before && shown.send === before.send && shown.loadOlder === before.loadOlder);
    await after(() => again(3));
    await after(() => chat.settled());
    deepStrictEqual([shown.id, shown.status, shown.messages], ["trio", "ready", []]);
    strictEqual(chat.client.chat("duo").getSnapshot().status, "closed");
    await screen.unmount();
  },

  async an_archived_chat_moves_to_the_archive_and_back() {
    const chat = begin();
    function Both(): ReactNode {
      const [chats, archived] = [useChats(), useChats({ archived: true })].map((list) => list?.map(({ id }) => id).join());
      return `${chats} / ${archived}`;
    }
    const screen = await mount(app(chat, <><Both /> <ChatView id="duo" /></>));
    await after(() => chat.settled());
    strictEqual(screen.text, "duo,trio /  Hi, Hello");
    await after(() => shown.updateSettings({ archived: true }));
    strictEqual(screen.text, "trio / duo Hi, Hello");
    strictEqual(shown.chat?.settings.archived, true);
    await after(() => chat.person("bob").send("duo", "News"));
    await after(() => chat.settled());
    strictEqual(screen.text, "duo,trio /  Hi, Hello, News");
    await screen.unmount();
  },

  async two_components_share_a_chat_and_never_disagree() {
    const chat = begin();
    const seen: string[] = [];
    function Count({ name }: { name: string }): ReactNode {
      const count = useChat("duo").messages.length;
      return <i id={name}>{count}</i>;
    }
    let show: (isShown: boolean) => void = () => {};
    function Both(): ReactNode {
      const [isShown, setShown] = useState(false);
      show = setShown;
      return <><Count name="a" />{isShown && <Count name="b" />}</>;
    }
    const screen = await mount(app(chat, <Both />));
    await after(() => chat.settled());
    const look = () => void seen.push(screen.text);
    await after(() => {
      startTransition(() => show(true));
      chat.person("bob").send("duo", "between");
    });
    look();
    await after(() => chat.person("bob").send("duo", "later"));
    look();
    await after(() => show(false));
    await after(() => chat.person("bob").send("duo", "still live"));
    look();
    deepStrictEqual(seen, ["33", "44", "5"]);
    await screen.unmount();
  },

  async a_server_renders_the_beginning_and_the_browser_goes_on() {
    const chat = begin();
    const tree = app(chat, <><ChatList /><ChatView id="duo" /></>);
    const html = renderToString(tree);
    strictEqual(html, "loading<p></p>");
    deepStrictEqual(chat.requests, [], "a server asks for nothing");
    // Another part of the page has started the client already.
    chat.client.start();
    chat.client.chat("duo").open();
    await chat.settled();
    const { container, faults, unmount } = await hydrate(html, tree);
    await after(() => chat.settled());
    deepStrictEqual(faults, []);
    match(container.textContent ?? "", /Hi, Hello/);
    await unmount();
  },

  async states_of_the_client_have_hooks() {
    const chat = begin();
    const states: unknown[] = [];
    function States(): ReactNode {
      states.push([useMe(), useConnection(), useChatsError()?.code ?? null]);
      return null;
    }
    chat.fail("chats", { status: 500, code: "internal" });
    const screen = await mount(app(chat, <States />));
    deepStrictEqual(states[0], [undefined, "offline", null]);
    await after(() => chat.settled());
    ok(JSON.stringify(states).includes("internal"));
    await after(() => chat.setConnection("polling"));
    await after(() => chat.settled());
    deepStrictEqual(states.at(-1), ["alice", "polling", null]);
    await after(() => chat.setConnection("offline"));
    deepStrictEqual(states.at(-1), ["alice", "offline", null]);
    await after(() => chat.signIn(null));
    deepStrictEqual(states.at(-1), [null, "offline", null]);
    await screen.unmount();
  },

  async reactions_replies_and_mentions_are_at_hand() {
    const chat = begin();
    const screen = await mount(app(chat, <ChatView id="duo" />));
    await after(() => chat.settled());
    const { id } = shown.messages[1]!;
    const reactions = () => (shown.messages[1] as Message).reactions.map(({ emoji, mine }) => `${emoji} ${mine}`);
    chat.delay(5);
    let done: Promise<Message>;
    await after(() => void (done = shown.react(id, "👍")));
    deepStrictEqual(reactions(), ["👍 true"]);
    await after(async () => void (await done));
    await after(() => shown.unreact(id, "👍"));
    deepStrictEqual(reactions(), []);
    strictEqual((await shown.reactions(id)).data.length, 0);
    await after(() => shown.send({ text: "Yes", replyToId: id, mentions: ["bob"] }).sent);
    const { replyTo, mentions } = last() as Message;
    deepStrictEqual([replyTo?.id, mentions], [id, ["bob"]]);
    await after(() => shown.edit((last() as Message).id, "Yes", { mentions: [] }));
    deepStrictEqual((last() as Message).mentions, []);
    await screen.unmount();
  },

  async the_list_of_mentions_follows_what_happens() {
    const messages = Array.from({ length: 120 }, (_, n) => ({ chatId: "trio", from: "eve", text: `${n}`, mentions: ["alice"] }));
    const chat = createTestChat({ me: "alice", chats: [{ id: "trio", people: ["bob", "eve"], name: "Trio" }], messages });
    let pages!: UsedPages;
    const states = new Set<string>();
    function Mentions(): ReactNode {
      pages = useMentions();
      states.add(`${pages.messages?.length} ${pages.isLoading} ${pages.error?.code ?? "well"}`);
      return pages.messages?.[0]?.text;
    }
    chat.fail("mentions", { status: 500, code: "internal" });
    const screen = await mount(app(chat, <Mentions />));
    await after(() => chat.settled());
    deepStrictEqual([pages.messages, pages.hasMore, pages.isLoading, pages.error?.code], [undefined, false, false, "internal"]);
    await after(() => pages.loadMore());
    deepStrictEqual([pages.messages?.length, pages.hasMore, pages.error], [100, true, null]);
    await after(() => Promise.all([pages.loadMore(), pages.loadMore()]));
    deepStrictEqual([pages.messages?.length, pages.hasMore, pages.messages?.at(-1)?.text], [120, false, "0"]);
    const { loadMore } = pages;
    await after(() => pages.loadMore());
    // All that is shown is loaded again when there is a new one.
    await after(() => chat.person("bob").send("trio", { text: "@Alice", mentions: ["alice"] }));
    await after(() => chat.settled());
    deepStrictEqual([screen.text, pages.messages?.length, pages.loadMore === loadMore], ["@Alice", 121, true]);
    strictEqual(chat.requests.filter((request) => request === "mentions").length, 5);
    ok(states.has("120 true well"), "what is shown stays while it is loaded again");
    await after(() => chat.signIn("bob"));
    await after(() => chat.settled());
    deepStrictEqual(pages.messages, []);
    await screen.unmount();
  },

  async a_search_follows_what_is_typed() {
    const messages = Array.from({ length: 120 }, (_, n) => ({ chatId: "duo", from: "bob", text: n % 2 ? `even ${n}` : `odd ${n}` }));
    const chat = createTestChat({ me: "alice", chats: [{ id: "duo", people: ["bob"] }], messages });
    let found!: UsedPages;
    let type: (query: string) => void = () => {};
    const states: string[] = [];
    function Results(): ReactNode {
      const [query, setQuery] = useState("");
      type = setQuery;
      found = useSearch(query, { senderId: "bob" });
      states.push(`${query}: ${found.messages?.[0]?.text ?? found.messages?.length} ${found.isLoading}`);
      return null;
    }
    const searches = () => chat.requests.filter((request) => request === "search").length;
    const typed = (ms = 350) => after(() => new Promise((resolve) => setTimeout(resolve, ms)));
    const screen = await mount(app(chat, <Results />));
    await after(() => chat.settled());
    deepStrictEqual([found.messages, found.hasMore, found.isLoading, found.error], [[], false, false, null], "nothing is searched for");
    for (const query of ["e", "ev", "even "]) await after(() => type(query));
    deepStrictEqual([found.messages, found.isLoading], [undefined, true]);
    await typed();
    deepStrictEqual([found.messages?.length, found.hasMore, found.isLoading, searches()], [50, true, false, 1]);
    await after(() => Promise.all([found.loadMore(), found.loadMore()]));
    deepStrictEqual([found.messages?.length, found.messages?.at(-1)?.text, found.hasMore, searches()], [60, "even 1", false, 2]);
    // The answer of one that is not wanted any more comes late.
    chat.delay(100);
    await after(() => type("even 7"));
    await typed();
    deepStrictEqual([found.messages?.length, found.isLoading, searches()], [60, true, 3], "the answer before stays until the next one");
    await after(() => type("odd"));
    await typed(600);
    deepStrictEqual([found.messages?.[0]?.text, found.isLoading], ["odd 118", false]);
    ok(!states.some((state) => state.includes("even 79") || state === "odd: even 7 false"));
    chat.delay(0);
    chat.fail("search", { status: 500, code: "internal" });
    await after(() => type("odd 0"));
    await typed();
    deepStrictEqual([found.messages, found.error?.code], [undefined, "internal"]);
    await after(() => found.loadMore());
    deepStrictEqual([found.messages?.map(({ text }) => text), found.error], [["odd 0"], null]);
    await after(() => type(" "));
    deepStrictEqual([found.messages, found.isLoading, searches()], [[], false, 6]);
    await after(() => type("odd 2"));
    deepStrictEqual([found.messages, found.isLoading], [undefined, true]);
    await screen.unmount();
    await typed();
    strictEqual(searches(), 6, "nobody waits for it");
  },

  async a_jump_to_what_was_found_is_at_hand() {
    const messages = Array.from({ length: 300 }, (_, n) => ({ id: `m${n}`, chatId: "duo", from: "bob", text: `${n}` }));
    const chat = createTestChat({ me: "alice", chats: [{ id: "duo", people: ["bob"] }], messages });
    const screen = await mount(app(chat, <ChatView id="duo" />));
    await after(() => chat.settled());
    const { jumpTo } = shown;
    let jump: unknown;
    await after(async () => void (jump = await jumpTo("m7")));
    deepStrictEqual([jump, shown.messages.some(({ id }) => id === "m7"), shown.hasNewer, shown.jumpTo === jumpTo], ["shown", true, true, true]);
    await screen.unmount();
  },

  async a_file_s_url_comes_when_it_is_shown() {
    const chat = begin();
    const attachment = { path: "duo/1.png", fileName: "Größe.png", contentType: "image/png", size: 3, width: null, height: null } as const;
    function Files({ messages }: { messages: readonly Message[] }): ReactNode {
      return messages.map((message) => <File key={message.id} message={message} />);
    }
    function File({ message }: { message: Message }): ReactNode {
      const [url, download] = [useFileUrl(message), useFileUrl(message, { download: true })];
      return `${message.text}: ${url} ${download};`;
    }
    const [plain, file] = [chat.person("bob").send("duo", "No"), chat.person("bob").send("duo", { text: "Yes", attachment })];
    chat.client.start();
    await chat.settled();
    const screen = await mount(app(chat, <Files messages={[plain, file]} />));
    await after(() => chat.settled());
    const url = "https://files.test/duo/1.png?token=test";
    strictEqual(screen.text, `No: null null;Yes: ${url} ${url}&download=Gr%C3%B6%C3%9Fe.png;`);
    await screen.render(app(chat, <Files messages={[{ ...file, text: "Edited" }]} />));
    strictEqual(screen.text, `Edited: ${url} ${url}&download=Gr%C3%B6%C3%9Fe.png;`);
    await screen.unmount();
  },

  async a_file_s_url_is_renewed_while_it_is_shown() {
    const chat = begin();
    const attachment = { path: "duo/2.png", fileName: "2.png", contentType: "image/png", size: 3, width: null, height: null } as const;
    const file = chat.person("bob").send("duo", { text: "Look", attachment });
    const File = () => useFileUrl(file);
    chat.client.start();
    await chat.settled();
    const { setInterval, clearInterval } = globalThis;
    const timers = new Map<number, { run: () => void; ms: number }>();
    globalThis.setInterval = ((run: () => void, ms: number) => (timers.set(timers.size + 1, { run, ms }), timers.size)) as never;
    globalThis.clearInterval = ((timer: number) => timers.delete(timer)) as never;
    try {
      const screen = await mount(app(chat, <File />));
      await after(() => chat.settled());
      strictEqual(screen.text, "https://files.test/duo/2.png?token=test");
      chat.client.fileUrl = async () => "https://files.test/renewed";
      ok([...timers.values()].every(({ ms }) => ms < 300_000), "before it ends");
      await after(() => timers.forEach(({ run }) => run()));
      strictEqual(screen.text, "https://files.test/renewed");
      await screen.unmount();
      strictEqual(timers.size, 0);
    } finally {
      Object.assign(globalThis, { setInterval, clearInterval });
    }
  },

  async two_roots_may_share_a_client() {
    const chat = begin();
    const screens = [await mount(app(chat, <ChatList />)), await mount(app(chat, <ChatList />))];
    await after(() => chat.settled());
    await screens[0]!.unmount();
    strictEqual(chat.client.me.getSnapshot(), "alice");
    await after(() => chat.person("bob").send("trio", "News"));
    strictEqual(screens[1]!.text, "trio:1 duo:1 unread:2");
    await screens[1]!.unmount();
    strictEqual(chat.client.me.getSnapshot(), undefined);
  },

  async a_hook_outside_of_the_provider_says_so() {
    function Lost(): ReactNode {
      useChatClient();
      return null;
    }
    await rejects(async () => mount(<Lost />), /below a <ChatProvider>/);
    complaints.length = 0;
  },

  fifty_mounts_of_an_app_leak_nothing,
  fifty_visits_of_a_chat_leak_nothing,

  react_has_nothing_to_complain_about() {
    deepStrictEqual(complaints, []);
  },
};

await run(`hooks, on React ${version}`, tests);
