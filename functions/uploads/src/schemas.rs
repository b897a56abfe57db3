//! What the uploads function takes from a body, and what it answers.

use serde::Serialize;
use serde_json::Value;
use shared::body::JsonObject;
use shared::config::{optional, wrong};
use shared::error::ApiError;
use uuid::Uuid;

use crate::constants::{CONTENT_TYPES, MAX_BYTES};

/// What may be uploaded. The bucket has limits of its own, which hold whatever these are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    max_bytes: u64,
    content_types: String,
}

impl Limits {
    /// Reads `UPLOAD_MAX_BYTES` and `UPLOAD_CONTENT_TYPES`; `lookup` gives a variable's value by name.
    ///
    /// # Errors
    /// `internal`, with a detail that names the variable.
    pub fn load(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, ApiError> {
        let max_bytes = match optional(lookup, "UPLOAD_MAX_BYTES") {
            None => Some(MAX_BYTES),
            Some(text) => text.parse().ok().filter(|bytes| *bytes > 0),
        };
        let content_types = optional(lookup, "UPLOAD_CONTENT_TYPES");
        Ok(Limits {
            max_bytes: max_bytes
                .ok_or_else(|| wrong("UPLOAD_MAX_BYTES must be a number of bytes above 0"))?,
            content_types: content_types.unwrap_or_else(|| CONTENT_TYPES.to_owned()),
        })
    }

    fn allow(&self, content_type: &str) -> bool {
        let mut allowed = self.content_types.split(',').map(str::trim);
        !content_type.is_empty() && allowed.any(|one| one.eq_ignore_ascii_case(content_type))
    }
}

/// The body of `POST /uploads`: `{chatId, fileName, contentType, size}`. It is the argument list of
/// `reserve_upload` as well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CreateUpload {
    /// The chat that the upload will belong to.
    pub chat_id: Uuid,
    /// As its owner calls it; the database makes a name to show and one for the path of it.
    pub file_name: String,
    /// One of the allowed types, in lower case and without parameters.
    pub content_type: String,
    /// Its bytes; 0 is an empty file.
    pub size: u64,
}

impl CreateUpload {
    /// Reads the body.
    ///
    /// # Errors
    /// `invalid_request` with everything that is wrong.
    pub fn parse(mut body: JsonObject, limits: &Limits) -> Result<Self, ApiError> {
        let chat_id = body.id("chatId");
        let file_name = body
            .take_required("fileName")
            .and_then(|name| body.keep("fileName", as_file_name(&name)));
        let content_type = body
            .take_required("contentType")
            .and_then(|kind| body.keep("contentType", as_content_type(&kind, limits)));
        let size = body
            .take_required("size")
            .and_then(|size| body.keep("size", as_size(&size, limits)));
        let upload = match (chat_id, file_name, content_type, size) {
            (Some(chat_id), Some(file_name), Some(content_type), Some(size)) => {
                Some(CreateUpload {
                    chat_id,
                    file_name,
                    content_type,
                    size,
                })
            }
            _ => None,
        };
        body.finish(upload)
    }
}

fn as_file_name(name: &Value) -> Result<String, &'static str> {
    let name = name.as_str().ok_or("must be a string")?;
    // Control characters are taken away by the database, which could not even be told of this one.
    let name = name.replace('\0', "");
    if name.trim().is_empty() {
        return Err("must not be blank");
    }
    Ok(name)
}

/// Without parameters, which the bucket's list knows nothing of: `audio/webm;codecs=opus` is
/// `audio/webm`.
fn as_content_type(kind: &Value, limits: &Limits) -> Result<String, &'static str> {
    let kind = kind.as_str().ok_or("must be a string")?;
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !limits.allow(essence) {
        return Err("is not allowed");
    }
    Ok(essence.to_ascii_lowercase())
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

/// The answer of `POST /uploads`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Upload {
    /// Where to PUT the bytes.
    pub upload_url: String,
    /// `PUT`
    pub method: &'static str,
    /// What to send along.
    pub headers: Headers,
    /// The object's path in the bucket.
    pub path: String,
    /// What to put into the message.
    pub attachment_url: String,
    /// The name that the message will show.
    pub file_name: String,
    /// When `uploadUrl` ends.
    pub expires_at: String,
}

/// The headers of the PUT.
#[derive(Serialize)]
pub struct Headers {
    /// The declared type.
    #[serde(rename = "content-type")]
    pub content_type: String,
}

#[cfg(test)]
mod tests {
    use shared::error::{ErrorCode, FieldIssue};

