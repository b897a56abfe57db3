// The API without the package, and the names under which `tests/realtime` knows the package.
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { ChatApiError, createChatClient, isPending, type Chat, type Message } from "supabase-chat-client";

export type { Chat, Message };
export type Page<T> = { data: T[]; nextCursor: string | null };
export type Api = (<T>(method: string, path: string, body?: unknown) => Promise<T>) & { apiUrl: string };

export interface Upload {
  uploadUrl: string;
  method: "PUT";
  headers: Record<string, string>;
  path: string;
  attachmentUrl: string;
  fileName: string;
  contentType: string;
  expiresAt: string;
}

export function connect(supabaseUrl: string, publishableKey: string, options = {}): SupabaseClient {
  return createClient(supabaseUrl, publishableKey, options);
}

/** Calls the Chat API as the signed-in user. */
export function createApi(supabase: SupabaseClient, apiUrl: string): Api {
  const call = async (method: string, path: string, body?: unknown) => {
    const { data } = await supabase.auth.getSession();
    const response = await fetch(apiUrl + path, {
      method,
      headers: { Authorization: `Bearer ${data.session?.access_token}`, "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const answer = await response.text();
    const json = answer ? JSON.parse(answer) : undefined;
    if (!response.ok) throw new ChatApiError(response.status, json?.error?.code);
    return json;
  };
  return Object.assign(call, { apiUrl });
}

interface Handlers {
  onPresence?(userIds: readonly string[]): void;
}

/** The package for the user of this Supabase client. */
export function start(supabase: SupabaseClient, { apiUrl }: Api, _me: string) {
  const client = createChatClient({ supabase, apiUrl });
  client.start();
  return {
    client,
    list: {
      get sorted(): readonly Chat[] {
        return client.chats.getSnapshot() ?? [];
      },
    },
    open(chatId: string, { onPresence }: Handlers = {}) {
      const chat = client.chat(chatId);
      if (onPresence) chat.subscribe(() => onPresence(chat.getSnapshot().present));
      chat.open();
      return {
        /** Newest first. */
        get replica(): { messages: Message[] } {
          return { messages: chat.getSnapshot().messages.filter((message): message is Message => !isPending(message)).reverse() };
        },
        send: async (text: string) => (await chat.send({ text }).sent)!,
        edit: (messageId: string, text: string) => chat.edit(messageId, text),
        remove: (messageId: string) => chat.remove(messageId),
        typing: () => chat.sendTyping(),
      };
    },
    stop: () => client.stop(),
  };
}
