//! The stack's API gateway, Kong's part on a real Supabase: `/rest/v1`, `/auth/v1` and
//! `/storage/v1` under one URL, the `apikey` check, CORS, and an access log.

use std::fs::File;
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{CONTENT_DISPOSITION, HOST, HeaderValue};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use axum::serve::ListenerExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::Value;
use tokio::net::TcpListener;
use tower_http::services::ServeDir;

use crate::stack::keys::Keys;
use crate::stack::realtime::{self, Relay};
use crate::stack::{cors, demo, storage};

/// How long a connection to a part is kept without use: less than the 5 seconds after which Node closes it,
/// because a request on a connection that is being closed fails.
const IDLE: Duration = Duration::from_secs(2);

/// Where a project publishes its signing keys. The stack's Auth has none, so the gateway answers.
const KEY_SET: &str = "/auth/v1/.well-known/jwks.json";

/// The name of its log.
pub const LOG: &str = "api-access";

/// Comes before a path with a name: `/of/<name>/rest/v1/…` is `/rest/v1/…`, and the log has the name. So tests
/// see what one instance of a function asks for, also requests without an id, as those for keys are.
pub const NAMED: &str = "/of/";

/// Ports of the parts behind the gateway.
pub struct Upstreams {
    pub postgrest: u16,
    /// Auth and Storage.
    pub lite: u16,
    /// The stand-in for Realtime.
    pub realtime: Option<Arc<Relay>>,
}

struct Gateway {
    upstreams: Upstreams,
    /// The keys that `apikey` may hold.
    keys: [String; 2],
    /// The answer of `KEY_SET`.
    key_set: Value,
    log: Mutex<File>,
    client: Client<HttpConnector, Body>,
}

