// The code of docs/realtime.md against a full Supabase, with its Realtime server:
//
//   supabase start && supabase db reset          # this project's migrations
//   cargo xtask dev --supabase-url http://127.0.0.1:54321 --publishable-key <key> --jwt-secret <secret>
//   node tests/realtime/run.mjs --supabase-url http://127.0.0.1:54321 --publishable-key <key> \
//     --database-url postgresql://postgres:postgres@127.0.0.1:54322/postgres
//
// Needs sign-up by e-mail without confirmation, as `supabase start` has it. Makes users and chats of its own.
import { parseArgs } from "node:util";
import { build } from "../client/build.mjs";

const { values } = parseArgs({
  // The filter of `cargo xtask test client <filter>`, which is for tests/client.
  allowPositionals: true,
  options: {
    "supabase-url": { type: "string", default: process.env.REALTIME_SUPABASE_URL },
    "publishable-key": { type: "string", default: process.env.REALTIME_PUBLISHABLE_KEY ?? process.env.REALTIME_ANON_KEY },
    "database-url": { type: "string", default: process.env.REALTIME_DATABASE_URL },
    "api-url": { type: "string", default: process.env.REALTIME_API_URL ?? "http://127.0.0.1:8787" },
  },
});

if (!values["supabase-url"]) {
  console.log("tests/realtime: skipped, as no full Supabase is named (--supabase-url or REALTIME_SUPABASE_URL; see tests/realtime/run.mjs)");
} else {
  for (const [name, value] of Object.entries(values)) {
    if (!value) throw new Error(`--${name} is missing`);
    process.env[`REALTIME_${name.toUpperCase().replaceAll("-", "_")}`] = value;
  }
  await import(build("realtime/main"));
}
