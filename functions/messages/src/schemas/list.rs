use shared::error::ApiError;
use shared::http::query;
use shared::input::cursor::{MessagesCursor, Position};
use shared::input::ids;
use uuid::Uuid;

use crate::constants::UNREAD;

/// The query of `GET /chats/:id/messages`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListMessages {
    pub limit: u8,
    pub window: Window,
}

/// Which of a chat's messages are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    Newest,
    /// Those beside another page.
    Page(Position),
    /// Those around a message.
    Around(Uuid),
    /// Those around the first unread message.
    AroundUnread,
}

impl ListMessages {
    /// Reads `?limit=&cursor=&around=` for a chat.
    ///
    /// # Errors
    /// `invalid_request` for `limit`, for `around`, and if both `around` and `cursor` are given;
    /// `invalid_cursor`.
    pub fn parse(query: &str, chat: Uuid) -> Result<Self, ApiError> {
        let limit = query::limit(query)?;
        let cursor = query::parameter(query, "cursor")?
            .map(|cursor| MessagesCursor::of_chat(chat, cursor))
            .transpose()?;
        let wrong = |issue| ApiError::invalid_field("around", issue);
        let window = match (query::parameter(query, "around")?, cursor) {
            (None, None) => Window::Newest,
            (None, Some(cursor)) => Window::Page(cursor.position),
            (Some(_), Some(_)) => return Err(wrong("must not be given with a cursor")),
            (Some(UNREAD), None) => Window::AroundUnread,
            (Some(id), None) => Window::Around(
                ids::parse(id).ok_or_else(|| wrong("must be a UUID or the word unread"))?,
            ),
        };
        Ok(ListMessages { limit, window })
    }
}

#[cfg(test)]
mod tests {
    use shared::error::ErrorCode;

    use super::*;

    const CHAT: &str = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";
    const KEY: &str = "22222222-2222-4222-8222-222222222222";
    /// messages/0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d/2026-04-01T12:30:00.000120Z
    const OLDER: &str = "bWVzc2FnZXMvMGE1YjdjOWQtMWUyZi00YTNiLThjNGQtNWU2ZjdhOGI5YzBkLzIwMjYtMDQtMDFUMTI6MzA6MDAuMDAwMTIwWg";
    /// newer-messages/0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d/2026-04-01T12:30:00.000120Z
    const NEWER: &str = "bmV3ZXItbWVzc2FnZXMvMGE1YjdjOWQtMWUyZi00YTNiLThjNGQtNWU2ZjdhOGI5YzBkLzIwMjYtMDQtMDFUMTI6MzA6MDAuMDAwMTIwWg";

    fn id(text: &str) -> Uuid {
        ids::parse(text).unwrap()
    }

    fn window(query: &str) -> Window {
        ListMessages::parse(query, id(CHAT)).unwrap().window
    }

    #[test]
    fn all_are_optional() {
        assert_eq!(
            ListMessages::parse("", id(CHAT)),
            Ok(ListMessages {
                limit: 50,
                window: Window::Newest
            })
        );
        let page = ListMessages::parse("limit=1&around=unread", id(CHAT));
        assert_eq!(page.unwrap().limit, 1);
    }

    #[test]
    fn a_cursor_leads_to_older_or_to_newer_messages() {
        let time = "2026-04-01T12:30:00.000120Z";
        match window(&format!("cursor={OLDER}&limit=1")) {
            Window::Page(Position::Before(before)) => assert_eq!(before.to_string(), time),
            other => panic!("{other:?}"),
        }
        match window(&format!("limit=1&cursor={NEWER}")) {
            Window::Page(Position::After(after)) => assert_eq!(after.to_string(), time),
            other => panic!("{other:?}"),
        }
        for cursor in [OLDER, NEWER] {
            assert_eq!(
                ListMessages::parse(&format!("cursor={cursor}"), id(KEY)),
                Err(ErrorCode::InvalidCursor.into())
            );
        }
    }

    #[test]
    fn a_window_is_around_a_message_or_the_first_unread_one() {
        assert_eq!(window("around=unread"), Window::AroundUnread);
        assert_eq!(window(&format!("around={KEY}")), Window::Around(id(KEY)));
        for (query, issue) in [
            ("around=", "must be a UUID or the word unread"),
            ("around=UNREAD", "must be a UUID or the word unread"),
            ("around=7", "must be a UUID or the word unread"),
            (
                &*format!("around=unread&cursor={OLDER}"),
                "must not be given with a cursor",
            ),
            ("around=unread&around=unread", "must be given only once"),
        ] {
            assert_eq!(
                ListMessages::parse(query, id(CHAT)),
                Err(ApiError::invalid_field("around", issue)),
                "{query}"
            );
        }
    }

    #[test]
    fn each_has_its_own_error() {
        let code = |query| ListMessages::parse(query, id(CHAT)).unwrap_err().code;
        assert_eq!(code("limit=101"), ErrorCode::InvalidRequest);
        assert_eq!(code("cursor="), ErrorCode::InvalidCursor);
    }
}
