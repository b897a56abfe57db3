/** The API's calls, as the signed-in user. Each answer is checked before anything believes it. */
import type { SupabaseClient } from "@supabase/supabase-js";
import type { Clock, OutgoingFile, PictureSize } from "./adapters.ts";
import { asChatError, ChatApiError, signedOut } from "./errors.ts";
import type {
  Changes, Chat, ChatDelta, ChatErrorField, ChatPage, ChatSettings, EditMessage, Message, MessagePage, Page, Reactor, ReadMark, SendMessage, Upload,
} from "./models.ts";
import { request, type ApiRequest } from "./request.ts";
import {
  asChanges, asChat, asChatDelta, asChats, asFound, asMessage, asMessages, asReactors, asReads, asUpload, PAGE_SIZE, payloadOf,
} from "./shapes.ts";
import type { ReactionsOptions } from "./types.ts";

/** Longer than the server lets a request last. */
const TIMEOUT_MS = 30_000;
/** An answer of a hundred messages has some 2 MB at most. */
const MOST_BYTES = 8_000_000;

/** Which page: the one of a cursor, the one around a message or around the first unread one, or else the newest. */
export interface MessagesAt {
  cursor?: string;
  around?: string;
  limit?: number;
}

export interface ApiOptions {
  supabase: SupabaseClient;
  /** Whose requests these are. */
  me: string;
  apiUrl: string;
  fetch: typeof globalThis.fetch;
  clock: Clock;
  /** Told of each request: whether there was an answer. */
  onReached(reached: boolean): void;
}

export type Api = ReturnType<typeof createApi>;

export function createApi({ supabase, me, apiUrl, fetch, clock, onReached }: ApiOptions) {
  /** Another window may have signed in as somebody else: nothing is done in their name. */
  async function token(): Promise<string> {
    const { data, error } = await supabase.auth.getSession();
    if (data.session?.user.id === me) return data.session.access_token;
    throw error ? asChatError(error) : signedOut();
  }

  async function ask({ method, path, body }: ApiRequest, signal: AbortSignal): Promise<unknown> {
    const headers = { Authorization: `Bearer ${await token()}`, ...(body === undefined ? {} : { "Content-Type": "application/json" }) };
    const url = apiUrl + path;
    return read(await fetch(url, { method, headers, body, signal }), url);
  }

  async function once(asked: ApiRequest, signal?: AbortSignal): Promise<unknown> {
    const controller = new AbortController();
    const abort = () => controller.abort();
    let late = false;
    const stop = clock.after(TIMEOUT_MS, () => {
      late = true;
      abort();
    });
    // Not everything that is waited for can be aborted.
    const aborted = new Promise<never>((_, reject) => controller.signal.addEventListener("abort", reject));
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort);
    try {
      const answer = await Promise.race([aborted, ask(asked, controller.signal)]);
      onReached(true);
      return answer;
    } catch (error) {
      if (signal?.aborted) throw new ChatApiError(0, "aborted", { cause: error });
      // An answer that is none of the API's comes from something before it.
      const isAnswer = error instanceof ChatApiError && error.status > 0 && error.code !== "bad_answer";
      onReached(isAnswer);
      if (late) throw new ChatApiError(0, "timeout", { message: "The server took too long.", retryable: true, cause: error });
      throw asChatError(error);
    } finally {
      stop();
      signal?.removeEventListener("abort", abort);
    }
  }

  async function call(asked: ApiRequest, signal?: AbortSignal): Promise<unknown> {
    try {
      return await once(asked, signal);
    } catch (error) {
      // supabase-js refreshes by its own clock, which may be behind.
      if (!(error instanceof ChatApiError) || error.code !== "token_expired") throw error;
      const { error: refused } = await supabase.auth.refreshSession();
      if (refused) throw error;
      return once(asked, signal);
    }
  }

  const page = (cursor: string | null) => ({ limit: PAGE_SIZE, cursor: cursor ?? undefined });

  return {
    async chats(archived: boolean, cursor: string | null, signal?: AbortSignal): Promise<ChatPage> {
      return asChats(await call(request("get", "/chats", { query: { archived, ...page(cursor) } }), signal));
    },
    async changedChats(since: string, signal?: AbortSignal): Promise<ChatDelta> {
      return asChatDelta(await call(request("get", "/chats", { query: { since, limit: PAGE_SIZE } }), signal), since);
    },
    async chat(id: string, signal?: AbortSignal): Promise<Chat> {
      return asChat(await call(request("get", "/chats/{id}", { path: { id } }), signal));
    },
    async openDirect(userId: string): Promise<Chat> {
      return asChat(await call(request("post", "/chats", { body: { type: "direct", participantIds: [userId] } })));
    },
    async updateSettings(id: string, body: Partial<ChatSettings>): Promise<Chat> {
      return asChat(await call(request("patch", "/chats/{id}/me", { path: { id }, body })));
    },
    async reads(id: string, signal?: AbortSignal): Promise<readonly ReadMark[]> {
      return asReads(await call(request("get", "/chats/{id}/reads", { path: { id } }), signal));
    },
    async leave(id: string): Promise<void> {
      await call(request("delete", "/chats/{id}", { path: { id } }));
    },
    async messages(id: string, at: MessagesAt, signal?: AbortSignal): Promise<MessagePage> {
      const query = { limit: PAGE_SIZE, ...at };
      return asMessages(await call(request("get", "/chats/{id}/messages", { path: { id }, query }), signal), id);
    },
    async changes(id: string, since: number, epoch: string, signal?: AbortSignal): Promise<Changes> {
      const query = { since, epoch, limit: PAGE_SIZE };
      return asChanges(await call(request("get", "/chats/{id}/changes", { path: { id }, query }), signal), since);
    },
    async search(query: { q: string; chatId?: string; senderId?: string; cursor?: string }, signal?: AbortSignal): Promise<Page<Message>> {
      return asFound(await call(request("get", "/search", { query }), signal));
    },
    async send(id: string, body: SendMessage, signal?: AbortSignal): Promise<Message> {
      return asMessage(await call(request("post", "/chats/{id}/messages", { path: { id }, body }), signal));
    },
    async edit(id: string, msgId: string, body: EditMessage): Promise<Message> {
      return asMessage(await call(request("patch", "/chats/{id}/messages/{msgId}", { path: { id, msgId }, body })));
    },
    async remove(id: string, msgId: string): Promise<void> {
      await call(request("delete", "/chats/{id}/messages/{msgId}", { path: { id, msgId } }));
    },
    async react(id: string, msgId: string, emoji: string, isOn: boolean): Promise<Message> {
      return asMessage(await call(request(isOn ? "put" : "delete", "/chats/{id}/messages/{msgId}/reactions/{emoji}", { path: { id, msgId, emoji } })));
    },
    async reactions(id: string, msgId: string, { emoji, cursor }: ReactionsOptions): Promise<Page<Reactor>> {
      const query = { ...page(cursor ?? null), emoji };
      return asReactors(await call(request("get", "/chats/{id}/messages/{msgId}/reactions", { path: { id, msgId }, query })));
    },
    async mentions(cursor: string | null): Promise<Page<Message>> {
      return asFound(await call(request("get", "/mentions", { query: page(cursor) })));
    },
    async read(id: string, messageId: string, signal?: AbortSignal): Promise<number> {
      const { unreadCount } = payloadOf(await call(request("post", "/chats/{id}/read", { path: { id }, body: { messageId } }), signal));
      return typeof unreadCount === "number" ? unreadCount : 0;
    },
    async typing(id: string, signal?: AbortSignal): Promise<void> {
      await call(request("post", "/chats/{id}/typing", { path: { id } }), signal);
    },
    async reserve(chatId: string, { name: fileName, type: contentType, size }: OutgoingFile, picture: PictureSize, signal?: AbortSignal): Promise<Upload> {
      return asUpload(await call(request("post", "/uploads", { body: { chatId, fileName, contentType, size, ...picture } }), signal));
    },
  };
}

