import { useState } from "react";
import { isPending, type ChatApiError, type Message, type Pending } from "supabase-chat-client";
import type { UsedChat } from "supabase-chat-client/react";
import { Attachment, PendingAttachment } from "./Attachment.tsx";
import { Menu, type MenuItem } from "./Menu.tsx";
import { Avatar, timeOf } from "./parts.tsx";
import { mentionedIn, nameOf } from "./people.ts";
import { ReactionMenu, Reactions } from "./Reactions.tsx";
import { Quote, Text } from "./Text.tsx";
import { TextBox, textOf } from "./TextBox.tsx";

export interface BubbleProps<T> {
  item: T;
  room: UsedChat;
  me: string;
  /** The one before is of the same person. */
  isTogether: boolean;
  failed: (error: Pick<ChatApiError, "message">) => void;
  reply: (message: Message) => void;
  goTo: (messageId: string) => void;
}

export function Bubble(props: BubbleProps<Message | Pending>) {
  const { item, room, me, isTogether } = props;
  const isMine = item.senderId === me;
  const isGroup = room.chat !== undefined && room.chat.type !== "direct";
  return (
    <article className={`message${isMine ? " mine" : ""}${isTogether ? " together" : ""}`} aria-label={`${isMine ? "You" : nameOf(item.senderId)}, ${timeOf(item.createdAt)}`}>
      {!isMine && (isTogether ? <span className="avatar-space" /> : <Avatar name={nameOf(item.senderId)} online={room.present.includes(item.senderId)} />)}
      <div className="content">
        {isGroup && !isMine && !isTogether && <b className="sender">{nameOf(item.senderId)}</b>}
        {isPending(item) ? <Unsent {...props} item={item} /> : <Sent {...props} item={item} />}
      </div>
    </article>
  );
}

function Unsent({ item, me, goTo }: BubbleProps<Pending>) {
  const { state, error, file, progress, text, mentions, replyTo } = item;
  return (
    <>
      <div className={`bubble ${state}`}>
        <Quote replyTo={replyTo} goTo={goTo} />
        {file && <PendingAttachment file={file} progress={progress} />}
        {text && <Text text={text} mentions={mentions} me={me} />}
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

function Sent(props: BubbleProps<Message>) {
  const { item, room, me, failed, reply, goTo } = props;
  const [isEditing, setEditing] = useState(false);
  const people = room.chat?.participants ?? [];
  const isMine = item.senderId === me;
  const mayEdit = item.text !== null && item.editableUntil !== null && Date.parse(item.editableUntil) > Date.now();
  const isSeen = Object.entries(room.reads).some(([person, readTo]) => person !== me && readTo >= item.createdAt);
  const items: (MenuItem | false)[] = [
    { icon: "reply", label: "Reply", act: () => reply(item) },
    mayEdit && { icon: "edit", label: "Edit", act: () => setEditing(true) },
    isMine && { icon: "remove", label: "Delete", question: "Delete this message for everybody?", act: () => room.remove(item.id).catch(failed) },
  ];

  function change(text: string) {
    setEditing(false);
    if (text && text !== item.text) room.edit(item.id, text, { mentions: mentionedIn(text, people) }).catch(failed);
  }

  return (
    <>
      <div className="bubble">
        <Quote replyTo={item.replyTo} goTo={goTo} />
        {item.attachment && <Attachment message={item} />}
        {isEditing ? (
          <form className="editor" onSubmit={(event) => change(textOf(event))} onKeyDown={(event) => event.key === "Escape" && setEditing(false)}>
            <TextBox aria-label="Edit the message" defaultValue={item.text ?? ""} autoFocus people={people.filter((id) => id !== me)} />
            <button className="main">Save</button>
            <button type="button" onClick={() => setEditing(false)}>Cancel</button>
          </form>
        ) : item.text && <Text text={item.text} mentions={item.mentions} me={me} />}
        <small className="meta">
          {item.editedAt && "edited · "}
          <time dateTime={item.createdAt}>{timeOf(item.createdAt)}</time>
          {isMine && <span className={isSeen ? "seen" : "sent"}>{isSeen ? " ✓✓" : " ✓"}<span className="hidden">{isSeen ? "seen" : "sent"}</span></span>}
        </small>
      </div>
      <Reactions message={item} room={room} me={me} failed={failed} />
      {!isEditing && (
        <div className="actions">
          <Menu label="More" items={items.filter((each) => each !== false)}>
            <ReactionMenu message={item} room={room} me={me} failed={failed} />
          </Menu>
        </div>
      )}
    </>
  );
}
