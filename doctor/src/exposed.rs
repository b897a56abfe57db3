//! Whether PostgREST lets callers into schema `chat`. It says so itself.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use http::uri::Scheme;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::time::timeout;

use super::findings::{Findings, State};
use super::{Api, CHAT};

const CHECK: &str = "exposed schemas";
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// A refusal is small.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Asks PostgREST for something in schema `chat`, which it must refuse.
pub async fn ask(api: Option<Api<'_>>, findings: &mut Findings) {
    let Some(api) = api else {
        let repair = "give --supabase-url and --publishable-key";
        let found = "PostgREST was not asked whether it exposes chat";
        findings.add(State::Notice, CHECK, found.to_owned(), repair.to_owned());
        return;
    };
    let (state, found, repair) = match get_settings(api).await {
        Err(error) => (
            State::Differs,
            format!("the Supabase of --supabase-url does not answer: {error:#}"),
            "is --supabase-url right, https://<project>.supabase.co?",
        ),
        Ok((status, body)) => judge(status, &body),
    };
    findings.add(state, CHECK, found, repair.to_owned());
}

fn judge(status: StatusCode, body: &Value) -> (State, String, &'static str) {
    let code = body["code"].as_str().unwrap_or_default();
    let message = body["message"].as_str().unwrap_or_default();
    match code {
        "PGRST106" => (State::Ok, "PostgREST refuses chat".to_owned(), ""),
        // Where the schema is exposed, Postgres refuses a caller without rights.
        "42501" => (
            State::Differs,
            format!("PostgREST exposes chat: {message}"),
            REPAIR,
        ),
        _ if status.is_success() => (State::Differs, "PostgREST exposes chat".to_owned(), REPAIR),
        _ => (
            State::Differs,
            format!("PostgREST answers {status} {message}, which tells nothing"),
            "is the key the project's own publishable or anon key?",
        ),
    }
}

const REPAIR: &str = "take chat out of the exposed schemas: Dashboard, Project Settings, Data API; self-hosted: PGRST_DB_SCHEMAS";

async fn get_settings(api: Api<'_>) -> Result<(StatusCode, Value)> {
    let url = api.url.trim_end_matches('/');
    let request = Request::get(format!("{url}/rest/v1/settings?limit=0"))
        .header("apikey", api.key)
        .header("accept-profile", CHAT)
        .body(String::new())?;
    let client = Client::builder(TokioExecutor::new());
    // Over plain HTTP a machine without certificates works too.
    let answer = if request.uri().scheme() == Some(&Scheme::HTTPS) {
        let connector = HttpsConnectorBuilder::new()
            .with_native_roots()
            .context("this machine has no certificates to trust")?
            .https_only()
            .enable_http1()
            .build();
        client.build(connector).request(request)
    } else {
        client.build_http().request(request)
    };
    let work = async {
        let answer = answer.await?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAX_BODY_BYTES).collect();
        let body = body.await.map_err(|error| anyhow!(error))?.to_bytes();
        Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
    };
    timeout(ANSWER_TIME, work)
        .await
        .context("it does not answer in time")?
}
