// Makes programs of the tests: extracts the code of docs/realtime.md, checks the types of it and
// of all that uses it, and bundles.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const path = (relative) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));

/** Type-checks everything; returns the bundle of one program under tests/, with one of the installed supabase-js. */
export function build(entry, library = "@supabase/supabase-js") {
  extract();
  execFileSync(process.execPath, [path("node_modules/typescript/bin/tsc"), "-p", path("tests/client")], { stdio: "inherit" });
  const outfile = path(`.dev/client/${`${entry}-${library}`.replaceAll("/", "-")}.mjs`);
  buildSync({
    entryPoints: [path(`tests/${entry}.ts`)],
    tsconfig: path("tests/client/tsconfig.json"),
    outfile,
    bundle: true,
    alias: { "@supabase/supabase-js": library },
    packages: "external",
    platform: "node",
    format: "esm",
    sourcemap: true,
  });
  return outfile;
}

/** Writes the page's `ts` blocks, in order, as one module; each line keeps its number. */
function extract() {
  let inside = false;
  const lines = readFileSync(path("docs/realtime.md"), "utf8").split("\n").map((line) => {
    const fence = line.startsWith("```");
    const code = inside && !fence ? line : "";
    if (fence) inside = !inside && line === "```ts";
    return code;
  });
  mkdirSync(path(".dev/client"), { recursive: true });
  writeFileSync(path(".dev/client/page.ts"), lines.join("\n"));
}
