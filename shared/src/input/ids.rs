//! Ids: UUIDs in their canonical form.

use uuid::Uuid;

use crate::error::{ApiError, ErrorCode};

/// The length of 8-4-4-4-12 hex digits. No other form that the uuid crate reads has this length.
const HYPHENATED_LENGTH: usize = 36;

/// Reads a UUID of 8-4-4-4-12 hex digits, in upper or lower case.
#[must_use]
pub fn parse(text: &str) -> Option<Uuid> {
    (text.len() == HYPHENATED_LENGTH)
        .then(|| Uuid::try_parse(text).ok())
        .flatten()
}

/// Reads an id that is a segment of the path.
///
/// # Errors
/// `invalid_id`.
pub fn from_path(segment: &str) -> Result<Uuid, ApiError> {
    parse(segment).ok_or_else(|| ErrorCode::InvalidId.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn either_case_is_read_and_lower_case_written() {
        let id = parse("0A5B7C9D-1E2F-4A3B-8C4D-5E6F7A8B9C0D").unwrap();
        assert_eq!(id.to_string(), "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d");
    }

    #[test]
    fn no_other_form_is_an_id() {
        for text in [
            "",
            "me",
            "0a5b7c9d1e2f4a3b8c4d5e6f7a8b9c0d",
            "{0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d}",
            "urn:uuid:0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d",
            "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0",
            "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0g",
            "0a5b7c9d-1e2f-4a3b8-c4d-5e6f7a8b9c0d",
            "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9%30",
            " a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d",
        ] {
            assert_eq!(from_path(text), Err(ErrorCode::InvalidId.into()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_accepted_id_is_written_as_it_was_read(text in "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F{}:urn-]{30,48}|.{0,40}") {
            if let Some(id) = parse(&text) {
                prop_assert_eq!(id.to_string(), text.to_ascii_lowercase());
            }
        }
    }
}
