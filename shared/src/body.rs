//! Reads a JSON object and collects everything that is wrong with it.
//!
//! A caller takes member by member; each wrong one leaves an issue behind and gives `None`, so one
//! answer names all faults. [`JsonObject::finish`] turns the collected issues into the error.
//! Unknown members are ignored, and `null` counts as absent.

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::error::{ApiError, ErrorCode, FieldIssue};
use crate::json::Strict;
use crate::{ids, text};

/// A request body on its way to a typed value.
#[derive(Debug)]
pub struct JsonObject {
    members: Map<String, Value>,
    issues: Vec<FieldIssue>,
}

impl JsonObject {
    /// Parses the body.
    ///
    /// # Errors
    /// `invalid_json` for what is no JSON, which lone surrogates and invalid UTF-8 are too, and for
    /// what [`json`](crate::json) refuses beyond that; `invalid_request` for JSON that is no object.
    pub fn parse(bytes: &[u8]) -> Result<Self, ApiError> {
        match serde_json::from_slice(bytes) {
            Ok(Strict(Value::Object(members))) => Ok(JsonObject {
                members,
                issues: Vec::new(),
            }),
            Ok(_) => Err(ApiError::invalid_field("", "must be a JSON object")),
            Err(_) => Err(ErrorCode::InvalidJson.into()),
        }
    }

    /// Takes a member out; `null` is as good as absent.
    pub fn take(&mut self, path: &'static str) -> Option<Value> {
        self.members.remove(path).filter(|value| !value.is_null())
    }

    /// Takes a member that must be there.
    pub fn take_required(&mut self, path: &'static str) -> Option<Value> {
        let value = self.take(path);
        if value.is_none() {
            self.report(path, "is required");
        }
        value
    }

    /// Takes a message's text that must be there, trimmed and checked.
    pub fn text(&mut self, path: &'static str) -> Option<String> {
        let value = self.take_required(path)?;
        self.keep(path, as_text(&value))
    }

    /// Takes a message's text that may be absent, trimmed and checked.
    pub fn optional_text(&mut self, path: &'static str) -> Option<String> {
        let value = self.take(path)?;
        self.keep(path, as_text(&value))
    }

    /// Takes an id that must be there.
    pub fn id(&mut self, path: &'static str) -> Option<Uuid> {
        let value = self.take_required(path)?;
        self.keep(path, as_id(&value))
    }

    /// Takes an id that may be absent.
    pub fn optional_id(&mut self, path: &'static str) -> Option<Uuid> {
        let value = self.take(path)?;
        self.keep(path, as_id(&value))
    }

    /// Records what is wrong with a member.
    pub fn report(&mut self, path: &'static str, issue: &'static str) {
        self.issues.push(FieldIssue { path, issue });
    }

    /// Unwraps a checked member, or records what is wrong with it.
    pub fn keep<T>(&mut self, path: &'static str, checked: Result<T, &'static str>) -> Option<T> {
        checked.map_err(|issue| self.report(path, issue)).ok()
    }

    /// Gives the value, if nothing was wrong.
    ///
    /// # Errors
    /// `invalid_request` with all issues.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, ApiError> {
        match value {
            Some(value) if self.issues.is_empty() => Ok(value),
            _ => Err(ApiError::invalid_fields(self.issues)),
        }
    }
}

fn as_text(value: &Value) -> Result<String, &'static str> {
    text::clean(value.as_str().ok_or("must be a string")?).map(str::to_owned)
}

