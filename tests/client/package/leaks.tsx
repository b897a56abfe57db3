// Mounting and unmounting, on the real supabase-js: what stays is counted.
import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { createClient } from "@supabase/supabase-js";
import { createChatClient, memoryStorage, type Store } from "supabase-chat-client";
import { ChatProvider, useChat, useChats, useConnection } from "supabase-chat-client/react";
import { FakeClock } from "../clock.ts";
import { after, mount } from "./screen.ts";

const me = "alice";
const chat = {
  id: "duo", type: "direct", eventId: null, groupId: null, name: null, participants: [me, "bob"], goneParticipants: [],
  createdAt: "2026-01-01T00:00:00.000000Z", lastMessageAt: null, lastMessage: null, unreadCount: 0, lastReadAt: null, rev: 0,
  historyRev: 0, epoch: "e", topic: "chat:duo",
};
const answers: Record<string, unknown> = {
  "/chats": { data: [chat], nextCursor: null },
  "/chats/duo": chat,
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

export async function fifty_mounts_in_strict_mode_leak_nothing(): Promise<void> {
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
  const requests = new Set<Promise<Response>>();
  const client = createChatClient({
    supabase,
    apiUrl: "https://chat.test",
    fetch: (input, init) => {
      const answer = Promise.resolve(Response.json(answers[new URL(new Request(input, init).url).pathname]));
      requests.add(answer);
      return answer.finally(() => requests.delete(answer));
    },
    adapters: { clock, storage: memoryStorage(), appState: { isVisible: () => true, subscribe }, network: { isOnline: () => true, subscribe } },
  });
  const handle = client.chat("duo");
  const stores = [client.me, client.chats, client.chatsError, client.unread, client.connection, handle].map(counted);

  function App() {
    return `${useChats()?.length} ${useChat("duo").status} ${useConnection()}`;
  }
  const quiet = async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  };

  let live = 0;
  for (let n = 0; n < 50; n++) {
    const screen = await mount(<ChatProvider client={client}><App /></ChatProvider>);
    // Some go away in the midst of joining and asking.
    if (n % 3 > 0) {
      for (let turn = 0; turn < 60 && screen.text !== "1 ready live"; turn++) {
        await after(async () => {
          await quiet();
          clock.advance(50);
        });
      }
      strictEqual(screen.text, "1 ready live");
      deepStrictEqual(supabase.getChannels().map(({ topic }) => topic).sort(), ["realtime:chat:duo", "realtime:user:alice"]);
      ok(clock.waiting > 0 && listeners.size === 2);
      live++;
    }
    await screen.unmount();
    await quiet();
    deepStrictEqual(
      { channels: supabase.getChannels().length, joined: Socket.joined, timers: clock.waiting, listeners: listeners.size },
      { channels: 0, joined: 0, timers: 0, listeners: 0 },
      `after ${n + 1} mounts`,
    );
    deepStrictEqual(stores.map((count) => count()), stores.map(() => 0));
  }
  strictEqual(live, 33);
  strictEqual(requests.size, 0);
  // StrictMode's two mounts, each time.
  ok(Socket.opened <= 100, `${Socket.opened} sockets`);
  const auth = supabase.auth as unknown as { stateChangeEmitters: Map<unknown, unknown> };
  // The library has one of its own, for Realtime.
  strictEqual(auth.stateChangeEmitters.size, 1);
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
