/** The API's calls, as the signed-in user. */
import type { SupabaseClient } from "@supabase/supabase-js";
import type { Clock, OutgoingFile } from "./adapters.ts";
import { asChatError, ChatApiError, type ChatErrorField } from "./errors.ts";
import type { Changes, Chat, Message, Page, Upload } from "./models.ts";
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

export interface SendBody {
  text?: string;
  attachmentUrl?: string;
  clientId: string;
}

export type Api = ReturnType<typeof createApi>;

export function createApi({ supabase, apiUrl, fetch, clock, onReached }: ApiOptions) {
  const base = apiUrl.replace(/\/+$/, "");

  async function token(): Promise<string> {
    const { data } = await supabase.auth.getSession();
    if (!data.session) throw new ChatApiError(401, "signed_out", { message: "nobody is signed in" });
    return data.session.access_token;
  }

  async function once(method: string, path: string, body: unknown, signal?: AbortSignal): Promise<unknown> {
    const authorization = `Bearer ${await token()}`;
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
      const response = await fetch(base + path, {
        method,
        headers: { Authorization: authorization, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: controller.signal,
      });
      const answer = await read(response);
      onReached(true);
      return answer;
    } catch (error) {
      if (error instanceof ChatApiError) {
        onReached(true);
        throw error;
      }
      if (signal?.aborted) throw new ChatApiError(0, "aborted", { cause: error });
      onReached(false);
      if (late) throw new ChatApiError(0, "timeout", { retryable: true, cause: error });
      throw asChatError(error);
    } finally {
      stop();
      signal?.removeEventListener("abort", abort);
    }
  }

  async function call(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<unknown> {
    try {
      return await once(method, path, body, signal);
    } catch (error) {
      // supabase-js refreshes by its own clock, which may be behind.
      if (!(error instanceof ChatApiError) || error.code !== "token_expired") throw error;
      const { error: refused } = await supabase.auth.refreshSession();
      if (refused) throw error;
      return once(method, path, body, signal);
    }
  }

  const chat = (id: string, rest = "") => `/chats/${encodeURIComponent(id)}${rest}`;
  const cursorOf = (cursor: string | null) => `limit=${PAGE_SIZE}${cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`}`;

  return {
    async chats(cursor: string | null, signal?: AbortSignal): Promise<Page<Chat>> {
      return asChats(await call("GET", `/chats?${cursorOf(cursor)}`, undefined, signal));
    },
    async chat(id: string, signal?: AbortSignal): Promise<Chat> {
      return asChat(await call("GET", chat(id), undefined, signal));
    },
    async openDirect(userId: string): Promise<Chat> {
      return asChat(await call("POST", "/chats", { type: "direct", participantIds: [userId] }));
    },
    async leave(id: string): Promise<void> {
      await call("DELETE", chat(id));
    },
    async messages(id: string, cursor: string | null, signal?: AbortSignal): Promise<Page<Message>> {
      return asMessages(await call("GET", chat(id, `/messages?${cursorOf(cursor)}`), undefined, signal));
    },
    async changes(id: string, since: number, epoch: string, signal?: AbortSignal): Promise<Changes> {
      const query = `since=${since}&epoch=${encodeURIComponent(epoch)}&limit=${PAGE_SIZE}`;
      return asChanges(await call("GET", chat(id, `/changes?${query}`), undefined, signal), since);
    },
    async send(id: string, body: SendBody, signal?: AbortSignal): Promise<Message> {
      return asMessage(await call("POST", chat(id, "/messages"), body, signal));
    },
    async edit(id: string, messageId: string, text: string): Promise<Message> {
      return asMessage(await call("PATCH", chat(id, `/messages/${encodeURIComponent(messageId)}`), { text }));
    },
    async remove(id: string, messageId: string): Promise<void> {
      await call("DELETE", chat(id, `/messages/${encodeURIComponent(messageId)}`));
    },
    async read(id: string, messageId: string, signal?: AbortSignal): Promise<number> {
      const { unreadCount } = payloadOf(await call("POST", chat(id, "/read"), { messageId }, signal));
      return typeof unreadCount === "number" ? unreadCount : 0;
    },
    async typing(id: string, signal?: AbortSignal): Promise<void> {
      await call("POST", chat(id, "/typing"), undefined, signal);
    },
    async reserve(chatId: string, file: OutgoingFile, signal?: AbortSignal): Promise<Upload> {
      const { name: fileName, type: contentType, size, width, height } = file;
      const picture = width && height ? { width, height } : {};
      return asUpload(await call("POST", "/uploads", { chatId, fileName, contentType, size, ...picture }, signal));
    },
  };
}

/** The answer's JSON, or an error with everything that the server said. */
async function read(response: Response): Promise<unknown> {
  const { status, headers } = response;
  if (Number(headers.get("content-length") ?? 0) > MOST_BYTES) {
    throw new ChatApiError(status, "bad_answer", { message: "the answer is too large", retryable: true });
  }
  const text = await response.text();
  let json: unknown;
  try {
    json = text ? JSON.parse(text) : undefined;
  } catch (cause) {
    // A proxy's page, mostly. What it says with its status may pass.
    if (response.ok) throw new ChatApiError(status, "bad_answer", { message: "the answer is not JSON", retryable: true, cause });
  }
  if (response.ok) return json;
  throw errorOf(response, payloadOf(payloadOf(json).error));
}

function errorOf({ status, headers }: Response, { code, message, fields, requestId, retryable }: Record<string, unknown>): ChatApiError {
  const mayPass = status >= 500 || status === 429 || status === 408;
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
