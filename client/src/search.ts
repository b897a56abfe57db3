import { ChatApiError, signedOut } from "./errors.ts";
import type { Message, Page } from "./models.ts";
import type { Session } from "./session.ts";
import type { SearchOptions, SearchPage } from "./types.ts";

/** One page of what is found. */
export async function search(session: Session, query: string, options: SearchOptions, cursor?: string): Promise<SearchPage> {
  const { chatId, senderId, signal } = options;
  const ask = () => session.api.search({ q: query, chatId, senderId, cursor }, signal);
  const page: Page<Message> = query.trim() ? await patiently(session, ask) : { data: [], nextCursor: null };
  const { data: messages, nextCursor } = page;
  return { messages, loadMore: nextCursor === null ? null : () => search(session, query, options, nextCursor) };
}

/** When the server wants to be left alone, this request waits, and so do those after it. */
async function patiently<T>(session: Session, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    await session.searchPause;
    if (session.signal.aborted) throw signedOut();
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ChatApiError) || !error.retryAfterMs) throw error;
      session.pauseSearches(error.retryAfterMs);
    }
  }
}
