//! What touches the runtime's objects, in the language that they are made for.
//!
//! Each call from wasm into JavaScript costs about a microsecond, and each string in it another. A
//! request would make a hundred such calls; here it makes a handful, and hands over the headers in one
//! string.

use wasm_bindgen::prelude::wasm_bindgen;
use worker::js_sys::{Function, Promise};
use worker::wasm_bindgen::JsValue;
use worker::web_sys;

#[wasm_bindgen(inline_js = r#"
// What every Worker looks at, and what only those do that answer.
const READ = [
  "x-request-id", "origin", "access-control-request-method", "content-length", "traceparent",
  "authorization", "content-type", "content-encoding", "idempotency-key",
];

// No header's value, method or URL holds a line break. An absent header is an empty line, another begins with `=`.
export function head({ method, url, headers }, read) {
  let lines = `${method}\n${url}\n${[...headers.keys()].length}`;
  for (const name of READ.slice(0, read)) {
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

// An object, which the runtime reads in half the time of a list of pairs. No name of ours comes twice.
function fields(lines) {
  const found = {};
  for (const line of lines.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) found[line.slice(0, colon)] = line.slice(colon + 1);
  }
  return found;
}

async function whole(method, url, headers, body, signal) {
  // A token goes to no other place than the one that is configured.
  const response = await fetch(url, { method, headers: fields(headers), body, redirect: "manual", signal });
  try {
    return [response.status, new Uint8Array(await response.arrayBuffer())];
  } catch {
    return [response.status];
  }
}

// Status and body; without the body where it broke off, and undefined once the time is over. The timer is kept
// here and not in wasm: after a panic nothing there could stop it, and the runtime waits for timers before it
// gives up the requests that were under way. `client` is the request that this is done for.
export async function ask(method, url, headers, body, milliseconds, client) {
  const answer = whole(method, url, headers, body, client?.signal);
  if (milliseconds === undefined) return answer;
  let timer;
  const late = new Promise((resolve) => { timer = setTimeout(resolve, milliseconds); });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

export function on_hang_up(client, hung_up, number) {
  // Without the compatibility flag `enable_request_signal` a request has no signal.
  if (client?.signal) client.signal.onabort = () => hung_up(number);
}

export function charge(env, limiter, key) {
  return env[limiter]?.limit({ key }).then(({ success }) => success);
}

export async function cached(url) {
  const entry = await caches.default.match(url);
  return entry && new Uint8Array(await entry.arrayBuffer());
}

export async function cache(url, body, seconds) {
  await caches.default.put(url, new Response(body, { headers: { "cache-control": `max-age=${seconds}` } }));
}

export function answer(status, headers, body) {
  return new Response(body, { status, headers: fields(headers) });
}

// The response of another Worker to the same request, with only its id set; undefined where the body is over
// the limit, null where it ended early. The body is read here and not streamed through: when a Worker answers
// without having read a streamed body, as it answers strangers, workerd drops the client's connection.
async function passed(request, env, binding, id, limit) {
  const { method, url, signal } = request;
  const headers = new Headers(request.headers);
  headers.set("x-request-id", id);
  let body;
  if (request.body !== null) {
    // Both are the runtime's to write for a body of known length.
    headers.delete("content-length");
    headers.delete("transfer-encoding");
    try {
      body = await read(request, limit);
    } catch {
      return null;
    }
    if (body === undefined) return undefined;
    // The runtime refuses a GET with a body, and no route of ours reads one.
    if (body.length === 0 || method === "GET" || method === "HEAD") body = undefined;
  }
  return env[binding].fetch(url, { method, headers, body, redirect: "manual", signal });
}

// The same, ended when the client hangs up: the runtime would never end it, and it would stay in memory.
export function pass(request, env, binding, id, limit) {
  const hungUp = new Promise((resolve) => {
    if (request.signal) request.signal.onabort = () => resolve(new Response(null, { status: 499 }));
  });
  return Promise.race([passed(request, env, binding, id, limit), hungUp]);
}
"#)]
extern "C" {
    /// Method, URL, the number of header fields, and the values of the first `read` of those that are
    /// read, a line each.
    pub(super) fn head(request: &web_sys::Request, read: u32) -> String;
    /// The body as a `Uint8Array`; `undefined` where it is over the limit.
    pub(super) fn read(request: &web_sys::Request, limit: u32) -> Promise;
    /// Fetches: an array of the status and, where it came whole, the body; `undefined` where it took longer.
    pub(super) fn ask(
        method: &str,
        url: &str,
        headers: &str,
        body: Option<Vec<u8>>,
        milliseconds: Option<f64>,
        client: Option<&web_sys::Request>,
    ) -> Promise;
    /// Calls `hung_up` with this number when the client of a request hangs up.
    pub(super) fn on_hang_up(client: Option<&web_sys::Request>, hung_up: &Function, number: u32);
    /// Counts one more at a rate limiter: whether it is within the limit. `None` where there is no limiter.
    #[wasm_bindgen(catch)]
    pub(super) fn charge(
        env: &JsValue,
        limiter: &str,
        key: &str,
    ) -> Result<Option<Promise>, JsValue>;
    /// Bytes of the Cache API, `undefined` where there are none under this URL.
    pub(super) fn cached(url: &str) -> Promise;
    /// Puts bytes there.
    pub(super) fn cache(url: &str, body: &[u8], seconds: f64) -> Promise;
    /// A response.
    #[wasm_bindgen(catch)]
    pub(super) fn answer(
        status: u16,
        headers: &str,
        body: Option<Vec<u8>>,
    ) -> Result<web_sys::Response, JsValue>;
    /// The response of the Worker behind a binding; `undefined` or `null` where the body cannot be passed on.
    pub(super) fn pass(
        request: &web_sys::Request,
        env: &JsValue,
        binding: &str,
        id: &str,
        limit: u32,
    ) -> Promise;
}
