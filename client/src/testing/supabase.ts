/** As much of supabase-js as the client uses: the session, private channels, and signed URLs. */
import type { SupabaseClient } from "@supabase/supabase-js";
import { fileUrl } from "./rows.ts";

type Listener = (message: Record<string, unknown>) => void;
type Status = "SUBSCRIBED" | "CHANNEL_ERROR" | "CLOSED";

/** What the server tells Realtime. */
export interface ChannelRules {
  mayListen(user: string, topic: string): boolean;
  present(topic: string): string[];
  track(user: string, topic: string, isPresent: boolean): void;
}

class TestChannel {
  readonly topic: string;
  readonly name: string;
  isJoined = false;
  readonly #realtime: TestRealtime;
  readonly #listeners: { type: string; listener: Listener }[] = [];
  #told: (status: Status) => void = () => {};

  constructor(realtime: TestRealtime, name: string) {
    this.#realtime = realtime;
    this.name = name;
    this.topic = `realtime:${name}`;
  }

  on(type: string, _filter: unknown, listener: Listener): this {
    this.#listeners.push({ type, listener });
    return this;
  }

  subscribe(told: (status: Status) => void): this {
    this.#told = told;
    queueMicrotask(() => {
      if (!this.#realtime.channels.has(this)) return;
      if (!this.#realtime.mayJoin(this.name)) return this.#told("CHANNEL_ERROR");
      this.isJoined = true;
      this.#told("SUBSCRIBED");
      this.hear("system", { status: "ok" });
      this.hear("presence", {});
    });
    return this;
  }

  hear(type: string, message: Record<string, unknown>): void {
    if (!this.isJoined) return;
    for (const each of this.#listeners) if (each.type === type) each.listener(message);
  }

  /** The socket breaks. */
  break(): void {
    if (!this.isJoined) return;
    this.isJoined = false;
    this.#told("CHANNEL_ERROR");
  }

  async track(): Promise<"ok"> {
    this.#realtime.track(this.name, true);
    return "ok";
  }

  presenceState(): Record<string, unknown[]> {
    return Object.fromEntries(this.#realtime.rules.present(this.name).map((id) => [id, [{}]]));
  }

  close(): void {
    if (this.isJoined) this.#realtime.track(this.name, false);
    this.isJoined = false;
  }
}

class TestRealtime {
  readonly channels = new Set<TestChannel>();
  readonly rules: ChannelRules;
  readonly #user: () => string | null;
  #isUp = true;

  constructor(rules: ChannelRules, user: () => string | null) {
    this.rules = rules;
    this.#user = user;
  }

  async setAuth(): Promise<void> {}

  getChannels(): TestChannel[] {
    return [...this.channels];
  }

  isDisconnecting(): boolean {
    return false;
  }

  mayJoin(name: string): boolean {
    const user = this.#user();
    return this.#isUp && user !== null && this.rules.mayListen(user, name);
  }

  track(name: string, isPresent: boolean): void {
    const user = this.#user();
    if (user !== null && name.startsWith("chat:")) this.rules.track(user, name, isPresent);
  }

  setUp(isUp: boolean): void {
    this.#isUp = isUp;
    if (!isUp) for (const channel of this.channels) channel.break();
  }
}

interface TestSession {
  readonly access_token: string;
  readonly user: { readonly id: string; readonly app_metadata: object };
}

type AuthListener = (event: string, session: TestSession | null) => void;

export class TestSupabase {
  readonly realtime: TestRealtime;
  readonly #authListeners = new Set<AuthListener>();
  #user: string | null;

  constructor(user: string, rules: ChannelRules) {
    this.#user = user;
    this.realtime = new TestRealtime(rules, () => this.#user);
  }

  get user(): string | null {
    return this.#user;
  }

  readonly auth = {
    onAuthStateChange: (listener: AuthListener) => {
      this.#authListeners.add(listener);
      queueMicrotask(() => {
        if (this.#authListeners.has(listener)) listener("INITIAL_SESSION", this.#session());
      });
      return { data: { subscription: { unsubscribe: () => void this.#authListeners.delete(listener) } } };
    },
    getSession: async () => ({ data: { session: this.#session() }, error: null }),
    refreshSession: async () => ({ data: { session: this.#session() }, error: null }),
  };

  readonly storage = {
    from: () => ({
      createSignedUrl: async (path: string) => ({ data: { signedUrl: `${fileUrl(path)}?token=test` }, error: null }),
    }),
  };

  channel(name: string): TestChannel {
    const channel = new TestChannel(this.realtime, name);
    this.realtime.channels.add(channel);
    return channel;
  }

  async removeChannel(channel: TestChannel): Promise<"ok"> {
    this.realtime.channels.delete(channel);
    channel.close();
    return "ok";
  }

  /** To everybody who listens now. */
  broadcast(topic: string, event: string, payload: object): void {
    for (const channel of this.realtime.getChannels()) if (channel.name === topic) channel.hear("broadcast", { event, payload });
  }

  /** Somebody has come or gone. */
  presenceChanged(topic: string): void {
    for (const channel of this.realtime.getChannels()) if (channel.name === topic) channel.hear("presence", {});
  }

  signIn(user: string | null): void {
    this.#user = user;
    for (const listener of this.#authListeners) listener(user === null ? "SIGNED_OUT" : "SIGNED_IN", this.#session());
  }

  asClient(): SupabaseClient {
    return this as unknown as SupabaseClient;
  }

  #session(): TestSession | null {
    return this.#user === null ? null : { access_token: this.#user, user: { id: this.#user, app_metadata: {} } };
  }
}
