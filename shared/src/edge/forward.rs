//! Passing a request on to another function.

use worker::js_sys::Uint8Array;
use worker::web_sys::{self, RequestInit, RequestRedirect};
use worker::{Env, Headers, Response};

use crate::edge::incoming::StreamBody;
use crate::error::{ApiError, ErrorCode};
use crate::request::{Body, MAX_BODY_BYTES, Request, RequestId};

/// Passes a request on whole; only its id is set, so that both sides log the same one.
///
/// The body is read here, up to the limit, and not streamed through: when a function answers
/// without having read a streamed body, as it answers strangers, workerd drops the client's
/// connection.
pub(super) async fn forward(
    request: Request<StreamBody>,
    env: &Env,
    binding: &str,
) -> Result<Response, ApiError> {
    let failed = |error: worker::Error| {
        let detail = format!("service binding {binding}: {error}");
        ApiError::with_detail(ErrorCode::Unavailable, detail)
    };
    let url = request.body.0.inner().url();
    let headers = request.body.0.headers().clone();
    let body = request.body.read(MAX_BODY_BYTES).await?;
    let outgoing = outgoing(&url, &request.method, headers, &request.id, &body).map_err(failed)?;
    let function = env.service(binding).map_err(failed)?;
    function.fetch_request(outgoing).await.map_err(failed)
}

fn outgoing(
    url: &str,
    method: &str,
    headers: Headers,
    id: &RequestId,
    body: &[u8],
) -> worker::Result<worker::Request> {
    headers.set("x-request-id", id.as_str())?;
    // Both are the runtime's to write for a body of known length.
    headers.delete("content-length")?;
    headers.delete("transfer-encoding")?;
    let init = RequestInit::new();
    init.set_method(method);
    init.set_headers_headers(&headers.0);
    init.set_redirect(RequestRedirect::Manual);
    // The runtime refuses a GET with a body, and no route of ours reads one.
    if !body.is_empty() && !matches!(method, "GET" | "HEAD") {
        init.set_body(&Uint8Array::from(body));
    }
    Ok(web_sys::Request::new_with_str_and_init(url, &init)?.into())
}
