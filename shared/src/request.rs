//! A request as the functions see it: only the parts that they may act on.

use std::future::Future;

use crate::body::JsonObject;
pub use crate::correlation::{RequestId, TraceParent};
use crate::error::{ApiError, ErrorCode};

/// The largest request body in bytes.
pub const MAX_BODY_BYTES: usize = 64 * 1024;
/// The longest URL in bytes, which is Cloudflare's own limit; local runs have none.
const MAX_URL_BYTES: usize = 16 * 1024;
/// The most headers. A browser sends some 25 and Cloudflare adds some 15.
const MAX_HEADERS: usize = 100;

/// Refuses what no client of this API sends, before anything of it is looked at.
///
/// # Errors
/// `invalid_request`.
pub fn check_head(url: &str, headers: usize) -> Result<(), ApiError> {
    if url.len() > MAX_URL_BYTES {
        return Err(ApiError::invalid_field(
            "url",
            "must be at most 16384 bytes long",
        ));
    }
    if headers > MAX_HEADERS {
        return Err(ApiError::invalid_field("headers", "must be at most 100"));
    }
    Ok(())
}

/// A request, its body still unread. Headers that no rule needs are not in it, so none can
/// travel upstream by mistake.
#[derive(Debug)]
pub struct Request<B> {
    /// From `X-Request-Id`, or new.
    pub id: RequestId,
    /// The method as the client wrote it.
    pub method: String,
    /// The path as the client wrote it, percent-encoding included.
    pub path: String,
    /// What follows the `?`, still encoded; empty when there is none.
    pub query: String,
    /// `Authorization`.
    pub authorization: Option<String>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Content-Encoding`.
    pub content_encoding: Option<String>,
    /// `Content-Length`, where it is a number.
    pub content_length: Option<u64>,
    /// `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// `traceparent`, where it is well formed.
    pub traceparent: Option<TraceParent>,
    /// The body, to be read once the caller is known.
    pub body: B,
}

/// A body that can be read once.
pub trait Body {
    /// Reads the body, giving up with `payload_too_large` as soon as it exceeds `limit` bytes.
    ///
    /// # Errors
    /// `payload_too_large`, or `invalid_request` when the client stops halfway.
    fn read(self, limit: usize) -> impl Future<Output = Result<Vec<u8>, ApiError>>;
}

/// A body that is in memory already, as in native tests.
impl Body for Vec<u8> {
    async fn read(self, limit: usize) -> Result<Vec<u8>, ApiError> {
        if self.len() > limit {
            return Err(ErrorCode::PayloadTooLarge.into());
        }
        Ok(self)
    }
}

impl<B> Request<B> {
    /// Refuses a declared length over the limit, before anything is read.
    ///
    /// # Errors
    /// `payload_too_large`.
    pub fn check_declared_length(&self) -> Result<(), ApiError> {
        match self.content_length {
            Some(length) if length > MAX_BODY_BYTES as u64 => {
                Err(ErrorCode::PayloadTooLarge.into())
            }
            _ => Ok(()),
        }
    }
}

impl<B: Body> Request<B> {
    /// Reads the body as a JSON object.
    ///
    /// # Errors
    /// `unsupported_media_type`, `payload_too_large`, `invalid_json` or `invalid_request`, in this order.
    pub async fn json(self) -> Result<JsonObject, ApiError> {
        let plain = self.content_encoding.as_deref().is_none_or(is_identity);
        if !plain || !self.content_type.as_deref().is_some_and(is_json) {
            return Err(ErrorCode::UnsupportedMediaType.into());
        }
        self.check_declared_length()?;
        // The declared length may lie or be absent, so reading has the limit as well.
        JsonObject::parse(&self.body.read(MAX_BODY_BYTES).await?)
    }
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// Whether a body is as it was before it was sent: nothing is unpacked here, so that nothing small can
/// become large.
fn is_identity(content_encoding: &str) -> bool {
    let mut codings = content_encoding.split(',').map(str::trim);
    codings.all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case("identity"))
}

