// The code of docs/realtime.md: its `ts` blocks in order, as one module.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const PAGE = new URL("../../docs/realtime.md", import.meta.url);
const MODULE = new URL("../../.dev/client/page.ts", import.meta.url);

/** Writes the module; an error in it is found at the same line of the page. */
export function extract() {
  let inside = false;
  const lines = readFileSync(PAGE, "utf8").split("\n").map((line) => {
    const fence = line.startsWith("```");
    const kept = inside && !fence ? line : "";
    if (fence) inside = !inside && line === "```ts";
    return kept;
  });
  mkdirSync(new URL(".", MODULE), { recursive: true });
  writeFileSync(MODULE, lines.join("\n"));
}
