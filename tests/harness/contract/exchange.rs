//! One request with its answer, compared with the document.

use reqwest::Url;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::document::{Contract, Operation, Parameter, Response};
use super::reached::Reached;

/// What every HTTP answer may have. Each other header of an answer must be in the document.
const HEADERS_OF_HTTP: [&str; 6] = [
    "connection",
    "content-length",
    "content-type",
    "date",
    "transfer-encoding",
    "vary",
];
/// CORS is the same for all operations; `tests/http/cors.rs` tests it.
const CORS: &str = "access-control-";

/// Who answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// The API as clients see it.
    Api,
    /// One function, maybe without the gateway. It has no routes of other functions.
    Function,
    /// Something else than the API.
    Other,
}

/// A request and its answer.
#[derive(Debug)]
pub struct Exchange<'e> {
    pub server: Server,
    pub method: &'e str,
    pub url: &'e Url,
    pub sent_headers: &'e HeaderMap,
    /// Nothing if it was a stream.
    pub sent_body: Option<&'e [u8]>,
    pub status: u16,
    pub headers: &'e HeaderMap,
    pub body: &'e [u8],
}

impl Contract {
    /// What the exchange has reached: nothing if it belongs to no operation.
    ///
    /// # Errors
    /// What the document does not say.
    pub fn faults(&self, exchange: &Exchange<'_>) -> Result<Option<Reached>, Vec<String>> {
        let of_path = self.operations.iter();
        let of_path: Vec<&Operation> = of_path
            .filter(|operation| operation.ids(exchange.url.path()).is_some())
            .collect();
        let mut same = of_path.iter();
        let operation = same.find(|operation| operation.method == exchange.method);
        let code = exchange.code();
        let mut faults = Vec::new();
        let mut reached = None;
        match operation {
            _ if exchange.is_preflight() => {}
            _ if exchange.server == Server::Function && code == "route_not_found" => {
                faults = self.route_not_found.faults(exchange, 404);
            }
            Some(operation) => {
                faults = operation.faults(exchange);
                reached = Some(Reached::new(&operation.id, exchange.status, &code));
            }
            None if of_path.is_empty() => faults = self.route_not_found.faults(exchange, 404),
            None => {
                faults = self.method_not_allowed.faults(exchange, 405);
                faults.extend(exchange.allow_fault(&of_path));
            }
        }
        if faults.is_empty() {
            return Ok(reached);
        }
        let id = operation.map_or("no operation", |operation| &operation.id);
        let (path, status) = (exchange.url.path(), exchange.status);
        let about = format!("{id} ({} {path}), status {status}: ", exchange.method);
        Err(faults.iter().map(|fault| about.clone() + fault).collect())
    }
}

impl Exchange<'_> {
    /// The answer to a page's question whether it may send a request: no operation, and empty.
    fn is_preflight(&self) -> bool {
        let asks = self
            .sent_headers
            .contains_key("access-control-request-method");
        self.method == "OPTIONS" && asks && self.status == 204 && self.body.is_empty()
    }

    /// The error's code, or an empty text.
    fn code(&self) -> String {
        let body: Option<Value> = serde_json::from_slice(self.body).ok();
        let code = body.and_then(|body| Some(body["error"]["code"].as_str()?.to_owned()));
        code.unwrap_or_default()
    }

    /// `Allow` names the methods that the document has for the path.
    fn allow_fault(&self, of_path: &[&Operation]) -> Option<String> {
        let allow = self
            .headers
            .get("allow")
            .and_then(|allow| allow.to_str().ok());
        let mut named: Vec<&str> = allow.unwrap_or_default().split(", ").collect();
        named.sort_unstable();
        let mut methods: Vec<&str> = of_path.iter().map(|operation| &*operation.method).collect();
        methods.sort_unstable();
        (named != methods).then(|| format!("`Allow` must name {methods:?}, and is {allow:?}"))
    }
}

