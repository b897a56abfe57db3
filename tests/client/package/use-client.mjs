// What a bundler does with "use client" in the graph of a server: each export of such a module becomes a reference.
import { register } from "node:module";

const hooks = `
  export async function load(url, context, next) {
    const loaded = await next(url, context);
    const code = String(loaded.source ?? "");
    if (!/^["']use client["'];/.test(code)) return loaded;
    if (/export \\*/.test(code)) throw new Error(url + ": a client's module names what it exports");
    const names = [...code.matchAll(/export (?:async )?(?:function|const|class) (\\w+)|export \\{([^}]*)\\}/g)]
      .flatMap(([, one, several]) => one ?? several.split(","))
      .map((name) => name.trim().split(" as ").pop());
    return { ...loaded, source: names.map((name) => \`export const \${name} = "a client's \${name}";\`).join("\\n") };
  }
`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
