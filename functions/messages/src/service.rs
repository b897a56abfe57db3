//! What the messages function does: each operation is one call of a database function, which
//! decides who may do what and makes the final JSON.

use serde::Serialize;
use shared::error::ApiError;
use shared::postgrest::{Argument, Postgrest, Repeat};
use shared::reply::Reply;
use shared::shape::Shape;
use uuid::Uuid;

use crate::schemas::{EditMessage, ListChanges, ListMessages, SendMessage};

/// A page of a chat's messages, newest first.
pub async fn list(
    database: &Postgrest<'_>,
    chat: Uuid,
    page: ListMessages,
) -> Result<Reply, ApiError> {
    let mut arguments = vec![
        ("chat_id", Argument::Id(chat)),
        ("page_limit", Argument::Number(page.limit.into())),
    ];
    if let Some(cursor) = page.cursor {
        arguments.push(("before", Argument::Time(cursor.before)));
    }
    let page = Shape::Object("data");
    database.get("list_messages", &arguments, page).await
}

/// What has changed in a chat since a rev, in order.
pub async fn changes(
    database: &Postgrest<'_>,
    chat: Uuid,
    page: ListChanges,
) -> Result<Reply, ApiError> {
    let arguments = [
        ("chat_id", Argument::Id(chat)),
        ("since", Argument::Number(page.since)),
        ("page_limit", Argument::Number(page.limit.into())),
    ];
    let feed = Shape::Object("data");
    database.get("list_changes", &arguments, feed).await
}

/// Sends a message, or finds the one sent before with the same `clientId`.
pub async fn send(
    database: &Postgrest<'_>,
    chat: Uuid,
    message: SendMessage,
) -> Result<Reply, ApiError> {
    #[derive(Serialize)]
    struct Arguments {
        chat_id: Uuid,
        text: String,
        client_id: Option<Uuid>,
    }
    let arguments = Arguments {
        chat_id: chat,
        text: message.text,
        client_id: message.client_id,
    };
    // With a clientId the second one finds the first; without, it would be a second message.
    let repeat = match message.client_id {
        Some(_) => Repeat::Once,
        None => Repeat::Never,
    };
    let sent = Shape::Object("id");
    database
        .post("send_message", &arguments, sent, repeat)
        .await
}

/// Changes the text of the caller's own message.
pub async fn edit(
    database: &Postgrest<'_>,
    chat: Uuid,
    message: Uuid,
    edit: EditMessage,
) -> Result<Reply, ApiError> {
    #[derive(Serialize)]
    struct Arguments {
        chat_id: Uuid,
        message_id: Uuid,
        text: String,
    }
    let arguments = Arguments {
        chat_id: chat,
        message_id: message,
        text: edit.text,
    };
    let edited = Shape::Object("id");
    database
        .post("edit_message", &arguments, edited, Repeat::Never)
        .await
}

/// Deletes a message for everybody but moderators.
pub async fn delete(
    database: &Postgrest<'_>,
    chat: Uuid,
    message: Uuid,
) -> Result<Reply, ApiError> {
    #[derive(Serialize)]
    struct Arguments {
        chat_id: Uuid,
        message_id: Uuid,
    }
    let arguments = Arguments {
        chat_id: chat,
        message_id: message,
    };
    database
        .post("delete_message", &arguments, Shape::Nothing, Repeat::Never)
        .await
}
