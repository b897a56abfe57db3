//! The contract's shapes. Reading one asserts that it has exactly the contract's keys.

mod chats;

pub use chats::{Chat, ChatDelta, ChatPage, ChatSettings, LastMessage, ReadMark};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, de::DeserializeOwned, de::Error};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// A moment, printed by the API as RFC 3339 in UTC with microseconds and `Z`; anything else does not parse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub DateTime<Utc>);

impl Timestamp {
    /// The same moment some minutes later.
    pub fn plus_minutes(self, minutes: i64) -> Timestamp {
        Timestamp(self.0 + TimeDelta::minutes(minutes))
    }

    /// As the contract prints it.
    pub fn text(self) -> String {
        self.0.to_rfc3339_opts(SecondsFormat::Micros, true)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = DateTime::parse_from_rfc3339(&text).map_err(D::Error::custom)?;
        let time = Timestamp(time.with_timezone(&Utc));
        if time.text() == text {
            Ok(time)
        } else {
            Err(D::Error::custom(format!(
                "{text} is not UTC with microseconds and Z"
            )))
        }
    }
}

/// A message as its readers see it; the last two are only in moderators' answers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract tells what each field means")]
pub struct Message {
    pub id: Uuid,
    pub chat_id: Uuid,
    pub sender_id: Uuid,
    pub text: Option<String>,
    pub attachment_url: Option<String>,
    pub attachment: Option<Attachment>,
    pub client_id: Option<Uuid>,
    pub reply_to_id: Option<Uuid>,
    pub reply_to: Option<ReplyTo>,
    pub mentions: Vec<Uuid>,
    pub reactions: Vec<Reaction>,
    pub created_at: Timestamp,
    pub edited_at: Option<Timestamp>,
    pub rev: i64,
    pub editable_until: Option<Timestamp>,
    pub deleted_at: Option<Timestamp>,
    pub deleted_by: Option<Uuid>,
}

const MESSAGE_KEYS: [&str; 15] = [
    "id",
    "chatId",
    "senderId",
    "text",
    "attachmentUrl",
    "attachment",
    "clientId",
    "replyToId",
    "replyTo",
    "mentions",
    "reactions",
    "createdAt",
    "editedAt",
    "rev",
    "editableUntil",
];
const MODERATOR_KEYS: [&str; 2] = ["deletedAt", "deletedBy"];

/// The message that a message replies to, as its reader sees it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged, rename_all_fields = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "the contract tells what each field means")]
pub enum ReplyTo {
    /// It is deleted, or from before the reader's history.
    Unavailable { id: Uuid, unavailable: bool },
    /// Its first 140 characters.
    Quoted {
        id: Uuid,
        sender_id: Uuid,
        text: Option<String>,
        has_attachment: bool,
    },
}

/// The reactions to a message with one emoji.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "the contract tells what each field means")]
pub struct Reaction {
    pub emoji: String,
    pub count: i64,
    pub mine: bool,
    pub user_ids: Vec<Uuid>,
}

/// What a message tells of its file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "the contract tells what each field means")]
pub struct Attachment {
    pub path: String,
    pub file_name: String,
    pub content_type: String,
    pub size: i64,
    pub width: Option<i64>,
    pub height: Option<i64>,
}

/// What an upload is answered with.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract tells what each field means")]
pub struct Upload {
    pub upload_url: String,
    pub method: String,
    pub headers: BTreeMap<String, String>,
    pub path: String,
    pub attachment_url: String,
    pub file_name: String,
    pub content_type: String,
    pub expires_at: Timestamp,
}

const UPLOAD_KEYS: [&str; 8] = [
    "uploadUrl",
    "method",
    "headers",
    "path",
    "attachmentUrl",
    "fileName",
    "contentType",
    "expiresAt",
];

const ATTACHMENT_KEYS: [&str; 6] = ["path", "fileName", "contentType", "size", "width", "height"];

impl Upload {
    /// An upload in an answer.
    #[track_caller]
    pub fn read(value: &Value) -> Upload {
        read(value, &UPLOAD_KEYS)
    }
}

impl Message {
    /// A message in an answer to someone who is no moderator.
    #[track_caller]
    pub fn read(value: &Value) -> Message {
        Message::with(value, &MESSAGE_KEYS)
    }

    /// A message in an answer to a moderator.
    #[track_caller]
    pub fn read_by_moderator(value: &Value) -> Message {
        Message::with(value, &[&MESSAGE_KEYS[..], &MODERATOR_KEYS[..]].concat())
    }

    #[track_caller]
    fn with(value: &Value, keys: &[&str]) -> Message {
        if let Some(file) = value.get("attachment").filter(|file| !file.is_null()) {
            read::<Attachment>(file, &ATTACHMENT_KEYS);
        }
        read(value, keys)
    }

    /// The same message as another participant sees it: it is not theirs to edit, and the sender's reactions are not
    /// theirs.
    pub fn seen_by_others(&self) -> Message {
        let mut seen = self.clone();
        seen.editable_until = None;
        for reaction in &mut seen.reactions {
            reaction.mine = false;
        }
        seen
    }

    /// As a reply to it quotes it.
    pub fn quoted(&self) -> ReplyTo {
        let quoted = |text: &String| text.chars().take(140).collect();
        ReplyTo::Quoted {
            id: self.id,
            sender_id: self.sender_id,
            text: self.text.as_ref().map(quoted),
            has_attachment: self.attachment.is_some(),
        }
    }

