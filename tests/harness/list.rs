//! What a person sees and chooses of their own: the list of chats, its changes, settings, read marks, the badge.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

use crate::{
    answer::Answer,
    person::{Person, chat_path},
    shapes::{Chat, ChatDelta, ChatPage, ReadMark},
};

/// `/chats/:id/me`
pub fn settings_path(chat: Uuid) -> String {
    format!("/chats/{chat}/me")
}

/// `/chats/:id/reads`
pub fn reads_path(chat: Uuid) -> String {
    format!("/chats/{chat}/reads")
}

impl Person {
    /// The first page of the caller's chats.
    pub async fn chats(&self) -> Vec<Chat> {
        self.chats_page("").await.data
    }

    /// A page of the caller's chats; `query` begins with `?`.
    pub async fn chats_page(&self, query: &str) -> ChatPage {
        ChatPage::read(&self.get(&format!("/chats{query}")).await.ok())
    }

    /// One chat.
    pub async fn chat(&self, chat: Uuid) -> Chat {
        Chat::read(&self.get(&chat_path(chat)).await.ok())
    }

    /// What has changed in the list since a position, in one answer of at most `limit` chats.
    pub async fn delta(&self, since: &str, limit: usize) -> ChatDelta {
        let path = format!("/chats?since={since}&limit={limit}");
        ChatDelta::read(&self.get(&path).await.ok())
    }

    /// Changes settings for a chat: 200.
    pub async fn choose(&self, chat: Uuid, settings: &Value) -> Chat {
        Chat::read(&self.try_choose(chat, settings).await.ok())
    }

    /// Tries to change settings for a chat.
    pub async fn try_choose(&self, chat: Uuid, settings: &Value) -> Answer {
        self.patch(&settings_path(chat), settings).await
    }

    /// How far the participants of a chat have read.
    pub async fn reads(&self, chat: Uuid) -> Vec<ReadMark> {
        let answer = self.get(&reads_path(chat)).await.ok();
        let data = answer["data"].clone();
        assert_eq!(answer, json!({ "data": data }));
        serde_json::from_value(data).unwrap_or_else(|error| panic!("{error}: {answer}"))
    }

    /// What is unread in all chats: chats, messages, mentions.
    pub async fn unread_totals(&self) -> [i64; 3] {
        let answer = self.get("/unread").await.ok();
        let [chats, messages, mentions] =
            ["chats", "messages", "mentions"].map(|name| answer[name].as_i64().unwrap_or(-1));
        let counted = json!({ "chats": chats, "messages": messages, "mentions": mentions });
        assert_eq!(answer, counted);
        [chats, messages, mentions]
    }
}

/// A client that keeps a person's list of chats by deltas alone.
#[derive(Debug)]
pub struct ListReplica {
    /// Whose list it is.
    pub person: Person,
    /// Everything up to this position is known.
    pub since: String,
    /// The chats, archived ones too.
    pub chats: BTreeMap<Uuid, Chat>,
    /// Whether it has read only some pages of a delta.
    is_within: bool,
}

impl ListReplica {
    /// A client that has loaded the list. The chats may have changed while it did so.
    pub async fn load(person: &Person) -> ListReplica {
        let first = person.chats_page("?limit=1").await;
        ListReplica {
            person: person.clone(),
            since: first.since.expect("a position"),
            chats: shown(person).await,
            is_within: false,
        }
    }

    /// Asks for one answer and applies it; returns whether there is more.
    pub async fn pull(&mut self, limit: usize) -> bool {
        let delta = self.person.delta(&self.since, limit).await;
        let told = delta.data.len() + delta.gone.len();
        assert!(
            told <= limit && (told == limit || !delta.has_more),
            "{delta:?}"
        );
        for chat in delta.gone {
            self.chats.remove(&chat);
        }
        for chat in delta.data {
            self.chats.insert(chat.id, chat);
        }
        self.since = delta.since;
        self.is_within = delta.has_more;
        delta.has_more
    }

    /// Asks until there is no more. A delta whose first pages were read before ends at the position of its first page,
    /// so what has changed since then is in the next one.
    pub async fn catch_up(&mut self, limit: usize) {
        if self.is_within {
            while self.pull(limit).await {}
        }
        while self.pull(limit).await {}
    }
}

/// What `GET /chats` shows a person: all chats, archived or not.
pub async fn shown(person: &Person) -> BTreeMap<Uuid, Chat> {
    let mut chats = BTreeMap::new();
    for archived in [false, true] {
        for chat in person.all_chats_of(archived, 100).await {
            assert_eq!(chat.settings.archived, archived, "{chat:?}");
            chats.insert(chat.id, chat);
        }
    }
    chats
}
