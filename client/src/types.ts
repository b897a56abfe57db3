/** The public interface. */
import type { SupabaseClient } from "@supabase/supabase-js";
import type { ChatAdapters, OutgoingFile } from "./adapters.ts";
import type { ChatApiError } from "./errors.ts";
import type { Chat, ChatSettings, Message, Page, Reactor, ReplyTo } from "./models.ts";
import type { Store } from "./store.ts";

export interface ChatClientOptions {
  /** The app's own client: the chat follows its session. */
  supabase: SupabaseClient;
  /** The URL of the chat's edge. */
  apiUrl: string;
  /** What differs between platforms. Absent ones are the browser's. */
  adapters?: Partial<ChatAdapters>;
  fetch?: typeof globalThis.fetch;
  /** Listen to `postgres_changes` too. Each open chat then costs the server a check for each subscriber and change. */
  postgresChanges?: boolean;
  /** How many messages an open chat holds at most, but for one page (100) while many come. 600 if absent, at least 200. */
  maxMessages?: number;
}

/**
 * - `live`: events come as they happen.
 * - `polling`: Realtime is not there; the client asks every few seconds.
 * - `offline`: the API cannot be reached. Sends wait.
 */
export type Connection = "live" | "polling" | "offline";

/** What is unread in all chats that are neither muted nor archived. Exact up to 99; 100 means "more than 99". */
export interface Unread {
  /** How many chats have unread messages, or are marked as unread. */
  readonly chats: number;
  readonly messages: number;
  /** How many of the messages mention the user. */
  readonly mentions: number;
}

export interface ChatClient {
  /** Begins to follow the session. Calling it again does nothing. */
  start(): void;
  /** Closes everything. Calling it again does nothing; `start` begins anew. */
  stop(): void;
  /** The user's id; null when nobody is signed in, undefined while supabase-js is still looking. */
  readonly me: Store<string | null | undefined>;
  readonly connection: Store<Connection>;
  /** The chats that are not archived: the pinned ones first, then the newest activity. Undefined until the first answer. */
  readonly chats: Store<readonly Chat[] | undefined>;
  /** The archived chats, in the same order. Undefined until all chats are there. */
  readonly archivedChats: Store<readonly Chat[] | undefined>;
  /** Why the list could not be loaded the last time; null when it could. The client tries again by itself. */
  readonly chatsError: Store<ChatApiError | null>;
  /** The app's badge, as `GET /unread` counts. Counted in the list, so all is 0 until the list is there. */
  readonly unread: Store<Unread>;
  /**
   * How many unread messages mention the user, as the server counts: it also changes when a message is read at once. When
   * it changes, `mentions` has others. Undefined until the list is there.
   */
  readonly mentioned: Store<number | undefined>;
  /** Opens the direct chat with a person: a new one, or the one that is there. */
  openDirect(userId: string): Promise<Chat>;
  /** The handle of a chat, the same for each call. It does nothing until it is opened. */
  chat(id: string): ChatHandle;
  /** Changes the user's own settings of a chat, as `ChatHandle.updateSettings` does. */
  updateSettings(chatId: string, changes: Partial<ChatSettings>): Promise<Chat>;
  /** Leaves a chat. It goes from the list at once. */
  leave(id: string): Promise<void>;
  /**
   * A URL of a message's file, good for some time; null if there is none. Ask when the file is shown. Rejects with a
   * `ChatApiError` if Storage cannot be reached.
   */
  fileUrl(message: Message, options?: FileUrlOptions): Promise<string | null>;
  /** A page of the messages that mention the user, the newest first: the first page, or the one of a `nextCursor`. Rejects with a `ChatApiError`. */
  mentions(cursor?: string | null): Promise<Page<Message>>;
  /**
   * A page of the messages in the user's chats that have all the words, or words that begin with them; the newest first.
   * An empty query finds nothing, without a request. If the server asks to wait, it waits. Rejects with a `ChatApiError`.
   */
  search(query: string, options?: SearchOptions): Promise<Page<Message>>;
  /** Asks for everything at once. The client does so by itself when there is a reason. */
  refresh(): Promise<void>;
}

export interface SearchOptions {
  /** Only in this chat. */
  chatId?: string | undefined;
  /** Only messages of this person. */
  senderId?: string | undefined;
  /** The `nextCursor` of the page before. */
  cursor?: string | null;
  /** Ends the request. It then rejects with `aborted`. */
  signal?: AbortSignal;
}

export interface FileUrlOptions {
  /** The browser saves the file under its name, instead of showing it. */
  download?: boolean;
}

/**
 * - `loading`: nothing to show yet.
 * - `ready`: the messages are those of the last answer.
 * - `gone`: the user does not take part, or the chat does not exist.
 * - `closed`: nobody has opened the handle, or nobody is signed in.
 */
export type ChatStatus = "closed" | "loading" | "ready" | "gone";

export interface ChatSnapshot {
  readonly status: ChatStatus;
  readonly chat: Chat | undefined;
  /** Oldest first. The unsent ones are last. */
  readonly messages: readonly (Message | Pending)[];
  readonly hasOlder: boolean;
  /** Newer ones are there, but not shown: the user has scrolled up far, or has jumped. */
  readonly hasNewer: boolean;
  readonly loadingOlder: boolean;
  readonly loadingNewer: boolean;
  /** Ids of the others who are typing. */
  readonly typing: readonly string[];
  /** Ids of those who have the chat open now, the user included. */
  readonly present: readonly string[];
  /** Up to when each participant has read, the user included. Who has read nothing is not there. */
  readonly reads: Readonly<Record<string, string>>;
  /** The first message that was unread when the chat was opened. It need not be in `messages`: see `jumpTo`. */
  readonly firstUnreadId: string | null;
  /** Why loading or catching up failed the last time; null when it did not. The client tries again by itself. */
  readonly error: ChatApiError | null;
}

