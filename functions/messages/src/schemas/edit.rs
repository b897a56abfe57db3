use shared::error::ApiError;
use shared::input::body::JsonObject;
use uuid::Uuid;

use crate::schemas::mentions;

/// The body of `PATCH /chats/:id/messages/:msgId`: `{text, mentions?}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditMessage {
    /// Trimmed, 1 to 4,000 scalar values.
    pub text: String,
    /// The people whom the message mentions from now on. Without a list the mentions stay.
    pub mentions: Option<Vec<Uuid>>,
}

impl EditMessage {
    /// Reads the body.
    ///
    /// # Errors
    /// `invalid_request`.
    pub fn parse(mut body: JsonObject) -> Result<Self, ApiError> {
        let text = body.text("text");
        let mentions = mentions::take(&mut body);
        body.finish(text.map(|text| EditMessage { text, mentions }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_needs_a_text() {
        let edit = |json: &str| EditMessage::parse(JsonObject::parse(json.as_bytes()).unwrap());
        assert_eq!(
            edit(r#"{"text":"b "}"#),
            Ok(EditMessage {
                text: "b".to_owned(),
                mentions: None
            })
        );
        assert_eq!(
            edit(r#"{"text":"b","mentions":[]}"#),
            Ok(EditMessage {
                text: "b".to_owned(),
                mentions: Some(vec![])
            })
        );
        assert_eq!(
            edit(r#"{"text":"b","mentions":7}"#),
            Err(ApiError::invalid_field(
                "mentions",
                "must be a list of UUIDs"
            ))
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
