// The pool: as many connections as PostgREST's, each statement prepared once a connection. The schema is in the
// search path, as Postgres takes no qualified name after `for update of`, where Drizzle would write one.
import { drizzle } from "drizzle-orm/postgres-js";
import postgres from "postgres";

const CONNECTIONS = 20;

const connection = { search_path: "chat, public" };
const client = prepared(postgres(process.env.DATABASE_URL, { max: CONNECTIONS, connection, onnotice: () => {} }));

export const db = drizzle(client);

/** Drizzle runs its queries by `unsafe`, which prepares nothing unless it is told to. */
function prepared(sql) {
  const unsafe = sql.unsafe;
  sql.unsafe = (query, parameters, options) => unsafe(query, parameters, { prepare: true, ...options });
  const begin = sql.begin;
  if (begin) sql.begin = (work) => begin((inner) => work(prepared(inner)));
  return sql;
}
