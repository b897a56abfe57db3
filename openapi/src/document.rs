//! Puts the OpenAPI document together.

use std::collections::BTreeMap;

use messages::constants::{MAX_EMOJI_BYTES, MAX_MENTIONS, MAX_SEARCH_SCALARS};
use serde::Serialize;
use serde_json::{Map, Value, json};
use shared::auth::header::MAX_TOKEN_BYTES;
use shared::http::query::{DEFAULT_LIMIT, MAX_LIMIT};
use shared::http::request::{MAX_BODY_BYTES, MAX_HEADERS, MAX_URL_BYTES};
use shared::input::text::MAX_TEXT_SCALARS;
use shared::routes::{Operation, ROUTES, Route};
use shared::supabase::storage::{BUCKET, SIGNED_SECONDS};
use uploads::constants::{MAX_BYTES, MAX_PIXELS};

use crate::describe::describe;
use crate::operations::{Content, Description, Success, Tag, schemas};
use crate::{errors, headers, limits, parameters};

/// The document in the order in which people read it. Everything below is in alphabetical order.
#[derive(Serialize)]
struct Document {
    openapi: &'static str,
    info: Value,
    servers: Value,
    security: Value,
    tags: Value,
    paths: BTreeMap<String, Map<String, Value>>,
    components: Value,
    #[serde(rename = "x-limits")]
    limits: Value,
}

/// `openapi.json`
pub fn text() -> String {
    let tags: Vec<Value> = Tag::ALL
        .iter()
        .map(|tag| json!({ "name": tag.name(), "description": tag.description() }))
        .collect();
    let mut components = errors::components();
    components.remove("Refused");
    let document = Document {
        openapi: "3.1.1",
        info: json!({
            "title": "Chat API",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Chats, messages and attachments in front of Supabase.",
            "description": include_str!("introduction.md").trim(),
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        }),
        servers: json!([{ "url": "/", "description": "The deployment that serves this document." }]),
        security: json!([{ "supabase": [] }]),
        tags: json!(tags),
        paths: paths(),
        components: json!({
            "schemas": schemas(),
            "responses": components,
            "headers": headers::components(),
            "parameters": parameters::common(),
            "securitySchemes": {
                "supabase": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": format!(
                        "The access token of a signed-in user of Supabase Auth, at most {MAX_TOKEN_BYTES} bytes. The \
                         project's keys are refused here."
                    ),
                },
            },
        }),
        limits: limits(),
    };
    // Serialising strings, numbers and maps cannot fail.
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    format!("{text}\n")
}

/// What clients may want to know before they send.
fn limits() -> Value {
    json!({
        "attachWindowSeconds": limits::ATTACH_WINDOW_SECONDS,
        "bodyBytes": MAX_BODY_BYTES,
        "bucket": BUCKET,
        "differentReactions": limits::MAX_REACTION_KINDS,
        "editWindowSeconds": limits::EDIT_WINDOW_SECONDS,
        "emojiBytes": MAX_EMOJI_BYTES,
        "fileBytes": MAX_BYTES,
        "fileNameCharacters": limits::MAX_FILE_NAME,
        "headers": MAX_HEADERS,
        "listedUsers": limits::MAX_LISTED_USERS,
        "mentions": MAX_MENTIONS,
        "openUploads": limits::MAX_OPEN_UPLOADS,
        "pageDefault": DEFAULT_LIMIT,
        "pageMaximum": MAX_LIMIT,
        "pixels": MAX_PIXELS,
        "quotedCharacters": limits::MAX_QUOTED_CHARACTERS,
        "searchCharacters": MAX_SEARCH_SCALARS,
        "searchWords": limits::MAX_SEARCH_WORDS,
        "signedUrlSeconds": SIGNED_SECONDS,
        "textCharacters": MAX_TEXT_SCALARS,
        "tokenBytes": MAX_TOKEN_BYTES,
        "typingPauseSeconds": limits::TYPING_PAUSE_SECONDS,
        "unreadMaximum": limits::MAX_UNREAD,
        "uploadWindowSeconds": limits::UPLOAD_WINDOW_SECONDS,
        "urlBytes": MAX_URL_BYTES,
    })
}

/// A path of the table as OpenAPI writes it.
pub fn path(pattern: &str) -> String {
    let segments = pattern
        .split('/')
        .map(|segment| match segment.strip_prefix(':') {
            Some(name) => format!("{{{name}}}"),
            None => segment.to_owned(),
        });
    segments.collect::<Vec<_>>().join("/")
}

