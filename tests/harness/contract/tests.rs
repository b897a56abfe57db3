//! That the check can fail: each exchange here has one fault, by a small document.

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::{Value, json};

use super::{Contract, Exchange, Reached, Server};

const NOTE: &str = "/notes/0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";

fn contract() -> Contract {
    Contract::new(&serde_json::from_str(include_str!("sample.json")).unwrap())
}

/// A request with its answer, right by the document unless a test changes it.
struct Talk {
    server: Server,
    method: &'static str,
    path: String,
    sent_headers: Vec<(&'static str, &'static str)>,
    sent: Vec<u8>,
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: Vec<u8>,
}

fn bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

impl Talk {
    fn new(method: &'static str, path: &str, status: u16, body: &Value) -> Talk {
        Talk {
            server: Server::Api,
            method,
            path: path.to_owned(),
            sent_headers: vec![
                ("authorization", "Bearer x"),
                ("content-type", "application/json"),
            ],
            sent: Vec::new(),
            status,
            headers: vec![
                ("x-request-id", "r-1"),
                ("content-type", "application/json"),
            ],
            body: bytes(body),
        }
    }

    fn note(changes: &Value) -> Talk {
        let mut note = json!({
            "id": "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d",
            "writtenAt": "2026-04-01T12:30:00.000120Z",
            "text": null,
            "place": { "name": "here" },
        });
        for (name, value) in changes.as_object().cloned().unwrap_or_default() {
            note[name] = value;
        }
        Talk::new("GET", NOTE, 200, &note)
    }

    fn edit(sent: &Value) -> Talk {
        let mut talk = Talk::new("PATCH", NOTE, 204, &Value::Null);
        talk.headers.truncate(1);
        talk.body.clear();
        talk.sent = bytes(sent);
        talk
    }

    fn error(status: u16, code: &str) -> Talk {
        Talk::new("GET", NOTE, status, &json!({ "error": { "code": code } }))
    }

    fn faults(&self) -> Result<Option<Reached>, Vec<String>> {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            headers
        };
        contract().faults(&Exchange {
            server: self.server,
            method: self.method,
            url: &Url::parse(&format!("http://api{}", self.path)).unwrap(),
            sent_headers: &headers(&self.sent_headers),
            sent_body: Some(&self.sent),
            status: self.status,
            headers: &headers(&self.headers),
            body: &self.body,
        })
    }

    #[track_caller]
    fn reaches(&self, operation: &str, status: u16, code: &str) {
        let reached = Reached::new(operation, status, code);
        assert_eq!(self.faults(), Ok(Some(reached)));
    }

    /// There is one fault, which has each of these parts.
    #[track_caller]
    fn fails(&self, parts: &[&str]) {
        let faults = self.faults().unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:?}");
        for part in parts {
            assert!(faults[0].contains(part), "{part}: {faults:?}");
        }
    }
}

#[test]
fn what_the_document_says_is_right() {
    Talk::note(&json!({})).reaches("getNote", 200, "");
    Talk::note(&json!({ "place": null })).reaches("getNote", 200, "");
    Talk::error(404, "note_not_found").reaches("getNote", 404, "note_not_found");
    Talk::edit(&json!({ "text": "a", "mood": "any" })).reaches("editNote", 204, "");
    let mut talk = Talk::note(&json!({}));
    talk.path += "?limit=20";
    talk.reaches("getNote", 200, "");
    talk.method = "HEAD";
    talk.body.clear();
    talk.reaches("headNote", 200, "");
    let mut open = Talk::new("GET", "/health", 200, &json!({}));
    open.sent_headers.clear();
    open.reaches("getHealth", 200, "");
}

#[test]
fn a_wrong_body_is_found_with_operation_status_and_pointer() {
    let about = format!("getNote (GET {NOTE}), status 200: ");
    let wrong = |changes: Value| Talk::note(&changes);
    wrong(json!({ "mood": 1 })).fails(&[&about, "at ``", "mood"]);
    wrong(json!({ "place": { "name": "here", "mood": 1 } })).fails(&[&about, "at `/place`"]);
    wrong(json!({ "text": 1 })).fails(&["at `/text`", "/components/schemas/Note/properties/text"]);
    wrong(json!({ "id": "0a5b7c9d" })).fails(&["at `/id`", "uuid"]);
    wrong(json!({ "writtenAt": "2026-04-01 12:30:00" })).fails(&["at `/writtenAt`", "date-time"]);
    let mut missing = Talk::note(&json!({}));
    missing.body = br#"{"id":"0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d","text":null}"#.to_vec();
    missing.fails(&["writtenAt", "required"]);
    missing.body = b"{".to_vec();
    missing.fails(&["EOF"]);
    let mut edit = Talk::edit(&json!({ "text": "a" }));
    edit.body = b"{}".to_vec();
    edit.fails(&["no body"]);
}

