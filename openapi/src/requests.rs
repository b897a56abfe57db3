//! The bodies of requests. The functions read them member by member and ignore unknown members, and null counts as
//! absent (`shared/src/input/body.rs`). So no type of the functions has these shapes.

use messages::constants::MAX_MENTIONS;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::json;
use shared::input::text::{INVISIBLE, MAX_TEXT_SCALARS};
use std::borrow::Cow;
use uploads::constants::{MAX_BYTES, MAX_PIXELS};
use uploads::content_types::ALIASES;

use crate::formats::{AnyAttachmentUrl, AnyId, AnyTimestamp};
use crate::shapes::{ContentType, Notify};

/// The text of a message: at least one visible character, and no NUL. White space at both ends is removed, and the
/// length counts after that, in Unicode scalar values.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(transparent)]
pub struct Text(pub &'static str);

impl JsonSchema for Text {
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_TEXT_SCALARS,
            "pattern": visible(),
        })
    }
}

/// A character that shows something, and no NUL. Characters beyond U+FFFF that show nothing are missing here,
/// because a pattern that every validator reads cannot name them.
fn visible() -> String {
    let escape = |character: char| format!("\\u{:04x}", u32::from(character));
    let of_one_unit = INVISIBLE.iter().filter(|range| *range.end() <= '\u{ffff}');
    let invisible: String = of_one_unit
        .map(|range| match range.start() == range.end() {
            true => escape(*range.start()),
            false => format!("{}-{}", escape(*range.start()), escape(*range.end())),
        })
        .collect();
    format!("^[^\\u0000]*[^{invisible}][^\\u0000]*$")
}

/// Opens the direct chat with another user.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenChat {
    #[serde(rename = "type")]
    pub kind: DirectOnly,
    /// The other participant.
    #[schemars(length(equal = 1))]
    pub participant_ids: [AnyId; 1],
}

/// Chats of the other types are created by their event or group.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum DirectOnly {
    Direct,
}

/// Changes the caller's own settings for a chat. What is absent stays as it is.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeSettings {
    /// Null ends the muting, and so does a time that has passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub muted_until: Option<AnyTimestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify: Option<Notify>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marked_unread: Option<bool>,
}

/// Moves the caller's read mark.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MarkRead {
    /// The last message that the caller has read.
    pub message_id: AnyId,
}

/// Sends a message: a text, an attachment, or both.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("anyOf" = [
    { "required": ["text"], "properties": { "text": { "type": "string" } } },
    { "required": ["attachmentUrl"], "properties": { "attachmentUrl": { "type": "string" } } },
]))]
pub struct SendMessage {
    /// At least one visible character, and no NUL. White space at both ends is removed, and the length counts after
    /// that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Text>,
    /// The `attachmentUrl` of an upload of the caller's for this chat, or a signed URL of the same file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachment_url: Option<AnyAttachmentUrl>,
    /// A UUID of the client's own. It makes the send safe to repeat: the same `clientId` again gives the first message.
    /// The header `Idempotency-Key` means the same; if both are there, they must be equal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<AnyId>,
    /// The message to which this one is a reply. It must be a message of this chat that the caller can read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to_id: Option<AnyId>,
    /// The people whom the message mentions. They must be participants of the chat. The API takes no mention from
    /// the text. A mention of the sender is told to nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_MENTIONS), extend("uniqueItems" = true))]
    pub mentions: Option<Vec<AnyId>>,
}

/// Changes the text of a message, and whom it mentions.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EditMessage {
    /// At least one visible character, and no NUL. White space at both ends is removed, and the length counts after
    /// that.
    pub text: Text,
    /// The people whom the message mentions from now on. If it is absent, the mentions stay; an empty list removes them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_MENTIONS), extend("uniqueItems" = true))]
    pub mentions: Option<Vec<AnyId>>,
}

/// Reserves an upload.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("anyOf" = [
    { "required": ["width", "height"], "properties": { "width": { "type": "integer" }, "height": { "type": "integer" } } },
    { "properties": { "width": { "type": "null" }, "height": { "type": "null" } } },
]))]
pub struct CreateUpload {
    pub chat_id: AnyId,
    /// The name on the device; it may be empty. The answer has the name to show: without folders and control
    /// characters, and at most 255 characters long.
    pub file_name: &'static str,
    /// If it is absent, empty or `application/octet-stream`, the ending of the file's name counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<DeclaredType>,
    /// In bytes, without a fraction or an exponent: `10.0` is refused. The limit is that of a deployment that does not
    /// set `UPLOAD_MAX_BYTES`.
    #[schemars(range(min = 0, max = MAX_BYTES), extend("format" = "int64"))]
    pub size: u64,
    /// The width of a picture or video in pixels, together with `height`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = MAX_PIXELS))]
    pub width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = MAX_PIXELS))]
    pub height: Option<u32>,
}

/// A content type as devices declare it.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(transparent)]
pub struct DeclaredType(pub &'static str);

impl JsonSchema for DeclaredType {
    fn schema_name() -> Cow<'static, str> {
        "DeclaredContentType".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let aliases: Vec<&str> = ALIASES.iter().map(|(alias, _)| *alias).collect();
        let canonical: serde_json::Map<_, _> = ALIASES
            .iter()
            .map(|(alias, name)| ((*alias).to_owned(), json!(name)))
            .collect();
        json_schema!({
            "description": "A content type as devices declare it. The letters may be upper case, and parameters such \
                            as `; charset=utf-8` are ignored. Other types than these are refused.",
            "anyOf": [
                generator.subschema_for::<ContentType>(),
                {
                    "type": "string",
                    "description": "A name that devices send; it is stored under its canonical name.",
                    "enum": aliases,
                    "x-canonical-names": canonical,
                },
                { "type": "string", "description": "One of these in another spelling, or nothing." },
            ],
        })
    }
}
