//! What the messages function takes from queries, headers and bodies. Its answers are made by the
//! database.

use shared::error::ApiError;
use shared::http::query;
use shared::input::body::JsonObject;
use shared::input::cursor::Epoch;
use shared::input::cursor::MessagesCursor;
use shared::input::ids;
use shared::input::object_path::ObjectPath;
use uuid::Uuid;

use crate::attachments::Uploads;
use crate::constants::{IDEMPOTENCY_KEY, MAX_REV};

/// The query of `GET /chats/:id/messages`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListMessages {
    /// The page size.
    pub limit: u8,
    /// Where the page before ended.
    pub cursor: Option<MessagesCursor>,
}

impl ListMessages {
    /// Reads `?limit=&cursor=` for a chat.
    ///
    /// # Errors
    /// `invalid_request` for the limit, `invalid_cursor`.
    pub fn parse(query: &str, chat: Uuid) -> Result<Self, ApiError> {
        let limit = query::limit(query)?;
        let cursor = query::parameter(query, "cursor")?
            .map(|cursor| MessagesCursor::decode(cursor, chat))
            .transpose()?;
        Ok(ListMessages { limit, cursor })
    }
}

/// The query of `GET /chats/:id/changes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListChanges {
    /// The rev up to which the client knows the chat; 0 for one that knows nothing.
    pub since: u64,
    /// The epoch of that rev, from a client that knows one.
    pub epoch: Option<Epoch>,
    /// The page size.
    pub limit: u8,
}

impl ListChanges {
    /// Reads `?since=&epoch=&limit=`.
    ///
    /// # Errors
    /// `invalid_request`; `since` has no default, as forgetting it would read the whole chat.
    pub fn parse(query: &str) -> Result<Self, ApiError> {
        let limit = query::limit(query)?;
        let since = query::parameter(query, "since")?
            .ok_or_else(|| ApiError::invalid_field("since", "is required"))?;
        let since = query::whole_number(since, MAX_REV)
            .ok_or_else(|| ApiError::invalid_field("since", "must be a whole number, 0 or more"))?;
        let epoch = query::parameter(query, "epoch")?
            .map(|epoch| {
                Epoch::parse(epoch).ok_or_else(|| {
                    ApiError::invalid_field("epoch", "must be the epoch of an answer")
                })
            })
            .transpose()?;
        Ok(ListChanges {
            since,
            epoch,
            limit,
        })
    }
}

/// The body of `POST /chats/:id/messages`: `{text?, attachmentUrl?, clientId?}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendMessage {
    /// Trimmed, 1 to 4,000 scalar values.
    pub text: Option<String>,
    /// The sender's upload for this chat.
    pub attachment: Option<ObjectPath>,
    /// Makes the send safe to repeat.
    pub client_id: Option<Uuid>,
}

impl SendMessage {
    /// Reads the body, and the `Idempotency-Key` header that may stand for its `clientId`. `uploads`
    /// says which URLs are attachments' here.
    ///
    /// # Errors
    /// `invalid_request` with everything that is wrong.
    pub fn parse(
        mut body: JsonObject,
        idempotency_key: Option<&str>,
        uploads: &Uploads<'_>,
    ) -> Result<Self, ApiError> {
        // Either is enough, and one that is wrong does not make the other missing.
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
        body.finish(Some(SendMessage {
            text,
            attachment,
            client_id: client_id.or(key),
        }))
    }
}

/// The body of `PATCH /chats/:id/messages/:msgId`: `{text}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditMessage {
    /// Trimmed, 1 to 4,000 scalar values.
    pub text: String,
}

impl EditMessage {
    /// Reads the body.
    ///
    /// # Errors
    /// `invalid_request`.
    pub fn parse(mut body: JsonObject) -> Result<Self, ApiError> {
        let text = body.text("text");
        body.finish(text.map(|text| EditMessage { text }))
    }
}

#[cfg(test)]
mod tests {
    use shared::error::{ErrorCode, FieldIssue};

    use super::*;

    const CHAT: &str = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";
    const KEY: &str = "22222222-2222-4222-8222-222222222222";
    const OTHER_KEY: &str = "33333333-3333-4333-8333-333333333333";

    fn id(text: &str) -> Uuid {
        ids::parse(text).unwrap()
    }

    mod list {
        use super::*;

