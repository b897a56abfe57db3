//! What the chats function does: each operation is one call of a database function, which decides
//! who may do what and makes the final JSON.

use serde::Serialize;
use shared::error::ApiError;
use shared::postgrest::{Argument, Postgrest, Repeat};
use shared::reply::Reply;
use shared::shape::Shape;
use uuid::Uuid;

use crate::schemas::{ListChats, MarkRead, OpenChat};

/// A page of the caller's chats, newest activity first.
pub async fn list(database: &Postgrest<'_>, page: ListChats) -> Result<Reply, ApiError> {
    let mut arguments = vec![("page_limit", Argument::Number(page.limit.into()))];
    if let Some(cursor) = page.cursor {
        arguments.push(("before_activity", Argument::Time(cursor.activity)));
        arguments.push(("before_id", Argument::Id(cursor.chat)));
    }
    let page = Shape::Object(&["data"]);
    database.get("list_chats", &arguments, page).await
}

/// Opens the direct chat with another user, or finds the one that is there.
pub async fn open(database: &Postgrest<'_>, chat: OpenChat) -> Result<Reply, ApiError> {
    #[derive(Serialize)]
    struct Arguments {
        other_user: Uuid,
    }
    let arguments = Arguments {
        other_user: chat.other_user,
    };
    let opened = Shape::Object(&["id"]);
    database
        .post("open_direct_chat", &arguments, opened, Repeat::Never)
        .await
}

/// One chat of the caller's.
pub async fn get(database: &Postgrest<'_>, chat: Uuid) -> Result<Reply, ApiError> {
    let arguments = [("chat_id", Argument::Id(chat))];
    let found = Shape::Object(&["id"]);
    database.get("get_chat", &arguments, found).await
}

/// Leaves a chat.
pub async fn leave(database: &Postgrest<'_>, chat: Uuid) -> Result<Reply, ApiError> {
    let arguments = OfChat { chat_id: chat };
    database
        .post("leave_chat", &arguments, Shape::Nothing, Repeat::Never)
        .await
}

/// Tells the others that the caller is typing; the database does so once in three seconds at most,
/// which is why a second try does no harm.
pub async fn typing(database: &Postgrest<'_>, chat: Uuid) -> Result<Reply, ApiError> {
    let arguments = OfChat { chat_id: chat };
    database
        .post("send_typing", &arguments, Shape::Nothing, Repeat::Once)
        .await
}

/// The argument of a function that needs to know the chat alone.
#[derive(Serialize)]
struct OfChat {
    chat_id: Uuid,
}

/// Moves the caller's read mark forward to a message.
pub async fn mark_read(
    database: &Postgrest<'_>,
    chat: Uuid,
    mark: MarkRead,
) -> Result<Reply, ApiError> {
    #[derive(Serialize)]
    struct Arguments {
        chat_id: Uuid,
        message_id: Uuid,
    }
    let arguments = Arguments {
        chat_id: chat,
        message_id: mark.message,
    };
    let counted = Shape::Object(&["unreadCount"]);
    database
        .post("mark_read", &arguments, counted, Repeat::Never)
        .await
}
