// What Realtime's triggers and the feed cost, as the tables of docs/realtime.md have it.
//
//   cargo xtask dev --detach && node bench/costs.mjs
//
// It counts the CPU time of one Postgres backend, which other work on the machine changes little, and goes
// round and round, so that what changes meets all that is compared. Linux only. It writes to the dev stack's
// database, switches the broadcasts of messages off and on there and the limit of sends out of reach, and puts all
// of it back.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import postgres from "postgres";

const PARTICIPANTS = [2, 5, 10, 11, 200, 1000];
const LENGTHS = [100, 1_000, 10_000, 100_000, 1_000_000];
const ROUNDS = 7;
const SENDS = 80;
const READS = 40;

const url = readFileSync(new URL("../.dev/stack.env", import.meta.url), "utf8").match(/^DATABASE_URL=(.*)$/m)[1];
const sql = postgres(url, { max: 1, onnotice: () => {} });
const [{ pid }] = await sql`select pg_backend_pid() as pid`;

/** Seconds that the backend has spent on a CPU. */
const cpu = () => Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]) / 1e9;

/** So that none is always the first after a change. */
const rotated = (list, by) => [...list.slice(by % list.length), ...list.slice(0, by % list.length)];

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** A query as this user, in a transaction of its own, as PostgREST runs it. */
const as = (user, query) =>
  sql.unsafe(`set local role authenticated;
    select set_config('request.jwt.claims', '{"sub":"${user}","role":"authenticated"}', true);
    ${query}`);

/** Milliseconds of CPU that one of `count` such queries takes. */
async function cost(count, user, query) {
  for (let warm = 0; warm < 5; warm++) await as(user, query);
  const before = cpu();
  for (let done = 0; done < count; done++) await as(user, query);
  return ((cpu() - before) / count) * 1000;
}

/** A chat of so many people, the first of whom sends and reads. */
async function makeChat(people, messages = 0) {
  const [event, chat] = [randomUUID(), randomUUID()];
  const users = Array.from({ length: people }, () => randomUUID());
  made.push({ event, users });
  await sql`insert into auth.users ${sql(users.map((id) => ({ id, email: `${id}@example.test` })))}`;
  await sql`insert into chat.chats (id, type, event_id, name, rev, last_message_at)
            values (${chat}, 'event_authors', ${event}, 'Costs', ${messages}, now())`;
  await sql`insert into chat.chat_participants (chat_id, user_id) select ${chat}, unnest(${users}::uuid[])`;
  await sql`insert into public.messages (chat_id, sender_id, text, rev, created_at)
            select ${chat}, ${users[0]}, 'message ' || n, n, now() - (${messages} - n) * interval '1 millisecond'
            from generate_series(1, ${messages}) n`;
  return { chat, user: users[0] };
}

const made = [];
const [{ max_count: limit }] = await sql`select max_count from chat.rate_limits where name = 'send'`;
const limitSends = (count) => sql`update chat.rate_limits set max_count = ${count} where name = 'send'`;
const switchBroadcasts = (how) => sql.unsafe(`alter table public.messages ${how} trigger _100_broadcast_message`);

async function measureSends() {
  const chats = [];
  for (const people of PARTICIPANTS) chats.push({ people, ...(await makeChat(people)), with: [], without: [] });
  for (let round = 0; round < ROUNDS; round++) {
    for (const how of ["with", "without"]) {
      await switchBroadcasts(how === "with" ? "enable" : "disable");
      for (const each of rotated(chats, round)) {
        each[how].push(await cost(SENDS, each.user, `select public.send_message('${each.chat}', 'Hello!')`));
      }
    }
  }
  const base = median(chats[0].without);
  console.log("\n| participants | a send without broadcasts | with them | ratio |\n|---|---|---|---|");
  for (const each of chats) {
    const [without, withThem] = [median(each.without), median(each.with)];
    console.log(`| ${each.people} | ${(without / base).toFixed(2)} | ${(withThem / base).toFixed(2)} | ${(withThem / without).toFixed(1)} |`);
  }
  console.log(`\n1.00 is ${base.toFixed(2)} ms of CPU.`);
}

async function measureFeed() {
  await switchBroadcasts("disable");
  const chats = [];
  for (const length of LENGTHS) chats.push({ length, ...(await makeChat(2, length)), costs: [] });
  await switchBroadcasts("enable");
  await sql`analyze public.messages`;
  for (let round = 0; round < ROUNDS; round++) {
    for (const { chat, user, length, costs } of rotated(chats, round)) {
      costs.push(await cost(READS, user, `select public.list_changes('${chat}', ${length - 100}, 100)`));
    }
  }
  const base = median(chats[0].costs);
  console.log("\n| messages in the chat | the last 100 changes |\n|---|---|");
  for (const { length, costs } of chats) console.log(`| ${length.toLocaleString("en")} | ${(median(costs) / base).toFixed(2)} |`);
  console.log(`\n1.00 is ${base.toFixed(2)} ms of CPU.`);
}

try {
  await limitSends(1_000_000_000);
  await measureSends();
  await measureFeed();
} finally {
  await switchBroadcasts("enable");
  await limitSends(limit);
  for (const { event, users } of made) {
    await sql`delete from chat.chats where event_id = ${event}`;
    await sql`delete from auth.users where id = any (${users})`;
  }
  await sql.end();
}
