//! A Worker that is made as the functions are, and panics where it is asked to. A package of its
//! own, so that no build of a function can have these routes.

use std::cell::RefCell;

use shared::auth::session::{Context, Session};
use shared::error::{ApiError, ErrorCode};
use shared::http::reply::Reply;
use shared::http::request::{Body, Request};
use shared::supabase::expected_answer::ExpectedAnswer;

thread_local! {
    /// What a panic in the middle of a change leaves behind.
    static STATE: RefCell<()> = const { RefCell::new(()) };
}

/// Answers `GET /chats` as the chats function does, `GET /panic` by a panic, `GET /break` by one
/// that leaves the instance's state borrowed for good, `GET /trap` by a trap that is no panic, and `GET /state`
/// as long as the state is not borrowed. Panic, trap and state are under `/chats` too, as the gateway passes
/// nothing else on.
///
/// # Errors
/// Those of the contract's table.
///
/// # Panics
/// Where it is asked to.
pub async fn handle<B: Body>(
    request: Request<B>,
    context: &Context<'_>,
) -> Result<Reply, ApiError> {
    match request.path.as_str() {
        "/chats" => {
            let session = Session::open(&request, context).await?;
            let page = ExpectedAnswer::Object(&["data"]);
            session.postgrest.get("list_chats", &[], page).await
        }
        "/panic" | "/chats/panic" => {
            // In the middle of a request, not at its beginning.
            context.scope.platform.sleep(1).await;
            panic!("on purpose: secret-of-a-panic");
        }
        "/break" => STATE.with(|state| {
            let _held = state.borrow_mut();
            panic!("on purpose: secret-of-a-panic");
        }),
        "/trap" | "/chats/trap" => std::process::abort(),
        "/state" | "/chats/state" => {
            STATE.with(|state| drop(state.borrow_mut()));
            Ok(Reply::json(200, b"{}".to_vec()))
        }
        _ => Err(ErrorCode::RouteNotFound.into()),
    }
}

/// Answers a request.
#[cfg(target_family = "wasm")]
#[worker::event(fetch)]
async fn fetch(
    request: worker::web_sys::Request,
    env: worker::Env,
    _context: worker::Context,
) -> worker::Result<worker::web_sys::Response> {
    shared::workers::serve("panicking", request, env, handle).await
}
