// What stands in for the Realtime server, which the embedded stack lacks: a WebSocket that speaks its
// protocol to the real supabase-js. It passes on the rows that the database's triggers wrote to
// realtime.messages, lets the database's policies decide who may join, asks them once a join as Realtime
// does, and shows rows of `messages` as RLS shows them. And it loses, repeats and reorders.
import { asPerson, sql, type Person } from "./stack.ts";
import type { Random } from "./random.ts";

/** [join_ref, ref, topic, event, payload] */
type Frame = [string | null, string | null, string, string, any];

/** A row of realtime.messages. */
export interface Broadcast {
  id: string;
  topic: string;
  event: string;
  payload: any;
}

interface Joined {
  joinRef: string;
  /** Broadcasts are lost before. */
  flows: boolean;
  /** The ids of its postgres_changes bindings. */
  bindings: { id: number; event: string }[];
  /** postgres_changes are lost before. */
  replicates: boolean;
}

/** What all lines did: a run in which one of these never happened proves little. */
export const counts = { broadcasts: 0, rows: 0, lost: 0, refusedJoins: 0 };

/** The network between one device and Realtime. */
export class Line {
  /** Off: nothing is lost, repeated or reordered. */
  faulty = true;
  /** No `chat.updated` is sent but for mentions, as for a large chat. */
  quiet: boolean;
  /** An event was lost. */
  lost = false;
  private readonly lossy: boolean;
  /** An event without a `rev` was lost: only asking again can tell of it. */
  lostUncounted = false;
  /** No WebSocket can be made. */
  broken = false;
  /** Whose joins the server refuses, whatever the policies say. */
  refuses: (topic: string) => boolean = () => false;
  /** What is under way to the device. */
  readonly inbox: (() => void | Promise<void>)[] = [];
  private joined = new Map<string, Joined>();
  private refused = new Set<string>();
  /** Resolves when the connection that is being made is there. */
  opened!: Promise<void>;
  private up!: () => void;
  private socket?: Socket;
  private bindings = 0;

  constructor(private who: Person, private random: Random) {
    this.quiet = random.percent(40);
    this.lossy = random.percent(50);
    this.down();
  }

  private down(): void {
    this.opened = new Promise((resolve) => (this.up = resolve));
  }

  /** The class that supabase-js makes its WebSockets of. */
  get transport(): any {
    const line = this;
    return class extends Socket {
      constructor(url: string) {
        if (line.broken) line.up();
        super(url, line, () => line.up());
        line.socket = this;
        line.joined.clear();
      }
    };
  }

  get connected(): boolean {
    return this.socket?.readyState === Socket.OPEN;
  }

  /** Nothing is going on: there is a connection, or there cannot be one. */
  get isAsItShould(): boolean {
    return this.connected || this.broken || !this.socket;
  }

  /** Whether the device has joined a topic. */
  has(topic: string): boolean {
    return this.joined.has(`realtime:${topic}`);
  }

  /** Whether the device was refused a topic, and has not joined it since. */
  isRefused(topic: string): boolean {
    return this.refused.has(`realtime:${topic}`);
  }

  /** The connection breaks; the library makes another. */
  drop(): void {
    this.inbox.length = 0;
    this.joined.clear();
    this.down();
    this.socket?.break();
  }

  /** The server ends a channel. */
  closeChannel(topic: string): void {
    const joined = this.joined.get(`realtime:${topic}`);
    this.joined.delete(`realtime:${topic}`);
    if (joined) this.deliver([joined.joinRef, joined.joinRef, `realtime:${topic}`, "phx_close", {}]);
  }

  /** A broadcast is sent to those who are in the channel now. */
  broadcast(row: Broadcast): void {
    const topic = `realtime:${row.topic}`;
    if (!this.joined.get(topic)?.flows || (this.quiet && row.event === "chat.updated" && !row.payload.mentioned)) return;
    const counted = row.payload.rev !== undefined && !["read", "settings", undefined].includes(row.payload.kind);
    counts.broadcasts++;
    this.send(counted, () =>
      this.deliver([null, null, topic, "broadcast", { type: "broadcast", event: row.event, payload: row.payload }]));
  }

  /** A row of `messages` was written. */
  async changed(type: "INSERT" | "UPDATE", chatId: string, messageId: string): Promise<void> {
    for (const [topic, { replicates, bindings }] of this.joined) {
      const ids = bindings.filter((binding) => binding.event === type).map((binding) => binding.id);
      if (!replicates || ids.length === 0 || !topic.startsWith(`realtime:chat:${chatId}`)) continue;
      const query = `select id, chat_id, sender_id, text, rev::text, created_at from public.messages where id = '${messageId}'`;
      const [record] = await asPerson(this.who, "", "select", query);
      if (!record) continue;
      counts.rows++;
      const columns = Object.keys(record).map((name) => ({ name, type: name === "rev" ? "int8" : "text" }));
      const data = { schema: "public", table: "messages", type, columns, record, old_record: { id: messageId }, errors: null };
      this.send(true, () => this.deliver([null, null, topic, "postgres_changes", { ids, data }]));
    }
  }

