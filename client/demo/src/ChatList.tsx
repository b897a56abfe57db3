import { useState, type FormEvent } from "react";
import type { Chat, ChatApiError } from "supabase-chat-client";
import { useChatClient, useChats, useChatsError } from "supabase-chat-client/react";
import { PEOPLE, nameOf } from "./people.ts";
import { ChatAvatar, Icon, titleOf, whenOf } from "./parts.tsx";

interface Props {
  me: string;
  open: string;
  setOpen: (id: string) => void;
}

export function ChatList({ me, open, setOpen }: Props) {
  const chats = useChats();
  const error = useChatsError();
  return (
    <>
      <NewChat me={me} setOpen={setOpen} />
      {error && <p role="alert" className="error">{error.message}</p>}
      {chats?.length === 0 && <p className="nothing">You have no chats yet.</p>}
      {!chats && !error && <p className="nothing" role="status">Loading…</p>}
      <ul className="chats">
        {chats?.map((chat) => (
          <li key={chat.id}>
            <a href={`#${chat.id}`} aria-current={chat.id === open ? "page" : undefined}>
              <ChatAvatar chat={chat} me={me} />
              <b>{titleOf(chat, me)}</b>
              {chat.lastMessageAt && <time dateTime={chat.lastMessageAt}>{whenOf(chat.lastMessageAt)}</time>}
              <span className="last">{lastOf(chat, me)}</span>
              {chat.unreadCount > 0 && (
                <span className="badge">{chat.unreadCount > 99 ? "99+" : chat.unreadCount}<span className="hidden"> unread</span></span>
              )}
            </a>
          </li>
        ))}
      </ul>
    </>
  );
}

function lastOf({ lastMessage, type }: Chat, me: string): string {
  if (!lastMessage) return "No messages yet";
  const { senderId, text, hasAttachment } = lastMessage;
  const who = senderId === me ? "You: " : type === "direct" ? "" : `${nameOf(senderId)}: `;
  return who + (text ?? (hasAttachment ? "sent a file" : ""));
}

function NewChat({ me, setOpen }: Omit<Props, "open">) {
  const client = useChatClient();
  const [error, setError] = useState<string>();

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    try {
      const chat = await client.openDirect(String(new FormData(form).get("person")));
      form.closest("details")?.removeAttribute("open");
      setError(undefined);
      setOpen(chat.id);
    } catch (error) {
      setError((error as ChatApiError).message);
    }
  }

  return (
    <details className="new-chat">
      <summary><Icon name="plus" /> New chat</summary>
      <form onSubmit={(event) => void submit(event)}>
        <label>
          A person, or a user's id
          <input name="person" list="people" required autoComplete="off" />
        </label>
        <datalist id="people">
          {PEOPLE.filter(({ id }) => id !== me).map(({ id, name }) => <option key={id} value={id}>{name}</option>)}
        </datalist>
        <small>Your own id is <code>{me}</code></small>
        <button className="main">Open</button>
        {error && <p role="alert" className="error">{error}</p>}
      </form>
    </details>
  );
}
