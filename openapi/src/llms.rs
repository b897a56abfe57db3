//! `llms.txt`: the contract as one short text, by the convention of llmstxt.org. It is made from the two documents.

use std::fmt::Write;

use serde_json::Value;
use shared::error::ErrorCode;

use crate::{asyncapi, document};

/// `llms.txt`
pub fn text() -> String {
    let openapi = parse(&document::text());
    let events = parse(&asyncapi::text());
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut text, &openapi, &events);
    text
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

fn write(text: &mut String, openapi: &Value, events: &Value) -> std::fmt::Result {
    let info = &openapi["info"];
    writeln!(text, "# {}\n", string(&info["title"]))?;
    writeln!(text, "> {}\n", string(&info["summary"]))?;
    writeln!(
        text,
        "Version {}. Every operation needs `Authorization: Bearer <Supabase access token>`, apart from those of the \
         service.\n",
        string(&info["version"])
    )?;
    writeln!(text, "{}\n", string(&info["description"]))?;
    writeln!(text, "## Documents\n")?;
    writeln!(
        text,
        "- [OpenAPI 3.1](/openapi.json): every parameter, body, answer, status and example"
    )?;
    writeln!(
        text,
        "- [AsyncAPI 3](/asyncapi.json): the events of Realtime"
    )?;
    writeln!(
        text,
        "- [Reference](/docs): a page that shows the contract and sends requests\n"
    )?;
    writeln!(text, "## Operations\n")?;
    for (path, item) in members(&openapi["paths"]) {
        for (method, operation) in members(item).filter(|(method, _)| *method != "head") {
            operation_lines(text, path, method, operation)?;
        }
    }
    writeln!(text, "\n## Schemas\n")?;
    writeln!(
        text,
        "A member with `?` may be absent. All other members are always there; many can be null.\n"
    )?;
    for (name, schema) in members(&openapi["components"]["schemas"]) {
        schema_lines(text, name, schema)?;
    }
    writeln!(text, "\n## Errors\n")?;
    for code in ErrorCode::ALL {
        let retryable = if code.retryable() { " Retryable." } else { "" };
        writeln!(
            text,
            "- {} `{}`: {}{retryable}",
            code.status(),
            code.as_str(),
            code.message()
        )?;
    }
    writeln!(text, "\n## Limits\n")?;
    for (name, limit) in members(&openapi["x-limits"]) {
        writeln!(text, "- {name}: {}", string(limit))?;
    }
    writeln!(text, "\n## Events\n")?;
    writeln!(text, "{}\n", string(&events["info"]["description"]))?;
    for (_, channel) in members(&events["channels"]) {
        writeln!(
            text,
            "Channel `{}`: {}\n",
            string(&channel["address"]),
            string(&channel["description"])
        )?;
        for (_, reference) in members(&channel["messages"]) {
            let message = find(events, reference);
            let payload = type_of(&message["payload"]);
            writeln!(
                text,
                "- `{}` {payload}: {}",
                string(&message["name"]),
                string(&message["summary"])
            )?;
        }
        writeln!(text)?;
    }
    for (name, schema) in members(&events["components"]["schemas"]) {
        if openapi["components"]["schemas"].get(name).is_none() {
            schema_lines(text, name, schema)?;
        }
    }
    Ok(())
}

fn operation_lines(
    text: &mut String,
    path: &str,
    method: &str,
    operation: &Value,
) -> std::fmt::Result {
    let method = method.to_ascii_uppercase();
    write!(
        text,
        "- `{method} {path}`: {}.",
        string(&operation["summary"])
    )?;
    if let Some(description) = operation["description"].as_str() {
        write!(text, " {description}")?;
    }
    let parameters = list(&operation["parameters"]).filter(|one| one["in"] == "query");
    let parameters: Vec<String> = parameters
        .map(|one| {
            let mark = if one["required"] == true { "" } else { "?" };
            format!(
                "`{}{mark}` {}",
                string(&one["name"]),
                type_of(&one["schema"])
            )
        })
        .collect();
    if !parameters.is_empty() {
        write!(text, " Query: {}.", parameters.join(", "))?;
    }
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    if !body.is_null() {
        write!(text, " Body: {}.", type_of(body))?;
    }
    let answers: Vec<String> = members(&operation["responses"])
        .filter(|(status, _)| status.starts_with('2') || status.starts_with('3'))
        .map(
            |(status, answer)| match &answer["content"]["application/json"]["schema"] {
                // Of a document.
                schema if schema["$ref"].is_null() => status.to_owned(),
                schema => format!("{status} {}", type_of(schema)),
            },
        )
        .collect();
    let own: Vec<String> = members(&operation["responses"])
        .filter(|(status, _)| matches!(*status, "403" | "404" | "409" | "410"))
        .flat_map(|(_, answer)| codes(answer))
        .collect();
    write!(text, " Answers: {}.", answers.join(", "))?;
    if !own.is_empty() {
        write!(text, " Refuses with {}.", own.join(", "))?;
    }
    writeln!(text)
}

