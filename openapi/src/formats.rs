//! The texts and numbers of the contract that have a form of their own.

use messages::constants::{MAX_EMOJI_BYTES, MAX_REV};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::Value;
use shared::input::cursor::{Epoch as ReadEpoch, MAX_CURSOR_LENGTH};
use shared::input::object_path::MAX_NAME_BYTES;
use shared::supabase::storage::BUCKET;
use std::borrow::Cow;

/// Of an id as the API writes it; in a request the letters may be upper case.
pub const ID: &str = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";
/// Of an id as a client may write it.
const ANY_ID: &str = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$";
/// Characters that no URL has to escape.
const PLAIN: &str = "[A-Za-z0-9._-]";

/// Declares a text: a type whose values are examples, and its schema.
macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident = $schema:expr;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Serialize)]
            #[serde(transparent)]
            pub struct $name(pub &'static str);

            impl JsonSchema for $name {
                fn schema_name() -> Cow<'static, str> {
                    stringify!($name).into()
                }

                fn inline_schema() -> bool {
                    true
                }

                fn json_schema(_: &mut SchemaGenerator) -> Schema {
                    $schema
                }
            }
        )*
    };
}

texts! {
    Id = json_schema!({ "type": "string", "format": "uuid", "pattern": format!("^{ID}$") });
    /// An id in a request.
    AnyId = json_schema!({ "type": "string", "format": "uuid", "pattern": ANY_ID });
    Timestamp = json_schema!({
        "type": "string",
        "format": "date-time",
        "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$",
    });
    /// A time in a request: from the year 1000 on.
    AnyTimestamp = json_schema!({
        "type": "string",
        "format": "date-time",
        "pattern": r"^[1-9]\d{3}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$",
    });
    Cursor = json_schema!({
        "type": "string",
        "minLength": 1,
        "maxLength": MAX_CURSOR_LENGTH,
        "pattern": "^[A-Za-z0-9_-]+$",
    });
    Epoch = json_schema!({
        "type": "string",
        "pattern": format!("^{PLAIN}{{1,{}}}$", ReadEpoch::MAX_LENGTH),
    });
    /// The topic of a chat's channel.
    ChatTopic = json_schema!({ "type": "string", "pattern": format!("^chat:{ID}(:[0-9]+)?$") });
    /// The name of an object in the bucket.
    ObjectPath = json_schema!({ "type": "string", "pattern": format!("^{}$", object_path()) });
    /// A URL that anybody can read who has it.
    SignedUrl = json_schema!({
        "type": "string",
        "format": "uri",
        "pattern": url("sign", &format!(r"\?token={PLAIN}+")),
    });
    /// A URL to which a file can be uploaded.
    UploadUrl = json_schema!({
        "type": "string",
        "format": "uri",
        "pattern": url("upload/sign", &format!(r"\?token={PLAIN}+")),
    });
    /// The URL of an upload, as `POST /uploads` gives it.
    AttachmentUrl = json_schema!({
        "type": "string",
        "format": "uri",
        "pattern": url("authenticated", ""),
    });
    /// The URL of an upload, as a client may give it.
    AnyAttachmentUrl = json_schema!({
        "type": "string",
        "format": "uri",
        "pattern": url("(authenticated|sign)", &format!(r"(\?token={PLAIN}+)?")),
    });
    /// The emoji of a reaction.
    Emoji = json_schema!({
        "type": "string",
        "minLength": 1,
        "maxLength": MAX_EMOJI_BYTES,
        "pattern": r"^[^\s\u0000-\u001f\u007f-\u009f/]+$",
    });
    Version = json_schema!({ "type": "string", "pattern": r"^\d+\.\d+\.\d+$" });
}

fn object_path() -> String {
    format!("{ID}/{ID}/{ID}/{PLAIN}{{1,{MAX_NAME_BYTES}}}")
}

fn url(kind: &str, token: &str) -> String {
    let path = object_path();
    format!("^https?://[^/?#]+/storage/v1/object/{kind}/{BUCKET}/{path}{token}$")
}

/// A rev.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(transparent)]
pub struct Rev(pub u64);

impl JsonSchema for Rev {
    fn schema_name() -> Cow<'static, str> {
        "Rev".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "format": "int64", "minimum": 0, "maximum": MAX_REV })
    }
}

/// Makes schemas that stand in `components/schemas`.
pub fn generator(contract: fn(SchemaSettings) -> SchemaSettings) -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    contract(settings).into_generator()
}

/// The schema of one of the types above.
pub fn schema<T: JsonSchema>() -> Schema {
    generator(SchemaSettings::for_serialize).subschema_for::<T>()
}

/// Doc comments have line breaks where the source has them. A description has them between paragraphs only.
pub fn unwrap_lines(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match member {
                    Value::String(text) if name == "description" => {
                        let paragraphs = text.split("\n\n");
                        let paragraphs: Vec<String> =
                            paragraphs.map(|text| text.replace('\n', " ")).collect();
                        *text = paragraphs.join("\n\n");
                    }
                    _ => unwrap_lines(member),
                }
            }
        }
        Value::Array(all) => all.iter_mut().for_each(unwrap_lines),
        _ => {}
    }
}
