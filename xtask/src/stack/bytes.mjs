// Loaded before the embedded Storage, which sends a file as the stream that node makes by default. Before
// version 24 that stream has ArrayBuffers, which node's own HTTP server does not write. From 25 on node
// ends the process when it collects a file that was not closed.
import { open } from "node:fs/promises";

const file = await open(import.meta.filename ?? new URL(import.meta.url).pathname);
const FileHandle = Object.getPrototypeOf(file);
const { readableWebStream } = FileHandle;
FileHandle.readableWebStream = function (options) {
  return readableWebStream.call(this, { type: "bytes", autoClose: true, ...options });
};
await file.close();
