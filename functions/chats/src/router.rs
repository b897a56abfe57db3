//! The whole route table of the chats function.

use shared::auth::session::{Context, Session};
use shared::error::{ApiError, ErrorCode};
use shared::http::path;
use shared::http::reply::Reply;
use shared::http::request::{Body, Request};
use shared::input::body::JsonObject;
use shared::input::ids;
use shared::runtime::rate_limits::Limit;

use crate::schemas::{ListChats, MarkRead, OpenChat};
use crate::service;

/// A route, its ids as the path has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route<'p> {
    /// `GET /chats`
    List,
    /// `POST /chats`
    Open,
    /// `GET /chats/:id`
    Get(&'p str),
    /// `DELETE /chats/:id`
    Leave(&'p str),
    /// `POST /chats/:id/read`
    MarkRead(&'p str),
    /// `POST /chats/:id/typing`
    Typing(&'p str),
}

impl Route<'_> {
    /// The path without its ids, for the log.
    fn pattern(&self) -> &'static str {
        match self {
            Route::List | Route::Open => "/chats",
            Route::Get(_) | Route::Leave(_) => "/chats/:id",
            Route::MarkRead(_) => "/chats/:id/read",
            Route::Typing(_) => "/chats/:id/typing",
        }
    }
}

/// Finds the route of a method and path.
///
/// # Errors
/// `route_not_found`, or `method_not_allowed` with the methods that the path has.
pub fn resolve<'p>(method: &str, path: &'p str) -> Result<Route<'p>, ApiError> {
    match *path::segments(path).unwrap_or_default().as_slice() {
        ["chats"] => match method {
            "GET" | "HEAD" => Ok(Route::List),
            "POST" => Ok(Route::Open),
            _ => Err(ApiError::method_not_allowed("GET, HEAD, POST")),
        },
        ["chats", chat] => match method {
            "GET" | "HEAD" => Ok(Route::Get(chat)),
            "DELETE" => Ok(Route::Leave(chat)),
            _ => Err(ApiError::method_not_allowed("GET, HEAD, DELETE")),
        },
        ["chats", chat, "read"] => match method {
            "POST" => Ok(Route::MarkRead(chat)),
            _ => Err(ApiError::method_not_allowed("POST")),
        },
        ["chats", chat, "typing"] => match method {
            "POST" => Ok(Route::Typing(chat)),
            _ => Err(ApiError::method_not_allowed("POST")),
        },
        _ => Err(ErrorCode::RouteNotFound.into()),
    }
}

/// Answers a request: route, token, rate limits, ids, query or body, database, in this order, so that
/// nothing of a stranger's request, or of one too many, is read further than its token.
///
/// # Errors
/// Those of the contract's table.
pub async fn handle<B: Body>(
    request: Request<B>,
    context: &Context<'_>,
) -> Result<Reply, ApiError> {
    let route = resolve(&request.method, &request.path)?;
    context.scope.trace.route(route.pattern());
    let session = Session::open(&request, context).await?;
    let database = &session.postgrest;
    match route {
        Route::List => service::list(database, ListChats::parse(&request.query)?).await,
        Route::Open => {
            session.charge(Limit::Openings).await?;
            let body = JsonObject::read(request).await?;
            service::open(database, OpenChat::parse(body, session.user)?).await
        }
        Route::Get(chat) => service::get(database, ids::from_path(chat)?).await,
        Route::Leave(chat) => service::leave(database, ids::from_path(chat)?).await,
        Route::MarkRead(chat) => {
            let chat = ids::from_path(chat)?;
            let body = JsonObject::read(request).await?;
            service::mark_read(database, chat, MarkRead::parse(body)?).await
        }
        Route::Typing(chat) => service::typing(database, ids::from_path(chat)?).await,
    }
}

#[cfg(test)]
mod tests;
