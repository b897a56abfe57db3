//! An answer before it becomes the runtime's response.

use crate::request::RequestId;

/// Status, body and the headers beyond those that every answer has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// JSON, or nothing at all with a 204.
    pub body: Vec<u8>,
    /// Further headers, names in lower case.
    pub headers: Vec<(&'static str, String)>,
}

impl Reply {
    /// An answer whose body is JSON already.
    #[must_use]
    pub fn json(status: u16, body: Vec<u8>) -> Self {
        Reply {
            status,
            body,
            headers: Vec::new(),
        }
    }

    /// Adds the headers of every answer: content type, no caching, the request id.
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

/// The function that answers what the gateway passes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Its service binding.
    pub binding: &'static str,
    /// The path without its ids, for the log.
    pub pattern: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(reply: &Reply) -> Vec<&'static str> {
        reply.headers.iter().map(|(name, _)| *name).collect()
    }

    #[test]
    fn a_body_is_declared_as_json() {
        let id = RequestId::accept(Some("req-1"));
        let reply = Reply::json(200, b"{}".to_vec()).with_common_headers(&id);
        assert_eq!(
            reply.headers,
            vec![
                ("content-type", "application/json".to_owned()),
                ("cache-control", "private, no-store".to_owned()),
                ("x-content-type-options", "nosniff".to_owned()),
                ("x-request-id", "req-1".to_owned()),
            ]
        );
    }

    #[test]
    fn an_empty_answer_declares_no_type() {
        let id = RequestId::accept(Some("req-1"));
        let reply = Reply::json(204, Vec::new()).with_common_headers(&id);
        assert_eq!(
            names(&reply),
            ["cache-control", "x-content-type-options", "x-request-id"]
        );
    }
}
