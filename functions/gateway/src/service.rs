//! The operations of the gateway.

use serde_json::json;
use shared::error::ApiError;
use shared::http::reply::Reply;
use shared::http::request::Request;
use shared::runtime::config::SupabaseConfig;
use shared::runtime::request_log::Scope;
use shared::supabase::postgrest::Postgrest;

/// The reply of `GET /health`.
pub fn healthy() -> Reply {
    let body = json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") });
    Reply::json(200, body.to_string().into_bytes())
}

/// Sends one request to PostgREST, without a user.
///
/// # Errors
/// `unavailable` if PostgREST or Postgres does not answer.
pub async fn check_database<B>(
    request: &Request<B>,
    scope: &Scope<'_>,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<(), ApiError> {
    let supabase = SupabaseConfig::load(lookup)?;
    Postgrest::new(&supabase, scope, request).probe().await
}
