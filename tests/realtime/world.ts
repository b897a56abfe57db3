// A full Supabase: people who sign up there, a chat, and what each device hears.
import { randomUUID } from "node:crypto";
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

/** A group's chat: its author moderates. */
export async function groupChat(author: User, members: User[]): Promise<{ chatId: string; group: string }> {
  const [event, group] = [randomUUID(), randomUUID()] as const;
  await sql`insert into public.events (id, title, status, created_by) values (${event}, 'Harvest Fair', 'draft', ${author.id})`;
  await sql`insert into public.event_authors (event_id, user_id) values (${event}, ${author.id})`;
  await sql`insert into public.event_groups (id, event_id, name, status) values (${group}, ${event}, 'The Fiddlers', 'pending')`;
  for (const { id } of members) await addMember(group, id);
  await sql`update public.event_groups set status = 'approved' where id = ${group}`;
  const [chat] = await sql`select id from chat.chats where group_id = ${group}`;
  return { chatId: chat!.id, group };
}

export async function addMember(group: string, user: string): Promise<void> {
  await sql`insert into public.event_group_members (group_id, user_id) values (${group}, ${user})`;
}

export async function removeMember(group: string, user: string): Promise<void> {
  await sql`delete from public.event_group_members where group_id = ${group} and user_id = ${user}`;
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
