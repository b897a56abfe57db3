//! The whole route table of the messages function.

use shared::auth::session::{Context, Session};
use shared::error::{ApiError, ErrorCode};
use shared::http::path;
use shared::http::reply::Reply;
use shared::http::request::{Body, Request};
use shared::input::body::JsonObject;
use shared::input::ids;
use shared::runtime::rate_limits::Limit;

use crate::attachments::Uploads;
use crate::schemas::{EditMessage, ListChanges, ListMessages, SendMessage};
use crate::service;

/// A route, its ids as the path has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route<'p> {
    /// `GET /chats/:id/messages`
    List {
        /// `:id`
        chat: &'p str,
    },
    /// `GET /chats/:id/changes`
    Changes {
        /// `:id`
        chat: &'p str,
    },
    /// `POST /chats/:id/messages`
    Send {
        /// `:id`
        chat: &'p str,
    },
    /// `PATCH /chats/:id/messages/:msgId`
    Edit {
        /// `:id`
        chat: &'p str,
        /// `:msgId`
        message: &'p str,
    },
    /// `DELETE /chats/:id/messages/:msgId`
    Delete {
        /// `:id`
        chat: &'p str,
        /// `:msgId`
        message: &'p str,
    },
}

impl Route<'_> {
    /// The path without its ids, for the log.
    fn pattern(&self) -> &'static str {
        match self {
            Route::List { .. } | Route::Send { .. } => "/chats/:id/messages",
            Route::Changes { .. } => "/chats/:id/changes",
            Route::Edit { .. } | Route::Delete { .. } => "/chats/:id/messages/:msgId",
        }
    }
}

/// Finds the route of a method and path.
///
/// # Errors
/// `route_not_found`, or `method_not_allowed` with the methods that the path has.
pub fn resolve<'p>(method: &str, path: &'p str) -> Result<Route<'p>, ApiError> {
    match *path::segments(path).unwrap_or_default().as_slice() {
        ["chats", chat, "messages"] => match method {
            "GET" | "HEAD" => Ok(Route::List { chat }),
            "POST" => Ok(Route::Send { chat }),
            _ => Err(ApiError::method_not_allowed("GET, HEAD, POST")),
        },
        ["chats", chat, "changes"] => match method {
            "GET" | "HEAD" => Ok(Route::Changes { chat }),
            _ => Err(ApiError::method_not_allowed("GET, HEAD")),
        },
        ["chats", chat, "messages", message] => match method {
            "PATCH" => Ok(Route::Edit { chat, message }),
            "DELETE" => Ok(Route::Delete { chat, message }),
            _ => Err(ApiError::method_not_allowed("PATCH, DELETE")),
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
    match route {
        Route::List { chat } => {
            let chat = ids::from_path(chat)?;
            service::list(&session, chat, ListMessages::parse(&request.query, chat)?).await
        }
        Route::Changes { chat } => {
            let chat = ids::from_path(chat)?;
            service::changes(&session, chat, ListChanges::parse(&request.query)?).await
        }
        Route::Send { chat } => {
            session.charge(Limit::Sends).await?;
            let chat = ids::from_path(chat)?;
            let key = request.idempotency_key.clone();
            let body = JsonObject::read(request).await?;
            let uploads = Uploads {
                supabase_url: &context.config.supabase.url,
                chat,
                user: session.user,
            };
            let message = SendMessage::parse(body, key.as_deref(), &uploads)?;
            service::send(&session, chat, message).await
        }
        Route::Edit { chat, message } => {
            let (chat, message) = (ids::from_path(chat)?, ids::from_path(message)?);
            let body = JsonObject::read(request).await?;
            service::edit(&session, chat, message, EditMessage::parse(body)?).await
        }
        Route::Delete { chat, message } => {
            service::delete(
                &session.postgrest,
                ids::from_path(chat)?,
                ids::from_path(message)?,
            )
            .await
        }
    }
}

#[cfg(test)]
mod tests;
