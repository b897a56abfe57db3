import type { ChatAdapters } from "../adapters.ts";
import type { ChatErrorCode } from "../errors.ts";
import type { Attachment, Chat, ChatSettings, Message } from "../models.ts";
import type { ChatClient, Connection, EditOptions } from "../types.ts";

export interface TestChatOptions {
  /** The id of the signed-in user. `"me"` if absent. */
  me?: string;
  /** The chats that are there from the beginning. */
  chats?: readonly TestChatInit[];
  /** The messages that are there from the beginning, oldest first. */
  messages?: readonly TestMessageInit[];
  /** How many messages an open chat holds at most, as for `createChatClient`. */
  maxMessages?: number;
  /** Instead of the test's own: a clock, for example. Storage is memory, and files go nowhere. */
  adapters?: Partial<ChatAdapters>;
}

export interface TestChatInit {
  /** Without a colon. */
  id: string;
  /** Ids of the others. */
  people: readonly string[];
  name?: string;
  /** If absent: a chat with one other person and without a name is direct, and every other one a group's. */
  type?: Chat["type"];
  /** How many of the others' newest messages the user has not read. 0 if absent. */
  unread?: number;
  /** The user's own. What is not named is as in a new chat. */
  settings?: Partial<ChatSettings>;
}

export interface TestMessageInit {
  chatId: string;
  /** The sender's id. */
  from: string;
  text?: string;
  id?: string;
  createdAt?: string;
  attachment?: Attachment;
  replyToId?: string;
  /** Ids of participants. */
  mentions?: readonly string[];
}

/** What the client asks the server for. `chats` is the list and its changes, `file` the upload of a file's bytes. */
export type TestRequest =
  | "chats" | "chat" | "openDirect" | "leave" | "updateSettings" | "markRead" | "reads" | "messages" | "message" | "search" | "send" | "edit"
  | "remove" | "changes" | "typing" | "react" | "unreact" | "reactions" | "mentions" | "upload" | "file";

/**
 * What happens to a request:
 * - `network`: it does not reach the server.
 * - `lost`: the server does what it is asked, and its answer gets lost.
 * - an error of the server.
 */
export type TestFault = "network" | "lost" | TestError;

export interface TestError {
  status: number;
  code: ChatErrorCode;
  message?: string;
  retryable?: boolean;
  /** Sets the header `Retry-After`: whole seconds. */
  retryAfterMs?: number;
}

/** Another person, on their own device. Everything happens at once. */
export interface TestPerson {
  readonly id: string;
  send(chatId: string, message: string | Pick<TestMessageInit, "text" | "attachment" | "replyToId" | "mentions">): Message;
  edit(chatId: string, messageId: string, text: string, options?: EditOptions): Message;
  remove(chatId: string, messageId: string): void;
  react(chatId: string, messageId: string, emoji: string): Message;
  unreact(chatId: string, messageId: string, emoji: string): Message;
  typing(chatId: string): void;
  /** Reads up to a message; up to the newest, if none is named. */
  markRead(chatId: string, messageId?: string): void;
  updateSettings(chatId: string, changes: Partial<ChatSettings>): Chat;
  /** Has the chat on their screen, until `close`. */
  open(chatId: string): void;
  close(chatId: string): void;
  leave(chatId: string): void;
  /** Joins a group's chat. */
  join(chatId: string): void;
  /** Opens a direct chat with somebody, and returns it. */
  openDirect(userId: string): Chat;
}

/** A chat without a server: the real client, on a server in memory. */
export interface TestChat {
  /** The real client. `ChatProvider` starts it; without React, call `start`. */
  readonly client: ChatClient;
  /** Another person; or the user, on another device. */
  person(id: string): TestPerson;
  /** What the server has stored in a chat, oldest first. */
  messages(chatId: string): readonly Message[];
  /** All requests so far, the oldest first. */
  readonly requests: readonly TestRequest[];
  /** What happens to the next requests of a kind: to one, unless `times` says otherwise. */
  fail(request: TestRequest, fault: TestFault, times?: number): void;
  /** From now on each answer takes so long. */
  delay(ms: number): void;
  setConnection(connection: Connection): void;
  /** Signs in as somebody else, or out with null. */
  signIn(userId: string | null): void;
  /** Resolves when nothing is under way. What waits for a time, such as a retry, is not waited for. */
  settled(): Promise<void>;
}
