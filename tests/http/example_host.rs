//! What is the example host's alone: chats that come from its tables (an event's authors, an approved group),
//! its cascades, and that nobody reaches its tables. Not run with another host.

mod atomic;
mod befriend;
mod deadlocks;
mod events;
mod groups;
mod tables;

use harness::{Chat, ChatSettings, Person, Stack};
use uuid::Uuid;

/// The ids, sorted as a chat's participants are.
fn sorted(people: &[&Person]) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = people.iter().map(|person| person.id).collect();
    ids.sort();
    ids
}

/// A chat as it is right after it was created; `seen` gives its id, its time and the epoch.
fn new_chat(seen: &Chat, kind: &str, name: &str, event: Uuid, people: &[&Person]) -> Chat {
    Chat {
        id: seen.id,
        kind: kind.to_owned(),
        event_id: Some(event),
        group_id: None,
        name: Some(name.to_owned()),
        participants: sorted(people),
        gone_participants: Vec::new(),
        created_at: seen.created_at,
        last_message_at: None,
        last_message: None,
        unread_count: 0,
        unread_mentions: 0,
        settings: ChatSettings::default(),
        last_read_at: None,
        rev: 0,
        history_rev: 0,
        epoch: seen.epoch.clone(),
        topic: format!("chat:{}", seen.id),
    }
}

/// How many chats there are of an event, its groups' included.
async fn chats_of(stack: &Stack, event: Uuid) -> i64 {
    let sql = "select count(*) from chat.chats where event_id = $1";
    stack.value(sql, &[&event]).await
}
