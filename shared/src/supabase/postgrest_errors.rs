//! Maps the errors of PostgREST and Postgres to the errors of the API.
//!
//! The mapping goes by code, because PostgREST gives the same HTTP status to errors that clients must
//! distinguish. Of the messages only PostgREST's own go to the log. A message of Postgres can quote a
//! row, and so the text that somebody tried to send.

use serde::Deserialize;
use serde_json::Value;

use crate::error::{ApiError, ErrorCode, FieldIssue};

/// The codes that our database functions raise, each with the SQLSTATE `PT` and its HTTP status.
const RAISED: &[ErrorCode] = &[
    ErrorCode::InvalidRequest,
    ErrorCode::InvalidCursor,
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

/// The issues that the database finds with a field. Its `details` are `{path, issue}` then, and only
/// the pairs of this list are forwarded.
const FIELD_ISSUES: &[FieldIssue] = &[
    issue("text", "must have 1 to 4000 characters after trimming"),
    issue("text", "must have a visible character"),
    issue("emoji", "must have 1 to 64 bytes"),
    issue(
        "emoji",
        "must not have white space, control characters or slashes",
    ),
    issue("emoji", "must have a visible character"),
    issue("emoji", "must not consist of dots"),
    issue("emoji", "the message has 20 different reactions already"),
    issue(
        "replyToId",
        "must be a message of this chat that you can read",
    ),
    issue("mentions", "must have at most 50 ids"),
    issue("mentions", "must not have an id twice"),
    issue("mentions", "must be participants of the chat"),
    issue("q", "must have 1 to 200 characters after trimming"),
    issue("q", "must have 1 to 10 words"),
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
    issue("attachmentUrl", "is not one of your uploads in this chat"),
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

/// The parts of PostgREST's error body that are read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    code: Option<String>,
    message: Option<String>,
    details: Value,
}

/// PostgREST's messages about a token whose `nbf` or `iat` is in the future: first version 12, then 13
/// and later.
const NOT_YET_VALID: [&str; 4] = [
    "JWTNotYetValid",
    "JWTIssuedAtFuture",
    "JWT not yet valid",
    "JWT issued at future",
];

/// The longest wait that is accepted with `rate_limited`: a day. Uploads are counted over two hours.
pub const MAX_RETRY_SECONDS: u32 = 86_400;

/// The code in an error body: one of PostgREST's, or a SQLSTATE.
#[must_use]
pub fn code_of(body: &[u8]) -> Option<String> {
    let body: Body = serde_json::from_slice(body).ok()?;
    body.code
        .filter(|code| code.len() <= 8 && code.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Maps an answer whose status is not 2xx.
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

/// Maps an answer that has a 2xx status but does not come from the database function: the page of some
/// gateway, or half a body. Its content is ignored.
#[must_use]
pub fn from_false_success(status: u16, length: usize) -> ApiError {
    let detail =
        format!("PostgREST answered {status} with {length} bytes that are not the expected answer");
    ApiError::with_detail(ErrorCode::BadUpstream, detail)
}

fn raised(code: &str, message: &str) -> Option<ErrorCode> {
    let status: u16 = code.strip_prefix("PT")?.parse().ok()?;
    let matches = |known: &&ErrorCode| known.as_str() == message && known.status() == status;
    RAISED.iter().find(matches).copied()
}

/// The database gives in `details` the seconds until the window ends.
fn rate_limited(details: &Value) -> ApiError {
    let seconds = details.as_str().and_then(|seconds| seconds.parse().ok());
    let seconds = seconds.unwrap_or(1).clamp(1, MAX_RETRY_SECONDS);
    ApiError::rate_limited(seconds, "the database's limit")
}

/// The database names the faulty field in `details`, as JSON. Other text in `details` is meant for
/// clients that call PostgREST directly.
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
        // The token is refused. Version 12 has 301 for every reason; 13 and later have 303 for claims.
        // 302 means that there is no token.
        "PGRST301" | "PGRST303" if message.contains("expired") => ErrorCode::TokenExpired,
        "PGRST301" | "PGRST303" if NOT_YET_VALID.contains(&message) => ErrorCode::TokenNotYetValid,
        "PGRST301" | "PGRST302" | "PGRST303" => ErrorCode::InvalidToken,
        // PostgREST cannot reach Postgres, has not read the schema yet, or has no free connection.
        "PGRST000" | "PGRST001" | "PGRST002" | "PGRST003" => ErrorCode::Unavailable,
        // Postgres is starting or stopping, has too many connections, or did not get a lock.
        "57P01" | "57P02" | "57P03" | "53300" | "55P03" | "40P01" | "40001" => {
            ErrorCode::Unavailable
        }
        "57014" => ErrorCode::UpstreamTimeout,
        // A grant or a policy refused.
        "42501" => ErrorCode::Forbidden,
        // Characters that Postgres cannot store. NUL is refused before, in `input`.
        "22021" | "22P05" => ErrorCode::InvalidRequest,
        // Values that our code writes from types: the fault is ours and not the caller's.
        "22P02" | "22003" | "22007" | "22008" => ErrorCode::Internal,
        _ => match status {
            503 => ErrorCode::Unavailable,
            504 => ErrorCode::UpstreamTimeout,
            _ => ErrorCode::BadUpstream,
        },
    }
}

#[cfg(test)]
mod tests;
