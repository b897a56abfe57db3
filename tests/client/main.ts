// `cargo xtask test client [files|seed|from-to|part of a test's name]`
import { ok } from "node:assert";
import { clocks } from "./clocks.ts";
import { defects } from "./defects.ts";
import { a_late_reading_does_not_raise_the_unread_count, typing_reading_joining_and_leaving_are_told } from "./events.ts";
import { files } from "./files.ts";
import { history, tally } from "./histories.ts";
import { form } from "./form.ts";
import { hostile } from "./hostile.ts";
import { leaks } from "./leaks.ts";
import { likeness } from "./likeness.ts";
import { lists } from "./lists.ts";
import { outbox } from "./outbox.ts";
import { platforms } from "./platforms.ts";
import { counts } from "./realtime.ts";
import { the_replica_withstands_its_races } from "./replica.ts";
import { reactions } from "./reactions.ts";
import { reading } from "./reading.ts";
import { mentions, replies } from "./replies.ts";
import { scenes } from "./scenes.ts";
import { seen } from "./seen.ts";
import { sessions } from "./sessions.ts";
import { sql } from "./stack.ts";
import { tabs } from "./tabs.ts";
import { longChats } from "./window.ts";

/** Everything but the histories, by its name. */
const tests: Record<string, Record<string, () => Promise<void>>> = {
  files,
  replica: { the_replica_withstands_its_races },
  reactions,
  replies,
  mentions,
  scenes,
  events: { a_late_reading_does_not_raise_the_unread_count, typing_reading_joining_and_leaving_are_told },
  defects,
  outbox,
  clocks,
  tabs,
  sessions,
  lists,
  reading,
  seen,
  leaks,
  likeness,
  longChats,
  hostile,
  platforms,
  form,
};

const HISTORIES = 1000;
const AT_ONCE = 32;

const filter = process.argv[2];
const isSeeds = filter === undefined || /^\d+(-\d+)?$/.test(filter);
const seeds = isSeeds ? (filter ?? `1-${HISTORIES}`) : "1-0";
const [first = 1, last = first] = seeds.split("-").map(Number);
let [passed, failed] = [0, 0];
let next = first;

async function work(): Promise<void> {
  while (next <= last && failed < 5) {
    const seed = next++;
    await run(`seed ${seed}`, () => history(seed));
    if (seed % 100 === 0) console.log(`${seed} histories, ${failed} failed`);
  }
}

async function run(name: string, test: () => Promise<void>): Promise<void> {
  try {
    await test();
    passed++;
  } catch (error) {
    failed++;
    console.log(`${name}: ${error instanceof Error ? error.stack : error}\n`);
  }
}

const begun = Date.now();
for (const [part, each] of Object.entries(tests)) {
  for (const [name, test] of Object.entries(each)) {
    const isAsked = filter === undefined || (!isSeeds && `${part}::${name}`.includes(filter));
    if (isAsked && filter) console.log(`${part}::${name}`);
    if (isAsked) await run(`${part}::${name}`, test);
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, work));
if (!filter) await run("what happened", async () => ok(Object.values({ ...counts, ...tally }).every((count) => count > 0)));
await sql.end();

if (failed > 0) console.log("the same again: cargo xtask test client <seed>");
console.log(
  `${next - first} histories in ${Math.round((Date.now() - begun) / 1000)} s; ` +
  `of ${tally.devices} devices ${tally.byEventsAlone} came right by events alone, ${tally.withoutLoss} had no loss; ${tally.requests} requests; ${JSON.stringify(counts)}`,
);
console.log(`test result: ${failed > 0 ? "FAILED" : "ok"}. ${passed} passed; ${failed} failed`);
// Timers of the library would keep the process.
process.exit(failed ? 1 : 0);
