"use client";
import { useMemo } from "react";
import { useConnection, useMe, useStore } from "./hooks.ts";
import { Pages, usePages, type UsedPages } from "./pages.ts";
import { useChatClient } from "./provider.ts";

/** The messages that mention the user, in all chats, the newest first. They are loaded again when there are more unread ones, or fewer. */
export function useMentions(): UsedPages {
  const client = useChatClient();
  const [me, mentioned, connection] = [useMe(), useStore(client.mentioned, () => undefined), useConnection()];
  const pages = useMemo(() => new Pages((cursor) => client.mentions(cursor)), [client, me]);
  return usePages(pages, me && connection !== "offline" ? mentioned?.toString() : undefined);
}
