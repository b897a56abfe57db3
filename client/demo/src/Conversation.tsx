import { useEffect, useState } from "react";
import { isPending, type Chat, type ChatApiError, type ChatSettings, type Message } from "supabase-chat-client";
import { useChat } from "supabase-chat-client/react";
import { Composer } from "./Composer.tsx";
import { Menu, type MenuItem } from "./Menu.tsx";
import type { Goal } from "./Messenger.tsx";
import { Avatar, IconButton, kindOf, titleOf } from "./parts.tsx";
import { nameOf } from "./people.ts";
import { Timeline } from "./Timeline.tsx";

interface Props {
  id: string;
  me: string;
  close: () => void;
  goal: Goal | undefined;
  goTo: (goal: Goal) => void;
}

const MUTED_MS = 3_600_000;

export function Conversation({ id, me, close, goal, goTo }: Props) {
  const room = useChat(id);
  const { chat, status, typing, present, messages } = room;
  const [error, setError] = useState<string>();
  const [original, setOriginal] = useState<Message>();
  const failed = (error: Pick<ChatApiError, "message">) => setError(error.message);
  const title = chat ? titleOf(chat, me) : "…";
  const here = present.filter((person) => person !== me);

  function itemsOf({ settings: { pinned, archived, mutedUntil } }: Chat): MenuItem[] {
    const set = (settings: Partial<ChatSettings>) => room.updateSettings(settings).catch(failed);
    return [
      { icon: "pin", label: pinned ? "Unpin" : "Pin", act: () => void set({ pinned: !pinned }) },
      mutedUntil
        ? { icon: "bell", label: "Unmute", act: () => void set({ mutedUntil: null }) }
        : { icon: "mute", label: "Mute for an hour", act: () => void set({ mutedUntil: new Date(Date.now() + MUTED_MS).toISOString() }) },
      { icon: "archive", label: archived ? "Take out of the archive" : "Archive", act: () => void set({ archived: !archived }) },
      { icon: "unread", label: "Mark as unread", act: () => void set({ markedUnread: true }).then(close) },
      { icon: "leave", label: "Leave the chat", question: "Leave this chat?", act: () => void room.leave().then(close, failed) },
    ];
  }

  if (status === "gone") {
    return (
      <div className="nothing">
        <p role="status">You are not in this chat.</p>
        <button type="button" onClick={close}>Back to the list</button>
      </div>
    );
  }

  return (
    <section className="conversation" aria-label={title}>
      <header>
        <IconButton icon="back" label="Back to the list" className="narrow-only" onClick={close} />
        {chat && <Avatar name={title} />}
        <div>
          <h2>{title}</h2>
          <small>{chat && subtitle(chat, typing, here)}</small>
        </div>
        <Menu label="This chat" items={chat ? itemsOf(chat) : []} />
      </header>
      {status === "ready" ? <Timeline room={room} me={me} failed={failed} reply={setOriginal} goal={goal} goTo={(messageId) => goTo({ chatId: id, messageId })} /> : <p className="nothing" role="status">Loading…</p>}
      {error && <p role="alert" className="error">{error} <IconButton icon="close" label="Close" onClick={() => setError(undefined)} /></p>}
      <Composer room={room} me={me} original={original} close={() => setOriginal(undefined)} />
      {status === "ready" && <Announcer last={messages.findLast((message) => !isPending(message) && message.senderId !== me)} />}
    </section>
  );
}

function subtitle(chat: Chat, typing: readonly string[], here: readonly string[]): string {
  if (typing.length > 0) return `${typing.map(nameOf).join(" and ")} ${typing.length > 1 ? "are" : "is"} typing…`;
  if (here.length > 0) return chat.type === "direct" ? "Here now" : `${here.map(nameOf).join(", ")} ${here.length > 1 ? "are" : "is"} here now`;
  return kindOf(chat) ?? "Away";
}

/** Tells new messages to people who do not see them. Those that were there at first are not told. */
function Announcer({ last }: { last: { id: string; senderId: string; text: string | null } | undefined }) {
  const [first] = useState(last?.id);
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (last && last.id !== first) setSaid(`${nameOf(last.senderId)}: ${last.text ?? "a file"}`);
  }, [last?.id, first]);
  return <p className="hidden" role="log" aria-live="polite">{said}</p>;
}
