//! One request to a service of Supabase, and its whole answer: what the clients of PostgREST and Storage
//! have in common.
//!
//! All requests to Supabase that one request of a client causes share one deadline. Its time begins with
//! the first of them, so a client that sends its body slowly does not shorten it.

use std::cell::Cell;
use std::time::Duration;

pub use reqwest::Method;
use reqwest::RequestBuilder;

use crate::error::{ApiError, ErrorCode};
use crate::http::request::Request;
use crate::http::request_id::{RequestId, TraceParent};
use crate::runtime::config::SupabaseConfig;
use crate::runtime::request_log::Scope;

/// The pause before the second attempt: long enough for a service to restart its listener, and too
/// short to be noticed.
const PAUSE_MS: u64 = 100;

/// The beginning of PostgREST's paths, after the project's URL.
pub(super) const POSTGREST_ROOT: &str = "/rest/v1/";
/// The schema that has the database functions.
const SCHEMA: &str = "public";

/// Whether a request that got no answer is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Sent only once: the service may have carried it out although it did not answer.
    Never,
    /// Sent again once, because it may be carried out twice without harm.
    Once,
}

/// Supabase, for one request and on behalf of one user.
pub struct Supabase<'a> {
    config: &'a SupabaseConfig,
    scope: &'a Scope<'a>,
    /// The user's own token; without one the role is `anon`.
    token: Option<String>,
    request_id: RequestId,
    traceparent: Option<TraceParent>,
    deadline: Cell<Option<u64>>,
}

impl<'a> Supabase<'a> {
    /// Without a user, for a client's request.
    #[must_use]
    pub fn new<B>(config: &'a SupabaseConfig, scope: &'a Scope<'a>, request: &Request<B>) -> Self {
        Supabase {
            traceparent: request.traceparent.clone(),
            ..Supabase::unasked(config, scope, &request.id)
        }
    }

    /// Without a user and without a client's request, as for a scheduled run.
    #[must_use]
    pub fn unasked(config: &'a SupabaseConfig, scope: &'a Scope<'a>, id: &RequestId) -> Self {
        Supabase {
            config,
            scope,
            token: None,
            request_id: id.clone(),
            traceparent: None,
            deadline: Cell::new(None),
        }
    }

    /// The same, but on behalf of the user of a verified token.
    #[must_use]
    pub fn acting_for(self, token: &str) -> Self {
        let token = Some(token.to_owned());
        Supabase { token, ..self }
    }

    /// The project's URL, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> &'a str {
        &self.config.url
    }

    #[must_use]
    pub fn scope(&self) -> &'a Scope<'a> {
        self.scope
    }

    /// The time until the deadline, in milliseconds. The first call starts it.
    #[must_use]
    pub fn time_left(&self) -> u64 {
        let now = self.scope.platform.now();
        let deadline = match self.deadline.get() {
            Some(deadline) => deadline,
            None => now.saturating_add(self.config.timeout_ms),
        };
        self.deadline.set(Some(deadline));
        deadline.saturating_sub(now)
    }

    /// Sends a request with a JSON body once, and gives the answer's status and body. `path` follows the
    /// project's URL.
    ///
    /// # Errors
    /// As [`Supabase::ask`].
    pub async fn ask_json(
        &self,
        service: &'static str,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<(u16, Vec<u8>), ApiError> {
        let request = client()
            .request(method, format!("{}{path}", self.url()))
            .header("content-type", "application/json")
            .body(body);
        let request = match path.starts_with(POSTGREST_ROOT) {
            true => writing(request),
            false => request,
        };
        self.ask(service, request, Repeat::Never).await
    }

    /// Sends a request, and gives the answer's status and body. `service` is the name of the service in
    /// the log.
    ///
    /// # Errors
    /// If there is no answer: `unavailable`, `bad_upstream`, `upstream_timeout`.
    pub async fn ask(
        &self,
        service: &'static str,
        request: RequestBuilder,
        repeat: Repeat,
    ) -> Result<(u16, Vec<u8>), ApiError> {
        let again = match repeat {
            Repeat::Once => request.try_clone(),
            Repeat::Never => None,
        };
        let answer = self.attempt(service, request).await;
        match again {
            Some(again) if is_down(&answer) => {
                self.scope.platform.sleep(PAUSE_MS).await;
                self.attempt(service, again).await
            }
            _ => answer,
        }
    }

    /// Sends a request once, and waits for the whole answer until the deadline.
    async fn attempt(
        &self,
        service: &'static str,
        request: RequestBuilder,
    ) -> Result<(u16, Vec<u8>), ApiError> {
        let mut request = request
            .header("accept", "application/json")
            .header("apikey", &self.config.anon_key)
            .header("x-request-id", self.request_id.as_str());
        if let Some(traceparent) = &self.traceparent {
            request = request.header("traceparent", traceparent.as_str());
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let Scope { platform, trace } = self.scope;
        let begun = platform.now();
        let request = request.timeout(Duration::from_millis(self.time_left()));
        let answer = platform.fetch(service, request).await;
        trace.asked_upstream(platform.now().saturating_sub(begun));
        answer
    }
}

/// Names the schema for a request without a body. Without the name PostgREST uses the first schema that
/// the project exposes, which may be another one.
pub(super) fn reading(request: RequestBuilder) -> RequestBuilder {
    request.header("accept-profile", SCHEMA)
}

/// Names the schema for a request with a body, and for its answer.
pub(super) fn writing(request: RequestBuilder) -> RequestBuilder {
    reading(request).header("content-profile", SCHEMA)
}

/// Whether the connection was refused or cut, or the answer is 503: the service is restarting, or it
/// cannot reach Postgres.
fn is_down(answer: &Result<(u16, Vec<u8>), ApiError>) -> bool {
    match answer {
        Ok((status, _)) => *status == 503,
        Err(error) => error.code == ErrorCode::Unavailable,
    }
}

/// Makes a client for one request. In wasm it only builds requests and is cheap, and no I/O object may
/// be shared between requests there.
#[must_use]
pub fn client() -> reqwest::Client {
    reqwest::Client::new()
}

#[cfg(test)]
mod tests;
