import { useRef, type ClipboardEvent, type FormEvent } from "react";
import type { UsedChat } from "supabase-chat-client/react";
import { Icon, IconButton } from "./parts.tsx";
import { TextBox, textOf } from "./TextBox.tsx";

export function Composer({ room }: { room: UsedChat }) {
  const picker = useRef<HTMLInputElement>(null);

  function send(event: FormEvent<HTMLFormElement>) {
    const text = textOf(event);
    if (text) room.send({ text });
    event.currentTarget.reset();
  }

  function sendFiles(files: FileList) {
    for (const file of files) room.send({ file });
  }

  return (
    <form className="composer" onSubmit={send}>
      <input
        ref={picker} type="file" multiple hidden
        onClick={({ currentTarget }) => void (currentTarget.value = "")}
        onChange={({ currentTarget }) => sendFiles(currentTarget.files!)}
      />
      <IconButton icon="attach" label="Send a file" onClick={() => picker.current?.click()} />
      <TextBox
        aria-label="Message" placeholder="Message" typed={room.sendTyping}
        onPaste={(event: ClipboardEvent) => sendFiles(event.clipboardData.files)}
      />
      <button className="icon-button main" aria-label="Send" title="Send"><Icon name="send" /></button>
    </form>
  );
}
