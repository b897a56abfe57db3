// `cargo xtask test client [files|seed|from-to]`
import { ok } from "node:assert";
import { a_late_reading_does_not_raise_the_unread_count, typing_reading_joining_and_leaving_are_told } from "./events.ts";
import { files } from "./files.ts";
import { history, tally } from "./histories.ts";
import { counts } from "./realtime.ts";
import { the_replica_withstands_its_races } from "./replica.ts";
import { scenes } from "./scenes.ts";
import { sql } from "./stack.ts";

const HISTORIES = 1000;
const AT_ONCE = 12;

const filter = process.argv[2];
const seeds = filter === "files" ? "1-0" : (filter ?? `1-${HISTORIES}`);
const [first = 1, last = first] = seeds.split("-").map(Number);
let [passed, failed] = [0, 0];
let next = first;

async function work(): Promise<void> {
  while (next <= last && failed < 5) {
    const seed = next++;
    await run(`seed ${seed}`, () => history(seed));
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
if (!filter || filter === "files") {
  for (const [name, story] of Object.entries(files)) await run(name, story);
}
if (!filter) {
  await run("replica", the_replica_withstands_its_races);
  await run("reads", a_late_reading_does_not_raise_the_unread_count);
  for (const [name, scene] of Object.entries(scenes)) await run(name, scene);
  await run("events", typing_reading_joining_and_leaving_are_told);
}
await Promise.all(Array.from({ length: AT_ONCE }, work));
if (!filter) await run("what happened", async () => ok(Object.values({ ...counts, ...tally }).every((count) => count > 0)));
await sql.end();

if (failed > 0) console.log("the same again: cargo xtask test client <seed>");
console.log(
  `${next - first} histories in ${Math.round((Date.now() - begun) / 1000)} s; ` +
  `of ${tally.devices} devices ${tally.byEventsAlone} came right by events alone, ${tally.withoutLoss} had no loss; ${JSON.stringify(counts)}`,
);
console.log(`test result: ${failed > 0 ? "FAILED" : "ok"}. ${passed} passed; ${failed} failed`);
// Timers of the library would keep the process.
process.exit(failed ? 1 : 0);
