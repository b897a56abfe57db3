//! The runtime's request, taken apart.

use worker::js_sys::Uint8Array;
use worker::wasm_bindgen::JsCast;
use worker::web_sys;

use crate::error::{ApiError, ErrorCode};
use crate::http::path::split_url;
use crate::http::request::{Body, Request};
use crate::http::request_id::{RequestId, TraceParent};
use crate::workers::glue;

/// How many entries of `READ` (in glue.js) are read. Each one costs a call of the runtime.
#[derive(Clone, Copy)]
pub(super) enum Headers {
    /// Those of a Worker that passes requests on; the others count as absent.
    Routing = 5,
    /// All.
    All = 9,
}

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
    pub fn read(request: web_sys::Request, headers: Headers) -> Self {
        let head = glue::head(&request, headers as u32);
        // In the order of `READ` there.
        let mut lines = head.split('\n');
        let mut line = || lines.next().unwrap_or_default();
        let (method, url) = (line().to_owned(), line().to_owned());
        let header_count = line().parse().unwrap_or(usize::MAX);
        let mut header = || line().strip_prefix('=').map(str::to_owned);
        let id = RequestId::accept(header().as_deref());
        let (origin, requested_method) = (header(), header());
        let (content_length, traceparent) = (header(), header());
        let (authorization, content_type) = (header(), header());
        let (content_encoding, idempotency_key) = (header(), header());
        let (path, query) = split_url(&url);
        Incoming {
            header_count,
            origin,
            requested_method,
            request: Request {
                id,
                method,
                path: path.to_owned(),
                query: query.to_owned(),
                authorization,
                content_type,
                content_encoding,
                content_length: content_length.and_then(|length| length.parse().ok()),
                idempotency_key,
                traceparent: TraceParent::accept(traceparent.as_deref()),
                body: StreamBody(request),
            },
            url,
        }
    }
}

/// The body of a runtime request, unread.
pub struct StreamBody(pub(super) web_sys::Request);

impl Body for StreamBody {
    async fn read(self, limit: usize) -> Result<Vec<u8>, ApiError> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let body = glue::read(&self.0, limit).await;
        let body = body.map_err(|_| ended_early())?;
        let body = body.dyn_into::<Uint8Array>();
        Ok(body.map_err(|_| ErrorCode::PayloadTooLarge)?.to_vec())
    }
}

/// What a client is told that stops halfway through its body, if it still listens.
pub(super) fn ended_early() -> ApiError {
    ApiError::invalid_field("", "must be a whole body")
}
