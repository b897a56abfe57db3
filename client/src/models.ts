/** The shapes of the API, made from `openapi.json`. Do not change them: a change makes a new object. */
import type { components } from "./openapi.ts";

type Schemas = components["schemas"];

export interface Attachment extends Readonly<Schemas["Attachment"]> {}
/** `attachmentUrl` is null in messages that came live: use `client.fileUrl(message)`. */
export interface Message extends Readonly<Schemas["Message"]> {}
export interface LastMessage extends Readonly<Schemas["LastMessage"]> {}
export interface Chat extends Readonly<Schemas["Chat"]> {}
export interface Upload extends Readonly<Schemas["Upload"]> {}
export type Change = Readonly<Schemas["Change"]>;
export type Changes = Readonly<Schemas["Changes"]>;
export type SendMessage = Schemas["SendMessage"];
export type ServerErrorCode = Schemas["ErrorCode"];
export interface ChatErrorField extends Readonly<Schemas["FieldIssue"]> {}

export interface Page<T> {
  readonly data: readonly T[];
  readonly nextCursor: string | null;
}

/** Newest first. Each cursor is null if nothing is beyond. */
export interface MessagePage extends Page<Message> {
  /** Gives the page that is newer. */
  readonly prevCursor: string | null;
}
