use shared::error::ApiError;
use shared::http::query;
use shared::input::cursor::Epoch;

use crate::constants::MAX_REV;

/// The query of `GET /chats/:id/changes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListChanges {
    /// The rev up to which the client has the chat; 0 if it has nothing.
    pub since: u64,
    /// The epoch of that rev, if the client has one.
    pub epoch: Option<Epoch>,
    pub limit: u8,
}

impl ListChanges {
    /// Reads `?since=&epoch=&limit=`.
    ///
    /// # Errors
    /// `invalid_request`. `since` has no default, because a client that forgets it would read the whole
    /// chat.
    pub fn parse(query: &str) -> Result<Self, ApiError> {
        let limit = query::limit(query)?;
        let since = query::parameter(query, "since")?
            .ok_or_else(|| ApiError::invalid_field("since", "is required"))?;
        let since = query::whole_number(since, MAX_REV)
            .ok_or_else(|| ApiError::invalid_field("since", "must be a whole number, 0 or more"))?;
        let epoch = query::parameter(query, "epoch")?
            .map(|epoch| {
                Epoch::parse(epoch).ok_or_else(|| {
                    ApiError::invalid_field("epoch", "must be the epoch of an earlier reply")
                })
            })
            .transpose()?;
        Ok(ListChanges {
            since,
            epoch,
            limit,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_whole_number() {
        assert_eq!(
            ListChanges::parse("since=0"),
            Ok(ListChanges {
                since: 0,
                epoch: None,
                limit: 50
            })
        );
        assert_eq!(
            ListChanges::parse("limit=7&since=9223372036854775807"),
            Ok(ListChanges {
                since: MAX_REV,
                epoch: None,
                limit: 7
            })
        );
        assert_eq!(
            ListChanges::parse("limit=7"),
            Err(ApiError::invalid_field("since", "is required"))
        );
        for refused in ["", "-1", "+1", "1.0", "9223372036854775808", "%31", "one"] {
            assert_eq!(
                ListChanges::parse(&format!("since={refused}")),
                Err(ApiError::invalid_field(
                    "since",
                    "must be a whole number, 0 or more"
                )),
                "{refused}"
            );
        }
    }

    #[test]
    fn an_epoch_is_optional_and_kept_unchanged() {
        let epoch = |query: &str| ListChanges::parse(query).unwrap().epoch;
        assert_eq!(epoch("since=7"), None);
        for text in ["7412345678901234567-1", "x", "A.b_c", &"x".repeat(64)] {
            let read = epoch(&format!("since=7&epoch={text}"));
            assert_eq!(read, Epoch::parse(text), "{text}");
        }
    }

    #[test]
    fn a_text_that_is_not_an_epoch_is_refused() {
        for text in ["", "a%20b", "a+b", "a/b", "é", "%00", &"x".repeat(65)] {
            assert_eq!(
                ListChanges::parse(&format!("since=7&epoch={text}")),
                Err(ApiError::invalid_field(
                    "epoch",
                    "must be the epoch of an earlier reply"
                )),
                "{text}"
            );
        }
        assert_eq!(
            ListChanges::parse("since=7&epoch=a&epoch=a"),
            Err(ApiError::invalid_field("epoch", "must be given only once"))
        );
    }
}
