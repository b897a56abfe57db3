//! Whether PostgREST lets callers into schema `chat`: it says so itself.

use serde_json::Value;

use super::findings::{Findings, State};
use crate::http;
use crate::migrations::INTERNAL_SCHEMA;

const CHECK: &str = "exposed schemas";

/// Asks PostgREST for something in schema `chat`, which it must refuse.
pub async fn ask(url: Option<&str>, key: Option<&str>, findings: &mut Findings) {
    let (Some(url), Some(key)) = (url, key) else {
        let mend = "give --supabase-url and --publishable-key";
        let found = "PostgREST was not asked whether it exposes chat";
        findings.add(State::Notice, CHECK, found.to_owned(), mend.to_owned());
        return;
    };
    let address = format!("{}/rest/v1/settings?limit=0", url.trim_end_matches('/'));
    let (state, found, mend) = match http::get_in_schema(&address, key, INTERNAL_SCHEMA).await {
        Err(error) => (
            State::Differs,
            format!("the Supabase of --supabase-url does not answer: {error:#}"),
            "is --supabase-url right, https://<project>.supabase.co?",
        ),
        Ok((status, body)) => {
            let body: Value = serde_json::from_slice(&body).unwrap_or_default();
            let code = body["code"].as_str().unwrap_or_default();
            let message = body["message"].as_str().unwrap_or_default();
            match code {
                "PGRST106" => (State::Ok, "PostgREST refuses chat".to_owned(), ""),
                // Where the schema is exposed, a caller without rights is told so by Postgres.
                "42501" => (
                    State::Differs,
                    format!("PostgREST exposes chat: {message}"),
                    MEND,
                ),
                _ if status.is_success() => {
                    (State::Differs, "PostgREST exposes chat".to_owned(), MEND)
                }
                _ => (
                    State::Differs,
                    format!("PostgREST answers {status} {message}, which tells nothing"),
                    "is the key the project's own publishable or anon key?",
                ),
            }
        }
    };
    findings.add(state, CHECK, found, mend.to_owned());
}

const MEND: &str = "take chat out of the exposed schemas: Dashboard, Project Settings, Data API; self-hosted: PGRST_DB_SCHEMAS";
