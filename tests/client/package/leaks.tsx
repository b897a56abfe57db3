// Mounting and unmounting, on the real supabase-js: what stays is counted.
import { deepStrictEqual, ok, strictEqual } from "node:assert";
import type { ReactNode } from "react";
import { createClient } from "@supabase/supabase-js";
import { createChatClient, memoryStorage, type Store } from "supabase-chat-client";
import { ChatProvider, useChat, useChats, useConnection } from "supabase-chat-client/react";
import { FakeClock } from "../clock.ts";
import { after, mount, type Screen } from "./screen.ts";

const me = "alice";
const chat = {
  id: "duo", type: "direct", eventId: null, groupId: null, name: null, participants: [me, "bob"], goneParticipants: [],
  createdAt: "2026-01-01T00:00:00.000000Z", lastMessageAt: null, lastMessage: null, unreadCount: 0, lastReadAt: null, rev: 0,
  historyRev: 0, epoch: "e", topic: "chat:duo", unreadMentions: 0,
  settings: { mutedUntil: null, notify: "all", archived: false, pinned: false, markedUnread: false },
};
const answers: Record<string, unknown> = {
  // A page of the list, and what has changed in it.
  "/chats": { data: [chat], nextCursor: null, gone: [], since: "1", hasMore: false },
  "/chats/duo": chat,
  "/chats/duo/reads": { data: [] },
  "/chats/duo/messages": { data: [], nextCursor: null },
  "/chats/duo/changes": { data: [], rev: 0, epoch: "e", hasMore: false, topic: "chat:duo" },
};

/** Joins everything. */
class Socket {
  static opened = 0;
  static joined = 0;
  readyState = 0;
  onopen?: (event: unknown) => void;
  onmessage?: (event: { data: string }) => void;
  onclose?: (event: unknown) => void;

  constructor(_url: string) {
    Socket.opened++;
    setImmediate(() => {
      this.readyState = 1;
      this.onopen?.({});
    });
  }

  send(data: string): void {
    const [joinRef, ref, topic, event] = JSON.parse(data);
    if (event === "phx_join") Socket.joined++;
    if (event === "phx_leave") Socket.joined--;
    setImmediate(() => this.onmessage?.({ data: JSON.stringify([joinRef, ref, topic, "phx_reply", { status: "ok", response: {} }]) }));
  }

  close(): void {
    this.readyState = 3;
    setImmediate(() => this.onclose?.({ code: 1000 }));
  }
}

function world() {
  const session = JSON.stringify({
    access_token: "a.b.c", refresh_token: "none", token_type: "bearer", expires_in: 3600,
    expires_at: Math.floor(Date.now() / 1000) + 3600, user: { id: me, aud: "authenticated", app_metadata: {} },
  });
  const supabase = createClient("https://supabase.test", "key", {
    auth: { autoRefreshToken: false, storageKey: me, storage: { getItem: () => session, setItem: () => {}, removeItem: () => {} } },
    realtime: { transport: Socket as never },
  });
  const clock = new FakeClock();
  const listeners = new Set<object>();
  const subscribe = (listener: () => void) => {
    const key = { listener };
    listeners.add(key);
    return () => void listeners.delete(key);
  };
  const client = createChatClient({
    supabase,
    apiUrl: "https://chat.test",
    fetch: async (input, init) => Response.json(answers[new URL(new Request(input, init).url).pathname]),
    adapters: { clock, storage: memoryStorage(), appState: { isVisible: () => true, subscribe }, network: { isOnline: () => true, subscribe } },
  });
  const ofClient = [client.me, client.chats, client.archivedChats, client.chatsError, client.unread, client.connection].map(counted);
  const ofChat = counted(client.chat("duo"));
  // The library has one of its own, for Realtime.
  const { stateChangeEmitters } = supabase.auth as unknown as { stateChangeEmitters: Map<unknown, unknown> };
  const held = () => ({
    channels: supabase.getChannels().map(({ topic }) => topic.replace("realtime:", "")).sort(),
    joined: Socket.joined, timers: clock.waiting, platform: listeners.size, client: ofClient.reduce((sum, count) => sum + count(), 0), chat: ofChat(),
    auth: stateChangeEmitters.size - 1,
  });

  /** Time passes until the page shows this. */
  async function until(screen: Screen, text: string): Promise<void> {
    for (let turn = 0; turn < 60 && screen.text !== text; turn++) {
      await after(async () => {
        await quiet();
        clock.advance(50);
      });
    }
    strictEqual(screen.text, text);
    await after(quiet);
  }
  return { supabase, client, held, until };
}

async function quiet(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const Conversation = () => `${useChat("duo").status} ${useConnection()}`;
const App = () => <>{useChats()?.length} <Conversation /></>;

export async function fifty_mounts_of_an_app_leak_nothing(): Promise<void> {
  const { supabase, client, held, until } = world();
  for (let n = 0; n < 50; n++) {
    const screen = await mount(<ChatProvider client={client}><App /></ChatProvider>);
    // Some go away in the midst of joining and asking.
    if (n % 3 > 0) {
      await until(screen, "1 ready live");
      const { timers, ...others } = held();
      ok(timers > 0);
      deepStrictEqual(others, { channels: ["chat:duo", "user:alice"], joined: 2, platform: 2, client: 2, chat: 1, auth: 1 });
    }
    await screen.unmount();
    await quiet();
    deepStrictEqual(held(), { channels: [], joined: 0, timers: 0, platform: 0, client: 0, chat: 0, auth: 0 }, `after ${n + 1} mounts`);
  }
  // StrictMode's two mounts, each time.
  ok(Socket.opened <= 100, `${Socket.opened} sockets`);
  await supabase.realtime.disconnect();
}

export async function fifty_visits_of_a_chat_leak_nothing(): Promise<void> {
  const { supabase, client, held, until } = world();
  const page = (content: ReactNode) => <ChatProvider client={client}>{content}</ChatProvider>;
  const Elsewhere = () => useConnection();
  const screen = await mount(page(<Elsewhere />));
  await until(screen, "live");
  const before = held();
  deepStrictEqual([before.channels, before.chat], [["user:alice"], 0]);
  for (let n = 0; n < 50; n++) {
    await screen.render(page(<Conversation />));
    if (n % 3 > 0) await until(screen, "ready live");
    await screen.render(page(<Elsewhere />));
    await until(screen, "live");
    deepStrictEqual(held(), before, `after ${n + 1} visits`);
  }
  await screen.unmount();
  await supabase.realtime.disconnect();
}

/** Counts the listeners of a store from now on. */
function counted(store: Store<unknown>): () => number {
  let count = 0;
  const { subscribe } = store;
  (store as { subscribe: Store<unknown>["subscribe"] }).subscribe = (listener) => {
    const stop = subscribe(listener);
    count++;
    let isStopped = false;
    return () => {
      if (!isStopped) count--;
      isStopped = true;
      stop();
    };
  };
  return () => count;
}