/** The answer's JSON, or an error with everything that the server said. */
async function read(response: Response, url: string): Promise<unknown> {
  const { ok, status, headers } = response;
  const wrong = (what: string, cause?: unknown) =>
    new ChatApiError(status, "bad_answer", { message: `The answer of ${url} is ${what}.`, retryable: true, cause });
  if (Number(headers.get("content-length") ?? 0) > MOST_BYTES) throw wrong("too large");
  const text = await response.text();
  let content: unknown;
  try {
    content = text ? JSON.parse(text) : undefined;
  } catch (cause) {
    if (ok) throw wrong("not JSON", cause);
  }
  if (!ok) throw errorOf(response, url, payloadOf(payloadOf(content).error));
  return content;
}

function errorOf({ status, headers }: Response, url: string, { code, message, fields, requestId, retryable }: Record<string, unknown>): ChatApiError {
  const mayPass = status >= 500 || status === 429 || status === 408;
  const said = typeof message === "string" ? message : `${url} answered HTTP ${status}.`;
  const wrong = (Array.isArray(fields) ? fields : []).map(payloadOf) as unknown as ChatErrorField[];
  const issues = wrong.map(({ path, issue }) => `${path} ${issue}`).join("; ");
  // Without a code it is a proxy's page, mostly.
  return new ChatApiError(status, typeof code === "string" ? code : "bad_answer", {
    message: issues ? `${said.replace(/\.$/, "")}: ${issues}.` : said,
    fields: wrong,
    requestId: typeof requestId === "string" ? requestId : headers.get("x-request-id"),
    retryable: typeof retryable === "boolean" ? retryable : mayPass,
    retryAfterMs: retryAfter(headers.get("retry-after")),
  });
}

/** Seconds, or a date. At most an hour: no header may silence a device for longer. */
function retryAfter(value: string | null): number | null {
  if (!value) return null;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), 3_600_000) : null;
}
