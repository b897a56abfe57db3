//! The gateway's route table: which path belongs to which function.
//!
//! It knows the shapes of paths and nothing else of the functions. It verifies no token, because
//! each function does so itself and none trusts the gateway.

use shared::error::{ApiError, ErrorCode};
use shared::http::path;
use shared::http::query;
use shared::http::reply::Reply;
use shared::http::request::Request;
use shared::routes::Destination;
use shared::runtime::request_log::Scope;

use crate::constants::{CHATS, MESSAGES, UPLOADS};
use crate::service;

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// `GET /health`
    Health,
    /// Everything of a function, whatever the method.
    Function(Destination),
}

/// Finds the route of a path.
///
/// # Errors
/// `route_not_found`, or `method_not_allowed` for the gateway's own routes.
pub fn resolve(method: &str, path: &str) -> Result<Route, ApiError> {
    let function = |binding, pattern| Ok(Route::Function(Destination { binding, pattern }));
    match path::segments(path).unwrap_or_default().as_slice() {
        ["health"] => match method {
            "GET" | "HEAD" => Ok(Route::Health),
            _ => Err(ApiError::method_not_allowed("GET, HEAD")),
        },
        ["chats"] => function(CHATS, "/chats"),
        ["chats", _] => function(CHATS, "/chats/:id"),
        ["chats", _, "read"] => function(CHATS, "/chats/:id/read"),
        ["chats", _, "typing"] => function(CHATS, "/chats/:id/typing"),
        ["chats", _, "changes"] => function(MESSAGES, "/chats/:id/changes"),
        ["chats", _, "messages"] => function(MESSAGES, "/chats/:id/messages"),
        ["chats", _, "messages", _] => function(MESSAGES, "/chats/:id/messages/:msgId"),
        ["uploads"] => function(UPLOADS, "/uploads"),
        _ => Err(ErrorCode::RouteNotFound.into()),
    }
}

/// The function that answers a request, or `None` for what [`handle`] answers.
///
/// # Errors
/// `route_not_found`, `method_not_allowed`, and `payload_too_large` for what is declared so.
pub fn route<B>(request: &Request<B>) -> Result<Option<Destination>, ApiError> {
    let route = resolve(&request.method, &request.path)?;
    // Before a function is even called; one that lies about its length meets the limit where it is read.
    request.check_declared_length()?;
    Ok(match route {
        Route::Health => None,
        Route::Function(destination) => Some(destination),
    })
}

/// Answers `GET /health`; `lookup` gives a variable's value by name.
///
/// # Errors
/// What `?deep=1` finds: `unavailable`, `internal` where no database is configured.
pub async fn handle<B>(
    request: &Request<B>,
    scope: &Scope<'_>,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Reply, ApiError> {
    scope.trace.route("/health");
    if query::parameter(&request.query, "deep")? == Some("1") {
        service::check_database(request, scope, lookup).await?;
    }
    Ok(service::healthy())
}

#[cfg(test)]
mod tests {
    use shared::http::request_id::RequestId;
    use shared::testing::TestPlatform;

    use super::*;

    const ID: &str = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";

    #[test]
    fn each_path_belongs_to_one_function() {
        let message = "/chats/:id/messages/:msgId";
        for (path, binding, pattern) in [
            ("/chats".to_owned(), CHATS, "/chats"),
            (format!("/chats/{ID}"), CHATS, "/chats/:id"),
            (format!("/chats/{ID}/read"), CHATS, "/chats/:id/read"),
            (format!("/chats/{ID}/typing"), CHATS, "/chats/:id/typing"),
            (
                format!("/chats/{ID}/messages"),
                MESSAGES,
                "/chats/:id/messages",
            ),
            (format!("/chats/{ID}/messages/{ID}"), MESSAGES, message),
            (
                format!("/chats/{ID}/changes"),
                MESSAGES,
                "/chats/:id/changes",
            ),
            ("/uploads".to_owned(), UPLOADS, "/uploads"),
            // Whether this is an id is the function's to say.
            ("/chats/no-id".to_owned(), CHATS, "/chats/:id"),
        ] {
            for method in ["GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS", "BREW"] {
                assert_eq!(
                    resolve(method, &path),
                    Ok(Route::Function(Destination { binding, pattern })),
                    "{method} {path}"
                );
            }
        }
    }

    #[test]
    fn other_paths_are_nobodys() {
        for path in [
            "/",
            "",
            "/Chats",
            "/chats/",
            "//chats",
            "/chats//messages",
            "/chats/../health",
            "/./health",
            "/health/",
            "/health/deep",
            "/chats%2fx",
            "/chats/x/y",
            "/chats/x/messages/",
            "/chats/x/messages/y/z",
            "/rest/v1/messages",
            "/uploads/",
            "/uploads/x",
            "/Uploads",
        ] {
            assert_eq!(
                resolve("GET", path),
                Err(ErrorCode::RouteNotFound.into()),
                "{path}"
            );
        }
    }

    #[test]
    fn health_is_for_reading() {
        for method in ["GET", "HEAD"] {
            assert_eq!(resolve(method, "/health"), Ok(Route::Health));
        }
        for method in ["POST", "OPTIONS", "get", "head"] {
            assert_eq!(
                resolve(method, "/health"),
                Err(ApiError::method_not_allowed("GET, HEAD")),
                "{method}"
            );
        }
    }

    fn request(path: &str, query: &str, content_length: Option<u64>) -> Request<()> {
        Request {
            id: RequestId::accept(Some("req-1")),
            method: "GET".to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            authorization: None,
            content_type: None,
            content_encoding: None,
            content_length,
            idempotency_key: None,
            traceparent: None,
            body: (),
        }
    }

    async fn handle<B>(
        request: &Request<B>,
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Reply, ApiError> {
        let platform = TestPlatform::default();
        super::handle(request, &Scope::new(&platform), lookup).await
    }

    #[tokio::test]
    async fn shallow_health_needs_no_configuration() {
        let body = format!(
            r#"{{"status":"ok","version":"{}"}}"#,
            env!("CARGO_PKG_VERSION")
        );
        for query in ["", "deep=0", "deep", "deeper=1"] {
            assert_eq!(
                handle(&request("/health", query, None), &|_| None).await,
                Ok(Reply::json(200, body.clone().into_bytes())),
                "{query}"
            );
        }
    }

    #[tokio::test]
    async fn deep_health_needs_a_database() {
        let unset = handle(&request("/health", "deep=1", None), &|_| None)
            .await
            .unwrap_err();
        assert_eq!(unset.code, ErrorCode::Internal);
        // Port 9 discards what it is sent, where anybody listens there at all.
        let unreachable = |name: &str| match name {
            "SUPABASE_URL" => Some("http://127.0.0.1:9".to_owned()),
            "SUPABASE_PUBLISHABLE_KEY" => Some("anon-key".to_owned()),
            _ => None,
        };
        let down = handle(&request("/health", "deep=1", None), &unreachable)
            .await
            .unwrap_err();
        assert_eq!(down.code, ErrorCode::Unavailable);
    }

    #[test]
    fn a_declared_length_over_the_limit_goes_nowhere() {
        let at_limit = route(&request("/chats", "", Some(65_536)));
        let chats = Destination {
            binding: "CHATS",
            pattern: "/chats",
        };
        assert_eq!(at_limit, Ok(Some(chats)));
        let over = route(&request("/chats", "", Some(65_537)));
        assert_eq!(over, Err(ErrorCode::PayloadTooLarge.into()));
        assert_eq!(route(&request("/health", "", None)), Ok(None));
    }
}
