//! Cursors of pages, and the epoch of a feed: positions that the database makes and that clients send
//! back unchanged.
//!
//! A cursor is a list's name and the position of the last row of a page, in base64url without padding.
//! The name and the chat bind it to its list, so a cursor of another list is recognised. Only the
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
use crate::http::query::whole_number;
use crate::input::ids;

/// The longest cursor, a position within a delta, has 195 characters if the epoch is as long as it may be. A longer text
/// is not decoded.
pub const MAX_CURSOR_LENGTH: usize = 200;

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

    /// Reads a time that a client writes: RFC 3339 with any offset and any fraction of a second, from the
    /// year 1000 to the year 9999.
    #[must_use]
    pub fn from_client(text: &str) -> Option<Self> {
        // RFC 3339 also allows a space and small letters, which not every program reads.
        let is_plain = text.get(10..11) == Some("T") && !text.ends_with('z');
        let time = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
        (is_plain && (1000..=9999).contains(&time.year())).then_some(Timestamp(time))
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

/// The end of a page of a chat's messages: `messages/<chat>/<createdAt>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessagesCursor {
    pub chat: Uuid,
    /// All messages of the next page are older than this.
    pub before: Timestamp,
}

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
        let (chat, before) = plain.strip_prefix("messages/")?.split_once('/')?;
        let cursor = MessagesCursor {
            chat: ids::parse(chat)?,
            before: Timestamp::parse(before)?,
        };
        (cursor.encode() == text).then_some(cursor)
    }

    #[must_use]
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("messages/{}/{}", self.chat, self.before))
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

/// A position in the changes of the list of chats: `list/<epoch>/<from>`. Within a delta of several pages it is
/// `list/<epoch>/<from>/<next>/<chat>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPosition {
    pub epoch: Epoch,
    /// The client knows what the transactions before this one have changed.
    pub from: u64,
    pub page: Option<DeltaPage>,
}

/// Where a delta of several pages goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeltaPage {
    /// The position at which the delta began. The next delta goes on from there.
    pub next: u64,
    /// The last chat of the page before.
    pub after: Uuid,
}

impl ListPosition {
    /// Reads a position.
    ///
    /// # Errors
    /// `invalid_cursor`.
    pub fn decode(text: &str) -> Result<Self, ApiError> {
        Self::read(text).ok_or(ErrorCode::InvalidCursor.into())
    }

    fn read(text: &str) -> Option<Self> {
        let plain = decode(text)?;
        let mut parts = plain.strip_prefix("list/")?.split('/');
        let epoch = Epoch::parse(parts.next()?)?;
        let from = position(parts.next()?)?;
        let page = match parts.next() {
            None => None,
            Some(next) => Some(DeltaPage {
                next: position(next)?,
                after: ids::parse(parts.next()?)?,
            }),
        };
        let read = ListPosition { epoch, from, page };
        (read.encode() == text).then_some(read)
    }

    #[must_use]
    pub fn encode(&self) -> String {
        let ListPosition { epoch, from, page } = self;
        URL_SAFE_NO_PAD.encode(match page {
            None => format!("list/{epoch}/{from}"),
            Some(DeltaPage { next, after }) => format!("list/{epoch}/{from}/{next}/{after}"),
        })
    }
}

/// A number of a transaction, as a `bigint` of Postgres holds it.
fn position(text: &str) -> Option<u64> {
    whole_number(text, i64::MAX.unsigned_abs())
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
