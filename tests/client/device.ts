// A device: the page's code on the real supabase-js, its network in the test's hands.
import { connect, createApi, start, type Chat, type Message } from "page";
import { Line, type Broadcast } from "./realtime.ts";
import type { Random } from "./random.ts";
import { env, type Person } from "./stack.ts";

export class Device {
  readonly line: Line;
  readonly app: ReturnType<typeof start>;
  chats: Chat[] = [];
  /** Whether requests fail at times. */
  flaky: boolean;
  /** A request has failed, and nothing may come that makes the page ask again. */
  failed = false;
  private supabase;
  private requests = new Set<Promise<void>>();
  private closed = false;
  private asked = 0;
  /** Each with its request's number: which comes back first is the seed's choice, and not the machine's. */
  private answers: { request: number; arrive: () => void }[] = [];

  constructor(readonly who: Person, readonly random: Random) {
    this.flaky = random.percent(20);
    this.line = new Line(who, random);
    const fetch = (input: RequestInfo | URL, init?: RequestInit) => this.request(input, init);
    this.supabase = connect(env.supabase, env.anonKey, {
      auth: { autoRefreshToken: false, storage: session(who), storageKey: who.id },
      global: { fetch },
      realtime: { transport: this.line.transport, reconnectAfterMs: () => 0, timeout: 600_000 },
    });
    // The library tries a refused join again after a second: here only the page's own ways count.
    (this.supabase.realtime as any).socketAdapter.socket.rejoinAfterMs = () => 2 ** 30;
    this.app = start(this.supabase, createApi(this.supabase, env.edge, fetch as typeof globalThis.fetch), who.id,
      (chats) => (this.chats = chats));
  }

  /** What the page shows of a chat. */
  open(chatId: string, onMessages?: (messages: Message[]) => void) {
    return this.app.open(chatId, { onMessages });
  }

  /** Waits until no request is under way to the edge and the line is up. */
  async idle(): Promise<void> {
    while (!this.closed && (this.requests.size > 0 || !this.line.connected)) {
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
    // The API's alone: supabase-js tries its own again by itself, after some time.
    if (this.flaky && `${input}`.startsWith(env.edge) && this.random.percent(15)) {
      this.failed = true;
      throw new TypeError("fetch failed");
    }
    const number = this.asked++;
    return new Promise((resolve, reject) => {
      const request = (async () => {
        const response = await fetch(inSmallPages(`${input}`, init), init);
        const body = response.status === 204 ? null : await response.text();
        const { status, headers } = response;
        this.answers.push({ request: number, arrive: () => resolve(new Response(body, { status, headers })) });
      })().catch(reject).finally(() => this.requests.delete(request));
      this.requests.add(request);
    });
  }
}

/** As if histories were long: three messages a page, two changes an answer. */
function inSmallPages(url: string, init?: RequestInit): string {
  const [path = "", query = ""] = url.split("?");
  if (init?.method !== "GET" || !path.startsWith(env.edge)) return url;
  const parameters = new URLSearchParams(query);
  if (path.endsWith("/messages")) parameters.set("limit", "3");
  if (path.endsWith("/changes")) parameters.set("limit", "2");
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
  for (let turns = 0; turns < 3; turns++) {
    await Promise.all(devices.map((device) => device.idle()));
    await new Promise((resolve) => setImmediate(resolve));
  }
}
