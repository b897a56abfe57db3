/** The shapes of the API, made from `openapi.json`. Do not change them: a change makes a new object. */
import type { components } from "./openapi.ts";

type Schemas = components["schemas"];

export interface Attachment extends Readonly<Schemas["Attachment"]> {}
/** `attachmentUrl` is null in messages that came live: use `client.fileUrl(message)`. */
export interface Message extends Readonly<Schemas["Message"]> {}
export interface LastMessage extends Readonly<Schemas["LastMessage"]> {}
/** The user's own settings of a chat. */
export interface ChatSettings extends Readonly<Schemas["ChatSettings"]> {}
export interface Chat extends Readonly<Schemas["Chat"]> { readonly unreadMentions: number }
export interface Upload extends Readonly<Schemas["Upload"]> {}
export type Change = Readonly<Schemas["Change"]>;
export type Changes = Readonly<Schemas["Changes"]>;
export type SendMessage = Schemas["SendMessage"];
export type ServerErrorCode = Schemas["ErrorCode"];
export interface ChatErrorField extends Readonly<Schemas["FieldIssue"]> {}

export interface ChatDelta extends Readonly<Omit<Schemas["ChatDelta"], "data">> {
  readonly data: readonly Chat[];
}
export interface ReadMark extends Readonly<Schemas["ReadMark"]> {}

export interface Page<T> {
  readonly data: readonly T[];
  readonly nextCursor: string | null;
}

export interface ChatPage extends Page<Chat> {
  /** The position from before the first page was read. */
  readonly since: string;
}
