//! The few requests that this tool makes itself: is a part ready, sign in, sweep.

use std::time::Duration;

use anyhow::{Context, Result};
use axum::body::{Body, to_bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::request::Builder;
use axum::http::uri::Scheme;
use axum::http::{Method, Request, StatusCode};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::time::timeout;

/// Auth hashes passwords, which takes a moment; nothing here takes longer.
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// Answers are small.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// The status of a GET.
pub async fn status(url: &str) -> Result<StatusCode> {
    Ok(send(Request::get(url), Vec::new()).await?.0)
}

/// The status and body of a request with a JSON body, an `apikey` and a user's token.
pub async fn json(
    method: Method,
    url: &str,
    key: &str,
    token: Option<&str>,
    body: Vec<u8>,
) -> Result<(StatusCode, Vec<u8>)> {
    let mut request = Request::builder()
        .method(method)
        .uri(url)
        .header("apikey", key)
        .header(CONTENT_TYPE, "application/json");
    if url.contains("/rest/v1/") {
        // Without them PostgREST takes the first schema that the project exposes.
        request = request
            .header("accept-profile", "public")
            .header("content-profile", "public");
    }
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    send(request, body).await
}

async fn send(request: Builder, body: Vec<u8>) -> Result<(StatusCode, Vec<u8>)> {
    let request = request.body(Body::from(body))?;
    let client = Client::builder(TokioExecutor::new());
    // Certificates are read for a hosted project alone: readiness is asked many times a second.
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
        let response = answer.await?;
        let status = response.status();
        let bytes = to_bytes(Body::new(response.into_body()), MAX_BODY_BYTES).await?;
        Ok((status, bytes.to_vec()))
    };
    timeout(ANSWER_TIME, work)
        .await
        .context("it does not answer in time")?
}
