import { useEffect, useState } from "react";
import type { Message, PendingFile } from "supabase-chat-client";
import { useFileUrl } from "supabase-chat-client/react";
import { Icon, sizeOf } from "./parts.tsx";

const isPicture = (type: string) => type.startsWith("image/");

/** The room of a picture is free before it comes, so that nothing moves when it does. */
const box = ({ width, height }: NonNullable<Message["attachment"]>) =>
  width && height ? { aspectRatio: `${width} / ${height}`, width: Math.min(width, 320) } : { width: 240, height: 180 };

const card = (name: string, note: string) => <><Icon name="file" /><span><b>{name}</b><small>{note}</small></span></>;

export function Attachment({ message }: { message: Message }) {
  const file = message.attachment!;
  const url = useFileUrl(message, { download: !isPicture(file.contentType) });
  if (isPicture(file.contentType)) {
    return (
      <a className="picture" href={url ?? undefined} target="_blank" rel="noopener" style={box(file)}>
        {url && <img src={url} alt={file.fileName} />}
      </a>
    );
  }
  return (
    <a className="file" href={url ?? undefined} download={file.fileName}>
      {card(file.fileName, url === null ? "Cannot be loaded now" : sizeOf(file.size))}
    </a>
  );
}

export function PendingAttachment({ file, progress }: { file: PendingFile; progress: number | null }) {
  const { name, type, size, source } = file;
  const [preview, setPreview] = useState<string>();
  useEffect(() => {
    if (!isPicture(type) || !(source instanceof Blob)) return;
    const url = URL.createObjectURL(source);
    setPreview(url);
    return () => URL.revokeObjectURL(url);
  }, [type, source]);
  return (
    <>
      {preview
        ? <span className="picture"><img src={preview} alt={name} /></span>
        : <span className="file">{card(name, sizeOf(size))}</span>}
      {progress !== null && <progress value={progress} aria-label={`Upload of ${name}`} />}
    </>
  );
}
