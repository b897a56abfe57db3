//! The shapes of answers. The database makes these answers, apart from those of uploads and health, so no type of
//! the functions has the shapes. A doc comment here is a description in the document.

use messages::constants::MAX_MENTIONS;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use shared::input::text::MAX_TEXT_SCALARS;
use shared::supabase::storage::SIGNED_SECONDS;
use std::borrow::Cow;
use uploads::constants::{CONTENT_TYPES, MAX_PIXELS};

use crate::formats::{
    AttachmentUrl, ChatTopic, Cursor, Epoch, Id, ObjectPath, Rev, SignedUrl, Timestamp, UploadUrl,
    Version,
};
use crate::limits::{MAX_FILE_NAME, MAX_REACTION_KINDS, MAX_UNREAD};
use crate::message_parts::{Reaction, ReplyTo};

/// The kind of a chat: between two friends, of the authors of an event, or of an approved group.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChatType {
    Direct,
    EventAuthors,
    ApprovedGroup,
}

/// A chat, as one of its participants sees it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Chat {
    pub id: Id,
    #[serde(rename = "type")]
    pub kind: ChatType,
    /// The event of the chat. Null for a direct chat.
    pub event_id: Option<Id>,
    /// The group of the chat. Null unless the type is `approved_group`.
    pub group_id: Option<Id>,
    /// The name of an event's or a group's chat. Null for a direct chat.
    pub name: Option<&'static str>,
    /// The ids of the people who take part now. A direct chat always has both people of its pair.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub participants: Vec<Id>,
    /// The people of a direct chat whose account is deleted.
    #[schemars(length(max = 2), extend("uniqueItems" = true))]
    pub gone_participants: Vec<Id>,
    pub created_at: Timestamp,
    /// When the last message was sent. Null if none was sent.
    pub last_message_at: Option<Timestamp>,
    /// The newest message that the caller may see.
    pub last_message: Option<LastMessage>,
    /// How many messages of other people the caller has not read. It is exact up to 99; 100 means "more than 99".
    /// Deleted messages do not count.
    #[schemars(range(min = 0, max = MAX_UNREAD))]
    pub unread_count: u32,
    /// How many of these messages mention the caller. 100 means "more than 99".
    #[schemars(range(min = 0, max = MAX_UNREAD))]
    pub unread_mentions: u32,
    /// The caller's own settings for this chat.
    pub settings: ChatSettings,
    /// How far the caller has read, or where the caller's history begins.
    pub last_read_at: Option<Timestamp>,
    /// Counts the creations, edits, deletions and reactions of messages in this chat, without gaps.
    pub rev: Rev,
    /// Changes when the caller has left a direct chat and come back: forget the chat and load it again.
    pub history_rev: Rev,
    /// Changes when the database was restored or replaced: the revs of another epoch mean nothing here.
    pub epoch: Epoch,
    /// The name of the chat's private Realtime channel. It changes when somebody leaves a group, or an account is
    /// deleted.
    pub topic: ChatTopic,
}

/// A participant's own settings for a chat. Nobody else sees them.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChatSettings {
    /// Until when the chat is muted. Null if it is not. When the time has passed, the chat is not muted any more, and no
    /// event tells so.
    pub muted_until: Option<Timestamp>,
    pub notify: Notify,
    /// A message of somebody else ends this, unless it comes while the chat is muted.
    pub archived: bool,
    pub pinned: bool,
    /// Reading in the chat ends this.
    pub marked_unread: bool,
}

/// Which messages an app should notify the user of: all, those that mention the user, or none. The server only keeps
/// it.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Notify {
    All,
    Mentions,
    None,
}

/// The last message, as the list of chats shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LastMessage {
    pub id: Id,
    pub sender_id: Id,
    /// The whole text. Null if there is only a file.
    #[schemars(length(min = 1, max = MAX_TEXT_SCALARS))]
    pub text: Option<&'static str>,
    pub created_at: Timestamp,
    pub has_attachment: bool,
}

