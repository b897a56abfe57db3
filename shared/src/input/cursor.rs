//! Cursors of pages, and the epoch of a feed: positions that the database makes and that clients send
//! back unchanged.
//!
//! A cursor is a list's name and the position of the last row of a page, in base64url without padding.
//! The name, and what follows it, bind it to its list, so a cursor of another list is recognised. Only the
//! canonical form is accepted: the cursor is decoded, typed, encoded again and compared. So typed values
//! go to the database, and never the caller's bytes. A forged cursor does no harm: it only says where
//! to go on among rows that the caller may see.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use uuid::Uuid;

use crate::error::{ApiError, ErrorCode};
use crate::http::path::needs_no_escape;
use crate::input::ids;

/// The longest cursor has 118 characters. A longer text is not decoded.
pub const MAX_CURSOR_LENGTH: usize = 128;

/// A point in time as the API writes it: in UTC, with six fractional digits and `Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// `seconds` after the beginning of 1970; `None` after the year 9999.
    #[must_use]
    pub fn from_seconds(seconds: u64) -> Option<Self> {
        let time = DateTime::from_timestamp(seconds.try_into().ok()?, 0)?;
        (time.year() <= 9999).then_some(Timestamp(time))
    }

    fn parse(text: &str) -> Option<Self> {
        // A format given as a pattern would add chrono's whole interpreter to the wasm module.
        let time = DateTime::parse_from_rfc3339(text).ok()?;
        let time = Timestamp(time.to_utc());
        // Postgres has no year 0, and the API writes years with four digits.
        ((1..=9999).contains(&time.0.year()) && time.to_string() == text).then_some(time)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

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
    pub fn decode(text: &str, chat: Uuid) -> Result<Self, ApiError> {
        Self::read(text)
            .filter(|cursor| cursor.chat == chat)
            .ok_or(ErrorCode::InvalidCursor.into())
    }

    fn read(text: &str) -> Option<Self> {
        let plain = decode(text)?;
        let (list, rest) = plain.split_once('/')?;
        let (chat, time) = rest.split_once('/')?;
        let time = Timestamp::parse(time)?;
        let cursor = MessagesCursor {
            chat: ids::parse(chat)?,
            position: match list {
                OLDER => Position::Before(time),
                NEWER => Position::After(time),
                _ => return None,
            },
        };
        (cursor.encode() == text).then_some(cursor)
    }

    #[must_use]
    pub fn encode(&self) -> String {
        let (list, time) = match self.position {
            Position::Before(time) => (OLDER, time),
            Position::After(time) => (NEWER, time),
        };
        URL_SAFE_NO_PAD.encode(format!("{list}/{}/{time}", self.chat))
    }
}

/// The end of a page of the list of chats: `chats/<last activity>/<chat>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChatsCursor {
    /// When the last chat of the page was last active.
    pub activity: Timestamp,
    /// The last chat of the page. It gives an order to chats that were active at the same time.
    pub chat: Uuid,
}

impl ChatsCursor {
    /// Reads a cursor of the list of chats.
    ///
    /// # Errors
    /// `invalid_cursor`.
    pub fn decode(text: &str) -> Result<Self, ApiError> {
        Self::read(text).ok_or(ErrorCode::InvalidCursor.into())
    }

    fn read(text: &str) -> Option<Self> {
        let plain = decode(text)?;
        let (activity, chat) = plain.strip_prefix("chats/")?.split_once('/')?;
        let cursor = ChatsCursor {
            activity: Timestamp::parse(activity)?,
            chat: ids::parse(chat)?,
        };
        (cursor.encode() == text).then_some(cursor)
    }

    #[must_use]
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("chats/{}/{}", self.activity, self.chat))
    }
}

/// The end of a page of what a search has found: `search/<query>/<createdAt>/<chat>`. The database
/// compares the query, because it alone knows which queries are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchCursor {
    /// A hash of the words, the chat and the sender that are searched for.
    pub query: QueryHash,
    pub before: Timestamp,
    /// The chat of the last message of the page. It gives an order to messages of the same time.
    pub chat: Uuid,
}

/// 16 hex digits in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryHash(String);

impl QueryHash {
    const LENGTH: usize = 16;

    fn parse(text: &str) -> Option<Self> {
        let digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let sound = text.len() == Self::LENGTH && text.bytes().all(digit);
        sound.then(|| QueryHash(text.to_owned()))
    }
}

impl fmt::Display for QueryHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl SearchCursor {
    /// Reads a cursor of some search.
    ///
    /// # Errors
    /// `invalid_cursor`.
    pub fn decode(text: &str) -> Result<Self, ApiError> {
        Self::read(text).ok_or(ErrorCode::InvalidCursor.into())
    }

    fn read(text: &str) -> Option<Self> {
        let plain = decode(text)?;
        let (query, rest) = plain.strip_prefix("search/")?.split_once('/')?;
        let (before, chat) = rest.split_once('/')?;
        let cursor = SearchCursor {
            query: QueryHash::parse(query)?,
            before: Timestamp::parse(before)?,
            chat: ids::parse(chat)?,
        };
        (cursor.encode() == text).then_some(cursor)
    }

    #[must_use]
    pub fn encode(&self) -> String {
        let SearchCursor {
            query,
            before,
            chat,
        } = self;
        URL_SAFE_NO_PAD.encode(format!("search/{query}/{before}/{chat}"))
    }
}

/// The epoch of a position in the feed of changes. It changes when the database has been restored, so a
/// position from before is recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Epoch(String);

impl Epoch {
    pub const MAX_LENGTH: usize = 64;

    /// Reads 1 to 64 characters of `[A-Za-z0-9._-]`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let sound = (1..=Self::MAX_LENGTH).contains(&text.len()) && needs_no_escape(text);
        sound.then(|| Epoch(text.to_owned()))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn decode(text: &str) -> Option<String> {
    if text.len() > MAX_CURSOR_LENGTH {
        return None;
    }
    String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests;
