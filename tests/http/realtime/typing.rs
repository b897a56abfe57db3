//! `POST /chats/:id/typing`

use super::{REALTIME, broadcasts_of};
use futures_util::future::join_all;
use harness::{Method, Stack, typing_path};
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
async fn it_is_accepted_and_told_to_the_chat_alone() {
    let realtime = REALTIME.read().await;
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let before = stack.tables(&[&alice, &bob]).await;

    alice.type_in(chat).await.accepted();

    let told = json!({ "chatId": chat, "userId": alice.id });
    assert_eq!(
        broadcasts_of(&stack, chat).await,
        [(format!("chat:{chat} typing"), told)]
    );
    assert_eq!(stack.tables(&[&alice, &bob]).await, before);
    drop(realtime);
}

#[tokio::test]
async fn however_often_it_is_told_once_in_three_seconds() {
    let realtime = REALTIME.read().await;
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;

    let answers = join_all((0..32).map(|_| alice.type_in(chat))).await;
    answers.iter().for_each(|answer| answer.accepted());
    assert_eq!(broadcasts_of(&stack, chat).await.len(), 1);

    let moved = stack
        .execute(
            "update realtime.messages set inserted_at = inserted_at - interval '3 seconds' where topic = $1",
            &[&format!("chat:{chat}")],
        )
        .await;
    assert_eq!(moved, 1);
    let answers = join_all((0..32).map(|_| alice.type_in(chat))).await;
    answers.iter().for_each(|answer| answer.accepted());
    assert_eq!(broadcasts_of(&stack, chat).await.len(), 2);
    drop(realtime);
}

#[tokio::test]
async fn it_is_for_participants_of_a_chat_where_they_may_send() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let refused = stranger.type_in(chat).await;
    refused.refused(403, "not_participant");
    let unknown = alice.type_in(Uuid::new_v4()).await;
    unknown.refused(404, "chat_not_found");
    stack.block(&bob, &alice).await;
    alice.type_in(chat).await.refused(403, "blocked");
    alice.leave(chat).await;
    let left = alice.type_in(chat).await;
    left.refused(403, "not_participant");
    assert_eq!(broadcasts_of(&stack, chat).await, []);
}

#[tokio::test]
async fn another_method_is_405_and_an_id_that_is_no_uuid_400() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let path = typing_path(Uuid::new_v4());
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let answer = alice.call(method, &path).send().await;
        answer.not_allowed(&["POST"]);
    }
    let answer = alice.post("/chats/me/typing", &json!({})).await;
    answer.refused(400, "invalid_id");
}
