// What an app installs: its size, its types, what it depends on.
import { deepStrictEqual, ok } from "node:assert";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { buildSync } from "esbuild";
import type { ChatHandle, ChatSnapshot, Message, Pending, Store } from "supabase-chat-client";

const CORE_MOST_BYTES = 15 * 1024;
const root = fileURLToPath(new URL("../..", import.meta.url));
const node = (...command: string[]) => execFileSync(process.execPath, command, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** The compiler is the test: what an app relies on. */
const types: [
  Same<ChatSnapshot["messages"], readonly (Message | Pending)[]>,
  Same<ReturnType<ChatHandle["send"]>, Pending>,
  Same<Awaited<Pending["sent"]>, Message | undefined>,
  Same<ReturnType<ChatHandle["markRead"]>, void>,
  Same<Pick<ChatHandle, "getSnapshot" | "subscribe">, Pick<Store<ChatSnapshot>, "getSnapshot" | "subscribe">>,
] = [true, true, true, true, true];

export const form: Record<string, () => Promise<void>> = {
  async the_core_has_at_most_15_kib_gzipped() {
    const { outputFiles } = buildSync({
      entryPoints: [`${root}/client/dist/index.js`], bundle: true, minify: true, format: "esm", write: false,
      external: ["@supabase/supabase-js"], absWorkingDir: root,
    });
    const bytes = gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
    console.log(`the core has ${bytes} bytes gzipped, with openapi-fetch`);
    ok(bytes <= CORE_MOST_BYTES, `${bytes} bytes`);
  },

  async its_types_are_those_of_openapi_json() {
    node("client/openapi.mjs", "--check");
    ok(types.every(Boolean));
  },

  async it_needs_openapi_fetch_alone() {
    const { dependencies, peerDependencies } = JSON.parse(readFileSync(`${root}/client/package.json`, "utf8"));
    deepStrictEqual(Object.keys(dependencies), ["openapi-fetch"]);
    deepStrictEqual(Object.keys(peerDependencies), ["@supabase/supabase-js", "react"]);
  },

  /** As a stock Vite template checks it: nothing but types may be erased, and no lib check is skipped. */
  async an_app_with_strict_settings_compiles() {
    node(
      "node_modules/typescript/bin/tsc", "--noEmit", "--strict", "--erasableSyntaxOnly", "--verbatimModuleSyntax", "--noUncheckedIndexedAccess",
      "--module", "ESNext", "--moduleResolution", "bundler", "--target", "ES2022", "--lib", "ES2022,DOM,DOM.Iterable", "--types", "node",
      "tests/client/consumer/app.ts",
    );
  },
};
