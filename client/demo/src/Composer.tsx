import { useRef, type ClipboardEvent, type FormEvent } from "react";
import type { OutgoingFile } from "supabase-chat-client";
import type { UsedChat } from "supabase-chat-client/react";
import { Icon, IconButton } from "./parts.tsx";
import { TextBox, textOf } from "./TextBox.tsx";

/** With the size of a picture, others can keep its place free until it has come. */
async function outgoing(file: File): Promise<OutgoingFile> {
  const { name, type, size } = file;
  const picture = type.startsWith("image/") ? await createImageBitmap(file).catch(() => undefined) : undefined;
  return { name, type, size, body: file, width: picture?.width, height: picture?.height };
}

export function Composer({ room }: { room: UsedChat }) {
  const picker = useRef<HTMLInputElement>(null);

  function send(event: FormEvent<HTMLFormElement>) {
    const text = textOf(event);
    if (text) room.send({ text });
    event.currentTarget.reset();
  }

  async function sendFiles(files: FileList) {
    for (const file of [...files]) room.send({ file: await outgoing(file) });
  }

  return (
    <form className="composer" onSubmit={send}>
      <input
        ref={picker} type="file" multiple hidden
        onClick={({ currentTarget }) => void (currentTarget.value = "")}
        onChange={({ currentTarget }) => void sendFiles(currentTarget.files!)}
      />
      <IconButton icon="attach" label="Send a file" onClick={() => picker.current?.click()} />
      <TextBox
        aria-label="Message" placeholder="Message" typed={room.sendTyping}
        onPaste={(event: ClipboardEvent) => void sendFiles(event.clipboardData.files)}
      />
      <button className="icon-button main" aria-label="Send" title="Send"><Icon name="send" /></button>
    </form>
  );
}
