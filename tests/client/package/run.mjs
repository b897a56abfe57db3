// `cargo xtask test client [package]`: the hooks, the chat for tests, and the package as an app gets it. They need no stack.
import { execFileSync, spawnSync } from "node:child_process";
import { bundle, path } from "./bundle.mjs";

const [filter] = process.argv.slice(2);
if (filter && filter !== "package") {
  console.log("test result: ok. 0 passed; 0 failed");
  process.exit(0);
}

const node = (...command) => execFileSync(process.execPath, command, { stdio: "inherit" });
node(path("client/build.mjs"));
// A warning is a failure: a type that is used and not exported, or a broken link.
node(path("node_modules/typedoc/bin/typedoc"), "--options", path("client/typedoc.json"), "--logLevel", "Warn");
// The types are a test too: types.ts.
node(path("node_modules/typescript/bin/tsc"), "-p", path("tests/client/package"));

const other = path("tests/client/versions/node_modules");
const react18 = { suffix: "-18", versions: { react: `${other}/react`, "react-dom": `${other}/react-dom` } };
const programs = [
  bundle("hooks.tsx"),
  bundle("hooks.tsx", react18),
  bundle("reading.tsx"),
  bundle("reading.tsx", react18),
  bundle("testing.ts"),
  bundle("jumps.ts"),
  bundle("windows.ts"),
  bundle("form.ts"),
];
let isGood = true;
for (const program of programs) {
  const env = { ...process.env, ROOT: path("") };
  isGood = spawnSync(process.execPath, ["--enable-source-maps", program], { stdio: "inherit", env }).status === 0 && isGood;
}
process.exit(isGood ? 0 : 1);
