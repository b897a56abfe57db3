/** Private channels of Realtime. A channel that was left or has failed is never used again. */
import type { RealtimeChannel, SupabaseClient } from "@supabase/supabase-js";

/** The library neither joins nor fails while its socket closes: waiting is shorter than its own time limit. */
const CLOSING_MS = 50;
const CLOSING_TRIES = 100;

export interface ChannelEvents {
  broadcast(event: string, payload: unknown): void;
  /** Joined; what was sent before did not come. */
  joined(): void;
  /** Now events flow for certain. */
  flowing(): void;
  /** The channel does not work: its socket broke, its join was refused, or the server closed it. */
  lost(): void;
  present?(userIds: string[]): void;
  /** A row of `postgres_changes` was written. */
  row?(rev: number): void;
}

export interface ChannelOptions {
  me: string;
  presence?: boolean;
  /** The chat whose rows to listen to. */
  rowsOf?: string;
  after(ms: number, run: () => void): () => void;
}

/** A channel from its join to its end. */
export class Channel {
  readonly topic: string;
  isJoined = false;
  #supabase: SupabaseClient;
  #channel: RealtimeChannel | undefined;
  #isLeft = false;
  #cancel: (() => void) | undefined;
  #tries = 0;

  constructor(supabase: SupabaseClient, topic: string, options: ChannelOptions, events: ChannelEvents) {
    this.#supabase = supabase;
    this.topic = topic;
    // Policies are asked with the token of the join.
    supabase.realtime.setAuth().then(
      () => this.#join(options, events),
      () => this.#end(events),
    );
  }

  /** Leaves for good. Nothing is told any more. */
  leave(): void {
    this.#isLeft = true;
    this.isJoined = false;
    this.#cancel?.();
    const channel = this.#channel;
    this.#channel = undefined;
    if (channel) void this.#supabase.removeChannel(channel).catch(() => {});
  }

  #end(events: ChannelEvents): void {
    if (this.#isLeft) return;
    this.leave();
    events.lost();
  }

  #join(options: ChannelOptions, events: ChannelEvents): void {
    if (this.#isLeft) return;
    const { realtime } = this.#supabase;
    const isTaken = realtime.getChannels().some(({ topic }) => topic === `realtime:${this.topic}`);
    if (isTaken || realtime.isDisconnecting()) {
      if (++this.#tries > CLOSING_TRIES) return this.#end(events);
      this.#cancel = options.after(CLOSING_MS, () => this.#join(options, events));
      return;
    }
    try {
      this.#subscribe(options, events);
    } catch {
      // There is no WebSocket on this platform.
      this.#end(events);
    }
  }

  #subscribe({ me, presence, rowsOf }: ChannelOptions, events: ChannelEvents): void {
    const channel = this.#supabase.channel(this.topic, {
      config: {
        private: true,
        broadcast: { replication_ready: true },
        ...(presence ? { presence: { key: me } } : {}),
      },
    });
    this.#channel = channel;
    const isCurrent = () => !this.#isLeft && this.#channel === channel;
    channel.on("broadcast", { event: "*" }, ({ event, payload }) => {
      if (isCurrent()) events.broadcast(event, payload);
    });
    channel.on("system", {}, ({ status }) => {
      if (isCurrent() && status === "ok") events.flowing();
    });
    if (presence) {
      channel.on("presence", { event: "sync" }, () => {
        if (isCurrent()) events.present?.(Object.keys(channel.presenceState()));
      });
    }
    for (const event of rowsOf ? ["INSERT", "UPDATE"] : []) {
      const rows = { event: event as "INSERT", schema: "public", table: "messages", filter: `chat_id=eq.${rowsOf}` };
      channel.on("postgres_changes", rows, ({ new: row }) => {
        if (isCurrent()) events.row?.(Number((row as { rev?: unknown }).rev));
      });
    }
    channel.subscribe((status) => {
      if (!isCurrent()) return;
      if (status !== "SUBSCRIBED") return this.#end(events);
      this.isJoined = true;
      // Presence needs no more than the key. More than five calls in 30 s close the channel.
      if (presence) void channel.track({}).catch(() => {});
      events.joined();
    });
  }
}
