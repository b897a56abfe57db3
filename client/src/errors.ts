import type { ChatErrorField, ServerErrorCode } from "./models.ts";

/** The server's codes, and those of the client itself. */
export type ChatErrorCode =
  | ServerErrorCode
  | "network" | "timeout" | "aborted" | "bad_answer" | "signed_out" | "upload_failed" | "file_lost";

export interface ChatErrorDetails {
  readonly message?: string;
  readonly fields?: readonly ChatErrorField[];
  readonly requestId?: string | null;
  readonly retryable?: boolean;
  readonly retryAfterMs?: number | null;
  readonly cause?: unknown;
}

/** What went wrong with a request. `message` is a sentence in English, with what is wrong in each field. */
export class ChatApiError extends Error {
  override readonly name = "ChatApiError";
  /** The HTTP status. 0 if there was no answer. */
  readonly status: number;
  /** One of the known codes. A newer server may have more. */
  readonly code: ChatErrorCode | (string & {});
  /** What is wrong with which field. Only for `invalid_request`. */
  readonly fields: readonly ChatErrorField[];
  /** Names the request in the server's log. */
  readonly requestId: string | null;
  /** The same request may succeed later. */
  readonly retryable: boolean;
  /** How long the server asks to wait. */
  readonly retryAfterMs: number | null;

  constructor(status: number, code: ChatErrorCode | (string & {}), details: ChatErrorDetails = {}) {
    super(details.message ?? code, details.cause === undefined ? undefined : { cause: details.cause });
    this.status = status;
    this.code = code;
    this.fields = details.fields ?? [];
    this.requestId = details.requestId ?? null;
    this.retryable = details.retryable ?? false;
    this.retryAfterMs = details.retryAfterMs ?? null;
  }
}

/** Any thrown value as an error of the client. */
export function asChatError(error: unknown): ChatApiError {
  if (error instanceof ChatApiError) return error;
  return new ChatApiError(0, "network", { message: "The server cannot be reached.", retryable: true, cause: error });
}

/** The server says what cannot be. A later answer may be right. */
export function badAnswer(message: string): ChatApiError {
  return new ChatApiError(0, "bad_answer", { message, retryable: true });
}

export function signedOut(): ChatApiError {
  return new ChatApiError(401, "signed_out", { message: "Nobody is signed in." });
}

/** The user does not take part in the chat, or it does not exist. */
export function isGone(error: unknown): boolean {
  return error instanceof ChatApiError && ["not_participant", "chat_not_found", "invalid_id"].includes(error.code);
}

/** The database was restored or replaced, and may never have had what the device shows; or it cannot read the position any more. */
export function isOfAnotherEpoch(error: unknown): boolean {
  return error instanceof ChatApiError && ["resync_required", "invalid_cursor"].includes(error.code);
}
