//! A signed-in person. The verbs here succeed or fail the test; for answers that
//! refuse, a person is a [`Client`] and `alice.get(…)`, `alice.post(…)` give the raw answer.

use crate::{
    answer::Answer,
    client::Client,
    list::{reads_path, settings_path},
    shapes::{Change, Changes, Message, Page},
    talk::reactions_path,
    tokens,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::ops::Deref;
use uuid::Uuid;

/// A user with an access token of their own, calling the edge.
#[derive(Debug, Clone)]
pub struct Person {
    /// The user's id.
    pub id: Uuid,
    /// The access token.
    pub token: String,
    api: Client,
}

impl Deref for Person {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.api
    }
}

/// `/chats/:id`
pub fn chat_path(chat: Uuid) -> String {
    format!("/chats/{chat}")
}

/// `/chats/:id/messages`
pub fn messages_path(chat: Uuid) -> String {
    format!("/chats/{chat}/messages")
}

/// `/chats/:id/messages/:msgId`
pub fn message_path(chat: Uuid, message: Uuid) -> String {
    format!("/chats/{chat}/messages/{message}")
}

/// `/chats/:id/read`
pub fn read_path(chat: Uuid) -> String {
    format!("/chats/{chat}/read")
}

/// `/chats/:id/typing`
pub fn typing_path(chat: Uuid) -> String {
    format!("/chats/{chat}/typing")
}

/// `/chats/:id/changes`
pub fn changes_path(chat: Uuid) -> String {
    format!("/chats/{chat}/changes")
}

impl Person {
    /// Someone who calls `api` with `token`.
    pub fn new(id: Uuid, token: String, api: &Client) -> Person {
        let api = api.clone().bearer(&token);
        Person { id, token, api }
    }

    /// The same person at another server, for example at one function without the gateway.
    pub fn at(&self, api: &Client) -> Person {
        Person::new(self.id, self.token.clone(), api)
    }

    /// The same person with `app_metadata.role` `moderator` in the token.
    pub fn as_moderator(&self, api: &Client) -> Person {
        let changes = json!({ "app_metadata": { "provider": "email", "role": "moderator" } });
        let claims = tokens::claims_with(self.id, &changes);
        Person::new(self.id, tokens::sign(&claims), api)
    }

    /// Asks for the direct chat with `other`.
    pub async fn open(&self, other: Uuid) -> Answer {
        let body = json!({ "type": "direct", "participantIds": [other] });
        self.post("/chats", &body).await
    }

    /// The newest messages of a chat.
    pub async fn messages(&self, chat: Uuid) -> Vec<Message> {
        self.messages_page(chat, "").await.data
    }

    /// A page of messages; `query` begins with `?`.
    pub async fn messages_page(&self, chat: Uuid, query: &str) -> Page<Message> {
        let path = format!("{}{query}", messages_path(chat));
        Page::read_messages(&self.get(&path).await.ok(), Message::read)
    }

    /// The newest messages of a chat, as a moderator gets them.
    pub async fn messages_as_moderator(&self, chat: Uuid) -> Vec<Message> {
        let answer = self.get(&messages_path(chat)).await.ok();
        Page::read_messages(&answer, Message::read_by_moderator).data
    }

    /// One message.
    pub async fn message(&self, chat: Uuid, message: Uuid) -> Message {
        Message::read(&self.get(&message_path(chat, message)).await.ok())
    }

    /// A page of a chat's changes; `query` begins with `?`.
    pub async fn changes(&self, chat: Uuid, query: &str) -> Changes {
        let path = format!("{}{query}", changes_path(chat));
        Changes::read(&self.get(&path).await.ok(), Change::read)
    }

    /// Sends a text: 201.
    pub async fn send(&self, chat: Uuid, text: &str) -> Message {
        Message::read(
            &self
                .try_send(chat, &json!({ "text": text }))
                .await
                .created(),
        )
    }

    /// Sends a body, whatever comes of it.
    pub async fn try_send(&self, chat: Uuid, body: &Value) -> Answer {
        self.post(&messages_path(chat), body).await
    }

    /// Edits a message: 200.
    pub async fn edit(&self, chat: Uuid, message: Uuid, text: &str) -> Message {
        Message::read(&self.try_edit(chat, message, text).await.ok())
    }

    /// Tries to edit a message.
    pub async fn try_edit(&self, chat: Uuid, message: Uuid, text: &str) -> Answer {
        let body = json!({ "text": text });
        self.patch(&message_path(chat, message), &body).await
    }

    /// Deletes a message: 204.
    pub async fn remove(&self, chat: Uuid, message: Uuid) {
        self.try_remove(chat, message).await.no_content();
    }

    /// Tries to delete a message.
    pub async fn try_remove(&self, chat: Uuid, message: Uuid) -> Answer {
        self.delete(&message_path(chat, message)).await
    }

    /// Marks all up to `message` as read; returns what is left unread.
    pub async fn mark_read(&self, chat: Uuid, message: Uuid) -> i64 {
        let answer = self.try_mark_read(chat, message).await.ok();
        let unread = answer["unreadCount"].as_i64().unwrap_or(-1);
        let mentions = &answer["unreadMentions"];
        assert_eq!(
            answer,
            json!({ "unreadCount": unread, "unreadMentions": mentions })
        );
        unread
    }

    /// Tries to mark all up to `message` as read.
    pub async fn try_mark_read(&self, chat: Uuid, message: Uuid) -> Answer {
        let body = json!({ "messageId": message });
        self.post(&read_path(chat), &body).await
    }

    /// Tells a chat that this person is typing, whatever comes of it.
    pub async fn type_in(&self, chat: Uuid) -> Answer {
        self.call(Method::POST, &typing_path(chat)).send().await
    }

    /// Leaves a chat: 204.
    pub async fn leave(&self, chat: Uuid) {
        self.delete(&chat_path(chat)).await.no_content();
    }

    /// Asserts that nothing in this chat answers: every call is 403 `not_participant`.
    pub async fn is_shut_out_of(&self, chat: Uuid, message: Uuid) {
        for answer in [
            self.get(&chat_path(chat)).await,
            self.get(&messages_path(chat)).await,
            self.get(&message_path(chat, message)).await,
            self.get(&format!("{}?around={message}", messages_path(chat)))
                .await,
            self.get(&format!("{}?around=unread", messages_path(chat)))
                .await,
            self.get(&format!("{}?since=0", changes_path(chat))).await,
            self.try_send(chat, &json!({ "text": "let me in" })).await,
            self.try_edit(chat, message, "let me in").await,
            self.try_remove(chat, message).await,
            self.get(&reactions_path(chat, message)).await,
            self.try_react(chat, message, "👍").await,
            self.try_take_back(chat, message, "👍").await,
            self.try_mark_read(chat, message).await,
            self.patch(&settings_path(chat), &json!({ "pinned": true }))
                .await,
            self.get(&reads_path(chat)).await,
            self.type_in(chat).await,
            self.delete(&chat_path(chat)).await,
        ] {
            answer.refused(403, "not_participant");
        }
        let listed = self.all_chats(100).await;
        assert!(
            listed.iter().all(|listed| listed.id != chat),
            "the list still shows the chat {chat}"
        );
    }
}
