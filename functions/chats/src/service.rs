//! The operations of the chats function. Each calls one database function, which decides who may do what
//! and makes the final JSON.

use serde::Serialize;
use shared::error::ApiError;
use shared::http::reply::Reply;
use shared::supabase::client::Repeat;
use shared::supabase::expected_answer::ExpectedAnswer;
use shared::supabase::postgrest::{Argument, Postgrest};
use uuid::Uuid;

use crate::schemas::{ListChats, MarkRead, OpenChat};

/// Gives a page of the caller's chats; those with the newest activity come first.
pub async fn list(database: &Postgrest<'_>, page: ListChats) -> Result<Reply, ApiError> {
    let mut arguments = vec![("page_limit", Argument::Number(page.limit.into()))];
    if let Some(cursor) = page.cursor {
        arguments.push(("before_activity", Argument::Time(cursor.activity)));
        arguments.push(("before_id", Argument::Id(cursor.chat)));
    }
    let page = ExpectedAnswer::Object(&["data"]);
    database.get("list_chats", &arguments, page).await
}

/// Opens the direct chat with another user, or finds the existing one.
pub async fn open(database: &Postgrest<'_>, chat: OpenChat) -> Result<Reply, ApiError> {
    #[derive(Serialize)]
    struct Arguments {
        other_user: Uuid,
    }
    let arguments = Arguments {
        other_user: chat.other_user,
    };
    let opened = ExpectedAnswer::Object(&["id"]);
    database
        .post("open_direct_chat", &arguments, opened, Repeat::Never)
        .await
}

pub async fn get(database: &Postgrest<'_>, chat: Uuid) -> Result<Reply, ApiError> {
    let arguments = [("chat_id", Argument::Id(chat))];
    let found = ExpectedAnswer::Object(&["id"]);
    database.get("get_chat", &arguments, found).await
}

pub async fn leave(database: &Postgrest<'_>, chat: Uuid) -> Result<Reply, ApiError> {
    let arguments = OfChat { chat_id: chat };
    database
        .post(
            "leave_chat",
            &arguments,
            ExpectedAnswer::Nothing,
            Repeat::Never,
        )
        .await
}

/// Tells the other participants that the caller is typing. The database sends this at most once in three
/// seconds, so a repeated request does no harm.
pub async fn typing(database: &Postgrest<'_>, chat: Uuid) -> Result<Reply, ApiError> {
    let arguments = OfChat { chat_id: chat };
    database
        .post(
            "send_typing",
            &arguments,
            ExpectedAnswer::Nothing,
            Repeat::Once,
        )
        .await
}

/// The arguments of a database function that needs only the chat.
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
    let counted = ExpectedAnswer::Object(&["unreadCount"]);
    database
        .post("mark_read", &arguments, counted, Repeat::Never)
        .await
}
