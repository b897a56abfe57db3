/** A file's way into Storage: a reservation, then its bytes. */
import type { ChatAdapters, OutgoingFile, PictureSize, UploadAnswer } from "./adapters.ts";
import type { Api } from "./api.ts";
import { asChatError, ChatApiError } from "./errors.ts";
import type { Upload } from "./models.ts";
import { payloadOf } from "./shapes.ts";

/** An upload that makes no progress for so long is given up, and tried again. */
const STALLED_MS = 300_000;
const SPARE_MS = 60_000;

export interface UploadOptions {
  api: Api;
  adapters: ChatAdapters;
  chatId: string;
  file: OutgoingFile | undefined;
  signal: AbortSignal;
  progress(share: number): void;
}

/** Uploads the file, and returns the URL for the message. `kept` remembers the reservation for the next try. */
export async function uploadFile(kept: { upload: Upload | undefined }, options: UploadOptions): Promise<string> {
  const { api, adapters, chatId, file, signal, progress } = options;
  if (!file) throw new ChatApiError(0, "file_lost", { message: "The app was closed: choose the file again." });
  const isOver = kept.upload && Date.parse(kept.upload.expiresAt) - SPARE_MS < adapters.clock.now();
  const reserved = isOver ? undefined : kept.upload;
  const upload = (kept.upload = reserved ?? (await api.reserve(chatId, file, await pictureSize(file, adapters), signal)));

  const answer = await put(upload, { adapters, file, signal, progress });
  const status = trueStatus(answer);
  // A second PUT is refused: the answer of the first one was lost.
  if ((status >= 200 && status < 300) || (reserved && status === 409)) return upload.attachmentUrl;
  kept.upload = undefined;
  const retryable = status >= 500 || status === 429;
  throw new ChatApiError(status, "upload_failed", { message: `The upload was refused with ${status}.`, retryable });
}

/** The app's own figures, or what the platform finds out. */
async function pictureSize(file: OutgoingFile, adapters: ChatAdapters): Promise<PictureSize> {
  const { width, height } = file.width && file.height ? file : ((await adapters.pictureSize(file)) ?? {});
  return width && height ? { width, height } : {};
}

async function put(upload: Upload, { adapters, file, signal, progress }: Pick<UploadOptions, "adapters" | "signal" | "progress"> & { file: OutgoingFile }) {
  const controller = new AbortController();
  const abort = () => controller.abort();
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort);
  let stop = adapters.clock.after(STALLED_MS, abort);
  let shown = 0;
  try {
    return await adapters.upload({
      url: upload.uploadUrl, method: upload.method, headers: upload.headers, file, signal: controller.signal,
      onProgress(sentBytes) {
        stop();
        stop = adapters.clock.after(STALLED_MS, abort);
        const share = file.size > 0 ? Math.min(sentBytes / file.size, 1) : 1;
        // A hundred steps are enough for a screen.
        if (share - shown >= 0.01 || share === 1) progress((shown = share));
      },
    });
  } catch (error) {
    throw asChatError(error);
  } finally {
    stop();
    signal.removeEventListener("abort", abort);
  }
}

/** Storage answers most errors with 400, and has the real status in the body. */
function trueStatus({ status, body }: UploadAnswer): number {
  if (status !== 400) return status;
  try {
    return Number(payloadOf(JSON.parse(body)).statusCode) || status;
  } catch {
    return status;
  }
}
