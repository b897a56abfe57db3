//! One caller of one HTTP server: a base URL, the headers every call carries, kept connections.

use crate::answer::Answer;
use crate::contract::{self, Exchange, Server};
use reqwest::Method;
use serde_json::Value;
use std::time::Duration;

/// Kept connections, but none that lay idle for long: workerd closes those after five seconds, and
/// who writes to one that is just being closed gets no answer.
///
/// # Panics
/// When there is no TLS to be had.
pub fn connections() -> reqwest::Client {
    let builder = reqwest::Client::builder().pool_idle_timeout(Duration::from_secs(2));
    match builder.build() {
        Ok(client) => client,
        Err(error) => panic!("no client: {error}"),
    }
}

/// A caller. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    server: Server,
    headers: Vec<(&'static str, String)>,
}

impl Client {
    /// A caller of `base` who shows no token.
    pub fn new(http: &reqwest::Client, base: &str, server: Server) -> Client {
        Client {
            http: http.clone(),
            base: base.to_owned(),
            server,
            headers: Vec::new(),
        }
    }

    /// The same caller with one more header on every call.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Client {
        self.headers.push((name, value.into()));
        self
    }

    /// The same caller with `Authorization: Bearer <token>`.
    pub fn bearer(self, token: &str) -> Client {
        self.with("authorization", format!("Bearer {token}"))
    }

    /// The same caller on connections of its own.
    pub fn on_new_connection(&self) -> Client {
        Client {
            http: connections(),
            ..self.clone()
        }
    }

    /// Begins a call; `path` is everything after the base URL.
    pub fn call(&self, method: Method, path: &str) -> Call {
        let mut request = self
            .http
            .request(method.clone(), format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        Call {
            name: format!("{method} {path}"),
            http: self.http.clone(),
            server: self.server,
            request,
        }
    }

    /// `GET path`
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path).send().await
    }

    /// `POST path` with a JSON body
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path).json(body).send().await
    }

    /// `PATCH path` with a JSON body
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PATCH, path).json(body).send().await
    }

    /// `DELETE path`
    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path).send().await
    }
}

/// A call that is being put together.
#[derive(Debug)]
pub struct Call {
    name: String,
    http: reqwest::Client,
    server: Server,
    request: reqwest::RequestBuilder,
}

impl Call {
    /// Adds a header.
    pub fn header(mut self, name: &str, value: impl AsRef<str>) -> Call {
        self.request = self.request.header(name, value.as_ref());
        self
    }

    /// Names the request, so that the stack's access log can be asked about it.
    pub fn request_id(self, id: &str) -> Call {
        self.header("x-request-id", id)
    }

    /// A JSON body.
    pub fn json(self, body: &Value) -> Call {
        self.raw_json(body.to_string())
    }

    /// A body that says it is JSON, whatever it is.
    pub fn raw_json(self, body: impl Into<reqwest::Body>) -> Call {
        self.header("content-type", "application/json").body(body)
    }

    /// A body without a content type.
    pub fn body(mut self, body: impl Into<reqwest::Body>) -> Call {
        self.request = self.request.body(body);
        self
    }

    /// Sends, reads the whole answer, and checks both by the document of the API.
    ///
    /// # Panics
    /// When there is no answer: a server that hangs up has failed the test. When the document does not say so.
    pub async fn send(self) -> Answer {
        let Call {
            name,
            http,
            server,
            request,
        } = self;
        let request = request
            .build()
            .unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let (method, url) = (request.method().clone(), request.url().clone());
        let sent_headers = request.headers().clone();
        let sent_body = match request.body() {
            None => Some(Vec::new()),
            Some(body) => body.as_bytes().map(<[u8]>::to_vec),
        };
        let response = match http.execute(request).await {
            Ok(response) => response,
            Err(error) => panic!("{name}: no answer: {error:?}"),
        };
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = match response.bytes().await {
            Ok(body) => body.to_vec(),
            Err(error) => panic!("{name}: {status}, then the body broke off: {error:?}"),
        };
        if server != Server::Other {
            contract::check(&Exchange {
                server,
                method: method.as_str(),
                url: &url,
                sent_headers: &sent_headers,
                sent_body: sent_body.as_deref(),
                status,
                headers: &headers,
                body: &body,
            });
        }
        Answer::new(name, status, headers, body)
    }
}