        #[test]
        fn limit_and_cursor_are_optional() {
            assert_eq!(
                ListMessages::parse("", id(CHAT)),
                Ok(ListMessages {
                    limit: 50,
                    cursor: None
                })
            );
            // messages/0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d/2026-04-01T12:30:00.000120Z
            let text = "bWVzc2FnZXMvMGE1YjdjOWQtMWUyZi00YTNiLThjNGQtNWU2ZjdhOGI5YzBkLzIwMjYtMDQtMDFUMTI6MzA6MDAuMDAwMTIwWg";
            let query = format!("cursor={text}&limit=1");
            let page = ListMessages::parse(&query, id(CHAT)).unwrap();
            assert_eq!(page.limit, 1);
            assert_eq!(
                page.cursor.unwrap().before.to_string(),
                "2026-04-01T12:30:00.000120Z"
            );
            assert_eq!(
                ListMessages::parse(&query, id(KEY)),
                Err(ErrorCode::InvalidCursor.into())
            );
        }

        #[test]
        fn each_has_its_own_error() {
            let code = |query| ListMessages::parse(query, id(CHAT)).unwrap_err().code;
            assert_eq!(code("limit=101"), ErrorCode::InvalidRequest);
            assert_eq!(code("cursor="), ErrorCode::InvalidCursor);
        }
    }

    mod changes {
        use super::*;

        #[test]
        fn since_is_a_whole_number() {
            assert_eq!(
                ListChanges::parse("since=0"),
                Ok(ListChanges {
                    since: 0,
                    epoch: None,
                    limit: 50
                })
            );
            assert_eq!(
                ListChanges::parse("limit=7&since=9223372036854775807"),
                Ok(ListChanges {
                    since: MAX_REV,
                    epoch: None,
                    limit: 7
                })
            );
            assert_eq!(
                ListChanges::parse("limit=7"),
                Err(ApiError::invalid_field("since", "is required"))
            );
            for refused in ["", "-1", "+1", "1.0", "9223372036854775808", "%31", "one"] {
                assert_eq!(
                    ListChanges::parse(&format!("since={refused}")),
                    Err(ApiError::invalid_field(
                        "since",
                        "must be a whole number, 0 or more"
                    )),
                    "{refused}"
                );
            }
        }
    }

    mod epoch {
        use super::*;

        #[test]
        fn an_epoch_is_optional_and_passed_on_as_it_is() {
            let epoch = |query: &str| ListChanges::parse(query).unwrap().epoch;
            assert_eq!(epoch("since=7"), None);
            for text in ["7412345678901234567-1", "x", "A.b_c", &"x".repeat(64)] {
                let read = epoch(&format!("since=7&epoch={text}"));
                assert_eq!(read, Epoch::parse(text), "{text}");
            }
        }

        #[test]
        fn what_is_no_epoch_is_told() {
            for text in ["", "a%20b", "a+b", "a/b", "é", "%00", &"x".repeat(65)] {
                assert_eq!(
                    ListChanges::parse(&format!("since=7&epoch={text}")),
                    Err(ApiError::invalid_field(
                        "epoch",
                        "must be the epoch of an answer"
                    )),
                    "{text}"
                );
            }
            assert_eq!(
                ListChanges::parse("since=7&epoch=a&epoch=a"),
                Err(ApiError::invalid_field("epoch", "must be given only once"))
            );
        }
    }

    mod send {
        use super::*;

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
                        client_id: None
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
                        client_id: None
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
        fn what_is_wrong_with_either_is_told_once() {
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
                    "must be at most 4000 characters long",
                ),
            ] {
                assert_eq!(
                    send(&json, None),
                    Err(ApiError::invalid_field("text", issue))
                );
            }
        }
    }

    #[test]
    fn an_edit_needs_a_text() {
        let edit = |json: &str| EditMessage::parse(JsonObject::parse(json.as_bytes()).unwrap());
        assert_eq!(
            edit(r#"{"text":"b "}"#),
            Ok(EditMessage {
                text: "b".to_owned()
            })
        );
        assert_eq!(
            edit("{}"),
            Err(ApiError::invalid_field("text", "is required"))
        );
        assert_eq!(
            edit(r#"{"text":""}"#),
            Err(ApiError::invalid_field("text", "must not be blank"))
        );
    }
}
