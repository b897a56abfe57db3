//! The `messages` function: its entry point as a Worker, and nothing else.

mod attachments;
pub mod constants;
pub mod router;
mod schemas;
mod service;

/// Answers a request.
#[cfg(target_family = "wasm")]
#[worker::event(fetch)]
async fn fetch(
    request: worker::web_sys::Request,
    env: worker::Env,
    _context: worker::Context,
) -> worker::Result<worker::web_sys::Response> {
    shared::workers::serve("messages", request, env, router::handle).await
}
