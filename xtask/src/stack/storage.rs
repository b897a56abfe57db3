//! The embedded Storage differs from hosted Storage in five ways. The stack's API gateway corrects them:
//!
//! - Hosted Storage signs many paths in one `POST /object/sign/<bucket> {expiresIn, paths}`. The embedded one never
//!   reaches its route for this. So the gateway sends it one request for each path.
//! - Hosted Storage answers with `signedURL` and `url`, without the prefix `/storage/v1`. The embedded one answers
//!   with `signedUrl`, and with the prefix.
//! - Hosted Storage has `GET /object/authenticated/<bucket>/<path>`. The embedded one has it without `authenticated`.
//! - Hosted Storage takes a form at a signed upload URL too: supabase-js sends one for a `Blob`, as pages have them. The
//!   embedded one takes only the file itself.
//! - Hosted Storage answers `?download=<name>` with a `Content-Disposition`, so that a browser saves the file. The
//!   embedded one does not.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::future::try_join_all;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

const PREFIX: &str = "/storage/v1";
const OBJECT: &str = "/storage/v1/object/";
const SIGN: &str = "/storage/v1/object/sign/";
const SIGN_UPLOAD: &str = "/storage/v1/object/upload/sign/";
const AUTHENTICATED: &str = "/storage/v1/object/authenticated/";
/// A page has at most a hundred paths.
const MAX_BODY_BYTES: usize = 1024 * 1024;
const NOT_THERE: &str = "Either the object does not exist or you do not have access to it";

/// The client that the gateway asks with.
pub type Upstream = Client<HttpConnector, Body>;

/// The embedded Storage's target for a hosted one's.
pub fn target(target: &str) -> String {
    target.replacen(AUTHENTICATED, OBJECT, 1)
}

/// The bucket of a request that wants many signatures.
pub fn bucket_to_sign(request: &Request) -> Option<String> {
    let bucket = request.uri().path().strip_prefix(SIGN)?;
    let many = request.method() == Method::POST && !bucket.is_empty() && !bucket.contains('/');
    many.then(|| bucket.to_owned())
}

/// Whether an answer has a signed URL in it.
pub fn signs(method: &Method, path: &str) -> bool {
    method == Method::POST && (path.starts_with(SIGN) || path.starts_with(SIGN_UPLOAD))
}

/// The `Content-Disposition` of a file whose URL has `download`, or `download=<name>`.
pub fn disposition(request: &Request) -> Option<HeaderValue> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let of_file = reads && request.uri().path().starts_with(OBJECT);
    let query = request.uri().query().filter(|_| of_file)?;
    let mut parameters = query
        .split('&')
        .map(|each| each.split_once('=').unwrap_or((each, "")));
    let (_, name) = parameters.find(|(key, _)| *key == "download")?;
    // It comes percent-encoded, and goes so.
    let text = match name.replace('+', "%20") {
        none if none.is_empty() => "attachment;".to_owned(),
        name => format!("attachment; filename={name}; filename*=UTF-8''{name};"),
    };
    HeaderValue::try_from(text).ok()
}

pub async fn sign_many(client: &Upstream, port: u16, bucket: &str, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY_BYTES).await.unwrap_or_default();
    let question: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (Some(paths), Some(seconds)) =
        (question["paths"].as_array(), question["expiresIn"].as_u64())
    else {
        let body =
            json!({ "statusCode": "400", "error": "Error", "message": "body must have paths" });
        return answer(StatusCode::BAD_REQUEST, &body);
    };
    let paths = paths.iter().map(|path| path.as_str().unwrap_or_default());
    let signing = paths.map(|path| sign(client, port, bucket, path, seconds, &head.headers));
    match try_join_all(signing).await {
        Ok(entries) => answer(StatusCode::OK, &Value::from(entries)),
        Err(refused) => refused,
    }
}

