//! The epoch of a position in a feed: which life of the database the position belongs to.

use std::fmt;

use crate::plain::is_plain;

/// An epoch as the database wrote it. What it means is the database's to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Epoch(String);

impl Epoch {
    const MAX_LENGTH: usize = 64;

    /// Reads 1 to 64 of `[A-Za-z0-9._-]`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let sound = (1..=Self::MAX_LENGTH).contains(&text.len()) && is_plain(text);
        sound.then(|| Epoch(text.to_owned()))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_is_read_as_it_was_written() {
        for text in ["7", "7412345678901234567-1", "a.B_c-9", &"x".repeat(64)] {
            assert_eq!(Epoch::parse(text).unwrap().to_string(), text);
        }
        for text in ["", " ", "a b", "a&b", "%31", "é", "a\0", &"x".repeat(65)] {
            assert_eq!(Epoch::parse(text), None, "{text:?}");
        }
    }
}
