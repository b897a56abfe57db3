//! Chats, and what is told of several of them.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{Timestamp, read};

/// A chat as one of its participants sees it. The order of people means nothing, so they are sorted here.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract tells what each field means")]
pub struct Chat {
    pub id: Uuid,
    #[serde(rename = "type")]
    pub kind: String,
    pub event_id: Option<Uuid>,
    pub group_id: Option<Uuid>,
    pub name: Option<String>,
    pub participants: Vec<Uuid>,
    pub gone_participants: Vec<Uuid>,
    pub created_at: Timestamp,
    pub last_message_at: Option<Timestamp>,
    pub last_message: Option<LastMessage>,
    pub unread_count: i64,
    pub unread_mentions: i64,
    pub settings: ChatSettings,
    pub last_read_at: Option<Timestamp>,
    pub rev: i64,
    pub history_rev: i64,
    pub epoch: String,
    pub topic: String,
}

const CHAT_KEYS: [&str; 18] = [
    "id",
    "type",
    "eventId",
    "groupId",
    "name",
    "participants",
    "goneParticipants",
    "createdAt",
    "lastMessageAt",
    "lastMessage",
    "unreadCount",
    "unreadMentions",
    "settings",
    "lastReadAt",
    "rev",
    "historyRev",
    "epoch",
    "topic",
];

impl Chat {
    /// A chat in an answer.
    #[track_caller]
    pub fn read(value: &Value) -> Chat {
        if let Some(last) = value.get("lastMessage").filter(|last| !last.is_null()) {
            read::<LastMessage>(last, &LAST_MESSAGE_KEYS);
        }
        read::<ChatSettings>(&value["settings"], &SETTINGS_KEYS);
        let mut chat: Chat = read(value, &CHAT_KEYS);
        chat.participants.sort();
        chat.gone_participants.sort();
        chat
    }
}

/// The last message as a chat shows it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract tells what each field means")]
pub struct LastMessage {
    pub id: Uuid,
    pub sender_id: Uuid,
    pub text: Option<String>,
    pub created_at: Timestamp,
    pub has_attachment: bool,
}

const LAST_MESSAGE_KEYS: [&str; 5] = ["id", "senderId", "text", "createdAt", "hasAttachment"];

/// What a person has chosen for a chat.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract tells what each field means")]
pub struct ChatSettings {
    pub muted_until: Option<Timestamp>,
    pub notify: String,
    pub archived: bool,
    pub pinned: bool,
    pub marked_unread: bool,
}

const SETTINGS_KEYS: [&str; 5] = ["mutedUntil", "notify", "archived", "pinned", "markedUnread"];

impl Default for ChatSettings {
    /// Those of a chat for which its participant has chosen nothing.
    fn default() -> ChatSettings {
        ChatSettings {
            muted_until: None,
            notify: "all".to_owned(),
            archived: false,
            pinned: false,
            marked_unread: false,
        }
    }
}

/// A page of the list of chats.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatPage {
    /// The chats, newest activity first.
    pub data: Vec<Chat>,
    /// Where the next page begins, or nothing after the last one.
    pub next_cursor: Option<String>,
    /// The position from before the first page; nothing on other pages.
    pub since: Option<String>,
}

impl ChatPage {
    /// A page in an answer.
    #[track_caller]
    pub fn read(value: &Value) -> ChatPage {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Raw {
            data: Vec<Value>,
            next_cursor: Option<String>,
            since: Option<String>,
        }
        let raw: Raw = read(value, &["data", "nextCursor", "since"]);
        ChatPage {
            data: raw.data.iter().map(Chat::read).collect(),
            next_cursor: raw.next_cursor,
            since: raw.since,
        }
    }
}

/// What has changed in the list of chats.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatDelta {
    /// The chats that have changed, as they are now.
    pub data: Vec<Chat>,
    /// The chats in which the reader does not take part any more.
    pub gone: Vec<Uuid>,
    /// The next position.
    pub since: String,
    /// Whether there is more already.
    pub has_more: bool,
}

impl ChatDelta {
    /// A delta in an answer.
    #[track_caller]
    pub fn read(value: &Value) -> ChatDelta {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Raw {
            data: Vec<Value>,
            gone: Vec<Uuid>,
            since: String,
            has_more: bool,
        }
        let raw: Raw = read(value, &["data", "gone", "since", "hasMore"]);
        ChatDelta {
            data: raw.data.iter().map(Chat::read).collect(),
            gone: raw.gone,
            since: raw.since,
            has_more: raw.has_more,
        }
    }
}

/// How far a participant has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "the contract tells what each field means")]
pub struct ReadMark {
    pub user_id: Uuid,
    pub last_read_at: Timestamp,
}
