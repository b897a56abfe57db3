//! A request as the functions see it.

use std::future::Future;

use crate::error::{ApiError, ErrorCode};
use crate::http::request_id::{RequestId, TraceParent};

/// The largest request body in bytes.
pub const MAX_BODY_BYTES: usize = 64 * 1024;
/// The longest URL in bytes. It is Cloudflare's own limit, which `wrangler dev` does not have.
pub const MAX_URL_BYTES: usize = 16 * 1024;
/// A browser sends some 25 headers, and Cloudflare adds some 15.
pub const MAX_HEADERS: usize = 100;

/// Refuses a URL or a number of headers that no client of this API needs, before any of it is read.
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
        return Err(ApiError::invalid_field(
            "headers",
            "must be at most 100 header fields",
        ));
    }
    Ok(())
}

/// A request whose body has not been read. It has only the headers that some rule needs, so that no
/// other header can reach Supabase by mistake.
#[derive(Debug)]
pub struct Request<B> {
    /// From `X-Request-Id`, or a new one.
    pub id: RequestId,
    /// The method as the client wrote it.
    pub method: String,
    /// The path as the client wrote it, still percent-encoded.
    pub path: String,
    /// What follows the `?`, still percent-encoded; may be empty.
    pub query: String,
    pub authorization: Option<String>,
    pub content_type: Option<String>,
    pub content_encoding: Option<String>,
    /// `Content-Length`, if it is a number.
    pub content_length: Option<u64>,
    pub idempotency_key: Option<String>,
    /// `traceparent`, if it is well formed.
    pub traceparent: Option<TraceParent>,
    /// Read only once the caller is known.
    pub body: B,
}

/// A body that can be read once.
pub trait Body {
    /// Reads the body. Stops with `payload_too_large` as soon as it is longer than `limit` bytes.
    ///
    /// # Errors
    /// `payload_too_large`, or `invalid_request` if the body ends early.
    fn read(self, limit: usize) -> impl Future<Output = Result<Vec<u8>, ApiError>>;
}

/// A body that is in memory already, as in tests.
impl Body for Vec<u8> {
    async fn read(self, limit: usize) -> Result<Vec<u8>, ApiError> {
        if self.len() > limit {
            return Err(ErrorCode::PayloadTooLarge.into());
        }
        Ok(self)
    }
}

impl<B> Request<B> {
    /// Refuses a declared length over the limit, before the body is read.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_url_and_too_many_headers_are_refused() {
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
            Err(ApiError::invalid_field(
                "headers",
                "must be at most 100 header fields"
            ))
        );
    }
}
