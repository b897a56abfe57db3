//! The error envelope, and the answers that refuse a request.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Map, Value, json};
use shared::error::ErrorCode;
use shared::http::request_id::RequestId as ReadRequestId;
use std::borrow::Cow;

use crate::headers;

/// Every error has this form.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Error {
    pub error: ErrorDetails,
}

/// What went wrong.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ErrorDetails {
    pub code: Code,
    /// A text for developers. It depends on the code alone.
    #[schemars(length(min = 1))]
    pub message: &'static str,
    /// As in the header `X-Request-Id`. The service's log has it too.
    #[schemars(length(min = 1, max = ReadRequestId::MAX_LENGTH))]
    pub request_id: &'static str,
    /// Whether the same request may succeed later, unchanged.
    pub retryable: bool,
    /// The faulty inputs; only `invalid_request` has them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub fields: Vec<Field>,
}

/// A faulty input.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "FieldIssue")]
pub struct Field {
    /// The name of the body's member, the query parameter or the header. Empty for the body as a whole.
    pub path: &'static str,
    /// What is wrong, as in "must be a UUID".
    #[schemars(length(min = 1))]
    pub issue: &'static str,
}

/// A code of an error.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(transparent)]
pub struct Code(pub &'static str);

impl JsonSchema for Code {
    fn schema_name() -> Cow<'static, str> {
        "ErrorCode".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        let facts: Map<String, Value> = ErrorCode::ALL
            .iter()
            .map(|code| {
                let facts = json!({
                    "status": code.status(),
                    "message": code.message(),
                    "retryable": code.retryable(),
                });
                (code.as_str().to_owned(), facts)
            })
            .collect();
        json_schema!({
            "description": "What went wrong. `x-codes` has the status and the message of each code, and whether it is retryable.",
            "type": "string",
            "enum": names,
            "x-codes": facts,
        })
    }
}

/// An error as an answer has it.
pub fn example(code: ErrorCode) -> Error {
    let fields = match code {
        ErrorCode::InvalidRequest => vec![Field {
            path: "text",
            issue: "is required",
        }],
        _ => Vec::new(),
    };
    Error {
        error: ErrorDetails {
            code: Code(code.as_str()),
            message: code.message(),
            request_id: headers::REQUEST_ID,
            retryable: code.retryable(),
            fields,
        },
    }
}

/// The answers with these codes, by status. An answer that has all codes of its status is a component.
pub fn answers(codes: &[ErrorCode]) -> BTreeMap<String, Value> {
    let mut statuses: Vec<u16> = codes.iter().map(|code| code.status()).collect();
    statuses.sort_unstable();
    statuses.dedup();
    let answer = |status: u16| {
        let of_status = |code: &&ErrorCode| code.status() == status;
        let some: Vec<ErrorCode> = codes.iter().filter(of_status).copied().collect();
        let all = ErrorCode::ALL.iter().filter(of_status).count();
        let value = match some.len() == all {
            true => json!({ "$ref": format!("#/components/responses/{}", name(status)) }),
            false => refusal(&some),
        };
        (status.to_string(), value)
    };
    statuses.into_iter().map(answer).collect()
}

/// The components: one answer for each status, with all of its codes.
pub fn components() -> Map<String, Value> {
    let mut found = Map::new();
    for code in ErrorCode::ALL {
        let status = code.status();
        let same = |other: &&ErrorCode| other.status() == status;
        // Answers to requests that belong to no operation have no other place.
        let (name, codes) = match code {
            ErrorCode::RouteNotFound => ("RouteNotFound", vec![*code]),
            _ if matches!(status, 400 | 403 | 404) => continue,
            _ => (
                name(status),
                ErrorCode::ALL.iter().filter(same).copied().collect(),
            ),
        };
        found.insert(name.to_owned(), refusal(&codes));
    }
    found
}

/// An answer that refuses with one of these codes of one status.
fn refusal(codes: &[ErrorCode]) -> Value {
    let status = codes.first().map_or(500, |code| code.status());
    let names: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    let lines = codes
        .iter()
        .map(|code| format!("- `{}`: {}", code.as_str(), code.message()));
    let lines: Vec<String> = lines.collect();
    let examples: Map<String, Value> = codes
        .iter()
        .map(|code| {
            (
                code.as_str().to_owned(),
                json!({ "summary": code.message(), "value": example(*code) }),
            )
        })
        .collect();
    json!({
        "description": lines.join("\n"),
        "headers": headers::of_error(status),
        "content": {
            "application/json": {
                "schema": {
                    "allOf": [
                        { "$ref": "#/components/schemas/Error" },
                        {
                            "type": "object",
                            "properties": {
                                "error": {
                                    "type": "object",
                                    "properties": { "code": { "type": "string", "enum": names } },
                                },
                            },
                        },
                    ],
                },
                "examples": examples,
            },
        },
    })
}

/// The name of a status as a component.
fn name(status: u16) -> &'static str {
    match status {
        401 => "Unauthorized",
        405 => "MethodNotAllowed",
        409 => "IdempotencyMismatch",
        410 => "ResyncRequired",
        413 => "PayloadTooLarge",
        415 => "UnsupportedMediaType",
        429 => "RateLimited",
        500 => "Internal",
        502 => "BadUpstream",
        503 => "Unavailable",
        504 => "UpstreamTimeout",
        _ => "Refused",
    }
}
