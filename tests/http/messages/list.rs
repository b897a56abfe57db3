//! `GET /chats/:id/messages`

use harness::{Stack, messages_path};
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
async fn a_new_chat_is_an_empty_page() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let empty = json!({ "data": [], "nextCursor": null, "prevCursor": null });
    assert_eq!(alice.get(&messages_path(chat)).await.ok(), empty);
}

#[tokio::test]
async fn newest_come_first_for_everyone() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let one = alice.send(chat, "one").await;
    let two = bob.send(chat, "two").await;
    let three = alice.send(chat, "three").await;

    let for_alice = [three.clone(), two.seen_by_others(), one.clone()];
    assert_eq!(alice.messages(chat).await, for_alice);
    let for_bob = [three.seen_by_others(), two, one.seen_by_others()];
    assert_eq!(bob.messages(chat).await, for_bob);
}

#[tokio::test]
async fn an_edit_moves_nothing() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let one = alice.send(chat, "one").await;
    let two = alice.send(chat, "two").await;
    let edited = alice.edit(chat, one.id, "one, mended").await;
    assert_eq!(alice.messages(chat).await, [two, edited]);
}

#[tokio::test]
async fn only_this_chats_messages() {
    let stack = Stack::connect().await;
    let [alice, bob, carol] = stack.people().await;
    let with_bob = stack.direct_chat(&alice, &bob).await;
    let with_carol = stack.direct_chat(&alice, &carol).await;
    let for_bob = alice.send(with_bob, "for bob").await;
    let for_carol = alice.send(with_carol, "for carol").await;
    assert_eq!(alice.messages(with_bob).await, [for_bob]);
    assert_eq!(alice.messages(with_carol).await, [for_carol]);
}

#[tokio::test]
async fn unknown_chat_is_404() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let answer = alice.get(&messages_path(Uuid::new_v4())).await;
    answer.refused(404, "chat_not_found");
}

#[tokio::test]
async fn foreign_chat_is_403_empty_or_not() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let path = messages_path(chat);
    stranger.get(&path).await.refused(403, "not_participant");
    alice.send(chat, "between us").await;
    stranger.get(&path).await.refused(403, "not_participant");
}
