//! The one place that knows the Workers runtime: makes a [`Request`] of its request and its
//! response of a [`Reply`].

use futures_util::StreamExt;
use worker::js_sys::{Reflect, Uint8Array};
use worker::web_sys::{self, RequestInit, RequestRedirect};
use worker::{Env, Headers, Response, ResponseBuilder, console_error, console_log};

use crate::config::Config;
use crate::error::{ApiError, ErrorCode};
use crate::reply::{Decision, Reply};
use crate::request::{Body, MAX_BODY_BYTES, Request, RequestId, split_url};

/// Runs a function that answers itself.
///
/// # Errors
/// Only when the runtime refuses to build the response.
pub async fn serve<H>(request: worker::Request, env: Env, handler: H) -> worker::Result<Response>
where
    H: AsyncFnOnce(Request<StreamBody>, &Config) -> Result<Reply, ApiError>,
{
    let request = incoming(request);
    let id = request.id.clone();
    let answer = match Config::load(|name| variable(&env, name)) {
        Ok(config) => handler(request, &config).await,
        Err(error) => Err(error),
    };
    respond(answer, &id)
}

/// Runs a function that answers itself or names the function that does.
///
/// # Errors
/// Only when the runtime refuses to build the response.
pub async fn dispatch<H>(request: worker::Request, env: Env, handler: H) -> worker::Result<Response>
where
    H: AsyncFnOnce(
        &Request<StreamBody>,
        &dyn Fn(&str) -> Option<String>,
    ) -> Result<Decision, ApiError>,
{
    let request = incoming(request);
    let id = request.id.clone();
    let answer = match handler(&request, &|name| variable(&env, name)).await {
        Ok(Decision::Answer(reply)) => Ok(reply),
        Ok(Decision::Forward(binding)) => match forward(request, &env, binding).await {
            Ok(response) => return Ok(response),
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    respond(answer, &id)
}

/// Passes a request on whole; only its id is set, so that both sides log the same one.
///
/// The body is read here, up to the limit, and not streamed through: when a function answers
/// without having read a streamed body, as it answers strangers, workerd drops the client's
/// connection.
async fn forward(
    request: Request<StreamBody>,
    env: &Env,
    binding: &str,
) -> Result<Response, ApiError> {
    let failed = |error: worker::Error| {
        let detail = format!("service binding {binding}: {error}");
        ApiError::with_detail(ErrorCode::Unavailable, detail)
    };
    let url = request.body.0.inner().url();
    let headers = request.body.0.headers().clone();
    let body = request.body.read(MAX_BODY_BYTES).await?;
    let outgoing = outgoing(&url, &request.method, headers, &request.id, &body).map_err(failed)?;
    let function = env.service(binding).map_err(failed)?;
    function.fetch_request(outgoing).await.map_err(failed)
}

fn outgoing(
    url: &str,
    method: &str,
    headers: Headers,
    id: &RequestId,
    body: &[u8],
) -> worker::Result<worker::Request> {
    headers.set("x-request-id", id.as_str())?;
    // Both are the runtime's to write for a body of known length.
    headers.delete("content-length")?;
    headers.delete("transfer-encoding")?;
    let init = RequestInit::new();
    init.set_method(method);
    init.set_headers_headers(&headers.0);
    init.set_redirect(RequestRedirect::Manual);
    // The runtime refuses a GET with a body, and no route of ours reads one.
    if !body.is_empty() && !matches!(method, "GET" | "HEAD") {
        init.set_body(&Uint8Array::from(body));
    }
    Ok(web_sys::Request::new_with_str_and_init(url, &init)?.into())
}

fn incoming(request: worker::Request) -> Request<StreamBody> {
    let header = |name: &str| request.headers().get(name).ok().flatten();
    let url = request.inner().url();
    let (path, query) = split_url(&url);
    Request {
        id: RequestId::accept(header("x-request-id").as_deref()),
        // worker's own Method turns every method it does not know into GET.
        method: request.inner().method(),
        path: path.to_owned(),
        query: query.to_owned(),
        authorization: header("authorization"),
        content_type: header("content-type"),
        content_length: header("content-length").and_then(|length| length.parse().ok()),
        idempotency_key: header("idempotency-key"),
        body: StreamBody(request),
    }
}

fn variable(env: &Env, name: &str) -> Option<String> {
    // `Env::var` throws at a variable that is null, as workerd makes one it cannot find.
    Reflect::get(env, &name.into()).ok()?.as_string()
}

fn respond(answer: Result<Reply, ApiError>, id: &RequestId) -> worker::Result<Response> {
    let reply = answer.unwrap_or_else(|error| {
        if let Some(line) = error.log_line(id) {
            if error.code.status() < 500 {
                console_log!("{line}");
            } else {
                console_error!("{line}");
            }
        }
        error.reply(id)
    });
    let reply = reply.with_common_headers(id);
    let headers = Headers::new();
    for (name, value) in &reply.headers {
        headers.set(name, value)?;
    }
    let response = ResponseBuilder::new()
        .with_status(reply.status)
        .with_headers(headers);
    // The runtime throws at a 204 that has a body, even an empty one.
    Ok(if reply.body.is_empty() {
        response.empty()
    } else {
        response.fixed(reply.body)
    })
}

/// The body of a runtime request, unread.
pub struct StreamBody(worker::Request);

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
