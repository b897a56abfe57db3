//! The runtime's request, taken apart.

use futures_util::StreamExt;

use crate::error::{ApiError, ErrorCode};
use crate::request::{Body, Request, RequestId, TraceParent, split_url};

/// A request and what of it only the edge's own answers depend on.
pub(super) struct Incoming {
    /// What the routers see.
    pub request: Request<StreamBody>,
    /// The URL as the client wrote it.
    pub url: String,
    /// How many header fields there are; fields of one name count as one.
    pub header_count: usize,
    /// `Origin`.
    pub origin: Option<String>,
    /// `Access-Control-Request-Method`.
    pub requested_method: Option<String>,
}

impl Incoming {
    /// Takes a request apart; its body stays unread.
    pub fn read(request: worker::Request) -> Self {
        let header = |name: &str| request.headers().get(name).ok().flatten();
        let url = request.inner().url();
        let (path, query) = split_url(&url);
        Incoming {
            header_count: request.headers().keys().count(),
            origin: header("origin"),
            requested_method: header("access-control-request-method"),
            request: Request {
                id: RequestId::accept(header("x-request-id").as_deref()),
                // worker's own Method turns every method it does not know into GET.
                method: request.inner().method(),
                path: path.to_owned(),
                query: query.to_owned(),
                authorization: header("authorization"),
                content_type: header("content-type"),
                content_length: header("content-length").and_then(|length| length.parse().ok()),
                idempotency_key: header("idempotency-key"),
                traceparent: TraceParent::accept(header("traceparent").as_deref()),
                body: StreamBody(request),
            },
            url,
        }
    }
}

/// The body of a runtime request, unread.
pub struct StreamBody(pub(super) worker::Request);

impl Body for StreamBody {
    async fn read(mut self, limit: usize) -> Result<Vec<u8>, ApiError> {
        if self.0.inner().body().is_none() {
            return Ok(Vec::new());
        }
        let mut stream = self.0.stream().map_err(unreadable)?;
        let mut bytes = Vec::new();
        while let Some(chunk) = stream.next().await {
            bytes.extend(chunk.map_err(unreadable)?);
            if bytes.len() > limit {
                return Err(ErrorCode::PayloadTooLarge.into());
            }
        }
        Ok(bytes)
    }
}

fn unreadable(error: worker::Error) -> ApiError {
    ApiError::with_detail(
        ErrorCode::InvalidRequest,
        format!("the body ended early: {error}"),
    )
}
