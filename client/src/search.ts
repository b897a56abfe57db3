import { ChatApiError, signedOut } from "./errors.ts";
import type { Message, Page } from "./models.ts";
import type { Session } from "./session.ts";
import type { SearchOptions } from "./types.ts";

/** When the server wants no searches, this one waits, and so do those after it. */
export async function search(session: Session, query: string, { signal, cursor, ...filter }: SearchOptions): Promise<Page<Message>> {
  const q = query.trim();
  if (!q) return { data: [], nextCursor: null };
  for (;;) {
    await session.searchPause;
    if (session.signal.aborted) throw signedOut();
    try {
      return await session.api.search({ q, cursor: cursor ?? undefined, ...filter }, signal);
    } catch (error) {
      if (!(error instanceof ChatApiError) || !error.retryAfterMs) throw error;
      session.pauseSearches(error.retryAfterMs);
    }
  }
}
