//! What moderators see and may do: authors of a chat's event, and `app_metadata.role` `moderator`.

use harness::{Chat, Message, Person, Stack};
use serde_json::json;
use uuid::Uuid;

/// A group chat with one message deleted by its sender.
async fn a_deleted_message(stack: &Stack, author: &Person, alice: &Person) -> (Uuid, Message) {
    let (_, chat) = stack.room(author, &[alice]).await;
    let sent = alice.send(chat, "a secret").await;
    alice.remove(chat, sent.id).await;
    (chat, sent)
}

/// What a moderator gets of `sent` after it was deleted by `by`.
fn deleted(sent: &Message, seen: &Message, by: &Person) -> Message {
    Message {
        rev: 2,
        deleted_at: seen.deleted_at,
        deleted_by: Some(by.id),
        ..sent.seen_by_others()
    }
}

#[tokio::test]
async fn an_author_of_the_event_sees_a_deleted_message() {
    let stack = Stack::connect().await;
    let [author, alice] = stack.people().await;
    let (chat, sent) = a_deleted_message(&stack, &author, &alice).await;
    let seen = author.messages_as_moderator(chat).await;
    assert_eq!(seen, [deleted(&sent, &seen[0], &alice)]);
    assert!(seen[0].deleted_at > Some(sent.created_at));
}

#[tokio::test]
async fn the_role_in_the_token_shows_a_deleted_message() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "a secret").await;
    alice.remove(chat, sent.id).await;
    let moderator = bob.as_moderator(&stack.edge());
    let seen = moderator.messages_as_moderator(chat).await;
    assert_eq!(seen, [deleted(&sent, &seen[0], &alice)]);
    assert_eq!(bob.messages(chat).await, []);
}

#[tokio::test]
async fn a_role_that_the_user_could_set_counts_for_nothing() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "a secret").await;
    alice.remove(chat, sent.id).await;
    let claims = harness::tokens::claims_with(
        bob.id,
        &json!({
            "user_metadata": { "role": "moderator" },
            "app_role": "moderator",
            "app_metadata": { "role": "Moderator", "roles": ["moderator"] },
        }),
    );
    let pretender = Person::new(bob.id, harness::tokens::sign(&claims), &stack.edge());
    assert_eq!(pretender.messages(chat).await, []);
}

#[tokio::test]
async fn a_message_that_was_not_deleted_says_so() {
    let stack = Stack::connect().await;
    let [author, alice] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice]).await;
    let sent = alice.send(chat, "Hello!").await;
    let seen = author.messages_as_moderator(chat).await;
    assert_eq!(seen, [sent.seen_by_others()]);
}

#[tokio::test]
async fn members_and_authors_of_other_events_are_no_moderators() {
    let stack = Stack::connect().await;
    let [author, alice, bob] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice, &bob]).await;
    stack.event("Another Event", &[&bob]).await;
    let sent = alice.send(chat, "a secret").await;
    alice.remove(chat, sent.id).await;
    assert_eq!(bob.messages(chat).await, []);
    assert_eq!(alice.messages(chat).await, []);
}

#[tokio::test]
async fn a_moderator_deletes_what_others_sent() {
    let stack = Stack::connect().await;
    let [author, alice] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice]).await;
    let sent = alice.send(chat, "rude").await;

    author.remove(chat, sent.id).await;

    assert_eq!(alice.messages(chat).await, []);
    let seen = author.messages_as_moderator(chat).await;
    assert_eq!(seen, [deleted(&sent, &seen[0], &author)]);
    stack
        .unchanged_by(&[&author, &alice], author.remove(chat, sent.id))
        .await;
}

#[tokio::test]
async fn the_role_deletes_in_a_direct_chat_of_ones_own() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "rude").await;
    bob.as_moderator(&stack.edge()).remove(chat, sent.id).await;
    assert_eq!(alice.messages(chat).await, []);
}

#[tokio::test]
async fn a_deleted_message_is_no_moderators_unread_or_last_message() {
    let stack = Stack::connect().await;
    let [author, alice] = stack.people().await;
    let (chat, _) = a_deleted_message(&stack, &author, &alice).await;
    let seen: Chat = author.chat(chat).await;
    assert_eq!((seen.unread_count, seen.last_message), (0, None));
}

#[tokio::test]
async fn an_author_who_is_removed_moderates_no_more() {
    let stack = Stack::connect().await;
    let [author, other, alice] = stack.people().await;
    let authors = [&author, &other];
    let (room, chat) = stack.room_of(&authors, &[&alice, &other]).await;
    let sent = alice.send(chat, "a secret").await;
    alice.remove(chat, sent.id).await;
    assert_eq!(other.messages_as_moderator(chat).await.len(), 1);

    // Still a member, so still in the chat.
    let event = stack.event_of(room).await;
    stack.remove_author(event, &other).await;

    assert_eq!(other.messages(chat).await, []);
}
