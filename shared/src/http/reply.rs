//! A reply of the API, before the runtime's response is made from it.

use serde::Serialize;

use crate::error::{ApiError, FieldIssue};
use crate::http::request_id::RequestId;

/// Status, body, and the headers that not every reply has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    /// JSON; empty with a 204.
    pub body: Vec<u8>,
    /// Names in lower case.
    pub headers: Vec<(&'static str, String)>,
}

impl Reply {
    /// A reply whose body is JSON text already.
    #[must_use]
    pub fn json(status: u16, body: Vec<u8>) -> Self {
        Reply {
            status,
            body,
            headers: Vec::new(),
        }
    }

    /// Adds the headers that every reply has: content type, no caching, the request id.
    #[must_use]
    pub fn with_common_headers(mut self, id: &RequestId) -> Self {
        if !self.body.is_empty() {
            self.headers
                .push(("content-type", "application/json".to_owned()));
        }
        self.headers.extend([
            ("cache-control", "private, no-store".to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
            ("x-request-id", id.as_str().to_owned()),
        ]);
        self
    }
}

// In this file because `error` knows nothing of replies.
impl ApiError {
    /// The reply to a request that failed: `{"error": {...}}`.
    #[must_use]
    pub fn reply(&self, id: &RequestId) -> Reply {
        let envelope = Envelope {
            error: EnvelopeError {
                code: self.code.as_str(),
                message: self.code.message(),
                request_id: id.as_str(),
                retryable: self.code.retryable(),
                fields: &self.fields,
            },
        };
        // Serialising strings, a bool and a list of strings cannot fail.
        let mut reply = Reply::json(
            self.code.status(),
            serde_json::to_vec(&envelope).unwrap_or_default(),
        );
        if let Some(allow) = &self.allow {
            reply.headers.push(("allow", allow.clone()));
        }
        if self.code.status() == 401 {
            reply
                .headers
                .push(("www-authenticate", "Bearer".to_owned()));
        }
        if let Some(seconds) = self.retry_after {
            reply.headers.push(("retry-after", seconds.to_string()));
        }
        reply
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    error: EnvelopeError<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EnvelopeError<'a> {
    code: &'a str,
    message: &'a str,
    request_id: &'a str,
    retryable: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    fields: &'a [FieldIssue],
}

#[cfg(test)]
mod tests;
