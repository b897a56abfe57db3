// `cargo xtask test browser [name]`
import * as files from "./files.ts";
import * as faults from "./faults.ts";
import * as looks from "./looks.ts";
import * as membership from "./membership.ts";
import * as messages from "./messages.ts";
import * as places from "./places.ts";
import * as settings from "./settings.ts";
import * as screenshots from "./screenshots.ts";
import * as talk from "./talk.ts";
import { World, sql } from "./world.ts";

const filter = process.argv[2] ?? "";
let [passed, failed] = [0, 0];

const tests: Record<string, (world: World) => Promise<void>> = { ...messages, ...talk, ...places, ...settings, ...faults, ...files, ...membership, ...looks, ...screenshots };

for (const [name, test] of Object.entries(tests)) {
  if (!name.includes(filter)) continue;
  const begun = Date.now();
  const world = await World.open();
  try {
    await test(world);
    world.checkConsoles();
    passed++;
    console.log(`test ${name} ... ok (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed++;
    console.log(`test ${name} ... FAILED\n${error instanceof Error ? error.stack : error}\n`);
    console.log(await world.describe(name));
  } finally {
    await world.close();
  }
}
await World.end();
await sql.end();
console.log(`test result: ${failed > 0 ? "FAILED" : "ok"}. ${passed} passed; ${failed} failed`);
process.exit(failed ? 1 : 0);
