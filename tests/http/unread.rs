//! What counts as unread, and how far the count goes.

use harness::{Stack, chat_path};
use serde_json::json;

#[tokio::test]
async fn others_messages_count_and_ones_own_do_not() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    alice.send(chat, "mine").await;
    bob.send(chat, "yours").await;
    bob.send(chat, "yours").await;
    assert_eq!(alice.chat(chat).await.unread_count, 2);
    assert_eq!(bob.chat(chat).await.unread_count, 1);
    assert_eq!(alice.chats().await[0].unread_count, 2);
}

#[tokio::test]
async fn deleted_messages_do_not_count() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let one = bob.send(chat, "one").await;
    bob.send(chat, "two").await;
    bob.remove(chat, one.id).await;
    assert_eq!(alice.chat(chat).await.unread_count, 1);
}

#[tokio::test]
async fn an_edit_makes_nothing_unread() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = bob.send(chat, "Helo!").await;
    alice.mark_read(chat, sent.id).await;
    bob.edit(chat, sent.id, "Hello!").await;
    assert_eq!(alice.chat(chat).await.unread_count, 0);
}

#[tokio::test]
async fn exact_to_99_then_100() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    stack.history(chat, &bob, 98).await;
    for expected in [98, 99, 100, 100, 100] {
        assert_eq!(alice.chat(chat).await.unread_count, expected);
        assert_eq!(alice.chats().await[0].unread_count, expected);
        bob.send(chat, "one more").await;
    }
}

#[tokio::test]
async fn own_and_deleted_messages_do_not_fill_the_hundred() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    stack.history(chat, &bob, 60).await;
    stack.history(chat, &alice, 200).await;
    stack.history(chat, &bob, 60).await;
    let deleted = stack
        .execute(
            "update public.messages set deleted_at = now(), deleted_by = sender_id
             where chat_id = $1 and sender_id = $2 and text::int > 45",
            &[&chat, &bob.id],
        )
        .await;
    assert_eq!(deleted, 30);
    assert_eq!(alice.chat(chat).await.unread_count, 90);
}

#[tokio::test]
async fn marking_answers_with_what_the_chat_shows() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    stack.history(chat, &bob, 250).await;
    let newest_first = alice.all_messages(chat, 100).await;
    for (index, expected) in [(249, 100), (100, 100), (99, 99), (1, 1), (0, 0)] {
        let unread = alice.mark_read(chat, newest_first[index].id).await;
        assert_eq!(unread, expected, "{index} messages are newer");
        let shown = alice.get(&chat_path(chat)).await.ok()["unreadCount"].take();
        assert_eq!(shown, json!(expected));
    }
}

#[tokio::test]
async fn each_chat_counts_for_itself() {
    let stack = Stack::connect().await;
    let [alice, bob, carol] = stack.people().await;
    let with_bob = stack.direct_chat(&alice, &bob).await;
    let with_carol = stack.direct_chat(&alice, &carol).await;
    let read = bob.send(with_bob, "hello").await;
    carol.send(with_carol, "hello").await;
    alice.mark_read(with_bob, read.id).await;
    assert_eq!(alice.chat(with_bob).await.unread_count, 0);
    assert_eq!(alice.chat(with_carol).await.unread_count, 1);
}