    use super::*;

    const CHAT: &str = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";

    fn limits(variables: &[(&str, &str)]) -> Result<Limits, ApiError> {
        Limits::load(&|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn create(json: &str) -> Result<CreateUpload, ApiError> {
        let body = JsonObject::parse(json.as_bytes()).unwrap();
        CreateUpload::parse(body, &limits(&[]).unwrap())
    }

    fn with(member: &str, value: &str) -> Result<CreateUpload, ApiError> {
        let mut body = serde_json::json!({
            "chatId": CHAT, "fileName": "a.jpg", "contentType": "image/jpeg", "size": 5,
        });
        body[member] = serde_json::from_str(value).unwrap();
        create(&body.to_string())
    }

    #[test]
    fn a_whole_body_is_read() {
        assert_eq!(
            with("size", "5"),
            Ok(CreateUpload {
                chat_id: CHAT.parse().unwrap(),
                file_name: "a.jpg".to_owned(),
                content_type: "image/jpeg".to_owned(),
                size: 5,
            })
        );
    }

    #[test]
    fn all_that_is_missing_is_told_at_once() {
        let required = |path| FieldIssue {
            path,
            issue: "is required",
        };
        assert_eq!(
            create("{}"),
            Err(ApiError::invalid_fields(
                ["chatId", "fileName", "contentType", "size"]
                    .map(required)
                    .to_vec()
            ))
        );
    }

    #[test]
    fn a_name_is_the_databases_to_clean() {
        for (name, read) in [
            (r#""../../etc/passwd""#, "../../etc/passwd"),
            (r#"" تقرير 📎.pdf ""#, " تقرير 📎.pdf "),
            (r#""a\u0000b""#, "ab"),
        ] {
            assert_eq!(with("fileName", name).unwrap().file_name, read);
        }
        for blank in [r#""""#, r#"" ""#, r#""\u0000""#] {
            let refused = ApiError::invalid_field("fileName", "must not be blank");
            assert_eq!(with("fileName", blank), Err(refused), "{blank}");
        }
        let refused = ApiError::invalid_field("fileName", "must be a string");
        assert_eq!(with("fileName", "5"), Err(refused));
    }

    #[test]
    fn a_type_is_one_of_the_list() {
        for (kind, read) in [
            ("Image/PNG", "image/png"),
            ("audio/webm;codecs=opus", "audio/webm"),
            (" text/plain ; charset=utf-8", "text/plain"),
        ] {
            let read_back = with("contentType", &format!("\"{kind}\"")).unwrap();
            assert_eq!(read_back.content_type, read);
        }
        for refused in [
            "",
            "text/html",
            "image/svg+xml",
            "image",
            "image/*",
            "image/png,image/jpeg",
            "application/octet-stream",
        ] {
            assert_eq!(
                with("contentType", &format!("\"{refused}\"")),
                Err(ApiError::invalid_field("contentType", "is not allowed")),
                "{refused}"
            );
        }
        let refused = ApiError::invalid_field("contentType", "must be a string");
        assert_eq!(with("contentType", "[]"), Err(refused));
    }

    #[test]
    fn a_size_is_up_to_25_mib() {
        for size in [0, 26_214_400] {
            assert_eq!(with("size", &size.to_string()).unwrap().size, size);
        }
        for (size, issue) in [
            ("26214401", "is too large"),
            ("18446744073709551615", "is too large"),
            ("-1", "must not be negative"),
            ("1.5", "must be a whole number of bytes"),
            ("1e30", "must be a whole number of bytes"),
            ("\"5\"", "must be a whole number of bytes"),
        ] {
            let refused = ApiError::invalid_field("size", issue);
            assert_eq!(with("size", size), Err(refused), "{size}");
        }
    }

    #[test]
    fn variables_set_other_limits() {
        let set = limits(&[
            ("UPLOAD_MAX_BYTES", "7"),
            ("UPLOAD_CONTENT_TYPES", "Image/JPEG, text/html"),
        ])
        .unwrap();
        assert_eq!(set.max_bytes, 7);
        assert!(set.allow("image/jpeg") && set.allow("text/html"));
        assert!(!set.allow("image/png") && !set.allow(""));
        for wrong in ["0", "-1", "25 MiB"] {
            let error = limits(&[("UPLOAD_MAX_BYTES", wrong)]).unwrap_err();
            assert_eq!(error.code, ErrorCode::Internal);
            assert!(error.detail.unwrap().starts_with("UPLOAD_MAX_BYTES"));
        }
    }
}
