/** What a browser has, looked for at run time: nothing here fails where it is absent. */
import type { AppState, ChatStorage, Network, OutgoingFile, PictureSize, Uploader } from "./adapters.ts";

/** `localStorage`, where there is one that works. */
export function webStorage(): ChatStorage | undefined {
  try {
    const storage = globalThis.localStorage;
    // Reading is enough: a full storage still has what is unsent.
    storage.getItem("");
    return storage;
  } catch {
    // Absent, or forbidden by the user's settings.
    return undefined;
  }
}

function listen(target: Partial<EventTarget> | undefined, events: string[], changed: () => void): () => void {
  for (const event of events) target?.addEventListener?.(event, changed);
  return () => {
    for (const event of events) target?.removeEventListener?.(event, changed);
  };
}

export const browserAppState: AppState = {
  isVisible: () => globalThis.document?.visibilityState !== "hidden",
  subscribe(changed) {
    const stops = [
      listen(globalThis.document, ["visibilitychange"], changed),
      listen(globalThis.window, ["focus"], changed),
    ];
    return () => stops.forEach((stop) => stop());
  },
};

export const browserNetwork: Network = {
  isOnline: () => globalThis.navigator?.onLine !== false,
  subscribe: (changed) => listen(globalThis.window, ["online", "offline"], changed),
};

export async function webPictureSize(file: OutgoingFile): Promise<PictureSize | undefined> {
  if (!file.type?.startsWith("image/")) return undefined;
  try {
    const picture = await globalThis.createImageBitmap((file.body ?? file) as ImageBitmapSource);
    const { width, height } = picture;
    picture.close();
    return { width, height };
  } catch {
    // No picture, or a platform that cannot tell.
    return undefined;
  }
}

/** By XMLHttpRequest, as only that tells of progress; by `fetch` where there is none. */
export const webUpload: Uploader = async (request) => {
  if (typeof globalThis.XMLHttpRequest === "function") return byXhr(request);
  const { url, method, headers, file, signal, onProgress } = request;
  const response = await fetch(url, { method, headers: { ...headers }, body: (file.body ?? file) as BodyInit, signal });
  onProgress(file.size);
  return { status: response.status, body: await response.text() };
};

const byXhr: Uploader = ({ url, method, headers, file, signal, onProgress }) =>
  new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    const abort = () => xhr.abort();
    const done = (settle: () => void) => () => {
      signal.removeEventListener("abort", abort);
      settle();
    };
    xhr.open(method, url);
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
    xhr.upload.onprogress = ({ loaded }) => onProgress(loaded);
    xhr.onload = done(() => resolve({ status: xhr.status, body: xhr.responseText }));
    const broken = done(() => reject(new TypeError("the upload broke off")));
    xhr.onerror = xhr.onabort = broken;
    if (signal.aborted) return broken();
    signal.addEventListener("abort", abort);
    xhr.send((file.body ?? file) as XMLHttpRequestBodyInit);
  });
