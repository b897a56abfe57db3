//! `DELETE /chats/:id`

use futures_util::join;
use harness::{Stack, chat_path};
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
async fn afterwards_each_call_is_403() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let message = alice.send(chat, "goodbye").await;
    alice.leave(chat).await;
    alice.is_shut_out_of(chat, message.id).await;
}

#[tokio::test]
async fn afterwards_each_call_is_403_in_a_group_too() {
    let stack = Stack::connect().await;
    let [author, alice] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice]).await;
    let message = alice.send(chat, "goodbye").await;
    alice.leave(chat).await;
    alice.is_shut_out_of(chat, message.id).await;
}

#[tokio::test]
async fn a_leaver_who_moderates_is_out_as_well() {
    let stack = Stack::connect().await;
    let [author, alice] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice]).await;
    let message = alice.send(chat, "hello").await;
    author.leave(chat).await;
    author.is_shut_out_of(chat, message.id).await;
    let with_role = author.as_moderator(&stack.edge());
    with_role.is_shut_out_of(chat, message.id).await;
}

#[tokio::test]
async fn nobody_notices_in_a_direct_chat() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    alice.send(chat, "goodbye").await;
    let before = (bob.chat(chat).await, bob.messages(chat).await);
    alice.leave(chat).await;
    assert_eq!((bob.chat(chat).await, bob.messages(chat).await), before);
}

#[tokio::test]
async fn the_leaver_is_no_participant_of_the_group() {
    let stack = Stack::connect().await;
    let [author, alice, bob] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice, &bob]).await;
    let goodbye = alice.send(chat, "goodbye").await;
    alice.leave(chat).await;

    let mut stayed = vec![author.id, bob.id];
    stayed.sort();
    let seen = bob.chat(chat).await;
    assert_eq!((seen.participants, seen.rev), (stayed, 1));
    assert_eq!(bob.messages(chat).await, [goodbye.seen_by_others()]);
}

#[tokio::test]
async fn leaving_twice_is_403() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    alice.leave(chat).await;
    alice
        .delete(&chat_path(chat))
        .await
        .refused(403, "not_participant");
}

#[tokio::test]
async fn unknown_chat_is_404_and_foreign_chat_403() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let unknown = stranger.delete(&chat_path(Uuid::new_v4())).await;
    unknown.refused(404, "chat_not_found");
    let foreign = stack
        .unchanged_by(&[&alice, &bob], stranger.delete(&chat_path(chat)))
        .await;
    foreign.refused(403, "not_participant");
}

#[tokio::test]
async fn both_may_leave_and_come_back_to_the_same_chat() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    alice.send(chat, "goodbye").await;
    alice.leave(chat).await;
    bob.leave(chat).await;

    assert_eq!(alice.open(bob.id).await.ok()["id"], json!(chat));
    let news = alice.send(chat, "me again").await;

    assert_eq!(bob.messages(chat).await, [news.seen_by_others()]);
}

#[tokio::test]
async fn a_message_on_its_way_when_its_sender_leaves_is_refused() {
    let stack = Stack::connect().await;
    let [author, alice, bob] = stack.people().await;
    let (_, group) = stack.room(&author, &[&alice]).await;
    let direct = stack.direct_chat(&alice, &bob).await;
    for chat in [group, direct] {
        let lock = stack.lock_chat(chat).await;
        let send = async {
            lock.wait_for(1).await;
            alice.try_send(chat, &json!({ "text": "too late" })).await
        };
        let release = async {
            lock.wait_for(2).await;
            lock.release().await;
        };
        let ((), answer, ()) = join!(alice.leave(chat), send, release);
        answer.refused(403, "not_participant");
    }
    assert_eq!(alice.chats().await, []);
    assert_eq!(bob.messages(direct).await, []);
    assert_eq!(author.messages(group).await, []);
}

/// Whichever comes first, leaving or sending, the sender's message is stored, and the leaver
/// is either out or back with exactly that message.
#[tokio::test]
async fn leaving_while_the_other_sends_loses_nothing() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let mut sent = Vec::new();
    for round in 0..200 {
        let text = format!("message {round}");
        let (_, message) = join!(alice.leave(chat), bob.send(chat, &text));
        let listed = alice.chats().await;
        if listed.is_empty() {
            let back = alice.open(bob.id).await.ok();
            assert_eq!(back["id"], json!(chat));
            assert_eq!(
                alice.messages(chat).await,
                [],
                "round {round}: left after it"
            );
        } else {
            let seen = alice.messages(chat).await;
            assert_eq!(
                seen,
                [message.seen_by_others()],
                "round {round}: left before it"
            );
        }
        sent.push(message);
    }
    sent.reverse();
    assert_eq!(bob.all_messages(chat, 100).await, sent);
}
