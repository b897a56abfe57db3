/** The API of a test: it answers each request from the database in memory, or as the test wants it. */
import type { OutgoingFile, Uploader } from "../adapters.ts";
import type { Attachment, Message } from "../models.ts";
import { TestDatabase } from "./database.ts";
import { Refusal } from "./rows.ts";
import type { TestError, TestFault, TestRequest } from "./types.ts";

/** Taken when the module is loaded, before a test replaces them by timers of its own. */
const { setTimeout: laterForReal } = globalThis;

interface Call {
  user: string;
  /** Of the chat. */
  id: string;
  messageId: string;
  emoji: string;
  query: URLSearchParams;
  body: Record<string, unknown>;
}

interface Answer {
  status: number;
  json?: unknown;
  headers?: Record<string, string>;
}

export class TestServer {
  readonly requests: TestRequest[] = [];
  readonly #database: TestDatabase;
  readonly #uploads = new Map<string, Attachment>();
  readonly #faults: { request: TestRequest; fault: TestFault }[] = [];
  readonly #now: () => number;
  #delayMs = 0;
  #isReachable = true;
  #underWay = 0;
  #files = 0;

  constructor(database: TestDatabase, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  setReachable(isReachable: boolean): void {
    this.#isReachable = isReachable;
  }

  delay(ms: number): void {
    this.#delayMs = ms;
  }

  fail(request: TestRequest, fault: TestFault, times: number): void {
    for (let each = 0; each < times; each++) this.#faults.push({ request, fault });
  }

  readonly fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const asked = new Request(input, init);
    const { pathname, searchParams: query } = new URL(asked.url);
    const [, root = "", id = "", part = "", messageId = "", list = "", emoji = ""] = pathname.split("/").map(decodeURIComponent);
    const request = nameOf(asked.method, [root, id && "id", part, messageId && "id", list, emoji && "id"].filter(Boolean).join("/"));
    const user = asked.headers.get("authorization")?.replace("Bearer ", "") ?? "";
    const body = await asked.text();
    const call: Call = { user, id, messageId, emoji, query, body: body ? JSON.parse(body) : {} };
    const { status, json, headers } = await this.#serve(request, asked.signal, () => this.#answer(request, call));
    return json === undefined ? new Response(null, { status, headers }) : Response.json(json, { status, headers });
  };

