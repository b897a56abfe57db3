//! What people do with messages beside sending them: reactions, replies, mentions.

use crate::{
    answer::Answer,
    person::{Person, message_path},
    shapes::{Message, Page},
};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// `/chats/:id/messages/:msgId/reactions`
pub fn reactions_path(chat: Uuid, message: Uuid) -> String {
    format!("{}/reactions", message_path(chat, message))
}

/// `/chats/:id/messages/:msgId/reactions/:emoji`
pub fn reaction_path(chat: Uuid, message: Uuid, emoji: &str) -> String {
    format!("{}/{}", reactions_path(chat, message), percent(emoji))
}

/// Every byte percent-encoded.
pub fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

impl Person {
    /// Reacts to a message: 200.
    pub async fn react(&self, chat: Uuid, message: Uuid, emoji: &str) -> Message {
        Message::read(&self.try_react(chat, message, emoji).await.ok())
    }

    /// Tries to react.
    pub async fn try_react(&self, chat: Uuid, message: Uuid, emoji: &str) -> Answer {
        let path = reaction_path(chat, message, emoji);
        self.call(Method::PUT, &path).send().await
    }

    /// Takes a reaction back: 200.
    pub async fn take_back(&self, chat: Uuid, message: Uuid, emoji: &str) -> Message {
        Message::read(&self.try_take_back(chat, message, emoji).await.ok())
    }

    /// Tries to take a reaction back.
    pub async fn try_take_back(&self, chat: Uuid, message: Uuid, emoji: &str) -> Answer {
        self.delete(&reaction_path(chat, message, emoji)).await
    }

    /// Replies to a message: 201.
    pub async fn reply(&self, chat: Uuid, to: Uuid, text: &str) -> Message {
        let body = json!({ "text": text, "replyToId": to });
        Message::read(&self.try_send(chat, &body).await.created())
    }

    /// Sends a text that mentions people: 201.
    pub async fn mention(&self, chat: Uuid, people: &[&Person], text: &str) -> Message {
        let body = json!({ "text": text, "mentions": ids(people) });
        Message::read(&self.try_send(chat, &body).await.created())
    }

    /// Edits a text and whom it mentions, whatever comes of it.
    pub async fn try_mention(
        &self,
        chat: Uuid,
        message: Uuid,
        people: &[&Person],
        text: &str,
    ) -> Answer {
        let body = json!({ "text": text, "mentions": ids(people) });
        self.patch(&message_path(chat, message), &body).await
    }

    /// A page of the messages that mention this person; `query` begins with `?`.
    pub async fn mentions(&self, query: &str) -> Page<Message> {
        let answer = self.get(&format!("/mentions{query}")).await.ok();
        Page::read(&answer, Message::read)
    }
}

/// The ids of people.
pub fn ids(people: &[&Person]) -> Value {
    people.iter().map(|person| json!(person.id)).collect()
}
