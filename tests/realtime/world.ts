// A full Supabase: people who sign up there, a chat, and what each device hears.
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { RealtimeChannel, SupabaseClient } from "@supabase/supabase-js";
import { connect, createApi, type Api } from "page";
import postgres from "postgres";
import WebSocket from "ws";

const env = (name: string) => process.env[`REALTIME_${name}`]!;

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

function device(): SupabaseClient {
  // Node 20 has no WebSocket of its own.
  return connect(env("SUPABASE_URL"), env("PUBLISHABLE_KEY"), { auth: { storageKey: randomUUID() }, realtime: { transport: WebSocket } });
}

/** How the tests reach the host: `supabase/tests` has it, and a project that was deployed to has not. Returns how to take it back. */
export async function helpers(): Promise<() => Promise<void>> {
  const [found] = await sql`select to_regnamespace('chat_tests') is not null as there`;
  if (found!.there) return async () => {};
  for (const file of ["000_helpers", "001_host"]) {
    const text = await readFile(`supabase/tests/${file}.test.sql`, "utf8");
    // What follows the first commit is tests of the helpers themselves.
    await sql.unsafe(text.slice(0, text.indexOf("\ncommit;") + "\ncommit;".length));
  }
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
  status: string;
  heard: { event: string; payload: any }[];
}

export async function listen({ supabase }: User, topic: string): Promise<Ear> {
  await supabase.realtime.setAuth();
  const ear: Ear = { channel: supabase.channel(topic, { config: { private: true } }), status: "", heard: [] };
  ear.channel
    .on("broadcast", { event: "*" }, ({ event, payload }) => ear.heard.push({ event, payload }))
    .subscribe((status) => (ear.status = status));
  await until(`an answer to the join of ${topic}`, () => ear.status !== "");
  return ear;
}

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits for something that is to come. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  // Realtime holds the answer to a refused join back for 5 s, and replication of a cold server takes as long.
  for (const end = Date.now() + 20_000; Date.now() < end; await pause(25)) if (await holds()) return;
  throw new Error(`${what}: not within 20 s`);
}
