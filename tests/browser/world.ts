// The browser, the people of a test and their devices, and the stack behind them.
import { deepEqual, ok } from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";
import postgres from "postgres";
import { Device } from "./device.ts";

function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run these tests by \`cargo xtask test browser\``);
  return value;
}

export const env = {
  demo: variable("DEMO_URL"),
  edge: variable("EDGE_URL"),
  supabase: variable("SUPABASE_URL"),
  key: variable("SUPABASE_PUBLISHABLE_KEY"),
  serviceKey: variable("SUPABASE_SERVICE_ROLE_KEY"),
};

/** As the tables' owner, who bypasses RLS. */
export const sql = postgres(variable("DATABASE_URL"), { max: 4, onnotice: () => {} });

const PASSWORD = "password123";
/** How long a condition may take to come true. A client that has to poll needs a few seconds. */
const PATIENCE = 20_000;
/** Where pictures of failures go. */
const PICTURES = ".dev/browser";

export interface Person {
  readonly id: string;
  readonly email: string;
  readonly password: string;
}

/** A person of the seed. */
export async function seeded(name: string): Promise<Person> {
  const email = `${name}@example.com`;
  const [row] = await sql`select id from auth.users where email = ${email}`;
  return { id: row!.id, email, password: PASSWORD };
}

/** New people, signed up and all friends of each other. */
export async function friends(count: number): Promise<Person[]> {
  const people = await Promise.all(Array.from({ length: count }, signUp));
  for (const [index, one] of people.entries()) {
    for (const other of people.slice(index + 1)) await befriend(one, other);
  }
  return people;
}

async function signUp(): Promise<Person> {
  const person = { email: `${crypto.randomUUID()}@example.test`, password: PASSWORD };
  const response = await fetch(`${env.supabase}/auth/v1/signup`, {
    method: "POST",
    headers: { apikey: env.key, "Content-Type": "application/json" },
    body: JSON.stringify(person),
  });
  ok(response.ok, `sign-up: ${response.status}`);
  const { user } = (await response.json()) as { user: { id: string } };
  return { ...person, id: user.id };
}

export async function befriend(one: Person, other: Person): Promise<void> {
  await sql`select chat_tests.befriend(${one.id}, ${other.id})`;
}

/** The direct chat of two people. */
export function directChat(one: Person, other: Person): Promise<string> {
  return as(one, async (tx) => (await tx`select public.open_direct_chat(${other.id}) ->> 'id' as id`)[0]!.id);
}

/** A group's chat, whatever the host calls a group. */
export async function openRoom(author: Person, members: readonly Person[]): Promise<{ room: string; chat: string }> {
  const [opened] = await sql`select chat_tests.open_room('A walk', ${[author.id]}, ${members.map(({ id }) => id)}) as room`;
  const room: string = opened!.room;
  const [made] = await sql`select chat_tests.chat_of(${room}) as chat`;
  return { room, chat: made!.chat };
}

/** Sends messages without a browser. */
export function send(from: Person, chatId: string, texts: readonly string[]): Promise<void> {
  return as(from, async (tx) => {
    for (const text of texts) await tx`select public.send_message(${chatId}::uuid, ${text})`;
  });
}

/** Calls the database as the edge does for this person. */
export async function as<T>(person: Person, work: (tx: postgres.TransactionSql) => Promise<T>): Promise<T> {
  const claims = JSON.stringify({ sub: person.id, role: "authenticated" });
  return (await sql.begin(async (tx) => {
    await tx`select set_config('request.jwt.claims', ${claims}, true)`;
    await tx`set local role authenticated`;
    return work(tx);
  })) as T;
}

/** The texts of a chat as the database has them, oldest first. */
export async function stored(chatId: string): Promise<string[]> {
  const rows = await sql`select text from public.messages where chat_id = ${chatId} and deleted_at is null order by created_at, id`;
  return rows.map(({ text }) => text);
}

/** Makes the stack's stand-in for Realtime misbehave; `{}` ends it. */
export async function realtime(told: { absent?: boolean }): Promise<void> {
  const ask = async (method: string, path: string, body?: string) => {
    const headers = { apikey: env.serviceKey, "Content-Type": "application/json" };
    const response = await fetch(`${env.supabase}/realtime/v1/${path}`, { method, headers, body });
    ok(response.ok, `${method} ${path}: ${response.status}`);
  };
  await ask("PUT", "stand-in", JSON.stringify(told));
  if (told.absent) await ask("DELETE", "stand-in/sockets");
}

/** Waits until something is as it should be. */
export async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`in ${PATIENCE / 1000} s it did not come true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export class World {
  static #browser: Browser | undefined;
  readonly #devices: Device[] = [];

  static async open(): Promise<World> {
    World.#browser ??= await chromium.launch({
      executablePath: variable("CHROME_BIN"),
      args: ["--headless", "--no-sandbox", "--disable-gpu"],
    });
    return new World();
  }

  static async end(): Promise<void> {
    await World.#browser?.close();
  }

  /** A new browser of this person, signed in by the page's form. */
  async device(person: Person, options: { colorScheme?: "light" | "dark"; viewport?: { width: number; height: number } } = {}): Promise<Device> {
    const device = await this.blank(options);
    await device.signIn(person);
    return device;
  }

  /** A new browser that has the page open. */
  async blank(options = {}): Promise<Device> {
    const context = await World.#browser!.newContext({ deviceScaleFactor: 1.25, locale: "en-GB", ...options });
    context.setDefaultTimeout(PATIENCE);
    const device = new Device(await context.newPage());
    this.#devices.push(device);
    await device.page.goto(env.demo);
    return device;
  }

  /** No test leaves an error in a console. */
  checkConsoles(): void {
    for (const { errors } of this.#devices) deepEqual(errors, []);
  }

  /** What the devices show, for a test that failed. */
  async describe(test: string): Promise<string> {
    mkdirSync(PICTURES, { recursive: true });
    const lines = this.#devices.map(async ({ page, errors }, index) => {
      const path = `${PICTURES}/${test}-${index + 1}.png`;
      await page.screenshot({ path }).catch(() => {});
      return `device ${index + 1}: ${path}; errors in its console: ${JSON.stringify(errors)}`;
    });
    return (await Promise.all(lines)).join("\n");
  }

  async close(): Promise<void> {
    await Promise.all(this.#devices.map(({ page }) => page.context().close()));
  }
}
