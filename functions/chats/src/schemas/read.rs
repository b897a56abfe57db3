use shared::error::ApiError;
use shared::input::body::JsonObject;
use uuid::Uuid;

/// The body of `POST /chats/:id/read`: `{messageId}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkRead {
    /// The last message that the caller has read.
    pub message: Uuid,
}

impl MarkRead {
    /// Reads the body.
    ///
    /// # Errors
    /// `invalid_request`.
    pub fn parse(mut body: JsonObject) -> Result<Self, ApiError> {
        let message = body.id("messageId");
        body.finish(message.map(|message| MarkRead { message }))
    }
}

#[cfg(test)]
mod tests {
    use shared::input::ids;

    use super::*;

    const MESSAGE: &str = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";

    #[test]
    fn a_read_mark_names_a_message() {
        let parse = |json: &str| MarkRead::parse(JsonObject::parse(json.as_bytes()).unwrap());
        assert_eq!(
            parse(&format!(r#"{{"messageId":"{MESSAGE}"}}"#)),
            Ok(MarkRead {
                message: ids::parse(MESSAGE).unwrap()
            })
        );
        assert_eq!(
            parse("{}"),
            Err(ApiError::invalid_field("messageId", "is required"))
        );
        assert_eq!(
            parse(r#"{"messageId":"7"}"#),
            Err(ApiError::invalid_field("messageId", "must be a UUID"))
        );
    }
}
