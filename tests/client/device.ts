// A device: the package on the real supabase-js, its network and its time in the test's hands.
import { createClient } from "@supabase/supabase-js";
import {
  createChatClient, isPending, memoryStorage, type ChatAdapters, type ChatClient, type ChatHandle, type ChatStorage, type Message,
} from "supabase-chat-client";
import { FakeClock } from "./clock.ts";
import { Line, type Broadcast } from "./realtime.ts";
import { Random } from "./random.ts";
import { env, type Person } from "./stack.ts";

export interface DeviceOptions {
  storage?: ChatStorage;
  adapters?: Partial<ChatAdapters>;
  maxMessages?: number;
  postgresChanges?: boolean;
  /** Whether pages and answers of the feed are as large as the package asks for. */
  largePages?: boolean;
  /** Not yet. */
  stopped?: boolean;
}

/** What a request meets: passed on, its answer lost after the write, or another answer. */
export type Fault = "pass" | "lose" | "refuse" | Response;

export class Device {
  readonly line: Line;
  readonly clock = new FakeClock();
  readonly app: ChatClient;
  readonly supabase;
  online = true;
  visible = true;
  /** Whether requests fail at times. */
  flaky: boolean;
  /** Decides about each request of the API. */
  fault: (method: string, path: string) => Fault | undefined = () => undefined;
  /** Each request of the API so far. */
  readonly log: string[] = [];
  /** Those who want to hear of `online` and `visible`. */
  readonly listeners = new Set<() => void>();
  private requests = new Set<Promise<void>>();
  private closed = false;
  private asked = 0;
  private largePages: boolean;
  /** Each with its request's number: which comes back first is the seed's choice, and not the machine's. */
  private answers: { request: number; arrive: () => void }[] = [];

  constructor(readonly who: Person, readonly random: Random, options: DeviceOptions = {}) {
    this.flaky = random.percent(20);
    this.line = new Line(who, random);
    this.largePages = options.largePages ?? false;
    const fetch = (input: RequestInfo | URL, init?: RequestInit) => this.request(input, init);
    this.supabase = createClient(env.supabase, env.anonKey, {
      auth: { autoRefreshToken: false, storage: session(who), storageKey: who.id },
      global: { fetch },
      realtime: { transport: this.line.transport, reconnectAfterMs: () => 0, timeout: 600_000 },
    });
    // The library tries a refused join again after a second: here only the package's own ways count.
    (this.supabase.realtime as any).socketAdapter.socket.rejoinAfterMs = () => 2 ** 30;
    const jitter = new Random(random.below(2 ** 30));
    const subscribe = (changed: () => void) => {
      this.listeners.add(changed);
      return () => void this.listeners.delete(changed);
    };
    this.app = createChatClient({
      supabase: this.supabase,
      apiUrl: env.edge,
      fetch: fetch as typeof globalThis.fetch,
      postgresChanges: options.postgresChanges ?? random.percent(50),
      maxMessages: options.maxMessages,
      adapters: {
        clock: this.clock,
        storage: options.storage ?? memoryStorage(),
        random: () => jitter.below(1000) / 1000,
        appState: { isVisible: () => this.visible, subscribe },
        network: { isOnline: () => this.online, subscribe },
        ...options.adapters,
      },
    });
    if (!options.stopped) this.app.start();
  }

  open(chatId: string): ChatHandle {
    const chat = this.app.chat(chatId);
    chat.open();
    return chat;
  }

  /** Waits until no request is under way to the edge and the line is up. */
  async idle(): Promise<void> {
    while (!this.closed && (this.requests.size > 0 || !this.line.isAsItShould)) {
      await Promise.all([...this.requests, this.line.opened]);
    }
  }

  /** Something is under way. */
  get pending(): boolean {
    return this.answers.length > 0 || this.line.inbox.length > 0;
  }

  get answering(): boolean {
    return this.answers.length > 0;
  }

  /** One thing that was under way arrives. */
  async step(): Promise<void> {
    if (this.answering && (this.line.inbox.length === 0 || this.random.percent(50))) this.answer();
    else await this.line.inbox.shift()?.();
  }

  /** One of the answers arrives. */
  answer(): void {
    this.answers.sort((a, b) => a.request - b.request);
    this.answers.splice(this.random.below(this.answers.length), 1)[0]?.arrive();
  }

