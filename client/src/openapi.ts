// Made from openapi.json by `node client/openapi.mjs`: do not edit.

export interface paths {
    "/chats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the caller's chats
         * The chats with the newest activity come first. A page repeats and skips nothing, also while others send.
         *
         *     With `since`, it lists instead what has changed in all of the caller's chats. Ask again with the `since` of the answer while `hasMore` is true. A chat may be told although it is as before. After 410, load the list again.
         */
        get: {
            parameters: {
                query?: {
                    /** The `nextCursor` of the page before, as it is. It belongs to its list. */
                    cursor?: string;
                    /** The size of a page. */
                    limit?: number;
                    /** `true` lists the chats that the caller has archived, `false` all others. */
                    archived?: boolean;
                    /** The `since` of an earlier answer, as it is. The answer then has only what has changed since. It must not be beside `archived` or `cursor`. */
                    since?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** A page of chats, or what has changed. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ChatList"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Opens the direct chat with another user
         * A pair has one direct chat, however often and from whichever side it is opened. A new chat needs an accepted friendship. A caller who has left the chat comes back, without the history from before.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OpenChat"];
                };
            };
            responses: {
                /** The chat that the pair already has. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Chat"];
                    };
                };
                /** The new chat. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Chat"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/chats/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Gets a chat */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** The chat. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** The chat. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Chat"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /**
         * Leaves a chat
         * A group's chat stays closed for the caller until the event or group adds them again. A direct chat comes back with the other person's next message, or when the caller opens it. It then shows only what came after. Leaving again is 403 `not_participant`.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** The chat. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** The caller has left. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/chats/{id}/changes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists what has changed since a position
         * Every message that was created, edited or deleted or got a reaction after `since`, in order. Apply the changes, then ask again with the `rev` of the answer while `hasMore` is true. After 410, forget the chat and load it again.
         */
        get: {
            parameters: {
                query: {
                    /** The `rev` up to which the client has the chat. 0 means from the beginning. */
                    since: number;
                    /** The `epoch` that this `rev` came with. */
                    epoch?: string;
                    /** The size of a page. */
                    limit?: number;
                };
                header?: never;
                path: {
                    /** The chat. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** The changes. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Changes"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/chats/{id}/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Changes the caller's own settings for a chat
         * Nobody else sees them. A chat that the caller has left and come back to keeps `mutedUntil` and `notify`.
         */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** The chat. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ChangeSettings"];
                };
            };
            responses: {
                /** The chat with its settings. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Chat"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/chats/{id}/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists a chat's messages
         * The newest come first. With `around`, the page is a window: the message itself, and as many older as newer ones. From any page, `nextCursor` leads to older messages and `prevCursor` to newer ones. Pages repeat and skip nothing, also while others send and delete. Moderators also get deleted messages.
         */
        get: {
            parameters: {
                query?: {
                    /** The `nextCursor` of another page leads to older messages, its `prevCursor` to newer ones. It belongs to its chat. */
                    cursor?: string;
                    /** The id of a message in the middle of the window. Or `unread`: the caller's first unread message; if everything is read, the newest page. It cannot be given with a `cursor`. */
                    around?: string | "unread";
                    /** The size of a page. */
                    limit?: number;
                };
                header?: never;
                path: {
                    /** The chat. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** A page of messages. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MessagePage"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Sends a message
         * A text, an attachment, or both. It may reply to another message, and mention people. With a `clientId` the send is safe to repeat: the message is stored once. 404 `message_not_found` means that the message that was sent with this `clientId` is deleted.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** The chat. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SendMessage"];
                };
            };
            responses: {
                /** The message that was sent with this `clientId` before. Nothing was written. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Message"];
                    };
                };
                /** The new message. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Message"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/chats/{id}/messages/{msgId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Gets a message
         * Moderators also get a deleted message.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** The chat. */
                    id: string;
                    /** The message. */
                    msgId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** The message. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Message"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /**
         * Deletes a message
         * Its sender or a moderator may do so. Moderators still see it. Deleting it again is 204 too.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** The chat. */
                    id: string;
                    /** The message. */
                    msgId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** The message is deleted. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        /**
         * Edits a message
         * Only its sender, within 15 minutes by the database's clock (`editableUntil`). The same text with the same mentions changes nothing. `replyToId` stays.
         */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** The chat. */
                    id: string;
                    /** The message. */
                    msgId: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["EditMessage"];
                };
            };
            responses: {
                /** The message with its new text. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Message"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/chats/{id}/messages/{msgId}/reactions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the reactions to a message
         * Who has reacted, and when. The oldest come first.
         */
        get: {
            parameters: {
                query?: {
                    /** Only the reactions with this emoji. */
                    emoji?: string;
                    /** The `nextCursor` of the page before, as it is. It belongs to its list. */
                    cursor?: string;
                    /** The size of a page. */
                    limit?: number;
                };
                header?: never;
                path: {
                    /** The chat. */
                    id: string;
                    /** The message. */
                    msgId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** A page of reactions. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ReactionPage"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/chats/{id}/messages/{msgId}/reactions/{emoji}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Reacts to a message
         * Every participant who can read the message may react to it. The same reaction again changes nothing. A message has at most 20 different reactions.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** The chat. */
                    id: string;
                    /** The message. */
                    msgId: string;
                    /** The emoji, or a short code of the app's own, percent-encoded: at most 64 bytes of UTF-8, with a visible character, and without white space, control characters and slashes. */
                    emoji: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** The message with the reaction. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Message"];
                    };
                };
            };
        };
        post?: never;
        /**
         * Takes the caller's reaction back
         * If the caller has not reacted so, it changes nothing.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** The chat. */
                    id: string;
                    /** The message. */
                    msgId: string;
                    /** The emoji, or a short code of the app's own, percent-encoded: at most 64 bytes of UTF-8, with a visible character, and without white space, control characters and slashes. */
                    emoji: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** The message without the reaction. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Message"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/chats/{id}/read": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Marks messages as read
         * Everything up to the message is read. The mark never moves back.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** The chat. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["MarkRead"];
                };
            };
            responses: {
                /** What is unread now. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Unread"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/chats/{id}/reads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells how far the participants have read */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** The chat. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** The read marks. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ReadMarks"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/chats/{id}/typing": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Tells that the caller is typing
         * Sends the event `typing` to the chat's channel, at most once in three seconds. The answer is the same when nothing was sent for this reason.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** The chat. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** Accepted. */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mentions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the messages that mention the caller
         * Those that the caller can read now, in the chats in which the caller takes part now. The newest come first. Deleted messages and the caller's own are not in the list.
         */
        get: {
            parameters: {
                query?: {
                    /** The `nextCursor` of the page before, as it is. It belongs to its list. */
                    cursor?: string;
                    /** The size of a page. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** A page of messages. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["FoundMessages"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Searches the caller's messages
         * Finds the messages that have all of the words, in the chats and the history that the caller may read. A word also matches where a longer word begins with it. Case and accents do not matter. The newest come first. Deleted messages are never found.
         */
        get: {
            parameters: {
                query: {
                    /** 1 to 10 words or beginnings of words. White space at both ends is removed, and the length counts after that. */
                    q: string;
                    /** Searches this chat only. */
                    chatId?: string;
                    /** Finds the messages of this person only. */
                    senderId?: string;
                    /** The `nextCursor` of the page before, as it is. It belongs to its `q`, `chatId` and `senderId`. */
                    cursor?: string;
                    /** The size of a page. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** A page of messages. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["FoundMessages"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/unread": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Counts what is unread in all chats
         * For the badge of an app. Muted and archived chats do not count.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** The counts. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["UnreadTotals"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/uploads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reserves an upload
         * Send the file to `uploadUrl` with this `method` and these `headers`. Then send a message with the `attachmentUrl`. A reservation that nobody uses expires.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CreateUpload"];
                };
            };
            responses: {
                /** Where to send the file. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Upload"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** The file of a message. */
        Attachment: {
            contentType: components["schemas"]["ContentType"];
            /** The name to show. */
            fileName: string;
            /**
             * Format: uint32
             * Null where `width` is null.
             */
            height: number | null;
            /** The name of the object in the bucket `chat-attachments`. */
            path: string;
            /**
             * Format: int64
             * In bytes.
             */
            size: number;
            /**
             * Format: uint32
             * The width of a picture or video in pixels. Null if the sender did not give it.
             */
            width: number | null;
        };
        /** What has changed with a message: it was created or edited or got a reaction (`upsert`), or it was deleted. */
        Change: {
            /** @constant */
            kind: "upsert";
            message: components["schemas"]["Message"];
            /** Format: int64 */
            rev: number;
        } | {
            /** @constant */
            kind: "delete";
            /** Format: uuid */
            messageId: string;
            /** Format: int64 */
            rev: number;
        };
        /** Changes the caller's own settings for a chat. What is absent stays as it is. */
        ChangeSettings: {
            archived?: boolean | null;
            markedUnread?: boolean | null;
            /**
             * Format: date-time
             * Null ends the muting, and so does a time that has passed.
             */
            mutedUntil?: string | null;
            notify?: components["schemas"]["Notify"] | null;
            pinned?: boolean | null;
        };
        /** Changes of a chat, in the order of `rev`. */
        Changes: {
            data: components["schemas"]["Change"][];
            /** Send it as `epoch` with the next `since`. */
            epoch: string;
            /** Whether there are more changes already. */
            hasMore: boolean;
            /**
             * Format: int64
             * The client has the chat up to here: the next `since`.
             */
            rev: number;
            /** The name of the chat's Realtime channel now. */
            topic: string;
        };
        /** A chat, as one of its participants sees it. */
        Chat: {
            /** Format: date-time */
            createdAt: string;
            /** Changes when the database was restored or replaced: the revs of another epoch mean nothing here. */
            epoch: string;
            /**
             * Format: uuid
             * The event of the chat. Null for a direct chat.
             */
            eventId: string | null;
            /** The people of a direct chat whose account is deleted. */
            goneParticipants: string[];
            /**
             * Format: uuid
             * The group of the chat. Null unless the type is `approved_group`.
             */
            groupId: string | null;
            /**
             * Format: int64
             * Changes when the caller has left a direct chat and come back: forget the chat and load it again.
             */
            historyRev: number;
            /** Format: uuid */
            id: string;
            /** The newest message that the caller may see. */
            lastMessage: components["schemas"]["LastMessage"] | null;
            /**
             * Format: date-time
             * When the last message was sent. Null if none was sent.
             */
            lastMessageAt: string | null;
            /**
             * Format: date-time
             * How far the caller has read, or where the caller's history begins.
             */
            lastReadAt: string | null;
            /** The name of an event's or a group's chat. Null for a direct chat. */
            name: string | null;
            /** The ids of the people who take part now. A direct chat always has both people of its pair. */
            participants: string[];
            /**
             * Format: int64
             * Counts the creations, edits, deletions and reactions of messages in this chat, without gaps.
             */
            rev: number;
            /** The caller's own settings for this chat. */
            settings: components["schemas"]["ChatSettings"];
            /** The name of the chat's private Realtime channel. It changes when somebody leaves a group, or an account is deleted. */
            topic: string;
            type: components["schemas"]["ChatType"];
            /**
             * Format: uint32
             * How many messages of other people the caller has not read. It is exact up to 99; 100 means "more than 99". Deleted messages do not count.
             */
            unreadCount: number;
            /**
             * Format: uint32
             * How many of these messages mention the caller. 100 means "more than 99".
             */
            unreadMentions: number;
        };
        /** What has changed in the caller's list of chats. It has both archived chats and others. */
        ChatDelta: {
            /** The chats that are new or have changed, as they are now. Their order means nothing. */
            data: components["schemas"]["Chat"][];
            /** The chats in which the caller does not take part any more, or which are deleted. */
            gone: string[];
            /** Whether there are more changes already. */
            hasMore: boolean;
            /** The next `since`. */
            since: string;
        };
        /** A page of the caller's chats; or, if the request has `since`, what has changed in them. */
        ChatList: components["schemas"]["ChatPage"] | components["schemas"]["ChatDelta"];
        /** A page of the caller's chats. */
        ChatPage: {
            data: components["schemas"]["Chat"][];
            /** The `cursor` of the next page. Null if there is no more. */
            nextCursor: string | null;
            /** The position from before the first page was read: the `since` of the next request, when all pages are read. Null on the other pages. */
            since: string | null;
        };
        /** A participant's own settings for a chat. Nobody else sees them. */
        ChatSettings: {
            /** A message of somebody else ends this, unless it comes while the chat is muted. */
            archived: boolean;
            /** Reading in the chat ends this. */
            markedUnread: boolean;
            /**
             * Format: date-time
             * Until when the chat is muted. Null if it is not. When the time has passed, the chat is not muted any more, and no event tells so.
             */
            mutedUntil: string | null;
            notify: components["schemas"]["Notify"];
            pinned: boolean;
        };
        /**
         * The kind of a chat: between two friends, of the authors of an event, or of an approved group.
         * @enum {string}
         */
        ChatType: "direct" | "event_authors" | "approved_group";
        /**
         * The canonical name of a content type. These are the types of a deployment that does not set `UPLOAD_CONTENT_TYPES`. No browser opens any of them as a page or runs it as a program.
         * @enum {string}
         */
        ContentType: "image/jpeg" | "image/png" | "image/gif" | "image/webp" | "image/heic" | "image/heif" | "image/avif" | "video/mp4" | "video/quicktime" | "video/webm" | "video/3gpp" | "audio/mpeg" | "audio/mp4" | "audio/ogg" | "audio/webm" | "audio/wav" | "audio/aac" | "audio/3gpp" | "application/pdf" | "text/plain" | "text/csv" | "text/markdown" | "application/zip" | "application/msword" | "application/vnd.ms-excel" | "application/vnd.ms-powerpoint" | "application/vnd.openxmlformats-officedocument.wordprocessingml.document" | "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" | "application/vnd.openxmlformats-officedocument.presentationml.presentation" | "application/vnd.oasis.opendocument.text" | "application/vnd.oasis.opendocument.spreadsheet" | "application/vnd.oasis.opendocument.presentation";
        /** Reserves an upload. */
        CreateUpload: {
            /** Format: uuid */
            chatId: string;
            /** If it is absent, empty or `application/octet-stream`, the ending of the file's name counts. */
            contentType?: components["schemas"]["DeclaredContentType"] | null;
            /** The name on the device; it may be empty. The answer has the name to show: without folders and control characters, and at most 255 characters long. */
            fileName: string;
            /** Format: uint32 */
            height?: number | null;
            /**
             * Format: int64
             * In bytes, without a fraction or an exponent: `10.0` is refused. The limit is that of a deployment that does not set `UPLOAD_MAX_BYTES`.
             */
            size: number;
            /**
             * Format: uint32
             * The width of a picture or video in pixels, together with `height`.
             */
            width?: number | null;
        };
        /** A content type as devices declare it. The letters may be upper case, and parameters such as `; charset=utf-8` are ignored. Other types than these are refused. */
        DeclaredContentType: components["schemas"]["ContentType"] | ("image/jpg" | "image/pjpeg" | "image/x-png" | "application/x-zip-compressed" | "application/x-zip" | "audio/x-m4a" | "audio/m4a" | "audio/mp4a-latm" | "audio/mp3" | "audio/x-mp3" | "audio/x-mpeg" | "audio/x-wav" | "audio/wave" | "audio/vnd.wave" | "audio/x-aac" | "video/x-m4v" | "application/x-pdf" | "text/x-markdown" | "application/csv" | "text/comma-separated-values") | string;
        /** Changes the text of a message, and whom it mentions. */
        EditMessage: {
            /** The people whom the message mentions from now on. If it is absent, the mentions stay; an empty list removes them. */
            mentions?: string[] | null;
            /** At least one visible character, and no NUL. White space at both ends is removed, and the length counts after that. */
            text: string;
        };
        /** Every error has this form. */
        Error: {
            error: components["schemas"]["ErrorDetails"];
        };
        /**
         * What went wrong. `x-codes` has the status and the message of each code, and whether it is retryable.
         * @enum {string}
         */
        ErrorCode: "invalid_json" | "invalid_request" | "invalid_cursor" | "invalid_id" | "missing_token" | "invalid_token" | "token_expired" | "token_not_yet_valid" | "token_too_large" | "not_participant" | "not_sender" | "edit_window_expired" | "not_friends" | "blocked" | "forbidden" | "chat_not_found" | "message_not_found" | "route_not_found" | "method_not_allowed" | "idempotency_mismatch" | "resync_required" | "payload_too_large" | "unsupported_media_type" | "rate_limited" | "internal" | "bad_upstream" | "unavailable" | "upstream_timeout";
        /** What went wrong. */
        ErrorDetails: {
            code: components["schemas"]["ErrorCode"];
            /** The faulty inputs; only `invalid_request` has them. */
            fields?: components["schemas"]["FieldIssue"][];
            /** A text for developers. It depends on the code alone. */
            message: string;
            /** As in the header `X-Request-Id`. The service's log has it too. */
            requestId: string;
            /** Whether the same request may succeed later, unchanged. */
            retryable: boolean;
        };
        /** A faulty input. */
        FieldIssue: {
            /** What is wrong, as in "must be a UUID". */
            issue: string;
            /** The name of the body's member, the query parameter or the header. Empty for the body as a whole. */
            path: string;
        };
        /** A page of messages of several chats, newest first: what a search finds, or what mentions the caller. */
        FoundMessages: {
            data: components["schemas"]["Message"][];
            /** The `cursor` of the next page. Null if there is no more. */
            nextCursor: string | null;
        };
        /** The service answers. */
        Health: {
            /**
             * There is one status: a service that is not healthy answers with an error.
             * @enum {string}
             */
            status: "ok";
            /** The version of the gateway. */
            version: string;
        };
        /** The last message, as the list of chats shows it. */
        LastMessage: {
            /** Format: date-time */
            createdAt: string;
            hasAttachment: boolean;
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            senderId: string;
            /** The whole text. Null if there is only a file. */
            text: string | null;
        };
        /** Moves the caller's read mark. */
        MarkRead: {
            /**
             * Format: uuid
             * The last message that the caller has read.
             */
            messageId: string;
        };
        /** A message. `deletedAt` and `deletedBy` are there only in what moderators read: null while the message is not deleted. For everybody else a deleted message is absent. */
        Message: {
            attachment: components["schemas"]["Attachment"] | null;
            /**
             * Format: uri
             * A URL of the file, valid for an hour. Null if there is no file, if the file is gone, or if Storage did not answer in time. Null in events.
             */
            attachmentUrl: string | null;
            /** Format: uuid */
            chatId: string;
            /**
             * Format: uuid
             * The id that the sender gave to this send. Null if there was none.
             */
            clientId: string | null;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            deletedAt?: string | null;
            /** Format: uuid */
            deletedBy?: string | null;
            /**
             * Format: date-time
             * Until when the caller may edit the message. Null for messages of other people.
             */
            editableUntil: string | null;
            /** Format: date-time */
            editedAt: string | null;
            /** Format: uuid */
            id: string;
            /** The people whom the message mentions. */
            mentions: string[];
            /** The reactions, in the order in which each emoji was used first. */
            reactions: components["schemas"]["Reaction"][];
            /** That message. Null if this one is no reply. */
            replyTo: components["schemas"]["ReplyTo"] | null;
            /**
             * Format: uuid
             * The message that this one replies to. Null if it is no reply.
             */
            replyToId: string | null;
            /**
             * Format: int64
             * The chat's `rev` when this message last changed.
             */
            rev: number;
            /** Format: uuid */
            senderId: string;
            /** Null if there is only a file. */
            text: string | null;
        };
        /** A page or a window of a chat's messages, newest first. */
        MessagePage: {
            data: components["schemas"]["Message"][];
            /** The `cursor` of the page with older messages. Null if there are none. */
            nextCursor: string | null;
            /** The `cursor` of the page with newer messages. Null if there are none. */
            prevCursor: string | null;
        };
        /**
         * Which messages an app should notify the user of: all, those that mention the user, or none. The server only keeps it.
         * @enum {string}
         */
        Notify: "all" | "mentions" | "none";
        /** Opens the direct chat with another user. */
        OpenChat: {
            /** The other participant. */
            participantIds: string[];
            /**
             * Chats of the other types are created by their event or group.
             * @enum {string}
             */
            type: "direct";
        };
        /** All reactions to a message with one emoji. */
        Reaction: {
            /**
             * Format: uint32
             * How many people have reacted so.
             */
            count: number;
            emoji: string;
            /** Whether the caller is one of them. */
            mine: boolean;
            /** The people who did so first. `GET /chats/{id}/messages/{msgId}/reactions` gives all. */
            userIds: string[];
        };
        /** A page of the reactions to a message. */
        ReactionPage: {
            data: components["schemas"]["Reactor"][];
            /** The `cursor` of the next page. Null if there is no more. */
            nextCursor: string | null;
        };
        /** One person's reaction. */
        Reactor: {
            /** Format: date-time */
            createdAt: string;
            emoji: string;
            /** Format: uuid */
            userId: string;
        };
        /** How far a participant has read. */
        ReadMark: {
            /**
             * Format: date-time
             * The `createdAt` of the newest message that they have read. For people who joined later it may be a message from before.
             */
            lastReadAt: string;
            /** Format: uuid */
            userId: string;
        };
        /** How far the participants of a chat have read. */
        ReadMarks: {
            /** Of all participants who have read anything, the caller too. */
            data: components["schemas"]["ReadMark"][];
        };
        /** The message that a message replies to, as the caller may see it now. */
        ReplyTo: {
            hasAttachment: boolean;
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            senderId: string;
            /** The beginning of the text. Null if there is only a file. */
            text: string | null;
        } | {
            /** Format: uuid */
            id: string;
            /** @constant */
            unavailable: true;
        };
        /** Sends a message: a text, an attachment, or both. */
        SendMessage: {
            /**
             * Format: uri
             * The `attachmentUrl` of an upload of the caller's for this chat, or a signed URL of the same file.
             */
            attachmentUrl?: string | null;
            /**
             * Format: uuid
             * A UUID of the client's own. It makes the send safe to repeat: the same `clientId` again gives the first message. The header `Idempotency-Key` means the same; if both are there, they must be equal.
             */
            clientId?: string | null;
            /** The people whom the message mentions. They must be participants of the chat. The API takes no mention from the text. A mention of the sender is told to nobody. */
            mentions?: string[] | null;
            /**
             * Format: uuid
             * The message to which this one is a reply. It must be a message of this chat that the caller can read.
             */
            replyToId?: string | null;
            /** At least one visible character, and no NUL. White space at both ends is removed, and the length counts after that. */
            text?: string | null;
        };
        /** The unread count after the read mark has moved. */
        Unread: {
            /**
             * Format: uint32
             * 100 means "more than 99".
             */
            unreadCount: number;
            /**
             * Format: uint32
             * How many of these messages mention the caller. 100 means "more than 99".
             */
            unreadMentions: number;
        };
        /** What is unread in all of the caller's chats, without those that are muted or archived. Each number is exact up to 99; 100 means "more than 99". */
        UnreadTotals: {
            /**
             * Format: uint32
             * The chats that have unread messages or are marked unread.
             */
            chats: number;
            /**
             * Format: uint32
             * The unread messages that mention the caller.
             */
            mentions: number;
            /** Format: uint32 */
            messages: number;
        };
        /** How to upload a file, and how to attach it to a message. */
        Upload: {
            /**
             * Format: uri
             * The `attachmentUrl` of the message.
             */
            attachmentUrl: string;
            contentType: components["schemas"]["ContentType"];
            /**
             * Format: date-time
             * When `uploadUrl` expires.
             */
            expiresAt: string;
            /** The name as messages will show it. */
            fileName: string;
            /** The headers of that request. */
            headers: {
                /** By its canonical name, because Storage compares it with the declared type. */
                "content-type": components["schemas"]["ContentType"];
            };
            /**
             * The method of the upload.
             * @enum {string}
             */
            method: "PUT";
            /** The name of the object in the bucket `chat-attachments`. */
            path: string;
            /**
             * Format: uri
             * The URL to send the file to.
             */
            uploadUrl: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
