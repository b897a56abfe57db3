import { useEffect, useState } from "react";
import type { Message, PendingFile } from "supabase-chat-client";
import { useFileUrl } from "supabase-chat-client/react";
import { Icon, sizeOf } from "./parts.tsx";

/** The room of a picture is free before it comes, so that nothing moves when it does. */
function box(width: number | null | undefined, height: number | null | undefined) {
  return width && height ? { aspectRatio: `${width} / ${height}`, width: Math.min(width, 320) } : { width: 240, height: 180 };
}

export function Attachment({ message }: { message: Message }) {
  const { fileName, contentType, size, width, height } = message.attachment!;
  const isPicture = contentType.startsWith("image/");
  const url = useFileUrl(message);
  const download = useFileUrl(message, { download: true });
  if (isPicture) {
    return (
      <a className="picture" href={url ?? undefined} target="_blank" rel="noopener" style={box(width, height)}>
        {url && <img src={url} alt={fileName} />}
      </a>
    );
  }
  return (
    <a className="file" href={download ?? undefined} download={fileName}>
      <Icon name="file" />
      <span><b>{fileName}</b><small>{download === null ? "Cannot be loaded now" : sizeOf(size)}</small></span>
    </a>
  );
}

export function PendingAttachment({ file, progress }: { file: PendingFile; progress: number | null }) {
  const { name, type, size, source } = file;
  const [preview, setPreview] = useState<string>();
  useEffect(() => {
    if (!type.startsWith("image/") || !(source?.body instanceof Blob)) return;
    const url = URL.createObjectURL(source.body);
    setPreview(url);
    return () => URL.revokeObjectURL(url);
  }, [type, source]);
  return (
    <>
      {preview
        ? <span className="picture" style={box(source?.width, source?.height)}><img src={preview} alt={name} /></span>
        : <span className="file"><Icon name="file" /><span><b>{name}</b><small>{sizeOf(size)}</small></span></span>}
      {progress !== null && <progress value={progress} aria-label={`Upload of ${name}`} />}
    </>
  );
}
