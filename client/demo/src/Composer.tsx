import { useEffect, useRef, type ClipboardEvent, type FormEvent } from "react";
import type { Message } from "supabase-chat-client";
import type { UsedChat } from "supabase-chat-client/react";
import { Icon, IconButton } from "./parts.tsx";
import { mentionedIn, nameOf } from "./people.ts";
import { TextBox, textOf } from "./TextBox.tsx";

interface Props {
  room: UsedChat;
  me: string;
  /** The message that is replied to. */
  original: Message | undefined;
  close: () => void;
}

export function Composer({ room, me, original, close }: Props) {
  const form = useRef<HTMLFormElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const people = room.chat?.participants ?? [];
  const replyToId = original?.id;
  useEffect(() => {
    if (replyToId) form.current?.querySelector("textarea")?.focus();
  }, [replyToId]);

  function send(event: FormEvent<HTMLFormElement>) {
    const text = textOf(event);
    event.currentTarget.reset();
    if (!text) return;
    room.send({ text, replyToId, mentions: mentionedIn(text, people) });
    close();
  }

  function sendFiles(files: FileList) {
    for (const file of files) room.send({ file });
  }

  return (
    <form ref={form} className="composer" onSubmit={send} onKeyDown={(event) => event.key === "Escape" && close()}>
      {original && (
        <p className="replying">
          <Icon name="reply" /><span>Reply to <b>{nameOf(original.senderId)}</b>: {original.text ?? "a file"}</span>
          <IconButton icon="close" label="No reply" onClick={close} />
        </p>
      )}
      <input
        ref={picker} type="file" multiple hidden
        onClick={({ currentTarget }) => void (currentTarget.value = "")}
        onChange={({ currentTarget }) => sendFiles(currentTarget.files!)}
      />
      <IconButton icon="attach" label="Send a file" onClick={() => picker.current?.click()} />
      <TextBox
        aria-label="Message" placeholder="Message" typed={room.sendTyping} people={people.filter((id) => id !== me)}
        onPaste={(event: ClipboardEvent) => sendFiles(event.clipboardData.files)}
      />
      <button className="icon-button main" aria-label="Send" title="Send"><Icon name="send" /></button>
    </form>
  );
}
