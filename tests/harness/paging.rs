//! Cursors made by hand, and reading a list to its end.

use crate::{
    person::{Person, messages_path},
    shapes::{Chat, Message},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

/// The cursor that says `content`: base64url without padding.
pub fn cursor(content: &str) -> String {
    URL_SAFE_NO_PAD.encode(content)
}

impl Person {
    /// Every message of a chat, page after page.
    pub async fn all_messages(&self, chat: Uuid, limit: usize) -> Vec<Message> {
        let mut query = format!("?limit={limit}");
        let mut messages = Vec::new();
        loop {
            let page = self.messages_page(chat, &query).await;
            assert!(
                !page.data.is_empty() || page.next_cursor.is_none(),
                "an endless list"
            );
            messages.extend(page.data);
            match page.next_cursor {
                Some(cursor) if query.ends_with(&cursor) => panic!("{cursor} leads to itself"),
                Some(cursor) => query = format!("?limit={limit}&cursor={cursor}"),
                None => return messages,
            }
        }
    }

    /// Every chat of this person that is not archived, page after page.
    pub async fn all_chats(&self, limit: usize) -> Vec<Chat> {
        self.all_chats_of(false, limit).await
    }

    /// Every chat of this person that is archived, or every other one, page after page.
    pub async fn all_chats_of(&self, archived: bool, limit: usize) -> Vec<Chat> {
        let first = format!("?archived={archived}&limit={limit}");
        let mut query = first.clone();
        let mut chats = Vec::new();
        loop {
            let page = self.chats_page(&query).await;
            assert!(
                !page.data.is_empty() || page.next_cursor.is_none(),
                "an endless list"
            );
            chats.extend(page.data);
            match page.next_cursor {
                Some(cursor) if query.ends_with(&cursor) => panic!("{cursor} leads to itself"),
                Some(cursor) => query = format!("{first}&cursor={cursor}"),
                None => return chats,
            }
        }
    }

    /// Asserts that the message list refuses this cursor.
    pub async fn finds_invalid(&self, chat: Uuid, cursor: &str) {
        let path = format!("{}?cursor={cursor}", messages_path(chat));
        self.get(&path).await.refused(400, "invalid_cursor");
    }
}
