//! The operations of the chats function. Each calls one database function, which decides who may do what
//! and makes the final JSON.

use serde::Serialize;
use shared::error::ApiError;
use shared::http::reply::Reply;
use shared::input::cursor::{DeltaPage, ListPosition};
use shared::supabase::client::Repeat;
use shared::supabase::expected_answer::ExpectedAnswer;
use shared::supabase::postgrest::{Argument, Postgrest};
use uuid::Uuid;

use crate::schemas::list::{ListChats, Part};
use crate::schemas::open::OpenChat;
use crate::schemas::read::MarkRead;
use crate::schemas::settings::ChangeSettings;

/// Gives a page of the caller's chats, those with the newest activity first; or what has changed in all of them.
pub async fn list(database: &Postgrest<'_>, asked: ListChats) -> Result<Reply, ApiError> {
    let mut arguments = vec![("page_limit", Argument::Number(asked.limit.into()))];
    match &asked.part {
        Part::Page { archived, cursor } => {
            arguments.push(("archived", Argument::Flag(*archived)));
            if let Some(cursor) = cursor {
                arguments.push(("before_activity", Argument::Time(cursor.activity)));
                arguments.push(("before_id", Argument::Id(cursor.chat)));
            }
            let page = ExpectedAnswer::Object(&["data"]);
            database.get("list_chats", &arguments, page).await
        }
        Part::Since(ListPosition { epoch, from, page }) => {
            arguments.push(("epoch", Argument::Epoch(epoch)));
            arguments.push(("since", Argument::Number(*from)));
            if let Some(DeltaPage { next, after }) = page {
                arguments.push(("next_since", Argument::Number(*next)));
                arguments.push(("after_id", Argument::Id(*after)));
            }
            let delta = ExpectedAnswer::Object(&["data", "gone", "since"]);
            database.get("list_changed_chats", &arguments, delta).await
        }
    }
}

/// Changes the caller's own settings for a chat.
pub async fn change_settings(
    database: &Postgrest<'_>,
    chat: Uuid,
    settings: ChangeSettings,
) -> Result<Reply, ApiError> {
    /// An argument that is absent keeps its setting.
    #[derive(Serialize)]
    struct Arguments {
        chat_id: Uuid,
        #[serde(skip_serializing_if = "Option::is_none")]
        muted_until: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        notify: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        archived: Option<bool>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pinned: Option<bool>,
        #[serde(skip_serializing_if = "Option::is_none")]
        marked_unread: Option<bool>,
    }
    let arguments = Arguments {
        chat_id: chat,
        muted_until: settings
            .muted_until
            .map(|until| until.map(|time| time.to_string())),
        notify: settings.notify,
        archived: settings.archived,
        pinned: settings.pinned,
        marked_unread: settings.marked_unread,
    };
    let changed = ExpectedAnswer::Object(&["id"]);
    database
        .post("change_chat_settings", &arguments, changed, Repeat::Never)
        .await
}

/// Tells how far the participants of a chat have read.
pub async fn reads(database: &Postgrest<'_>, chat: Uuid) -> Result<Reply, ApiError> {
    let arguments = [("chat_id", Argument::Id(chat))];
    let marks = ExpectedAnswer::Object(&["data"]);
    database.get("list_reads", &arguments, marks).await
}

/// Counts what is unread in all of the caller's chats.
pub async fn unread(database: &Postgrest<'_>) -> Result<Reply, ApiError> {
    let counts = ExpectedAnswer::Object(&["chats", "messages", "mentions"]);
    database.get("count_unread", &[], counts).await
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
