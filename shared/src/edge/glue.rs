//! What touches the runtime's objects, in the language that they are made for.
//!
//! Each call from wasm into JavaScript costs about a microsecond, each string in it another, and each
//! promise that wasm waits for some ten. A request would make a hundred such calls; here it makes
//! four, and hands over the headers in one string.

use wasm_bindgen::prelude::wasm_bindgen;
use worker::js_sys::Promise;
use worker::web_sys;

#[wasm_bindgen(inline_js = r#"
const READ = [
  "x-request-id", "origin", "access-control-request-method", "authorization", "content-type", "content-length",
  "idempotency-key", "traceparent",
];

// No header's value, method or URL holds a line break. An absent header is an empty line, another begins with `=`.
export function head({ method, url, headers }) {
  let lines = `${method}\n${url}\n${[...headers.keys()].length}`;
  for (const name of READ) {
    const value = headers.get(name);
    lines += value === null ? "\n" : `\n=${value}`;
  }
  return lines;
}

// The whole body, or undefined as soon as it is longer than the limit.
export async function read(request, limit) {
  if (request.body === null) return new Uint8Array();
  // Only what the connection itself holds a body to: a chunked one may declare what it likes.
  const declared = request.headers.has("transfer-encoding") ? null : request.headers.get("content-length");
  if (declared !== null && Number(declared) <= limit) return new Uint8Array(await request.arrayBuffer());
  // All of the room at once: joined chunk by chunk, a body of single bytes would be copied as often.
  const bytes = new Uint8Array(limit);
  let length = 0;
  for await (const chunk of request.body) {
    if (length + chunk.length > limit) return undefined;
    bytes.set(chunk, length);
    length += chunk.length;
  }
  return bytes.subarray(0, length);
}

function pairs(lines) {
  const found = [];
  for (const line of lines.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) found.push([line.slice(0, colon), line.slice(colon + 1)]);
  }
  return found;
}

// Status and body; without the body where it broke off.
export async function ask(method, url, headers, body) {
  // A token goes to no other place than the one that is configured.
  const response = await fetch(url, { method, headers: pairs(headers), body, redirect: "manual" });
  try {
    return [response.status, new Uint8Array(await response.arrayBuffer())];
  } catch {
    return [response.status];
  }
}

export function answer(status, headers, body) {
  return new Response(body, { status, headers: pairs(headers) });
}

// The answer of another Worker to the same request; undefined where its body is over the limit, and null
// where it ended early, which is no fault of that Worker. The body is read here and not streamed
// through: when a Worker answers without having read a streamed body, as it answers strangers, workerd
// drops the client's connection.
export async function pass(request, worker, id, limit) {
  const { method, url } = request;
  const headers = new Headers(request.headers);
  headers.set("x-request-id", id);
  // Both are the runtime's to write for a body of known length.
  headers.delete("content-length");
  headers.delete("transfer-encoding");
  let body;
  try {
    body = await read(request, limit);
  } catch {
    return null;
  }
  if (body === undefined) return undefined;
  // The runtime refuses a GET with a body, and no route of ours reads one.
  const sent = body.length > 0 && method !== "GET" && method !== "HEAD" ? body : undefined;
  return worker.fetch(url, { method, headers, body: sent, redirect: "manual" });
}
"#)]
extern "C" {
    /// Method, URL, the number of header fields, and the values of those that are read, a line each.
    pub(super) fn head(request: &web_sys::Request) -> String;
    /// The body as a `Uint8Array`; `undefined` where it is over the limit.
    pub(super) fn read(request: &web_sys::Request, limit: u32) -> Promise;
    /// Fetches: an array of the status and, where it came whole, the body.
    pub(super) fn ask(method: &str, url: &str, headers: &str, body: Option<Vec<u8>>) -> Promise;
    /// A response.
    #[wasm_bindgen(catch)]
    pub(super) fn answer(
        status: u16,
        headers: &str,
        body: Option<Vec<u8>>,
    ) -> Result<web_sys::Response, worker::wasm_bindgen::JsValue>;
    /// Another Worker's response to this request; `undefined` where its body is over the limit, `null` where
    /// it ended early.
    pub(super) fn pass(
        request: &web_sys::Request,
        worker: &worker::wasm_bindgen::JsValue,
        id: &str,
        limit: u32,
    ) -> Promise;
}
