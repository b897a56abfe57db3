//! `POST /chats/:id/read`

use futures_util::join;
use harness::{Stack, chat_path, messages_path, read_path};
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test]
async fn marks_all_up_to_the_message() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    bob.send(chat, "one").await;
    let two = bob.send(chat, "two").await;
    let three = bob.send(chat, "three").await;

    assert_eq!(alice.mark_read(chat, two.id).await, 1);
    assert_eq!(alice.chat(chat).await.unread_count, 1);
    assert_eq!(alice.mark_read(chat, three.id).await, 0);
    assert_eq!(alice.chat(chat).await.unread_count, 0);
}

#[tokio::test]
async fn a_mark_never_moves_back() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let one = bob.send(chat, "one").await;
    bob.send(chat, "two").await;
    let three = bob.send(chat, "three").await;
    assert_eq!(alice.mark_read(chat, three.id).await, 0);
    assert_eq!(alice.mark_read(chat, one.id).await, 0);
    assert_eq!(alice.chat(chat).await.unread_count, 0);
}

#[tokio::test]
async fn two_racing_marks_end_at_the_later() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for round in 0..25 {
        let earlier = bob.send(chat, "earlier").await;
        bob.send(chat, "between").await;
        let later = bob.send(chat, "later").await;
        join!(
            alice.mark_read(chat, earlier.id),
            alice.mark_read(chat, later.id),
            alice.mark_read(chat, earlier.id),
        );
        assert_eq!(alice.chat(chat).await.unread_count, 0, "round {round}");
    }
}

#[tokio::test]
async fn ones_mark_is_nobody_elses() {
    let stack = Stack::connect().await;
    let [alice, bob, carol] = stack.people().await;
    let (_, chat) = stack.room(&carol, &[&alice, &bob]).await;
    let message = carol.send(chat, "hello").await;
    assert_eq!(alice.mark_read(chat, message.id).await, 0);
    assert_eq!(bob.chat(chat).await.unread_count, 1);
}

#[tokio::test]
async fn a_get_never_marks() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    bob.send(chat, "hello").await;
    stack
        .unchanged_by(&[&alice], async {
            alice.get("/chats").await.ok();
            alice.get(&chat_path(chat)).await.ok();
            alice.get(&messages_path(chat)).await.ok();
        })
        .await;
    assert_eq!(alice.chat(chat).await.unread_count, 1);
}

#[tokio::test]
async fn a_deleted_message_is_a_mark_too() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    bob.send(chat, "one").await;
    let two = bob.send(chat, "two").await;
    bob.send(chat, "three").await;
    bob.remove(chat, two.id).await;
    assert_eq!(alice.mark_read(chat, two.id).await, 1);
}

#[tokio::test]
async fn marks_change_no_rev_and_no_activity() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let message = bob.send(chat, "hello").await;
    let before = bob.chat(chat).await;
    alice.mark_read(chat, message.id).await;
    assert_eq!(bob.chat(chat).await, before);
}

#[tokio::test]
async fn a_message_of_another_chat_is_404() {
    let stack = Stack::connect().await;
    let [alice, bob, carol] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let other = stack.direct_chat(&alice, &carol).await;
    let elsewhere = carol.send(other, "elsewhere").await;
    let answer = alice.try_mark_read(chat, elsewhere.id).await;
    answer.refused(404, "message_not_found");
}

#[tokio::test]
async fn an_unknown_message_is_404() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let answer = alice.try_mark_read(chat, Uuid::new_v4()).await;
    answer.refused(404, "message_not_found");
}

#[tokio::test]
async fn an_unknown_chat_is_404_and_a_foreign_one_403() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let message = alice.send(chat, "hello").await;
    let unknown = stranger.try_mark_read(Uuid::new_v4(), message.id).await;
    unknown.refused(404, "chat_not_found");
    let foreign = stranger.try_mark_read(chat, message.id).await;
    foreign.refused(403, "not_participant");
}

#[tokio::test]
async fn a_message_id_that_is_no_uuid_is_400() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for id in [json!("newest"), json!(1), Value::Null, json!([])] {
        let body = json!({ "messageId": id });
        alice
            .post(&read_path(chat), &body)
            .await
            .invalid(&["messageId"]);
    }
    alice
        .post(&read_path(chat), &json!({}))
        .await
        .invalid(&["messageId"]);
}
