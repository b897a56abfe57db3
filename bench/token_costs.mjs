// What a verification of each kind of token costs, as the table of docs/tokens.md has it.
//
//   cargo xtask build chats && node bench/token_costs.mjs
//
// It runs the release module on workerd, before an upstream of its own that answers at once, and counts the CPU
// time of workerd, which other work on the machine changes little. A token that was never seen costs a
// verification more than one that is remembered. The kinds take turns, round by round. Linux only.
import { spawn } from "node:child_process";
import { createHmac, generateKeyPairSync, randomBytes, randomUUID, sign } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROUNDS = 15;
const REQUESTS = 100;

const root = new URL("..", import.meta.url).pathname;
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

const secret = randomBytes(32).toString("hex");
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const keys = [
  { ...ec.publicKey.export({ format: "jwk" }), kid: "ES256", alg: "ES256", use: "sig" },
  { ...rsa.publicKey.export({ format: "jwk" }), kid: "RS256", alg: "RS256", use: "sig" },
];
const signers = {
  HS256: (text) => createHmac("sha256", secret).update(text).digest(),
  RS256: (text) => sign("sha256", Buffer.from(text), rsa.privateKey),
  ES256: (text) => sign("sha256", Buffer.from(text), { key: ec.privateKey, dsaEncoding: "ieee-p1363" }),
};

const upstream = http.createServer((request, response) => {
  request.resume();
  response.setHeader("content-type", "application/json");
  response.end(request.url.startsWith("/auth/") ? JSON.stringify({ keys }) : '{"data":[],"nextCursor":null}');
});
const listen = (server) => new Promise((done) => server.listen(0, "127.0.0.1", () => done(server.address().port)));
const supabase = `http://127.0.0.1:${await listen(upstream)}`;

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
function token(algorithm) {
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const claims = { iss: `${supabase}/auth/v1`, aud: "authenticated", role: "authenticated", sub: randomUUID(), exp,
    email: "somebody@example.com", phone: "", app_metadata: { provider: "email", providers: ["email"] },
    user_metadata: {}, aal: "aal1", amr: [{ method: "password", timestamp: exp }], session_id: randomUUID() };
  const text = `${part({ alg: algorithm, kid: algorithm, typ: "JWT" })}.${part(claims)}`;
  return `${text}.${signers[algorithm](text).toString("base64url")}`;
}

// A port that is free now.
const probe = createServer();
const port = await listen(probe);
await new Promise((done) => probe.close(done));

const dir = mkdtempSync(join(tmpdir(), "token-costs-"));
const build = join(root, "functions/chats/build");
const bindings = Object.entries({ SUPABASE_URL: supabase, SUPABASE_PUBLISHABLE_KEY: "anon", SUPABASE_JWT_SECRET: secret });
writeFileSync(join(dir, "config.capnp"), `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "chats", worker = .chats), (name = "internet", network = (allow = ["local", "private", "public"]))],
  sockets = [(name = "chats", address = "127.0.0.1:${port}", http = (), service = "chats")]);
const chats :Workerd.Worker = (
  compatibilityDate = "2026-04-01",
  modules = [(name = "index.js", esModule = embed "${build}/index.js"),
    (name = "index_bg.wasm", wasm = embed "${build}/index_bg.wasm")],
  bindings = [${bindings.map(([name, text]) => `(name = "${name}", text = "${text}")`).join(", ")}]);
`);
const program = join(root, "node_modules/@cloudflare/workerd-linux-64/bin/workerd");
const workerd = spawn(program, ["serve", "--import-path=/", join(dir, "config.capnp")], { stdio: "ignore" });
process.on("exit", () => {
  workerd.kill();
  rmSync(dir, { recursive: true });
});

/** Seconds that workerd has spent on a CPU, all threads of it. */
const cpu = () => {
  const tasks = `/proc/${workerd.pid}/task`;
  const spent = (thread) => Number(readFileSync(`${tasks}/${thread}/schedstat`, "utf8").split(" ")[0]) / 1e9;
  return readdirSync(tasks).reduce((sum, thread) => sum + spent(thread), 0);
};

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const get = (path, token) =>
  new Promise((done, failed) => {
    const headers = token ? { authorization: `Bearer ${token}` } : {};
    const request = http.get({ host: "127.0.0.1", port, path, agent, headers }, (response) => {
      response.resume();
      response.on("end", () => done({ status: response.statusCode, timing: response.headers["server-timing"] }));
    });
    request.on("error", failed);
  });
for (let waited = 0; waited < 100; waited++) {
  const answers = await get("/", undefined).catch(() => undefined);
  if (answers) break;
  await new Promise((done) => setTimeout(done, 100));
}

/** Milliseconds of CPU that a request takes with each of these tokens. */
async function cost(tokens, desc) {
  const before = cpu();
  for (const token of tokens) {
    const { status, timing } = await get("/chats", token);
    if (status !== 200 || !timing.includes(`desc=${desc}`)) throw new Error(`${status} ${timing}`);
  }
  return ((cpu() - before) / tokens.length) * 1000;
}

const algorithms = Object.keys(signers);
const known = token("HS256");
const measured = Object.fromEntries([...algorithms, "remembered"].map((kind) => [kind, []]));
// Until V8 has compiled it well.
for (const algorithm of algorithms) await cost(Array.from({ length: 300 }, () => token(algorithm)), "miss");
for (let round = 0; round < ROUNDS; round++) {
  for (const algorithm of algorithms) {
    const tokens = Array.from({ length: REQUESTS }, () => token(algorithm));
    measured[algorithm].push(await cost(tokens, "miss"));
  }
  await get("/chats", known);
  measured.remembered.push(await cost(Array(REQUESTS).fill(known), "hit"));
}
const remembered = median(measured.remembered);
console.log("| | a request with a token | more than with a remembered one |\n|---|---|---|");
console.log(`| remembered | ${remembered.toFixed(2)} ms | |`);
for (const algorithm of algorithms) {
  const request = median(measured[algorithm]);
  console.log(`| ${algorithm} | ${request.toFixed(2)} ms | ${((request - remembered) * 1000).toFixed(0)} µs |`);
}
process.exit();
