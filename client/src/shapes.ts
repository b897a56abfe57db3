/** Checks of what a server sends: one that answers wrongly makes an error, and nothing worse. */
import { ChatApiError } from "./errors.ts";
import type { Change, Changes, Chat, Message, MessagePage, Page, Upload } from "./models.ts";

/** What the client asks for at most in a page; a server that sends more is refused. */
export const PAGE_SIZE = 100;

type Fields = Record<string, unknown>;

const fields = (value: unknown): Fields | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
const isText = (value: unknown): value is string => typeof value === "string";
const isTextOrNull = (value: unknown) => value === null || isText(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function wrong(what: string): ChatApiError {
  return new ChatApiError(0, "bad_answer", { message: `The server's answer is not ${what}.`, retryable: true });
}

const isAttachment = (value: unknown) => value === null || (isText(fields(value)?.path) && isText(fields(value)?.fileName));

export function isMessage(value: unknown): value is Message {
  const message = fields(value);
  return (
    !!message && isText(message.id) && isText(message.senderId) && isText(message.createdAt) && isCount(message.rev) &&
    isTextOrNull(message.text ?? null) && isAttachment(message.attachment ?? null)
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
    isCount(chat.rev) && isCount(chat.historyRev) && isCount(chat.unreadCount) && Array.isArray(chat.participants)
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
  const page = fields(value);
  const data: unknown[] | undefined = Array.isArray(page?.data) ? page.data : undefined;
  const cursor = page?.nextCursor;
  const ends = cursor === null || (isText(cursor) && cursor !== "");
  if (!data || !ends || data.length > PAGE_SIZE || !data.every(isItem)) throw wrong("a page");
  return { data, nextCursor: cursor as string | null };
}

/** A page of a chat: its own messages only, and newest first. */
export function asMessages(value: unknown, chatId: string): MessagePage {
  const page = asPage(value, (item): item is Message => isMessage(item) && item.chatId === chatId);
  const isOrdered = page.data.every((message, index) => index === 0 || message.createdAt <= (page.data[index - 1]?.createdAt ?? ""));
  if (!isOrdered) throw wrong("a page in order");
  const { prevCursor } = fields(value) ?? {};
  return { ...page, prevCursor: isText(prevCursor) ? prevCursor : null };
}

export function asFound(value: unknown): Page<Message> {
  return asPage(value, isMessage);
}

export function asChats(value: unknown): Page<Chat> {
  return asPage(value, isChat);
}

/** An answer of the feed. `hasMore` is only true with progress, so asking on comes to an end. */
export function asChanges(value: unknown, since: number): Changes {
  const { data, rev, epoch, hasMore, topic } = fields(value) ?? {};
  if (!Array.isArray(data) || data.length > PAGE_SIZE || !data.every(isChange)) throw wrong("a list of changes");
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
