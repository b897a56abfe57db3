// A full Supabase: people who sign up there, a chat, and what each device hears.
import { createHmac, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { RealtimeChannel, SupabaseClient } from "@supabase/supabase-js";
// The one import of the code under test.
import { connect, createApi, start, type Api, type Chat, type Message, type Page } from "page";
import postgres from "postgres";
import WebSocket from "ws";

export { start, type Chat, type Message, type Page };

const env = (name: string) => process.env[`REALTIME_${name}`]!;

/** The embedded stack's own Realtime, which can be told to misbehave. */
export const isStandIn = env("STAND_IN") === "yes";
export const apiUrl = env("API_URL");
/** As the tables' owner: the host application's side. */
export const sql = postgres(env("DATABASE_URL"), { max: 2, onnotice: () => {} });

export interface User {
  id: string;
  supabase: SupabaseClient;
  api: Api;
}

/** Someone new, signed in on a device. */
export async function signUp(): Promise<User> {
  const supabase = device();
  const credentials = { email: `${randomUUID()}@example.test`, password: randomUUID() };
  const { data, error } = await supabase.auth.signUp(credentials);
  if (error) throw error;
  if (!data.session || !data.user) throw new Error("sign-up gives no session: turn e-mail confirmation off");
  return { id: data.user.id, supabase, api: createApi(supabase, apiUrl) };
}

/** A client of nobody's. */
export function device(options = {}): SupabaseClient {
  return connect(env("SUPABASE_URL"), env("PUBLISHABLE_KEY"), {
    auth: { storageKey: randomUUID() },
    // Node 20 has no WebSocket of its own.
    realtime: { transport: WebSocket, ...options },
  });
}

/** A connection without supabase-js. */
export async function rawSocket(version = "2.0.0"): Promise<WebSocket> {
  const url = env("SUPABASE_URL").replace("http", "ws");
  const socket = new WebSocket(`${url}/realtime/v1/websocket?apikey=${env("PUBLISHABLE_KEY")}&vsn=${version}`);
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  return socket;
}

/** A token that ends when it is told to; the stand-in's secret is known. */
export function token(user: string, seconds: number, secret = env("JWT_SECRET")): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = JSON.stringify({ sub: user, aud: "authenticated", role: "authenticated", iat: now, exp: now + seconds });
  const encode = (text: string) => Buffer.from(text).toString("base64url");
  const signed = `${encode('{"alg":"HS256","typ":"JWT"}')}.${encode(claims)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

/** Tells the stand-in how to misbehave; `{}` mends everything. Returns the answer's status. */
export async function tell(behaviour: object, key = env("SERVICE_ROLE_KEY")): Promise<number> {
  const body = JSON.stringify(behaviour);
  const url = `${env("SUPABASE_URL")}/realtime/v1/stand-in`;
  return (await fetch(url, { method: "PUT", headers: { apikey: key }, body })).status;
}

export async function closeSockets(): Promise<void> {
  const url = `${env("SUPABASE_URL")}/realtime/v1/stand-in/sockets`;
  await fetch(url, { method: "DELETE", headers: { apikey: env("SERVICE_ROLE_KEY") } });
}

export const signUps = (count: number): Promise<User[]> => Promise.all(Array.from({ length: count }, signUp));

export type Stories = Record<string, () => Promise<void>>;

/** How the tests reach the host: `supabase/tests` has it, and a project that was deployed to has not. Returns how to take it back. */
export async function helpers(): Promise<() => Promise<void>> {
  const [found] = await sql`select to_regnamespace('chat_tests') is not null as there`;
  if (found!.there) return async () => {};
  // The files begin and commit transactions, which a pool of connections cannot.
  const alone = postgres(env("DATABASE_URL"), { max: 1, onnotice: () => {} });
  for (const file of ["000_helpers", "001_host"]) {
    const text = await readFile(`supabase/tests/${file}.test.sql`, "utf8");
    // What follows the first commit is tests of the helpers themselves.
    await alone.unsafe(text.slice(0, text.indexOf("\ncommit;") + "\ncommit;".length));
  }
  await alone.end();
  return async () => void (await sql`drop schema chat_tests cascade`);
}

/** A chat of several: its author moderates. */
export async function openRoom(author: User, members: User[]): Promise<{ chatId: string; room: string }> {
  const [opened] = await sql`select chat_tests.open_room('Harvest Fair', ${[author.id]}, ${members.map(({ id }) => id)}) as room`;
  const { room } = opened as { room: string };
  const [made] = await sql`select chat_tests.chat_of(${room}) as chat`;
  return { chatId: made!.chat, room };
}

export async function addMember(room: string, user: string): Promise<void> {
  await sql`select chat_tests.add_members(${[room]}, ${[user]})`;
}

export async function removeMember(room: string, user: string): Promise<void> {
  await sql`select chat_tests.remove_members(${[room]}, ${[user]})`;
}

/** A private channel with nothing but ears. */
export interface Ear {
  channel: RealtimeChannel;
  /** The last one, and all of them. */
  status: string;
  statuses: string[];
  error?: string;
  system: { extension: string; status: string; message: string }[];
  heard: { event: string; payload: any }[];
}

export async function listen({ supabase }: User, topic: string, config = {}): Promise<Ear> {
  await supabase.realtime.setAuth();
  const ear = hear(supabase, topic, { private: true, ...config });
  await until(`an answer to the join of ${topic}`, () => ear.status !== "");
  return ear;
}

/** The same without waiting, and without a token unless the client has one. */
export function hear(supabase: SupabaseClient, topic: string, config: object): Ear {
  const ear: Ear = { channel: supabase.channel(topic, { config }), status: "", statuses: [], system: [], heard: [] };
  ear.channel
    .on("broadcast", { event: "*" }, ({ event, payload }) => ear.heard.push({ event, payload }))
    .on("system", {}, (told) => ear.system.push(told))
    .subscribe((status, error) => {
      ear.status = status;
      ear.statuses.push(status);
      if (error) ear.error = error.message;
    });
  return ear;
}

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits for something that is to come. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, everyMs = 25): Promise<void> {
  // Realtime holds the answer to a refused join back for 5 s, and replication of a cold server takes as long.
  for (const end = Date.now() + 20_000; Date.now() < end; await pause(everyMs)) if (await holds()) return;
  throw new Error(`${what}: not within 20 s`);
}
