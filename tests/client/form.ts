// The package's types. Its size, its files and how apps take it: `package/form.ts`.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const node = (...command: string[]) => execFileSync(process.execPath, command, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

export const form: Record<string, () => Promise<void>> = {
  async its_types_are_those_of_openapi_json() {
    node("client/openapi.mjs", "--check");
  },

  /** Nothing but types may be erased, and no lib check is skipped. */
  async an_app_with_strict_settings_compiles() {
    node(
      "node_modules/typescript/bin/tsc", "--noEmit", "--strict", "--erasableSyntaxOnly", "--verbatimModuleSyntax", "--noUncheckedIndexedAccess",
      "--module", "ESNext", "--moduleResolution", "bundler", "--target", "ES2022", "--lib", "ES2022,DOM,DOM.Iterable", "--types", "node",
      "tests/client/consumer/app.ts",
    );
  },
};
