import { useState } from "react";
import { isPending, type ChatApiError, type Message, type Pending } from "supabase-chat-client";
import type { UsedChat } from "supabase-chat-client/react";
import { Attachment, PendingAttachment } from "./Attachment.tsx";
import { Avatar, IconButton, timeOf } from "./parts.tsx";
import { nameOf } from "./people.ts";
import { TextBox, textOf } from "./TextBox.tsx";

interface Props<T> {
  item: T;
  room: UsedChat;
  me: string;
  /** The one before is of the same person. */
  isTogether: boolean;
  failed: (error: ChatApiError) => void;
}

export function Bubble(props: Props<Message | Pending>) {
  const { item, room, me, isTogether } = props;
  const isMine = item.senderId === me;
  const isGroup = room.chat !== undefined && room.chat.type !== "direct";
  return (
    <article className={`message${isMine ? " mine" : ""}${isTogether ? " together" : ""}`} aria-label={`${isMine ? "You" : nameOf(item.senderId)}, ${timeOf(item.createdAt)}`}>
      {!isMine && (isTogether ? <span className="avatar-space" /> : <Avatar name={nameOf(item.senderId)} online={room.present.includes(item.senderId)} />)}
      <div className="content">
        {isGroup && !isMine && !isTogether && <b className="sender">{nameOf(item.senderId)}</b>}
        {isPending(item) ? <Unsent item={item} /> : <Sent {...props} item={item} />}
      </div>
    </article>
  );
}

function Unsent({ item }: { item: Pending }) {
  const { state, error, file, progress } = item;
  return (
    <>
      <div className={`bubble ${state}`}>
        {file && <PendingAttachment file={file} progress={progress} />}
        {item.text && <p>{item.text}</p>}
        <small className="meta">{state === "failed" ? "Not sent" : state === "queued" ? "Waiting" : "Sending…"}</small>
      </div>
      {(state !== "sending" || error) && (
        <div className="unsent">
          {error && state === "failed" && <span role="alert">{error.message}</span>}
          {error && <button type="button" onClick={item.retry}>Send again</button>}
          <button type="button" onClick={item.cancel}>{file && state === "uploading" ? "Stop the upload" : "Cancel"}</button>
        </div>
      )}
    </>
  );
}

function Sent({ item, room, me, failed }: Props<Message>) {
  const [isEditing, setEditing] = useState(false);
  const isMine = item.senderId === me;
  const mayEdit = item.text !== null && item.editableUntil !== null && Date.parse(item.editableUntil) > Date.now();
  const isSeen = Object.entries(room.reads).some(([person, readTo]) => person !== me && readTo >= item.createdAt);

  function change(text: string) {
    setEditing(false);
    if (text && text !== item.text) room.edit(item.id, text).catch(failed);
  }

  return (
    <>
      <div className="bubble">
        {item.attachment && <Attachment message={item} />}
        {isEditing ? (
          <form className="editor" onSubmit={(event) => change(textOf(event))} onKeyDown={(event) => event.key === "Escape" && setEditing(false)}>
            <TextBox aria-label="Edit the message" defaultValue={item.text ?? ""} autoFocus />
            <button className="main">Save</button>
            <button type="button" onClick={() => setEditing(false)}>Cancel</button>
          </form>
        ) : item.text && <p>{item.text}</p>}
        <small className="meta">
          {item.editedAt && "edited · "}
          <time dateTime={item.createdAt}>{timeOf(item.createdAt)}</time>
          {isMine && <span className={isSeen ? "seen" : "sent"}>{isSeen ? " ✓✓" : " ✓"}<span className="hidden">{isSeen ? "seen" : "sent"}</span></span>}
        </small>
      </div>
      {isMine && !isEditing && (
        <div className="actions">
          {mayEdit && <IconButton icon="edit" label="Edit" onClick={() => setEditing(true)} />}
          <IconButton icon="remove" label="Delete" question="Delete this message for everybody?" onClick={() => room.remove(item.id).catch(failed)} />
        </div>
      )}
    </>
  );
}
