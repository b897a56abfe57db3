//! CORS: which web pages may call the API. `CORS_ALLOWED_ORIGINS` lists their origins.
//!
//! A page sends the bearer token itself, and no cookie is ever read. So
//! `Access-Control-Allow-Credentials` is never sent, neither with `*` nor with a list of origins.

use crate::http::reply::Reply;

/// The methods of all routes together. `Allow` tells the methods of one path.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
/// The request headers that pages may send: every one. `*` does not stand for `authorization`. Browsers of before 2022
/// do not know `*`, so the headers of the contract, of tracing and of supabase-js have their names here too.
const REQUEST_HEADERS: &str = "authorization, content-type, idempotency-key, x-request-id, \
    traceparent, tracestate, baggage, sentry-trace, apikey, x-client-info, x-supabase-api-version, *";
/// The response headers that a page may read, in addition to those that it always may.
const EXPOSED_HEADERS: &str = "x-request-id, retry-after, server-timing";
/// Two hours in seconds: the longest time that Chrome keeps the answer to a preflight.
const MAX_AGE: &str = "7200";
/// The longest origin that the log shows: a scheme, the longest name of a host, and a port.
const MAX_ORIGIN_BYTES: usize = 280;
/// What an entry of the list ends with that means every port.
const ANY_PORT: &str = ":*";

/// The origins whose pages may read replies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cors {
    /// `*`: every origin.
    Any,
    /// These origins; none if empty. `http://localhost:*` is every port of `http://localhost`.
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

    /// For the log: which page was refused, and the variable that would allow it. `url` is the request's: pages of
    /// the API's own origin need no permission, and send `Origin` all the same when they write.
    #[must_use]
    pub fn refusal(&self, origin: Option<&str>, url: &str) -> Option<String> {
        let origin = origin?;
        let is_own = url
            .strip_prefix(origin)
            .is_some_and(|rest| rest.starts_with('/'));
        if is_own || self.allows(origin) {
            return None;
        }
        let shown = if is_origin(origin) {
            origin
        } else {
            "another origin"
        };
        Some(format!("{shown}{NOT_LISTED}"))
    }

    /// Whether pages of this origin may call.
    #[must_use]
    pub fn allows(&self, origin: &str) -> bool {
        match self {
            Cors::Any => true,
            Cors::Origins(origins) => origins.iter().any(|listed| matches(listed, origin)),
        }
    }

    fn allowed<'o>(&self, origin: Option<&'o str>) -> Option<&'o str> {
        let origin = origin.filter(|origin| self.allows(origin))?;
        match self {
            Cors::Any => Some("*"),
            Cors::Origins(_) => Some(origin),
        }
    }
}

/// How the text of a refusal ends.
pub const NOT_LISTED: &str = " is not in CORS_ALLOWED_ORIGINS";

fn matches(listed: &str, origin: &str) -> bool {
    let Some(host) = listed.strip_suffix(ANY_PORT) else {
        return listed == origin;
    };
    match origin.strip_prefix(host) {
        // The scheme's own port is not written.
        Some("") => true,
        Some(rest) => rest.strip_prefix(':').is_some_and(is_port),
        None => false,
    }
}

fn is_port(text: &str) -> bool {
    (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a log may show it: an origin as browsers write it, and not a text that a client made up.
#[must_use]
pub fn is_origin(text: &str) -> bool {
    let Some((scheme, host)) = text.split_once("://") else {
        return text == "null";
    };
    let plain = |text: &str, more: &[u8]| {
        let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        !text.is_empty() && text.bytes().all(|byte| lower(byte) || more.contains(&byte))
    };
    text.len() <= MAX_ORIGIN_BYTES && plain(scheme, b"+-.") && plain(host, b".-_:[]")
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
    fn every_port_of_a_host_may_be_listed() {
        let cors = Cors::parse(Some("http://localhost:*,https://app.example:*/"));
        for origin in [
            "http://localhost",
            "http://localhost:80",
            "http://localhost:3000",
            "http://localhost:65535",
            "https://app.example:8443",
        ] {
            assert!(cors.allows(origin), "{origin}");
        }
        for origin in [
            "https://localhost:3000",
            "http://127.0.0.1:3000",
            "http://localhost:*",
            "http://localhost:*.evil.com",
            "http://localhost:",
            "http://localhost:3000.evil.com",
            "http://localhost:3000/",
            "http://localhost:3000@evil.com",
            "http://localhost:+3000",
            "http://localhost:123456",
            "http://localhost:\u{0663}",
            "http://localhost.evil.com",
            "http://localhost.evil.com:3000",
            "http://localhostevil.com",
            "http://evil.com/http://localhost:3000",
            "http://LOCALHOST:3000",
            "null",
            "",
        ] {
            assert!(!cors.allows(origin), "{origin}");
            assert_eq!(cors.preflight("OPTIONS", Some(origin), Some("GET")), None);
        }
    }

    #[test]
    fn no_other_pattern_is_known() {
        for (listed, origin) in [
            ("https://*.app.example", "https://www.app.example"),
            ("http://localhost:30*", "http://localhost:3000"),
            ("http://local*:*", "http://localhost:3000"),
            ("https://app.example*", "https://app.example:443"),
        ] {
            assert!(!Cors::parse(Some(listed)).allows(origin), "{listed}");
        }
    }

    #[test]
    fn a_refusal_names_the_origin_and_the_variable() {
        const URL: &str = "https://api.example/chats";
        let cors = Cors::parse(Some("https://app.example"));
        for allowed in [None, APP, Some("https://api.example")] {
            assert_eq!(cors.refusal(allowed, URL), None);
        }
        assert_eq!(Cors::Any.refusal(Some("https://else.example"), URL), None);
        let long = format!("https://{}.example", "x".repeat(300));
        for (origin, shown) in [
            ("https://else.example:8443", "https://else.example:8443"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("chrome-extension://abc", "chrome-extension://abc"),
            ("https://api.exam", "https://api.exam"),
            ("null", "null"),
            ("", "another origin"),
            ("https://", "another origin"),
            ("https://else.example/path?token=x", "another origin"),
            ("https://else.example\",\"status\":200", "another origin"),
            ("two words", "another origin"),
            ("https://ELSE.example", "another origin"),
            (&long, "another origin"),
        ] {
            let expected = format!("{shown} is not in CORS_ALLOWED_ORIGINS");
            assert_eq!(cors.refusal(Some(origin), URL), Some(expected));
        }
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
