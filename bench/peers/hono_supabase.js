// What most teams on Supabase write: a Hono Worker that verifies the token, and calls supabase-js with it.
import { createClient } from "@supabase/supabase-js";
import { Hono } from "hono";
import { jwt } from "hono/jwt";
import * as cursor from "./cursor.js";

const app = new Hono();

app.use((c, next) => jwt({ secret: c.env.SUPABASE_JWT_SECRET, alg: "HS256" })(c, next));

app.use((c, next) => {
  const supabase = createClient(c.env.SUPABASE_URL, c.env.SUPABASE_PUBLISHABLE_KEY, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    global: { headers: { Authorization: c.req.header("Authorization") } },
  });
  c.set("supabase", supabase);
  return next();
});

/** The answer of a database function. */
async function answer(c, call) {
  const { data, error, status } = await call;
  return error ? c.json({ error: { code: error.message } }, status) : c.json(data, status);
}

const limit = (c) => Number(c.req.query("limit") ?? 50);

app.get("/chats", (c) => {
  const since = c.req.query("since");
  if (since) {
    const [epoch, from] = cursor.decode(since, "list");
    return answer(c, c.get("supabase").rpc("list_changed_chats", { epoch, since: from, page_limit: limit(c) }, { get: true }));
  }
  const after = c.req.query("cursor");
  const [before_activity, before_id] = after ? cursor.decode(after, "chats") : [];
  const page = { page_limit: limit(c), ...(after && { before_activity, before_id }) };
  return answer(c, c.get("supabase").rpc("list_chats", page, { get: true }));
});

app.get("/chats/:id", (c) =>
  answer(c, c.get("supabase").rpc("get_chat", { chat_id: c.req.param("id") }, { get: true })));

app.post("/chats/:id/read", async (c) => {
  const { messageId } = await c.req.json();
  return answer(c, c.get("supabase").rpc("mark_read", { chat_id: c.req.param("id"), message_id: messageId }));
});

app.get("/chats/:id/messages", (c) => {
  const after = c.req.query("cursor");
  const before = after && cursor.decode(after, "messages")[1];
  const page = { chat_id: c.req.param("id"), page_limit: limit(c), ...(before && { before }) };
  return answer(c, c.get("supabase").rpc("list_messages", page, { get: true }));
});

app.post("/chats/:id/messages", async (c) => {
  const { text, clientId } = await c.req.json();
  const message = { chat_id: c.req.param("id"), text, client_id: clientId ?? null };
  return answer(c, c.get("supabase").rpc("send_message", message));
});

app.patch("/chats/:id/messages/:message", async (c) => {
  const { text } = await c.req.json();
  const edit = { chat_id: c.req.param("id"), message_id: c.req.param("message"), text };
  return answer(c, c.get("supabase").rpc("edit_message", edit));
});

app.put("/chats/:id/messages/:message/reactions/:emoji", (c) => {
  const reaction = { chat_id: c.req.param("id"), message_id: c.req.param("message"), emoji: c.req.param("emoji") };
  return answer(c, c.get("supabase").rpc("add_reaction", reaction));
});

app.get("/unread", (c) => answer(c, c.get("supabase").rpc("count_unread", {}, { get: true })));

app.get("/search", (c) =>
  answer(c, c.get("supabase").rpc("search_messages", { q: c.req.query("q"), page_limit: limit(c) }, { get: true })));

app.get("/chats/:id/changes", (c) => {
  const feed = { chat_id: c.req.param("id"), since: Number(c.req.query("since")), page_limit: limit(c) };
  return answer(c, c.get("supabase").rpc("list_changes", feed, { get: true }));
});

export default app;
