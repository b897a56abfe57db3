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

/** What a reply quotes. A click goes there. */
export function Quote({ replyTo, goTo }: { replyTo: Message["replyTo"]; goTo: (messageId: string) => void }) {
  if (!replyTo) return null;
  if ("unavailable" in replyTo) return <blockquote>This message is not available</blockquote>;
  const { id, senderId, text } = replyTo;
  return (
    <blockquote>
      <button type="button" onClick={() => goTo(id)}><b>{nameOf(senderId)}</b>{text ?? "A file"}</button>
    </blockquote>
  );
}
