import type { SupabaseClient } from "@supabase/supabase-js";
import type { Clock } from "./adapters.ts";
import { ChatApiError } from "./errors.ts";
import type { Message } from "./models.ts";
import { payloadOf } from "./shapes.ts";
import type { FileUrlOptions } from "./types.ts";

const BUCKET = "chat-attachments";
const VALID_S = 3_600;
/** A URL is not given away for its last minutes. */
const SPARE_MS = 300_000;
const MOST_KEPT = 500;

/** Signed URLs of files, kept by path until shortly before they end. */
export class FileUrls {
  #supabase: SupabaseClient;
  #clock: Clock;
  #kept = new Map<string, { url: Promise<string | null>; until: number }>();

  constructor(supabase: SupabaseClient, clock: Clock) {
    this.#supabase = supabase;
    this.#clock = clock;
  }

  async get({ attachment, attachmentUrl }: Message, { download }: FileUrlOptions = {}): Promise<string | null> {
    if (!attachment) return null;
    const url = await this.#signed(attachment.path, attachmentUrl ?? "");
    // By hand: supabase-js encodes the name twice.
    return url && download ? `${url}&download=${encodeURIComponent(attachment.fileName)}` : url;
  }

  /** The URL that is kept, or else the one that came with the message, or else a new one. */
  #signed(path: string, given: string): Promise<string | null> {
    const kept = this.#kept.get(path);
    const now = this.#clock.now();
    if (kept && now < kept.until) return kept.url;
    const isGood = now < endOf(given) - SPARE_MS;
    const url = isGood ? Promise.resolve(given) : this.#sign(path);
    this.#kept.delete(path);
    this.#kept.set(path, { url, until: Math.min(isGood ? endOf(given) : Infinity, now + VALID_S * 1000) - SPARE_MS });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    // Only what was found is kept.
    const forget = () => void (this.#kept.get(path)?.url === url && this.#kept.delete(path));
    url.then((found) => found ?? forget(), forget);
    return url;
  }

  async #sign(path: string): Promise<string | null> {
    const { data, error } = await this.#supabase.storage.from(BUCKET).createSignedUrl(path, VALID_S);
    if (data) return data.signedUrl;
    const status = Number((error as { statusCode?: unknown; status?: unknown }).statusCode ?? (error as { status?: unknown }).status) || 0;
    if (status === 404 || status === 400 || status === 403) return null;
    throw new ChatApiError(status, status === 0 ? "network" : "unavailable", { message: error.message, retryable: true, cause: error });
  }
}

/** When a signed URL ends, as its token says. Any other text has ended. */
function endOf(url: string): number {
  const claims = /^https?:.*[?&]token=[^.&]+\.([\w-]+)/.exec(url)?.[1] ?? "";
  try {
    return Number(payloadOf(JSON.parse(atob(claims.replaceAll("-", "+").replaceAll("_", "/")))).exp) * 1000 || 0;
  } catch {
    return 0;
  }
}
