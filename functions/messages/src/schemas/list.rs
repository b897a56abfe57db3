use shared::error::ApiError;
use shared::http::query;
use shared::input::cursor::MessagesCursor;
use uuid::Uuid;

/// The query of `GET /chats/:id/messages`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListMessages {
    pub limit: u8,
    /// The end of the page before.
    pub cursor: Option<MessagesCursor>,
}

impl ListMessages {
    /// Reads `?limit=&cursor=` for a chat.
    ///
    /// # Errors
    /// `invalid_request` for `limit`, `invalid_cursor`.
    pub fn parse(query: &str, chat: Uuid) -> Result<Self, ApiError> {
        let limit = query::limit(query)?;
        let cursor = query::parameter(query, "cursor")?
            .map(|cursor| MessagesCursor::decode(cursor, chat))
            .transpose()?;
        Ok(ListMessages { limit, cursor })
    }
}

#[cfg(test)]
mod tests {
    use shared::error::ErrorCode;
    use shared::input::ids;

    use super::*;

    const CHAT: &str = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";
    const KEY: &str = "22222222-2222-4222-8222-222222222222";

    fn id(text: &str) -> Uuid {
        ids::parse(text).unwrap()
    }

    #[test]
    fn limit_and_cursor_are_optional() {
        assert_eq!(
            ListMessages::parse("", id(CHAT)),
            Ok(ListMessages {
                limit: 50,
                cursor: None
            })
        );
        // messages/0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d/2026-04-01T12:30:00.000120Z
        let text = "bWVzc2FnZXMvMGE1YjdjOWQtMWUyZi00YTNiLThjNGQtNWU2ZjdhOGI5YzBkLzIwMjYtMDQtMDFUMTI6MzA6MDAuMDAwMTIwWg";
        let query = format!("cursor={text}&limit=1");
        let page = ListMessages::parse(&query, id(CHAT)).unwrap();
        assert_eq!(page.limit, 1);
        assert_eq!(
            page.cursor.unwrap().before.to_string(),
            "2026-04-01T12:30:00.000120Z"
        );
        assert_eq!(
            ListMessages::parse(&query, id(KEY)),
            Err(ErrorCode::InvalidCursor.into())
        );
    }

    #[test]
    fn each_has_its_own_error() {
        let code = |query| ListMessages::parse(query, id(CHAT)).unwrap_err().code;
        assert_eq!(code("limit=101"), ErrorCode::InvalidRequest);
        assert_eq!(code("cursor="), ErrorCode::InvalidCursor);
    }
}
