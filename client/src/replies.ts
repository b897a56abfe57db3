/** What replies quote. */
import type { Message, ReplyTo } from "./models.ts";
import { keep } from "./store.ts";

const MOST_QUOTED = 140;

/** As the server quotes a message. */
export function quoteOf({ id, senderId, text, attachment, deletedAt }: Message): ReplyTo {
  if (deletedAt) return unavailable(id);
  return { id, senderId, text: text && [...text].slice(0, MOST_QUOTED).join(""), hasAttachment: attachment !== null };
}

export const unavailable = (id: string): ReplyTo => ({ id, unavailable: true });

/** A message has changed, and with it its replies. What could not be read never can. Returns whether there were any. */
export function requote(held: Map<string, Message>, quote: ReplyTo): boolean {
  let isChanged = false;
  for (const reply of held.values()) {
    const { replyTo } = reply;
    if (replyTo?.id !== quote.id || "unavailable" in replyTo || keep(replyTo, quote) === replyTo) continue;
    held.set(reply.id, { ...reply, replyTo: quote });
    isChanged = true;
  }
  return isChanged;
}
