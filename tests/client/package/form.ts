// The package as an app gets it: packed, installed, built, and looked through by the usual tools.
import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { execFile, execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { build } from "esbuild";
import { publint } from "publint";
import { run } from "./run.ts";

const CORE_KB = 17;
const HOOKS_KB = 4;

const root = process.env.ROOT!;
const client = join(root, "client");
const app = join(root, ".dev/client/app");
const fixtures = join(root, "tests/client/package");
const manifest = JSON.parse(readFileSync(join(client, "package.json"), "utf8"));
const { name, version } = manifest;
const file = join(root, `.dev/client/${name}-${version}.tgz`);
const installed = join(app, "node_modules", name);

const runFile = promisify(execFile);

/** Runs a program in the app; what it says is in the error if it fails. */
async function node(...command: string[]): Promise<string> {
  try {
    return (await runFile(process.execPath, command, { cwd: app })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${command.join(" ")}\n${stdout}${stderr}`);
  }
}

/** An app that has installed the packed package; everything else it finds above itself. */
function install(): void {
  execFileSync("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", dirname(file)], { cwd: client });
  rmSync(app, { recursive: true, force: true });
  cpSync(join(fixtures, "app"), app, { recursive: true });
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["-xzf", file, "-C", installed, "--strip-components=1"]);
  for (const [path, code] of readme()) writeFileSync(join(app, path), code);
}

/** The README's code: the first line of each block is its file's name. */
function readme(): [path: string, code: string][] {
  const text = readFileSync(join(client, "README.md"), "utf8");
  return [...text.matchAll(/^```tsx?\n\/\/ (src\/\S+)\n([^]*?)^```$/gm)].map(([, path = "", code = ""]) => [path, code]);
}

async function kilobytes(...entries: string[]): Promise<number> {
  const contents = entries.map((entry) => `export * from "${name}${entry}";`).join("");
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: app },
    bundle: true, minify: true, format: "esm", target: "es2022", write: false,
    external: ["@supabase/supabase-js", "react"],
  });
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length / 1024;
}

install();
const sizes = { core: await kilobytes(""), hooks: (await kilobytes("", "/react")) - (await kilobytes("")) };

await run(`the package: ${sizes.core.toFixed(1)} KB, its hooks ${sizes.hooks.toFixed(1)} KB`, {
  it_is_small_and_has_no_dependencies() {
    ok(sizes.core <= CORE_KB && sizes.hooks <= HOOKS_KB, `${sizes.core * 1024} and ${sizes.hooks * 1024} bytes`);
    strictEqual(manifest.dependencies, undefined);
    deepStrictEqual(Object.keys(manifest.peerDependencies), ["@supabase/supabase-js", "react"]);
  },

  it_has_what_its_manifest_names_and_nothing_else() {
    const files = execFileSync("tar", ["-tzf", file], { encoding: "utf8" }).trim().split("\n");
    const odd = files.filter((path) => !/^package\/(dist\/[\w/-]+(\.d\.ts|\.js|\.js\.map)|docs\/[\w/.-]+\.md|package\.json|README\.md)$/.test(path));
    deepStrictEqual(odd, []);
    for (const { types, default: code } of Object.values<{ types?: string; default?: string }>(manifest.exports)) {
      for (const path of [types, code]) ok(!path || existsSync(join(installed, path)), path);
    }
  },

  async publint_finds_nothing() {
    const tarball = readFileSync(file);
    const { messages } = await publint({ strict: true, pack: { tarball: tarball.buffer as ArrayBuffer } });
    deepStrictEqual(messages, []);
  },

  /** As `attw --pack --profile esm-only`: the package is ESM, which `require` takes since Node 20.19. */
  async attw_finds_nothing() {
    const result = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(file))));
    ok(result.types);
    const problems = result.problems.filter((problem) =>
      !("resolutionKind" in problem && ["node10", "node16-cjs"].includes(problem.resolutionKind)));
    deepStrictEqual(problems, []);
  },

  async a_vite_app_with_the_readme_s_code_compiles_and_builds() {
    const files = readme().map(([path]) => path);
    deepStrictEqual(files, [
      "src/App.tsx", "src/ChatMenu.tsx", "src/Seen.tsx", "src/MessageLine.tsx", "src/Reactions.tsx", "src/Search.tsx", "src/Files.tsx", "src/plain.ts", "src/native.ts",
      "src/App.test.tsx",
    ]);
    const code = readme()[0]![1].split("\n").filter((line) => line !== "");
    ok(code.length <= 25, `a chat on the screen in ${code.length} lines`);
    await node(join(root, "tests/client/versions/node_modules/typescript/bin/tsc"), "-b");
    await node(join(root, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.app.json");
    await node(join(root, "node_modules/vite/bin/vite.js"), "build", "--logLevel=error");
    ok(existsSync(join(app, "dist/index.html")));
  },

  async the_readme_s_test_passes_in_vitest() {
    const said = await node(join(root, "node_modules/vitest/vitest.mjs"), "run", "--environment=happy-dom", "--reporter=json");
    const { numPassedTests, numTotalTests } = JSON.parse(said.slice(said.indexOf("{")));
    deepStrictEqual([numPassedTests, numTotalTests], [1, 1]);
  },

  async the_readme_and_the_reference_name_every_function() {
    const text = readFileSync(join(installed, "README.md"), "utf8");
    for (const entry of ["", "/react", "/testing"]) {
      const said = await node("--input-type=module", "--eval", `console.log(Object.keys(await import("${name}${entry}")).join())`);
      const reference = readFileSync(join(installed, "docs", `${entry || "/index"}.md`), "utf8");
      for (const each of said.trim().split(",")) {
        ok(new RegExp(`\\b${each}\\b`).test(text), `${each} is not in the README`);
        ok(new RegExp(`^## ${each}\\b`, "m").test(reference), `${each} is not in the reference`);
      }
    }
  },

  async common_js_may_require_it() {
    strictEqual((await node("--input-type=commonjs", "--eval", `console.log(typeof require("${name}").createChatClient)`)).trim(), "function");
  },

  /** As bundlers do it: a module with "use client" becomes references, and the server never runs it. */
  async a_server_component_imports_all_of_it() {
    writeFileSync(join(app, "server.mjs"), `
      import * as hooks from "${name}/react";
      import { ChatApiError, createChatClient, isPending } from "${name}";
      if (hooks.useChat !== "a client's useChat" || !hooks.ChatProvider || !createChatClient || !isPending || !ChatApiError) throw new Error("missing");
    `);
    await node("--conditions=react-server", `--import=${join(fixtures, "use-client.mjs")}`, "server.mjs");
  },

  async react_native_s_globals_are_enough() {
    await node(`--import=${join(fixtures, "native-globals.mjs")}`, "--input-type=module", "--eval", `
      await import("${name}/react");
      const { createTestChat } = await import("${name}/testing");
      const test = createTestChat({ chats: [{ id: "1", people: ["bob"] }] });
      test.client.start();
      const chat = test.client.chat("1");
      chat.open();
      await test.settled();
      const sent = await chat.send({ text: "Hi", file: { name: "a.png", size: 1, body: "file:///a.png" } }).sent;
      if (sent?.text !== "Hi" || sent.attachment?.fileName !== "a.png") throw new Error(JSON.stringify(sent));
      test.client.stop();
    `);
  },
});
