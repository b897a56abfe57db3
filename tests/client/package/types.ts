// What an app's TypeScript sees. The compiler is the test: nothing here runs.
import { expectTypeOf } from "expect-type";
import type { SupabaseClient } from "@supabase/supabase-js";
import {
  ChatApiError, createChatClient, isPending, type Chat, type ChatAdapters, type ChatClient, type ChatErrorCode, type ChatHandle,
  type ChatSettings, type ChatSnapshot, type ChatStatus, type Connection, type Jump, type Message, type Outgoing, type OutgoingFile, type Page, type Pending,
  type Reaction, type ReplyTo, type Store, type Unread,
} from "supabase-chat-client";
import {
  ChatProvider, useChat, useChatClient, useChats, useChatsError, useConnection, useFileUrl, useMe, useMentions, useSearch, useUnread, type UsedChat,
  type UsedPages,
} from "supabase-chat-client/react";
import { createTestChat, type TestChat, type TestPerson } from "supabase-chat-client/testing";

expectTypeOf(createChatClient).toBeCallableWith({ supabase: {} as SupabaseClient, apiUrl: "" });
// A client of a typed database fits too.
interface Database { public: { Tables: Record<string, never>; Views: Record<string, never>; Functions: Record<string, never> } }
expectTypeOf(createChatClient).toBeCallableWith({ supabase: {} as SupabaseClient<Database>, apiUrl: "" });
expectTypeOf(createChatClient).returns.toEqualTypeOf<ChatClient>();
expectTypeOf<ChatClient["chats"]>().toEqualTypeOf<Store<readonly Chat[] | undefined>>();
expectTypeOf<ChatClient["archivedChats"]>().toEqualTypeOf<Store<readonly Chat[] | undefined>>();
expectTypeOf<ChatHandle["updateSettings"]>().toBeCallableWith({ pinned: true });
expectTypeOf<ChatHandle["updateSettings"]>().returns.resolves.toEqualTypeOf<Chat>();
expectTypeOf<ChatClient["updateSettings"]>().parameters.toEqualTypeOf<[chatId: string, changes: Partial<ChatSettings>]>();
expectTypeOf<ChatSettings["notify"]>().toEqualTypeOf<"all" | "mentions" | "none">();
expectTypeOf<Chat["settings"]>().toExtend<ChatSettings>();
expectTypeOf<Unread>().toEqualTypeOf<{ readonly chats: number; readonly messages: number; readonly mentions: number }>();
expectTypeOf<ChatClient["openDirect"]>().returns.resolves.toEqualTypeOf<Chat>();
expectTypeOf<ChatHandle["send"]>().parameters.toEqualTypeOf<[message: Outgoing]>();
expectTypeOf<ChatHandle["send"]>().returns.toEqualTypeOf<Pending>();
expectTypeOf<ChatHandle["getSnapshot"]>().returns.toEqualTypeOf<ChatSnapshot>();
expectTypeOf<ChatSnapshot["messages"]>().toEqualTypeOf<readonly (Message | Pending)[]>();
expectTypeOf<ChatStatus>().toEqualTypeOf<"closed" | "loading" | "ready" | "gone">();
expectTypeOf<Pending["sent"]>().resolves.toEqualTypeOf<Message | undefined>();

// A message that is not pending is a message, and `text` needs no question.
const message = {} as Message | Pending;
expectTypeOf(message.text).toEqualTypeOf<string | null>();
expectTypeOf(message.clientId).toEqualTypeOf<string | null>();
if (isPending(message)) expectTypeOf(message).toEqualTypeOf<Pending>();
else expectTypeOf(message).toEqualTypeOf<Message>();

expectTypeOf(message.mentions).toEqualTypeOf<readonly string[]>();
expectTypeOf<Message["reactions"]>().toEqualTypeOf<readonly Reaction[]>();
expectTypeOf(message.replyTo).toEqualTypeOf<ReplyTo | null>();
// A quote has a sender and a text, unless it is unavailable.
if (message.replyTo && !("unavailable" in message.replyTo)) expectTypeOf(message.replyTo.text).toEqualTypeOf<string | null>();
expectTypeOf<ChatHandle["react"]>().toEqualTypeOf<(messageId: string, emoji: string) => Promise<Message>>();
expectTypeOf<ChatHandle["jumpTo"]>().returns.resolves.toEqualTypeOf<Jump>();
expectTypeOf<Jump>().toEqualTypeOf<"shown" | "not_found" | "failed">();
expectTypeOf<ChatClient["search"]>().returns.resolves.toEqualTypeOf<Page<Message>>();
expectTypeOf<ChatClient["search"]>().toBeCallableWith("words", { chatId: "", senderId: "", cursor: null, signal: new AbortController().signal });
expectTypeOf<ChatClient["mentions"]>().returns.resolves.toEqualTypeOf<Page<Message>>();

// What the platforms have fits as it is.
expectTypeOf<File>().toExtend<OutgoingFile>();
expectTypeOf<Storage>().toExtend<ChatAdapters["storage"]>();
expectTypeOf<Crypto["randomUUID"]>().toExtend<ChatAdapters["uuid"]>();

// Known codes are completed by editors, and a newer server's code is no error.
expectTypeOf(new ChatApiError(0, "a newer code").code).toEqualTypeOf<ChatErrorCode | (string & {})>();
expectTypeOf<"blocked" | "network">().toExtend<ChatErrorCode>();
expectTypeOf<ChatErrorCode>().not.toEqualTypeOf<string>();

// Nothing of what is shown can be changed by mistake.
// @ts-expect-error
({} as Message).text = "";
// @ts-expect-error
({} as Chat).participants = [];
// @ts-expect-error
({} as Message).reactions.pop();
// @ts-expect-error
({} as ChatSnapshot).messages.push(message);

expectTypeOf(ChatProvider).parameter(0).toHaveProperty("client").toEqualTypeOf<ChatClient>();
expectTypeOf(useChats).returns.toEqualTypeOf<readonly Chat[] | undefined>();
expectTypeOf(useChats).toBeCallableWith();
expectTypeOf(useChats).toBeCallableWith({ archived: true });
expectTypeOf(useChat).parameters.toEqualTypeOf<[id: string]>();
expectTypeOf(useChat).returns.toEqualTypeOf<UsedChat>();
expectTypeOf<UsedChat>().toExtend<ChatSnapshot & Pick<ChatHandle, "send" | "edit" | "remove" | "markRead" | "updateSettings" | "leave">>();
expectTypeOf<UsedChat["typing"]>().toEqualTypeOf<readonly string[]>();
expectTypeOf(useChatsError).returns.toEqualTypeOf<ChatApiError | null>();
expectTypeOf(useChatClient).returns.toEqualTypeOf<ChatClient>();
expectTypeOf(useConnection).returns.toEqualTypeOf<Connection>();
expectTypeOf(useUnread).returns.toEqualTypeOf<Unread>();
expectTypeOf(useMe).returns.toEqualTypeOf<string | null | undefined>();
expectTypeOf(useSearch).returns.toEqualTypeOf<UsedPages>();
expectTypeOf(useMentions).returns.toEqualTypeOf<UsedPages>();
expectTypeOf(useFileUrl).returns.toEqualTypeOf<string | null | undefined>();

expectTypeOf(createTestChat).returns.toEqualTypeOf<TestChat>();
expectTypeOf(createTestChat).toBeCallableWith();
expectTypeOf<TestChat["client"]>().toEqualTypeOf<ChatClient>();
expectTypeOf<TestPerson["send"]>().returns.toEqualTypeOf<Message>();