    /// The same message without the signature of its URL, which is another one each time.
    pub fn unsigned(&self) -> Message {
        let url = self.attachment_url.as_deref();
        Message {
            attachment_url: url.map(|url| url.split('?').next().unwrap_or_default().to_owned()),
            ..self.clone()
        }
    }

    /// What a chat shows of its last message.
    pub fn as_last_message(&self) -> LastMessage {
        LastMessage {
            id: self.id,
            sender_id: self.sender_id,
            text: self.text.clone(),
            created_at: self.created_at,
            has_attachment: self.attachment.is_some(),
        }
    }
}

impl ReplyTo {
    /// As a reply to a message that is gone quotes it.
    pub fn unavailable(message: Uuid) -> ReplyTo {
        ReplyTo::Unavailable {
            id: message,
            unavailable: true,
        }
    }
}

/// A page: its rows, and the cursor of the next one.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The rows, newest first.
    pub data: Vec<T>,
    /// Where the next page begins, or nothing after the last one.
    pub next_cursor: Option<String>,
    /// Where the page with newer rows begins. Only pages of a chat's messages have it.
    pub prev_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A page in an answer; `row` reads one of its rows.
    #[track_caller]
    pub fn read(value: &Value, row: impl Fn(&Value) -> T) -> Page<T> {
        Page::with(value, &["data", "nextCursor"], row)
    }

    /// A page of a chat's messages in an answer.
    #[track_caller]
    pub fn read_messages(value: &Value, row: impl Fn(&Value) -> T) -> Page<T> {
        Page::with(value, &["data", "nextCursor", "prevCursor"], row)
    }

    #[track_caller]
    fn with(value: &Value, keys: &[&str], row: impl Fn(&Value) -> T) -> Page<T> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Raw {
            data: Vec<Value>,
            next_cursor: Option<String>,
            prev_cursor: Option<String>,
        }
        let raw: Raw = read(value, keys);
        Page {
            data: raw.data.iter().map(row).collect(),
            next_cursor: raw.next_cursor,
            prev_cursor: raw.prev_cursor,
        }
    }
}

/// A change of a chat's messages, as the feed tells it.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the contract tells what each field means")]
pub enum Change {
    Upsert { rev: i64, message: Box<Message> },
    Delete { rev: i64, message_id: Uuid },
}

impl Change {
    /// A change in an answer to someone who is no moderator.
    #[track_caller]
    pub fn read(value: &Value) -> Change {
        Change::with(value, Message::read)
    }

    /// A change in an answer to a moderator.
    #[track_caller]
    pub fn read_by_moderator(value: &Value) -> Change {
        Change::with(value, Message::read_by_moderator)
    }

    #[track_caller]
    fn with(value: &Value, message: impl Fn(&Value) -> Message) -> Change {
        #[derive(Deserialize)]
        struct Upsert {
            rev: i64,
            message: Value,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Delete {
            rev: i64,
            message_id: Uuid,
        }
        if value["kind"] == "upsert" {
            let upsert: Upsert = read(value, &["rev", "kind", "message"]);
            let message = Box::new(message(&upsert.message));
            assert_eq!(message.rev, upsert.rev, "a message is told at its own rev");
            let rev = upsert.rev;
            Change::Upsert { rev, message }
        } else {
            assert_eq!(value["kind"], "delete", "{value}");
            let Delete { rev, message_id } = read(value, &["rev", "kind", "messageId"]);
            Change::Delete { rev, message_id }
        }
    }

    /// The rev that the change took.
    pub fn rev(&self) -> i64 {
        match self {
            Change::Upsert { rev, .. } | Change::Delete { rev, .. } => *rev,
        }
    }

    /// The message that it is about.
    pub fn message_id(&self) -> Uuid {
        match self {
            Change::Upsert { message, .. } => message.id,
            Change::Delete { message_id, .. } => *message_id,
        }
    }
}

/// A page of the feed of changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Changes {
    /// The changes, oldest first.
    pub data: Vec<Change>,
    /// The rev up to which the reader now knows the chat: the next `since`.
    pub rev: i64,
    /// What that rev belongs to: the next `epoch`.
    pub epoch: String,
    /// Whether there is a next page already.
    pub has_more: bool,
    /// The topic of the chat's Realtime channel.
    pub topic: String,
}

impl Changes {
    /// A page in an answer; `change` reads one of its rows.
    #[track_caller]
    pub fn read(value: &Value, change: impl Fn(&Value) -> Change) -> Changes {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Raw {
            data: Vec<Value>,
            rev: i64,
            epoch: String,
            has_more: bool,
            topic: String,
        }
        let raw: Raw = read(value, &["data", "rev", "epoch", "hasMore", "topic"]);
        Changes {
            data: raw.data.iter().map(change).collect(),
            rev: raw.rev,
            epoch: raw.epoch,
            has_more: raw.has_more,
            topic: raw.topic,
        }
    }
}

/// Reads a shape that must have exactly these keys.
#[track_caller]
fn read<T: DeserializeOwned>(value: &Value, keys: &[&str]) -> T {
    let found: BTreeSet<&str> = value
        .as_object()
        .map(|object| object.keys().map(String::as_str).collect())
        .unwrap_or_default();
    assert_eq!(found, keys.iter().copied().collect(), "the keys of {value}");
    match T::deserialize(value) {
        Ok(shape) => shape,
        Err(error) => panic!("{error}: {value}"),
    }
}