  private send(counted: boolean, event: () => void): void {
    if (!this.faulty) return void this.inbox.push(event);
    if (this.lossy && this.random.percent(20)) {
      this.lost = true;
      counts.lost++;
      if (!counted) this.lostUncounted = true;
      return;
    }
    for (let copies = this.random.percent(15) ? 2 : 1; copies > 0; copies--) {
      this.inbox.splice(Math.max(0, this.inbox.length - this.random.below(4)), 0, event);
    }
  }

  /** A frame of the library's. */
  receive([joinRef, ref, topic, event, payload]: Frame): void {
    const reply = (status: string, response: unknown) =>
      this.deliver([joinRef, ref, topic, "phx_reply", { status, response }]);
    if (event === "phx_join") this.inbox.push(() => this.join(joinRef ?? "", topic, payload, reply));
    else if (event === "phx_leave") {
      this.inbox.push(() => {
        this.joined.delete(topic);
        reply("ok", {});
      });
    } else if (event !== "access_token") reply("ok", {});
  }

  private async join(joinRef: string, topic: string, payload: any, reply: (status: string, response: unknown) => void) {
    if (payload.access_token !== this.who.token || !payload.config.private) throw new Error(`${topic}: no private join with the user's token`);
    if (this.refuses(topic.replace("realtime:", "")) || !(await mayListen(this.who, topic.replace("realtime:", "")))) {
      counts.refusedJoins++;
      this.refused.add(topic);
      return reply("error", { reason: "Unauthorized: You do not have permissions to read from this Channel topic" });
    }
    const wanted: any[] = payload.config.postgres_changes ?? [];
    const bindings = wanted.map((binding) => ({ ...binding, id: ++this.bindings }));
    const joined = { joinRef, bindings, flows: false, replicates: false };
    if (!payload.config.broadcast?.replication_ready) throw new Error(`${topic}: the channel does not ask when events flow`);
    this.joined.set(topic, joined);
    this.refused.delete(topic);
    reply("ok", { postgres_changes: bindings });
    this.inbox.push(() => {
      joined.flows = true;
      this.deliver([null, null, topic, "system", { extension: "system", status: "ok", message: "…", channel: topic }]);
    });
    if (bindings.length === 0) return;
    this.inbox.push(() => {
      joined.replicates = true;
      const content = { extension: "postgres_changes", status: "ok", message: "Subscribed to PostgreSQL", channel: topic };
      this.deliver([null, null, topic, "system", content]);
    });
  }

  private deliver(frame: Frame): void {
    if (this.connected) this.socket?.onmessage?.({ data: JSON.stringify(frame) });
  }
}

/** As Realtime asks: a row is put in, read as the person, and taken back. */
export async function mayListen(who: Person, topic: string): Promise<boolean> {
  const put = `insert into realtime.messages (topic, extension, event, payload, private)
               values ('${topic}', 'broadcast', 'probe', '{}', true)`;
  // Conditions that RLS lets an index answer: the table grows with each broadcast.
  const read = `select from realtime.messages where inserted_at = now()::timestamp and extension = 'broadcast' and private is true
                and event = 'probe'`;
  const rows = await asPerson(who, topic, put, read);
  return rows.length > 0;
}

/** What has been broadcast to a chat and to these users, in the order in which it was sent. */
export async function broadcasts(chatId: string, users: string[], since: Date): Promise<Broadcast[]> {
  return sql<Broadcast[]>`
    select id, topic, event, payload from realtime.messages
    where inserted_at >= ${since} and extension = 'broadcast' and private is true
      and (starts_with(topic, ${`chat:${chatId}`}) or topic = any (${users.map((id) => `user:${id}`)}))
    order by inserted_at, split_part(topic, ':', 1), event`;
}

/** The end of a WebSocket that the library holds. */
class Socket {
  static readonly OPEN = 1;
  readyState = 0;
  onopen?: (event: unknown) => void;
  onmessage?: (event: { data: string }) => void;
  onclose?: (event: unknown) => void;
  onerror?: (event: unknown) => void;

  constructor(readonly url: string, readonly line: Line, opened: () => void) {
    setImmediate(() => {
      if (this.readyState !== 0) return;
      if (line.broken) return this.break();
      this.readyState = Socket.OPEN;
      this.onopen?.({});
      opened();
    });
  }

  send(data: string | ArrayBuffer): void {
    // Only a client's own broadcast is binary, and the page sends none.
    if (typeof data !== "string") throw new Error("a client broadcast");
    this.line.receive(JSON.parse(data));
  }

  close(): void {
    this.readyState = 3;
  }

  break(): void {
    this.readyState = 3;
    this.onclose?.({ code: 1006, wasClean: false });
  }
}

/** How many broadcasts the database has given up so far. */
export async function lostBroadcasts(): Promise<number> {
  const [{ count }] = await sql<[{ count: number }]>`select last_value::int as count from chat.lost_broadcasts`;
  return count;
}
