use shared::error::ApiError;
use shared::http::query;
use shared::input::cursor::{Cursor, SearchCursor};
use uuid::Uuid;

use crate::constants::MAX_SEARCH_SCALARS;

/// The query of `GET /search`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchMessages {
    /// Trimmed, 1 to 200 scalar values. The database finds the words in it.
    pub q: String,
    /// The only chat to search.
    pub chat: Option<Uuid>,
    /// The only sender whose messages are found.
    pub sender: Option<Uuid>,
    /// The end of the page before.
    pub cursor: Option<SearchCursor>,
    pub limit: u8,
}

impl SearchMessages {
    /// Reads `?q=&chatId=&senderId=&cursor=&limit=`.
    ///
    /// # Errors
    /// `invalid_request`, `invalid_cursor`.
    pub fn parse(query: &str) -> Result<Self, ApiError> {
        let wrong = |issue| ApiError::invalid_field("q", issue);
        let q = query::text(query, "q")?.ok_or_else(|| wrong("is required"))?;
        Ok(SearchMessages {
            q: cleaned(&q).map_err(wrong)?.to_owned(),
            chat: query::id(query, "chatId")?,
            sender: query::id(query, "senderId")?,
            cursor: query::parameter(query, "cursor")?
                .map(SearchCursor::decode)
                .transpose()?,
            limit: query::limit(query)?,
        })
    }
}

fn cleaned(q: &str) -> Result<&str, &'static str> {
    let q = q.trim();
    if q.contains('\0') {
        return Err("must not contain NUL");
    }
    match q.chars().count() {
        1..=MAX_SEARCH_SCALARS => Ok(q),
        _ => Err("must have 1 to 200 characters after trimming"),
    }
}

#[cfg(test)]
mod tests {
    use shared::error::ErrorCode;
    use shared::input::ids;

    use super::*;

    const CHAT: &str = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";
    const ALICE: &str = "22222222-2222-4222-8222-222222222222";
    /// search/0123456789abcdef/2026-04-01T12:30:00.000120Z/0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d
    const CURSOR: &str = "c2VhcmNoLzAxMjM0NTY3ODlhYmNkZWYvMjAyNi0wNC0wMVQxMjozMDowMC4wMDAxMjBaLzBhNWI3YzlkLTFlMmYtNGEzYi04YzRkLTVlNmY3YThiOWMwZA";

    fn q(text: &str) -> Result<String, ApiError> {
        SearchMessages::parse(&format!("q={text}")).map(|search| search.q)
    }

    #[test]
    fn only_the_words_are_required() {
        assert_eq!(
            SearchMessages::parse("q=run"),
            Ok(SearchMessages {
                q: "run".to_owned(),
                chat: None,
                sender: None,
                cursor: None,
                limit: 50
            })
        );
        let query = format!("q=run&chatId={CHAT}&senderId={ALICE}&cursor={CURSOR}&limit=7");
        assert_eq!(
            SearchMessages::parse(&query),
            Ok(SearchMessages {
                q: "run".to_owned(),
                chat: ids::parse(CHAT),
                sender: ids::parse(ALICE),
                cursor: SearchCursor::decode(CURSOR).ok(),
                limit: 7
            })
        );
    }

    #[test]
    fn words_are_decoded_and_trimmed() {
        assert_eq!(q("+caf%C3%A9%20Sonntag+"), Ok("café Sonntag".to_owned()));
        let longest = "é".repeat(200);
        assert_eq!(q(&format!("+{longest}")), Ok(longest.clone()));
        for (text, issue) in [
            ("", "must have 1 to 200 characters after trimming"),
            ("+%0A", "must have 1 to 200 characters after trimming"),
            (
                &*format!("{longest}x"),
                "must have 1 to 200 characters after trimming",
            ),
            ("a%00b", "must not contain NUL"),
            ("%FF", "must be percent-encoded UTF-8"),
            ("a&q=a", "must be given only once"),
        ] {
            assert_eq!(q(text), Err(ApiError::invalid_field("q", issue)), "{text}");
        }
        assert_eq!(
            SearchMessages::parse("limit=1"),
            Err(ApiError::invalid_field("q", "is required"))
        );
    }

    #[test]
    fn each_other_parameter_has_its_own_error() {
        let error = |query: &str| SearchMessages::parse(&format!("q=a&{query}")).unwrap_err();
        for name in ["chatId", "senderId"] {
            assert_eq!(
                error(&format!("{name}=7")),
                ApiError::invalid_field(name, "must be a UUID")
            );
        }
        assert_eq!(error("cursor=x").code, ErrorCode::InvalidCursor);
        assert_eq!(error("limit=0").code, ErrorCode::InvalidRequest);
    }
}
