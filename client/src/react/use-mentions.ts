"use client";
import { useMemo } from "react";
import { useChats, useConnection, useMe } from "./hooks.ts";
import { Pages, usePages, type UsedPages } from "./pages.ts";
import { useChatClient } from "./provider.ts";

/**
 * The messages that mention the user, in all chats, the newest first. They are loaded again when there are more unread
 * ones in the chats of `useChats`, or fewer.
 */
export function useMentions(): UsedPages {
  const client = useChatClient();
  const [me, chats, connection] = [useMe(), useChats(), useConnection()];
  const pages = useMemo(() => new Pages((cursor) => client.mentions(cursor)), [client, me]);
  const isKnown = me && chats && connection !== "offline";
  return usePages(pages, isKnown ? String(chats.reduce((sum, { unreadMentions }) => sum + unreadMentions, 0)) : undefined);
}