#[test]
fn a_status_or_code_that_is_not_in_the_document_is_found() {
    Talk::error(403, "note_not_found").fails(&["[200, 404]"]);
    Talk::error(404, "no_such_note").fails(&["at `/error/code`", "no_such_note"]);
    let more = json!({ "error": { "code": "note_not_found", "cause": "a" } });
    Talk::new("GET", NOTE, 404, &more).fails(&["at `/error`", "cause"]);
}

#[test]
fn a_wrong_header_is_found() {
    let with = |headers: &[(&'static str, &'static str)]| {
        let mut talk = Talk::note(&json!({}));
        talk.headers = headers.to_vec();
        talk
    };
    let json = ("content-type", "application/json");
    with(&[json]).fails(&["header `x-request-id` is missing"]);
    with(&[json, ("x-request-id", "R 1")]).fails(&["header `x-request-id` at ``"]);
    with(&[json, ("x-request-id", "1"), ("x-mood", "any")]).fails(&["no header `x-mood`"]);
    with(&[("content-type", "text/html"), ("x-request-id", "1")]).fails(&["`text/html`"]);
}

#[test]
fn a_wrong_request_that_succeeds_is_found() {
    Talk::edit(&json!({ "text": "" })).fails(&["request's body at `/text`"]);
    Talk::edit(&json!({})).fails(&["request's body at ``", "text"]);
    let change = |change: fn(&mut Talk)| {
        let mut talk = Talk::edit(&json!({ "text": "a" }));
        change(&mut talk);
        talk
    };
    change(|talk| talk.sent.clear()).fails(&["has no body"]);
    change(|talk| talk.sent_headers[1].1 = "text/plain").fails(&["`text/plain`"]);
    change(|talk| talk.sent_headers[0].1 = "Basic x").fails(&["wants a token"]);
    change(|talk| talk.path = "/notes/7".to_owned()).fails(&["path `id` at ``", "uuid"]);
    change(|talk| talk.sent_headers.push(("idempotency-key", "7")))
        .fails(&["header `Idempotency-Key`", "uuid"]);
    for (limit, why) in [("200", "maximum"), ("all", "integer"), ("1.5", "integer")] {
        let mut talk = Talk::note(&json!({}));
        talk.path += &format!("?limit={limit}");
        talk.fails(&["query `limit`", why]);
    }
}

#[test]
fn what_belongs_to_no_operation_has_its_one_error() {
    let unknown = |path: &str, code: &str, status| {
        let mut talk = Talk::error(status, code);
        talk.path = path.to_owned();
        talk
    };
    assert_eq!(
        unknown("/elsewhere", "route_not_found", 404).faults(),
        Ok(None)
    );
    unknown("/elsewhere", "note_not_found", 404).fails(&["at `/error/code`"]);
    unknown("/elsewhere", "route_not_found", 410).fails(&["must be 404"]);
    unknown(NOTE, "route_not_found", 404).fails(&["at `/error/code`"]);
    let mut function = unknown(NOTE, "route_not_found", 404);
    function.server = Server::Function;
    assert_eq!(function.faults(), Ok(None));

    let mut method = Talk::error(405, "method_not_allowed");
    method.method = "PUT";
    method.headers.push(("allow", "GET, PATCH"));
    method.fails(&["`Allow` must name [\"GET\", \"HEAD\", \"PATCH\"]"]);
    method.headers[2].1 = "GET, HEAD, PATCH";
    assert_eq!(method.faults(), Ok(None));
    method.status = 404;
    method.fails(&["must be 405"]);

    let mut preflight = Talk::edit(&Value::Null);
    preflight.method = "OPTIONS";
    preflight
        .sent_headers
        .push(("access-control-request-method", "PATCH"));
    assert_eq!(preflight.faults(), Ok(None));
    preflight.status = 200;
    assert!(preflight.faults().is_err());
}

#[test]
fn the_answers_of_a_document_can_be_compared_with_those_that_were_seen() {
    let answers =
        "editNote 204 \ngetHealth 200 \ngetNote 200 \ngetNote 404 note_not_found\nheadNote 200 \n";
    assert_eq!(contract().answers(), Reached::read(answers));
    let written: String = contract()
        .answers()
        .iter()
        .map(|answer| format!("{answer}\n"))
        .collect();
    assert_eq!(written, answers);
}

#[test]
fn the_api_has_a_document() {
    let answers = Contract::get().answers();
    let reached = Reached::new("sendMessage", 409, "idempotency_mismatch");
    assert!(answers.contains(&reached), "{answers:?}");
}
