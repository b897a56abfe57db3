//! The measurements of a request, and its line in the log.
//!
//! The line never has a token, the text of a message, or a URL. It has the user as a hash: the lines of
//! one user can be found, but the log does not say who the user is.

use std::cell::{Cell, RefCell};
use std::fmt::Write;
use std::rc::Rc;

use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::ErrorCode;
use crate::runtime::platform::Platform;

/// The runtime and the measurements of one request.
pub struct Scope<'a> {
    pub platform: &'a dyn Platform,
    /// Shared with the code that replies after the handler has failed.
    pub trace: Rc<Trace>,
}

impl<'a> Scope<'a> {
    /// Starts to measure a request.
    #[must_use]
    pub fn new(platform: &'a dyn Platform) -> Self {
        Scope::resume(platform, Rc::new(Trace::begun(platform.now())))
    }

    /// Continues measurements that have been started before.
    #[must_use]
    pub fn resume(platform: &'a dyn Platform, trace: Rc<Trace>) -> Self {
        Scope { platform, trace }
    }
}

/// Whether a token was found in the token cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenCache {
    /// The token was verified for an earlier request.
    Hit,
    /// The token was verified for this request.
    Miss,
}

/// The measurements of one request, in milliseconds of the platform's clock.
#[derive(Default)]
pub struct Trace {
    started: u64,
    route: Cell<&'static str>,
    user: Cell<Option<Uuid>>,
    token: Cell<Option<TokenCache>>,
    verify: Cell<Option<u64>>,
    upstream: Cell<Option<u64>>,
    upstream_requests: Cell<u32>,
    limiter_failed: Cell<bool>,
    unsigned: RefCell<Option<String>>,
}

/// How a request ended.
pub struct Ending<'a> {
    pub function: &'static str,
    pub id: &'a str,
    pub method: &'a str,
    pub status: u16,
    pub code: Option<ErrorCode>,
    /// The detail of the error.
    pub detail: Option<&'a str>,
    /// Which page may not read the reply: [`Cors::refusal`](crate::http::cors::Cors::refusal).
    pub refused_origin: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    id: &'a str,
    function: &'a str,
    method: &'a str,
    route: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    total_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    verify_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_cache: Option<TokenCache>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream_ms: Option<u64>,
    upstream_requests: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    limiter_failed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    unsigned: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused_origin: Option<&'a str>,
}

impl Trace {
    /// For a request that began at `started`, in milliseconds since 1970.
    #[must_use]
    pub fn begun(started: u64) -> Self {
        Trace {
            started,
            ..Trace::default()
        }
    }

    /// When the request began, in milliseconds since 1970.
    #[must_use]
    pub fn started(&self) -> u64 {
        self.started
    }

    /// Records the pattern of the route.
    pub fn route(&self, pattern: &'static str) {
        self.route.set(pattern);
    }

    /// Records the caller.
    pub fn user(&self, user: Uuid) {
        self.user.set(Some(user));
    }

    /// Records how long the token check took, and whether the token was in the cache.
    pub fn verified(&self, cache: TokenCache, milliseconds: u64) {
        self.token.set(Some(cache));
        self.verify.set(Some(milliseconds));
    }

    /// Records one request to Supabase, and how long it took.
    pub fn asked_upstream(&self, milliseconds: u64) {
        let before = self.upstream.get().unwrap_or_default();
        self.upstream.set(Some(before.saturating_add(milliseconds)));
        let requests = self.upstream_requests.get().saturating_add(1);
        self.upstream_requests.set(requests);
    }

    /// Records that a rate limiter gave no answer, so that the request was not limited.
    pub fn limiter_failed(&self) {
        self.limiter_failed.set(true);
    }

    /// Whether a rate limiter gave no answer.
    #[must_use]
    pub fn has_failed_limiter(&self) -> bool {
        self.limiter_failed.get()
    }

    /// Records why attachments have no URL.
    pub fn unsigned(&self, reason: String) {
        self.unsigned.replace(Some(reason));
    }