/// Reads a JSON value as an id.
///
/// # Errors
/// What is wrong, as a field issue says it.
pub fn as_id(value: &Value) -> Result<Uuid, &'static str> {
    value.as_str().and_then(ids::parse).ok_or("must be a UUID")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::tests::json_value;

    fn object(json: &str) -> JsonObject {
        JsonObject::parse(json.as_bytes()).unwrap()
    }

    #[test]
    fn what_is_no_json_is_invalid_json() {
        let cases: [&[u8]; 10] = [
            b"",
            b"{",
            b"{\"text\":}",
            b"{} {}",
            b"{'text':1}",
            b"{\"text\":\"\\ud800\"}",
            b"{\"text\":\"\\udc00\"}",
            b"{\"text\":\"\\ud800\\u0041\"}",
            b"{\"text\":\"\xff\"}",
            b"{\"text\":\"\xed\xa0\x80\"}",
        ];
        for bytes in cases {
            let error = JsonObject::parse(bytes).unwrap_err();
            assert_eq!(error, ErrorCode::InvalidJson.into(), "{bytes:?}");
        }
    }

    #[test]
    fn deep_nesting_and_equal_names_are_invalid_json() {
        let unclosed = "[".repeat(60_000);
        let ignored = format!("{{\"more\":{}{}}}", "[".repeat(32), "]".repeat(32));
        let twice = r#"{"text":"a","text":"b"}"#;
        for body in [&*unclosed, &*ignored, twice] {
            let error = JsonObject::parse(body.as_bytes()).unwrap_err();
            assert_eq!(error, ErrorCode::InvalidJson.into(), "{body:.80}");
        }
    }

    #[test]
    fn json_that_is_no_object_is_an_invalid_request() {
        for json in ["null", "[]", "1", "\"text\""] {
            let error = JsonObject::parse(json.as_bytes()).unwrap_err();
            assert_eq!(
                error,
                ApiError::invalid_field("", "must be a JSON object"),
                "{json}"
            );
        }
    }

    #[test]
    fn members_are_typed_and_unknown_ones_ignored() {
        let mut body = object(
            r#"{"text":" hi ","messageId":"0A5B7C9D-1E2F-4A3B-8C4D-5E6F7A8B9C0D","clientId":null,"more":{}}"#,
        );
        let text = body.text("text");
        let id = body.id("messageId");
        let client_id = body.optional_id("clientId");
        assert_eq!(text.as_deref(), Some("hi"));
        assert_eq!(
            id.unwrap().to_string(),
            "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d"
        );
        assert_eq!(client_id, None);
        assert_eq!(body.finish(Some(())), Ok(()));
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let mut body = object(r#"{"text":5,"clientId":"x"}"#);
        let text = body.text("text");
        body.optional_id("clientId");
        body.id("messageId");
        assert_eq!(
            body.finish(text),
            Err(ApiError::invalid_fields(vec![
                FieldIssue {
                    path: "text",
                    issue: "must be a string"
                },
                FieldIssue {
                    path: "clientId",
                    issue: "must be a UUID"
                },
                FieldIssue {
                    path: "messageId",
                    issue: "is required"
                },
            ]))
        );
    }

    #[test]
    fn an_issue_refuses_a_value_that_is_complete() {
        let mut body = object("{}");
        body.report("attachmentUrl", "is not supported yet");
        assert_eq!(
            body.finish(Some(1)),
            Err(ApiError::invalid_field(
                "attachmentUrl",
                "is not supported yet"
            ))
        );
    }

    proptest! {
        #[test]
        fn members_of_any_kind_are_what_they_should_be_or_reported(
            text in json_value(),
            id in prop_oneof![json_value(), any::<u128>().prop_map(|id| Uuid::from_u128(id).to_string().into())],
        ) {
            let json = serde_json::json!({ "text": text, "id": id }).to_string();
            let mut body = object(&json);
            let (cleaned, parsed) = (body.text("text"), body.id("id"));
            let faults = usize::from(cleaned.is_none()) + usize::from(parsed.is_none());
            prop_assert_eq!(body.issues.len(), faults);
            if let Some(cleaned) = cleaned {
                prop_assert!(text.as_str().unwrap().contains(&cleaned));
                prop_assert!((1..=4_000).contains(&cleaned.chars().count()));
                prop_assert_eq!(cleaned.trim(), &cleaned);
            }
            if let Some(parsed) = parsed {
                prop_assert_eq!(parsed.to_string(), id.as_str().unwrap().to_ascii_lowercase());
            }
        }
    }
}