fn paths() -> BTreeMap<String, Map<String, Value>> {
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for route in ROUTES {
        let item = paths.entry(path(route.pattern)).or_default();
        let described = describe(route.operation);
        let method = route.method.to_ascii_lowercase();
        item.insert(method, operation(route, &described));
        if route.method == "GET" {
            item.insert("head".to_owned(), head(route, &described));
        }
    }
    paths
}

/// `ListChats` as `listChats`.
pub fn operation_id(operation: Operation) -> String {
    let name = format!("{operation:?}");
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

fn operation(route: &Route, described: &Description) -> Value {
    let mut responses: BTreeMap<String, Value> = errors::answers(&described.codes(has_ids(route)));
    let successes = described.successes.iter();
    responses.extend(successes.map(|one| (one.status.to_string(), success(one))));
    let mut operation = json!({
        "operationId": operation_id(route.operation),
        "summary": described.summary,
        "tags": [described.tag.name()],
        "parameters": parameters_of(route, described),
        "responses": responses,
    });
    if !described.description.is_empty() {
        operation["description"] = described.description.clone().into();
    }
    if described.public {
        operation["security"] = json!([]);
    }
    if let Some(body) = &described.body {
        operation["requestBody"] = json!({
            "required": true,
            "content": {
                "application/json": {
                    "schema": { "$ref": format!("#/components/schemas/{}", body.schema) },
                    "examples": named(&body.examples),
                },
            },
        });
    }
    operation
}

/// Examples with their names and summaries.
fn named(examples: &[(&str, &str, Value)]) -> Map<String, Value> {
    let named = examples.iter().map(|(name, summary, value)| {
        let example = json!({ "summary": summary, "value": value });
        ((*name).to_owned(), example)
    });
    named.collect()
}

/// The answer to `HEAD` is that to `GET` without a body.
fn head(route: &Route, described: &Description) -> Value {
    let mut responses = BTreeMap::new();
    for code in described.codes(has_ids(route)) {
        let status = code.status();
        responses.insert(
            status.to_string(),
            json!({
                "description": "As the answer to `GET`, without the body.",
                "headers": headers::of_error(status),
            }),
        );
    }
    for one in &described.successes {
        let mut answer = success(one);
        if let Some(members) = answer.as_object_mut() {
            members.remove("content");
        }
        responses.insert(one.status.to_string(), answer);
    }
    let id = operation_id(route.operation);
    let (first, rest) = id.split_at(1);
    let mut operation = json!({
        "operationId": format!("head{}{rest}", first.to_ascii_uppercase()),
        "summary": format!("{}: the headers", described.summary),
        "description": "As `GET`, without the body.",
        "tags": [described.tag.name()],
        "parameters": parameters_of(route, described),
        "responses": responses,
    });
    if described.public {
        operation["security"] = json!([]);
    }
    operation
}

fn success(one: &Success) -> Value {
    let mut answer = json!({ "description": one.description, "headers": headers::common() });
    match &one.content {
        Content::Nothing => {}
        Content::Json { schema, example } => {
            answer["content"] = json!({
                "application/json": {
                    "schema": { "$ref": format!("#/components/schemas/{schema}") },
                    "example": example,
                },
            });
        }
        Content::Forms { schema, examples } => {
            answer["content"] = json!({
                "application/json": {
                    "schema": { "$ref": format!("#/components/schemas/{schema}") },
                    "examples": named(examples),
                },
            });
        }
        Content::Document(content_types) => {
            answer["headers"] = json!(headers::of_document(content_types));
            let contents = content_types.iter().map(|content_type| {
                let schema = match *content_type {
                    "application/json" => json!({ "type": "object" }),
                    _ => json!({ "type": "string" }),
                };
                ((*content_type).to_owned(), json!({ "schema": schema }))
            });
            let contents: Map<String, Value> = contents.collect();
            // A 304 has the headers of the document, and no body.
            if one.status != 304 {
                answer["content"] = json!(contents);
            }
        }
    }
    answer
}

/// Whether the path has ids. The files of the documents' page have names.
fn has_ids(route: &Route) -> bool {
    route.pattern.contains("/:id")
}

fn parameters_of(route: &Route, described: &Description) -> Vec<Value> {
    let in_path = route
        .pattern
        .split('/')
        .filter_map(|segment| segment.strip_prefix(':'));
    let mut all: Vec<Value> = in_path.map(parameters::of_path).collect();
    all.extend(described.parameters.iter().map(parameters::to_json));
    all.push(json!({ "$ref": "#/components/parameters/RequestId" }));
    if !described.public {
        all.push(json!({ "$ref": "#/components/parameters/TraceParent" }));
    }
    all
}
