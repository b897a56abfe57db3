import { programLocks, type Locks } from "./locks.ts";
import { browserAppState, browserNetwork, webPictureSize, webStorage, webUpload } from "./platform.ts";

type Awaitable<T> = T | Promise<T>;

/** Where unsent messages are kept. `localStorage` and React Native's AsyncStorage fit as they are. */
export interface ChatStorage {
  getItem(key: string): Awaitable<string | null>;
  setItem(key: string, value: string): Awaitable<unknown>;
  removeItem(key: string): Awaitable<unknown>;
}

/** Whether the user sees the app. Hidden, it does not poll. */
export interface AppState {
  isVisible(): boolean;
  subscribe(changed: () => void): () => void;
}

/** Whether the device believes to have a network. */
export interface Network {
  isOnline(): boolean;
  subscribe(changed: () => void): () => void;
}

/** A file to send. A browser's `File` fits as it is. */
export interface OutgoingFile {
  readonly name: string;
  /** The MIME type. Empty: the server decides by the name. */
  readonly type?: string;
  /** In bytes. */
  readonly size: number;
  /** In pixels, both or neither. Absent, the client looks for them in pictures. */
  readonly width?: number;
  readonly height?: number;
  /** What the upload adapter sends. Absent: the file itself. */
  readonly body?: unknown;
}

/** In pixels, both or neither. */
export type PictureSize = { readonly width: number; readonly height: number } | { readonly width?: undefined; readonly height?: undefined };

export interface UploadRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly file: OutgoingFile;
  readonly signal: AbortSignal;
  onProgress(sentBytes: number): void;
}

export interface UploadAnswer {
  readonly status: number;
  readonly body: string;
}

/** Sends a file's bytes. Rejects if there is no answer, or after the signal. */
export type Uploader = (request: UploadRequest) => Promise<UploadAnswer>;

/** Time. Tests have their own. */
export interface Clock {
  now(): number;
  /** Calls once, later. Returns how to prevent that. */
  after(ms: number, run: () => void): () => void;
}

/** What differs between platforms. */
export interface ChatAdapters {
  readonly storage: ChatStorage;
  /** Two windows must not send the same unsent messages. */
  readonly locks: Locks;
  readonly appState: AppState;
  readonly network: Network;
  readonly uuid: () => string;
  readonly upload: Uploader;
  /** The size of a picture, so that others can keep its place free. Undefined if it is none. Never rejects. */
  readonly pictureSize: (file: OutgoingFile) => Promise<PictureSize | undefined>;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Keeps things until the program ends. */
export function memoryStorage(): ChatStorage {
  const kept = new Map<string, string>();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}

const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** A version 4 UUID. Where there is no `crypto.randomUUID`, as in React Native, it is made of random numbers. */
export function uuid(): string {
  const { crypto } = globalThis;
  if (typeof crypto?.randomUUID === "function") return crypto.randomUUID();
  const bytes = new Uint8Array(16);
  if (typeof crypto?.getRandomValues === "function") crypto.getRandomValues(bytes);
  else bytes.forEach((_, index) => (bytes[index] = Math.floor(Math.random() * 256)));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** The given adapters, and for the others what the platform offers. */
export function withDefaults(given: Partial<ChatAdapters> = {}): ChatAdapters {
  return {
    storage: given.storage ?? webStorage() ?? memoryStorage(),
    locks: given.locks ?? globalThis.navigator?.locks ?? programLocks,
    appState: given.appState ?? browserAppState,
    network: given.network ?? browserNetwork,
    uuid: given.uuid ?? uuid,
    upload: given.upload ?? webUpload,
    pictureSize: given.pictureSize ?? webPictureSize,
    clock: given.clock ?? systemClock,
    random: given.random ?? Math.random,
  };
}