/// The codes of an error that is written out, or of the component that it names.
fn codes(answer: &Value) -> Vec<String> {
    if answer["$ref"] == "#/components/responses/IdempotencyMismatch" {
        return vec!["`idempotency_mismatch`".to_owned()];
    }
    if answer["$ref"] == "#/components/responses/ResyncRequired" {
        return vec!["`resync_required`".to_owned()];
    }
    members(&answer["content"]["application/json"]["examples"])
        .map(|(code, _)| format!("`{code}`"))
        .collect()
}

fn schema_lines(text: &mut String, name: &str, schema: &Value) -> std::fmt::Result {
    writeln!(text, "- **{name}** {}", type_of(schema))?;
    if let Some(description) = schema["description"].as_str() {
        writeln!(text, "  {description}")?;
    }
    for (name, member) in members(&schema["properties"]) {
        if let Some(description) = member["description"].as_str() {
            writeln!(text, "  - `{name}`: {description}")?;
        }
    }
    Ok(())
}

/// A schema in the notation of TypeScript.
fn type_of(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or_default().to_owned();
    }
    if let Some(constant) = schema.get("const") {
        return constant.to_string();
    }
    if let Some(values) = schema["enum"].as_array() {
        return joined(values.iter().map(Value::to_string));
    }
    for choice in ["oneOf", "anyOf"] {
        if let (Some(choices), None) = (schema[choice].as_array(), schema.get("properties")) {
            return joined(choices.iter().map(type_of));
        }
    }
    match &schema["type"] {
        Value::String(name) => one_type(name, schema),
        Value::Array(names) => joined(names.iter().map(|name| one_type(&string(name), schema))),
        _ => "any".to_owned(),
    }
}

fn one_type(name: &str, schema: &Value) -> String {
    let range = |low: &str, high: &str| match (&schema[low], &schema[high]) {
        (Value::Null, Value::Null) => String::new(),
        (low, Value::Null) => format!(" from {low}"),
        (Value::Null, high) => format!(" to {high}"),
        (low, high) => format!(" {low}..{high}"),
    };
    match name {
        "array" => format!("{}[]", type_of(&schema["items"])),
        "object" => {
            let required: Vec<&str> = list(&schema["required"])
                .filter_map(Value::as_str)
                .collect();
            let inner: Vec<String> = members(&schema["properties"])
                .map(|(name, member)| {
                    let mark = if required.contains(&name) { "" } else { "?" };
                    format!("{name}{mark}: {}", type_of(member))
                })
                .collect();
            format!("{{ {} }}", inner.join(", "))
        }
        "string" => match schema["format"].as_str() {
            Some(format) => format.to_owned(),
            None => format!("string{}", range("minLength", "maxLength")),
        },
        "integer" if schema["maximum"].as_u64() == Some(messages::constants::MAX_REV) => {
            "rev".to_owned()
        }
        "integer" => format!("integer{}", range("minimum", "maximum")),
        other => other.to_owned(),
    }
}

fn joined(types: impl Iterator<Item = String>) -> String {
    types.collect::<Vec<_>>().join(" | ")
}

/// What a reference within a document leads to.
fn find<'v>(document: &'v Value, reference: &Value) -> &'v Value {
    let pointer = string(&reference["$ref"])
        .trim_start_matches('#')
        .to_owned();
    document.pointer(&pointer).unwrap_or(&Value::Null)
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, member)| (&**name, member))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn string(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