/**
 * - `shown`: the message is in `messages`.
 * - `not_found`: there is no such message, or not for this user. It may have been deleted.
 * - `failed`: see `error`. Or the user has gone somewhere else meanwhile, or the handle is closed.
 */
export type Jump = "shown" | "not_found" | "failed";

/** A chat on the screen. */
export interface ChatHandle extends Store<ChatSnapshot> {
  readonly id: string;
  /** Counted: the chat is live until `close` was called as often. */
  open(): void;
  close(): void;
  /** Loads the next page of older messages. Single flight; never rejects, see `error`. */
  loadOlder(): Promise<void>;
  /** Loads the next page of newer messages, where `hasNewer` is true. Single flight; never rejects. */
  loadNewer(): Promise<void>;
  /** Goes back to the newest messages. Never rejects. */
  loadNewest(): Promise<void>;
  /**
   * Shows the messages around one, or around the first unread one: `"unread"`. Then `messages` has no gap on either side
   * of it, and `loadOlder` and `loadNewer` go on from there. Never rejects; the newest call wins.
   */
  jumpTo(messageId: string | "unread"): Promise<Jump>;
  /**
   * Appears at once, and is sent in order. Works without a network. Where `hasNewer` is true it goes back to the newest
   * messages, as `loadNewest` does. Throws if nobody is signed in, or if it is empty.
   */
  send(message: Outgoing): Pending;
  /** Changes the text of an own message, until its `editableUntil`. Rejects with a `ChatApiError`. */
  edit(messageId: string, text: string, options?: EditOptions): Promise<Message>;
  /** Deletes an own message; a moderator any. Rejects with a `ChatApiError`. */
  remove(messageId: string): Promise<void>;
  /**
   * Reacts to a message with an emoji. Shows at once. Of quick taps on one emoji the last one counts; they resolve
   * together. If the server refuses, it rejects with a `ChatApiError`, and the reaction is as it was.
   */
  react(messageId: string, emoji: string): Promise<Message>;
  /** Takes an own reaction back, in the same way. */
  unreact(messageId: string, emoji: string): Promise<Message>;
  /** A page of those who have reacted to a message, the first ones first. Rejects with a `ChatApiError`. */
  reactions(messageId: string, options?: ReactionsOptions): Promise<Page<Reactor>>;
  /**
   * Everything up to this message is read; up to the newest shown one, if none is named. In a hidden app it waits until the app
   * is shown. If nothing is unread, it does nothing; the first one of an opened chat ends `markedUnread`. Never rejects.
   */
  markRead(messageId?: string): void;
  /** Call it at each key press. Never rejects. */
  sendTyping(): void;
  /**
   * Changes the user's own settings of the chat; what is not named stays. `mutedUntil` is a time, or null. They are shown
   * when the server has stored them. Rejects with a `ChatApiError`.
   */
  updateSettings(changes: Partial<ChatSettings>): Promise<Chat>;
  /** Leaves the chat. It goes from the list at once. Rejects with a `ChatApiError`. */
  leave(): Promise<void>;
}

/** A text, a file, or both. */
export interface Outgoing {
  text?: string;
  file?: OutgoingFile;
  /** The message of the same chat that this one replies to. */
  replyToId?: string;
  /** Ids of participants whom it mentions: at most 50. The client does not look for names in the text. */
  mentions?: readonly string[];
}

export interface EditOptions {
  /** Who is mentioned from now on. Absent: the same as before. */
  mentions?: readonly string[];
}

export interface ReactionsOptions {
  /** With this emoji. Absent: with any. */
  emoji?: string;
  /** The `nextCursor` of the page before. Absent: the first page. */
  cursor?: string;
}

/**
 * - `queued`: waits for the network, or for those before it.
 * - `uploading`, `sending`: under way.
 * - `failed`: refused. `retry` or `cancel`.
 */
export type PendingState = "queued" | "uploading" | "sending" | "failed";

/** A message that is not sent yet. Each change of it is a new object. */
export interface Pending {
  readonly pending: true;
  /** The message's `clientId`: a key for lists that stays when it is sent. */
  readonly id: string;
  readonly clientId: string;
  readonly chatId: string;
  readonly senderId: string;
  readonly text: string | null;
  readonly replyToId: string | null;
  /** What was quoted when it was written; null if that was not held. */
  readonly replyTo: ReplyTo | null;
  readonly mentions: readonly string[];
  readonly file: PendingFile | null;
  readonly createdAt: string;
  readonly state: PendingState;
  /** Of the file, from 0 to 1. */
  readonly progress: number | null;
  /** Why it waits or has failed. */
  readonly error: ChatApiError | null;
  /** The message once it is stored; undefined if it was cancelled. Never rejects. */
  readonly sent: Promise<Message | undefined>;
  /** Tries at once. */
  retry(): void;
  /** Takes it back. What is under way may have been stored; then it comes as a message. */
  cancel(): void;
}

export interface PendingFile {
  readonly name: string;
  readonly type: string;
  readonly size: number;
  /** What was given to `send`, for a preview. Undefined after a reload. */
  readonly source: OutgoingFile | undefined;
}

/** Whether a message of a snapshot is not sent yet. */
export function isPending(message: Message | Pending): message is Pending {
  return "pending" in message;
}
