//! The one table from what PostgREST and Postgres say to what the client is told.
//!
//! The mapping goes by code, because PostgREST gives one HTTP status to faults that clients must
//! tell apart. Upstream text goes to the log only where it cannot quote a row: a constraint's
//! message may hold the text that somebody tried to send, PostgREST's own messages do not.

use serde::Deserialize;
use serde_json::Value;

use crate::error::{ApiError, ErrorCode, FieldIssue};

/// The codes that the database raises itself, each with SQLSTATE `PT` and its HTTP status.
const RAISED: &[ErrorCode] = &[
    ErrorCode::InvalidRequest,
    ErrorCode::InvalidToken,
    ErrorCode::NotParticipant,
    ErrorCode::NotSender,
    ErrorCode::EditWindowExpired,
    ErrorCode::NotFriends,
    ErrorCode::Blocked,
    ErrorCode::Forbidden,
    ErrorCode::ChatNotFound,
    ErrorCode::MessageNotFound,
    ErrorCode::IdempotencyMismatch,
    ErrorCode::ResyncRequired,
    ErrorCode::RateLimited,
];

/// The issues that the database finds with one field: its `details` are `{path, issue}` then, and
/// only what stands here is passed on.
const FIELD_ISSUES: &[FieldIssue] = &[
    issue("text", "must have 1 to 4000 characters after trimming"),
    issue("text", "must have a visible character"),
    issue("fileName", "is missing"),
    issue(
        "width",
        "width and height must be 1 to 100000, both or neither",
    ),
    issue(
        "height",
        "width and height must be 1 to 100000, both or neither",
    ),
    issue("contentType", "is not allowed"),
    issue("size", "must not be negative"),
    issue("size", "is too large"),
    issue("attachmentUrl", "is no upload of yours in this chat"),
    issue("attachmentUrl", "is in a message already"),
    issue("attachmentUrl", "was reserved too long ago"),
    issue("attachmentUrl", "has not been uploaded"),
    issue("attachmentUrl", "differs from what was declared: size"),
    issue(
        "attachmentUrl",
        "differs from what was declared: content type",
    ),
];

const fn issue(path: &'static str, issue: &'static str) -> FieldIssue {
    FieldIssue { path, issue }
}

/// PostgREST's error body, as far as it is read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    code: Option<String>,
    message: Option<String>,
    details: Value,
}

/// What PostgREST says of a token whose `nbf` or `iat` is in its future: 12, then 13 and later.
const NOT_YET_VALID: [&str; 4] = [
    "JWTNotYetValid",
    "JWTIssuedAtFuture",
    "JWT not yet valid",
    "JWT issued at future",
];

/// The longest wait of `rate_limited` that is believed: a day. Uploads are counted over two hours.
const MAX_RETRY_SECONDS: u32 = 86_400;