  readonly upload: Uploader = async ({ url, file, signal, onProgress }) => {
    const { status } = await this.#serve("file", signal, () => {
      onProgress(file.size);
      return { status: this.#uploads.has(url) ? 200 : 404 };
    });
    return { status, body: "" };
  };

  /** Waits until no request is under way, and the client has done what follows from the answers. */
  async settled(): Promise<void> {
    let seen = -1;
    for (let quiet = 0; quiet < 3; ) {
      await new Promise((resolve) => laterForReal(resolve, 0));
      quiet = this.#underWay === 0 && seen === this.requests.length ? quiet + 1 : 0;
      seen = this.requests.length;
    }
  }

  async #serve(request: TestRequest, signal: AbortSignal, answer: () => Answer): Promise<Answer> {
    this.requests.push(request);
    this.#underWay += 1;
    try {
      const index = this.#faults.findIndex((each) => each.request === request);
      const fault = this.#isReachable ? this.#faults.splice(index, index < 0 ? 0 : 1)[0]?.fault : "network";
      const given = fault === "network" ? undefined : typeof fault === "object" ? refusal(fault) : attempt(answer);
      if (this.#delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#delayMs));
      if (signal.aborted) throw new Error("the request was aborted");
      if (!given || fault === "lost" || !this.#isReachable) throw new TypeError("the test's network failed");
      return given;
    } finally {
      this.#underWay -= 1;
    }
  }

  #answer(request: TestRequest, { user, id, messageId, emoji, query, body }: Call): Answer {
    const database = this.#database;
    const limit = Number(query.get("limit") ?? 50);
    const cursor = query.get("cursor");
    switch (request) {
      case "chats": return { status: 200, json: this.#list(user, query, limit) };
      case "chat": return { status: 200, json: database.chat(user, id) };
      case "openDirect": return this.#made(() => database.openDirect(user, String((body.participantIds as unknown[])[0])));
      case "updateSettings": return { status: 200, json: database.lists.updateSettings(user, id, body) };
      case "reads": return { status: 200, json: { data: database.lists.reads(user, id) } };
      case "leave": return done(database.leave(user, id));
      case "markRead": return { status: 200, json: database.read(user, id, String(body.messageId)) };
      case "messages": return { status: 200, json: database.page(user, id, { cursor, around: query.get("around"), limit }) };
      case "message": return { status: 200, json: database.message(user, id, messageId) };
      case "search": {
        const asked = { q: query.get("q") ?? "", senderId: query.get("senderId"), cursor, limit };
        return { status: 200, json: database.search(user, query.get("chatId"), asked) };
      }
      case "changes": return { status: 200, json: database.changes(user, id, Number(query.get("since")), query.get("epoch"), limit) };
      case "send": return this.#made(() => this.#send(user, id, body));
      case "edit": return { status: 200, json: database.edit(user, id, messageId, body.text, body.mentions as string[] | undefined) };
      case "react": case "unreact": return { status: 200, json: database.react(user, id, messageId, emoji, request === "react") };
      case "reactions": return { status: 200, json: database.reactions(user, id, messageId, query.get("emoji")) };
      case "mentions": return { status: 200, json: database.mentions(user, query.get("cursor"), limit) };
      case "remove": return done(database.remove(user, id, messageId));
      case "typing": return { ...done(database.typing(user, id)), status: 202 };
      case "upload": return { status: 201, json: this.#reserve(user, String(body.chatId), body) };
      case "file": throw new Refusal(404, "route_not_found");
    }
  }

  #list(user: string, query: URLSearchParams, limit: number): object {
    const { lists } = this.#database;
    const since = query.get("since");
    return since === null ? lists.chats(user, query.get("archived") === "true", query.get("cursor"), limit) : lists.since(user, since, limit);
  }

  /** 201 if it is new. */
  #made(make: () => object): Answer {
    const before = this.#database.made;
    const json = make();
    return { status: this.#database.made > before ? 201 : 200, json };
  }

  #send(user: string, chatId: string, { attachmentUrl, ...message }: Record<string, unknown>): Message {
    const attachment = typeof attachmentUrl === "string" ? (this.#uploads.get(attachmentUrl) ?? null) : null;
    return this.#database.send(user, chatId, { ...message, attachment });
  }

  #reserve(user: string, chatId: string, file: Record<string, unknown>): object {
    this.#database.chat(user, chatId);
    const { fileName, contentType, size, width = null, height = null } = file as unknown as Attachment & { fileName: OutgoingFile["name"] };
    const path = `${chatId}/${user}/${++this.#files}-${fileName}`;
    const url = `https://upload.test/${encodeURIComponent(path)}`;
    const type = contentType || "application/octet-stream";
    this.#uploads.set(url, { path, fileName, contentType: type, size, width, height });
    const expiresAt = new Date(this.#now() + 7_200_000).toISOString();
    return { uploadUrl: url, method: "PUT", headers: { "Content-Type": type }, path, attachmentUrl: url, fileName, contentType: type, expiresAt };
  }
}

/** By the path, with "id" for what is chosen. */
function nameOf(method: string, path: string): TestRequest {
  const names: Record<string, TestRequest> = {
    "GET chats": "chats", "POST chats": "openDirect", "GET chats/id": "chat", "DELETE chats/id": "leave",
    "POST chats/id/read": "markRead", "PATCH chats/id/me": "updateSettings", "GET chats/id/reads": "reads", "GET chats/id/messages": "messages", "POST chats/id/messages": "send",
    "GET chats/id/messages/id": "message", "GET search": "search",
    "PATCH chats/id/messages/id": "edit", "DELETE chats/id/messages/id": "remove", "GET chats/id/changes": "changes",
    "POST chats/id/typing": "typing", "POST uploads": "upload", "GET mentions": "mentions",
    "PUT chats/id/messages/id/reactions/id": "react", "DELETE chats/id/messages/id/reactions/id": "unreact",
    "GET chats/id/messages/id/reactions": "reactions",
  };
  const name = names[`${method} ${path}`];
  if (!name) throw new Error(`supabase-chat-client/testing does not know ${method} /${path}`);
  return name;
}

const done = (_: void): Answer => ({ status: 204 });

function attempt(answer: () => Answer): Answer {
  try {
    return answer();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { status, code, message } = error;
    return refusal({ status, code: code as TestError["code"], message });
  }
}

function refusal({ status, code, message = code, retryable = status >= 500 || status === 429, retryAfterMs }: TestError): Answer {
  const headers: Record<string, string> = retryAfterMs === undefined ? {} : { "Retry-After": String(Math.ceil(retryAfterMs / 1000)) };
  return { status, json: { error: { code, message, requestId: "test", retryable } }, headers };
}
