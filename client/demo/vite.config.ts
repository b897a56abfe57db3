import { readFileSync } from "node:fs";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const path = (relative: string) => new URL(relative, import.meta.url).pathname;

/** Says where the stack of `cargo xtask dev` is, for `npm run dev`. The built page gets a file from the tool. */
const config: Plugin = {
  name: "config",
  configureServer(server) {
    server.middlewares.use("/demo/config.json", (_, response) => {
      const lines = readFileSync(path("../../.dev/stack.env"), "utf8").split("\n");
      const of = (name: string) => lines.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1);
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify({
        supabaseUrl: of("SUPABASE_URL"), publishableKey: of("SUPABASE_PUBLISHABLE_KEY"), apiUrl: of("EDGE_URL"),
      }));
    });
  },
};

export default defineConfig({
  // Where the stack's API gateway serves it.
  base: "/demo/",
  plugins: [react(), config],
  build: { chunkSizeWarningLimit: 2000 },
  // The package's source, so that it needs no build. An app has it by `npm install`.
  resolve: {
    alias: [
      { find: /^supabase-chat-client$/, replacement: path("../src/index.ts") },
      { find: /^supabase-chat-client\/react$/, replacement: path("../src/react/index.ts") },
    ],
  },
});
