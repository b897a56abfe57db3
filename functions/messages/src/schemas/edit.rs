use shared::error::ApiError;
use shared::input::body::JsonObject;

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
    use super::*;

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
