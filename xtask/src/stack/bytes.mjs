// Loaded before the embedded Storage, which hands on a file's stream as node makes it by default. Before
// version 24 that is one of ArrayBuffers, which node's own HTTP server does not write; from 25 on node
// ends the process when a file that nobody has closed is forgotten.
import { open } from "node:fs/promises";

const file = await open(import.meta.filename ?? new URL(import.meta.url).pathname);
const FileHandle = Object.getPrototypeOf(file);
const { readableWebStream } = FileHandle;
FileHandle.readableWebStream = function (options) {
  return readableWebStream.call(this, { type: "bytes", autoClose: true, ...options });
};
await file.close();
