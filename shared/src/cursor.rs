//! Page cursors: opaque to clients, made by the database, read here.
//!
//! A cursor is base64url without padding of a kind and the position of the last row of a page. The
//! kind and the chat bind it to its list, so a cursor of another list is told apart from a position.
//! Only the canonical writing is taken (decoded, typed, encoded again, compared), so what goes
//! upstream is typed values and never the caller's bytes. A forged cursor is harmless: a position
//! only says where to go on among rows that the caller may see.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use uuid::Uuid;

use crate::error::{ApiError, ErrorCode};
use crate::ids;

/// Well above the longest cursor (98 characters), so nothing long is ever decoded.
const MAX_CURSOR_LENGTH: usize = 128;

/// A point in time as the API writes it: UTC, exactly six fractional digits, `Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// So many seconds after 1970; `None` after the year 9999.
    #[must_use]
    pub fn from_seconds(seconds: u64) -> Option<Self> {
        let time = DateTime::from_timestamp(seconds.try_into().ok()?, 0)?;
        (time.year() <= 9999).then_some(Timestamp(time))
    }

    fn parse(text: &str) -> Option<Self> {
        // Formats given as patterns would bring chrono's whole interpreter into the module.
        let time = DateTime::parse_from_rfc3339(text).ok()?;
        let time = Timestamp(time.to_utc());
        // Postgres knows no year 0, and five digits are not the API's writing.
        ((1..=9999).contains(&time.0.year()) && time.to_string() == text).then_some(time)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

/// Where a page of a chat's messages ends: `messages/<chat>/<createdAt>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessagesCursor {
    /// The chat whose messages the list holds.
    pub chat: Uuid,
    /// The next page is older than this.
    pub before: Timestamp,
}

impl MessagesCursor {
    /// Reads a cursor of this chat's messages.
    ///
    /// # Errors
    /// `invalid_cursor` for any other text.
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

    /// Writes the cursor as the database does.
    #[must_use]
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("messages/{}/{}", self.chat, self.before))
    }
}

/// Where a page of the chat list ends: `chats/<last activity>/<chat>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChatsCursor {
    /// The last activity of the page's last chat.
    pub activity: Timestamp,
    /// The page's last chat, which orders chats of the same activity.
    pub chat: Uuid,
}

impl ChatsCursor {
    /// Reads a cursor of the chat list.
    ///
    /// # Errors
    /// `invalid_cursor` for any other text.
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

    /// Writes the cursor as the database does.
    #[must_use]
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("chats/{}/{}", self.activity, self.chat))
    }
}