/// The code in an error's body: PostgREST's own or a SQLSTATE.
#[must_use]
pub fn code_of(body: &[u8]) -> Option<String> {
    let body: Body = serde_json::from_slice(body).ok()?;
    body.code
        .filter(|code| code.len() <= 8 && code.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Maps an answer that is no success.
#[must_use]
pub fn from_response(status: u16, body: &[u8]) -> ApiError {
    let code = code_of(body).unwrap_or_default();
    let Body {
        message, details, ..
    } = serde_json::from_slice(body).unwrap_or_default();
    let message = message.unwrap_or_default();
    match raised(&code, &message) {
        Some(ErrorCode::RateLimited) => return rate_limited(&details),
        Some(ErrorCode::InvalidRequest) => return invalid_request(&details),
        Some(raised) => return raised.into(),
        None => {}
    }
    let own_message = if code.starts_with("PGRST") {
        message.as_str()
    } else {
        ""
    };
    let detail = format!("PostgREST answered {status} with code {code:?} {own_message}");
    ApiError::with_detail(table(status, &code, own_message), detail)
}

/// Maps a success that is not the function's: a page of some gateway's, or the half of a body.
/// Nothing in it is believed.
#[must_use]
pub fn from_false_success(status: u16, length: usize) -> ApiError {
    let detail = format!("PostgREST answered {status} with {length} bytes that are no such answer");
    ApiError::with_detail(ErrorCode::BadUpstream, detail)
}

/// Maps a request that got no answer of this service, or only the beginning of one.
#[must_use]
pub fn from_transport(service: &str, error: reqwest::Error) -> ApiError {
    let code = if error.is_timeout() {
        ErrorCode::UpstreamTimeout
    } else if error.is_builder() {
        ErrorCode::Internal
    } else if error.is_request() {
        // fetch() does not tell refused from reset; both mean that nobody answers.
        ErrorCode::Unavailable
    } else {
        ErrorCode::BadUpstream
    };
    // The URL may hold a cursor.
    ApiError::with_detail(
        code,
        format!("{service} gave no answer: {:?}", error.without_url()),
    )
}

fn raised(code: &str, message: &str) -> Option<ErrorCode> {
    let status: u16 = code.strip_prefix("PT")?.parse().ok()?;
    let matches = |known: &&ErrorCode| known.as_str() == message && known.status() == status;
    RAISED.iter().find(matches).copied()
}

/// The database tells in `details` how many seconds are left of the window.
fn rate_limited(details: &Value) -> ApiError {
    let seconds = details.as_str().and_then(|seconds| seconds.parse().ok());
    let seconds = seconds.unwrap_or(1).clamp(1, MAX_RETRY_SECONDS);
    ApiError::rate_limited(seconds, "the database's limit")
}

/// The database tells in `details` which field is wrong, as a JSON text; a plain text is for who
/// calls PostgREST directly.
fn invalid_request(details: &Value) -> ApiError {
    #[derive(Deserialize)]
    struct Told {
        path: String,
        issue: String,
    }
    let told = details
        .as_str()
        .and_then(|json| serde_json::from_str(json).ok());
    let known = told.and_then(|Told { path, issue }| {
        let same = |known: &&FieldIssue| known.path == path && known.issue == issue;
        FIELD_ISSUES.iter().find(same).cloned()
    });
    ApiError::invalid_fields(known.into_iter().collect())
}

fn table(status: u16, code: &str, message: &str) -> ErrorCode {
    match code {
        // The token: 12 has 301 for all, 13 and later have 303 for claims. 302 is "no token".
        "PGRST301" | "PGRST303" if message.contains("expired") => ErrorCode::TokenExpired,
        "PGRST301" | "PGRST303" if NOT_YET_VALID.contains(&message) => ErrorCode::TokenNotYetValid,
        "PGRST301" | "PGRST302" | "PGRST303" => ErrorCode::InvalidToken,
        // PostgREST cannot reach Postgres, knows no schema yet, or has no free connection.
        "PGRST000" | "PGRST001" | "PGRST002" | "PGRST003" => ErrorCode::Unavailable,
        // Postgres shuts down or starts, is full, or gave up on a lock. 40001 is never raised here.
        "57P01" | "57P02" | "57P03" | "53300" | "55P03" | "40P01" | "40001" => {
            ErrorCode::Unavailable
        }
        "57014" => ErrorCode::UpstreamTimeout,
        // A grant or a policy refused.
        "42501" => ErrorCode::Forbidden,
        // Characters that Postgres cannot store; the edge refuses NUL before.
        "22021" | "22P05" => ErrorCode::InvalidRequest,
        // Values that the edge writes itself, from types: a fault of ours, not of the caller.
        "22P02" | "22003" | "22007" | "22008" => ErrorCode::Internal,
        _ => match status {
            503 => ErrorCode::Unavailable,
            504 => ErrorCode::UpstreamTimeout,
            _ => ErrorCode::BadUpstream,
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::tests::json_value;

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
    fn a_limit_tells_when_to_come_back() {
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
            let body =
                format!(r#"{{"code":"PT429","message":"rate_limited","details":{details}}}"#);
            let error = from_response(429, body.as_bytes());
            assert_eq!(error.code, ErrorCode::RateLimited);
            assert_eq!(error.retry_after, Some(seconds), "{details}");
        }
    }

    #[test]
    fn a_known_issue_of_a_field_is_passed_on_and_no_other_word() {
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
    fn a_raised_code_has_nothing_for_the_log() {
        let error = from_response(403, br#"{"code":"PT403","message":"not_participant"}"#);
        assert_eq!(error, ErrorCode::NotParticipant.into());
    }

    #[test]
    fn a_code_with_a_foreign_status_or_of_the_edge_is_not_believed() {
        assert_eq!(map(404, "PT404", "not_participant"), ErrorCode::BadUpstream);
        assert_eq!(map(401, "PT401", "token_expired"), ErrorCode::BadUpstream);
        assert_eq!(map(500, "PT500", "internal"), ErrorCode::BadUpstream);
        assert_eq!(map(403, "PT403", "made_up"), ErrorCode::BadUpstream);
        assert_eq!(map(403, "PTabc", "blocked"), ErrorCode::BadUpstream);
    }

    #[test]
    fn the_table_goes_by_code() {
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
    fn the_log_has_postgrests_words_and_never_a_rows() {
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
        fn an_answer_of_any_kind_is_an_error_without_the_callers_or_a_rows_words(
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
}
