//! The client of PostgREST. A call is one request to a database function. The bytes of the answer are
//! forwarded unchanged, after a check that they are an answer of that function.
//!
//! A request has the name of a database function, typed arguments and at most eight headers. It has no
//! path, query, header or unparsed value of the caller. A text is percent-encoded.

use std::rc::Rc;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::RequestBuilder;
use serde::Serialize;
use uuid::Uuid;

use crate::error::{ApiError, ErrorCode};
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::input::cursor::{Epoch, Timestamp};
use crate::runtime::config::SupabaseConfig;
use crate::runtime::request_log::Scope;
use crate::supabase::client::{POSTGREST_ROOT, Repeat, Supabase, client, reading, writing};
use crate::supabase::expected_answer::ExpectedAnswer;
use crate::supabase::postgrest_errors;

/// The name of the service in the log.
const NAME: &str = "PostgREST";

/// An argument of a database function that is called with GET. All but `Text` consist of characters that a
/// query need not escape.
#[derive(Clone, Copy, Debug)]
pub enum Argument<'a> {
    /// Is percent-encoded.
    Text(&'a str),
    Id(Uuid),
    Number(u64),
    Flag(bool),
    Time(Timestamp),
    Epoch(&'a Epoch),
    True,
}

/// PostgREST, for one request and on behalf of one user.
pub struct Postgrest<'a>(Rc<Supabase<'a>>);

impl<'a> Postgrest<'a> {
    /// A client on behalf of the user of `supabase`.
    #[must_use]
    pub fn of(supabase: &Rc<Supabase<'a>>) -> Self {
        Postgrest(Rc::clone(supabase))
    }

    /// A client without a user. Its role `anon` may execute no function.
    #[must_use]
    pub fn new<B>(config: &'a SupabaseConfig, scope: &'a Scope<'a>, request: &Request<B>) -> Self {
        Postgrest(Rc::new(Supabase::new(config, scope, request)))
    }

    /// Calls a `stable` function with GET. PostgREST runs it in a read-only transaction.
    ///
    /// # Errors
    /// Those of [`postgrest_errors`], and of [`Supabase::ask`].
    pub async fn get(
        &self,
        function: &'static str,
        arguments: &[(&'static str, Argument<'_>)],
        shape: ExpectedAnswer,
    ) -> Result<Reply, ApiError> {
        let mut url = self.url(function);
        for (index, (name, value)) in arguments.iter().enumerate() {
            let separator = if index == 0 { '?' } else { '&' };
            let value = match value {
                Argument::Text(text) => utf8_percent_encode(text, NON_ALPHANUMERIC).to_string(),
                Argument::Id(id) => id.to_string(),
                Argument::Number(number) => number.to_string(),
                Argument::Flag(flag) => flag.to_string(),
                Argument::Time(time) => time.to_string(),
                Argument::Epoch(epoch) => epoch.to_string(),
                Argument::True => "true".to_owned(),
            };
            url.push_str(&format!("{separator}{name}={value}"));
        }
        self.send(reading(client().get(url)), shape, Repeat::Once)
            .await
    }

    /// Calls a function with POST and its arguments as a JSON object. Most of these calls must be
    /// [`Repeat::Never`]; a call with an idempotency key may be repeated.
    ///
    /// # Errors
    /// Those of [`postgrest_errors`], and of [`Supabase::ask`].
    pub async fn post(
        &self,
        function: &'static str,
        arguments: &impl Serialize,
        shape: ExpectedAnswer,
        repeat: Repeat,
    ) -> Result<Reply, ApiError> {
        // Serialising strings, ids and numbers cannot fail.
        let body = serde_json::to_vec(arguments).unwrap_or_default();
        let request = client()
            .post(self.url(function))
            .header("content-type", "application/json");
        self.send(writing(request.body(body)), shape, repeat).await
    }

    /// Checks that PostgREST and Postgres answer.
    ///
    /// `anon` may execute no function. So if Postgres refuses the call with 42501, both services are
    /// healthy. Postgres has read no row by then.
    ///
    /// # Errors
    /// `unavailable` for every other answer; the log has its detail.
    pub async fn probe(&self) -> Result<(), ApiError> {
        let request = client().get(format!("{}?page_limit=1", self.url("list_chats")));
        let answer = self.0.ask(NAME, reading(request), Repeat::Never).await;
        let (status, body) = answer.map_err(as_unavailable)?;
        if postgrest_errors::code_of(&body).as_deref() == Some("42501") {
            return Ok(());
        }
        Err(as_unavailable(postgrest_errors::from_response(
            status, &body,
        )))
    }

    fn url(&self, function: &str) -> String {
        format!("{}{POSTGREST_ROOT}rpc/{function}", self.0.url())
    }

    async fn send(
        &self,
        request: RequestBuilder,
        shape: ExpectedAnswer,
        repeat: Repeat,
    ) -> Result<Reply, ApiError> {
        let (status, body) = self.0.ask(NAME, request, repeat).await?;
        match status {
            _ if shape.fits(status, &body) => Ok(Reply::json(status, body)),
            200..300 => Err(postgrest_errors::from_false_success(status, body.len())),
            _ => Err(postgrest_errors::from_response(status, &body)),
        }
    }
}

fn as_unavailable(error: ApiError) -> ApiError {
    ApiError {
        detail: error.detail,
        ..ErrorCode::Unavailable.into()
    }
}

#[cfg(test)]
mod tests;
