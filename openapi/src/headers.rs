//! The headers of answers.

use serde_json::{Map, Value, json};
use shared::http::request_id::RequestId;
use shared::supabase::postgrest_errors::MAX_RETRY_SECONDS;

/// An id as the gateway makes it.
pub const REQUEST_ID: &str = "5f0c0d4e-3c1a-4a57-9d0e-7a3f4c1b2d60";

/// The headers of every answer that a function makes.
const COMMON: [&str; 4] = [
    "Cache-Control",
    "Server-Timing",
    "X-Content-Type-Options",
    "X-Request-Id",
];

/// The headers of every answer.
pub fn common() -> Map<String, Value> {
    COMMON.into_iter().map(reference_of).collect()
}

/// The headers of an error.
pub fn of_error(status: u16) -> Map<String, Value> {
    let own = match status {
        401 => Some("WWW-Authenticate"),
        405 => Some("Allow"),
        429 | 503 => Some("Retry-After"),
        _ => None,
    };
    COMMON
        .iter()
        .copied()
        .chain(own)
        .map(reference_of)
        .collect()
}

/// The headers of a document with one of these content types.
pub fn of_document(content_types: &[&str]) -> Map<String, Value> {
    let names = [
        "ETag",
        "Server-Timing",
        "X-Content-Type-Options",
        "X-Request-Id",
    ];
    let is_page = content_types
        .iter()
        .any(|name| name.starts_with("text/html"));
    let policy = is_page.then_some("Content-Security-Policy");
    let names = names.into_iter().chain(policy);
    let mut headers: Map<String, Value> = names.map(reference_of).collect();
    headers.insert(
        "Cache-Control".to_owned(),
        json!({ "$ref": "#/components/headers/Cache-Control-Document" }),
    );
    headers
}

fn reference_of(name: &str) -> (String, Value) {
    (
        name.to_owned(),
        json!({ "$ref": format!("#/components/headers/{name}") }),
    )
}

/// The components.
pub fn components() -> Value {
    let header = |description: &str, schema: Value, example: &str| json!({ "description": description, "required": true, "schema": schema, "example": example });
    json!({
        "Allow": header(
            "The methods of the path.",
            json!({ "type": "string", "pattern": "^[A-Z]+(, [A-Z]+)*$" }),
            "GET, HEAD, POST",
        ),
        "Cache-Control": header(
            "No answer may be kept by a cache.",
            json!({ "type": "string", "const": "private, no-store" }),
            "private, no-store",
        ),
        "Cache-Control-Document": header(
            "Documents may be kept by every cache.",
            json!({ "type": "string", "const": shared::http::document::CACHE_CONTROL }),
            shared::http::document::CACHE_CONTROL,
        ),
        "Content-Security-Policy": header(
            "The page loads nothing from other origins, and calls no other.",
            json!({ "type": "string" }),
            "default-src 'none'; script-src 'self'",
        ),
        "ETag": header(
            "Changes when one of the documents changes. Send it back in `If-None-Match`.",
            json!({ "type": "string", "pattern": "^(W/)?\"[0-9a-f]{16}\"$" }),
            "\"0123456789abcdef\"",
        ),
        "Retry-After": {
            "description": "How many seconds to wait before the request is repeated.",
            "required": true,
            "schema": { "type": "integer", "minimum": 1, "maximum": MAX_RETRY_SECONDS },
            "example": 2,
        },
        "Server-Timing": header(
            "How long the gateway or the function worked, and how long it waited for Supabase, in milliseconds.",
            json!({
                "type": "string",
                "pattern": r"^total;dur=\d+(, verify;dur=\d+;desc=(hit|miss))?(, upstream;dur=\d+)?$",
            }),
            "total;dur=12, verify;dur=0;desc=hit, upstream;dur=11",
        ),
        "WWW-Authenticate": header(
            "The scheme of the token.",
            json!({ "type": "string", "const": "Bearer" }),
            "Bearer",
        ),
        "X-Content-Type-Options": header(
            "The content type is what it says.",
            json!({ "type": "string", "const": "nosniff" }),
            "nosniff",
        ),
        "X-Request-Id": header(
            "The id of the request: the one that the client sent, or a new one.",
            json!({
                "type": "string",
                "pattern": format!("^[A-Za-z0-9._-]{{1,{}}}$", RequestId::MAX_LENGTH),
            }),
            REQUEST_ID,
        ),
    })
}
