//! `GET /chats/:id/changes`

mod histories;
mod random;
mod replica;

pub use random::Random;

use harness::{Change, Changes, Chat, Message, Person, Stack, changes_path};
use serde_json::json;
use uuid::Uuid;

/// A page that is the last one.
fn last(chat: &Chat, data: impl Into<Vec<Change>>, rev: i64) -> Changes {
    Changes {
        data: data.into(),
        rev,
        epoch: chat.epoch.clone(),
        has_more: false,
        topic: chat.topic.clone(),
    }
}

fn upsert(message: &Message) -> Change {
    Change::Upsert {
        rev: message.rev,
        message: Box::new(message.clone()),
    }
}

fn delete(rev: i64, message: &Message) -> Change {
    Change::Delete {
        rev,
        message_id: message.id,
    }
}

/// The feed from its start, as a moderator gets it.
async fn changes_as_moderator(person: &Person, chat: Uuid) -> Changes {
    let path = format!("{}?since=0", changes_path(chat));
    Changes::read(&person.get(&path).await.ok(), Change::read_by_moderator)
}

#[tokio::test]
async fn a_new_chat_has_no_changes() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let answer = alice.get(&format!("{}?since=0", changes_path(chat))).await;
    let Chat { epoch, topic, .. } = alice.chat(chat).await;
    let empty = json!({ "data": [], "rev": 0, "epoch": epoch, "hasMore": false, "topic": topic });
    assert_eq!(answer.ok(), empty);
}

#[tokio::test]
async fn a_change_is_told_whole() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let gone = alice.send(chat, "gone").await;
    let stays = alice.send(chat, "stays").await;
    alice.remove(chat, gone.id).await;
    let answer = bob.get(&format!("{}?since=0", changes_path(chat))).await;
    let message = json!({
        "id": stays.id,
        "chatId": chat,
        "senderId": alice.id,
        "text": "stays",
        "attachmentUrl": null,
        "attachment": null,
        "clientId": null,
        "replyToId": null,
        "replyTo": null,
        "mentions": [],
        "reactions": [],
        "createdAt": stays.created_at.text(),
        "editedAt": null,
        "editableUntil": null,
        "rev": 2,
    });
    let whole = json!({
        "data": [
            { "rev": 2, "kind": "upsert", "message": message },
            { "rev": 3, "kind": "delete", "messageId": gone.id },
        ],
        "rev": 3,
        "epoch": bob.chat(chat).await.epoch,
        "hasMore": false,
        "topic": format!("chat:{chat}"),
    });
    assert_eq!(answer.ok(), whole);
}

#[tokio::test]
async fn oldest_come_first_for_everyone() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let one = alice.send(chat, "one").await;
    let two = bob.send(chat, "two").await;
    let room = alice.chat(chat).await;
    let for_alice = [upsert(&one), upsert(&two.seen_by_others())];
    assert_eq!(
        alice.changes(chat, "?since=0").await,
        last(&room, for_alice, 2)
    );
    let for_bob = [upsert(&one.seen_by_others()), upsert(&two)];
    assert_eq!(bob.changes(chat, "?since=0").await, last(&room, for_bob, 2));
}

#[tokio::test]
async fn since_leaves_out_what_is_known() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    alice.send(chat, "one").await;
    let two = alice.send(chat, "two").await;
    let room = alice.chat(chat).await;
    let news = last(&room, [upsert(&two)], 2);
    assert_eq!(alice.changes(chat, "?since=1").await, news);
    let nothing = last(&room, [], 2);
    assert_eq!(alice.changes(chat, "?since=2").await, nothing);
}

#[tokio::test]
async fn the_epoch_of_an_answer_goes_with_the_next_question() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = bob.send(chat, "one").await;
    let room = alice.chat(chat).await;
    let news = last(&room, [upsert(&sent.seen_by_others())], 1);
    let query = format!("?since=0&epoch={}", room.epoch);
    assert_eq!(alice.changes(chat, &query).await, news);
    let query = format!("?epoch={}&since=1&limit=5", news.epoch);
    assert_eq!(alice.changes(chat, &query).await, last(&room, [], 1));
    // One database has one.
    assert_eq!(bob.chat(chat).await.epoch, room.epoch);
}

