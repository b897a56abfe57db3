//! Maps the errors of Storage to the errors of the API.
//!
//! Storage answers most errors with HTTP 400, and has the real status in the body, as a string. Its codes
//! go to the log. Its messages do not, because they can quote paths.

use serde::Deserialize;
use serde_json::Value;

use crate::error::{ApiError, ErrorCode};

/// The parts of Storage's error body that are read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    /// A string in most answers, a number in some.
    #[serde(rename = "statusCode")]
    status_code: Value,
    /// Older versions have only `error`, which says nearly the same.
    code: Option<String>,
    error: Option<String>,
    message: Option<String>,
}

/// Maps an answer whose status is not 200.
#[must_use]
pub fn from_response(status: u16, body: &[u8]) -> ApiError {
    let body: Body = serde_json::from_slice(body).unwrap_or_default();
    let told = match &body.status_code {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64().and_then(|status| u16::try_from(status).ok()),
    };
    let real = match told {
        Some(told) if status >= 400 && (400..600).contains(&told) => told,
        _ => status,
    };
    let code = body.code.or(body.error).filter(|code| is_name(code));
    let code = code.unwrap_or_default();
    let message = body.message.unwrap_or_default();
    let detail = format!("Storage answered {status} with status {real} and code {code:?}");
    ApiError::with_detail(table(real, &code, &message), detail)
}

/// Maps a 200 that does not come from Storage. Its content is ignored.
#[must_use]
pub fn from_false_success(length: usize) -> ApiError {
    let detail =
        format!("Storage answered 200 with {length} bytes that are not the expected answer");
    ApiError::with_detail(ErrorCode::BadUpstream, detail)
}

fn is_name(code: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_ ".contains(&byte);
    code.len() <= 40 && code.bytes().all(plain)
}

fn table(status: u16, code: &str, message: &str) -> ErrorCode {
    match (status, code) {
        // A token that PostgREST accepted a moment before.
        (_, "InvalidJWT") | (401, _) if message.contains("exp") => ErrorCode::TokenExpired,
        (_, "InvalidJWT") | (401, _) if message.contains("nbf") => ErrorCode::TokenNotYetValid,
        (_, "InvalidJWT") | (401, _) => ErrorCode::InvalidToken,
        // A policy refused.
        (403, _) => ErrorCode::Forbidden,
        // Storage has too many connections, did not get a lock, or cannot reach its database (544 is
        // Storage's own status). Or Storage is down, and a gateway of Supabase or Cloudflare answers.
        (423 | 429 | 502 | 503 | 520..=523 | 530 | 544, _) => ErrorCode::Unavailable,
        (504 | 524, _) => ErrorCode::UpstreamTimeout,
        // No request of a caller can cause the other errors, such as a missing bucket.
        _ => ErrorCode::BadUpstream,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn map(status: u16, body: &str) -> ErrorCode {
        from_response(status, body.as_bytes()).code
    }

    #[test]
    fn the_real_status_is_in_the_body() {
        for (body, expected) in [
            (
                r#"{"statusCode":"403","error":"Unauthorized","message":"new row violates row-level security policy"}"#,
                ErrorCode::Forbidden,
            ),
            (
                r#"{"statusCode":"403","code":"AccessDenied","error":"Unauthorized","message":""}"#,
                ErrorCode::Forbidden,
            ),
            (
                r#"{"statusCode":"400","code":"InvalidJWT","error":"InvalidJWT","message":"\"exp\" claim timestamp check failed"}"#,
                ErrorCode::TokenExpired,
            ),
            (
                r#"{"statusCode":"400","code":"InvalidJWT","error":"InvalidJWT","message":"\"nbf\" claim timestamp check failed"}"#,
                ErrorCode::TokenNotYetValid,
            ),
            (
                r#"{"statusCode":"401","error":"InvalidJWT","message":""}"#,
                ErrorCode::InvalidToken,
            ),
            (
                r#"{"statusCode":"404","error":"Bucket not found","message":"Bucket not found"}"#,
                ErrorCode::BadUpstream,
            ),
            (
                r#"{"statusCode":"409","error":"Duplicate","message":"The resource already exists"}"#,
                ErrorCode::BadUpstream,
            ),
            (
                r#"{"statusCode":"503","code":"LockTimeout","error":"acquiring_lock_timeout","message":""}"#,
                ErrorCode::Unavailable,
            ),
            (
                r#"{"statusCode":"544","code":"DatabaseTimeout","message":""}"#,
                ErrorCode::Unavailable,
            ),
            (
                r#"{"statusCode":423,"code":"ResourceLocked"}"#,
                ErrorCode::Unavailable,
            ),
            (
                r#"{"statusCode":"500","code":"DatabaseError","message":""}"#,
                ErrorCode::BadUpstream,
            ),
        ] {
            assert_eq!(map(400, body), expected, "{body}");
        }
    }

    #[test]
    fn without_a_status_in_the_body_the_http_status_counts() {
        for (status, expected) in [
            (400, ErrorCode::BadUpstream),
            (401, ErrorCode::InvalidToken),
            (403, ErrorCode::Forbidden),
            (404, ErrorCode::BadUpstream),
            (429, ErrorCode::Unavailable),
            (500, ErrorCode::BadUpstream),
            (502, ErrorCode::Unavailable),
            (503, ErrorCode::Unavailable),
            (504, ErrorCode::UpstreamTimeout),
            (522, ErrorCode::Unavailable),
            (544, ErrorCode::Unavailable),
            (302, ErrorCode::BadUpstream),
        ] {
            for body in [
                "",
                "<html>",
                "[]",
                "{}",
                r#"{"statusCode":"200"}"#,
                r#"{"statusCode":"soon"}"#,
                r#"{"statusCode":null}"#,
            ] {
                assert_eq!(map(status, body), expected, "{status} {body}");
            }
        }
        // The body of a redirect does not count.
        let body = r#"{"statusCode":"403"}"#;
        assert_eq!(map(302, body), ErrorCode::BadUpstream);
    }

    #[test]
    fn the_log_has_codes_and_never_a_path() {
        let detail = |body: &str| from_response(400, body.as_bytes()).detail.unwrap();
        assert_eq!(
            detail(r#"{"statusCode":"400","code":"InvalidKey","message":"Invalid key: a/b/c"}"#),
            "Storage answered 400 with status 400 and code \"InvalidKey\""
        );
        assert_eq!(
            detail(r#"{"statusCode":"400","error":"Invalid key: a/b/c"}"#),
            "Storage answered 400 with status 400 and code \"\""
        );
    }

    proptest! {
        #[test]
        fn an_answer_of_any_kind_is_an_error(
            status in 100..600_u16,
            code in ".{0,50}",
            told in "[0-9]{0,4}|.{0,6}",
            bytes in prop::collection::vec(any::<u8>(), 0..100),
        ) {
            let _ = from_response(status, &bytes);
            let body = serde_json::json!({ "statusCode": told, "code": code, "message": "a/b/c" });
            let detail = from_response(status, body.to_string().as_bytes()).detail.unwrap();
            prop_assert!(!detail.contains("a/b/c") && detail.len() < 120, "{}", detail);
        }
    }
}
