// An app as its author writes it. It is compiled, and not run.
import { createClient } from "@supabase/supabase-js";
import { ChatApiError, createChatClient, isPending, type Chat } from "supabase-chat-client";

const supabase = createClient("https://project.supabase.co", "sb_publishable_…");
const client = createChatClient({ supabase, apiUrl: "https://chat.example.com" });
client.start();

client.chats.subscribe(() => {
  const chats: readonly Chat[] = client.chats.getSnapshot() ?? [];
  console.log(chats.map(({ name, unreadCount }) => `${name} ${unreadCount}`));
});

const chat = client.chat("0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d");
chat.open();
const stop = chat.subscribe(() => {
  const { messages, typing, hasOlder } = chat.getSnapshot();
  if (hasOlder && messages.length < 50) void chat.loadOlder();
  for (const message of messages) {
    if (isPending(message)) {
      if (message.state === "failed") message.retry();
    } else console.log(message.text, message.attachment?.fileName, typing.length);
  }
});

chat.send({ text: "Hello!", file: new File(["x"], "x.txt") });
try {
  await chat.edit("0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d", "Hello, Bob!");
} catch (error) {
  if (error instanceof ChatApiError && error.code === "edit_window_expired") console.log(error.message);
}
stop();
chat.close();
client.stop();
