// Sends a file, as docs/attachments.md explains. With `cargo xtask dev` running:
//
//   node --env-file=.dev/stack.env examples/attachment.mjs

import { signIn } from "./client.mjs";

const BOB_ID = "b0b00000-0000-4000-8000-000000000002";
const file = new Blob(["Hello from a file"], { type: "text/plain" });

const alice = await signIn("alice@example.com");
const bob = await signIn("bob@example.com");
const chat = await alice("POST", "/chats", { type: "direct", participantIds: [BOB_ID] });

// 1. Reserve: the API answers where the file goes, and with which headers.
const upload = await alice("POST", "/uploads", {
  chatId: chat.id,
  fileName: "hello.txt",
  contentType: file.type,
  size: file.size,
});

// 2. PUT: the file goes to Supabase Storage, and not through the API.
const put = await fetch(upload.uploadUrl, { method: upload.method, headers: upload.headers, body: file });
if (!put.ok) throw new Error(`the upload failed: ${put.status} ${await put.text()}`);

// 3. Send: a message with the file. It could have a `text` too.
await alice("POST", `/chats/${chat.id}/messages`, { attachmentUrl: upload.attachmentUrl });

// Bob's page of messages has a URL for the file, good for an hour.
const page = await bob("GET", `/chats/${chat.id}/messages?limit=1`);
const download = await fetch(page.data[0].attachmentUrl);
console.log(await download.text());
