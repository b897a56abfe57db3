//! What a message has of others: the message that it replies to, and the reactions to it. And the pages of reactions
//! and of mentions.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use std::borrow::Cow;

use crate::formats::{Cursor, Emoji, Id, Timestamp};
use crate::limits::{MAX_LISTED_USERS, MAX_QUOTED_CHARACTERS};

/// The message that a message replies to, as the caller may see it now.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(untagged, rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum ReplyTo {
    /// The message.
    Quoted {
        id: Id,
        sender_id: Id,
        /// The beginning of the text. Null if there is only a file.
        #[schemars(length(min = 1, max = MAX_QUOTED_CHARACTERS))]
        text: Option<&'static str>,
        has_attachment: bool,
    },
    /// The message is deleted, or it is from before the caller's history.
    Unavailable { id: Id, unavailable: Always },
}

/// The one value of a member that says something by being there.
#[derive(Clone, Copy, Debug)]
pub struct Always;

impl Serialize for Always {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        true.serialize(serializer)
    }
}

impl JsonSchema for Always {
    fn schema_name() -> Cow<'static, str> {
        "Always".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "boolean", "const": true })
    }
}

/// All reactions to a message with one emoji.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reaction {
    pub emoji: Emoji,
    /// How many people have reacted so.
    #[schemars(range(min = 1))]
    pub count: u32,
    /// Whether the caller is one of them.
    pub mine: bool,
    /// The people who did so first. `GET /chats/{id}/messages/{msgId}/reactions` gives all.
    #[schemars(length(min = 1, max = MAX_LISTED_USERS), extend("uniqueItems" = true))]
    pub user_ids: Vec<Id>,
}

/// A page of the reactions to a message.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReactionPage {
    pub data: Vec<Reactor>,
    /// The `cursor` of the next page. Null if there is no more.
    pub next_cursor: Option<Cursor>,
}

/// One person's reaction.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reactor {
    pub user_id: Id,
    pub emoji: Emoji,
    pub created_at: Timestamp,
}
