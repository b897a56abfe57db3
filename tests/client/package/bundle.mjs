// Makes programs of the tests, with the versions of libraries that they run on inside.
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

export const path = (relative) => fileURLToPath(new URL(`../../../${relative}`, import.meta.url));

/** Bundles a program of this folder; `versions` are libraries of another version. */
export function bundle(name, { versions = {}, suffix = "" } = {}) {
  const outfile = path(`.dev/client/${name.replace(/\.tsx?$/, "")}${suffix}.mjs`);
  buildSync({
    entryPoints: [path(`tests/client/package/${name}`)],
    outfile,
    bundle: true,
    alias: versions,
    external: ["happy-dom", "publint", "@arethetypeswrong/core", "esbuild"],
    platform: "node",
    target: "node20",
    format: "esm",
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"development"' },
    // What is CommonJS inside asks for Node's own modules.
    banner: { js: 'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);' },
    sourcemap: true,
    logLevel: "warning",
  });
  return outfile;
}
