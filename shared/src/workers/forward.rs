//! Passing a request on to another function.
//!
//! What answers there is the answer, and the runtime hands it on: nothing here waits for it, and the line of
//! the log is that function's.

use worker::js_sys::Promise;
use worker::wasm_bindgen::prelude::Closure;
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::web_sys;

use crate::error::{ApiError, ErrorCode};
use crate::http::request::{MAX_BODY_BYTES, Request};
use crate::routes::Destination;
use crate::workers::glue;
use crate::workers::incoming::{StreamBody, ended_early};

/// What answers where the other function does not: hears the head of the request, the environment, when the
/// request began, and the reason as the glue gives it.
pub(super) type Failed =
    Closure<dyn Fn(web_sys::Request, JsValue, f64, JsValue) -> Result<JsValue, JsValue>>;

/// Passes a request on whole, with only its id set, so that both sides know it by the same one.
pub(super) fn forward(
    request: &Request<StreamBody>,
    env: &JsValue,
    to: Destination,
    began: u64,
    failed: &Failed,
) -> Promise {
    let StreamBody(original) = &request.body;
    glue::pass(
        original,
        env,
        to.binding,
        request.id.as_str(),
        MAX_BODY_BYTES as u32,
        began as f64,
        failed.as_ref().unchecked_ref(),
    )
}

/// Why the other function did not answer.
pub(super) fn reason(reason: JsValue) -> ApiError {
    if reason.is_undefined() {
        ErrorCode::PayloadTooLarge.into()
    } else if reason.is_null() {
        ended_early()
    } else {
        let error = worker::Error::from(reason);
        let detail = format!("the service binding: {error}");
        ApiError::with_detail(ErrorCode::Unavailable, detail)
    }
}
