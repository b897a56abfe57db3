use shared::error::ApiError;
use shared::http::query;
use shared::input::cursor::ReactionsCursor;
use uuid::Uuid;

use crate::schemas::emoji;

/// The query of `GET /chats/:id/messages/:msgId/reactions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListReactions {
    /// The one emoji that the client wants, if it does not want all.
    pub emoji: Option<String>,
    pub limit: u8,
    /// The end of the page before.
    pub cursor: Option<ReactionsCursor>,
}

impl ListReactions {
    /// Reads `?emoji=&limit=&cursor=` for a message.
    ///
    /// # Errors
    /// `invalid_request` for `emoji` and `limit`, `invalid_cursor`.
    pub fn parse(query: &str, message: Uuid) -> Result<Self, ApiError> {
        let limit = query::limit(query)?;
        let emoji = query::text(query, "emoji")?.map(emoji::check).transpose()?;
        let cursor = query::parameter(query, "cursor")?
            .map(|cursor| ReactionsCursor::of_message(message, cursor))
            .transpose()?;
        Ok(ListReactions {
            emoji,
            limit,
            cursor,
        })
    }
}

#[cfg(test)]
mod tests {
    use shared::error::ErrorCode;
    use shared::input::cursor::Cursor;
    use shared::input::ids;

    use super::*;

    const MESSAGE: &str = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";
    const OTHER: &str = "22222222-2222-4222-8222-222222222222";

    fn parse(query: &str) -> Result<ListReactions, ApiError> {
        ListReactions::parse(query, ids::parse(MESSAGE).unwrap())
    }

    #[test]
    fn every_parameter_is_optional() {
        assert_eq!(
            parse(""),
            Ok(ListReactions {
                emoji: None,
                limit: 50,
                cursor: None
            })
        );
        let message = ids::parse(MESSAGE).unwrap();
        let cursor = ReactionsCursor { message, after: 7 };
        let query = format!("cursor={}&emoji=%F0%9F%91%8D&limit=1", cursor.encode());
        assert_eq!(
            parse(&query),
            Ok(ListReactions {
                emoji: Some("👍".to_owned()),
                limit: 1,
                cursor: Some(cursor)
            })
        );
        assert_eq!(
            ListReactions::parse(&query, ids::parse(OTHER).unwrap()),
            Err(ErrorCode::InvalidCursor.into())
        );
    }

    #[test]
    fn each_has_its_own_error() {
        let code = |query| parse(query).unwrap_err().code;
        assert_eq!(code("limit=101"), ErrorCode::InvalidRequest);
        assert_eq!(code("cursor="), ErrorCode::InvalidCursor);
        for (query, issue) in [
            ("emoji=", "must have 1 to 64 bytes"),
            ("emoji=%f0", "must be percent-encoded UTF-8"),
            (
                "emoji=+1",
                "must not have white space, control characters or slashes",
            ),
        ] {
            assert_eq!(parse(query), Err(ApiError::invalid_field("emoji", issue)));
        }
    }
}
