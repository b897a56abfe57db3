//! One request and its whole answer, natively: by reqwest. In wasm the edge sends it by the runtime's `fetch`.
//!
//! There reqwest would make an `AbortController` for each request and abort it when it is done, parse the
//! answer's URL and copy its headers, and wait twice: half a millisecond of the edge's own CPU went
//! into a request, and a third of that into these.

use reqwest::RequestBuilder;

use crate::error::ApiError;
use crate::upstream;

/// Sends a request to a service, which the log calls so; gives the answer's status and body.
///
/// # Errors
/// As [`upstream::from_transport`] maps them.
pub async fn send(
    service: &'static str,
    request: RequestBuilder,
) -> Result<(u16, Vec<u8>), ApiError> {
    let failed = |error| upstream::from_transport(service, error);
    let response = request.send().await.map_err(failed)?;
    let status = response.status().as_u16();
    let body = response.bytes().await.map_err(failed)?;
    Ok((status, body.into()))
}
