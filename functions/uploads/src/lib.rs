//! The `uploads` function: its entry points as a Worker, and nothing else.

mod constants;
mod content_types;
mod limits;
pub mod router;
mod schemas;
mod service;
pub mod sweep;

/// Answers a request: a promise of a response.
#[cfg(target_family = "wasm")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn fetch(
    request: worker::web_sys::Request,
    env: wasm_bindgen::JsValue,
    _context: wasm_bindgen::JsValue,
) -> worker::js_sys::Promise {
    shared::workers::serve("uploads", request, env, router::handle)
}

/// Runs what a cron trigger asks for.
#[cfg(target_family = "wasm")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn scheduled(
    _event: wasm_bindgen::JsValue,
    env: wasm_bindgen::JsValue,
    _context: wasm_bindgen::JsValue,
) -> worker::js_sys::Promise {
    shared::workers::schedule("uploads", env, sweep::on_schedule)
}
