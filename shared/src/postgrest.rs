//! The client of PostgREST: one request a call, and the answer's bytes passed on as they came, once
//! they are known to be an answer.
//!
//! What goes up is a function's name, typed arguments and at most six headers. No path, query,
//! header or unparsed value of the caller does. A call has one deadline, a second attempt included.

use reqwest::RequestBuilder;
use serde::Serialize;
use uuid::Uuid;

use crate::config::SupabaseConfig;
use crate::cursor::Timestamp;
use crate::error::{ApiError, ErrorCode};
use crate::fetch;
use crate::platform::within;
use crate::reply::Reply;
use crate::request::{Request, RequestId, TraceParent};
use crate::shape::Shape;
use crate::trace::Scope;
use crate::upstream;

/// The pause before the second attempt: long enough for a restarted listener to be there, short
/// enough not to be felt.
const PAUSE_MS: u64 = 100;

/// An argument of a database function called with GET. None of these types can be written with a
/// character that a query would have to escape.
#[derive(Clone, Copy, Debug)]
pub enum Argument {
    /// A UUID.
    Id(Uuid),
    /// A whole number.
    Number(u64),
    /// A point in time.
    Time(Timestamp),
}

/// Whether a request that found nobody there is made a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Not made again: the first may have been carried out all the same.
    Never,
    /// Made again once, because carrying it out twice is as good as once.
    Once,
}

/// PostgREST, for the length of one request and in the name of one user.
pub struct Postgrest<'a> {
    supabase: &'a SupabaseConfig,
    scope: &'a Scope<'a>,
    /// The user's own token; `None` speaks as anon.
    token: Option<String>,
    request_id: RequestId,
    traceparent: Option<TraceParent>,
}

impl<'a> Postgrest<'a> {
    /// A client without a user, who may execute nothing.
    #[must_use]
    pub fn new<B>(
        supabase: &'a SupabaseConfig,
        scope: &'a Scope<'a>,
        request: &Request<B>,
    ) -> Self {
        Postgrest {
            supabase,
            scope,
            token: None,
            request_id: request.id.clone(),
            traceparent: request.traceparent.clone(),
        }
    }

    /// The same, acting for the bearer of a verified token.
    #[must_use]
    pub fn acting_for(self, token: &str) -> Self {
        let token = Some(token.to_owned());
        Postgrest { token, ..self }
    }

    /// Calls a STABLE function with GET, which PostgREST runs read-only.
    ///
    /// # Errors
    /// As [`upstream`] maps them.
    pub async fn get(
        &self,
        function: &'static str,
        arguments: &[(&'static str, Argument)],
        shape: Shape,
    ) -> Result<Reply, ApiError> {
        let mut url = self.url(function);
        for (index, (name, value)) in arguments.iter().enumerate() {
            let separator = if index == 0 { '?' } else { '&' };
            let value = match value {
                Argument::Id(id) => id.to_string(),
                Argument::Number(number) => number.to_string(),
                Argument::Time(time) => time.to_string(),
            };
            url.push_str(&format!("{separator}{name}={value}"));
        }
        self.send(client().get(url), shape, Repeat::Once).await
    }

    /// Calls a function with POST, its arguments as a JSON object. Nearly all such calls are
    /// [`Repeat::Never`]; one that carries its own idempotency key may be repeated.
    ///
    /// # Errors
    /// As [`upstream`] maps them.
    pub async fn post(
        &self,
        function: &'static str,
        arguments: &impl Serialize,
        shape: Shape,
        repeat: Repeat,
    ) -> Result<Reply, ApiError> {
        // Strings, ids and numbers always serialise.
        let body = serde_json::to_vec(arguments).unwrap_or_default();
        let request = client()
            .post(self.url(function))
            .header("content-type", "application/json");
        self.send(request.body(body), shape, repeat).await
    }

    /// Asks whether PostgREST and Postgres answer at all.
    ///
    /// Anon may execute nothing, so Postgres itself refusing the call with 42501 is the sign of
    /// health; it has looked at no row by then.
    ///
    /// # Errors
    /// `unavailable` for every other answer, whose mapping stays in the log.
    pub async fn probe(&self) -> Result<(), ApiError> {
        let request = client().get(format!("{}?page_limit=1", self.url("list_chats")));
        let exchange = self.exchange(request, self.deadline()).await;
        let (status, body) = exchange.map_err(as_unavailable)?;
        if upstream::code_of(&body).as_deref() == Some("42501") {
            return Ok(());
        }
        Err(as_unavailable(upstream::from_response(status, &body)))
    }

    fn url(&self, function: &str) -> String {
        format!("{}/rest/v1/rpc/{function}", self.supabase.url)
    }

    async fn send(
        &self,
        request: RequestBuilder,
        shape: Shape,
        repeat: Repeat,
    ) -> Result<Reply, ApiError> {
        let deadline = self.deadline();
        let again = match repeat {
            Repeat::Once => request.try_clone(),
            Repeat::Never => None,
        };
        let mut answer = self.exchange(request, deadline).await;
        if let Some(again) = again
            && nobody_there(&answer)
        {
            self.scope.platform.sleep(PAUSE_MS).await;
            answer = self.exchange(again, deadline).await;
        }
        let (status, body) = answer?;
        match status {
            _ if shape.fits(status, &body) => Ok(Reply::json(status, body)),
            200..300 => Err(upstream::from_false_success(status, body.len())),
            _ => Err(upstream::from_response(status, &body)),
        }
    }

    /// When the client's patience ends, in the platform's milliseconds. Begins with the first
    /// attempt, so a slow upload does not shorten it.
    fn deadline(&self) -> u64 {
        let now = self.scope.platform.now();
        now.saturating_add(self.supabase.timeout_ms)
    }

    /// One request and its whole answer, before the deadline.
    async fn exchange(
        &self,
        request: RequestBuilder,
        deadline: u64,
    ) -> Result<(u16, Vec<u8>), ApiError> {
        let mut request = request
            .header("accept", "application/json")
            .header("apikey", &self.supabase.anon_key)
            .header("x-request-id", self.request_id.as_str());
        if let Some(traceparent) = &self.traceparent {
            request = request.header("traceparent", traceparent.as_str());
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let Scope { platform, trace } = self.scope;
        let begun = platform.now();
        let answer = fetch::send(request);
        let answer = within(*platform, deadline.saturating_sub(begun), answer).await;
        trace.asked_upstream(platform.now().saturating_sub(begun));
        answer.unwrap_or_else(|| {
            let detail = "PostgREST gave no answer before the deadline";
            Err(ApiError::with_detail(ErrorCode::UpstreamTimeout, detail))
        })
    }
}

/// Refused or cut off before an answer, or a 503: PostgREST restarts, or has lost Postgres.
fn nobody_there(answer: &Result<(u16, Vec<u8>), ApiError>) -> bool {
    match answer {
        Ok((status, _)) => *status == 503,
        Err(error) => error.code == ErrorCode::Unavailable,
    }
}

fn as_unavailable(error: ApiError) -> ApiError {
    ApiError {
        detail: error.detail,
        ..ErrorCode::Unavailable.into()
    }
}

/// In wasm a client is an empty shell around `fetch`, and I/O objects may not cross requests there,
/// so each request makes its own.
fn client() -> reqwest::Client {
    reqwest::Client::new()
}

#[cfg(test)]
mod tests;
