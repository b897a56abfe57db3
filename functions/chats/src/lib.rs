//! The `chats` function: its entry point as a Worker, and nothing else.

pub mod router;
mod schemas;
mod service;

/// Answers a request: a promise of a response.
#[cfg(target_family = "wasm")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn fetch(
    request: worker::web_sys::Request,
    env: wasm_bindgen::JsValue,
    _context: wasm_bindgen::JsValue,
) -> worker::js_sys::Promise {
    shared::workers::serve("chats", request, env, router::handle)
}
