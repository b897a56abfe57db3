// The other common stack: Hono on Node, and Drizzle on postgres.js. It uses neither RLS nor PostgREST: this
// code decides who may do what.
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { jwt } from "hono/jwt";
import * as chats from "./chats.js";
import * as messages from "./messages.js";
import { Refusal } from "./refusal.js";
import * as writes from "./writes.js";

const app = new Hono();

app.use(jwt({ secret: process.env.SUPABASE_JWT_SECRET, alg: "HS256" }));

app.onError((error, c) => {
  if (error.getResponse) return error.getResponse();
  if (!(error instanceof Refusal)) console.error(error);
  const [status, code] = error instanceof Refusal ? [error.status, error.message] : [500, "internal"];
  return c.json({ error: { code } }, status);
});

const claims = (c) => c.get("jwtPayload");
const limit = (c) => Number(c.req.query("limit") ?? 50);

app.get("/chats", async (c) => {
  const since = c.req.query("since");
  const me = claims(c).sub;
  return c.json(await (since ? chats.changed(me, since, limit(c)) : chats.list(me, limit(c), c.req.query("cursor"))));
});

app.get("/unread", async (c) => c.json(await chats.countUnread(claims(c).sub)));

app.get("/chats/:id", async (c) => c.json(await chats.get(claims(c).sub, c.req.param("id"))));

app.post("/chats/:id/read", async (c) => {
  const { messageId } = await c.req.json();
  return c.json(await chats.markRead(claims(c).sub, c.req.param("id"), messageId));
});

app.get("/chats/:id/messages", async (c) =>
  c.json(await messages.list(claims(c), c.req.param("id"), limit(c), c.req.query("cursor"))));

app.post("/chats/:id/messages", async (c) => {
  const { text, clientId } = await c.req.json();
  const [status, message] = await writes.send(claims(c).sub, c.req.param("id"), text, clientId);
  return c.json(message, status);
});

app.patch("/chats/:id/messages/:message", async (c) => {
  const { text } = await c.req.json();
  return c.json(await writes.edit(claims(c).sub, c.req.param("id"), c.req.param("message"), text));
});

app.put("/chats/:id/messages/:message/reactions/:emoji", async (c) =>
  c.json(await writes.react(claims(c).sub, c.req.param("id"), c.req.param("message"), c.req.param("emoji"))));

app.get("/chats/:id/changes", async (c) =>
  c.json(await messages.changes(claims(c), c.req.param("id"), Number(c.req.query("since")), limit(c))));

serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(process.env.PORT) });