/// Listens, and serves in the background until the process ends.
pub async fn start(
    port: u16,
    upstreams: Upstreams,
    keys: &Keys,
    origins: &str,
    log: &Path,
    page: &Path,
) -> Result<()> {
    let log = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    // Head and body are written apart: with Nagle's algorithm the second waits, on either side, for
    // the first to be acknowledged, which the other end puts off for 40 ms.
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let gateway = Arc::new(Gateway {
        upstreams,
        keys: [keys.anon.clone(), keys.service_role.clone()],
        key_set: keys.published.clone(),
        log: Mutex::new(log),
        client: Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector),
    });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .with_context(|| format!("cannot listen on port {port}"))?
        .tap_io(|connection| {
            let _ = connection.set_nodelay(true);
        });
    let logging = Arc::clone(&gateway);
    let app = Router::new().fallback(handle).with_state(gateway);
    let app = app.nest_service(demo::PATH, ServeDir::new(page));
    // Storage has limits of its own.
    let app = app.layer(DefaultBodyLimit::disable());
    let app = cors::add(app, origins, move |line| {
        logging.log(&format!("- {line}\n"))
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(())
}

async fn handle(State(gateway): State<Arc<Gateway>>, mut request: Request) -> Response {
    let id = request.headers().get("x-request-id");
    let id = id.and_then(|id| id.to_str().ok()).unwrap_or("-").to_owned();
    let (method, target) = (request.method().clone(), logged_target(request.uri()));
    if let Some(uri) = without_name(request.uri()) {
        *request.uri_mut() = uri;
    }
    let response = gateway.answer(request).await;
    // Written before the answer goes out, so that a test with the answer finds the line.
    let status = response.status().as_u16();
    gateway.log(&format!("{id} {method} {target} {status}\n"));
    response
}

impl Gateway {
    fn log(&self, line: &str) {
        if let Ok(mut log) = self.log.lock() {
            let _ = log.write_all(line.as_bytes());
        }
    }

    async fn answer(&self, request: Request) -> Response {
        let path = request.uri().path();
        if path == KEY_SET {
            return storage::answer(StatusCode::OK, &self.key_set);
        }
        if let Some(relay) = &self.upstreams.realtime
            && path.starts_with(realtime::PREFIX)
        {
            return relay.answer(request).await;
        }
        let (prefix, port) = if path.starts_with("/rest/v1/") || path == "/rest/v1" {
            ("/rest/v1", self.upstreams.postgrest)
        } else if path.starts_with("/auth/v1/") || path.starts_with("/storage/v1/") {
            // lite serves both under their public paths.
            ("", self.upstreams.lite)
        } else {
            return message(StatusCode::NOT_FOUND, "no Route matched with those values");
        };
        if wants_key(path) {
            let wrong = match api_key(&request) {
                None => Some("No API key found in request"),
                Some(key) => (!self.keys.contains(&key)).then_some("Invalid API key"),
            };
            if let Some(wrong) = wrong {
                return message(StatusCode::UNAUTHORIZED, wrong);
            }
        }
        if let Some(bucket) = storage::bucket_to_sign(&request) {
            return storage::sign_many(&self.client, port, &bucket, request).await;
        }
        let mut request = match storage::without_form(request).await {
            Ok(request) => request,
            Err(refused) => return refused,
        };
        let signs = storage::signs(request.method(), request.uri().path());
        let saved_as = storage::disposition(&request);
        let target = request.uri().path_and_query().map_or("/", |of| of.as_str());
        let target = storage::target(target.strip_prefix(prefix).unwrap_or(target));
        let slash = if target.starts_with('/') { "" } else { "/" };
        let authority = format!("127.0.0.1:{port}");
        let Ok(uri) = format!("http://{authority}{slash}{target}").parse::<Uri>() else {
            return message(StatusCode::BAD_REQUEST, "the path is not valid");
        };
        *request.uri_mut() = uri;
        if let Ok(host) = HeaderValue::from_str(&authority) {
            request.headers_mut().insert(HOST, host);
        }
        match self.client.request(request).await {
            Ok(response) if signs => storage::as_hosted(response.map(Body::new)).await,
            Ok(mut response) => {
                if let Some(name) = saved_as.filter(|_| response.status().is_success()) {
                    response.headers_mut().insert(CONTENT_DISPOSITION, name);
                }
                response.map(Body::new)
            }
            Err(error) => {
                self.log(&format!("- upstream on port {port}: {error:?}\n"));
                let text = "An invalid response was received from the upstream server";
                message(StatusCode::BAD_GATEWAY, text)
            }
        }
    }
}

/// Hosted Supabase wants a key everywhere but on preflights, which do not come here, and on Storage, whose public and
/// signed URLs carry none. (It opens the pages of Auth too that a browser opens from a mail: this Auth sends none.)
fn wants_key(path: &str) -> bool {
    !path.starts_with("/storage/v1/")
}

fn api_key(request: &Request) -> Option<String> {
    let key = request.headers().get("apikey")?.to_str().ok()?;
    Some(key.to_owned())
}

/// What stands behind [`NAMED`] and a name, where they are.
fn without_name(uri: &Uri) -> Option<Uri> {
    let named = uri.path_and_query()?.as_str().strip_prefix(NAMED)?;
    named.get(named.find('/')?..)?.parse().ok()
}

/// The path with its query. Storage's queries are signatures, and Realtime's are keys.
fn logged_target(uri: &Uri) -> String {
    let named = without_name(uri);
    let path = named.as_ref().unwrap_or(uri).path();
    let has_secret = ["/storage/v1", "/realtime/v1"]
        .iter()
        .any(|of| path.starts_with(of));
    match uri.path_and_query() {
        Some(target) if !has_secret => target.as_str().to_owned(),
        _ => uri.path().to_owned(),
    }
}

fn message(status: StatusCode, text: &str) -> Response {
    storage::answer(status, &serde_json::json!({ "message": text }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_wanted_for_data_and_sign_in_and_not_for_files() {
        assert!(wants_key("/rest/v1/messages"));
        assert!(wants_key("/auth/v1/token"));
        assert!(!wants_key("/storage/v1/object/sign/a/b"));
    }

    #[test]
    fn a_name_before_a_path_changes_only_the_log() {
        let named = Uri::from_static("/of/somebody/rest/v1/rpc/get_chat?chat_id=1");
        let plain = Uri::from_static("/rest/v1/rpc/get_chat?chat_id=1");
        assert_eq!(without_name(&named), Some(plain.clone()));
        assert_eq!(without_name(&plain), None);
        assert_eq!(without_name(&Uri::from_static("/of/somebody")), None);
    }

    #[test]
    fn signatures_stay_out_of_the_log() {
        let signed = Uri::from_static("/storage/v1/object/sign/a/b?token=secret");
        assert_eq!(logged_target(&signed), "/storage/v1/object/sign/a/b");
        let named = Uri::from_static("/of/somebody/realtime/v1/websocket?apikey=secret");
        assert_eq!(logged_target(&named), "/of/somebody/realtime/v1/websocket");
        let rest = Uri::from_static("/rest/v1/rpc/get_chat?chat_id=1");
        assert_eq!(logged_target(&rest), "/rest/v1/rpc/get_chat?chat_id=1");
    }
}
