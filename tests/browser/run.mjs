// `cargo xtask test browser [name]`: the page client/demo in a real browser, on the stack of the tests.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const path = (relative) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));

for (const project of ["client/demo", "tests/browser"]) {
  execFileSync(process.execPath, [path("node_modules/typescript/bin/tsc"), "-p", path(project)], { stdio: "inherit" });
}
const outfile = path(".dev/browser/main.mjs");
buildSync({
  entryPoints: [path("tests/browser/main.ts")],
  outfile,
  bundle: true,
  packages: "external",
  platform: "node",
  format: "esm",
  sourcemap: "inline",
});
await import(outfile);
