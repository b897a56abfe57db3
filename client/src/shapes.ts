/** Checks of what a server sends: one that answers wrongly makes an error, and nothing worse. */
import { badAnswer } from "./errors.ts";
import type { Change, Changes, Chat, ChatDelta, ChatPage, Message, MessagePage, Page, Reaction, Reactor, ReadMark, Upload } from "./models.ts";

/** What the client asks for at most in a page; a server that sends more is refused. */
export const PAGE_SIZE = 100;

type Fields = Record<string, unknown>;

const fields = (value: unknown): Fields | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
const isText = (value: unknown): value is string => typeof value === "string";
const isTextOrNull = (value: unknown) => value === null || isText(value);
const isList = <T>(value: unknown, isItem: (item: unknown) => item is T): value is T[] => Array.isArray(value) && value.every(isItem);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const wrong = (what: string) => badAnswer(`The server's answer is not ${what}.`);

export const isTexts = (value: unknown) => isList(value, isText);
const isReaction = (value: unknown): value is Reaction => {
  const { emoji, count, userIds } = payloadOf(value);
  return isText(emoji) && isCount(count) && isTexts(userIds);
};
const isReactor = (value: unknown): value is Reactor => {
  const { userId, emoji } = payloadOf(value);
  return isText(userId) && isText(emoji);
};
/** Absent in events. */
export const isQuote = (value: unknown) => value == null || isText(fields(value)?.id);
const isAttachment = (value: unknown) => value === null || (isText(fields(value)?.path) && isText(fields(value)?.fileName));

export function isMessage(value: unknown): value is Message {
  const message = fields(value);
  return (
    !!message && isText(message.id) && isText(message.senderId) && isText(message.createdAt) && isCount(message.rev) &&
    isTextOrNull(message.text ?? null) && isAttachment(message.attachment ?? null) && isTextOrNull(message.replyToId) &&
    isQuote(message.replyTo) && isTexts(message.mentions) && isList(message.reactions, isReaction)
  );
}

export function isChange(value: unknown): value is Change {
  const change = fields(value);
  if (!change || !isCount(change.rev)) return false;
  return change.kind === "upsert" ? isMessage(change.message) : change.kind === "delete" && isText(change.messageId);
}

function isChat(value: unknown): value is Chat {
  const chat = fields(value);
  return (
    !!chat && isText(chat.id) && isText(chat.createdAt) && isText(chat.topic) && isText(chat.epoch) &&
    isCount(chat.rev) && isCount(chat.historyRev) && isCount(chat.unreadCount) && isCount(chat.unreadMentions) && Array.isArray(chat.participants) && !!fields(chat.settings)
  );
}

export function asMessage(value: unknown): Message {
  if (!isMessage(value)) throw wrong("a message");
  return value;
}

export function asChat(value: unknown): Chat {
  if (!isChat(value)) throw wrong("a chat");
  return value;
}

function asPage<T>(value: unknown, isItem: (item: unknown) => item is T): Page<T> {
  const { data, nextCursor: cursor } = payloadOf(value);
  if (!isList(data, isItem) || data.length > PAGE_SIZE) throw wrong("a page");
  if (cursor !== null && !(isText(cursor) && cursor !== "")) throw wrong("a page");
  return { data, nextCursor: cursor };
}

/** A page of a chat: its own messages only, and newest first. */
export function asMessages(value: unknown, chatId: string): MessagePage {
  const page = asPage(value, (item): item is Message => isMessage(item) && item.chatId === chatId);
  const isOrdered = page.data.every((message, index) => index === 0 || message.createdAt <= (page.data[index - 1]?.createdAt ?? ""));
  if (!isOrdered) throw wrong("a page in order");
  const { prevCursor } = fields(value) ?? {};
  return { ...page, prevCursor: isText(prevCursor) ? prevCursor : null };
}

/** A page of messages of several chats. */
export function asFound(value: unknown): Page<Message> {
  return asPage(value, isMessage);
}

export function asReactors(value: unknown): Page<Reactor> {
  return asPage(value, isReactor);
}

/** The first page also has the position from before it was read. */
export function asChats(value: unknown): ChatPage {
  return { ...asPage(value, isChat), since: String(payloadOf(value).since) };
}

/** What has changed in the list. `hasMore` is only true with progress. */
export function asChatDelta(value: unknown, before: string): ChatDelta {
  const { data, gone, since, hasMore } = payloadOf(value);
  if (!isList(data, isChat) || !isList(gone, isText) || !isText(since) || (hasMore && since === before)) throw wrong("a list of changes");
  return { data, gone, since, hasMore: !!hasMore };
}

const isReadMark = (value: unknown): value is ReadMark => [payloadOf(value).userId, payloadOf(value).lastReadAt].every(isText);

export function asReads(value: unknown): readonly ReadMark[] {
  const { data } = payloadOf(value);
  if (!isList(data, isReadMark)) throw wrong("a list of reads");
  return data;
}

/** An answer of the feed. `hasMore` is only true with progress, so asking on comes to an end. */
export function asChanges(value: unknown, since: number): Changes {
  const { data, rev, epoch, hasMore, topic } = payloadOf(value);
  if (!isList(data, isChange) || data.length > PAGE_SIZE) throw wrong("a list of changes");
  if (!isCount(rev) || rev < since || (hasMore === true && rev === since)) throw wrong("a feed that goes on");
  if (!isText(epoch) || !isText(topic)) throw wrong("a list of changes");
  return { data, rev, epoch, hasMore: hasMore === true, topic };
}

export function asUpload(value: unknown): Upload {
  const upload = fields(value);
  const isUpload = !!upload && isText(upload.uploadUrl) && isText(upload.attachmentUrl) && isText(upload.method) && !!fields(upload.headers);
  if (!isUpload) throw wrong("a place for a file");
  return upload as unknown as Upload;
}

/** What a broadcast carries: always an object, whatever came. */
export function payloadOf(value: unknown): Fields {
  return fields(value) ?? {};
}
