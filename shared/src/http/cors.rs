//! CORS: which web pages may call the API. `CORS_ALLOWED_ORIGINS` lists their origins.
//!
//! A page sends the bearer token itself, and no cookie is ever read. So
//! `Access-Control-Allow-Credentials` is never sent, neither with `*` nor with a list of origins.

use crate::http::reply::Reply;

/// The methods of all routes together. `Allow` tells the methods of one path.
const METHODS: &str = "GET, HEAD, POST, PATCH, DELETE";
/// The request headers of the contract that need permission.
const REQUEST_HEADERS: &str =
    "authorization, content-type, idempotency-key, traceparent, x-request-id";
/// The response headers that a page may read, in addition to those that it always may.
const EXPOSED_HEADERS: &str = "x-request-id, retry-after, server-timing";
/// Two hours in seconds: the longest time that Chrome keeps the answer to a preflight.
const MAX_AGE: &str = "7200";

/// The origins whose pages may read replies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cors {
    /// `*`: every origin.
    Any,
    /// These origins; none if empty.
    Origins(Vec<String>),
}

impl Cors {
    /// Reads the variable: `*`, or a list of origins (`https://app.example`) separated by commas.
    #[must_use]
    pub fn parse(variable: Option<&str>) -> Self {
        let origins: Vec<String> = variable
            .unwrap_or_default()
            .split(',')
            // An origin has no slash at its end, but people copy one from the address bar.
            .map(|origin| origin.trim().trim_end_matches('/').to_owned())
            .filter(|origin| !origin.is_empty())
            .collect();
        if origins.iter().any(|origin| origin == "*") {
            return Cors::Any;
        }
        Cors::Origins(origins)
    }

    /// The CORS headers of every reply to this origin, errors included.
    #[must_use]
    pub fn headers(&self, origin: Option<&str>) -> Vec<(&'static str, String)> {
        let mut headers = Vec::new();
        if let Cors::Origins(origins) = self
            && !origins.is_empty()
        {
            // Also without a match: a cache must not give the reply for one origin to another.
            headers.push(("vary", "Origin".to_owned()));
        }
        if let Some(allowed) = self.allowed(origin) {
            headers.push(("access-control-allow-origin", allowed.to_owned()));
            headers.push(("access-control-expose-headers", EXPOSED_HEADERS.to_owned()));
        }
        headers
    }

    /// The reply to a preflight. `None` for any other `OPTIONS` request and for an origin that is not
    /// allowed: the router refuses these.
    #[must_use]
    pub fn preflight(
        &self,
        method: &str,
        origin: Option<&str>,
        requested_method: Option<&str>,
    ) -> Option<Reply> {
        if method != "OPTIONS" || requested_method.is_none() {
            return None;
        }
        self.allowed(origin)?;
        let mut reply = Reply::json(204, Vec::new());
        reply.headers.extend([
            ("access-control-allow-methods", METHODS.to_owned()),
            ("access-control-allow-headers", REQUEST_HEADERS.to_owned()),
            ("access-control-max-age", MAX_AGE.to_owned()),
        ]);
        Some(reply)
    }

    fn allowed<'o>(&self, origin: Option<&'o str>) -> Option<&'o str> {
        let origin = origin?;
        match self {
            Cors::Any => Some("*"),
            Cors::Origins(origins) => origins
                .iter()
                .any(|listed| listed == origin)
                .then_some(origin),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::ROUTES;

    const APP: Option<&str> = Some("https://app.example");

    #[test]
    fn a_listed_origin_is_named_and_never_given_credentials() {
        let cors = Cors::parse(Some("https://app.example/ , http://localhost:3000"));
        let allowed = |origin: &str| {
            vec![
                ("vary", "Origin".to_owned()),
                ("access-control-allow-origin", origin.to_owned()),
                (
                    "access-control-expose-headers",
                    "x-request-id, retry-after, server-timing".to_owned(),
                ),
            ]
        };
        assert_eq!(cors.headers(APP), allowed("https://app.example"));
        let local = "http://localhost:3000";
        assert_eq!(cors.headers(Some(local)), allowed(local));
    }

    #[test]
    fn any_other_origin_is_not_named() {
        let cors = Cors::parse(Some("https://app.example"));
        for origin in [
            None,
            Some("null"),
            Some(""),
            Some("*"),
            Some("http://app.example"),
            Some("https://app.example:8443"),
            Some("https://app.example.evil.test"),
            Some("https://evil.test/https://app.example"),
            Some("https://APP.example"),
        ] {
            let vary = vec![("vary", "Origin".to_owned())];
            assert_eq!(cors.headers(origin), vary, "{origin:?}");
            assert_eq!(cors.preflight("OPTIONS", origin, Some("GET")), None);
        }
    }

    #[test]
    fn a_wildcard_lets_every_page_in_without_naming_it() {
        for variable in ["*", "https://app.example, *"] {
            let headers = Cors::parse(Some(variable)).headers(Some("https://else.example"));
            assert_eq!(headers[0], ("access-control-allow-origin", "*".to_owned()));
            assert_eq!(headers.len(), 2);
        }
    }

    #[test]
    fn without_the_variable_no_header_is_sent() {
        for variable in [None, Some(""), Some(" , ")] {
            let cors = Cors::parse(variable);
            assert_eq!(cors.headers(APP), []);
            assert_eq!(cors.preflight("OPTIONS", APP, Some("POST")), None);
        }
    }

    #[test]
    fn a_preflight_is_told_from_other_requests() {
        let cors = Cors::parse(Some("https://app.example"));
        let reply = cors.preflight("OPTIONS", APP, Some("PATCH")).unwrap();
        assert_eq!((reply.status, reply.body.len()), (204, 0));
        assert_eq!(
            reply.headers,
            [
                ("access-control-allow-methods", METHODS.to_owned()),
                ("access-control-allow-headers", REQUEST_HEADERS.to_owned()),
                ("access-control-max-age", "7200".to_owned()),
            ]
        );
        assert_eq!(cors.preflight("OPTIONS", APP, None), None);
        assert_eq!(cors.preflight("GET", APP, Some("PATCH")), None);
        assert_eq!(cors.preflight("options", APP, Some("PATCH")), None);
    }

    #[test]
    fn a_preflight_allows_the_methods_of_all_routes() {
        let mut methods: Vec<&str> = ROUTES.iter().map(|route| route.method).collect();
        methods.push("HEAD");
        methods.sort();
        methods.dedup();
        let mut allowed: Vec<&str> = METHODS.split(", ").collect();
        allowed.sort();
        assert_eq!(allowed, methods);
    }
}
