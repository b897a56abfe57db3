//! Puts the AsyncAPI document together.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::channels::{self, Event};
use crate::events;
use crate::formats::ID;
use crate::limits::MAX_BROADCAST_BYTES;

/// The document in the order in which people read it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    asyncapi: &'static str,
    info: Value,
    default_content_type: &'static str,
    servers: Value,
    channels: Value,
    operations: Value,
    components: Value,
    #[serde(rename = "x-limits")]
    limits: Value,
}

/// `asyncapi.json`
pub fn text() -> String {
    let (chats, people) = (channels::of_chats(), channels::of_people());
    let mut messages = components("chat", &chats);
    messages.extend(components("user", &people));
    let document = Document {
        asyncapi: "3.0.0",
        info: json!({
            "title": "Chat API: events",
            "version": env!("CARGO_PKG_VERSION"),
            "description": include_str!("events.md").trim(),
            "license": { "name": "MIT OR Apache-2.0", "url": "https://spdx.org/licenses/" },
        }),
        default_content_type: "application/json",
        servers: json!({
            "realtime": {
                "host": "{project}.supabase.co",
                "pathname": "/realtime/v1/websocket",
                "protocol": "wss",
                "description": "Supabase Realtime of the project. Use supabase-js or another client of Supabase.",
                "variables": { "project": { "description": "The reference of the Supabase project." } },
                "security": [{ "$ref": "#/components/securitySchemes/supabase" }],
            },
        }),
        channels: json!({
            "chat": {
                "address": "{topic}",
                "title": "A chat",
                "description": format!(
                    "Private. The participants may join; they may also say that they are present. The topic is the \
                     field `topic` of Chat and of each answer of the feed (`GET /chats/{{id}}/changes`): `chat:<id>`, later `chat:<id>:<number>`."
                ),
                "parameters": {
                    "topic": {
                        "description": "The chat's topic.",
                        "examples": ["chat:0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d"],
                    },
                },
                "messages": references("chat", &chats, "#/components/messages"),
                "x-topic-pattern": format!("^chat:{ID}(:[0-9]+)?$"),
            },
            "user": {
                "address": "user:{userId}",
                "title": "A person's own channel",
                "description": "Private. Only this user may join. When a message changes, chats of many people \
                                send something here only to the people whom it mentions.",
                "parameters": { "userId": { "description": "The user's id." } },
                "messages": references("user", &people, "#/components/messages"),
                "x-topic-pattern": format!("^user:{ID}$"),
            },
        }),
        operations: json!({
            "receiveChatEvents": operation("chat", &chats, "Receives what happens in a chat."),
            "receiveUserEvents": operation("user", &people, "Receives what happens in the user's chat list."),
        }),
        components: json!({
            "messages": messages,
            "schemas": events::schemas(),
            "securitySchemes": {
                "supabase": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The access token of a signed-in user of Supabase Auth.",
                },
            },
        }),
        limits: json!({ "broadcastBytes": MAX_BROADCAST_BYTES }),
    };
    // Serialising strings, numbers and maps cannot fail.
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    format!("{text}\n")
}

fn operation(channel: &str, events: &[Event], summary: &str) -> Value {
    let all = references(channel, events, &format!("#/channels/{channel}/messages"));
    let messages: Vec<Value> = all.into_iter().map(|(_, reference)| reference).collect();
    json!({
        "action": "receive",
        "channel": { "$ref": format!("#/channels/{channel}") },
        "summary": summary,
        "messages": messages,
    })
}

fn references(channel: &str, events: &[Event], prefix: &str) -> Map<String, Value> {
    let reference = |event: &Event| {
        let key = key(channel, event.name);
        let reference = json!({ "$ref": format!("{prefix}/{key}") });
        (key, reference)
    };
    events.iter().map(reference).collect()
}

fn components(channel: &str, events: &[Event]) -> Map<String, Value> {
    let component = |event: &Event| {
        let examples: Vec<Value> = event
            .examples
            .iter()
            .map(|payload| json!({ "payload": payload }))
            .collect();
        let component = json!({
            "name": event.name,
            "title": event.name,
            "summary": event.summary,
            "payload": { "$ref": format!("#/components/schemas/{}", event.schema) },
            "examples": examples,
        });
        (key(channel, event.name), component)
    };
    events.iter().map(component).collect()
}

/// `message.created` in a chat as `chatMessageCreated`.
fn key(channel: &str, name: &str) -> String {
    let mut key = channel.to_owned();
    for word in name.split('.') {
        let (first, rest) = word.split_at(1);
        key.push_str(&first.to_ascii_uppercase());
        key.push_str(rest);
    }
    key
}
