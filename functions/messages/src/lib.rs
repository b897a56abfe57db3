//! The `messages` function: its entry point as a Worker, and nothing else.

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

mod attachments;
mod constants;
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