/// One entry, or the whole answer when not only this object is wrong.
async fn sign(
    client: &Upstream,
    port: u16,
    bucket: &str,
    path: &str,
    seconds: u64,
    headers: &HeaderMap,
) -> Result<Value, Response> {
    let absent = json!({ "error": NOT_THERE, "path": path, "signedURL": null });
    let url = format!("http://127.0.0.1:{port}{SIGN}{bucket}/{path}");
    let mut request = Request::post(url).header(CONTENT_TYPE, "application/json");
    for name in [AUTHORIZATION.as_str(), "apikey"] {
        if let Some(value) = headers.get(name) {
            request = request.header(name, value);
        }
    }
    // A path that no URL can have is not an object's.
    let Ok(request) = request.body(Body::from(json!({ "expiresIn": seconds }).to_string())) else {
        return Ok(absent);
    };
    let failed = |_| StatusCode::BAD_GATEWAY.into_response();
    let response = client.request(request).await.map_err(failed)?;
    let status = response.status();
    let body = to_bytes(Body::new(response.into_body()), MAX_BODY_BYTES).await;
    let body = body.map_err(|_| StatusCode::BAD_GATEWAY.into_response())?;
    let told: Value = serde_json::from_slice(&body).unwrap_or_default();
    match without_prefix(&told["signedUrl"]) {
        Some(url) => Ok(json!({ "error": null, "path": path, "signedURL": url })),
        None if told["statusCode"] == "404" => Ok(absent),
        None => Err(answer(status, &told)),
    }
}

/// An upload without its form: the part that has a type is the file.
pub async fn without_form(request: Request) -> Result<Request, Response> {
    let kind = request.headers().get(CONTENT_TYPE);
    let is_form = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/form-data"));
    if request.method() != Method::PUT || !request.uri().path().starts_with(SIGN_UPLOAD) || !is_form
    {
        return Ok(request);
    }
    let (mut head, body) = request.into_parts();
    let form = Request::from_parts(head.clone(), body);
    let mut form = Multipart::from_request(form, &())
        .await
        .map_err(IntoResponse::into_response)?;
    while let Some(part) = form
        .next_field()
        .await
        .map_err(IntoResponse::into_response)?
    {
        let Some(kind) = part.headers().get(CONTENT_TYPE).cloned() else {
            continue;
        };
        let file = part.bytes().await.map_err(IntoResponse::into_response)?;
        head.headers.insert(CONTENT_TYPE, kind);
        head.headers.insert(CONTENT_LENGTH, file.len().into());
        return Ok(Request::from_parts(head, Body::from(file)));
    }
    let body = json!({ "statusCode": "400", "error": "Error", "message": "the form has no file" });
    Err(answer(StatusCode::BAD_REQUEST, &body))
}

/// An answer with a signed URL, as hosted Storage writes it.
pub async fn as_hosted(response: Response) -> Response {
    if !response.status().is_success() {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let body = to_bytes(body, MAX_BODY_BYTES).await.unwrap_or_default();
    let mut told: Value = serde_json::from_slice(&body).unwrap_or_default();
    if let Some(url) = without_prefix(&told["signedUrl"]) {
        let upload = told["token"].is_string();
        told[if upload { "url" } else { "signedURL" }] = url.into();
        for embedded in ["signedUrl", "path"] {
            told.as_object_mut().map(|members| members.remove(embedded));
        }
    }
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, Body::from(told.to_string()))
}

fn without_prefix(url: &Value) -> Option<String> {
    Some(url.as_str()?.strip_prefix(PREFIX)?.to_owned())
}

/// JSON.
pub fn answer(status: StatusCode, body: &Value) -> Response {
    let head = [(CONTENT_TYPE, "application/json")];
    (status, head, body.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bucket_alone_asks_for_many() {
        let bucket = |method: &str, path: &str| {
            let request = Request::builder().method(method).uri(path);
            bucket_to_sign(&request.body(Body::empty()).unwrap())
        };
        let many = bucket("POST", "/storage/v1/object/sign/avatars");
        assert_eq!(many.as_deref(), Some("avatars"));
        assert_eq!(bucket("POST", "/storage/v1/object/sign/avatars/a"), None);
        assert_eq!(bucket("POST", "/storage/v1/object/sign/"), None);
        assert_eq!(bucket("GET", "/storage/v1/object/sign/avatars"), None);
    }

    #[test]
    fn the_word_for_bearers_is_left_out() {
        assert_eq!(
            target("/storage/v1/object/authenticated/b/a/authenticated/c?x=y"),
            "/storage/v1/object/b/a/authenticated/c?x=y"
        );
        assert_eq!(target("/storage/v1/object/b/a"), "/storage/v1/object/b/a");
    }
}
