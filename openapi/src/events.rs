//! The payloads of broadcasts, as the triggers of `supabase/migrations` send them.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::formats::{ChatTopic, Emoji, Id, Rev, Timestamp};
use crate::limits::MAX_UNREAD;
use crate::message_for_all::MessageForAll;
use crate::message_parts::Always;
use crate::shapes::{ChatSettings, LastMessage};

/// A message was created or edited, or somebody reacted to it. A notice without `kind` tells that there is a change: ask the feed
/// (`GET /chats/{id}/changes`). Its content is too large, or it is an edit or a reaction in a direct chat.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged, rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum MessageChanged {
    /// The Change of the feed, and the chat's id.
    Upsert {
        id: Id,
        chat_id: Id,
        rev: Rev,
        kind: Upsert,
        message: Box<MessageForAll>,
        /// The change, if it is a reaction.
        #[serde(skip_serializing_if = "Option::is_none")]
        reaction: Option<ReactionChange>,
    },
    /// Ask the feed.
    Notice { id: Id, chat_id: Id, rev: Rev },
}

/// Somebody reacted, or took a reaction back. With this, the readers of `reactions` keep their own `mine`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReactionChange {
    pub user_id: Id,
    pub emoji: Emoji,
    /// False if the reaction was taken back.
    pub added: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Upsert {
    Upsert,
}

/// A message was deleted. A notice without `kind` means the same as in `MessageChanged`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged, rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum MessageDeleted {
    /// The Change of the feed, and the chat's id.
    Delete {
        id: Id,
        chat_id: Id,
        rev: Rev,
        kind: Delete,
        message_id: Id,
    },
    /// Ask the feed.
    Notice { id: Id, chat_id: Id, rev: Rev },
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Delete {
    Delete,
}

/// A participant has read up to a message. Large chats do not send it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChatRead {
    pub id: Id,
    pub chat_id: Id,
    pub user_id: Id,
    pub message_id: Id,
    pub last_read_at: Timestamp,
}

/// People joined a group's chat by one write.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChatJoined {
    pub id: Id,
    pub chat_id: Id,
    /// Absent if the event would be too large: load the chat.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub user_ids: Vec<Id>,
}

/// People left a group's chat, or an account of a direct chat is deleted. The chat goes on at another topic.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChatLeft {
    pub id: Id,
    pub chat_id: Id,
    /// Absent if the event would be too large: load the chat.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub user_ids: Vec<Id>,
    /// The topic of the chat from now on.
    pub topic: ChatTopic,
}

/// The chat has another name or event: load the chat.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChatUpdated {
    pub id: Id,
    pub chat_id: Id,
    pub rev: Rev,
}

/// A participant is typing. Show it for about five seconds.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Typing {
    pub id: Id,
    pub chat_id: Id,
    pub user_id: Id,
}

/// The user has a new chat, or is back in an old one.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChatCreated {
    pub id: Id,
    pub chat_id: Id,
    pub rev: Rev,
}

/// Something in the chat list has changed.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged, rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum ChatListUpdated {
    /// A message was created or edited, as the chat list has it.
    Message {
        id: Id,
        chat_id: Id,
        rev: Rev,
        kind: Written,
        message: LastMessage,
        /// Only for people whom the message mentions. Chats of every size tell them.
        #[serde(skip_serializing_if = "Option::is_none")]
        mentioned: Option<Always>,
    },
    /// A message was deleted.
    Deleted {
        id: Id,
        chat_id: Id,
        rev: Rev,
        kind: Deleted,
    },
    /// The user has read on some device.
    Read {
        id: Id,
        chat_id: Id,
        rev: Rev,
        kind: Read,
        /// 100 means "more than 99".
        #[schemars(range(min = 0, max = MAX_UNREAD))]
        unread_count: u32,
        /// 100 means "more than 99".
        #[schemars(range(min = 0, max = MAX_UNREAD))]
        unread_mentions: u32,
        last_read_at: Timestamp,
    },
    /// The user has changed their settings for the chat on some device, or has ended `markedUnread` by reading.
    Settings {
        id: Id,
        chat_id: Id,
        rev: Rev,
        kind: SettingsKind,
        settings: ChatSettings,
        /// 100 means "more than 99".
        #[schemars(range(min = 0, max = MAX_UNREAD))]
        unread_count: u32,
        #[schemars(range(min = 0, max = MAX_UNREAD))]
        unread_mentions: u32,
    },
    /// Other news, such as a new name: load the chat.
    News { id: Id, chat_id: Id, rev: Rev },
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Written {
    Created,
    Updated,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Deleted {
    Deleted,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Read {
    Read,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum SettingsKind {
    Settings,
}

/// The user no longer takes part.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChatGone {
    pub id: Id,
    pub chat_id: Id,
}

/// The schemas of all payloads, and of everything in them.
pub fn schemas() -> serde_json::Map<String, Value> {
    let mut generator =
        crate::formats::generator(schemars::generate::SchemaSettings::for_serialize);
    generator.subschema_for::<MessageChanged>();
    generator.subschema_for::<MessageDeleted>();
    generator.subschema_for::<ChatRead>();
    generator.subschema_for::<ChatJoined>();
    generator.subschema_for::<ChatLeft>();
    generator.subschema_for::<ChatUpdated>();
    generator.subschema_for::<Typing>();
    generator.subschema_for::<ChatCreated>();
    generator.subschema_for::<ChatListUpdated>();
    generator.subschema_for::<ChatGone>();
    let mut schemas = generator.take_definitions(true);
    schemas.values_mut().for_each(crate::formats::unwrap_lines);
    schemas
}
