//! The parameters of paths, queries and headers.

use messages::constants::{MAX_SEARCH_SCALARS, UNREAD};
use serde_json::{Value, json};
use shared::http::document::PAGE_FILES;
use shared::http::query::{DEFAULT_LIMIT, MAX_LIMIT};

use crate::limits::MAX_SEARCH_WORDS;
use crate::{examples, formats};

/// A parameter of the query or a header; parameters of the path come from the route table.
#[derive(Clone)]
pub struct Parameter {
    pub place: &'static str,
    pub name: &'static str,
    pub required: bool,
    pub description: String,
    pub schema: Value,
    /// Only of a required one: the page `/docs` puts the example into the request.
    pub example: Option<Value>,
}

/// Of a page.
pub fn page() -> Vec<Parameter> {
    let of = "The `nextCursor` of the page before, as it is. It belongs to its list.";
    vec![cursor(of), limit()]
}

/// Of a page or a window of messages.
pub fn messages() -> Vec<Parameter> {
    let of = "The `nextCursor` of another page leads to older messages, its `prevCursor` to newer ones. It belongs to \
              its chat.";
    let around = Parameter {
        place: "query",
        name: "around",
        required: false,
        description: format!(
            "The id of a message in the middle of the window. Or `{UNREAD}`: the caller's first unread message; if \
             everything is read, the newest page. It cannot be given with a `cursor`."
        ),
        schema: json!({ "anyOf": [formats::schema::<formats::AnyId>(), { "const": UNREAD }] }),
        example: None,
    };
    vec![cursor(of), around, limit()]
}

/// Of a search.
pub fn search() -> Vec<Parameter> {
    let words = Parameter {
        place: "query",
        name: "q",
        required: true,
        description: format!(
            "1 to {MAX_SEARCH_WORDS} words or beginnings of words. White space at both ends is removed, and the length \
             counts after that."
        ),
        schema: json!({
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_SEARCH_SCALARS,
            "pattern": r"[A-Za-z0-9\u00aa-\uffff]",
        }),
        example: Some(json!("run sunday")),
    };
    let id = |name, description: &str| Parameter {
        place: "query",
        name,
        required: false,
        description: description.to_owned(),
        schema: json!(formats::schema::<formats::AnyId>()),
        example: None,
    };
    let of = "The `nextCursor` of the page before, as it is. It belongs to its `q`, `chatId` and `senderId`.";
    vec![
        words,
        id("chatId", "Searches this chat only."),
        id("senderId", "Finds the messages of this person only."),
        cursor(of),
        limit(),
    ]
}

fn cursor(description: &str) -> Parameter {
    Parameter {
        place: "query",
        name: "cursor",
        required: false,
        description: description.to_owned(),
        schema: json!(formats::schema::<formats::Cursor>()),
        example: None,
    }
}

/// Of the list of chats.
pub fn chats() -> Vec<Parameter> {
    let archived = Parameter {
        place: "query",
        name: "archived",
        required: false,
        description: "`true` lists the chats that the caller has archived, `false` all others."
            .to_owned(),
        schema: json!({ "type": "boolean", "default": false }),
        example: None,
    };
    let since = Parameter {
        place: "query",
        name: "since",
        required: false,
        description: "The `since` of an earlier answer, as it is. The answer then has only what has changed since. It \
                      must not be beside `archived` or `cursor`."
            .to_owned(),
        schema: json!(formats::schema::<formats::Cursor>()),
        example: None,
    };
    let mut all = page();
    all.extend([archived, since]);
    all
}

fn limit() -> Parameter {
    Parameter {
        place: "query",
        name: "limit",
        required: false,
        description: "The size of a page.".to_owned(),
        schema: json!({ "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT }),
        example: None,
    }
}

/// Of the reactions to a message.
pub fn reactions() -> Vec<Parameter> {
    let emoji = Parameter {
        place: "query",
        name: "emoji",
        required: false,
        description: "Only the reactions with this emoji.".to_owned(),
        schema: json!(formats::schema::<formats::Emoji>()),
        example: None,
    };
    [vec![emoji], page()].concat()
}

/// Of the feed.
pub fn changes() -> Vec<Parameter> {
    let since = Parameter {
        place: "query",
        name: "since",
        required: true,
        description: "The `rev` up to which the client has the chat. 0 means from the beginning."
            .to_owned(),
        schema: json!(formats::schema::<formats::Rev>()),
        example: Some(json!(0)),
    };
    let epoch = Parameter {
        place: "query",
        name: "epoch",
        required: false,
        description: "The `epoch` that this `rev` came with.".to_owned(),
        schema: json!(formats::schema::<formats::Epoch>()),
        example: None,
    };
    vec![since, epoch, limit()]
}

/// The parameters of every operation.
pub fn common() -> Value {
    json!({
        "RequestId": {
            "name": "X-Request-Id",
            "in": "header",
            "required": false,
            "description": "The client's own id of the request: 1 to 64 characters of `[A-Za-z0-9._-]`. It is in the \
                            answer and in the log. Any other value is replaced by a new id.",
            "schema": { "type": "string" },
        },
        "TraceParent": {
            "name": "traceparent",
            "in": "header",
            "required": false,
            "description": "The client's span (W3C Trace Context, version 00). It is forwarded to Supabase. Any value of \
                            another form is dropped.",
            "schema": { "type": "string" },
        },
    })
}

/// A part of a path, by its name in the route table.
pub fn of_path(name: &str) -> Value {
    let values = examples::parameters();
    let (description, schema, example) = match name {
        "id" => (
            "The chat.",
            json!(formats::schema::<formats::AnyId>()),
            values["chat"].clone(),
        ),
        "msgId" => (
            "The message.",
            json!(formats::schema::<formats::AnyId>()),
            values["message"].clone(),
        ),
        "emoji" => (
            "The emoji, or a short code of the app's own, percent-encoded: at most 64 bytes of UTF-8, with a visible \
             character, and without white space, control characters and slashes.",
            json!(formats::schema::<formats::Emoji>()),
            values["emoji"].clone(),
        ),
        _ => (
            "The name of the file.",
            json!({ "type": "string", "enum": PAGE_FILES }),
            json!(PAGE_FILES[0]),
        ),
    };
    json!({
        "name": name,
        "in": "path",
        "required": true,
        "description": description,
        "schema": schema,
        "example": example,
    })
}

/// As the document has it.
pub fn to_json(parameter: &Parameter) -> Value {
    let mut json = json!({
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "description": parameter.description,
        "schema": parameter.schema,
    });
    if let Some(example) = &parameter.example {
        json["example"] = example.clone();
    }
    json
}
