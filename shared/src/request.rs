//! A request as the functions see it: only the parts that they may act on.

use std::fmt;
use std::future::Future;

use uuid::Uuid;

use crate::body::JsonObject;
use crate::error::{ApiError, ErrorCode};

/// The largest request body in bytes.
pub const MAX_BODY_BYTES: usize = 64 * 1024;
/// The longest URL in bytes. The longest that a route can use, with a cursor, has about 250.
const MAX_URL_BYTES: usize = 2 * 1024;
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
            "must be at most 2048 bytes long",
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
        if !self.content_type.as_deref().is_some_and(is_json) {
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

/// The name of a request in answers, logs and upstream requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    const MAX_LENGTH: usize = 64;

    /// Takes the caller's id if it is harmless to log and to send on: 1 to 64 of `[A-Za-z0-9._-]`.
    /// Any other is replaced.
    #[must_use]
    pub fn accept(header: Option<&str>) -> Self {
        let well_formed = |id: &&str| {
            (1..=Self::MAX_LENGTH).contains(&id.len())
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        let id = header.filter(well_formed).map(str::to_owned);
        RequestId(id.unwrap_or_else(|| Uuid::new_v4().to_string()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The caller's place in a distributed trace (W3C Trace Context, version 00), passed on as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceParent(String);

impl TraceParent {
    /// Takes a header of exactly the specified form: any other ends the trace here.
    #[must_use]
    pub fn accept(header: Option<&str>) -> Option<Self> {
        let header = header?;
        let parts: Vec<&str> = header.split('-').collect();
        let [version, trace, parent, flags] = *parts.as_slice() else {
            return None;
        };
        let hex = |part: &str, length: usize| {
            part.len() == length
                && part
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let id =
            |part: &str, length: usize| hex(part, length) && part.bytes().any(|byte| byte != b'0');
        let sound = version == "00" && id(trace, 32) && id(parent, 16) && hex(flags, 2);
        sound.then(|| TraceParent(header.to_owned()))
    }

    /// The header's value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
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
    fn a_harmless_request_id_is_kept_and_any_other_replaced() {
        let longest = "a".repeat(64);
        for kept in ["a", "A.b_c-9", &longest] {
            assert_eq!(RequestId::accept(Some(kept)).as_str(), kept);
        }
        let too_long = "a".repeat(65);
        for replaced in [
            None,
            Some(""),
            Some("a b"),
            Some("a\nb"),
            Some("é"),
            Some("a,b"),
            Some(&*too_long),
        ] {
            let id = RequestId::accept(replaced);
            assert_eq!(
                Uuid::try_parse(id.as_str()).unwrap().get_version_num(),
                4,
                "{replaced:?}"
            );
        }
    }

    #[test]
    fn a_trace_is_passed_on_only_in_the_specified_form() {
        let sound = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let accepted = TraceParent::accept(Some(sound)).unwrap();
        assert_eq!(accepted.as_str(), sound);
        for other in [
            None,
            Some(""),
            Some("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            Some("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"),
            Some("00-00000000000000000000000000000000-00f067aa0ba902b7-01"),
            Some("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"),
            Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x"),
            Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0"),
            Some("00-4bf92f3577b34da6a3ce929d0e0e4736\r\n-f067aa0ba902b7-01"),
        ] {
            assert_eq!(TraceParent::accept(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_head_that_nobody_needs_is_refused() {
        let url = |length: usize| "x".repeat(length);
        assert_eq!(check_head(&url(2_048), 100), Ok(()));
        assert_eq!(
            check_head(&url(2_049), 1),
            Err(ApiError::invalid_field(
                "url",
                "must be at most 2048 bytes long"
            ))
        );
        assert_eq!(
            check_head(&url(1), 101),
            Err(ApiError::invalid_field("headers", "must be at most 100"))
        );
    }
}
