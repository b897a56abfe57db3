/** The shapes of the API, as the client shows them. Everything is read-only: a change makes a new object. */

export interface Attachment {
  /** The name of the file in Storage. */
  readonly path: string;
  readonly fileName: string;
  readonly contentType: string;
  readonly size: number;
  /** In pixels, if the sender gave it. */
  readonly width: number | null;
  readonly height: number | null;
}

export interface Message {
  readonly id: string;
  readonly chatId: string;
  readonly senderId: string;
  readonly text: string | null;
  /** Valid for an hour after it came. Null in live messages: use `client.fileUrl(message)`. */
  readonly attachmentUrl: string | null;
  readonly attachment: Attachment | null;
  readonly clientId: string | null;
  readonly createdAt: string;
  readonly editedAt: string | null;
  /** Until when the user may edit it. Null for messages of others. */
  readonly editableUntil: string | null;
  readonly rev: number;
  /** Only moderators have these two. */
  readonly deletedAt?: string | null;
  readonly deletedBy?: string | null;
}

export interface LastMessage {
  readonly id: string;
  readonly senderId: string;
  readonly text: string | null;
  readonly createdAt: string;
  readonly hasAttachment: boolean;
}

export interface Chat {
  readonly id: string;
  readonly type: "direct" | "event_authors" | "approved_group";
  readonly eventId: string | null;
  readonly groupId: string | null;
  readonly name: string | null;
  readonly participants: readonly string[];
  /** The people of a direct chat whose account is deleted. */
  readonly goneParticipants: readonly string[];
  readonly createdAt: string;
  readonly lastMessageAt: string | null;
  readonly lastMessage: LastMessage | null;
  /** Exact up to 99. 100 means "more than 99". */
  readonly unreadCount: number;
  /** Everything up to this time is read, or is older than the user's history. */
  readonly lastReadAt: string | null;
  readonly rev: number;
  /** Changes when the user's history starts again. */
  readonly historyRev: number;
  /** Identifies the database. */
  readonly epoch: string;
  /** The name of the chat's Realtime channel. */
  readonly topic: string;
}

export type Change =
  | { readonly rev: number; readonly kind: "upsert"; readonly message: Message }
  | { readonly rev: number; readonly kind: "delete"; readonly messageId: string };

export interface Changes {
  readonly data: readonly Change[];
  readonly rev: number;
  readonly epoch: string;
  readonly hasMore: boolean;
  readonly topic: string;
}

export interface Page<T> {
  readonly data: readonly T[];
  readonly nextCursor: string | null;
}

export interface Upload {
  readonly uploadUrl: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly path: string;
  /** Goes into the message. */
  readonly attachmentUrl: string;
  readonly fileName: string;
  readonly contentType: string;
  readonly expiresAt: string;
}
