//! A message as an event has it.

use messages::constants::MAX_MENTIONS;
use schemars::JsonSchema;
use serde::Serialize;
use shared::input::text::MAX_TEXT_SCALARS;

use crate::formats::{Emoji, Id, Rev, Timestamp};
use crate::limits::{MAX_LISTED_USERS, MAX_REACTION_KINDS};
use crate::message_parts::Reaction;
use crate::shapes::{Attachment, Message};

/// A Message without what differs between its readers: there is no `replyTo`, no member for moderators, and no `mine`
/// in `reactions`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MessageForAll {
    pub id: Id,
    pub chat_id: Id,
    pub sender_id: Id,
    #[schemars(length(min = 1, max = MAX_TEXT_SCALARS))]
    pub text: Option<&'static str>,
    /// Always null: ask the API for the message, if it has an attachment.
    pub attachment_url: (),
    pub attachment: Option<Attachment>,
    pub client_id: Option<Id>,
    /// The message that this one replies to. Look for it among the messages that the client has, or ask the API.
    pub reply_to_id: Option<Id>,
    #[schemars(length(max = MAX_MENTIONS), extend("uniqueItems" = true))]
    pub mentions: Vec<Id>,
    #[schemars(length(max = MAX_REACTION_KINDS))]
    pub reactions: Vec<ReactionForAll>,
    pub created_at: Timestamp,
    pub edited_at: Option<Timestamp>,
    /// For the sender alone.
    pub editable_until: Timestamp,
    pub rev: Rev,
}

/// A Reaction without `mine`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReactionForAll {
    pub emoji: Emoji,
    #[schemars(range(min = 1))]
    pub count: u32,
    #[schemars(length(min = 1, max = MAX_LISTED_USERS), extend("uniqueItems" = true))]
    pub user_ids: Vec<Id>,
}

impl From<Message> for MessageForAll {
    /// The event about a message that its sender sees so.
    fn from(message: Message) -> Self {
        MessageForAll {
            id: message.id,
            chat_id: message.chat_id,
            sender_id: message.sender_id,
            text: message.text,
            attachment_url: (),
            attachment: message.attachment,
            client_id: message.client_id,
            reply_to_id: message.reply_to_id,
            mentions: message.mentions,
            reactions: message.reactions.into_iter().map(Into::into).collect(),
            created_at: message.created_at,
            edited_at: message.edited_at,
            editable_until: message.editable_until.unwrap_or(message.created_at),
            rev: message.rev,
        }
    }
}

impl From<Reaction> for ReactionForAll {
    fn from(reaction: Reaction) -> Self {
        ReactionForAll {
            emoji: reaction.emoji,
            count: reaction.count,
            user_ids: reaction.user_ids,
        }
    }
}
