import { memoryStorage } from "../adapters.ts";
import { createChatClient } from "../client.ts";
import type { Connection } from "../types.ts";
import { TestDatabase } from "./database.ts";
import { TestServer } from "./server.ts";
import { TestSupabase } from "./supabase.ts";
import type { TestChat, TestChatOptions, TestPerson } from "./types.ts";

/** A chat for the tests of an app: the real client, and a server in memory that does what the test wants. */
export function createTestChat({ me = "me", chats = [], messages = [], maxMessages, adapters }: TestChatOptions = {}): TestChat {
  const now = () => adapters?.clock?.now() ?? Date.now();
  const database: TestDatabase = new TestDatabase(now, (topic, event, payload) => supabase.broadcast(topic, event, payload));
  const setPresent = (user: string, topic: string, isPresent: boolean) => {
    if (database.setPresent(user, topic, isPresent)) supabase.presenceChanged(topic);
  };
  const supabase: TestSupabase = new TestSupabase(me, {
    mayListen: (user, topic) => database.mayListen(user, topic),
    present: (topic) => database.present(topic),
    track: setPresent,
  });
  const server = new TestServer(database, now);
  database.fill(me, chats, messages);

  let connection: Connection = "live";
  const listeners = new Set<() => void>();
  const client = createChatClient({
    supabase: supabase.asClient(),
    apiUrl: "https://chat.test",
    fetch: server.fetch,
    maxMessages,
    adapters: {
      storage: memoryStorage(),
      upload: server.upload,
      network: {
        isOnline: () => connection !== "offline",
        subscribe(changed) {
          listeners.add(changed);
          return () => void listeners.delete(changed);
        },
      },
      ...adapters,
    },
  });

  const person = (id: string): TestPerson => ({
    id,
    send: (chatId, message) => database.send(id, chatId, typeof message === "string" ? { text: message } : message),
    edit: (chatId, messageId, text, { mentions } = {}) => database.edit(id, chatId, messageId, text, mentions),
    remove: (chatId, messageId) => database.remove(id, chatId, messageId),
    react: (chatId, messageId, emoji) => database.react(id, chatId, messageId, emoji, true),
    unreact: (chatId, messageId, emoji) => database.react(id, chatId, messageId, emoji, false),
    typing: (chatId) => database.typing(id, chatId),
    markRead: (chatId, messageId) => void database.read(id, chatId, messageId),
    updateSettings: (chatId, changes) => database.lists.updateSettings(id, chatId, changes),
    open: (chatId) => setPresent(id, database.topic(chatId), true),
    close: (chatId) => setPresent(id, database.topic(chatId), false),
    leave: (chatId) => database.leave(id, chatId),
    join: (chatId) => database.join(id, chatId),
    openDirect: (userId) => database.openDirect(id, userId),
  });

  return {
    client,
    person,
    messages: (chatId) => database.stored(chatId),
    requests: server.requests,
    fail: (request, fault, times = 1) => server.fail(request, fault, times),
    delay: (ms) => server.delay(ms),
    setConnection(next) {
      connection = next;
      server.setReachable(next !== "offline");
      supabase.realtime.setUp(next === "live");
      listeners.forEach((changed) => changed());
    },
    signIn: (userId) => supabase.signIn(userId),
    settled: () => server.settled(),
  };
}