fn decode(text: &str) -> Option<String> {
    if text.len() > MAX_CURSOR_LENGTH {
        return None;
    }
    String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CHAT: &str = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";
    const TIME: &str = "2026-04-01T12:30:00.000120Z";

    #[test]
    fn seconds_since_1970_are_a_time_of_the_apis() {
        let text = |seconds| Timestamp::from_seconds(seconds).map(|time| time.to_string());
        assert_eq!(text(0).as_deref(), Some("1970-01-01T00:00:00.000000Z"));
        assert_eq!(
            text(1_800_000_000).as_deref(),
            Some("2027-01-15T08:00:00.000000Z")
        );
        assert_eq!(text(253_402_300_800), None);
        assert_eq!(text(u64::MAX), None);
    }

    fn chat() -> Uuid {
        ids::parse(CHAT).unwrap()
    }

    fn encoded(plain: &str) -> String {
        URL_SAFE_NO_PAD.encode(plain)
    }

    #[test]
    fn a_messages_cursor_is_read_and_written_alike() {
        let text = encoded(&format!("messages/{CHAT}/{TIME}"));
        let cursor = MessagesCursor::decode(&text, chat()).unwrap();
        assert_eq!(cursor.chat, chat());
        assert_eq!(cursor.before.to_string(), TIME);
        assert_eq!(cursor.encode(), text);
    }

    #[test]
    fn a_chats_cursor_is_read_and_written_alike() {
        let text = encoded(&format!("chats/{TIME}/{CHAT}"));
        let cursor = ChatsCursor::decode(&text).unwrap();
        assert_eq!(cursor.chat, chat());
        assert_eq!(cursor.activity.to_string(), TIME);
        assert_eq!(cursor.encode(), text);
    }

    #[test]
    fn a_cursor_of_another_chat_or_list_is_refused() {
        let messages = encoded(&format!("messages/{CHAT}/{TIME}"));
        let chats = encoded(&format!("chats/{TIME}/{CHAT}"));
        let invalid = ApiError::from(ErrorCode::InvalidCursor);
        assert_eq!(
            MessagesCursor::decode(&messages, Uuid::nil()),
            Err(invalid.clone())
        );
        assert_eq!(MessagesCursor::decode(&chats, chat()), Err(invalid.clone()));
        assert_eq!(ChatsCursor::decode(&messages), Err(invalid));
    }

    #[test]
    fn every_truncation_and_every_changed_character_is_refused_or_another_time() {
        let text = encoded(&format!("messages/{CHAT}/{TIME}"));
        for length in 0..text.len() {
            assert!(
                MessagesCursor::decode(&text[..length], chat()).is_err(),
                "{length}"
            );
        }
        for position in 0..text.len() {
            let mut garbled = text.clone().into_bytes();
            garbled[position] = if garbled[position] == b'A' {
                b'B'
            } else {
                b'A'
            };
            let garbled = String::from_utf8(garbled).unwrap();
            // A changed digit of the time is a well-formed position; nothing else may pass.
            if let Ok(cursor) = MessagesCursor::decode(&garbled, chat()) {
                assert_eq!(cursor.chat, chat());
                assert_eq!(cursor.encode(), garbled);
            }
        }
    }

    #[test]
    fn only_the_canonical_writing_is_taken() {
        let upper = CHAT.to_uppercase();
        for plain in [
            format!("messages/{upper}/{TIME}"),
            format!("messages/{CHAT}/2026-04-01T12:30:00.00012Z"),
            format!("messages/{CHAT}/2026-04-01T12:30:00.0001200Z"),
            format!("messages/{CHAT}/2026-04-01T12:30:00Z"),
            format!("messages/{CHAT}/2026-04-01T12:30:00.000120+00:00"),
            format!("messages/{CHAT}/2026-04-01 12:30:00.000120Z"),
            format!("messages/{CHAT}/2026-4-1T12:30:00.000120Z"),
            format!("messages/{CHAT}/2026-02-30T12:30:00.000120Z"),
            format!("messages/{CHAT}/2026-04-01T24:00:00.000000Z"),
            format!("messages/{CHAT}/0000-04-01T12:30:00.000000Z"),
            format!("messages/{CHAT}/-001-04-01T12:30:00.000000Z"),
            format!("messages/{CHAT}/+12026-04-01T12:30:00.000000Z"),
            format!("messages/{CHAT}/{TIME}/"),
            format!("messages/{CHAT}/{TIME} "),
            format!(" messages/{CHAT}/{TIME}"),
            format!("messages//{TIME}"),
            format!("messages/{CHAT}/infinity"),
            format!("messages/{CHAT}"),
            String::new(),
        ] {
            assert!(
                MessagesCursor::decode(&encoded(&plain), chat()).is_err(),
                "{plain}"
            );
        }
        let text = encoded(&format!("messages/{CHAT}/{TIME}"));
        for text in [
            format!("{text}="),
            format!("{text}=="),
            format!(" {text}"),
            format!("{text}\n"),
            "%".to_owned(),
        ] {
            assert!(MessagesCursor::decode(&text, chat()).is_err(), "{text}");
        }
        assert!(MessagesCursor::decode(&"A".repeat(100_000), chat()).is_err());
    }

    proptest! {
        #[test]
        fn every_cursor_is_read_as_it_was_written(chat: u128, seconds in -62_135_596_800i64..253_402_300_800, micros in 0u32..1_000_000) {
            let chat = Uuid::from_u128(chat);
            let time = DateTime::from_timestamp(seconds, micros * 1_000).unwrap();
            let messages = MessagesCursor { chat, before: Timestamp(time) };
            prop_assert_eq!(MessagesCursor::decode(&messages.encode(), chat), Ok(messages));
            let chats = ChatsCursor { chat, activity: Timestamp(time) };
            prop_assert_eq!(ChatsCursor::decode(&chats.encode()), Ok(chats));
            prop_assert!(ChatsCursor::decode(&messages.encode()).is_err());
        }

        #[test]
        fn whatever_is_read_is_canonical(plain in "(chats|messages)/[0-9a-fTZ:./-]{0,80}|.{0,80}", text in "[A-Za-z0-9_=-]{0,130}|.{0,60}") {
            for text in [encoded(&plain), text] {
                if let Some(cursor) = MessagesCursor::read(&text) {
                    prop_assert_eq!(cursor.encode(), text.clone());
                }
                if let Some(cursor) = ChatsCursor::read(&text) {
                    prop_assert_eq!(cursor.encode(), text);
                }
            }
        }
    }
}
