//! What the gateway answers itself.

use serde_json::json;
use shared::config::SupabaseConfig;
use shared::error::ApiError;
use shared::postgrest::Postgrest;
use shared::reply::Reply;
use shared::request::Request;
use shared::trace::Scope;

use crate::constants::VERSION;

/// The answer of `GET /health`.
pub fn healthy() -> Reply {
    let body = json!({ "status": "ok", "version": VERSION });
    Reply::json(200, body.to_string().into_bytes())
}

/// Asks PostgREST once, with the anon key and no user.
///
/// # Errors
/// `unavailable` when PostgREST or Postgres does not answer.
pub async fn check_database<B>(
    request: &Request<B>,
    scope: &Scope<'_>,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<(), ApiError> {
    let supabase = SupabaseConfig::load(lookup)?;
    Postgrest::new(&supabase, scope, request).probe().await
}