    /// The `Server-Timing` header, with the durations of the log line.
    #[must_use]
    pub fn server_timing(&self, now: u64) -> String {
        let mut header = format!("total;dur={}", now.saturating_sub(self.started));
        // Writing to a string cannot fail.
        if let Some(verify) = self.verify.get() {
            let cache = match self.token.get() {
                Some(TokenCache::Hit) => "hit",
                _ => "miss",
            };
            let _ = write!(header, ", verify;dur={verify};desc={cache}");
        }
        if let Some(upstream) = self.upstream.get() {
            let _ = write!(header, ", upstream;dur={upstream}");
        }
        header
    }

    /// The line for the log, as JSON.
    #[must_use]
    pub fn log_line(&self, ending: &Ending<'_>, now: u64) -> String {
        let unsigned = self.unsigned.borrow();
        let line = Line {
            id: ending.id,
            function: ending.function,
            method: ending.method,
            route: self.route.get(),
            status: ending.status,
            code: ending.code.map(ErrorCode::as_str),
            detail: ending.detail,
            total_ms: now.saturating_sub(self.started),
            verify_ms: self.verify.get(),
            token_cache: self.token.get(),
            upstream_ms: self.upstream.get(),
            upstream_requests: self.upstream_requests.get(),
            user: self.user.get().map(hashed),
            limiter_failed: self.limiter_failed.get(),
            unsigned: unsigned.as_deref(),
            refused_origin: ending.refused_origin,
        };
        // Serialising strings and numbers cannot fail.
        serde_json::to_string(&line).unwrap_or_default()
    }
}

/// The first 16 hex digits of the id's SHA-256. Ids are random, so an id cannot be found by trying.
fn hashed(user: Uuid) -> String {
    let mut text = String::with_capacity(16);
    for byte in Sha256::digest(user.as_bytes()).iter().take(8) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::ids;

    const USER: &str = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";

    fn trace() -> Trace {
        Trace::begun(1_000)
    }

    #[test]
    fn a_whole_request_is_one_line() {
        let trace = trace();
        trace.route("/chats/:id");
        trace.user(ids::parse(USER).unwrap());
        trace.verified(TokenCache::Miss, 2);
        trace.asked_upstream(3);
        trace.asked_upstream(4);
        trace.limiter_failed();
        trace.unsigned("Storage answered 503".to_owned());
        let ending = Ending {
            function: "chats",
            id: "req-1",
            method: "GET",
            status: 503,
            code: Some(ErrorCode::Unavailable),
            detail: Some("a \"reason\"\n"),
            refused_origin: Some("https://else.example is not listed"),
        };
        let line = trace.log_line(&ending, 1_012);
        assert_eq!(
            line,
            concat!(
                r#"{"id":"req-1","function":"chats","method":"GET","route":"/chats/:id","status":503,"#,
                r#""code":"unavailable","detail":"a \"reason\"\n","totalMs":12,"verifyMs":2,"#,
                r#""tokenCache":"miss","upstreamMs":7,"upstreamRequests":2,"user":"fd669bb9081999dd","limiterFailed":true,"#,
                r#""unsigned":"Storage answered 503","refusedOrigin":"https://else.example is not listed"}"#
            )
        );
        assert_eq!(
            trace.server_timing(1_012),
            "total;dur=12, verify;dur=2;desc=miss, upstream;dur=7"
        );
    }

    #[test]
    fn the_line_has_only_what_happened() {
        let trace = trace();
        let ending = Ending {
            function: "gateway",
            id: "req-1",
            method: "GET",
            status: 200,
            code: None,
            detail: None,
            refused_origin: None,
        };
        assert_eq!(
            trace.log_line(&ending, 1_000),
            r#"{"id":"req-1","function":"gateway","method":"GET","route":"","status":200,"totalMs":0,"upstreamRequests":0}"#
        );
        assert_eq!(trace.server_timing(1_000), "total;dur=0");
        trace.verified(TokenCache::Hit, 0);
        assert_eq!(
            trace.server_timing(1_001),
            "total;dur=1, verify;dur=0;desc=hit"
        );
    }
}
