//! Sends each request to the function that its path belongs to, and answers the gateway's own routes.
//!
//! The gateway verifies no token: each function verifies it itself, and none trusts the gateway.

use shared::error::{ApiError, ErrorCode};
use shared::http::document::Answer;
use shared::http::query;
use shared::http::request::Request;
use shared::routes::{self, Destination, Function, Operation};
use shared::runtime::request_log::Scope;

use crate::{documents, service};

/// Finds the function that answers a request. `None` if [`handle`] is to answer.
///
/// # Errors
/// `route_not_found`, `method_not_allowed` on the gateway's own routes, and `payload_too_large` if the
/// declared length is over the limit.
pub fn route<B>(request: &Request<B>) -> Result<Option<Destination>, ApiError> {
    let destination = routes::destination(&request.path)?;
    if destination.is_none() {
        routes::resolve(Function::Gateway, &request.method, &request.path)?;
    }
    // Checked before a function is called. A body that is longer than declared is refused where it
    // is read.
    request.check_declared_length()?;
    Ok(destination)
}

/// Answers a request for one of the gateway's own routes; `lookup` gives a variable's value by name.
///
/// # Errors
/// What `?deep=1` finds: `unavailable`, or `internal` if no database is configured. `route_not_found` if the
/// documents' page has no such file.
pub async fn handle<B>(
    request: &Request<B>,
    scope: &Scope<'_>,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Answer, ApiError> {
    let resolved = routes::resolve(Function::Gateway, &request.method, &request.path)?;
    scope.trace.route(resolved.route.pattern);
    let document = match resolved.route.operation {
        Operation::GetHealth => {
            if query::parameter(&request.query, "deep")? == Some("1") {
                service::check_database(request, scope, lookup).await?;
            }
            return Ok(Answer::Reply(service::healthy()));
        }
        Operation::GetOpenApi => documents::find("openapi.json"),
        Operation::GetAsyncApi => documents::find("asyncapi.json"),
        Operation::GetLlmsText => documents::find("llms.txt"),
        Operation::GetDocs => documents::find(documents::PAGE),
        Operation::GetDocsFile => documents::find_of_page(resolved.segment("file")),
        // No route of the gateway: a test goes through the table.
        _ => None,
    };
    let document = document.ok_or(ErrorCode::RouteNotFound)?;
    Ok(Answer::Document(document))
}

#[cfg(test)]
mod tests;