/// A message. `deletedAt` and `deletedBy` are there only in what moderators read: null while the message is not
/// deleted. For everybody else a deleted message is absent.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("dependentRequired" = { "deletedAt": ["deletedBy"], "deletedBy": ["deletedAt"] }))]
pub struct Message {
    pub id: Id,
    pub chat_id: Id,
    pub sender_id: Id,
    /// Null if there is only a file.
    #[schemars(length(min = 1, max = MAX_TEXT_SCALARS))]
    pub text: Option<&'static str>,
    /// A URL of the file, valid for an hour. Null if there is no file, if the file is gone, or if Storage did not
    /// answer in time. Null in events.
    #[schemars(extend("x-valid-seconds" = SIGNED_SECONDS))]
    pub attachment_url: Option<SignedUrl>,
    pub attachment: Option<Attachment>,
    /// The id that the sender gave to this send. Null if there was none.
    pub client_id: Option<Id>,
    /// The message that this one replies to. Null if it is no reply.
    pub reply_to_id: Option<Id>,
    /// That message. Null if this one is no reply.
    pub reply_to: Option<ReplyTo>,
    /// The people whom the message mentions.
    #[schemars(length(max = MAX_MENTIONS), extend("uniqueItems" = true))]
    pub mentions: Vec<Id>,
    /// The reactions, in the order in which each emoji was used first.
    #[schemars(length(max = MAX_REACTION_KINDS))]
    pub reactions: Vec<Reaction>,
    pub created_at: Timestamp,
    pub edited_at: Option<Timestamp>,
    /// Until when the caller may edit the message. Null for messages of other people.
    pub editable_until: Option<Timestamp>,
    /// The chat's `rev` when this message last changed.
    pub rev: Rev,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_by: Option<Id>,
}

/// The file of a message.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Attachment {
    /// The name of the object in the bucket `chat-attachments`.
    pub path: ObjectPath,
    /// The name to show.
    #[schemars(length(min = 1, max = MAX_FILE_NAME))]
    pub file_name: &'static str,
    pub content_type: ContentType,
    /// In bytes.
    #[schemars(extend("format" = "int64"))]
    pub size: u64,
    /// The width of a picture or video in pixels. Null if the sender did not give it.
    #[schemars(range(min = 1, max = MAX_PIXELS))]
    pub width: Option<u32>,
    /// Null where `width` is null.
    #[schemars(range(min = 1, max = MAX_PIXELS))]
    pub height: Option<u32>,
}

/// The canonical name of a file's content type.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(transparent)]
pub struct ContentType(pub &'static str);

impl JsonSchema for ContentType {
    fn schema_name() -> Cow<'static, str> {
        "ContentType".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = CONTENT_TYPES.split(',').collect();
        json_schema!({
            "description": "The canonical name of a content type. These are the types of a deployment that does not \
                            set `UPLOAD_CONTENT_TYPES`. No browser opens any of them as a page or runs it as a program.",
            "type": "string",
            "enum": names,
        })
    }
}

/// What has changed with a message: it was created or edited or got a reaction (`upsert`), or it was deleted.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(
    tag = "kind",
    rename_all = "lowercase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Change {
    /// The message as it is now. Put it in place of the message with this id.
    Upsert { rev: Rev, message: Box<Message> },
    /// The message is deleted. Its text is never told.
    Delete { rev: Rev, message_id: Id },
}

/// A page of the caller's chats; or, if the request has `since`, what has changed in them.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ChatList {
    Page(ChatPage),
    Delta(ChatDelta),
}

/// A page of the caller's chats.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChatPage {
    pub data: Vec<Chat>,
    /// The `cursor` of the next page. Null if there is no more.
    pub next_cursor: Option<Cursor>,
    /// The position from before the first page was read: the `since` of the next request, when all pages are read. Null
    /// on the other pages.
    pub since: Option<Cursor>,
}

