// A Worker that makes instances of a module, as many as `?count=` says: how long one takes is for the
// caller to find out, as a Worker's clock stands still. The imports are stand-ins, which nothing calls.
import module from "module.wasm";

const imports = {};
for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
  (imports[from] ??= {})[name] = kind === "tag" ? WebAssembly.JSTag : () => 0;
}

export default {
  fetch(request) {
    const count = Number(new URL(request.url).searchParams.get("count"));
    for (let made = 0; made < count; made++) new WebAssembly.Instance(module, imports);
    return new Response(null, { status: 204 });
  },
};
