//! The whole route table of the uploads function.

use shared::auth::session::{Context, Session};
use shared::error::{ApiError, ErrorCode};
use shared::http::path;
use shared::http::reply::Reply;
use shared::http::request::{Body, Request};
use shared::input::body::JsonObject;

use crate::schemas::{CreateUpload, Limits};
use crate::service;

/// A route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// `POST /uploads`
    Create,
}

impl Route {
    /// The path, for the log.
    fn pattern(self) -> &'static str {
        match self {
            Route::Create => "/uploads",
        }
    }
}

/// Finds the route of a method and path.
///
/// # Errors
/// `route_not_found`, or `method_not_allowed` with the methods that the path has.
pub fn resolve(method: &str, path: &str) -> Result<Route, ApiError> {
    match *path::segments(path).unwrap_or_default().as_slice() {
        ["uploads"] => match method {
            "POST" => Ok(Route::Create),
            _ => Err(ApiError::method_not_allowed("POST")),
        },
        _ => Err(ErrorCode::RouteNotFound.into()),
    }
}

/// Answers a request: route, token, rate limits, body, database, in this order, so that nothing of
/// a stranger's request, or of one too many, is read further than its token.
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
        Route::Create => {
            let limits = Limits::load(&|name| context.scope.platform.variable(name))?;
            let body = JsonObject::read(request).await?;
            service::create(&session, CreateUpload::parse(body, &limits)?).await
        }
    }
}

#[cfg(test)]
mod tests;
