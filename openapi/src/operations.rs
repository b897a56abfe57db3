//! What an operation takes and answers.

use serde_json::{Value, json};
use shared::error::ErrorCode;
use shared::error::ErrorCode::*;

use crate::parameters::Parameter;
use crate::{formats, message_parts, requests, shapes};

/// What an operation belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    Chats,
    Messages,
    Files,
    Service,
}

impl Tag {
    pub const ALL: [Tag; 4] = [Tag::Chats, Tag::Messages, Tag::Files, Tag::Service];

    pub fn name(self) -> &'static str {
        match self {
            Tag::Chats => "Chats",
            Tag::Messages => "Messages",
            Tag::Files => "Files",
            Tag::Service => "Service",
        }
    }

    pub fn description(self) -> &'static str {
        match self {
            Tag::Chats => "The caller's chats: list, open, read and leave them.",
            Tag::Messages => {
                "The messages of a chat: read, send, edit and delete them, react to them, catch up, and search."
            }
            Tag::Files => {
                "Attachments: reserve an upload, send the file to Storage, then send the message."
            }
            Tag::Service => "Whether the service works, and its documents. No token is needed.",
        }
    }
}

/// The JSON body of a request.
pub struct Body {
    /// The schema's name.
    pub schema: &'static str,
    pub examples: Vec<(&'static str, &'static str, Value)>,
}

/// The body of a success.
pub enum Content {
    Nothing,
    Json {
        schema: &'static str,
        example: Value,
    },
    /// A JSON body that has one of several forms, with a named example of each.
    Forms {
        schema: &'static str,
        examples: Vec<(&'static str, &'static str, Value)>,
    },
    /// A document of the gateway, with its content types.
    Document(&'static [&'static str]),
}

pub struct Success {
    pub status: u16,
    pub description: &'static str,
    pub content: Content,
}

pub struct Description {
    pub tag: Tag,
    pub summary: &'static str,
    pub description: String,
    pub parameters: Vec<Parameter>,
    pub body: Option<Body>,
    pub successes: Vec<Success>,
    /// Errors beside those of every operation of its kind.
    pub errors: &'static [ErrorCode],
    /// Whether it needs no token.
    pub public: bool,
}

impl Description {
    /// Every code that the operation can answer.
    pub fn codes(&self, has_ids: bool) -> Vec<ErrorCode> {
        // The URL's length, the number of headers and the body's length are checked for every request.
        let mut codes = vec![InvalidRequest, PayloadTooLarge];
        codes.extend(self.errors);
        if !self.public {
            codes.extend([MissingToken, InvalidToken, TokenExpired]);
            codes.extend([TokenNotYetValid, TokenTooLarge, Forbidden, RateLimited]);
            codes.extend([Internal, BadUpstream, Unavailable, UpstreamTimeout]);
            if has_ids {
                codes.push(InvalidId);
            }
        }
        if self.body.is_some() {
            codes.extend([InvalidJson, UnsupportedMediaType]);
        }
        // In the order of the enum.
        let known = ErrorCode::ALL.iter().copied();
        known.filter(|code| codes.contains(code)).collect()
    }
}

pub fn plain(
    tag: Tag,
    summary: &'static str,
    description: &str,
    successes: Vec<Success>,
) -> Description {
    Description {
        tag,
        summary,
        description: description.to_owned(),
        parameters: Vec::new(),
        body: None,
        successes,
        errors: &[],
        public: false,
    }
}

/// A file that the gateway serves.
pub fn document(
    summary: &'static str,
    description: &str,
    content_types: &'static [&'static str],
) -> Description {
    Description {
        parameters: vec![Parameter {
            place: "header",
            name: "If-None-Match",
            required: false,
            description: "The `ETag` of the copy that the client has.".to_owned(),
            schema: json!({ "type": "string" }),
            example: None,
        }],
        errors: &[Unavailable],
        public: true,
        ..plain(
            Tag::Service,
            summary,
            description,
            vec![
                Success {
                    status: 200,
                    description: "The document.",
                    content: Content::Document(content_types),
                },
                Success {
                    status: 304,
                    description: "The client's copy is up to date.",
                    content: Content::Document(content_types),
                },
            ],
        )
    }
}

pub fn json_answer(
    status: u16,
    description: &'static str,
    schema: &'static str,
    example: impl serde::Serialize,
) -> Success {
    let content = Content::Json {
        schema,
        example: json!(example),
    };
    Success {
        status,
        description,
        content,
    }
}

pub fn json_answers(
    status: u16,
    description: &'static str,
    schema: &'static str,
    examples: Vec<(&'static str, &'static str, Value)>,
) -> Success {
    Success {
        status,
        description,
        content: Content::Forms { schema, examples },
    }
}

pub fn nothing(status: u16, description: &'static str) -> Success {
    Success {
        status,
        description,
        content: Content::Nothing,
    }
}

pub fn body(schema: &'static str, examples: Vec<(&'static str, &'static str, Value)>) -> Body {
    Body { schema, examples }
}

/// The schemas of all bodies, and of everything in them.
pub fn schemas() -> serde_json::Map<String, Value> {
    let mut answers = formats::generator(schemars::generate::SchemaSettings::for_serialize);
    answers.subschema_for::<shapes::ChatList>();
    answers.subschema_for::<shapes::MessagePage>();
    answers.subschema_for::<message_parts::ReactionPage>();
    answers.subschema_for::<shapes::FoundMessages>();
    answers.subschema_for::<shapes::Changes>();
    answers.subschema_for::<shapes::Unread>();
    answers.subschema_for::<shapes::UnreadTotals>();
    answers.subschema_for::<shapes::ReadMarks>();
    answers.subschema_for::<shapes::Upload>();
    answers.subschema_for::<shapes::Health>();
    answers.subschema_for::<crate::errors::Error>();
    let mut bodies = formats::generator(schemars::generate::SchemaSettings::for_deserialize);
    bodies.subschema_for::<requests::OpenChat>();
    bodies.subschema_for::<requests::ChangeSettings>();
    bodies.subschema_for::<requests::MarkRead>();
    bodies.subschema_for::<requests::SendMessage>();
    bodies.subschema_for::<requests::EditMessage>();
    bodies.subschema_for::<requests::CreateUpload>();
    let mut schemas = answers.take_definitions(true);
    schemas.extend(bodies.take_definitions(true));
    schemas.values_mut().for_each(formats::unwrap_lines);
    schemas
}
