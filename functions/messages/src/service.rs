//! What the messages function does: each operation is one call of a database function, which
//! decides who may do what and makes the final JSON. Only the URLs of attachments, which a database
//! cannot sign, are put into it here.

use serde::Serialize;
use shared::error::ApiError;
use shared::postgrest::{Argument, Postgrest, Repeat};
use shared::reply::Reply;
use shared::session::Session;
use shared::shape::Shape;
use uuid::Uuid;

use crate::attachments;
use crate::schemas::{EditMessage, ListChanges, ListMessages, SendMessage};

/// A page of a chat's messages, newest first.
pub async fn list(
    session: &Session<'_>,
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
    let page = Shape::Object(&["data"]);
    let page = session.postgrest.get("list_messages", &arguments, page);
    Ok(attachments::sign(&session.storage, page.await?).await)
}

/// What has changed in a chat since a rev, in order.
pub async fn changes(
    session: &Session<'_>,
    chat: Uuid,
    page: ListChanges,
) -> Result<Reply, ApiError> {
    let mut arguments = vec![
        ("chat_id", Argument::Id(chat)),
        ("since", Argument::Number(page.since)),
        ("page_limit", Argument::Number(page.limit.into())),
    ];
    if let Some(epoch) = &page.epoch {
        arguments.push(("epoch", Argument::Epoch(epoch)));
    }
    // A client that is told no epoch could not tell a restored database from the one that it knows.
    let feed = Shape::Object(&["data", "rev", "epoch"]);
    let feed = session.postgrest.get("list_changes", &arguments, feed);
    Ok(attachments::sign(&session.storage, feed.await?).await)
}

/// Sends a message, or finds the one sent before with the same `clientId`.
pub async fn send(
    session: &Session<'_>,
    chat: Uuid,
    message: SendMessage,
) -> Result<Reply, ApiError> {
    #[derive(Serialize)]
    struct Arguments {
        chat_id: Uuid,
        text: Option<String>,
        client_id: Option<Uuid>,
        #[serde(skip_serializing_if = "Option::is_none")]
        attachment_path: Option<String>,
    }
    let arguments = Arguments {
        chat_id: chat,
        text: message.text,
        client_id: message.client_id,
        attachment_path: message.attachment.map(|path| path.to_string()),
    };
    // With a clientId the second one finds the first; without, it would be a second message.
    let repeat = match message.client_id {
        Some(_) => Repeat::Once,
        None => Repeat::Never,
    };
    let sent = Shape::Object(&["id"]);
    let sent = session
        .postgrest
        .post("send_message", &arguments, sent, repeat);
    Ok(attachments::sign(&session.storage, sent.await?).await)
}

/// Changes the text of the caller's own message.
pub async fn edit(
    session: &Session<'_>,
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
    let edited = Shape::Object(&["id"]);
    let edited = session
        .postgrest
        .post("edit_message", &arguments, edited, Repeat::Never);
    Ok(attachments::sign(&session.storage, edited.await?).await)
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