/// Splits a URL, or the path part of one, into path and query, both left encoded.
#[must_use]
pub fn split_url(url: &str) -> (&str, &str) {
    let url = url.split_once('#').map_or(url, |(before, _)| before);
    let (location, query) = url.split_once('?').unwrap_or((url, ""));
    let path = match location.split_once("://") {
        Some((_, rest)) => rest
            .find('/')
            .and_then(|start| rest.get(start..))
            .unwrap_or("/"),
        None => location,
    };
    (path, query)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn post(
        content_type: Option<&str>,
        content_length: Option<u64>,
        body: &[u8],
    ) -> Request<Vec<u8>> {
        Request {
            id: RequestId::accept(Some("req-1")),
            method: "POST".to_owned(),
            path: "/chats".to_owned(),
            query: String::new(),
            authorization: None,
            content_type: content_type.map(str::to_owned),
            content_encoding: None,
            content_length,
            idempotency_key: None,
            traceparent: None,
            body: body.to_vec(),
        }
    }

    async fn code(request: Request<Vec<u8>>) -> Option<ErrorCode> {
        request.json().await.err().map(|error| error.code)
    }

    #[tokio::test]
    async fn only_json_is_read() {
        for accepted in [
            "application/json",
            "Application/JSON; charset=utf-8",
            " application/json ",
        ] {
            assert_eq!(
                code(post(Some(accepted), None, b"{}")).await,
                None,
                "{accepted}"
            );
        }
        for refused in [
            None,
            Some(""),
            Some("text/plain"),
            Some("application/json5"),
            Some("application/x-json"),
        ] {
            assert_eq!(
                code(post(refused, None, b"{}")).await,
                Some(ErrorCode::UnsupportedMediaType),
                "{refused:?}"
            );
        }
    }

    #[tokio::test]
    async fn nothing_is_unpacked() {
        let encoded = |encoding: &str| Request {
            content_encoding: Some(encoding.to_owned()),
            ..post(Some("application/json"), None, b"{}")
        };
        for accepted in ["", " ", "identity", "Identity", "identity, identity"] {
            assert_eq!(code(encoded(accepted)).await, None, "{accepted:?}");
        }
        for refused in ["gzip", "GZIP", "br", "identity, gzip", "gzip;q=0", "none"] {
            assert_eq!(
                code(encoded(refused)).await,
                Some(ErrorCode::UnsupportedMediaType),
                "{refused:?}"
            );
        }
    }

    #[tokio::test]
    async fn the_limit_holds_for_what_is_declared_and_for_what_is_sent() {
        let json = Some("application/json");
        let mut body = b"{}".to_vec();
        body.resize(MAX_BODY_BYTES, b' ');
        assert_eq!(code(post(json, Some(65_536), &body)).await, None);
        assert_eq!(
            code(post(json, Some(65_537), b"{}")).await,
            Some(ErrorCode::PayloadTooLarge)
        );
        body.push(b' ');
        assert_eq!(
            code(post(json, Some(2), &body)).await,
            Some(ErrorCode::PayloadTooLarge)
        );
        assert_eq!(
            code(post(json, None, &body)).await,
            Some(ErrorCode::PayloadTooLarge)
        );
    }

    #[test]
    fn a_url_is_split_without_being_interpreted() {
        for (url, path, query) in [
            ("https://edge/chats", "/chats", ""),
            (
                "https://edge/chats?limit=5&cursor=a%2Fb#x?y",
                "/chats",
                "limit=5&cursor=a%2Fb",
            ),
            (
                "http://edge:8787//evil.example/chats",
                "//evil.example/chats",
                "",
            ),
            ("http://edge/chats/%2f..%2f?", "/chats/%2f..%2f", ""),
            ("http://edge/a?b?c", "/a", "b?c"),
            ("http://edge", "/", ""),
            ("http://edge?limit=5", "/", "limit=5"),
            ("/chats?limit=5", "/chats", "limit=5"),
        ] {
            assert_eq!(split_url(url), (path, query), "{url}");
        }
    }

    #[test]
    fn a_head_that_nobody_needs_is_refused() {
        let url = |length: usize| "x".repeat(length);
        assert_eq!(check_head(&url(16_384), 100), Ok(()));
        assert_eq!(
            check_head(&url(16_385), 1),
            Err(ApiError::invalid_field(
                "url",
                "must be at most 16384 bytes long"
            ))
        );
        assert_eq!(
            check_head(&url(1), 101),
            Err(ApiError::invalid_field("headers", "must be at most 100"))
        );
    }

    proptest! {
        #[test]
        fn a_url_of_any_kind_is_split_into_parts_of_itself(url in "(https?://[a-z.:0-9@]{0,12})?.{0,40}") {
            let (path, query) = split_url(&url);
            prop_assert!(url.contains(path) || path == "/");
            prop_assert!(url.contains(query));
            prop_assert!(!path.contains('?') && !path.contains('#') && !query.contains('#'));
        }

        #[test]
        fn bytes_of_any_kind_are_an_object_or_an_error(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let request = post(Some("application/json"), None, &body);
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            if let Err(error) = runtime.block_on(request.json()) {
                let code = error.code;
                prop_assert!(matches!(code, ErrorCode::InvalidJson | ErrorCode::InvalidRequest));
            }
        }
    }
}
