//! Answers each route of the chats function.

use shared::auth::session::{Context, Session};
use shared::error::{ApiError, ErrorCode};
use shared::http::reply::Reply;
use shared::http::request::{Body, Request};
use shared::input::body::JsonObject;
use shared::routes::{self, Function, Operation};
use shared::runtime::rate_limits::Limit;

use crate::schemas::list::ListChats;
use crate::schemas::open::OpenChat;
use crate::schemas::read::MarkRead;
use crate::schemas::settings::ChangeSettings;
use crate::service;

/// Answers a request. The order of the checks is: route, token, rate limits, ids, query or body,
/// database. So a request without a valid token, or over a limit, is not read any further.
///
/// # Errors
/// Those of the contract's table.
pub async fn handle<B: Body>(
    request: Request<B>,
    context: &Context<'_>,
) -> Result<Reply, ApiError> {
    let resolved = routes::resolve(Function::Chats, &request.method, &request.path)?;
    context.scope.trace.route(resolved.route.pattern);
    let session = Session::open(&request, context).await?;
    let database = &session.postgrest;
    match resolved.route.operation {
        Operation::ListChats => service::list(database, ListChats::parse(&request.query)?).await,
        Operation::OpenChat => {
            session.charge(Limit::Openings).await?;
            let body = JsonObject::read(request).await?;
            service::open(database, OpenChat::parse(body, session.user)?).await
        }
        Operation::GetChat => service::get(database, resolved.id("id")?).await,
        Operation::LeaveChat => service::leave(database, resolved.id("id")?).await,
        Operation::ChangeSettings => {
            let chat = resolved.id("id")?;
            let body = JsonObject::read(request).await?;
            service::change_settings(database, chat, ChangeSettings::parse(body)?).await
        }
        Operation::MarkRead => {
            let chat = resolved.id("id")?;
            let body = JsonObject::read(request).await?;
            service::mark_read(database, chat, MarkRead::parse(body)?).await
        }
        Operation::ListReads => service::reads(database, resolved.id("id")?).await,
        Operation::CountUnread => service::unread(database).await,
        Operation::SendTyping => service::typing(database, resolved.id("id")?).await,
        // No route of this function: a test goes through the table.
        _ => Err(ErrorCode::RouteNotFound.into()),
    }
}

#[cfg(test)]
mod tests;