/// What has changed in the caller's list of chats. It has both archived chats and others.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChatDelta {
    /// The chats that are new or have changed, as they are now. Their order means nothing.
    pub data: Vec<Chat>,
    /// The chats in which the caller does not take part any more, or which are deleted.
    #[schemars(extend("uniqueItems" = true))]
    pub gone: Vec<Id>,
    /// The next `since`.
    pub since: Cursor,
    /// Whether there are more changes already.
    pub has_more: bool,
}

/// How far the participants of a chat have read.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReadMarks {
    /// Of all participants who have read anything, the caller too.
    pub data: Vec<ReadMark>,
}

/// How far a participant has read.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReadMark {
    pub user_id: Id,
    /// The `createdAt` of the newest message that they have read. For people who joined later it may be a message from
    /// before.
    pub last_read_at: Timestamp,
}

/// What is unread in all of the caller's chats, without those that are muted or archived. Each number is exact up to
/// 99; 100 means "more than 99".
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UnreadTotals {
    /// The chats that have unread messages or are marked unread.
    #[schemars(range(min = 0, max = MAX_UNREAD))]
    pub chats: u32,
    #[schemars(range(min = 0, max = MAX_UNREAD))]
    pub messages: u32,
    /// The unread messages that mention the caller.
    #[schemars(range(min = 0, max = MAX_UNREAD))]
    pub mentions: u32,
}

/// A page or a window of a chat's messages, newest first.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MessagePage {
    pub data: Vec<Message>,
    /// The `cursor` of the page with older messages. Null if there are none.
    pub next_cursor: Option<Cursor>,
    /// The `cursor` of the page with newer messages. Null if there are none.
    pub prev_cursor: Option<Cursor>,
}

/// A page of messages of several chats, newest first: what a search finds, or what mentions the caller.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FoundMessages {
    pub data: Vec<Message>,
    /// The `cursor` of the next page. Null if there is no more.
    pub next_cursor: Option<Cursor>,
}

/// Changes of a chat, in the order of `rev`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Changes {
    pub data: Vec<Change>,
    /// The client has the chat up to here: the next `since`.
    pub rev: Rev,
    /// Send it as `epoch` with the next `since`.
    pub epoch: Epoch,
    /// Whether there are more changes already.
    pub has_more: bool,
    /// The name of the chat's Realtime channel now.
    pub topic: ChatTopic,
}

/// The unread count after the read mark has moved.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Unread {
    /// 100 means "more than 99".
    #[schemars(range(min = 0, max = MAX_UNREAD))]
    pub unread_count: u32,
    /// How many of these messages mention the caller. 100 means "more than 99".
    #[schemars(range(min = 0, max = MAX_UNREAD))]
    pub unread_mentions: u32,
}

/// How to upload a file, and how to attach it to a message.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Upload {
    /// The URL to send the file to.
    pub upload_url: UploadUrl,
    pub method: UploadMethod,
    /// The headers of that request.
    pub headers: UploadHeaders,
    /// The name of the object in the bucket `chat-attachments`.
    pub path: ObjectPath,
    /// The `attachmentUrl` of the message.
    pub attachment_url: AttachmentUrl,
    /// The name as messages will show it.
    #[schemars(length(min = 1, max = MAX_FILE_NAME))]
    pub file_name: &'static str,
    pub content_type: ContentType,
    /// When `uploadUrl` expires.
    pub expires_at: Timestamp,
}

/// The method of the upload.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub enum UploadMethod {
    #[serde(rename = "PUT")]
    Put,
}

/// The headers of the upload.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct UploadHeaders {
    /// By its canonical name, because Storage compares it with the declared type.
    #[serde(rename = "content-type")]
    pub content_type: ContentType,
}

/// The service answers.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Health {
    pub status: HealthStatus,
    /// The version of the gateway.
    pub version: Version,
}

/// There is one status: a service that is not healthy answers with an error.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum HealthStatus {
    Ok,
}
