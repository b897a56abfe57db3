// `cargo xtask test client [files|seed|from-to]`: the code of docs/realtime.md against the embedded stack.
import { build } from "./build.mjs";

await import(build("client/main"));