#[tokio::test]
async fn a_position_that_this_database_never_gave_is_410() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    bob.send(chat, "one").await;
    let path = changes_path(chat);
    let epoch = alice.chat(chat).await.epoch;
    for query in [
        "?since=2".to_owned(),
        "?since=9223372036854775807".to_owned(),
        format!("?since=2&epoch={epoch}"),
        "?since=1&epoch=another".to_owned(),
        "?since=0&epoch=another".to_owned(),
        format!("?since=1&epoch={epoch}0"),
        format!("?since=1&epoch={}", "x".repeat(64)),
    ] {
        let answer = alice.get(&format!("{path}{query}")).await;
        answer.refused(410, "resync_required");
    }
    let foreign = stranger.get(&format!("{path}?since=1&epoch=another")).await;
    foreign.refused(403, "not_participant");
}

#[tokio::test]
async fn an_epoch_is_1_to_64_plain_characters() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let path = changes_path(chat);
    let long = format!("?since=0&epoch={}", "x".repeat(65));
    for query in [
        "?since=0&epoch=",
        "?since=0&epoch",
        "?since=0&epoch=a%20b",
        "?since=0&epoch=a+b",
        "?since=0&epoch=%31",
        "?since=0&epoch=a/b",
        "?since=0&epoch=a&epoch=a",
        &long,
    ] {
        alice
            .get(&format!("{path}{query}"))
            .await
            .invalid(&["epoch"]);
    }
}

#[tokio::test]
async fn a_message_is_told_once_at_its_last_change() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let one = alice.send(chat, "one").await;
    let two = bob.send(chat, "two").await;
    let room = alice.chat(chat).await;
    alice.edit(chat, one.id, "one, changed").await;
    let edited = alice.edit(chat, one.id, "one, changed again").await;
    assert_eq!(edited.rev, 4);
    let expected = [upsert(&two.seen_by_others()), upsert(&edited)];
    assert_eq!(
        alice.changes(chat, "?since=0").await,
        last(&room, expected.clone(), 4)
    );

    bob.remove(chat, two.id).await;
    bob.remove(chat, two.id).await;
    let expected = [expected[1].clone(), delete(5, &two)];
    assert_eq!(
        alice.changes(chat, "?since=0").await,
        last(&room, expected, 5)
    );
}

#[tokio::test]
async fn a_deleted_messages_text_is_in_no_answer() {
    let stack = Stack::connect().await;
    let [author, alice, bob] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice, &bob]).await;
    let sent = alice.send(chat, "a first secret").await;
    alice.edit(chat, sent.id, "a second secret").await;
    alice.remove(chat, sent.id).await;
    for reader in [&alice, &bob] {
        let path = format!("{}?since=0", changes_path(chat));
        let answer = reader.get(&path).await;
        assert_eq!(
            answer.ok(),
            json!({
                "data": [{ "rev": 3, "kind": "delete", "messageId": sent.id }],
                "rev": 3,
                "epoch": reader.chat(chat).await.epoch,
                "hasMore": false,
                "topic": format!("chat:{chat}"),
            })
        );
        assert!(!answer.text().contains("secret"));
    }
}

