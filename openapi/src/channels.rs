//! The events of each channel, with examples.

use serde_json::{Value, json};

use crate::events::{
    ChatCreated, ChatGone, ChatJoined, ChatLeft, ChatListUpdated, ChatRead, ChatUpdated, Delete,
    Deleted, MessageChanged, MessageDeleted, ReactionChange, Read, SettingsKind, Typing, Upsert,
    Written,
};
use crate::examples;
use crate::formats::{ChatTopic, Id, Rev};
use crate::message_parts::Always;
use crate::shapes::Message;

const EVENT: Id = Id("c0ffee00-1d2e-4f30-8a4b-5c6d7e8f9012");

/// An event of a channel.
pub struct Event {
    /// As Realtime has it: `message.created`.
    pub name: &'static str,
    pub schema: &'static str,
    pub summary: &'static str,
    pub examples: Vec<Value>,
}

/// The events of a chat's channel.
pub fn of_chats() -> Vec<Event> {
    let (chat, alice, bob) = (Id(examples::CHAT), Id(examples::ALICE), Id(examples::BOB));
    let rev = Rev(1);
    let changed = |message: Message, reaction: Option<ReactionChange>| {
        json!(MessageChanged::Upsert {
            id: EVENT,
            chat_id: chat,
            rev: message.rev,
            kind: Upsert::Upsert,
            message: Box::new(message.into()),
            reaction,
        })
    };
    let liked = ReactionChange {
        user_id: bob,
        emoji: examples::reaction().emoji,
        added: true,
    };
    let notice = MessageChanged::Notice {
        id: EVENT,
        chat_id: chat,
        rev: Rev(3),
    };
    let deleted = MessageDeleted::Delete {
        id: EVENT,
        chat_id: chat,
        rev: Rev(4),
        kind: Delete::Delete,
        message_id: Id(examples::MESSAGE),
    };
    let read = ChatRead {
        id: EVENT,
        chat_id: chat,
        user_id: bob,
        message_id: Id(examples::MESSAGE),
        last_read_at: examples::SENT,
    };
    let joined = ChatJoined {
        id: EVENT,
        chat_id: chat,
        user_ids: vec![alice, bob],
    };
    let left = ChatLeft {
        id: EVENT,
        chat_id: chat,
        user_ids: vec![bob],
        topic: ChatTopic("chat:0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d:1"),
    };
    let updated = ChatUpdated {
        id: EVENT,
        chat_id: chat,
        rev,
    };
    let typing = Typing {
        id: EVENT,
        chat_id: chat,
        user_id: bob,
    };
    vec![
        event(
            "message.created",
            "MessageChanged",
            "A message was sent.",
            vec![changed(examples::message(), None)],
        ),
        event(
            "message.updated",
            "MessageChanged",
            "A message was edited, or somebody reacted to it.",
            vec![
                changed(examples::edited(), None),
                changed(examples::liked(), Some(liked)),
                json!(notice),
            ],
        ),
        event(
            "message.deleted",
            "MessageDeleted",
            "A message was deleted.",
            vec![json!(deleted)],
        ),
        event(
            "chat.read",
            "ChatRead",
            "A participant has read up to a message.",
            vec![json!(read)],
        ),
        event(
            "chat.joined",
            "ChatJoined",
            "People joined a group's chat.",
            vec![json!(joined)],
        ),
        event(
            "chat.left",
            "ChatLeft",
            "People left; the chat has another topic.",
            vec![json!(left)],
        ),
        event(
            "chat.updated",
            "ChatUpdated",
            "The chat has another name or event.",
            vec![json!(updated)],
        ),
        event(
            "typing",
            "Typing",
            "A participant is typing.",
            vec![json!(typing)],
        ),
    ]
}

/// The events of a person's own channel.
pub fn of_people() -> Vec<Event> {
    let chat = Id(examples::CHAT);
    let rev = Rev(1);
    let created = ChatCreated {
        id: EVENT,
        chat_id: chat,
        rev,
    };
    let message = ChatListUpdated::Message {
        id: EVENT,
        chat_id: chat,
        rev,
        kind: Written::Created,
        message: examples::last_message(),
        mentioned: None,
    };
    let mention = ChatListUpdated::Message {
        id: EVENT,
        chat_id: chat,
        rev,
        kind: Written::Created,
        message: examples::last_message(),
        mentioned: Some(Always),
    };
    let deleted = ChatListUpdated::Deleted {
        id: EVENT,
        chat_id: chat,
        rev: Rev(4),
        kind: Deleted::Deleted,
    };
    let read = ChatListUpdated::Read {
        id: EVENT,
        chat_id: chat,
        rev,
        kind: Read::Read,
        unread_count: 0,
        unread_mentions: 0,
        last_read_at: examples::SENT,
    };
    let settings = ChatListUpdated::Settings {
        id: EVENT,
        chat_id: chat,
        rev,
        kind: SettingsKind::Settings,
        settings: examples::settings(),
        unread_count: 0,
        unread_mentions: 0,
    };
    let news = ChatListUpdated::News {
        id: EVENT,
        chat_id: chat,
        rev,
    };
    let gone = ChatGone {
        id: EVENT,
        chat_id: chat,
    };
    vec![
        event(
            "chat.created",
            "ChatCreated",
            "The user has a new chat.",
            vec![json!(created)],
        ),
        event(
            "chat.updated",
            "ChatListUpdated",
            "Something in the chat list has changed.",
            vec![
                json!(message),
                json!(mention),
                json!(deleted),
                json!(read),
                json!(settings),
                json!(news),
            ],
        ),
        event(
            "chat.left",
            "ChatGone",
            "The user no longer takes part.",
            vec![json!(gone)],
        ),
    ]
}

fn event(
    name: &'static str,
    schema: &'static str,
    summary: &'static str,
    examples: Vec<Value>,
) -> Event {
    Event {
        name,
        schema,
        summary,
        examples,
    }
}
