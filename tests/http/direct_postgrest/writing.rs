//! No table can be written.

use super::{refused_to_all, unreachable_to_all};
use harness::{Method, Stack};
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
async fn nobody_joins_by_inserting_a_participant() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let row = json!({ "chat_id": chat, "user_id": stranger.id });
    let rows = json!([row, { "chat_id": chat, "user_id": alice.id }]);
    let back = json!({ "left_at": null, "history_from": "-infinity" });
    let participants = "/chat_participants".to_owned();
    let writes = [
        (Method::POST, participants.clone(), row.clone()),
        (Method::POST, participants.clone(), rows),
        (
            Method::POST,
            format!("{participants}?on_conflict=chat_id,user_id"),
            row,
        ),
        (
            Method::PATCH,
            format!("{participants}?chat_id=eq.{chat}"),
            back,
        ),
        (
            Method::DELETE,
            format!("{participants}?chat_id=eq.{chat}"),
            json!({}),
        ),
    ];
    unreachable_to_all(&stack, [&alice, &bob, &stranger], &writes).await;
}

#[tokio::test]
async fn a_leaver_does_not_come_back_by_writing_their_row() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    alice.leave(chat).await;
    let own_row = format!(
        "/chat_participants?chat_id=eq.{chat}&user_id=eq.{}",
        alice.id
    );
    let writes = [(Method::PATCH, own_row, json!({ "left_at": null }))];
    unreachable_to_all(&stack, [&alice, &bob, &stranger], &writes).await;
}

#[tokio::test]
async fn nobody_moves_a_message_to_another_chat() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let other = stack.direct_chat(&alice, &stranger).await;
    let sent = alice.send(chat, "hello").await;
    let path = format!("/messages?id=eq.{}", sent.id);
    let writes = [(Method::PATCH, path, json!({ "chat_id": other }))];
    refused_to_all(&stack, [&alice, &bob, &stranger], &writes).await;
}

#[tokio::test]
async fn nobody_sets_a_column_of_a_message() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "hello").await;
    let path = format!("/messages?id=eq.{}", sent.id);
    let time = "2026-04-01T12:30:00Z";
    let writes = [
        json!({ "sender_id": bob.id }),
        json!({ "created_at": time }),
        json!({ "rev": 7 }),
        json!({ "deleted_at": time }),
        json!({ "deleted_by": bob.id }),
        json!({ "edited_at": time }),
        json!({ "id": Uuid::new_v4() }),
        json!({ "text": "changed" }),
        json!({ "client_id": Uuid::new_v4() }),
        json!({ "attachment_path": "elsewhere.jpg" }),
    ]
    .map(|body| (Method::PATCH, path.clone(), body));
    refused_to_all(&stack, [&alice, &bob, &stranger], &writes).await;
}

#[tokio::test]
async fn nobody_inserts_or_deletes_a_message() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "hello").await;
    let plain = json!({ "chat_id": chat, "text": "hello" });
    let forged = json!({
        "id": Uuid::new_v4(), "chat_id": chat, "sender_id": bob.id, "text": "hello", "rev": 2,
        "created_at": "2026-04-01T12:30:00Z",
    });
    let again = json!({
        "id": sent.id, "chat_id": chat, "sender_id": alice.id, "text": "changed", "rev": 1,
        "created_at": "2026-04-01T12:30:00Z",
    });
    let one = format!("/messages?id=eq.{}", sent.id);
    let writes = [
        (Method::POST, "/messages".to_owned(), plain),
        (Method::POST, "/messages".to_owned(), forged),
        (Method::PUT, one.clone(), again),
        (Method::DELETE, one, json!({})),
        (
            Method::DELETE,
            format!("/messages?chat_id=eq.{chat}"),
            json!({}),
        ),
    ];
    refused_to_all(&stack, [&alice, &bob, &stranger], &writes).await;
}

#[tokio::test]
async fn nobody_writes_a_last_read_at() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    alice.send(chat, "hello").await;
    let body = json!({ "last_read_at": "2036-04-01T12:30:00Z" });
    let writes = [&alice, &bob].map(|person| {
        let rows = format!("chat_id=eq.{chat}&user_id=eq.{}", person.id);
        (Method::PATCH, format!("/read_marks?{rows}"), body.clone())
    });
    unreachable_to_all(&stack, [&alice, &bob, &stranger], &writes).await;
}

#[tokio::test]
async fn nobody_creates_a_chat_by_hand() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let [event, group] = [Uuid::new_v4(), Uuid::new_v4()];
    let pair = [alice.id.min(bob.id), alice.id.max(bob.id)];
    let direct = json!({ "type": "direct", "direct_low": pair[0], "direct_high": pair[1] });
    let authors = json!({ "type": "event_authors", "event_id": event, "name": "Lantern Walk" });
    let of_group = json!({
        "type": "approved_group", "event_id": event, "group_id": group, "name": "Lantern Walk — group",
    });
    let writes = [authors, of_group, direct].map(|body| (Method::POST, "/chats".to_owned(), body));
    unreachable_to_all(&stack, [&alice, &bob, &stranger], &writes).await;
}

#[tokio::test]
async fn nobody_changes_or_deletes_a_chat() {
    let stack = Stack::connect().await;
    let [author, alice, stranger] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice]).await;
    let path = format!("/chats?id=eq.{chat}");
    let mut writes: Vec<_> = [
        json!({ "name": "changed" }),
        json!({ "rev": 100 }),
        json!({ "last_message_at": "2036-04-01T12:30:00Z" }),
        json!({ "created_at": "2016-04-01T12:30:00Z" }),
        json!({ "type": "direct" }),
        json!({ "event_id": null }),
    ]
    .map(|body| (Method::PATCH, path.clone(), body))
    .to_vec();
    writes.push((Method::DELETE, path, json!({})));
    unreachable_to_all(&stack, [&author, &alice, &stranger], &writes).await;
}
