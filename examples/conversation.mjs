// The first conversation of the README. With `cargo xtask dev` running:
//
//   node --env-file=.dev/stack.env examples/conversation.mjs

import { signIn } from "./client.mjs";

const BOB_ID = "b0b00000-0000-4000-8000-000000000002";

const alice = await signIn("alice@example.com");
const bob = await signIn("bob@example.com");

// Alice opens a chat with Bob. The same request again, from her or from him, gives the same chat.
const chat = await alice("POST", "/chats", { type: "direct", participantIds: [BOB_ID] });

// She sends a message. With the same `clientId` again it would not be sent twice.
const message = await alice("POST", `/chats/${chat.id}/messages`, {
  text: "Hello!",
  clientId: crypto.randomUUID(),
});

// Bob has one unread message. He reads it, and marks it as read.
await bob("GET", `/chats/${chat.id}`);
await bob("GET", `/chats/${chat.id}/messages?limit=10`);
await bob("POST", `/chats/${chat.id}/read`, { messageId: message.id });

// Alice edits the message, then deletes it.
await alice("PATCH", `/chats/${chat.id}/messages/${message.id}`, { text: "Hello, Bob!" });
await alice("DELETE", `/chats/${chat.id}/messages/${message.id}`);
await bob("GET", `/chats/${chat.id}/messages?limit=10`);
