use shared::error::ApiError;
use shared::input::body::JsonObject;
use shared::input::ids;
use shared::input::object_path::ObjectPath;
use uuid::Uuid;

use crate::attachments::Uploads;
use crate::constants::IDEMPOTENCY_KEY;
use crate::schemas::mentions;

/// The body of `POST /chats/:id/messages`: `{text?, attachmentUrl?, clientId?, replyToId?, mentions?}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendMessage {
    /// Trimmed, 1 to 4,000 scalar values.
    pub text: Option<String>,
    /// An upload of the sender for this chat.
    pub attachment: Option<ObjectPath>,
    /// Makes the send safe to repeat.
    pub client_id: Option<Uuid>,
    /// The message that this one answers.
    pub reply_to: Option<Uuid>,
    /// The people whom the message mentions.
    pub mentions: Option<Vec<Uuid>>,
}

impl SendMessage {
    /// Reads the body, and the `Idempotency-Key` header, which can be sent in place of `clientId`. `uploads`
    /// tells which uploads may be attached.
    ///
    /// # Errors
    /// `invalid_request` with all issues.
    pub fn parse(
        mut body: JsonObject,
        idempotency_key: Option<&str>,
        uploads: &Uploads<'_>,
    ) -> Result<Self, ApiError> {
        // One of the two is enough. If one is faulty, the other is not reported as missing.
        let (text, attachment) = match body.take("attachmentUrl") {
            None => (body.text("text"), None),
            Some(url) => {
                let path = match url.as_str() {
                    Some(url) => uploads.read_url(url),
                    None => Err("must be a string"),
                };
                let attachment = body.keep("attachmentUrl", path);
                (body.optional_text("text"), attachment)
            }
        };
        let client_id = body.optional_id("clientId");
        let key = idempotency_key.and_then(|key| {
            body.keep(
                IDEMPOTENCY_KEY,
                ids::parse(key.trim()).ok_or("must be a UUID"),
            )
        });
        if let (Some(client_id), Some(key)) = (client_id, key)
            && client_id != key
        {
            body.report("clientId", "must equal the Idempotency-Key header");
        }
        let reply_to = body.optional_id("replyToId");
        let mentions = mentions::take(&mut body);
        body.finish(Some(SendMessage {
            text,
            attachment,
            client_id: client_id.or(key),
            reply_to,
            mentions,
        }))
    }
}

#[cfg(test)]
mod tests {
    use shared::error::FieldIssue;

    use super::*;

    const KEY: &str = "22222222-2222-4222-8222-222222222222";
    const OTHER_KEY: &str = "33333333-3333-4333-8333-333333333333";

    fn id(text: &str) -> Uuid {
        ids::parse(text).unwrap()
    }

