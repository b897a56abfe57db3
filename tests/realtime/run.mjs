// The code of docs/realtime.md with real subscriptions, by the lowest and the newest supabase-js.
//
// `cargo xtask test realtime [name]` runs it against the stand-in of the embedded stack. Against a full Supabase:
//
//   supabase start && supabase db reset          # this project's migrations
//   cargo xtask dev --supabase-url http://127.0.0.1:54321 --publishable-key <key> --jwt-secret <secret>
//   node tests/realtime/run.mjs --supabase-url http://127.0.0.1:54321 --publishable-key <key> \
//     --database-url postgresql://postgres:postgres@127.0.0.1:54322/postgres
//
// Needs sign-up by e-mail without confirmation, as `supabase start` has it. Makes users and chats of its own.
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { build } from "../client/build.mjs";

const { values, positionals } = parseArgs({
  options: {
    "supabase-url": { type: "string", default: process.env.REALTIME_SUPABASE_URL },
    "publishable-key": { type: "string", default: process.env.REALTIME_PUBLISHABLE_KEY ?? process.env.REALTIME_ANON_KEY },
    "database-url": { type: "string", default: process.env.REALTIME_DATABASE_URL },
    "api-url": { type: "string", default: process.env.REALTIME_API_URL ?? "http://127.0.0.1:8787" },
  },
  allowPositionals: true,
});

/** The embedded stack, as `cargo xtask` describes it, where no other Supabase is named. */
const embedded = {
  "supabase-url": process.env.SUPABASE_URL,
  "publishable-key": process.env.SUPABASE_PUBLISHABLE_KEY,
  "database-url": process.env.DATABASE_URL,
  "api-url": process.env.EDGE_URL,
  "service-role-key": process.env.SUPABASE_SERVICE_ROLE_KEY,
  "jwt-secret": process.env.SUPABASE_JWT_SECRET,
};

for (const [name, value] of Object.entries(values["supabase-url"] ? values : embedded)) {
  if (!value) throw new Error(`--${name} is missing`);
  process.env[`REALTIME_${name.toUpperCase().replaceAll("-", "_")}`] = value;
}
if (!values["supabase-url"]) process.env.REALTIME_STAND_IN = "yes";

let failed = false;
for (const library of (process.env.LIBS ?? "@supabase/supabase-js,supabase-js-newest").split(",")) {
  const { status } = spawnSync(process.execPath, [build("realtime/main", library), ...positionals], { stdio: "inherit" });
  failed ||= status !== 0;
}
process.exit(failed ? 1 : 0);