#[tokio::test]
async fn moderators_are_told_what_was_deleted_and_by_whom() {
    let stack = Stack::connect().await;
    let [author, alice] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice]).await;
    let rude = alice.send(chat, "rude").await;
    let kind = alice.send(chat, "kind").await;
    author.remove(chat, rude.id).await;

    let by_role = alice.as_moderator(&stack.edge());
    for (moderator, own) in [(&author, false), (&by_role, true)] {
        let seen = |message: &Message| match own {
            true => message.clone(),
            false => message.seen_by_others(),
        };
        let page = changes_as_moderator(moderator, chat).await;
        let Some(Change::Upsert { message, .. }) = page.data.last() else {
            panic!("{page:?}");
        };
        let deleted = Message {
            rev: 3,
            deleted_at: message.deleted_at,
            deleted_by: Some(author.id),
            ..seen(&rude)
        };
        assert!(deleted.deleted_at > Some(kind.created_at));
        let expected = [upsert(&seen(&kind)), upsert(&deleted)];
        assert_eq!(page, last(&alice.chat(chat).await, expected, 3));
    }
}

#[tokio::test]
async fn pages_go_on_from_the_rev_that_they_name() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    stack.history(chat, &bob, 101).await;
    for (query, rows, rev, has_more) in [
        ("?since=0", 50, 50, true),
        ("?since=0&limit=1", 1, 1, true),
        ("?limit=100&since=0", 100, 100, true),
        ("?since=1&limit=100", 100, 101, false),
        ("?since=100&limit=1", 1, 101, false),
        ("?since=101", 0, 101, false),
    ] {
        let page = alice.changes(chat, query).await;
        let found = (page.data.len(), page.rev, page.has_more);
        assert_eq!(found, (rows, rev, has_more), "{query}");
    }
}

#[tokio::test]
async fn a_returner_is_told_nothing_from_before() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let old = bob.send(chat, "old").await;
    let older = bob.send(chat, "to be deleted").await;
    alice.leave(chat).await;
    let path = format!("{}?since=0", changes_path(chat));
    alice.get(&path).await.refused(403, "not_participant");

    alice.open(bob.id).await.ok();
    bob.edit(chat, old.id, "old, changed").await;
    bob.remove(chat, older.id).await;
    let room = alice.chat(chat).await;
    assert_eq!(alice.changes(chat, "?since=0").await, last(&room, [], 4));
    let news = bob.send(chat, "welcome back").await;
    let expected = last(&room, [upsert(&news.seen_by_others())], 5);
    assert_eq!(alice.changes(chat, "?since=0").await, expected);
    assert_eq!(alice.changes(chat, "?since=2&limit=1").await, expected);
    assert_eq!(bob.changes(chat, "?since=0").await.data.len(), 3);
}

#[tokio::test]
async fn since_is_required_and_a_whole_number() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let path = changes_path(chat);
    for query in [
        "",
        "?",
        "?limit=5",
        "?Since=0",
        "?since",
        "?since=",
        "?since=-1",
        "?since=%2B1",
        "?since=+1",
        "?since=1.0",
        "?since=1e3",
        "?since=0x1",
        "?since=%31",
        "?since=one",
        "?since=null",
        "?since=1&since=1",
        "?since=9223372036854775808",
        "?since=99999999999999999999",
    ] {
        alice
            .get(&format!("{path}{query}"))
            .await
            .invalid(&["since"]);
    }
}

#[tokio::test]
async fn limits_are_1_to_100() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for limit in ["0", "101", "-1", "text", "1.5", "", "99999999999999999999"] {
        let path = format!("{}?since=0&limit={limit}", changes_path(chat));
        alice.get(&path).await.invalid(&["limit"]);
    }
}

#[tokio::test]
async fn unknown_chat_is_404() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let path = format!("{}?since=0", changes_path(Uuid::new_v4()));
    alice.get(&path).await.refused(404, "chat_not_found");
}

#[tokio::test]
async fn foreign_chat_is_403_changed_or_not() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let path = format!("{}?since=0", changes_path(chat));
    let moderator = stranger.as_moderator(&stack.edge());
    for outsider in [&stranger, &moderator] {
        outsider.get(&path).await.refused(403, "not_participant");
    }
    alice.send(chat, "between us").await;
    for outsider in [&stranger, &moderator] {
        outsider.get(&path).await.refused(403, "not_participant");
    }
}
