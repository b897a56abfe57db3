//! Answers each route of the messages function.

use shared::auth::session::{Context, Session};
use shared::error::{ApiError, ErrorCode};
use shared::http::reply::Reply;
use shared::http::request::{Body, Request};
use shared::input::body::JsonObject;
use shared::routes::{self, Function, Operation};
use shared::runtime::rate_limits::Limit;

use crate::attachments::Uploads;
use crate::schemas::changes::ListChanges;
use crate::schemas::edit::EditMessage;
use crate::schemas::emoji;
use crate::schemas::list::ListMessages;
use crate::schemas::mentions::ListMentions;
use crate::schemas::reactions::ListReactions;
use crate::schemas::search::SearchMessages;
use crate::schemas::send::SendMessage;
use crate::service::{self, reactions};

/// Answers a request. The order of the checks is: route, token, rate limits, ids, query or body,
/// database. So a request without a valid token, or over a limit, is not read any further.
///
/// # Errors
/// Those of the contract's table.
pub async fn handle<B: Body>(
    request: Request<B>,
    context: &Context<'_>,
) -> Result<Reply, ApiError> {
    let resolved = routes::resolve(Function::Messages, &request.method, &request.path)?;
    context.scope.trace.route(resolved.route.pattern);
    let session = Session::open(&request, context).await?;
    match resolved.route.operation {
        Operation::ListMessages => {
            let chat = resolved.id("id")?;
            service::list(&session, chat, ListMessages::parse(&request.query, chat)?).await
        }
        Operation::ListChanges => {
            let chat = resolved.id("id")?;
            service::changes(&session, chat, ListChanges::parse(&request.query)?).await
        }
        Operation::SendMessage => {
            session.charge(Limit::Sends).await?;
            let chat = resolved.id("id")?;
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
        Operation::GetMessage => {
            let (chat, message) = (resolved.id("id")?, resolved.id("msgId")?);
            service::get(&session, chat, message).await
        }
        Operation::SearchMessages => {
            session.charge(Limit::Searches).await?;
            service::search(&session, SearchMessages::parse(&request.query)?).await
        }
        Operation::EditMessage => {
            let (chat, message) = (resolved.id("id")?, resolved.id("msgId")?);
            let body = JsonObject::read(request).await?;
            service::edit(&session, chat, message, EditMessage::parse(body)?).await
        }
        Operation::DeleteMessage => {
            let (chat, message) = (resolved.id("id")?, resolved.id("msgId")?);
            service::delete(&session.postgrest, chat, message).await
        }
        Operation::ListReactions => {
            let (chat, message) = (resolved.id("id")?, resolved.id("msgId")?);
            let page = ListReactions::parse(&request.query, message)?;
            reactions::list(&session.postgrest, chat, message, page).await
        }
        Operation::AddReaction | Operation::RemoveReaction => {
            let (chat, message) = (resolved.id("id")?, resolved.id("msgId")?);
            let emoji = emoji::from_path(resolved.segment("emoji"))?;
            let change = match resolved.route.operation {
                Operation::AddReaction => reactions::ADD,
                _ => reactions::REMOVE,
            };
            reactions::change(&session, change, chat, message, emoji).await
        }
        Operation::ListMentions => {
            service::mentions(&session, ListMentions::parse(&request.query)?).await
        }
        // No route of this function: a test goes through the table.
        _ => Err(ErrorCode::RouteNotFound.into()),
    }
}

#[cfg(test)]
mod tests;
