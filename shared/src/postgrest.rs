//! The client of PostgREST: one request a call, and the answer's bytes passed on unread.
//!
//! What goes up is a function's name, typed arguments and four headers. No path, query, header or
//! unparsed value of the caller does.

use reqwest::RequestBuilder;
use serde::Serialize;
use uuid::Uuid;

use crate::config::SupabaseConfig;
use crate::cursor::Timestamp;
use crate::error::{ApiError, ErrorCode};
use crate::reply::Reply;
use crate::request::RequestId;
use crate::upstream;

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

/// PostgREST, for the length of one request and in the name of one user.
pub struct Postgrest<'a> {
    supabase: &'a SupabaseConfig,
    /// The user's own token; `None` speaks as anon.
    token: Option<String>,
    request_id: RequestId,
}

impl<'a> Postgrest<'a> {
    /// A client that acts for the bearer of a verified token.
    #[must_use]
    pub fn new(supabase: &'a SupabaseConfig, token: String, request_id: RequestId) -> Self {
        Postgrest {
            supabase,
            token: Some(token),
            request_id,
        }
    }

    /// A client without a user, who may execute nothing.
    #[must_use]
    pub fn anonymous(supabase: &'a SupabaseConfig, request_id: RequestId) -> Self {
        Postgrest {
            supabase,
            token: None,
            request_id,
        }
    }

    /// Calls a STABLE function with GET, which PostgREST runs read-only.
    ///
    /// # Errors
    /// As [`upstream`] maps them.
    pub async fn get(
        &self,
        function: &'static str,
        arguments: &[(&'static str, Argument)],
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
        self.send(client().get(url)).await
    }

    /// Calls a function with POST, its arguments as a JSON object.
    ///
    /// # Errors
    /// As [`upstream`] maps them.
    pub async fn post(
        &self,
        function: &'static str,
        arguments: &impl Serialize,
    ) -> Result<Reply, ApiError> {
        // Strings, ids and numbers always serialise.
        let body = serde_json::to_vec(arguments).unwrap_or_default();
        let request = client()
            .post(self.url(function))
            .header("content-type", "application/json");
        self.send(request.body(body)).await
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
        let (status, body) = self.exchange(request).await.map_err(as_unavailable)?;
        if upstream::code_of(&body).as_deref() == Some("42501") {
            return Ok(());
        }
        Err(as_unavailable(upstream::from_response(status, &body)))
    }

    fn url(&self, function: &str) -> String {
        format!("{}/rest/v1/rpc/{function}", self.supabase.url)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Reply, ApiError> {
        let (status, body) = self.exchange(request).await?;
        match status {
            200 | 201 | 204 => Ok(Reply::json(status, body)),
            _ => Err(upstream::from_response(status, &body)),
        }
    }

    async fn exchange(&self, request: RequestBuilder) -> Result<(u16, Vec<u8>), ApiError> {
        let mut request = request
            .header("accept", "application/json")
            .header("apikey", &self.supabase.anon_key)
            .header("x-request-id", self.request_id.as_str());
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.map_err(upstream::from_transport)?;
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(upstream::from_transport)?;
        Ok((status, body.into()))
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
