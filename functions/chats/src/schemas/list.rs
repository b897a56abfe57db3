use shared::error::ApiError;
use shared::http::query;
use shared::input::cursor::{ChatsCursor, Cursor, ListPosition};

/// The query of `GET /chats`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListChats {
    pub limit: u8,
    pub part: Part,
}

/// Which of the caller's chats are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A page of those that are archived, or of the others.
    Page {
        archived: bool,
        /// The end of the page before.
        cursor: Option<ChatsCursor>,
    },
    /// Those that have changed since a position.
    Since(ListPosition),
}

impl ListChats {
    /// Reads `?limit=&archived=&cursor=` or `?limit=&since=`.
    ///
    /// # Errors
    /// `invalid_request` for `limit`, `archived`, and for `since` beside one of the others; `invalid_cursor`.
    pub fn parse(query: &str) -> Result<Self, ApiError> {
        let limit = query::limit(query)?;
        let archived = query::parameter(query, "archived")?;
        let cursor = query::parameter(query, "cursor")?;
        let part = match query::parameter(query, "since")? {
            Some(_) if archived.is_some() || cursor.is_some() => {
                return Err(ApiError::invalid_field(
                    "since",
                    "must not be beside archived or cursor",
                ));
            }
            Some(since) => Part::Since(ListPosition::decode(since)?),
            None => Part::Page {
                archived: match archived {
                    None | Some("false") => false,
                    Some("true") => true,
                    Some(_) => {
                        return Err(ApiError::invalid_field("archived", "must be true or false"));
                    }
                },
                cursor: cursor.map(ChatsCursor::decode).transpose()?,
            },
        };
        Ok(ListChats { limit, part })
    }
}

#[cfg(test)]
mod tests {
    use shared::error::ErrorCode;

    use super::*;

    const CHAT: &str = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";
    /// chats/2026-04-01T12:30:00.000120Z/0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d
    const CURSOR: &str = "Y2hhdHMvMjAyNi0wNC0wMVQxMjozMDowMC4wMDAxMjBaLzBhNWI3YzlkLTFlMmYtNGEzYi04YzRkLTVlNmY3YThiOWMwZA";
    /// list/3f0c8d5a9b7e1246/48213
    const SINCE: &str = "bGlzdC8zZjBjOGQ1YTliN2UxMjQ2LzQ4MjEz";

    fn page(query: &str) -> (u8, bool, Option<ChatsCursor>) {
        let ListChats { limit, part } = ListChats::parse(query).unwrap();
        match part {
            Part::Page { archived, cursor } => (limit, archived, cursor),
            Part::Since(_) => panic!("{query}"),
        }
    }

    #[test]
    fn everything_is_optional() {
        assert_eq!(page(""), (50, false, None));
        assert_eq!(page("archived=false"), (50, false, None));
        let (limit, archived, cursor) = page(&format!("limit=100&archived=true&cursor={CURSOR}"));
        assert_eq!((limit, archived), (100, true));
        let cursor = cursor.unwrap();
        assert_eq!(cursor.chat.to_string(), CHAT);
        assert_eq!(cursor.activity.to_string(), "2026-04-01T12:30:00.000120Z");
    }

    #[test]
    fn since_is_a_position_of_the_list() {
        let asked = ListChats::parse(&format!("limit=7&since={SINCE}")).unwrap();
        assert_eq!(asked.limit, 7);
        let Part::Since(position) = asked.part else {
            panic!("a page");
        };
        assert_eq!((position.from, position.page), (48_213, None));
        assert_eq!(position.epoch.to_string(), "3f0c8d5a9b7e1246");
    }

    #[test]
    fn each_has_its_own_error() {
        let code = |query: &str| ListChats::parse(query).unwrap_err().code;
        assert_eq!(code("limit=0&cursor=x"), ErrorCode::InvalidRequest);
        for query in [
            "cursor=x", "cursor=", "cursor", "since=x", "since=", "since",
        ] {
            assert_eq!(code(query), ErrorCode::InvalidCursor, "{query}");
        }
        assert_eq!(code(&format!("since={CURSOR}")), ErrorCode::InvalidCursor);
        assert_eq!(code(&format!("cursor={SINCE}")), ErrorCode::InvalidCursor);
        for refused in ["", "1", "True", "TRUE", "yes", "null"] {
            assert_eq!(
                ListChats::parse(&format!("archived={refused}")),
                Err(ApiError::invalid_field("archived", "must be true or false")),
                "{refused}"
            );
        }
    }

    #[test]
    fn since_stands_alone() {
        for other in ["archived=false", "archived=true", "cursor=x", "archived=x"] {
            assert_eq!(
                ListChats::parse(&format!("since={SINCE}&{other}")),
                Err(ApiError::invalid_field(
                    "since",
                    "must not be beside archived or cursor"
                )),
                "{other}"
            );
        }
    }
}
