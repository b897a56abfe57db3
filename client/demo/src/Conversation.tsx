import { useEffect, useState } from "react";
import { isPending, type ChatApiError } from "supabase-chat-client";
import { useChat } from "supabase-chat-client/react";
import { Composer } from "./Composer.tsx";
import { ChatAvatar, IconButton, titleOf } from "./parts.tsx";
import { nameOf } from "./people.ts";
import { Timeline } from "./Timeline.tsx";

export function Conversation({ id, me, close }: { id: string; me: string; close: () => void }) {
  const room = useChat(id);
  const { chat, status, typing, present, messages } = room;
  const [error, setError] = useState<string>();
  const failed = (error: unknown) => setError((error as ChatApiError).message);
  const here = present.filter((person) => person !== me);

  if (status === "gone") {
    return (
      <div className="nothing">
        <p role="status">You are not in this chat.</p>
        <button type="button" onClick={close}>Back to the list</button>
      </div>
    );
  }

  function leave() {
    if (confirm("Leave this chat?")) room.leave().then(close, failed);
  }

  return (
    <section className="conversation" aria-label={chat ? titleOf(chat, me) : "Chat"}>
      <header>
        <IconButton icon="back" label="Back to the list" className="narrow-only" onClick={close} />
        {chat && <ChatAvatar chat={chat} me={me} />}
        <div>
          <h2>{chat ? titleOf(chat, me) : "…"}</h2>
          <small>{subtitle(typing, here, chat?.participants.length ?? 0, chat?.type === "direct")}</small>
        </div>
        <IconButton icon="leave" label="Leave the chat" onClick={leave} />
      </header>
      {status === "ready" ? <Timeline room={room} me={me} failed={failed} /> : <p className="nothing" role="status">Loading…</p>}
      {error && <p role="alert" className="error">{error} <IconButton icon="close" label="Close" onClick={() => setError(undefined)} /></p>}
      <Composer room={room} failed={failed} />
      {status === "ready" && <Announcer last={messages.findLast((message) => !isPending(message) && message.senderId !== me)} />}
    </section>
  );
}

function subtitle(typing: readonly string[], here: readonly string[], people: number, isDirect: boolean): string {
  if (typing.length > 0) return `${typing.map(nameOf).join(" and ")} ${typing.length > 1 ? "are" : "is"} typing…`;
  if (here.length > 0) return isDirect ? "Here now" : `${here.map(nameOf).join(", ")} ${here.length > 1 ? "are" : "is"} here now`;
  return isDirect ? "Away" : `${people} people`;
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
