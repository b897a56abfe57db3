// The running stack: its database, its edge, and people with tokens.
import { createHmac, randomUUID } from "node:crypto";
import postgres from "postgres";

function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run these tests by \`cargo xtask test client\``);
  return value;
}

export const env = {
  edge: variable("EDGE_URL"),
  supabase: variable("SUPABASE_URL"),
  anonKey: variable("SUPABASE_PUBLISHABLE_KEY"),
  secret: variable("SUPABASE_JWT_SECRET"),
};

/** As the tables' owner, who bypasses RLS. */
export const sql = postgres(variable("DATABASE_URL"), { max: 16, onnotice: () => {} });

export interface Person {
  id: string;
  /** What Postgres is told of the caller. */
  claims: string;
  token: string;
}

/** New users, and with them as many tokens as they have devices. */
export async function people(count: number): Promise<Person[]> {
  const ids = Array.from({ length: count }, () => randomUUID());
  await sql`insert into auth.users ${sql(ids.map((id) => ({ id, email: `${id}@example.test` })))}`;
  return ids.map((id) => person(id));
}

function person(id: string): Person {
  const now = Math.floor(Date.now() / 1000);
  const claims = JSON.stringify({
    sub: id, aud: "authenticated", role: "authenticated", iat: now, exp: now + 3600, session_id: randomUUID(),
  });
  const encode = (text: string) => Buffer.from(text).toString("base64url");
  const signed = `${encode('{"alg":"HS256","typ":"JWT"}')}.${encode(claims)}`;
  const signature = createHmac("sha256", env.secret).update(signed).digest("base64url");
  return { id, claims, token: `${signed}.${signature}` };
}

/** A request of a person to the edge that must succeed. */
export async function call<T>(who: Person, method: string, path: string, body?: unknown): Promise<T> {
  const ask = () => fetch(env.edge + path, {
    method,
    headers: { Authorization: `Bearer ${who.token}`, "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  // The edge may close an idle connection at the moment of its use; only a GET may be asked twice.
  const response = await (method === "GET" ? ask().catch(ask) : ask());
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return (text ? JSON.parse(text) : undefined) as T;
}

/** All pages of a list. */
export async function all<T>(who: Person, path: string): Promise<T[]> {
  const rows: T[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page: { data: T[]; nextCursor: string | null } =
      await call(who, "GET", `${path}${path.includes("?") ? "&" : "?"}limit=100${cursor && `&cursor=${cursor}`}`);
    rows.push(...page.data);
    cursor = page.nextCursor;
  }
  return rows;
}

/** One or more statements as this person, as PostgREST and Realtime run them; undone in the end. */
export async function asPerson(who: Person, topic: string, before: string, query: string): Promise<any[]> {
  const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
  const results = await sql.unsafe(
    `${before}; set local role authenticated;
     select set_config('request.jwt.claims', ${quoted(who.claims)}, true), set_config('realtime.topic', ${quoted(topic)}, true);
     ${query}; rollback`,
  );
  // One result a statement, but none of `set` and `rollback`.
  const [, , rows] = results as unknown as any[][];
  if (!rows || results.length !== 3) throw new Error("three statements have results");
  return rows;
}
