//! Asking Supabase, by the runtime's `fetch`.

use reqwest::RequestBuilder;
use worker::js_sys::{Array, Uint8Array};
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::web_sys;

use crate::error::{ApiError, ErrorCode};
use crate::workers::glue;

/// Sends a request to a service, which the log calls so; gives the answer's status and body. It is given up
/// when the client of `client` hangs up.
///
/// # Errors
/// `unavailable` when nobody answers, `bad_upstream` for the beginning of an answer, and `upstream_timeout`
/// after the request's own timeout.
pub(super) async fn send(
    service: &'static str,
    request: RequestBuilder,
    client: Option<&web_sys::Request>,
) -> Result<(u16, Vec<u8>), ApiError> {
    // Its URL may hold a cursor: nothing of what went wrong is quoted.
    let failed = |code, what: &str| ApiError::with_detail(code, format!("{service}: {what}"));
    let request = request
        .build()
        .map_err(|_| failed(ErrorCode::Internal, "the request cannot be built"))?;
    let mut headers = String::new();
    for (name, value) in request.headers() {
        headers.push_str(name.as_str());
        headers.push(':');
        headers.push_str(value.to_str().unwrap_or_default());
        headers.push('\n');
    }
    let body = request.body().and_then(|body| body.as_bytes());
    let answer = glue::ask(
        request.method().as_str(),
        request.url().as_str(),
        &headers,
        body.map(<[u8]>::to_vec),
        request.timeout().map(|limit| limit.as_millis() as f64),
        client,
    );
    // fetch() does not tell refused from reset; both mean that nobody answers.
    let answer = answer
        .await
        .map_err(|_| failed(ErrorCode::Unavailable, "fetch failed"))?;
    if answer.is_undefined() {
        let what = "no answer before the deadline";
        return Err(failed(ErrorCode::UpstreamTimeout, what));
    }
    let answer: Array<JsValue> = answer.unchecked_into();
    let status = answer.get(0).as_f64().unwrap_or_default() as u16;
    match answer.get(1).dyn_into::<Uint8Array>() {
        Ok(body) => Ok((status, body.to_vec())),
        Err(_) => Err(failed(ErrorCode::BadUpstream, "the body broke off")),
    }
}
