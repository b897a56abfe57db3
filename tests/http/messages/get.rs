//! `GET /chats/:id/messages/:msgId`

use harness::{Message, Stack, message_path};
use uuid::Uuid;

#[tokio::test]
async fn a_message_alone_is_the_message_of_the_page() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "one").await;
    alice.send(chat, "two").await;
    assert_eq!(alice.message(chat, sent.id).await, sent);
    assert_eq!(bob.message(chat, sent.id).await, sent.seen_by_others());
    let edited = alice.edit(chat, sent.id, "one, mended").await;
    assert_eq!(alice.message(chat, sent.id).await, edited);
}

#[tokio::test]
async fn its_attachment_has_a_url() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let upload = stack.uploaded(&alice, chat, b"12345").await;
    let body = serde_json::json!({ "attachmentUrl": upload.attachment_url });
    let sent = Message::read(&alice.try_send(chat, &body).await.created());
    let seen = bob.message(chat, sent.id).await;
    assert!(
        seen.attachment_url
            .is_some_and(|url| url.contains("?token="))
    );
}

#[tokio::test]
async fn only_a_moderator_gets_a_deleted_message() {
    let stack = Stack::connect().await;
    let [author, alice] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice]).await;
    let sent = alice.send(chat, "a secret").await;
    alice.remove(chat, sent.id).await;
    let path = message_path(chat, sent.id);
    alice.get(&path).await.refused(404, "message_not_found");
    let seen = Message::read_by_moderator(&author.get(&path).await.ok());
    assert_eq!(seen.text, sent.text);
    assert_eq!(seen.deleted_by, Some(alice.id));
    assert_eq!(author.messages_as_moderator(chat).await, [seen]);
}

#[tokio::test]
async fn a_message_that_one_may_not_read_does_not_exist() {
    let stack = Stack::connect().await;
    let [alice, bob, carol] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let other_chat = stack.direct_chat(&alice, &carol).await;
    let old = alice.send(chat, "before").await;
    bob.leave(chat).await;
    let new = alice.send(chat, "after").await;

    assert_eq!(bob.message(chat, new.id).await, new.seen_by_others());
    for (person, chat, message) in [
        (&bob, chat, old.id),
        (&bob, chat, Uuid::new_v4()),
        (&alice, other_chat, new.id),
    ] {
        let answer = person.get(&message_path(chat, message)).await;
        answer.refused(404, "message_not_found");
    }
    let answer = bob.get(&message_path(Uuid::new_v4(), new.id)).await;
    answer.refused(404, "chat_not_found");
    let answer = bob.get(&message_path(other_chat, new.id)).await;
    answer.refused(403, "not_participant");
}
