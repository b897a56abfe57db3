//! The emoji of a reaction: an emoji, or a short code of the app's own.

use shared::error::ApiError;
use shared::http::path::decoded;
use shared::input::text::is_invisible;

use crate::constants::MAX_EMOJI_BYTES;

/// The name of the path's part and of the query's parameter.
const EMOJI: &str = "emoji";

/// Reads an emoji that is a segment of the path, percent-encoded.
///
/// # Errors
/// `invalid_request`.
pub fn from_path(segment: &str) -> Result<String, ApiError> {
    let not_utf8 = || ApiError::invalid_field(EMOJI, "must be percent-encoded UTF-8");
    check(decoded(segment).ok_or_else(not_utf8)?)
}

/// Checks a decoded emoji. The database has the same rule.
///
/// # Errors
/// `invalid_request`.
pub fn check(emoji: String) -> Result<String, ApiError> {
    let issue = if emoji.is_empty() || emoji.len() > MAX_EMOJI_BYTES {
        "must have 1 to 64 bytes"
    } else if emoji.chars().any(is_forbidden) {
        "must not have white space, control characters or slashes"
    } else if emoji.chars().all(is_invisible) {
        "must have a visible character"
    } else if matches!(&*emoji, "." | "..") {
        // Such a path means another.
        "must not consist of dots"
    } else {
        return Ok(emoji);
    };
    Err(ApiError::invalid_field(EMOJI, issue))
}

fn is_forbidden(character: char) -> bool {
    character.is_whitespace() || character.is_control() || character == '/'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_emoji_or_a_short_code_is_kept_as_it_is() {
        for (segment, emoji) in [
            ("%F0%9F%91%8D", "👍"),
            ("%E2%9D%A4%EF%B8%8F", "❤\u{fe0f}"),
            (
                "%F0%9F%91%A9%E2%80%8D%F0%9F%91%A9%E2%80%8D%F0%9F%91%A7",
                "👩\u{200d}👩\u{200d}👧",
            ),
            ("party_parrot", "party_parrot"),
            ("+1", "+1"),
            ("%2B1", "+1"),
            ("...", "..."),
            ("%2541", "%41"),
        ] {
            assert_eq!(from_path(segment), Ok(emoji.to_owned()), "{segment}");
        }
        let longest = "🧑🏿\u{200d}❤\u{fe0f}\u{200d}💋\u{200d}🧑🏻";
        assert_eq!(check(longest.to_owned()), Ok(longest.to_owned()));
        assert_eq!(check("x".repeat(64)), Ok("x".repeat(64)));
    }

    #[test]
    fn everything_else_is_refused() {
        let forbidden = "must not have white space, control characters or slashes";
        for (segment, issue) in [
            ("", "must have 1 to 64 bytes"),
            (&"x".repeat(65), "must have 1 to 64 bytes"),
            (&"%F0%9F%91%8D".repeat(17), "must have 1 to 64 bytes"),
            ("%", "must be percent-encoded UTF-8"),
            ("%F0%9F%91", "must be percent-encoded UTF-8"),
            ("%FF", "must be percent-encoded UTF-8"),
            ("a%20b", forbidden),
            ("a%C2%A0", forbidden),
            ("%E3%80%80", forbidden),
            ("%00", forbidden),
            ("%0A", forbidden),
            ("%C2%85", forbidden),
            ("%2f", forbidden),
            ("..%2F", forbidden),
            ("%E2%80%8B", "must have a visible character"),
            ("%EF%B8%8F%E2%80%8D", "must have a visible character"),
            ("%2e", "must not consist of dots"),
            ("%2E.", "must not consist of dots"),
        ] {
            assert_eq!(
                from_path(segment),
                Err(ApiError::invalid_field("emoji", issue)),
                "{segment}"
            );
        }
        assert_eq!(MAX_EMOJI_BYTES, 64);
    }

    proptest! {
        #[test]
        fn a_segment_of_any_kind_is_an_emoji_or_refused(segment in "(%[0-9a-fA-F]{2}|%|.){0,24}") {
            if let Ok(emoji) = from_path(&segment) {
                prop_assert!((1..=MAX_EMOJI_BYTES).contains(&emoji.len()));
                prop_assert!(!emoji.chars().any(is_forbidden));
            }
        }
    }
}
