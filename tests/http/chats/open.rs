//! `POST /chats`

use futures_util::future::join_all;
use harness::{Chat, ChatSettings, Stack};
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test]
async fn friends_get_a_chat() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    stack.friends(&alice, &bob).await;

    let chat = Chat::read(&alice.open(bob.id).await.created());

    let mut pair = vec![alice.id, bob.id];
    pair.sort();
    let expected = Chat {
        id: chat.id,
        kind: "direct".to_owned(),
        event_id: None,
        group_id: None,
        name: None,
        participants: pair,
        gone_participants: Vec::new(),
        created_at: chat.created_at,
        last_message_at: None,
        last_message: None,
        unread_count: 0,
        unread_mentions: 0,
        settings: ChatSettings::default(),
        last_read_at: None,
        rev: 0,
        history_rev: 0,
        epoch: chat.epoch.clone(),
        topic: format!("chat:{}", chat.id),
    };
    assert_eq!(chat, expected);
    assert_eq!(alice.chat(chat.id).await, expected);
    assert_eq!(bob.chat(chat.id).await, expected);
}

#[tokio::test]
async fn a_chat_that_the_pair_has_is_200_from_either_side() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    stack.friends(&alice, &bob).await;

    let chat = alice.open(bob.id).await.created();

    assert_eq!(alice.open(bob.id).await.ok(), chat);
    assert_eq!(bob.open(alice.id).await.ok(), chat);
}

#[tokio::test]
async fn fifty_at_once_from_both_sides_get_one_chat() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    stack.friends(&alice, &bob).await;

    let calls = (0..50).map(|n| {
        if n % 2 == 0 {
            alice.open(bob.id)
        } else {
            bob.open(alice.id)
        }
    });
    let answers = join_all(calls).await;

    let created = answers.iter().filter(|answer| answer.status == 201);
    assert_eq!(created.count(), 1, "one call creates the chat");
    let chat = answers[0].json(answers[0].status);
    for answer in &answers {
        let status = if answer.status == 201 { 201 } else { 200 };
        assert_eq!(answer.json(status), chat);
    }
    let chats: i64 = stack
        .value(
            "select count(*) from chat.chats
             where direct_low = least($1::uuid, $2::uuid)
               and direct_high = greatest($1::uuid, $2::uuid)",
            &[&alice.id, &bob.id],
        )
        .await;
    assert_eq!(chats, 1);
}

#[tokio::test]
async fn people_who_are_not_friends_are_403() {
    let stack = Stack::connect().await;
    let [alice, stranger] = stack.people().await;
    alice.open(stranger.id).await.refused(403, "not_friends");
    assert_eq!(alice.chats().await, []);
    assert_eq!(stranger.chats().await, []);
}

#[tokio::test]
async fn an_unknown_user_is_403_like_a_stranger() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    alice.open(Uuid::new_v4()).await.refused(403, "not_friends");
}

#[tokio::test]
async fn a_block_is_403_for_both() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    stack.block(&alice, &bob).await;
    alice.open(bob.id).await.refused(403, "blocked");
    bob.open(alice.id).await.refused(403, "blocked");
}

#[tokio::test]
async fn a_chat_outlives_the_friendship_but_not_a_block() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;

    stack.no_longer_friends(&alice, &bob).await;
    assert_eq!(Chat::read(&alice.open(bob.id).await.ok()).id, chat);
    assert_eq!(Chat::read(&bob.open(alice.id).await.ok()).id, chat);

    stack.block(&bob, &alice).await;
    alice.open(bob.id).await.refused(403, "blocked");
    bob.open(alice.id).await.refused(403, "blocked");
}

#[tokio::test]
async fn oneself_is_400() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    alice.open(alice.id).await.invalid(&["participantIds"]);
    assert_eq!(alice.chats().await, []);
}

#[tokio::test]
async fn anything_but_one_other_id_is_400() {
    let stack = Stack::connect().await;
    let [alice, bob, carol] = stack.people().await;
    stack.friends(&alice, &bob).await;
    stack.friends(&alice, &carol).await;
    for ids in [
        json!([]),
        json!([bob.id, carol.id]),
        json!([bob.id, bob.id]),
        json!([alice.id, bob.id]),
        json!(null),
        json!(bob.id),
        json!({ "id": bob.id }),
    ] {
        let body = json!({ "type": "direct", "participantIds": ids });
        alice
            .post("/chats", &body)
            .await
            .invalid(&["participantIds"]);
    }
    let absent = json!({ "type": "direct" });
    alice
        .post("/chats", &absent)
        .await
        .invalid(&["participantIds"]);
    assert_eq!(alice.chats().await, []);
}

#[tokio::test]
async fn an_id_that_is_no_uuid_is_400() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    for id in [json!("bob"), json!(7), json!(null), json!("")] {
        let body = json!({ "type": "direct", "participantIds": [id] });
        alice
            .post("/chats", &body)
            .await
            .invalid(&["participantIds"]);
    }
}

#[tokio::test]
async fn another_type_is_400() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    stack.friends(&alice, &bob).await;
    for kind in [
        json!("event_authors"),
        json!("approved_group"),
        json!("Direct"),
        json!(""),
        json!(1),
        Value::Null,
    ] {
        let body = json!({ "type": kind, "participantIds": [bob.id] });
        alice.post("/chats", &body).await.invalid(&["type"]);
    }
    let absent = json!({ "participantIds": [bob.id] });
    alice.post("/chats", &absent).await.invalid(&["type"]);
    assert_eq!(alice.chats().await, []);
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let body = json!({ "type": "group", "participantIds": [] });
    let answer = alice.post("/chats", &body).await;
    answer.invalid(&["type", "participantIds"]);
}
