//! The `uploads` function: its entry points as a Worker, and nothing else.

pub mod constants;
pub mod content_types;
mod limits;
pub mod router;
mod schemas;
mod service;
pub mod sweep;

/// Answers a request.
#[cfg(target_family = "wasm")]
#[worker::event(fetch)]
async fn fetch(
    request: worker::web_sys::Request,
    env: worker::Env,
    _context: worker::Context,
) -> worker::Result<worker::web_sys::Response> {
    shared::workers::serve("uploads", request, env, router::handle).await
}

/// Runs what a cron trigger asks for.
#[cfg(target_family = "wasm")]
#[worker::event(scheduled)]
async fn scheduled(
    _event: worker::ScheduledEvent,
    env: worker::Env,
    _context: worker::ScheduleContext,
) {
    shared::workers::schedule("uploads", env, sweep::on_schedule).await;
}
