use serde_json::Value;
use shared::error::ApiError;
use shared::input::body::{self, JsonObject};
use uuid::Uuid;

/// The body of `POST /chats`: `{type: "direct", participantIds: [uuid]}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenChat {
    /// The one other participant.
    pub other_user: Uuid,
}

impl OpenChat {
    /// Reads the body.
    ///
    /// # Errors
    /// `invalid_request` with all issues.
    pub fn parse(mut body: JsonObject, caller: Uuid) -> Result<Self, ApiError> {
        if let Some(kind) = body.take_required("type") {
            body.keep("type", direct(&kind));
        }
        let other_user = body
            .take_required("participantIds")
            .and_then(|ids| body.keep("participantIds", one_other(&ids, caller)));
        body.finish(other_user.map(|other_user| OpenChat { other_user }))
    }
}

fn direct(kind: &Value) -> Result<(), &'static str> {
    match kind.as_str() {
        Some("direct") => Ok(()),
        Some("event_authors" | "approved_group") => {
            Err("must be \"direct\": chats of this type are created by their event or group")
        }
        Some(_) => Err("must be \"direct\""),
        None => Err("must be a string"),
    }
}

fn one_other(ids: &Value, caller: Uuid) -> Result<Uuid, &'static str> {
    match ids.as_array().map(Vec::as_slice) {
        None => Err("must be an array of one user id"),
        Some([]) => Err("must name the other participant"),
        Some([id]) => match body::as_id(id) {
            Ok(id) if id == caller => Err("must be the id of another user"),
            Ok(id) => Ok(id),
            Err(_) => Err("must hold a UUID"),
        },
        Some(_) => Err("must name one participant only"),
    }
}

#[cfg(test)]
mod tests {
    use shared::error::FieldIssue;
    use shared::input::ids;

    use super::*;

    const CALLER: &str = "11111111-1111-4111-8111-111111111111";
    const OTHER: &str = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";

    fn id(text: &str) -> Uuid {
        ids::parse(text).unwrap()
    }

    fn open(json: &str) -> Result<OpenChat, ApiError> {
        OpenChat::parse(JsonObject::parse(json.as_bytes()).unwrap(), id(CALLER))
    }

    #[test]
    fn one_other_user_is_enough() {
        let json = format!(
            r#"{{"type":"direct","participantIds":["{}"]}}"#,
            OTHER.to_uppercase()
        );
        assert_eq!(
            open(&json),
            Ok(OpenChat {
                other_user: id(OTHER)
            })
        );
    }

    #[test]
    fn each_wrong_list_has_its_own_issue() {
        for (ids, issue) in [
            ("[]".to_owned(), "must name the other participant"),
            (
                format!(r#"["{OTHER}","{CALLER}"]"#),
                "must name one participant only",
            ),
            (format!(r#"["{CALLER}"]"#), "must be the id of another user"),
            (r#"["bob"]"#.to_owned(), "must hold a UUID"),
            ("[7]".to_owned(), "must hold a UUID"),
            ("[null]".to_owned(), "must hold a UUID"),
            (format!(r#""{OTHER}""#), "must be an array of one user id"),
            ("null".to_owned(), "is required"),
        ] {
            assert_eq!(
                open(&format!(r#"{{"type":"direct","participantIds":{ids}}}"#)),
                Err(ApiError::invalid_field("participantIds", issue)),
                "{ids}"
            );
        }
    }

    #[test]
    fn each_wrong_type_has_its_own_issue() {
        for (kind, issue) in [
            (
                "\"event_authors\"",
                "must be \"direct\": chats of this type are created by their event or group",
            ),
            (
                "\"approved_group\"",
                "must be \"direct\": chats of this type are created by their event or group",
            ),
            ("\"Direct\"", "must be \"direct\""),
            ("\"\"", "must be \"direct\""),
            ("1", "must be a string"),
            ("null", "is required"),
        ] {
            assert_eq!(
                open(&format!(
                    r#"{{"type":{kind},"participantIds":["{OTHER}"]}}"#
                )),
                Err(ApiError::invalid_field("type", issue)),
                "{kind}"
            );
        }
    }

    #[test]
    fn an_empty_object_lacks_both() {
        assert_eq!(
            open("{}"),
            Err(ApiError::invalid_fields(vec![
                FieldIssue {
                    path: "type",
                    issue: "is required"
                },
                FieldIssue {
                    path: "participantIds",
                    issue: "is required"
                },
            ]))
        );
    }
}
