use std::collections::BTreeSet;

use serde_json::Value;
use shared::error::ApiError;
use shared::http::query;
use shared::input::body::{JsonObject, as_id};
use shared::input::cursor::{Cursor, MentionsCursor};
use uuid::Uuid;

use crate::constants::MAX_MENTIONS;

/// Takes the optional `mentions` of a body: the people whom a message mentions. An empty list is not absent.
pub fn take(body: &mut JsonObject) -> Option<Vec<Uuid>> {
    let value = body.take("mentions")?;
    body.keep("mentions", as_people(&value))
}

fn as_people(value: &Value) -> Result<Vec<Uuid>, &'static str> {
    let ids = value.as_array().ok_or("must be a list of UUIDs")?;
    if ids.len() > MAX_MENTIONS {
        return Err("must have at most 50 ids");
    }
    let people = ids.iter().map(as_id).collect::<Result<Vec<Uuid>, _>>();
    let people = people.map_err(|_| "must be a list of UUIDs")?;
    if people.iter().collect::<BTreeSet<_>>().len() < people.len() {
        return Err("must not have an id twice");
    }
    Ok(people)
}

/// The query of `GET /mentions`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListMentions {
    pub limit: u8,
    /// The end of the page before.
    pub cursor: Option<MentionsCursor>,
}

impl ListMentions {
    /// Reads `?limit=&cursor=`.
    ///
    /// # Errors
    /// `invalid_request` for `limit`, `invalid_cursor`.
    pub fn parse(query: &str) -> Result<Self, ApiError> {
        let limit = query::limit(query)?;
        let cursor = query::parameter(query, "cursor")?;
        let cursor = cursor.map(MentionsCursor::decode).transpose()?;
        Ok(ListMentions { limit, cursor })
    }
}

#[cfg(test)]
mod tests {
    use shared::error::ErrorCode;
    use shared::input::ids;

    use super::*;

    const ALICE: &str = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";
    const BOB: &str = "22222222-2222-4222-8222-222222222222";

    fn people(json: &str) -> Result<Option<Vec<Uuid>>, ApiError> {
        let mut body = JsonObject::parse(json.as_bytes()).unwrap();
        let people = take(&mut body);
        body.finish(Some(people))
    }

    #[test]
    fn people_are_named_by_their_ids() {
        let id = |text| ids::parse(text).unwrap();
        assert_eq!(people("{}"), Ok(None));
        assert_eq!(people(r#"{"mentions":null}"#), Ok(None));
        assert_eq!(people(r#"{"mentions":[]}"#), Ok(Some(vec![])));
        assert_eq!(
            people(&format!(r#"{{"mentions":["{BOB}","{ALICE}"]}}"#)),
            Ok(Some(vec![id(BOB), id(ALICE)]))
        );
    }

    #[test]
    fn a_list_of_another_kind_is_refused() {
        let many = vec![format!("\"{ALICE}\""); 51].join(",");
        let upper = ALICE.to_uppercase();
        for (list, issue) in [
            ("{}", "must be a list of UUIDs"),
            ("\"x\"", "must be a list of UUIDs"),
            ("[null]", "must be a list of UUIDs"),
            ("[\"alice\"]", "must be a list of UUIDs"),
            (&format!("[{many}]"), "must have at most 50 ids"),
            (
                &format!("[\"{ALICE}\",\"{upper}\"]"),
                "must not have an id twice",
            ),
        ] {
            assert_eq!(
                people(&format!(r#"{{"mentions":{list}}}"#)),
                Err(ApiError::invalid_field("mentions", issue)),
                "{list}"
            );
        }
        assert_eq!(MAX_MENTIONS, 50);
    }

    #[test]
    fn limit_and_cursor_are_optional() {
        assert_eq!(
            ListMentions::parse(""),
            Ok(ListMentions {
                limit: 50,
                cursor: None
            })
        );
        let code = |query| ListMentions::parse(query).unwrap_err().code;
        assert_eq!(code("limit=0"), ErrorCode::InvalidRequest);
        assert_eq!(code("cursor="), ErrorCode::InvalidCursor);
    }
}
