//! The client of PostgREST: one request a call, and the answer's bytes passed on as they came, once
//! they are known to be an answer.
//!
//! What goes up is a function's name, typed arguments and at most eight headers. No path, query,
//! header or unparsed value of the caller does. A call has one deadline, a second attempt included.

use std::rc::Rc;

use reqwest::RequestBuilder;
use serde::Serialize;
use uuid::Uuid;

use crate::config::SupabaseConfig;
use crate::cursor::Timestamp;
use crate::epoch::Epoch;
use crate::error::{ApiError, ErrorCode};
use crate::reply::Reply;
use crate::request::Request;
use crate::shape::Shape;
pub use crate::supabase::Repeat;
use crate::supabase::{Supabase, client};
use crate::trace::Scope;
use crate::upstream;

/// What the log calls it.
const NAME: &str = "PostgREST";
/// Its paths begin so, after the project's URL.
pub(crate) const ROOT: &str = "/rest/v1/";
/// Where the functions are.
const SCHEMA: &str = "public";

/// An argument of a database function called with GET. None of these types can be written with a
/// character that a query would have to escape.
#[derive(Clone, Copy, Debug)]
pub enum Argument<'a> {
    /// A UUID.
    Id(Uuid),
    /// A whole number.
    Number(u64),
    /// A point in time.
    Time(Timestamp),
    /// An epoch.
    Epoch(&'a Epoch),
}

/// PostgREST, for the length of one request and in the name of one user.
pub struct Postgrest<'a>(Rc<Supabase<'a>>);

impl<'a> Postgrest<'a> {
    /// A client in whose name `supabase` speaks.
    #[must_use]
    pub fn of(supabase: &Rc<Supabase<'a>>) -> Self {
        Postgrest(Rc::clone(supabase))
    }

    /// A client without a user, who may execute nothing.
    #[must_use]
    pub fn new<B>(config: &'a SupabaseConfig, scope: &'a Scope<'a>, request: &Request<B>) -> Self {
        Postgrest(Rc::new(Supabase::new(config, scope, request)))
    }

    /// Calls a STABLE function with GET, which PostgREST runs read-only.
    ///
    /// # Errors
    /// As [`upstream`] maps them.
    pub async fn get(
        &self,
        function: &'static str,
        arguments: &[(&'static str, Argument<'_>)],
        shape: Shape,
    ) -> Result<Reply, ApiError> {
        let mut url = self.url(function);
        for (index, (name, value)) in arguments.iter().enumerate() {
            let separator = if index == 0 { '?' } else { '&' };
            let value = match value {
                Argument::Id(id) => id.to_string(),
                Argument::Number(number) => number.to_string(),
                Argument::Time(time) => time.to_string(),
                Argument::Epoch(epoch) => epoch.to_string(),
            };
            url.push_str(&format!("{separator}{name}={value}"));
        }
        self.send(reading(client().get(url)), shape, Repeat::Once)
            .await
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
        self.send(writing(request.body(body)), shape, repeat).await
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
        let answer = self.0.ask(NAME, reading(request), Repeat::Never).await;
        let (status, body) = answer.map_err(as_unavailable)?;
        if upstream::code_of(&body).as_deref() == Some("42501") {
            return Ok(());
        }
        Err(as_unavailable(upstream::from_response(status, &body)))
    }

    fn url(&self, function: &str) -> String {
        format!("{}{ROOT}rpc/{function}", self.0.url())
    }

    async fn send(
        &self,
        request: RequestBuilder,
        shape: Shape,
        repeat: Repeat,
    ) -> Result<Reply, ApiError> {
        let (status, body) = self.0.ask(NAME, request, repeat).await?;
        match status {
            _ if shape.fits(status, &body) => Ok(Reply::json(status, body)),
            200..300 => Err(upstream::from_false_success(status, body.len())),
            _ => Err(upstream::from_response(status, &body)),
        }
    }
}

/// Names the schema for a request without a body. PostgREST would take the first one that the project
/// exposes, which need not be ours.
fn reading(request: RequestBuilder) -> RequestBuilder {
    request.header("accept-profile", SCHEMA)
}

/// Names the schema for a request with a body, and for its answer.
pub(crate) fn writing(request: RequestBuilder) -> RequestBuilder {
    reading(request).header("content-profile", SCHEMA)
}

fn as_unavailable(error: ApiError) -> ApiError {
    ApiError {
        detail: error.detail,
        ..ErrorCode::Unavailable.into()
    }
}

#[cfg(test)]
pub(crate) mod tests;
