//! The body of an upload, and the reply to it.

use serde::Serialize;
use serde_json::Value;
use shared::error::ApiError;
use shared::input::body::JsonObject;
use uuid::Uuid;

use crate::constants::MAX_PIXELS;
use crate::content_types;
use crate::limits::Limits;

/// The body of `POST /uploads`: `{chatId, fileName, contentType?, size, width?, height?}`. It serialises to
/// the arguments of `reserve_upload`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CreateUpload {
    pub chat_id: Uuid,
    /// The name on the device; may be empty. The database makes from it the name to show and the name in
    /// the path.
    pub file_name: String,
    /// The canonical name of one of the allowed types.
    pub content_type: String,
    /// In bytes; may be 0.
    pub size: u64,
    /// The width of a picture or video in pixels. It needs a height as well.
    pub width: Option<u32>,
    pub height: Option<u32>,
}

impl CreateUpload {
    /// Reads the body.
    ///
    /// # Errors
    /// `invalid_request` with all issues.
    pub fn parse(mut body: JsonObject, limits: &Limits) -> Result<Self, ApiError> {
        let chat_id = body.id("chatId");
        let file_name = body
            .take_required("fileName")
            .and_then(|name| body.keep("fileName", as_file_name(&name)));
        let declared = body.take("contentType");
        let name = file_name.as_deref().unwrap_or_default();
        let content_type = as_content_type(declared.as_ref(), name, limits);
        let content_type = body.keep("contentType", content_type);
        let size = body
            .take_required("size")
            .and_then(|size| body.keep("size", as_size(&size, limits)));
        let (width, height) = (body.take("width"), body.take("height"));
        if width.is_some() != height.is_some() {
            let missing = if width.is_none() { "width" } else { "height" };
            body.report(missing, "is required: give width and height together");
        }
        let width = width.and_then(|width| body.keep("width", as_pixels(&width)));
        let height = height.and_then(|height| body.keep("height", as_pixels(&height)));
        let upload = match (chat_id, file_name, content_type, size) {
            (Some(chat_id), Some(file_name), Some(content_type), Some(size)) => {
                Some(CreateUpload {
                    chat_id,
                    file_name,
                    content_type,
                    size,
                    width,
                    height,
                })
            }
            _ => None,
        };
        body.finish(upload)
    }
}

fn as_file_name(name: &Value) -> Result<String, &'static str> {
    let name = name.as_str().ok_or("must be a string")?;
    // The database removes control characters and names a file without a name. But NUL must be removed
    // here, because Postgres accepts no text that contains it.
    Ok(name.replace('\0', ""))
}

fn as_content_type(
    declared: Option<&Value>,
    file_name: &str,
    limits: &Limits,
) -> Result<String, &'static str> {
    let declared = match declared {
        Some(declared) => declared.as_str().ok_or("must be a string")?,
        None => "",
    };
    let content_type = content_types::of_file(declared, file_name);
    let content_type =
        content_type.ok_or("must be given, because the file name does not tell it")?;
    if !limits.allow(&content_type) {
        return Err("is not allowed");
    }
    Ok(content_type)
}

fn as_pixels(pixels: &Value) -> Result<u32, &'static str> {
    let pixels = pixels
        .as_u64()
        .and_then(|pixels| u32::try_from(pixels).ok());
    pixels
        .filter(|pixels| (1..=MAX_PIXELS).contains(pixels))
        .ok_or("must be a whole number from 1 to 100000")
}

fn as_size(size: &Value, limits: &Limits) -> Result<u64, &'static str> {
    if size.as_i64().is_some_and(|size| size < 0) {
        return Err("must not be negative");
    }
    let size = size.as_u64().ok_or("must be a whole number of bytes")?;
    if size > limits.max_bytes {
        return Err("is too large");
    }
    Ok(size)
}

/// The reply of `POST /uploads`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Upload {
    /// The URL to PUT the file to.
    pub upload_url: String,
    /// `PUT`
    pub method: &'static str,
    /// The headers of the PUT.
    pub headers: Headers,
    pub path: String,
    /// The `attachmentUrl` of the message.
    pub attachment_url: String,
    /// The name to show.
    pub file_name: String,
    /// By its canonical name.
    pub content_type: String,
    /// When `uploadUrl` expires.
    pub expires_at: String,
}

#[derive(Serialize)]
pub struct Headers {
    /// By its canonical name, because Storage compares it with the declared type.
    #[serde(rename = "content-type")]
    pub content_type: String,
}

#[cfg(test)]
mod tests;
