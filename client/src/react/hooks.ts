"use client";
import { useEffect, useState, useSyncExternalStore } from "react";
import type { ChatApiError } from "../errors.ts";
import type { Chat, Message } from "../models.ts";
import type { Store } from "../store.ts";
import type { Connection, FileUrlOptions, Unread } from "../types.ts";
import { NOTHING_UNREAD } from "../unread.ts";
import { useChatClient } from "./provider.ts";

/** A URL ends no sooner than five minutes after the client gave it. */
const RENEWED_MS = 120_000;

/** On a server, and while its page becomes alive in the browser, a store has its first value. */
export function useStore<T>({ subscribe, getSnapshot }: Store<T>, first: () => T): T {
  return useSyncExternalStore(subscribe, getSnapshot, first);
}

export interface ChatsOptions {
  /** The archived chats instead of the others. */
  archived?: boolean;
}

/** The user's chats: the pinned ones first, then the newest activity. Undefined until the first answer. */
export function useChats({ archived = false }: ChatsOptions = {}): readonly Chat[] | undefined {
  const client = useChatClient();
  return useStore<readonly Chat[] | undefined>(archived ? client.archivedChats : client.chats, () => undefined);
}

/** Why the list could not be loaded the last time; null when it could. */
export function useChatsError(): ChatApiError | null {
  return useStore(useChatClient().chatsError, () => null);
}

/** How much is unread in all chats that are neither muted nor archived. */
export function useUnread(): Unread {
  return useStore(useChatClient().unread, () => NOTHING_UNREAD);
}

/** Whether messages come as they happen. */
export function useConnection(): Connection {
  return useStore<Connection>(useChatClient().connection, () => "offline");
}

/** The user's id; null when nobody is signed in, undefined while supabase-js is still looking. */
export function useMe(): string | null | undefined {
  return useStore<string | null | undefined>(useChatClient().me, () => undefined);
}

interface Found {
  readonly key: string;
  readonly url: string | null;
}

/** A URL of a message's file; undefined until it is known, null if there is none. A failure is tried again when the network is back. */
export function useFileUrl(message: Message, { download = false }: FileUrlOptions = {}): string | null | undefined {
  const client = useChatClient();
  const [me, connection] = [useMe(), useConnection()];
  const mayAsk = !!me && connection !== "offline";
  const [found, setFound] = useState<Found>();
  const path = message.attachment?.path;
  const key = `${message.id} ${download}`;
  useEffect(() => {
    if (path === undefined || !mayAsk) return;
    let isCurrent = true;
    const show = (url: string | null) => {
      if (isCurrent) setFound((before) => (before?.key === key && before.url === url ? before : { key, url }));
    };
    const ask = () => client.fileUrl(message, { download }).then(show, () => {});
    void ask();
    // The client keeps a URL until shortly before its end.
    const timer = setInterval(ask, RENEWED_MS);
    return () => {
      isCurrent = false;
      clearInterval(timer);
    };
    // Each change of a message is a new object; its file stays the same.
  }, [client, path, key, mayAsk]);
  if (path === undefined) return null;
  return found?.key === key ? found.url : undefined;
}
