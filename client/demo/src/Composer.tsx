import { useRef, type ClipboardEvent, type FormEvent, type KeyboardEvent } from "react";
import type { OutgoingFile } from "supabase-chat-client";
import type { UsedChat } from "supabase-chat-client/react";
import { Icon, IconButton } from "./parts.tsx";

/** With the size of a picture, others can keep its place free until it has come. */
async function outgoing(file: File): Promise<OutgoingFile> {
  const { name, type, size } = file;
  const picture = type.startsWith("image/") ? await createImageBitmap(file).catch(() => undefined) : undefined;
  return { name, type, size, body: file, width: picture?.width, height: picture?.height };
}

export function Composer({ room, failed }: { room: UsedChat; failed: (error: unknown) => void }) {
  const text = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);

  function send(event?: FormEvent) {
    event?.preventDefault();
    const said = text.current!.value.trim();
    if (said) room.send({ text: said });
    text.current!.value = "";
  }

  async function sendFiles(files: Iterable<File>) {
    try {
      for (const file of files) room.send({ file: await outgoing(file) });
    } catch (error) {
      failed(error);
    }
  }

  function keyDown(event: KeyboardEvent) {
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) send(event);
  }

  function paste(event: ClipboardEvent) {
    if (event.clipboardData.files.length > 0) void sendFiles([...event.clipboardData.files]);
  }

  return (
    <form className="composer" onSubmit={send}>
      <input
        ref={picker} type="file" multiple hidden
        onChange={(event) => {
          void sendFiles([...(event.target.files ?? [])]);
          event.target.value = "";
        }}
      />
      <IconButton icon="attach" label="Send a file" onClick={() => picker.current?.click()} />
      <textarea
        ref={text} rows={1} aria-label="Message" placeholder="Message" maxLength={4000}
        onInput={room.sendTyping} onKeyDown={keyDown} onPaste={paste}
      />
      <button className="icon-button main" aria-label="Send" title="Send"><Icon name="send" /></button>
    </form>
  );
}
