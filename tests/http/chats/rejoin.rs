//! Coming back: a direct chat by a message or by `POST /chats`, a group chat by its source alone.

use harness::{Chat, Stack};
use serde_json::json;

#[tokio::test]
async fn a_message_brings_a_direct_chat_back_without_its_history() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let created = alice.chat(chat).await;
    alice.send(chat, "old").await;
    let old = bob.send(chat, "old as well").await;
    alice.leave(chat).await;

    let news = bob.send(chat, "are you there?").await;

    let expected = Chat {
        last_message_at: Some(news.created_at),
        last_message: Some(news.as_last_message()),
        unread_count: 1,
        // What is before the history counts as read.
        last_read_at: Some(old.created_at),
        rev: 3,
        history_rev: 2,
        ..created
    };
    assert_eq!(alice.chats().await, [expected]);
    assert_eq!(alice.messages(chat).await, [news.seen_by_others()]);
    assert_eq!(bob.messages(chat).await.len(), 3);
}

#[tokio::test]
async fn opening_brings_a_direct_chat_back_without_its_history() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    bob.send(chat, "old").await;
    alice.leave(chat).await;

    let back = Chat::read(&alice.open(bob.id).await.ok());

    assert_eq!((back.id, back.unread_count), (chat, 0));
    assert_eq!(back.last_message, None, "the last message is from before");
    assert_eq!(alice.messages(chat).await, []);
    let news = alice.send(chat, "me again").await;
    assert_eq!(alice.messages(chat).await, [news]);
}

#[tokio::test]
async fn ones_own_opening_does_not_bring_the_other_back() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    alice.leave(chat).await;
    assert_eq!(bob.open(alice.id).await.ok()["id"], json!(chat));
    assert_eq!(alice.chats().await, []);
}

#[tokio::test]
async fn nothing_from_before_can_be_touched_after_coming_back() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let own = alice.send(chat, "mine, old").await;
    let other = bob.send(chat, "yours, old").await;
    alice.leave(chat).await;
    alice.open(bob.id).await.ok();

    for message in [own.id, other.id] {
        let answers = [
            alice.try_edit(chat, message, "changed").await,
            alice.try_remove(chat, message).await,
            alice.try_mark_read(chat, message).await,
        ];
        for answer in answers {
            answer.refused(404, "message_not_found");
        }
    }
    let untouched = [other, own.seen_by_others()];
    assert_eq!(bob.messages(chat).await, untouched);
}

#[tokio::test]
async fn leaving_again_hides_what_came_in_between() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for text in ["first stay", "second stay"] {
        bob.send(chat, text).await;
        assert_eq!(alice.messages(chat).await.len(), 1, "{text}");
        alice.leave(chat).await;
    }
    alice.open(bob.id).await.ok();
    assert_eq!(alice.messages(chat).await, []);
}

#[tokio::test]
async fn a_blocked_side_cannot_bring_the_other_back() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    alice.leave(chat).await;
    stack.block(&alice, &bob).await;
    let answer = bob.try_send(chat, &json!({ "text": "please" })).await;
    answer.refused(403, "blocked");
    assert_eq!(alice.chats().await, []);
}

#[tokio::test]
async fn a_message_brings_nobody_back_to_a_group() {
    let stack = Stack::connect().await;
    let [author, alice] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice]).await;
    let hello = alice.send(chat, "hello").await;
    alice.leave(chat).await;
    author.send(chat, "anyone?").await;
    alice.is_shut_out_of(chat, hello.id).await;
}

#[tokio::test]
async fn a_member_added_again_is_back_in_the_group() {
    let stack = Stack::connect().await;
    let [author, alice] = stack.people().await;
    let (room, chat) = stack.room(&author, &[&alice]).await;
    let hello = alice.send(chat, "hello").await;
    alice.leave(chat).await;

    stack.remove_member(room, &alice).await;
    assert_eq!(alice.chats().await, []);
    stack.add_member(room, &alice).await;

    let expected = Chat {
        unread_count: 0,
        last_read_at: Some(hello.created_at),
        ..author.chat(chat).await
    };
    assert_eq!(alice.chats().await, [expected]);
}

#[tokio::test]
async fn an_author_added_again_is_back_in_the_event_chat() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let (event, chat) = stack.event("Lantern Walk", &[&alice, &bob]).await;
    bob.leave(chat).await;

    stack.remove_author(event, &bob).await;
    stack.add_author(event, &bob).await;

    assert_eq!(bob.chats().await, [alice.chat(chat).await]);
}
