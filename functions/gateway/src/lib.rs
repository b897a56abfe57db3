//! The gateway: its entry point as a Worker, and nothing else.

#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::todo,
        clippy::unimplemented,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod constants;
pub mod router;
mod service;

/// Answers a request: a promise of a response.
#[cfg(target_family = "wasm")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn fetch(
    request: worker::web_sys::Request,
    env: wasm_bindgen::JsValue,
    _context: wasm_bindgen::JsValue,
) -> worker::js_sys::Promise {
    shared::workers::dispatch("gateway", request, env, router::route, router::handle)
}
