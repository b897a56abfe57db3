/** The API's calls, as the signed-in user. Each answer is checked before anything believes it. */
import type { SupabaseClient } from "@supabase/supabase-js";
import createClient from "openapi-fetch";
import type { Clock, OutgoingFile } from "./adapters.ts";
import { asChatError, ChatApiError } from "./errors.ts";
import type { Changes, Chat, ChatErrorField, Message, Page, SendMessage, Upload } from "./models.ts";
import type { paths } from "./openapi.ts";
import { asChanges, asChat, asChats, asMessage, asMessages, asUpload, PAGE_SIZE, payloadOf } from "./shapes.ts";

/** Longer than the server lets a request last. */
const TIMEOUT_MS = 30_000;
/** An answer of a hundred messages has some 2 MB at most. */
const MOST_BYTES = 8_000_000;

export interface ApiOptions {
  supabase: SupabaseClient;
  apiUrl: string;
  fetch: typeof globalThis.fetch;
  clock: Clock;
  /** Told of each request: whether there was an answer. */
  onReached(reached: boolean): void;
}

export type Api = ReturnType<typeof createApi>;

interface Answer {
  data?: unknown;
  error?: unknown;
  response: Response;
}

/** Goes into each call: the token, and the signal that ends it. */
interface Init {
  headers: { Authorization: string };
  signal: AbortSignal;
  /** The client reads the text by itself, as it may be anything. */
  parseAs: "stream";
}

export function createApi({ supabase, apiUrl, fetch, clock, onReached }: ApiOptions) {
  const client = createClient<paths>({ baseUrl: apiUrl, fetch });

  async function token(): Promise<string> {
    const { data } = await supabase.auth.getSession();
    if (!data.session) throw new ChatApiError(401, "signed_out", { message: "nobody is signed in" });
    return data.session.access_token;
  }

  async function once(request: (init: Init) => Promise<Answer>, signal?: AbortSignal): Promise<unknown> {
    const headers = { Authorization: `Bearer ${await token()}` };
    const controller = new AbortController();
    const abort = () => controller.abort();
    let late = false;
    const stop = clock.after(TIMEOUT_MS, () => {
      late = true;
      abort();
    });
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort);
    try {
      const answer = await read(await request({ headers, signal: controller.signal, parseAs: "stream" }));
      onReached(true);
      return answer;
    } catch (error) {
      if (signal?.aborted) throw new ChatApiError(0, "aborted", { cause: error });
      onReached(error instanceof ChatApiError);
      if (late) throw new ChatApiError(0, "timeout", { retryable: true, cause: error });
      throw asChatError(error);
    } finally {
      stop();
      signal?.removeEventListener("abort", abort);
    }
  }

  async function call(request: (init: Init) => Promise<Answer>, signal?: AbortSignal): Promise<unknown> {
    try {
      return await once(request, signal);
    } catch (error) {
      // supabase-js refreshes by its own clock, which may be behind.
      if (!(error instanceof ChatApiError) || error.code !== "token_expired") throw error;
      const { error: refused } = await supabase.auth.refreshSession();
      if (refused) throw error;
      return once(request, signal);
    }
  }

  const page = (cursor: string | null) => ({ limit: PAGE_SIZE, cursor: cursor ?? undefined });

  return {
    async chats(cursor: string | null, signal?: AbortSignal): Promise<Page<Chat>> {
      return asChats(await call((init) => client.GET("/chats", { ...init, params: { query: page(cursor) } }), signal));
    },
    async chat(id: string, signal?: AbortSignal): Promise<Chat> {
      return asChat(await call((init) => client.GET("/chats/{id}", { ...init, params: { path: { id } } }), signal));
    },
    async openDirect(userId: string): Promise<Chat> {
      const body = { type: "direct" as const, participantIds: [userId] };
      return asChat(await call((init) => client.POST("/chats", { ...init, body })));
    },
    async leave(id: string): Promise<void> {
      await call((init) => client.DELETE("/chats/{id}", { ...init, params: { path: { id } } }));
    },
    async messages(id: string, cursor: string | null, signal?: AbortSignal): Promise<Page<Message>> {
      const params = { path: { id }, query: page(cursor) };
      return asMessages(await call((init) => client.GET("/chats/{id}/messages", { ...init, params }), signal));
    },
    async changes(id: string, since: number, epoch: string, signal?: AbortSignal): Promise<Changes> {
      const params = { path: { id }, query: { since, epoch, limit: PAGE_SIZE } };
      return asChanges(await call((init) => client.GET("/chats/{id}/changes", { ...init, params }), signal), since);
    },
    async send(id: string, body: SendMessage, signal?: AbortSignal): Promise<Message> {
      const params = { path: { id } };
      return asMessage(await call((init) => client.POST("/chats/{id}/messages", { ...init, params, body }), signal));
    },
    async edit(id: string, msgId: string, text: string): Promise<Message> {
      const request = { params: { path: { id, msgId } }, body: { text } };
      return asMessage(await call((init) => client.PATCH("/chats/{id}/messages/{msgId}", { ...init, ...request })));
    },
    async remove(id: string, msgId: string): Promise<void> {
      await call((init) => client.DELETE("/chats/{id}/messages/{msgId}", { ...init, params: { path: { id, msgId } } }));
    },
    async read(id: string, messageId: string, signal?: AbortSignal): Promise<number> {
      const request = { params: { path: { id } }, body: { messageId } };
      const { unreadCount } = payloadOf(await call((init) => client.POST("/chats/{id}/read", { ...init, ...request }), signal));
      return typeof unreadCount === "number" ? unreadCount : 0;
    },
    async typing(id: string, signal?: AbortSignal): Promise<void> {
      await call((init) => client.POST("/chats/{id}/typing", { ...init, params: { path: { id } } }), signal);
    },
    async reserve(chatId: string, file: OutgoingFile, signal?: AbortSignal): Promise<Upload> {
      const { name: fileName, type: contentType, size, width, height } = file;
      const body = { chatId, fileName, contentType, size, ...(width && height ? { width, height } : {}) };
      return asUpload(await call((init) => client.POST("/uploads", { ...init, body }), signal));
    },
  };
}

/** The answer's JSON, or an error with everything that the server said. */
async function read({ error, response }: Answer): Promise<unknown> {
  const { ok, status, headers, bodyUsed } = response;
  if (!ok) throw errorOf(response, payloadOf(payloadOf(error).error));
  if (Number(headers.get("content-length") ?? 0) > MOST_BYTES) {
    throw new ChatApiError(status, "bad_answer", { message: "the answer is too large", retryable: true });
  }
  const text = bodyUsed ? "" : await response.text();
  try {
    return text ? JSON.parse(text) : undefined;
  } catch (cause) {
    throw new ChatApiError(status, "bad_answer", { message: "the answer is not JSON", retryable: true, cause });
  }
}

function errorOf({ status, headers }: Response, { code, message, fields, requestId, retryable }: Record<string, unknown>): ChatApiError {
  const mayPass = status >= 500 || status === 429 || status === 408;
  // Without a code it is a proxy's page, mostly.
  return new ChatApiError(status, typeof code === "string" ? code : "bad_answer", {
    message: typeof message === "string" ? message : `HTTP ${status}`,
    fields: Array.isArray(fields) ? (fields as ChatErrorField[]) : [],
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
