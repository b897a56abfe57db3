// Takes away what React Native does not have.
for (const name of ["window", "document", "File", "localStorage", "sessionStorage", "BroadcastChannel", "structuredClone", "DOMException"]) {
  delete globalThis[name];
}
Object.defineProperty(globalThis, "crypto", { value: undefined, configurable: true });
Object.defineProperty(globalThis, "navigator", { value: { product: "ReactNative" }, configurable: true });
