"use client";
import { useEffect, useMemo, useState } from "react";
import type { SearchOptions } from "../types.ts";
import { useMe } from "./hooks.ts";
import { Pages, usePages, type UsedPages } from "./pages.ts";
import { useChatClient } from "./provider.ts";

/** Nobody types on after that. */
const TYPING_MS = 300;

interface Search {
  readonly key: string;
  readonly pages: Pages;
}

const nothing = (): Search => ({ key: "", pages: new Pages(async () => ({ data: [], nextCursor: null })) });

/**
 * The messages that have all the words of a query, the newest first. It may change at each key press: the last one is
 * searched for, and until its answer is there, the messages of the one before are shown.
 */
export function useSearch(query: string, { chatId, senderId }: Pick<SearchOptions, "chatId" | "senderId"> = {}): UsedPages {
  const client = useChatClient();
  const me = useMe();
  const q = query.trim();
  const key = q && me ? JSON.stringify([q, me, chatId, senderId]) : "";
  const [shown, setShown] = useState(nothing);
  useEffect(() => {
    if (!key) return setShown(nothing);
    const search = new AbortController();
    const { signal } = search;
    const pages = new Pages((cursor) => client.search(q, { chatId, senderId, cursor, signal }));
    const timer = setTimeout(async () => {
      await pages.loadMore();
      if (!signal.aborted) setShown({ key, pages });
    }, TYPING_MS);
    return () => {
      clearTimeout(timer);
      search.abort();
    };
  }, [client, key]);
  const found = usePages(shown.pages, undefined);
  return useMemo(() => {
    if (key && key === shown.key) return found;
    return { ...found, messages: key ? found.messages : [], hasMore: false, isLoading: key !== "", error: null };
  }, [found, shown, key]);
}
