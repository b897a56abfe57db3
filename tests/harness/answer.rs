//! Assertions on whole answers: status, headers and body together.

use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    call: String,
    /// The HTTP status.
    pub status: u16,
    /// The response headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(call: String, status: u16, headers: HeaderMap, body: Vec<u8>) -> Answer {
        Answer {
            call,
            status,
            headers,
            body,
        }
    }

    /// The header's value, or nothing.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text, for messages and for searching.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Asserts a JSON answer with this status, and returns its body.
    #[track_caller]
    pub fn json(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.call, self.text());
        let content_type = self.header("content-type").unwrap_or_default();
        assert!(
            content_type.starts_with("application/json"),
            "{}: content type {content_type:?}",
            self.call
        );
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("{}: {error}: {}", self.call, self.text()),
        }
    }

    /// Asserts 200 and returns the body.
    #[track_caller]
    pub fn ok(&self) -> Value {
        self.json(200)
    }

    /// Asserts 201 and returns the body.
    #[track_caller]
    pub fn created(&self) -> Value {
        self.json(201)
    }

    /// Asserts 202 and an empty body.
    #[track_caller]
    pub fn accepted(&self) {
        self.empty(202);
    }

    /// Asserts 204 and an empty body.
    #[track_caller]
    pub fn no_content(&self) {
        self.empty(204);
    }

    #[track_caller]
    fn empty(&self, status: u16) {
        let empty = (status, String::new());
        assert_eq!((self.status, self.text()), empty, "{}", self.call);
    }

    /// Asserts the error envelope with this status and code, its headers, and nothing besides.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) {
        let paths = self.error(status, code);
        assert!(
            code != "invalid_request" || !paths.is_empty(),
            "{}: invalid_request names its fields: {}",
            self.call,
            self.text()
        );
    }

    /// Asserts 400 `invalid_request` about exactly these fields.
    #[track_caller]
    pub fn invalid(&self, fields: &[&str]) {
        let paths = self.error(400, "invalid_request");
        assert_eq!(paths, fields, "{}: {}", self.call, self.text());
    }

    /// Asserts 400 `invalid_request` about exactly this field, with this issue.
    #[track_caller]
    pub fn refused_field(&self, path: &str, issue: &str) {
        self.invalid(&[path]);
        let fields = &self.json(400)["error"]["fields"];
        let expected = json!([{ "path": path, "issue": issue }]);
        assert_eq!(fields, &expected, "{}", self.call);
    }

    /// Asserts PostgREST's own error with this status and code.
    #[track_caller]
    pub fn denied(&self, status: u16, code: &str) {
        let body = self.json(status);
        assert_eq!(body["code"], code, "{}: {body}", self.call);
    }

    /// Asserts the chat's own error as PostgREST tells it: `PT403` and `not_participant`, for example.
    #[track_caller]
    pub fn raised(&self, status: u16, code: &str) {
        let body = self.json(status);
        let expected = (json!(format!("PT{status}")), json!(code));
        let found = (body["code"].clone(), body["message"].clone());
        assert_eq!(found, expected, "{}: {body}", self.call);
    }

    /// Asserts 405 with exactly these methods in `Allow`.
    #[track_caller]
    pub fn not_allowed(&self, methods: &[&str]) {
        self.error(405, "method_not_allowed");
        let allow = self.header("allow").unwrap_or_default();
        let allowed: BTreeSet<&str> = allow.split(',').map(str::trim).collect();
        assert_eq!(
            allowed,
            methods.iter().copied().collect(),
            "{}: Allow",
            self.call
        );
    }

    /// Asserts the envelope and returns the paths of its fields.
    #[track_caller]
    fn error(&self, status: u16, code: &str) -> Vec<String> {
        let body = self.json(status);
        let error = &body["error"];
        let message = error["message"].as_str().unwrap_or_default();
        let request_id = self.header("x-request-id").unwrap_or_default();
        assert!(!message.is_empty(), "{}: no message: {body}", self.call);
        assert!(!request_id.is_empty(), "{}: no X-Request-Id", self.call);

        let mut envelope = json!({
            "code": code,
            "message": message,
            "requestId": request_id,
            "retryable": matches!(status, 429 | 502 | 503 | 504) || code == "token_not_yet_valid",
        });
        let mut paths = Vec::new();
        if let ("invalid_request", Some(fields)) = (code, error["fields"].as_array()) {
            envelope["fields"] = fields.iter().map(|field| self.field(field)).collect();
            paths = fields
                .iter()
                .map(|field| field["path"].as_str().unwrap_or_default().to_owned())
                .collect();
        }
        assert_eq!(body, json!({ "error": envelope }), "{}", self.call);

        let expected = |wanted: bool, value| if wanted { value } else { None };
        assert_eq!(
            self.header("www-authenticate"),
            expected(status == 401, Some("Bearer")),
            "{}: WWW-Authenticate",
            self.call
        );
        for (name, wanted) in [
            ("allow", status == 405),
            ("retry-after", matches!(status, 429 | 503)),
        ] {
            assert_eq!(self.header(name).is_some(), wanted, "{}: {name}", self.call);
        }
        paths
    }

    /// One entry of `fields` with exactly the keys `path` and `issue`, both telling something.
    #[track_caller]
    fn field(&self, field: &Value) -> Value {
        let (path, issue) = (field["path"].as_str(), field["issue"].as_str());
        assert!(
            path.is_some() && issue.is_some_and(|issue| !issue.is_empty()),
            "{}: field {field}",
            self.call
        );
        json!({ "path": path, "issue": issue })
    }
}
