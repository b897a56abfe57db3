//! What the uploads function takes from a body, and what it answers.

use serde::Serialize;
use serde_json::Value;
use shared::error::ApiError;
use shared::input::body::JsonObject;
use shared::runtime::config::{optional, wrong};
use uuid::Uuid;

use crate::constants::{CONTENT_TYPES, MAX_BYTES, MAX_PIXELS};
use crate::content_types;

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

    /// Whether a type is allowed, by its canonical name; the variable may have another one for it.
    fn allow(&self, content_type: &str) -> bool {
        let mut allowed = self.content_types.split(',').map(content_types::canonical);
        !content_type.is_empty() && allowed.any(|one| one == content_type)
    }
}

/// The body of `POST /uploads`: `{chatId, fileName, contentType?, size, width?, height?}`. It is the argument
/// list of `reserve_upload` as well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CreateUpload {
    /// The chat that the upload will belong to.
    pub chat_id: Uuid,
    /// As its owner calls it, which may be nothing; the database makes a name to show and one for the
    /// path of it.
    pub file_name: String,
    /// One of the allowed types, by its canonical name.
    pub content_type: String,
    /// Its bytes; 0 is an empty file.
    pub size: u64,
    /// The pixels of a picture or film from left to right; with a height or not at all.
    pub width: Option<u32>,
    /// The pixels from top to bottom.
    pub height: Option<u32>,
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
            body.report(missing, "is required beside the other");
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
    // Control characters are taken away by the database, which could not even be told of this one. It
    // also has a name for a file without one.
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
    let content_type = content_type.ok_or("must be given, as the file name does not tell it")?;
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
    /// The canonical name of the type.
    pub content_type: String,
    /// When `uploadUrl` ends.
    pub expires_at: String,
}

/// The headers of the PUT.
#[derive(Serialize)]
pub struct Headers {
    /// The type by its canonical name, as Storage compares it.
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

    fn sized(width: &str, height: &str) -> Result<CreateUpload, ApiError> {
        create(&format!(
            r#"{{"chatId":"{CHAT}","fileName":"a.jpg","contentType":"image/jpeg","size":5,"width":{width},"height":{height}}}"#
        ))
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
                width: None,
                height: None,
            })
        );
    }

    #[test]
    fn the_database_is_given_each_argument_by_its_name() {
        let arguments = |upload: &CreateUpload| serde_json::to_value(upload).unwrap();
        let mut expected = serde_json::json!({
            "chat_id": CHAT, "file_name": "a.jpg", "content_type": "image/jpeg", "size": 5,
            "width": null, "height": null,
        });
        assert_eq!(arguments(&with("size", "5").unwrap()), expected);
        expected["width"] = 640.into();
        expected["height"] = 480.into();
        assert_eq!(arguments(&sized("640", "480").unwrap()), expected);
    }

    #[test]
    fn a_picture_has_both_sides_or_neither() {
        let read = |upload: CreateUpload| (upload.width, upload.height);
        assert_eq!(sized("1", "100000").map(read), Ok((Some(1), Some(100_000))));
        assert_eq!(sized("null", "null").map(read), Ok((None, None)));
        let missing = "is required beside the other";
        let number = "must be a whole number from 1 to 100000";
        for (width, height, faults) in [
            ("1", "null", vec![("height", missing)]),
            ("null", "1", vec![("width", missing)]),
            ("0", "1", vec![("width", number)]),
            ("-1", "1", vec![("width", number)]),
            ("1", "100001", vec![("height", number)]),
            ("1", "4294967297", vec![("height", number)]),
            ("1.5", "1e3", vec![("width", number), ("height", number)]),
            ("\"1\"", "[]", vec![("width", number), ("height", number)]),
            ("true", "null", vec![("height", missing), ("width", number)]),
        ] {
            let issue = |(path, issue)| FieldIssue { path, issue };
            let faults = faults.into_iter().map(issue).collect();
            let refused = Err(ApiError::invalid_fields(faults));
            assert_eq!(sized(width, height), refused, "{width} {height}");
        }
    }

    #[test]
    fn all_that_is_missing_is_told_at_once() {
        let required = "is required";
        let unknown = "must be given, as the file name does not tell it";
        let faults = [
            ("chatId", required),
            ("fileName", required),
            ("contentType", unknown),
            ("size", required),
        ];
        let faults = faults.map(|(path, issue)| FieldIssue { path, issue });
        let refused = Err(ApiError::invalid_fields(faults.to_vec()));
        assert_eq!(create("{}"), refused);
    }

    #[test]
    fn a_name_is_the_databases_to_clean() {
        for (name, read) in [
            (r#""../../etc/passwd""#, "../../etc/passwd"),
            (r#"" تقرير 📎.pdf ""#, " تقرير 📎.pdf "),
            (r#""a\u0000b""#, "ab"),
            (r#""""#, ""),
            (r#"" ""#, " "),
            (r#""\u0000""#, ""),
            (r#""\u200b""#, "\u{200b}"),
        ] {
            assert_eq!(with("fileName", name).unwrap().file_name, read);
        }
        for (name, issue) in [("5", "must be a string"), ("null", "is required")] {
            let refused = ApiError::invalid_field("fileName", issue);
            assert_eq!(with("fileName", name), Err(refused));
        }
    }

    #[test]
    fn a_type_is_one_of_the_list() {
        for (kind, read) in [
            ("Image/PNG", "image/png"),
            ("audio/webm;codecs=opus", "audio/webm"),
            (" text/plain ; charset=utf-8", "text/plain"),
            ("image/jpg", "image/jpeg"),
            // Told by `a.jpg`.
            ("", "image/jpeg"),
            ("application/octet-stream", "image/jpeg"),
        ] {
            let read_back = with("contentType", &format!("\"{kind}\"")).unwrap();
            assert_eq!(read_back.content_type, read);
        }
        assert_eq!(
            with("contentType", "null").unwrap().content_type,
            "image/jpeg"
        );
        for refused in [
            "text/html",
            "image/svg+xml",
            "image",
            "image/*",
            "image/png,image/jpeg",
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
            ("UPLOAD_CONTENT_TYPES", "Image/JPG, text/html"),
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
