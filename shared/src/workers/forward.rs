//! Passing a request on to another function.
//!
//! Its response is returned as it is, and that function writes the line of the log.

use worker::wasm_bindgen::{JsCast, JsValue};
use worker::web_sys;

use crate::error::{ApiError, ErrorCode};
use crate::http::request::{MAX_BODY_BYTES, Request};
use crate::routes::Destination;
use crate::workers::glue;
use crate::workers::incoming::{StreamBody, ended_early};

/// Passes a request on whole, with only its id set, so that both functions log the same one.
///
/// # Errors
/// `payload_too_large`, `invalid_request` for half a body, and `unavailable` where the other function fails.
pub(super) async fn forward(
    request: &Request<StreamBody>,
    env: &JsValue,
    to: Destination,
) -> Result<web_sys::Response, ApiError> {
    let StreamBody(original) = &request.body;
    let id = request.id.as_str();
    let answer = glue::pass(original, env, to.binding, id, MAX_BODY_BYTES as u32).await;
    match answer {
        Ok(answer) if answer.is_undefined() => Err(ErrorCode::PayloadTooLarge.into()),
        Ok(answer) if answer.is_null() => Err(ended_early()),
        Ok(answer) => Ok(answer.unchecked_into()),
        Err(error) => {
            let error = worker::Error::from(error).to_string();
            // What follows its first sentence is the address of a page about it.
            let what = error.split(". ").next().unwrap_or_default();
            let detail = format!("the service binding: {what}");
            Err(ApiError::with_detail(ErrorCode::Unavailable, detail))
        }
    }
}
