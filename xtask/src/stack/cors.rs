//! What the stack's API gateway tells the browsers of web pages. Hosted Supabase allows every page, with these methods
//! and this age. The stack allows the pages that the API allows: a page that works here works there.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::map_response;
use axum::response::Response;
use shared::http::cors::{Cors, is_origin};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

/// The origins that `dev` allows where none is named: every port of this machine.
pub const DEFAULT_ORIGINS: [&str; 4] = [
    "http://localhost:*",
    "https://localhost:*",
    "http://127.0.0.1:*",
    "https://127.0.0.1:*",
];

const METHODS: [Method; 9] = [
    Method::GET,
    Method::HEAD,
    Method::PUT,
    Method::PATCH,
    Method::POST,
    Method::DELETE,
    Method::OPTIONS,
    Method::TRACE,
    Method::CONNECT,
];

/// What a page may read: PostgREST's, Auth's, Storage's for uploads in parts, and our own.
const EXPOSED: [&str; 18] = [
    "content-encoding",
    "content-location",
    "content-range",
    "content-type",
    "date",
    "location",
    "range-unit",
    "preference-applied",
    "retry-after",
    "etag",
    "link",
    "x-total-count",
    "x-supabase-api-version",
    "x-request-id",
    "upload-offset",
    "upload-length",
    "tus-resumable",
    "sb-error-code",
];

/// Answers preflights, and adds the headers to every answer, refusals included. `log` gets a line for each request
/// of another page.
pub fn add(
    app: Router,
    origins: &str,
    log: impl Fn(&str) + Clone + Send + Sync + 'static,
) -> Router {
    let cors = Arc::new(Cors::parse(Some(origins)));
    let allows = move |origin: &HeaderValue, _: &Parts| {
        let origin = String::from_utf8_lossy(origin.as_bytes());
        // The stack has no pages of its own.
        let refusal = cors.refusal(Some(&origin), "");
        if let Some(refusal) = &refusal {
            log(refusal);
        }
        refusal.is_none()
    };
    // No cookie is read here or on hosted Supabase, so credentials are not allowed.
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(allows))
        .allow_methods(METHODS)
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(EXPOSED.map(HeaderName::from_static))
        .max_age(Duration::from_secs(3600));
    app.layer(map_response(without_parts_own)).layer(layer)
}

/// An origin as `--origin` takes it, or what it must be.
pub fn check(given: &str) -> Result<String, String> {
    let origin = given.strip_suffix('/').unwrap_or(given);
    let host = origin.strip_suffix(":*").unwrap_or(origin);
    match origin == "*" || is_origin(host) {
        true => Ok(origin.to_owned()),
        false => Err(
            "an origin is a scheme, a host in lower case and a port, as in http://localhost:3000; \
             http://localhost:* is every port, and * every page"
                .to_owned(),
        ),
    }
}

/// The parts behind the gateway answer every page, or none.
async fn without_parts_own(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let names = headers
        .keys()
        .filter(|name| name.as_str().starts_with("access-control-"));
    for name in names.cloned().collect::<Vec<_>>() {
        headers.remove(name);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_origin_is_told() {
        for right in [
            "https://app.example",
            "http://localhost:*",
            "http://[::1]:3000",
            "*",
            "null",
        ] {
            assert_eq!(check(right).as_deref(), Ok(right));
        }
        assert_eq!(
            check("https://app.example/").as_deref(),
            Ok("https://app.example")
        );
        for wrong in [
            "",
            "app.example",
            "https://app.example/chat",
            "https://*.app.example",
            "http://localhost:30*",
            "https://a.example,https://b.example",
        ] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }
}
