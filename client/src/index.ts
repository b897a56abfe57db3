export { createChatClient } from "./client.ts";
export { ChatApiError } from "./errors.ts";
export type { ChatErrorCode } from "./errors.ts";
export { memoryStorage } from "./adapters.ts";
export type {
  AppState, ChatAdapters, ChatStorage, Clock, Network, OutgoingFile, UploadAnswer, Uploader, UploadRequest,
} from "./adapters.ts";
export type { Attachment, Chat, ChatErrorField, LastMessage, Message } from "./models.ts";
export type { Store } from "./store.ts";
export { isPending } from "./types.ts";
export type {
  ChatClient, ChatClientOptions, ChatHandle, ChatSnapshot, ChatStatus, Connection, FileUrlOptions, Outgoing, Pending,
  PendingFile, PendingState, Unread,
} from "./types.ts";
