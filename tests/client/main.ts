// `cargo xtask test client [seed|from-to]`
import { history, tally } from "./histories.ts";
import { sql } from "./stack.ts";

const HISTORIES = 1000;
const AT_ONCE = 12;

const [first = 1, last = process.argv[2] ? first : HISTORIES] = (process.argv[2] ?? `1-${HISTORIES}`).split("-").map(Number);
const failures: string[] = [];
let next = first;

async function work(): Promise<void> {
  while (next <= last && failures.length < 5) {
    const seed = next++;
    try {
      await history(seed);
    } catch (error) {
      failures.push(`seed ${seed}: ${error instanceof Error ? error.stack : error}`);
    }
  }
}

const begun = Date.now();
await Promise.all(Array.from({ length: AT_ONCE }, work));
await sql.end();

for (const failure of failures) console.log(`\n${failure}`);
if (failures.length > 0) console.log("\nthe same again: cargo xtask test client <seed>");
console.log(
  `${next - first} histories in ${Math.round((Date.now() - begun) / 1000)} s; ` +
  `${tally.byEventsAlone} of ${tally.devices} devices came right by events alone`,
);
console.log(`test result: ${failures.length ? "FAILED" : "ok"}. ${next - first - failures.length} passed; ${failures.length} failed`);
// Timers of the library would keep the process.
process.exit(failures.length ? 1 : 0);
