use std::fmt;

use uuid::Uuid;

use super::{Cursor, Timestamp, bigint};
use crate::error::{ApiError, ErrorCode};
use crate::input::ids;

/// An end of a page of a chat's messages: `messages/<chat>/<createdAt>` leads to older ones, and
/// `newer-messages/<chat>/<createdAt>` to newer ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessagesCursor {
    pub chat: Uuid,
    pub position: Position,
}

/// Where a page of messages is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// All of its messages are older than this.
    Before(Timestamp),
    /// All of its messages are newer than this.
    After(Timestamp),
}

const OLDER: &str = "messages";
const NEWER: &str = "newer-messages";

impl MessagesCursor {
    /// Reads a cursor of this chat's messages.
    ///
    /// # Errors
    /// `invalid_cursor`.
    pub fn of_chat(chat: Uuid, text: &str) -> Result<Self, ApiError> {
        let cursor = Self::decode(text)?;
        if cursor.chat == chat {
            return Ok(cursor);
        }
        Err(ErrorCode::InvalidCursor.into())
    }
}

impl Cursor for MessagesCursor {
    fn parse(plain: &str) -> Option<Self> {
        let (list, rest) = plain.split_once('/')?;
        let (chat, time) = rest.split_once('/')?;
        let time = Timestamp::parse(time)?;
        Some(MessagesCursor {
            chat: ids::parse(chat)?,
            position: match list {
                OLDER => Position::Before(time),
                NEWER => Position::After(time),
                _ => return None,
            },
        })
    }
}

impl fmt::Display for MessagesCursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (list, time) = match self.position {
            Position::Before(time) => (OLDER, time),
            Position::After(time) => (NEWER, time),
        };
        write!(formatter, "{list}/{}/{time}", self.chat)
    }
}

/// The end of a page of the messages that mention the caller: `mentions/<createdAt>/<message>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MentionsCursor {
    /// When the last message of the page was sent.
    pub created_at: Timestamp,
    /// The last message of the page. It gives an order to messages that were sent at the same time.
    pub message: Uuid,
}

impl Cursor for MentionsCursor {
    fn parse(plain: &str) -> Option<Self> {
        let (created_at, message) = plain.strip_prefix("mentions/")?.split_once('/')?;
        Some(MentionsCursor {
            created_at: Timestamp::parse(created_at)?,
            message: ids::parse(message)?,
        })
    }
}

impl fmt::Display for MentionsCursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "mentions/{}/{}", self.created_at, self.message)
    }
}

/// The end of a page of a message's reactions: `reactions/<message>/<rev>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReactionsCursor {
    pub message: Uuid,
    /// All reactions of the next page have a greater rev.
    pub after: u64,
}

impl ReactionsCursor {
    /// Reads a cursor of this message's reactions.
    ///
    /// # Errors
    /// `invalid_cursor`.
    pub fn of_message(message: Uuid, text: &str) -> Result<Self, ApiError> {
        let cursor = Self::decode(text)?;
        if cursor.message == message {
            return Ok(cursor);
        }
        Err(ErrorCode::InvalidCursor.into())
    }
}

impl Cursor for ReactionsCursor {
    fn parse(plain: &str) -> Option<Self> {
        let (message, after) = plain.strip_prefix("reactions/")?.split_once('/')?;
        Some(ReactionsCursor {
            message: ids::parse(message)?,
            after: bigint(after)?,
        })
    }
}

impl fmt::Display for ReactionsCursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "reactions/{}/{}", self.message, self.after)
    }
}