    const UPLOADS: Uploads<'_> = Uploads {
        supabase_url: "https://ref.supabase.co",
        chat: Uuid::from_u128(1),
        user: Uuid::from_u128(2),
    };

    fn send(json: &str, key: Option<&str>) -> Result<SendMessage, ApiError> {
        SendMessage::parse(JsonObject::parse(json.as_bytes()).unwrap(), key, &UPLOADS)
    }

    fn path() -> String {
        let Uploads { chat, user, .. } = UPLOADS;
        format!("{chat}/{user}/{KEY}/photo.jpg")
    }

    fn url() -> String {
        let prefix = "https://ref.supabase.co/storage/v1/object/authenticated/chat-attachments";
        format!("{prefix}/{}", path())
    }

    #[test]
    fn a_text_is_enough() {
        for json in [
            r#"{"text":" Hello! "}"#,
            r#"{"text":"Hello!","attachmentUrl":null,"clientId":null,"sender_id":"me"}"#,
        ] {
            assert_eq!(
                send(json, None),
                Ok(SendMessage {
                    text: Some("Hello!".to_owned()),
                    attachment: None,
                    client_id: None,
                    reply_to: None,
                    mentions: None
                }),
                "{json}"
            );
        }
    }

    #[test]
    fn an_attachment_is_enough_too() {
        for (text, expected) in [("null", None), (r#"" Look! ""#, Some("Look!".to_owned()))] {
            let json = format!(r#"{{"text":{text},"attachmentUrl":"{}"}}"#, url());
            assert_eq!(
                send(&json, None),
                Ok(SendMessage {
                    text: expected,
                    attachment: ObjectPath::parse(&path()),
                    client_id: None,
                    reply_to: None,
                    mentions: None
                }),
                "{json}"
            );
        }
    }

    #[test]
    fn the_key_comes_from_the_body_the_header_or_both() {
        let with_key = Ok(SendMessage {
            text: Some("a".to_owned()),
            attachment: None,
            client_id: Some(id(KEY)),
            reply_to: None,
            mentions: None,
        });
        let body = format!(r#"{{"text":"a","clientId":"{KEY}"}}"#);
        assert_eq!(send(&body, None), with_key);
        assert_eq!(send(r#"{"text":"a"}"#, Some(KEY)), with_key);
        assert_eq!(send(&body, Some(KEY)), with_key);
    }

    #[test]
    fn two_different_keys_are_refused() {
        assert_eq!(
            send(
                &format!(r#"{{"text":"a","clientId":"{KEY}"}}"#),
                Some(OTHER_KEY)
            ),
            Err(ApiError::invalid_field(
                "clientId",
                "must equal the Idempotency-Key header"
            ))
        );
    }

    #[test]
    fn a_reply_and_mentions_are_optional() {
        let json = format!(r#"{{"text":"a","replyToId":"{KEY}","mentions":["{OTHER_KEY}"]}}"#);
        assert_eq!(
            send(&json, None),
            Ok(SendMessage {
                text: Some("a".to_owned()),
                attachment: None,
                client_id: None,
                reply_to: Some(id(KEY)),
                mentions: Some(vec![id(OTHER_KEY)])
            })
        );
        assert_eq!(
            send(r#"{"text":"a","replyToId":7,"mentions":["x"]}"#, None),
            Err(ApiError::invalid_fields(vec![
                FieldIssue {
                    path: "replyToId",
                    issue: "must be a UUID"
                },
                FieldIssue {
                    path: "mentions",
                    issue: "must be a list of UUIDs"
                },
            ]))
        );
    }

    #[test]
    fn a_key_is_a_uuid() {
        assert_eq!(
            send(r#"{"text":"a","clientId":7}"#, Some("x")),
            Err(ApiError::invalid_fields(vec![
                FieldIssue {
                    path: "clientId",
                    issue: "must be a UUID"
                },
                FieldIssue {
                    path: "Idempotency-Key",
                    issue: "must be a UUID"
                },
            ]))
        );
    }

    #[test]
    fn each_fault_of_text_and_attachment_is_named_once() {
        let elsewhere = "must be the attachmentUrl of an upload";
        for (json, fields) in [
            (
                r#"{"attachmentUrl":"https://evil.example/a.jpg"}"#.to_owned(),
                vec![("attachmentUrl", elsewhere)],
            ),
            (
                r#"{"attachmentUrl":5,"text":"a"}"#.to_owned(),
                vec![("attachmentUrl", "must be a string")],
            ),
            (
                r#"{"attachmentUrl":"","text":""}"#.to_owned(),
                vec![("attachmentUrl", elsewhere), ("text", "must not be blank")],
            ),
            (
                format!(r#"{{"attachmentUrl":"{}","text":" "}}"#, url()),
                vec![("text", "must not be blank")],
            ),
        ] {
            let issue = |(path, issue)| FieldIssue { path, issue };
            let fields = fields.into_iter().map(issue).collect();
            assert_eq!(
                send(&json, None),
                Err(ApiError::invalid_fields(fields)),
                "{json}"
            );
        }
    }

    #[test]
    fn a_text_is_required_and_checked() {
        for (json, issue) in [
            ("{}".to_owned(), "is required"),
            (r#"{"text":null}"#.to_owned(), "is required"),
            (r#"{"text":1}"#.to_owned(), "must be a string"),
            (r#"{"text":" \n "}"#.to_owned(), "must not be blank"),
            (r#"{"text":"a\u0000b"}"#.to_owned(), "must not contain NUL"),
            (
                format!(r#"{{"text":"{}"}}"#, "x".repeat(4_001)),
                "must have 1 to 4000 characters after trimming",
            ),
        ] {
            assert_eq!(
                send(&json, None),
                Err(ApiError::invalid_field("text", issue))
            );
        }
    }
}