  /** The network is as it should be from now on. */
  heal(): void {
    this.flaky = this.line.faulty = false;
  }

  /** `online` or `visible` have changed. */
  signal(): void {
    [...this.listeners].forEach((changed) => changed());
  }

  broadcast(rows: Broadcast[]): void {
    rows.forEach((row) => this.line.broadcast(row));
  }

  close(): void {
    this.closed = true;
    this.app.stop();
    void this.supabase.realtime.disconnect();
  }

  /** Does a request at once, and keeps its answer until a step lets it through. */
  private async request(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const asked = new Request(input, init);
    const { method, url } = asked;
    // The API's alone: supabase-js tries its own again by itself, after some time.
    const isApi = url.startsWith(env.edge);
    if (isApi) this.log.push(`${method} ${url.slice(env.edge.length)}`);
    const fault = isApi ? (this.fault(method, url.slice(env.edge.length)) ?? this.chance()) : "pass";
    if (fault === "refuse") throw new TypeError("fetch failed");
    if (fault instanceof Response) return fault;
    const number = this.asked++;
    const body = method === "GET" || method === "HEAD" ? undefined : await asked.arrayBuffer();
    return new Promise((resolve, reject) => {
      asked.signal.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
      const request = (async () => {
        const response = await fetch(this.largePages ? url : inSmallPages(url, method), { method, headers: asked.headers, body });
        const text = response.status === 204 ? null : await response.text();
        const { status, headers } = response;
        const arrive = () => (fault === "lose" ? reject(new TypeError("the connection broke")) : resolve(new Response(text, { status, headers })));
        this.answers.push({ request: number, arrive });
      })().catch(reject).finally(() => this.requests.delete(request));
      this.requests.add(request);
    });
  }

  private chance(): Fault {
    if (!this.flaky || !this.random.percent(15)) return "pass";
    return this.random.pick<() => Fault>([
      () => "refuse",
      () => "lose",
      () => new Response("<html>502</html>", { status: 502 }),
      () => Response.json({ error: { code: "unavailable", message: "…", requestId: "r", retryable: true } }, { status: 503, headers: { "Retry-After": "2" } }),
      () => new Response("{", { status: 200 }),
    ])!();
  }
}

/** The messages that a chat shows, newest first, without the unsent ones. */
export function messagesOf(chat: ChatHandle): Message[] {
  return chat.getSnapshot().messages.filter((message): message is Message => !isPending(message)).reverse();
}

/** As if histories and lists were long: three messages a page, two changes or chats an answer. */
function inSmallPages(url: string, method: string): string {
  const [path = "", query = ""] = url.split("?");
  if (method !== "GET" || !path.startsWith(env.edge)) return url;
  const parameters = new URLSearchParams(query);
  if (path.endsWith("/messages") && parameters.get("limit") !== "1") parameters.set("limit", "3");
  if (path.endsWith("/changes") || path.endsWith("/chats")) parameters.set("limit", "2");
  return `${path}?${parameters}`;
}

/** Where supabase-js finds its session: the person is signed in. */
function session({ id, token }: Person) {
  const stored = JSON.stringify({
    access_token: token, refresh_token: "none", token_type: "bearer", expires_in: 3600,
    expires_at: Math.floor(Date.now() / 1000) + 3600, user: { id, aud: "authenticated" },
  });
  return { getItem: (key: string) => (key === id ? stored : null), setItem: () => {}, removeItem: () => {} };
}

/** Waits until no device does anything by itself. */
export async function settle(devices: Device[]): Promise<void> {
  for (let turns = 0; turns < 4; turns++) {
    await Promise.all(devices.map((device) => device.idle()));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Everything that is under way arrives. */
export async function drain(devices: Device[]): Promise<void> {
  await settle(devices);
  while (devices.some((device) => device.pending)) {
    for (const device of devices) if (device.pending) await device.step();
    await settle(devices);
  }
}

/** Time passes on all devices, and what happens in it arrives. */
export async function pass(devices: Device[], ms: number, step = 500): Promise<void> {
  for (let passed = 0; passed < ms; passed += step) {
    devices.forEach((device) => device.clock.advance(Math.min(step, ms - passed)));
    await drain(devices);
  }
}
