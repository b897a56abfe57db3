// Where there is neither a window nor a browser's helpers: React Native, Node, a server's rendering.
import { deepStrictEqual, match, strictEqual } from "node:assert";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { drain, pass } from "./device.ts";
import { World } from "./world.ts";

/** What React Native has not. */
const ABSENT = ["window", "document", "File", "localStorage", "XMLHttpRequest", "navigator"] as const;

async function asReactNative(what: () => Promise<void>): Promise<void> {
  const globals = globalThis as Record<string, unknown>;
  const kept = Object.getOwnPropertyDescriptors(globalThis) as Record<string, PropertyDescriptor>;
  for (const name of ABSENT) delete globals[name];
  // No randomUUID, and without a polyfill no random values either.
  Object.defineProperty(globalThis, "crypto", { value: undefined, configurable: true, writable: true });
  try {
    await what();
  } finally {
    for (const name of [...ABSENT, "crypto"]) if (kept[name]) Object.defineProperty(globalThis, name, kept[name]);
  }
}

export const platforms: Record<string, () => Promise<void>> = {
  react_native_sends_and_shows: () => World.play("direct", (world) => asReactNative(async () => {
    const device = world.device(0, { adapters: { appState: undefined, network: undefined, storage: undefined, uuid: undefined } });
    const chat = device.open(world.chatId);
    await drain([device]);
    const { clientId } = chat.send({ text: "from a phone" });
    match(clientId, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    await pass([device], 2_000);
    strictEqual((await world.truth(0))[0]?.clientId, clientId);
    await world.shows(0, chat, "on a phone");
  })),

  /** As a server component does: nothing starts, no timer holds the process. */
  async importing_it_does_nothing() {
    const program = `
      import { createChatClient } from "supabase-chat-client";
      const chat = createChatClient({ supabase: null, apiUrl: "http://example.test" });
      console.log(JSON.stringify([chat.chats.getSnapshot() ?? null, chat.connection.getSnapshot(), chat.chat("x").getSnapshot().status]));`;
    const cwd = fileURLToPath(new URL("../..", import.meta.url));
    const printed = execFileSync(process.execPath, ["--input-type=module", "-e", program], { cwd, encoding: "utf8" });
    deepStrictEqual(JSON.parse(printed), [null, "offline", "closed"]);
  },
};
