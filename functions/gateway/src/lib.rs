//! The gateway: its entry point as a Worker, and nothing else.

mod documents;
pub mod router;
mod service;

/// Answers a request.
#[cfg(target_family = "wasm")]
#[worker::event(fetch)]
async fn fetch(
    request: worker::web_sys::Request,
    env: worker::Env,
    _context: worker::Context,
) -> worker::Result<worker::web_sys::Response> {
    shared::workers::dispatch("gateway", request, env, router::route, router::handle).await
}
