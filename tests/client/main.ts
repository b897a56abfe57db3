// `cargo xtask test client [seed|from-to]`
import { history, tally } from "./histories.ts";
import { sql } from "./stack.ts";

const HISTORIES = 1000;
const AT_ONCE = 12;

const [first = 1, last = process.argv[2] ? first : HISTORIES] = (process.argv[2] ?? `1-${HISTORIES}`).split("-").map(Number);
let failed = 0;
let next = first;

async function work(): Promise<void> {
  while (next <= last && failed < 5) {
    const seed = next++;
    try {
      await history(seed);
    } catch (error) {
      failed++;
      console.log(`seed ${seed}: ${error instanceof Error ? error.stack : error}\n`);
    }
  }
}

const begun = Date.now();
await Promise.all(Array.from({ length: AT_ONCE }, work));
await sql.end();

if (failed > 0) console.log("the same again: cargo xtask test client <seed>");
console.log(
  `${next - first} histories in ${Math.round((Date.now() - begun) / 1000)} s; ` +
  `${tally.byEventsAlone} of ${tally.devices} devices came right by events alone`,
);
console.log(`test result: ${failed > 0 ? "FAILED" : "ok"}. ${next - first - failed} passed; ${failed} failed`);
// Timers of the library would keep the process.
process.exit(failed ? 1 : 0);
