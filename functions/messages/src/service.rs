//! The operations of the messages function. Each calls one database function, which decides who may do
//! what and makes the final JSON. Only the signed URLs of attachments are added here, because the
//! database cannot sign them.

pub mod reactions;

use serde::Serialize;
use shared::auth::session::Session;
use shared::error::ApiError;
use shared::http::reply::Reply;
use shared::input::cursor::Position;
use shared::supabase::client::Repeat;
use shared::supabase::expected_answer::ExpectedAnswer;
use shared::supabase::postgrest::{Argument, Postgrest};
use uuid::Uuid;

use crate::attachments;
use crate::schemas::changes::ListChanges;
use crate::schemas::edit::EditMessage;
use crate::schemas::list::{ListMessages, Window};
use crate::schemas::mentions::ListMentions;
use crate::schemas::search::SearchMessages;
use crate::schemas::send::SendMessage;

/// Gives a page or a window of a chat's messages; the newest come first.
pub async fn list(
    session: &Session<'_>,
    chat: Uuid,
    page: ListMessages,
) -> Result<Reply, ApiError> {
    let mut arguments = vec![
        ("chat_id", Argument::Id(chat)),
        ("page_limit", Argument::Number(page.limit.into())),
    ];
    match page.window {
        Window::Newest => {}
        Window::Page(Position::Before(time)) => arguments.push(("before", Argument::Time(time))),
        Window::Page(Position::After(time)) => arguments.push(("after", Argument::Time(time))),
        Window::Around(message) => arguments.push(("around", Argument::Id(message))),
        Window::AroundUnread => arguments.push(("around_unread", Argument::True)),
    }
    let page = ExpectedAnswer::Object(&["data"]);
    let page = session.postgrest.get("list_messages", &arguments, page);
    Ok(attachments::sign(&session.storage, page.await?).await)
}

/// Gives one message.
pub async fn get(session: &Session<'_>, chat: Uuid, message: Uuid) -> Result<Reply, ApiError> {
    let arguments = [
        ("chat_id", Argument::Id(chat)),
        ("message_id", Argument::Id(message)),
    ];
    let message = ExpectedAnswer::Object(&["id"]);
    let message = session.postgrest.get("get_message", &arguments, message);
    Ok(attachments::sign(&session.storage, message.await?).await)
}

/// Gives a page of the messages that a search finds; the newest come first.
pub async fn search(session: &Session<'_>, search: SearchMessages) -> Result<Reply, ApiError> {
    #[derive(Serialize)]
    struct Arguments {
        q: String,
        page_limit: u8,
        #[serde(skip_serializing_if = "Option::is_none")]
        chat_id: Option<Uuid>,
        #[serde(skip_serializing_if = "Option::is_none")]
        sender_id: Option<Uuid>,
        #[serde(flatten)]
        after_page: Option<AfterPage>,
    }
    #[derive(Serialize)]
    struct AfterPage {
        before: String,
        before_id: Uuid,
        query_hash: String,
    }
    let arguments = Arguments {
        q: search.q,
        page_limit: search.limit,
        chat_id: search.chat,
        sender_id: search.sender,
        after_page: search.cursor.map(|cursor| AfterPage {
            before: cursor.before.to_string(),
            before_id: cursor.message,
            query_hash: cursor.query.to_string(),
        }),
    };
    // Called with POST, so that no log of Supabase has what somebody searches for. It only reads.
    let page = ExpectedAnswer::Object(&["data"]);
    let page = session
        .postgrest
        .post("search_messages", &arguments, page, Repeat::Once);
    Ok(attachments::sign(&session.storage, page.await?).await)
}

/// Gives the changes of a chat since a rev, in their order.
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
    // Without the epoch a client could not recognise a restored database.
    let feed = ExpectedAnswer::Object(&["data", "rev", "epoch"]);
    let feed = session.postgrest.get("list_changes", &arguments, feed);
    Ok(attachments::sign(&session.storage, feed.await?).await)
}

/// Gives a page of the messages that mention the caller; the newest come first.
pub async fn mentions(session: &Session<'_>, page: ListMentions) -> Result<Reply, ApiError> {
    let mut arguments = vec![("page_limit", Argument::Number(page.limit.into()))];
    if let Some(cursor) = page.cursor {
        arguments.push(("before", Argument::Time(cursor.created_at)));
        arguments.push(("before_id", Argument::Id(cursor.message)));
    }
    let page = ExpectedAnswer::Object(&["data"]);
    let page = session.postgrest.get("list_mentions", &arguments, page);
    Ok(attachments::sign(&session.storage, page.await?).await)
}

/// Sends a message, or finds the message that was sent with the same `clientId`.
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
        #[serde(skip_serializing_if = "Option::is_none")]
        reply_to_id: Option<Uuid>,
        #[serde(skip_serializing_if = "Option::is_none")]
        mentions: Option<Vec<Uuid>>,
    }
    let arguments = Arguments {
        chat_id: chat,
        text: message.text,
        client_id: message.client_id,
        attachment_path: message.attachment.map(|path| path.to_string()),
        reply_to_id: message.reply_to,
        mentions: message.mentions,
    };
    // With a clientId a repeated request finds the first message. Without one it would send a second
    // message.
    let repeat = match message.client_id {
        Some(_) => Repeat::Once,
        None => Repeat::Never,
    };
    let sent = ExpectedAnswer::Object(&["id"]);
    let sent = session
        .postgrest
        .post("send_message", &arguments, sent, repeat);
    Ok(attachments::sign(&session.storage, sent.await?).await)
}

/// Changes the text and the mentions of one of the caller's messages.
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
        #[serde(skip_serializing_if = "Option::is_none")]
        mentions: Option<Vec<Uuid>>,
    }
    let arguments = Arguments {
        chat_id: chat,
        message_id: message,
        text: edit.text,
        mentions: edit.mentions,
    };
    let edited = ExpectedAnswer::Object(&["id"]);
    let edited = session
        .postgrest
        .post("edit_message", &arguments, edited, Repeat::Never);
    Ok(attachments::sign(&session.storage, edited.await?).await)
}

/// Deletes a message. Only moderators still see its text.
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
        .post(
            "delete_message",
            &arguments,
            ExpectedAnswer::Nothing,
            Repeat::Never,
        )
        .await
}