impl Operation {
    /// The parts of the path in the places of `{…}`, if the path is of this operation.
    fn ids<'p>(&self, path: &'p str) -> Option<Vec<(&str, &'p str)>> {
        let (parts, segments) = (self.path.split('/'), path.split('/'));
        if parts.clone().count() != segments.clone().count() {
            return None;
        }
        let mut ids = Vec::new();
        for (part, segment) in parts.zip(segments) {
            let name = part
                .strip_prefix('{')
                .and_then(|part| part.strip_suffix('}'));
            match name {
                Some(name) if !segment.is_empty() => ids.push((name, segment)),
                _ if part == segment => {}
                _ => return None,
            }
        }
        Some(ids)
    }

    fn faults(&self, exchange: &Exchange<'_>) -> Vec<String> {
        let Some(response) = self.responses.get(&exchange.status) else {
            let known: Vec<_> = self.responses.keys().collect();
            return vec![format!("the document has only the statuses {known:?}")];
        };
        let mut faults = response.faults(exchange, exchange.status);
        if exchange.status < 300 {
            faults.extend(self.request_faults(exchange));
        }
        faults
    }

    /// What has succeeded must have been a valid request.
    fn request_faults(&self, exchange: &Exchange<'_>) -> Vec<String> {
        let path = exchange.url.path();
        let ids = self.ids(path).unwrap_or_default();
        let query: Vec<_> = exchange.url.query_pairs().collect();
        let mut faults = Vec::new();
        for parameter in &self.parameters {
            let name = &*parameter.name;
            let decoded = ids.iter().find(|(of, _)| *of == name);
            let decoded = decoded.map(|(_, segment)| decoded_segment(segment));
            let value = match &*parameter.place {
                "path" => decoded.as_deref(),
                "query" => query
                    .iter()
                    .find(|(of, _)| *of == name)
                    .map(|(_, value)| &**value),
                _ => header(exchange.sent_headers, name),
            };
            faults.extend(parameter.faults(value));
        }
        let token = header(exchange.sent_headers, "authorization").unwrap_or_default();
        if self.secured && !token.to_lowercase().starts_with("bearer ") {
            faults.push("the document wants a token".to_owned());
        }
        faults.extend(self.body_faults(exchange));
        faults
    }

    fn body_faults(&self, exchange: &Exchange<'_>) -> Vec<String> {
        let sent = match exchange.sent_body {
            // A stream, which is gone.
            None => return Vec::new(),
            Some(sent) => sent,
        };
        let Some(body) = &self.body else {
            return Vec::new();
        };
        if sent.is_empty() {
            let missing = body.required.then(|| "the request has no body".to_owned());
            return missing.into_iter().collect();
        }
        let media = media_type(exchange.sent_headers);
        let Some(schema) = body.content.get(&media) else {
            return vec![format!("the document has no request of `{media}`")];
        };
        let told = |fault| format!("the request's body {fault}");
        match read(&media, sent) {
            Ok(sent) => schema.faults(&sent).into_iter().map(told).collect(),
            Err(error) => vec![format!("the request's body: {error}")],
        }
    }
}

/// A segment of a path without its percent-encoding. A plus sign means itself there, other than in a query.
fn decoded_segment(segment: &str) -> String {
    let as_query = format!(
        "http://x/?{}",
        segment
            .replace('+', "%2B")
            .replace('&', "%26")
            .replace('=', "%3D")
    );
    let url = Url::parse(&as_query).ok();
    let name = url.and_then(|url| Some(url.query_pairs().next()?.0.into_owned()));
    name.unwrap_or_default()
}

impl Parameter {
    fn faults(&self, value: Option<&str>) -> Vec<String> {
        let told = |fault: String| format!("{} `{}` {fault}", self.place, self.name);
        match value {
            Some(value) => self
                .schema
                .faults_of_text(value)
                .into_iter()
                .map(told)
                .collect(),
            None if self.required => vec![told("is missing".to_owned())],
            None => Vec::new(),
        }
    }
}

impl Response {
    /// What is wrong with an answer that must have this status.
    fn faults(&self, exchange: &Exchange<'_>, status: u16) -> Vec<String> {
        if exchange.status != status {
            return vec![format!("must be {status}")];
        }
        let mut faults = Vec::new();
        for documented in &self.headers {
            let value = header(exchange.headers, &documented.name);
            faults.extend(documented.faults(value));
        }
        for name in exchange.headers.keys().map(|name| name.as_str()) {
            let known = HEADERS_OF_HTTP.contains(&name) || name.starts_with(CORS);
            if !known && !self.headers.iter().any(|header| header.name == name) {
                faults.push(format!("the document has no header `{name}`"));
            }
        }
        let media = header(exchange.headers, "content-type").unwrap_or_default();
        match self.content.get(media) {
            _ if exchange.method == "HEAD" && exchange.body.is_empty() => {}
            Some(schema) => match read(media, exchange.body) {
                Ok(body) => faults.extend(schema.faults(&body)),
                Err(error) => faults.push(error.to_string()),
            },
            None if !self.content.is_empty() => {
                faults.push(format!("the document has no content of `{media}`"));
            }
            None if exchange.body.is_empty() => {}
            None => faults.push("the document has no body".to_owned()),
        }
        faults
    }
}

/// A body as the value that its schema is about.
fn read(media: &str, body: &[u8]) -> serde_json::Result<Value> {
    if media == "application/json" {
        return serde_json::from_slice(body);
    }
    Ok(Value::from(String::from_utf8_lossy(body)))
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The content type of a request, without its parameters.
fn media_type(headers: &HeaderMap) -> String {
    let whole = header(headers, "content-type").unwrap_or_default();
    let media = whole.split(';').next().unwrap_or_default();
    media.trim().to_lowercase()
}
