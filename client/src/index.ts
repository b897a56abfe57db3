export { createChatClient } from "./client.ts";
export { ChatApiError } from "./errors.ts";
export type { ChatErrorCode, ChatErrorDetails } from "./errors.ts";
export { memoryStorage } from "./adapters.ts";
export type {
  AppState, ChatAdapters, ChatStorage, Clock, Network, OutgoingFile, PictureSize, UploadAnswer, Uploader, UploadRequest,
} from "./adapters.ts";
export type { Locks } from "./locks.ts";
export type {
  Attachment, Chat, ChatErrorField, ChatSettings, LastMessage, Message, Page, Reaction, Reactor, ReplyTo, ServerErrorCode,
} from "./models.ts";
export type { Store } from "./store.ts";
export { isPending } from "./types.ts";
export type {
  ChatClient, ChatClientOptions, ChatHandle, ChatSnapshot, ChatStatus, Connection, EditOptions, FileUrlOptions, Jump, Outgoing, Pending,
  PendingFile, PendingState, ReactionsOptions, SearchOptions, Unread,
} from "./types.ts";
