import type { Chat } from "./models.ts";
import type { Unread } from "./types.ts";

export const NOTHING_UNREAD: Unread = { chats: 0, messages: 0, mentions: 0 };

/** It means "more than 99". */
const MOST = 100;

/** What `GET /unread` answers, counted in the list: it has all chats, and mutes in it have not ended. */
export function unreadIn(list: readonly Chat[]): Unread {
  let { chats, messages, mentions } = NOTHING_UNREAD;
  for (const { settings, unreadCount, unreadMentions } of list) {
    if (settings.archived || settings.mutedUntil !== null) continue;
    if (unreadCount > 0 || settings.markedUnread) chats++;
    messages += unreadCount;
    mentions += unreadMentions;
  }
  return { chats: Math.min(chats, MOST), messages: Math.min(messages, MOST), mentions: Math.min(mentions, MOST) };
}
