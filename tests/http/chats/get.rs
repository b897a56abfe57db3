//! `GET /chats/:id`

use harness::{Chat, Stack, chat_path};
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
async fn a_chat_shows_its_last_message() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let before = alice.chat(chat).await;
    alice.send(chat, "first").await;
    let last = alice.send(chat, "second").await;

    let expected = Chat {
        last_message_at: Some(last.created_at),
        last_message: Some(last.as_last_message()),
        last_read_at: Some(last.created_at),
        rev: 2,
        ..before
    };

    assert_eq!(alice.chat(chat).await, expected);
    let for_bob = Chat {
        unread_count: 2,
        last_read_at: None,
        ..expected
    };
    assert_eq!(bob.chat(chat).await, for_bob);
}

#[tokio::test]
async fn an_edit_shows_in_the_last_message_and_moves_no_activity() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "first").await;
    let before = bob.chat(chat).await;

    let edited = alice.edit(chat, sent.id, "second").await;

    let expected = Chat {
        last_message: Some(edited.as_last_message()),
        rev: 2,
        ..before
    };
    assert_eq!(bob.chat(chat).await, expected);
    assert_eq!(expected.last_message_at, Some(sent.created_at));
}

#[tokio::test]
async fn how_far_the_caller_has_read_is_told_to_the_caller() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let one = bob.send(chat, "one").await;
    let two = bob.send(chat, "two").await;
    assert_eq!(alice.chat(chat).await.last_read_at, None);
    alice.mark_read(chat, one.id).await;
    let read = alice.chat(chat).await;
    assert_eq!(read.last_read_at, Some(one.created_at));
    assert_eq!(alice.chats().await, [read]);
    let own = bob.chat(chat).await.last_read_at;
    assert_eq!(own, Some(two.created_at));
}

#[tokio::test]
async fn a_pair_stays_a_pair_and_tells_whose_account_is_gone() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    bob.send(chat, "goodbye").await;
    let before = alice.chat(chat).await;
    let sql = "delete from auth.users where id = $1";
    assert_eq!(stack.execute(sql, &[&bob.id]).await, 1);
    let expected = Chat {
        gone_participants: vec![bob.id],
        // Bob's token receives nothing of it any more.
        topic: format!("chat:{chat}:1"),
        ..before
    };
    assert_eq!(alice.chat(chat).await, expected);

    // Nor is the token worth anything that outlives its account.
    for answer in [
        bob.get("/chats").await,
        bob.get(&chat_path(chat)).await,
        bob.open(alice.id).await,
        bob.try_send(chat, &json!({ "text": "still here" })).await,
    ] {
        answer.refused(401, "invalid_token");
    }
}

#[tokio::test]
async fn unknown_chat_is_404() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let answer = alice.get(&chat_path(Uuid::new_v4())).await;
    answer.refused(404, "chat_not_found");
}

#[tokio::test]
async fn foreign_chat_is_403() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    stranger
        .get(&chat_path(chat))
        .await
        .refused(403, "not_participant");
}

#[tokio::test]
async fn a_moderator_who_takes_no_part_is_403() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let message = alice.send(chat, "between us").await;
    let moderator = stranger.as_moderator(&stack.edge());
    moderator.is_shut_out_of(chat, message.id).await;
}

#[tokio::test]
async fn uppercase_ids_name_the_same_chat() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let path = format!("/chats/{}", chat.to_string().to_uppercase());
    assert_eq!(
        Chat::read(&alice.get(&path).await.ok()),
        alice.chat(chat).await
    );
}
