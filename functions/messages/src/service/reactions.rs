//! Reactions to messages.

use serde::Serialize;
use shared::auth::session::Session;
use shared::error::ApiError;
use shared::http::reply::Reply;
use shared::supabase::client::Repeat;
use shared::supabase::expected_answer::ExpectedAnswer;
use shared::supabase::postgrest::{Argument, Postgrest};
use uuid::Uuid;

use crate::attachments;
use crate::schemas::reactions::ListReactions;

/// The database functions of [`change`].
pub const ADD: &str = "add_reaction";
pub const REMOVE: &str = "remove_reaction";

/// Adds or removes a reaction of the caller, and gives the message.
pub async fn change(
    session: &Session<'_>,
    change: &'static str,
    chat: Uuid,
    message: Uuid,
    emoji: String,
) -> Result<Reply, ApiError> {
    #[derive(Serialize)]
    struct Arguments {
        chat_id: Uuid,
        message_id: Uuid,
        emoji: String,
    }
    let arguments = Arguments {
        chat_id: chat,
        message_id: message,
        emoji,
    };
    // The same change again changes nothing, so the request may be repeated.
    let changed = session.postgrest.post(
        change,
        &arguments,
        ExpectedAnswer::Object(&["id"]),
        Repeat::Once,
    );
    Ok(attachments::sign(&session.storage, changed.await?).await)
}

/// Gives a page of the reactions to a message; the oldest come first.
pub async fn list(
    database: &Postgrest<'_>,
    chat: Uuid,
    message: Uuid,
    page: ListReactions,
) -> Result<Reply, ApiError> {
    let mut arguments = vec![
        ("chat_id", Argument::Id(chat)),
        ("message_id", Argument::Id(message)),
        ("page_limit", Argument::Number(page.limit.into())),
    ];
    if let Some(emoji) = &page.emoji {
        arguments.push(("emoji", Argument::Text(emoji)));
    }
    if let Some(cursor) = page.cursor {
        arguments.push(("after", Argument::Number(cursor.after)));
    }
    let page = ExpectedAnswer::Object(&["data"]);
    database.get("list_reactions", &arguments, page).await
}
