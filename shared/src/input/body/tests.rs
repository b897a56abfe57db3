use proptest::prelude::*;

use super::*;
use crate::http::request_id::RequestId;
use crate::input::json::tests::json_value;

fn object(json: &str) -> JsonObject {
    JsonObject::parse(json.as_bytes()).unwrap()
}

#[test]
fn bytes_that_are_not_json_are_invalid_json() {
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
fn json_that_is_not_an_object_is_an_invalid_request() {
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
fn all_faults_are_named_at_once() {
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
fn a_recorded_issue_refuses_a_complete_value() {
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

fn post(content_type: Option<&str>, content_length: Option<u64>, body: &[u8]) -> Request<Vec<u8>> {
    Request {
        id: RequestId::accept(Some("req-1")),
        method: "POST".to_owned(),
        path: "/chats".to_owned(),
        query: String::new(),
        authorization: None,
        content_type: content_type.map(str::to_owned),
        content_encoding: None,
        content_length,
        idempotency_key: None,
        traceparent: None,
        body: body.to_vec(),
    }
}

async fn code(request: Request<Vec<u8>>) -> Option<ErrorCode> {
    JsonObject::read(request)
        .await
        .err()
        .map(|error| error.code)
}

#[tokio::test]
async fn only_json_is_read() {
    for accepted in [
        "application/json",
        "Application/JSON; charset=utf-8",
        " application/json ",
    ] {
        assert_eq!(
            code(post(Some(accepted), None, b"{}")).await,
            None,
            "{accepted}"
        );
    }
    for refused in [
        None,
        Some(""),
        Some("text/plain"),
        Some("application/json5"),
        Some("application/x-json"),
    ] {
        assert_eq!(
            code(post(refused, None, b"{}")).await,
            Some(ErrorCode::UnsupportedMediaType),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn a_compressed_body_is_refused() {
    let encoded = |encoding: &str| Request {
        content_encoding: Some(encoding.to_owned()),
        ..post(Some("application/json"), None, b"{}")
    };
    for accepted in ["", " ", "identity", "Identity", "identity, identity"] {
        assert_eq!(code(encoded(accepted)).await, None, "{accepted:?}");
    }
    for refused in ["gzip", "GZIP", "br", "identity, gzip", "gzip;q=0", "none"] {
        assert_eq!(
            code(encoded(refused)).await,
            Some(ErrorCode::UnsupportedMediaType),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn the_limit_holds_for_the_declared_and_for_the_sent_length() {
    let json = Some("application/json");
    let mut body = b"{}".to_vec();
    body.resize(MAX_BODY_BYTES, b' ');
    assert_eq!(code(post(json, Some(65_536), &body)).await, None);
    assert_eq!(
        code(post(json, Some(65_537), b"{}")).await,
        Some(ErrorCode::PayloadTooLarge)
    );
    body.push(b' ');
    assert_eq!(
        code(post(json, Some(2), &body)).await,
        Some(ErrorCode::PayloadTooLarge)
    );
    assert_eq!(
        code(post(json, None, &body)).await,
        Some(ErrorCode::PayloadTooLarge)
    );
}

proptest! {
    #[test]
    fn bytes_of_any_kind_are_an_object_or_an_error(body in prop::collection::vec(any::<u8>(), 0..300)) {
        let request = post(Some("application/json"), None, &body);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        if let Err(error) = runtime.block_on(JsonObject::read(request)) {
            let code = error.code;
            prop_assert!(matches!(code, ErrorCode::InvalidJson | ErrorCode::InvalidRequest));
        }
    }

    #[test]
    fn a_member_of_any_kind_is_valid_or_reported(
        text in json_value(),
        id in prop_oneof![json_value(), any::<u128>().prop_map(|id| Uuid::from_u128(id).to_string().into())],
    ) {
        let json = serde_json::json!({ "text": text, "id": id }).to_string();
        let mut body = object(&json);
        let (cleaned, parsed) = (body.text("text"), body.id("id"));
        let missing = [cleaned.is_none(), parsed.is_none()];
        let faults = missing.iter().filter(|missing| **missing).count();
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
