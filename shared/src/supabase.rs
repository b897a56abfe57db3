//! One request to a service of Supabase and its whole answer: what the clients of PostgREST and of
//! Storage have in common.
//!
//! Whatever a request of ours asks of Supabase, of one service or of two, ends by one deadline, which
//! begins with the first attempt: a slow upload of the request itself does not shorten it.

use std::cell::Cell;
use std::time::Duration;

pub use reqwest::Method;
use reqwest::RequestBuilder;

use crate::config::SupabaseConfig;
use crate::error::{ApiError, ErrorCode};
use crate::postgrest;
use crate::request::{Request, RequestId, TraceParent};
use crate::trace::Scope;

/// The pause before the second attempt: long enough for a restarted listener to be there, short
/// enough not to be felt.
const PAUSE_MS: u64 = 100;

/// Whether a request that found nobody there is made a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Not made again: the first may have been carried out all the same.
    Never,
    /// Made again once, because carrying it out twice is as good as once.
    Once,
}

/// Supabase, for the length of one request and in the name of one user.
pub struct Supabase<'a> {
    config: &'a SupabaseConfig,
    scope: &'a Scope<'a>,
    /// The user's own token; `None` speaks as anon.
    token: Option<String>,
    request_id: RequestId,
    traceparent: Option<TraceParent>,
    deadline: Cell<Option<u64>>,
}

impl<'a> Supabase<'a> {
    /// Without a user.
    #[must_use]
    pub fn new<B>(config: &'a SupabaseConfig, scope: &'a Scope<'a>, request: &Request<B>) -> Self {
        Supabase {
            traceparent: request.traceparent.clone(),
            ..Supabase::unasked(config, scope, &request.id)
        }
    }

    /// Without a user, and without a request that would be the reason.
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

    /// The same, acting for the bearer of a verified token.
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

    /// The machine and the measurements.
    #[must_use]
    pub fn scope(&self) -> &'a Scope<'a> {
        self.scope
    }

    /// How long there still is, in milliseconds. The time begins when this is asked first.
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

    /// Status and body of the answer to a request with a JSON body, made once; `path` follows the
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
        let request = match path.starts_with(postgrest::ROOT) {
            true => postgrest::writing(request),
            false => request,
        };
        self.ask(service, request, Repeat::Never).await
    }

    /// Status and body of an answer, of a second attempt's where there may be one. `service` is what
    /// the log calls whoever is asked.
    ///
    /// # Errors
    /// Where there was no answer: `unavailable`, `bad_upstream`, `upstream_timeout`.
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
            Some(again) if nobody_there(&answer) => {
                self.scope.platform.sleep(PAUSE_MS).await;
                self.attempt(service, again).await
            }
            _ => answer,
        }
    }

    /// One request and its whole answer, before the deadline.
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

/// Refused or cut off before an answer, or a 503: the service restarts, or has lost Postgres.
fn nobody_there(answer: &Result<(u16, Vec<u8>), ApiError>) -> bool {
    match answer {
        Ok((status, _)) => *status == 503,
        Err(error) => error.code == ErrorCode::Unavailable,
    }
}

/// In wasm a client is an empty shell around `fetch`, and I/O objects may not cross requests there,
/// so each request makes its own.
#[must_use]
pub fn client() -> reqwest::Client {
    reqwest::Client::new()
}
