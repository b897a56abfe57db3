//! Passing a request on to another function.

use worker::js_sys::Reflect;
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::web_sys;

use crate::edge::glue;
use crate::edge::incoming::{StreamBody, ended_early};
use crate::edge::task::settled;
use crate::error::{ApiError, ErrorCode};
use crate::request::{MAX_BODY_BYTES, Request};

/// Passes a request on whole; only its id is set, so that both sides log the same one.
pub(super) async fn forward(
    request: Request<StreamBody>,
    env: &JsValue,
    binding: &str,
) -> Result<web_sys::Response, ApiError> {
    let failed = |what: &str| {
        let detail = format!("service binding {binding}: {what}");
        ApiError::with_detail(ErrorCode::Unavailable, detail)
    };
    let function = Reflect::get(env, &binding.into()).map_err(|_| failed("there is none"))?;
    let StreamBody(original) = &request.body;
    let passed = glue::pass(
        original,
        &function,
        request.id.as_str(),
        MAX_BODY_BYTES as u32,
    );
    let response = settled(&passed)
        .await
        .map_err(|error| failed(&worker::Error::from(error).to_string()))?;
    if response.is_undefined() {
        return Err(ErrorCode::PayloadTooLarge.into());
    }
    if response.is_null() {
        return Err(ended_early());
    }
    Ok(response.unchecked_into())
}
