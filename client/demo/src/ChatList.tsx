import { useRef, useState } from "react";
import type { Chat, ChatApiError } from "supabase-chat-client";
import { useChatClient, useChats, useChatsError } from "supabase-chat-client/react";
import { Avatar, Count, Icon, kindOf, People, titleOf, whenOf } from "./parts.tsx";
import { nameOf } from "./people.ts";
import { textOf } from "./TextBox.tsx";

export function ChatList({ me, open, archived }: { me: string; open: string; archived: boolean }) {
  const chats = useChats({ archived });
  const error = useChatsError();
  return (
    <>
      {error && <p role="alert" className="error">{error.message}</p>}
      {chats?.length === 0 && <p className="nothing">{archived ? "The archive is empty." : "You have no chats yet."}</p>}
      {!chats && !error && <p className="nothing" role="status">Loading…</p>}
      <ul className="chats">
        {chats?.map((chat) => (
          <li key={chat.id}>
            <a className="entry" href={`#${chat.id}`} aria-current={chat.id === open ? "page" : undefined}>
              <Avatar name={titleOf(chat, me)} />
              <b>{titleOf(chat, me)}<small>{kindOf(chat)}</small></b>
              {chat.lastMessageAt && <time dateTime={chat.lastMessageAt}>{whenOf(chat.lastMessageAt)}</time>}
              <span className="last">{lastOf(chat, me)}</span>
              <Marks chat={chat} />
            </a>
          </li>
        ))}
      </ul>
    </>
  );
}

/** What is unread, and the user's own settings. */
function Marks({ chat: { unreadCount, unreadMentions, settings } }: { chat: Chat }) {
  const { pinned, mutedUntil, markedUnread } = settings;
  return (
    <span className={mutedUntil ? "marks muted" : "marks"}>
      {pinned && <><Icon name="pin" /><span className="hidden">pinned</span></>}
      {mutedUntil && <><Icon name="mute" /><span className="hidden">muted</span></>}
      {unreadMentions > 0 && <span className="badge">@<span className="hidden"> you are mentioned</span></span>}
      <Count of={unreadCount} what="unread" />
      {markedUnread && unreadCount === 0 && <span className="badge"><span className="hidden">marked as unread</span></span>}
    </span>
  );
}

function lastOf({ lastMessage, type }: Chat, me: string): string {
  if (!lastMessage) return "No messages yet";
  const { senderId, text, hasAttachment } = lastMessage;
  const who = senderId === me ? "You: " : type === "direct" ? "" : `${nameOf(senderId)}: `;
  return who + (text ?? (hasAttachment ? "sent a file" : ""));
}

export function NewChat({ me, setOpen }: { me: string; setOpen: (id: string) => void }) {
  const client = useChatClient();
  const details = useRef<HTMLDetailsElement>(null);
  const [error, setError] = useState<string>();

  async function begin(person: string) {
    try {
      const chat = await client.openDirect(person);
      details.current!.open = false;
      setError(undefined);
      setOpen(chat.id);
    } catch (error) {
      setError((error as ChatApiError).message);
    }
  }

  return (
    <details ref={details} className="new-chat">
      <summary><Icon name="plus" /> New chat</summary>
      <People but={me} choose={({ id }) => void begin(id)} />
      <form onSubmit={(event) => void begin(textOf(event))}>
        <label>Somebody else, by their user id <input name="text" required autoComplete="off" /></label>
        <small>Your own is <code>{me}</code></small>
        <button className="main">Open</button>
      </form>
      {error && <p role="alert" className="error">{error}</p>}
    </details>
  );
}
