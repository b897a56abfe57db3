use proptest::prelude::*;

use super::*;
use crate::input::json::tests::json_value;

fn map(status: u16, code: &str, message: &str) -> ErrorCode {
    let body = serde_json::json!({
        "code": code, "message": message, "details": "host db.internal", "hint": null,
    });
    from_response(status, body.to_string().as_bytes()).code
}

#[test]
fn raised_codes_keep_their_status() {
    for code in RAISED {
        let sqlstate = format!("PT{}", code.status());
        assert_eq!(map(code.status(), &sqlstate, code.as_str()), *code);
    }
}

#[test]
fn a_rate_limit_tells_how_long_to_wait() {
    for (details, seconds) in [
        (r#""7""#, 7),
        (r#""0""#, 1),
        (r#""7200""#, 7_200),
        (r#""86400""#, 86_400),
        (r#""4000000000""#, 86_400),
        (r#""soon""#, 1),
        (r#"["7"]"#, 1),
        ("null", 1),
    ] {
        let body = format!(r#"{{"code":"PT429","message":"rate_limited","details":{details}}}"#);
        let error = from_response(429, body.as_bytes());
        assert_eq!(error.code, ErrorCode::RateLimited);
        assert_eq!(error.retry_after, Some(seconds), "{details}");
    }
}

#[test]
fn a_known_issue_of_a_field_is_forwarded_and_no_other_text() {
    let error = |details: &str| {
        let body = serde_json::json!({
            "code": "PT400", "message": "invalid_request", "details": details,
        });
        from_response(400, body.to_string().as_bytes())
    };
    for known in FIELD_ISSUES {
        let details = serde_json::to_string(known).unwrap();
        let FieldIssue { path, issue } = known.clone();
        assert_eq!(error(&details), ApiError::invalid_field(path, issue));
    }
    for unknown in [
        "text must have 1 to 4000 characters after trimming",
        r#"{"path":"attachmentUrl","issue":"is in /var/lib"}"#,
        r#"{"path":"text","issue":"has not been uploaded"}"#,
        r#"{"path":"attachmentUrl"}"#,
        "[]",
    ] {
        assert_eq!(
            error(unknown),
            ErrorCode::InvalidRequest.into(),
            "{unknown}"
        );
    }
}

#[test]
fn a_token_whose_account_is_gone_is_401_and_a_position_of_another_database_410() {
    let account = from_response(401, br#"{"code":"PT401","message":"invalid_token"}"#);
    assert_eq!(account, ErrorCode::InvalidToken.into());
    let position = from_response(410, br#"{"code":"PT410","message":"resync_required"}"#);
    assert_eq!(position, ErrorCode::ResyncRequired.into());
    assert_eq!((position.code.status(), position.retry_after), (410, None));
}

#[test]
fn a_raised_code_has_no_detail_for_the_log() {
    let error = from_response(403, br#"{"code":"PT403","message":"not_participant"}"#);
    assert_eq!(error, ErrorCode::NotParticipant.into());
}

#[test]
fn a_code_with_another_status_or_of_the_edge_is_not_accepted() {
    assert_eq!(map(404, "PT404", "not_participant"), ErrorCode::BadUpstream);
    assert_eq!(map(401, "PT401", "token_expired"), ErrorCode::BadUpstream);
    assert_eq!(map(500, "PT500", "internal"), ErrorCode::BadUpstream);
    assert_eq!(map(403, "PT403", "made_up"), ErrorCode::BadUpstream);
    assert_eq!(map(403, "PTabc", "blocked"), ErrorCode::BadUpstream);
}

#[test]
fn the_mapping_goes_by_code() {
    for (status, code, message, expected) in [
        (401, "PGRST301", "JWT expired", ErrorCode::TokenExpired),
        (401, "PGRST303", "JWT expired", ErrorCode::TokenExpired),
        (
            401,
            "PGRST301",
            "JWSError JWSInvalidSignature",
            ErrorCode::InvalidToken,
        ),
        (
            401,
            "PGRST302",
            "Anonymous access is disabled",
            ErrorCode::InvalidToken,
        ),
        (
            401,
            "PGRST301",
            "JWTNotYetValid",
            ErrorCode::TokenNotYetValid,
        ),
        (
            401,
            "PGRST301",
            "JWTIssuedAtFuture",
            ErrorCode::TokenNotYetValid,
        ),
        (
            401,
            "PGRST303",
            "JWT not yet valid",
            ErrorCode::TokenNotYetValid,
        ),
        (
            401,
            "PGRST303",
            "JWT issued at future",
            ErrorCode::TokenNotYetValid,
        ),
        (
            401,
            "PGRST303",
            "JWT not in audience",
            ErrorCode::InvalidToken,
        ),
        (400, "23514", "JWT issued at future", ErrorCode::BadUpstream),
        (503, "PGRST000", "connection failed", ErrorCode::Unavailable),
        (503, "PGRST001", "connection lost", ErrorCode::Unavailable),
        (503, "PGRST002", "no schema cache", ErrorCode::Unavailable),
        (504, "PGRST003", "pool timeout", ErrorCode::Unavailable),
        (500, "57P01", "", ErrorCode::Unavailable),
        (500, "57P02", "", ErrorCode::Unavailable),
        (503, "57P03", "", ErrorCode::Unavailable),
        (503, "53300", "", ErrorCode::Unavailable),
        (500, "55P03", "", ErrorCode::Unavailable),
        (500, "40P01", "", ErrorCode::Unavailable),
        (500, "57014", "", ErrorCode::UpstreamTimeout),
        (403, "42501", "", ErrorCode::Forbidden),
        (400, "22P05", "", ErrorCode::InvalidRequest),
        (400, "22021", "", ErrorCode::InvalidRequest),
        (400, "22P02", "", ErrorCode::Internal),
        (404, "PGRST202", "no function", ErrorCode::BadUpstream),
        (500, "XX000", "", ErrorCode::BadUpstream),
        (409, "23505", "", ErrorCode::BadUpstream),
    ] {
        assert_eq!(map(status, code, message), expected, "{code}");
    }
}

#[test]
fn without_a_code_the_status_decides() {
    for (status, expected) in [
        (500, ErrorCode::BadUpstream),
        (502, ErrorCode::BadUpstream),
        (503, ErrorCode::Unavailable),
        (504, ErrorCode::UpstreamTimeout),
        (401, ErrorCode::BadUpstream),
        (302, ErrorCode::BadUpstream),
    ] {
        for body in [b"".as_slice(), b"<html>", b"[]", b"{}", b"{\"code\":5}"] {
            assert_eq!(from_response(status, body).code, expected, "{status}");
        }
    }
}

#[test]
fn the_log_has_postgrests_messages_and_never_a_row() {
    let detail = |body: &str| from_response(500, body.as_bytes()).detail.unwrap();
    assert_eq!(
        detail(r#"{"code":"PGRST202","message":"Could not find the function"}"#),
        "PostgREST answered 500 with code \"PGRST202\" Could not find the function"
    );
    assert_eq!(
        detail(
            r#"{"code":"23514","message":"secret text","details":"Failing row contains (secret text)"}"#
        ),
        "PostgREST answered 500 with code \"23514\" "
    );
    assert_eq!(
        detail(r#"{"code":"a\nlong and hostile code"}"#),
        "PostgREST answered 500 with code \"\" "
    );
}

proptest! {
    #[test]
    fn an_answer_of_any_kind_is_an_error_without_text_of_the_caller_or_of_a_row(
        status in 100..600_u16,
        code in "PT[0-9]{3}|PGRST[0-9]{3}|[0-9A-Z]{5}|.{0,10}",
        message in prop_oneof![json_value(), "[a-z_]{4,20}".prop_map(Value::from)],
        details in json_value(),
        bytes in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let _ = from_response(status, &bytes);
        let body = serde_json::json!({ "code": code, "message": message, "details": details });
        let error = from_response(status, body.to_string().as_bytes());
        prop_assert_eq!(error.code.status() == 429, error.retry_after.is_some() && error.code != ErrorCode::Unavailable);
        let detail = error.detail.unwrap_or_default();
        if let Some(message) = message.as_str().filter(|message| message.len() > 15 && !code.starts_with("PGRST")) {
            prop_assert!(!detail.contains(message), "{}", detail);
        }
    }
}
