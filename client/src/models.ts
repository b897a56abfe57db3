/** The shapes of the API, made from `openapi.json`. Do not change them: a change makes a new object. */
import type { components } from "./openapi.ts";

type Schemas = components["schemas"];

export interface Attachment extends Readonly<Schemas["Attachment"]> {}
/** `attachmentUrl` is null in messages that came live: use `client.fileUrl(message)`. */
export interface Message extends Readonly<Omit<Schemas["Message"], "replyTo" | "mentions" | "reactions">> {
  readonly replyTo: ReplyTo | null;
  readonly mentions: readonly string[];
  readonly reactions: readonly Reaction[];
}
export interface LastMessage extends Readonly<Schemas["LastMessage"]> {}
/** How many have reacted with an emoji, whether the user has, and the first 20 of them. */
export interface Reaction extends Readonly<Omit<Schemas["Reaction"], "userIds">> {
  readonly userIds: readonly string[];
}
/** One person's reaction. */
export interface Reactor extends Readonly<Schemas["Reactor"]> {}
/** What a reply quotes; `unavailable` if the user cannot read that message, or not any more. */
export type ReplyTo = Readonly<Schemas["ReplyTo"]>;
/** The user's own settings of a chat. */
export interface ChatSettings extends Readonly<Schemas["ChatSettings"]> {}
export interface Chat extends Readonly<Schemas["Chat"]> {}
export interface Upload extends Readonly<Schemas["Upload"]> {}
export type Change =
  | { readonly rev: number; readonly kind: "upsert"; readonly message: Message }
  | { readonly rev: number; readonly kind: "delete"; readonly messageId: string };
export interface Changes extends Readonly<Omit<Schemas["Changes"], "data">> {
  readonly data: readonly Change[];
}
export type SendMessage = Schemas["SendMessage"];
export type EditMessage = Schemas["EditMessage"];
export type ServerErrorCode = Schemas["ErrorCode"];
export interface ChatErrorField extends Readonly<Schemas["FieldIssue"]> {}

export type ChatDelta = Readonly<Schemas["ChatDelta"]>;
export interface ReadMark extends Readonly<Schemas["ReadMark"]> {}

export interface Page<T> {
  readonly data: readonly T[];
  readonly nextCursor: string | null;
}

export interface ChatPage extends Page<Chat> {
  /** The position from before the first page was read. */
  readonly since: string;
}

/** Newest first. Each cursor is null if nothing is beyond. */
export interface MessagePage extends Page<Message> {
  /** Gives the page that is newer. */
  readonly prevCursor: string | null;
}
