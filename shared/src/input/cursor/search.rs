use std::fmt;

use uuid::Uuid;

use super::{Cursor, Timestamp};
use crate::input::ids;

/// The end of a page of what a search has found: `search/<query>/<createdAt>/<message>`. The
/// database compares the query, because it alone knows which queries are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchCursor {
    /// A hash of the words, the chat and the sender that are searched for.
    pub query: QueryHash,
    pub before: Timestamp,
    /// The last message of the page. It gives an order to messages of the same time.
    pub message: Uuid,
}

impl Cursor for SearchCursor {
    fn parse(plain: &str) -> Option<Self> {
        let (query, rest) = plain.strip_prefix("search/")?.split_once('/')?;
        let (before, message) = rest.split_once('/')?;
        Some(SearchCursor {
            query: QueryHash::parse(query)?,
            before: Timestamp::parse(before)?,
            message: ids::parse(message)?,
        })
    }
}

impl fmt::Display for SearchCursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SearchCursor {
            query,
            before,
            message,
        } = self;
        write!(formatter, "search/{query}/{before}/{message}")
    }
}

/// 16 hex digits in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryHash(String);

impl QueryHash {
    const LENGTH: usize = 16;

    pub(super) fn parse(text: &str) -> Option<Self> {
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
