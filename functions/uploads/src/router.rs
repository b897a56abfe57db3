//! Answers each route of the uploads function.

use shared::auth::session::{Context, Session};
use shared::error::{ApiError, ErrorCode};
use shared::http::reply::Reply;
use shared::http::request::{Body, Request};
use shared::input::body::JsonObject;
use shared::routes::{self, Function, Operation};

use crate::limits::Limits;
use crate::schemas::CreateUpload;
use crate::service;

/// Answers a request. The order of the checks is: route, token, rate limits, body, database. So a
/// request without a valid token, or over a limit, is not read any further.
///
/// # Errors
/// Those of the contract's table.
pub async fn handle<B: Body>(
    request: Request<B>,
    context: &Context<'_>,
) -> Result<Reply, ApiError> {
    let resolved = routes::resolve(Function::Uploads, &request.method, &request.path)?;
    context.scope.trace.route(resolved.route.pattern);
    let session = Session::open(&request, context).await?;
    match resolved.route.operation {
        Operation::CreateUpload => {
            let limits = Limits::load(&|name| context.scope.platform.variable(name))?;
            let body = JsonObject::read(request).await?;
            service::create(&session, CreateUpload::parse(body, &limits)?).await
        }
        // No route of this function: a test goes through the table.
        _ => Err(ErrorCode::RouteNotFound.into()),
    }
}

#[cfg(test)]
mod tests;
