import type { Message } from "supabase-chat-client";
import { nameOf } from "./people.ts";

/** A text, with the names of those whom it mentions. */
export function Text({ text, mentions, me }: Pick<Message, "mentions"> & { text: string; me: string }) {
  const parts = mentions.reduce<string[]>((before, id) => before.flatMap((part) => cut(part, `@${nameOf(id)}`)), [text]);
  return (
    <p>
      {parts.map((part, index) => {
        const who = mentions.find((id) => part === `@${nameOf(id)}`);
        return who ? <mark key={index} className={who === me ? "me" : undefined}>{part}</mark> : part;
      })}
    </p>
  );
}

/** Cuts a text before and after a name. */
function cut(text: string, name: string): string[] {
  return text === name ? [text] : text.split(name).flatMap((part, index) => (index > 0 ? [name, part] : [part]));
}

/** What a reply quotes. */
export function Quote({ replyTo }: { replyTo: Message["replyTo"] }) {
  if (!replyTo) return null;
  if ("unavailable" in replyTo) return <blockquote>This message is not available</blockquote>;
  const { senderId, text, hasAttachment } = replyTo;
  return <blockquote><b>{nameOf(senderId)}</b>{text ?? (hasAttachment ? "A file" : "")}</blockquote>;
}
