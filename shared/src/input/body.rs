//! Reads a request body as a JSON object, and collects everything that is wrong with it.
//!
//! A schema takes one member after the other. A faulty member is recorded as an issue and gives `None`,
//! so that one reply names all faults. [`JsonObject::finish`] makes the error of the recorded issues.
//! Unknown members are ignored, and `null` counts as absent.

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::error::{ApiError, ErrorCode, FieldIssue};
use crate::http::request::{Body, MAX_BODY_BYTES, Request};
use crate::input::ids;
use crate::input::json::Strict;
use crate::input::text;

/// The members that have not been taken yet, and the issues so far.
#[derive(Debug)]
pub struct JsonObject {
    members: Map<String, Value>,
    issues: Vec<FieldIssue>,
}

impl JsonObject {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// `unsupported_media_type`, `payload_too_large`, and those of [`JsonObject::parse`], in this order.
    pub async fn read<B: Body>(request: Request<B>) -> Result<Self, ApiError> {
        let plain = request.content_encoding.as_deref().is_none_or(is_identity);
        if !plain || !request.content_type.as_deref().is_some_and(is_json) {
            return Err(ErrorCode::UnsupportedMediaType.into());
        }
        request.check_declared_length()?;
        // The declared length may be wrong or absent, so the limit holds for reading as well.
        JsonObject::parse(&request.body.read(MAX_BODY_BYTES).await?)
    }

    /// Parses a body.
    ///
    /// # Errors
    /// `invalid_json` if the bytes are not JSON (lone surrogates and invalid UTF-8 are not) or if
    /// [`json`](crate::input::json) refuses them; `invalid_request` if the JSON is not an object.
    pub fn parse(bytes: &[u8]) -> Result<Self, ApiError> {
        match serde_json::from_slice(bytes) {
            Ok(Strict(Value::Object(members))) => Ok(JsonObject {
                members,
                issues: Vec::new(),
            }),
            Ok(_) => Err(ApiError::invalid_field("", "must be a JSON object")),
            Err(_) => Err(ErrorCode::InvalidJson.into()),
        }
    }

    /// Takes a member; `null` counts as absent.
    pub fn take(&mut self, path: &'static str) -> Option<Value> {
        self.members.remove(path).filter(|value| !value.is_null())
    }

    /// Takes a member for which `null` means something else than its absence: the outer `None` means absent.
    pub fn take_nullable(&mut self, path: &'static str) -> Option<Option<Value>> {
        let value = self.members.remove(path)?;
        Some((!value.is_null()).then_some(value))
    }

    /// Takes a required member.
    pub fn take_required(&mut self, path: &'static str) -> Option<Value> {
        let value = self.take(path);
        if value.is_none() {
            self.report(path, "is required");
        }
        value
    }

    /// Takes the required text of a message, trimmed and checked.
    pub fn text(&mut self, path: &'static str) -> Option<String> {
        let value = self.take_required(path)?;
        self.keep(path, as_text(&value))
    }

    /// Takes the optional text of a message, trimmed and checked.
    pub fn optional_text(&mut self, path: &'static str) -> Option<String> {
        let value = self.take(path)?;
        self.keep(path, as_text(&value))
    }

    /// Takes a required id.
    pub fn id(&mut self, path: &'static str) -> Option<Uuid> {
        let value = self.take_required(path)?;
        self.keep(path, as_id(&value))
    }

    /// Takes an optional id.
    pub fn optional_id(&mut self, path: &'static str) -> Option<Uuid> {
        let value = self.take(path)?;
        self.keep(path, as_id(&value))
    }

    /// Takes an optional `true` or `false`.
    pub fn optional_flag(&mut self, path: &'static str) -> Option<bool> {
        let value = self.take(path)?;
        self.keep(path, value.as_bool().ok_or("must be true or false"))
    }

    /// Records an issue with a member.
    pub fn report(&mut self, path: &'static str, issue: &'static str) {
        self.issues.push(FieldIssue { path, issue });
    }

    /// Gives the value of a checked member, or records the issue.
    pub fn keep<T>(&mut self, path: &'static str, checked: Result<T, &'static str>) -> Option<T> {
        checked.map_err(|issue| self.report(path, issue)).ok()
    }

    /// Gives the value if no issue has been recorded.
    ///
    /// # Errors
    /// `invalid_request` with all issues.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, ApiError> {
        match value {
            Some(value) if self.issues.is_empty() => Ok(value),
            _ => Err(ApiError::invalid_fields(self.issues)),
        }
    }
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// Whether the body is not compressed. Compressed bodies are refused, because a small one can become
/// very large.
fn is_identity(content_encoding: &str) -> bool {
    let mut codings = content_encoding.split(',').map(str::trim);
    codings.all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case("identity"))
}

fn as_text(value: &Value) -> Result<String, &'static str> {
    text::clean(value.as_str().ok_or("must be a string")?).map(str::to_owned)
}

/// Reads a JSON value as an id.
///
/// # Errors
/// The text of the issue.
pub fn as_id(value: &Value) -> Result<Uuid, &'static str> {
    value.as_str().and_then(ids::parse).ok_or("must be a UUID")
}

#[cfg(test)]
mod tests;
