// Makes programs of the tests: builds the package that they run on, checks their types, and bundles them.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const path = (relative) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const node = (...command) => execFileSync(process.execPath, command, { stdio: "inherit" });

/** Type-checks everything; returns the bundle of one program under tests/, with one of the installed supabase-js. */
export function build(entry, library = "@supabase/supabase-js") {
  node(path("client/build.mjs"));
  node(path("node_modules/typescript/bin/tsc"), "-p", path("tests/client"));
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
