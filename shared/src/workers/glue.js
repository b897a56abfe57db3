// The first five headers are read by every Worker. The rest only by the functions.
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
  // Content-Length is reliable only without Transfer-Encoding.
  const declared = request.headers.has("transfer-encoding") ? null : request.headers.get("content-length");
  if (declared !== null && Number(declared) <= limit) return new Uint8Array(await request.arrayBuffer());
  // Allocate the limit once. Joining chunks would copy a body of 1-byte chunks 65,536 times.
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
  // Redirects are not followed, so the token goes only to the configured URL.
  const response = await fetch(url, { method, headers: fields(headers), body, redirect: "manual", signal });
  try {
    return [response.status, new Uint8Array(await response.arrayBuffer())];
  } catch {
    return [response.status];
  }
}

// Returns the status and the body. If the body ends early, it returns only the status. If the time runs out, it returns
// undefined. The timer is here and not in wasm: after a panic nothing in wasm could stop it, and the runtime waits for
// timers before it ends the requests that were running. `client` is the client's request, for which this one is sent.
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

// The assets' own headers differ between runtimes, so none of them is kept.
export async function asset(env, file, headers) {
  const { ok, status, body } = await env.ASSETS.fetch(`https://assets/${file}`);
  if (!ok) throw new Error(`${file}: ${status}`);
  return new Response(body, { headers: fields(headers) });
}

// Sends the same request, with only its id set, to another Worker, and returns the response. It returns undefined if the
// body is over the limit, and null if the body ended early. The body is read here and not streamed: if a Worker replies
// before it has read a streamed body (for example with 401), workerd closes the client's connection.
async function passed(request, env, binding, id, limit) {
  const { method, url, signal } = request;
  const headers = new Headers(request.headers);
  headers.set("x-request-id", id);
  let body;
  if (request.body !== null) {
    // The runtime writes both for a body of known length.
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

// As `passed`, but stops when the client disconnects. Otherwise the runtime keeps the request in memory.
export function pass(request, env, binding, id, limit) {
  const hungUp = new Promise((resolve) => {
    if (request.signal) request.signal.onabort = () => resolve(new Response(null, { status: 499 }));
  });
  return Promise.race([passed(request, env, binding, id, limit), hungUp]);
}
