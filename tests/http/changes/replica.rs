//! A client that keeps a chat by the feed of changes alone, as the contract lets it.

use super::random::Random;
use harness::{Change, Changes, Message, Page, Person, ReplyTo, changes_path, messages_path};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What one reader's client knows of a chat.
#[derive(Debug)]
pub struct Replica {
    /// Who reads.
    pub person: Person,
    /// Whether the reader's answers are a moderator's.
    pub moderator: bool,
    chat: Uuid,
    /// Everything up to this rev is known.
    pub since: i64,
    /// By message: the rev of the last change that was applied, and what it left.
    held: BTreeMap<Uuid, (i64, Option<Message>)>,
    /// Answers that were applied, and may come once more, late.
    answers: Vec<Changes>,
}

impl Replica {
    /// A client that knows nothing yet.
    pub fn new(person: Person, moderator: bool, chat: Uuid) -> Replica {
        Replica {
            person,
            moderator,
            chat,
            since: 0,
            held: BTreeMap::new(),
            answers: Vec::new(),
        }
    }

    /// The same reader's next client, which knows nothing.
    pub fn anew(&self) -> Replica {
        Replica::new(self.person.clone(), self.moderator, self.chat)
    }

    /// Asks for a page from `since`, which may lie before what is known, and applies it; returns
    /// whether there is more, and the answer's text.
    pub async fn pull(&mut self, since: i64, limit: usize) -> (bool, String) {
        let path = format!("{}?since={since}&limit={limit}", changes_path(self.chat));
        let answer = self.person.get(&path).await;
        let read = match self.moderator {
            true => Change::read_by_moderator,
            false => Change::read,
        };
        let page = Changes::read(&answer.ok(), read);

        let mut before = since;
        for change in &page.data {
            assert!(change.rev() > before, "{path}: out of order: {page:?}");
            before = change.rev();
        }
        if page.has_more {
            let found = (page.data.len(), page.rev);
            assert_eq!(found, (limit, before), "{path}: a page that has a next one");
        } else {
            assert!(page.data.len() <= limit && page.rev >= before, "{path}");
        }

        self.apply(&page);
        // The page begins inside of what is known, so all up to its end is known now.
        assert!(since <= self.since);
        self.since = self.since.max(page.rev);
        let has_more = page.has_more;
        self.answers.push(page);
        (has_more, answer.text())
    }

    /// Applies an answer of before once more, as a network may deliver it.
    pub fn repeat(&mut self, random: &mut Random) {
        if let Some(page) = random.pick(&self.answers).cloned() {
            self.apply(&page);
        }
    }

    /// A change counts where it is newer than what is held of its message.
    fn apply(&mut self, page: &Changes) {
        for change in &page.data {
            let (rev, message) = match change {
                Change::Upsert { rev, message } => (*rev, Some((**message).clone())),
                Change::Delete { rev, .. } => (*rev, None),
            };
            let held = self.held.entry(change.message_id()).or_default();
            if rev > held.0 {
                *held = (rev, message);
            }
        }
    }

    /// Reads page after page, of any size, until there is no more.
    pub async fn catch_up(&mut self, random: &mut Random) {
        while self.pull(self.since, 1 + random.below(12)).await.0 {}
    }

    /// Forgets everything: the reader has left a chat whose history does not come back.
    pub fn forget(&mut self) {
        *self = self.anew();
    }

    /// The rev at which a message is held, if it is.
    pub fn held_at(&self, message: Uuid) -> Option<i64> {
        self.held.get(&message).map(|(rev, _)| *rev)
    }

    /// The messages that are held, newest first. An edit or the deletion of a message takes no rev of the replies to it,
    /// so the client quotes what it holds.
    pub fn messages(&self) -> Vec<Message> {
        let mut messages: Vec<Message> = self
            .held
            .values()
            .filter_map(|(_, message)| message.clone())
            .collect();
        for message in &mut messages {
            let original = message.reply_to_id.and_then(|id| self.held.get(&id));
            match original {
                Some((_, Some(original))) if original.deleted_at.is_none() => {
                    message.reply_to = Some(original.quoted());
                }
                Some(_) => message.reply_to = message.reply_to_id.map(ReplyTo::unavailable),
                // It is from before the reader's history.
                None => {}
            }
        }
        messages.sort_by_key(|message| std::cmp::Reverse(message.created_at));
        messages
    }

    /// What `GET /chats/:id/messages` shows the reader, page after page.
    pub async fn shown(&self) -> Vec<Message> {
        let read = match self.moderator {
            true => Message::read_by_moderator,
            false => Message::read,
        };
        let first = format!("{}?limit=100", messages_path(self.chat));
        let mut path = first.clone();
        let mut shown = Vec::new();
        loop {
            let page = Page::read_messages(&self.person.get(&path).await.ok(), read);
            shown.extend(page.data);
            match page.next_cursor {
                Some(cursor) => path = format!("{first}&cursor={cursor}"),
                None => return shown,
            }
        }
    }
}
