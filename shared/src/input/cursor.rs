//! Cursors of pages, and the epoch of a feed: positions that the database makes and that clients send
//! back unchanged.
//!
//! A cursor is a list's name and the position of the last row of a page, in base64url without padding.
//! The name, and what follows it, bind it to its list, so a cursor of another list is recognised. Only the
//! canonical form is accepted: the cursor is decoded, typed, encoded again and compared. So typed values
//! go to the database, and never the caller's bytes. A forged cursor does no harm: it only says where
//! to go on among rows that the caller may see.

mod chats;
mod messages;
mod search;

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Datelike, SecondsFormat, Utc};

use crate::error::{ApiError, ErrorCode};
use crate::http::path::needs_no_escape;
use crate::http::query::whole_number;

pub use chats::{ChatsCursor, DeltaPage, ListPosition};
pub use messages::{MentionsCursor, MessagesCursor, Position, ReactionsCursor};
pub use search::{QueryHash, SearchCursor};

/// The longest cursor, a position within a delta, has 195 characters if the epoch is as long as it may be. A longer text
/// is not decoded.
pub const MAX_CURSOR_LENGTH: usize = 200;

/// A position in a list. `Display` writes it as it stands in the base64url.
pub trait Cursor: fmt::Display + Sized {
    /// Reads what `Display` writes. It may accept other forms: `decode` refuses them.
    fn parse(plain: &str) -> Option<Self>;

    /// Reads a cursor that a client sends.
    ///
    /// # Errors
    /// `invalid_cursor`.
    fn decode(text: &str) -> Result<Self, ApiError> {
        read(text).ok_or(ErrorCode::InvalidCursor.into())
    }

    #[must_use]
    fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.to_string())
    }
}

fn read<C: Cursor>(text: &str) -> Option<C> {
    if text.len() > MAX_CURSOR_LENGTH {
        return None;
    }
    let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    C::parse(&plain).filter(|cursor| cursor.encode() == text)
}

/// The largest rev: the largest `bigint` of Postgres.
pub const MAX_REV: u64 = i64::MAX.unsigned_abs();

/// Reads a count as a `bigint` of Postgres holds it: a rev, or the number of a transaction.
fn bigint(text: &str) -> Option<u64> {
    whole_number(text, MAX_REV)
}

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

#[cfg(test)]
mod tests;
