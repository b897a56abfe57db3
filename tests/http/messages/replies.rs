//! `replyToId` of `POST /chats/:id/messages`, and `replyTo` of every message

use harness::{Change, Message, ReplyTo, Stack, message_path};
use serde_json::json;
use uuid::Uuid;

const REFUSED: &str = "must be a message of this chat that you can read";

#[tokio::test]
async fn a_reply_quotes_its_message_as_it_is_now() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, &"🙂".repeat(200)).await;
    let reply = bob.reply(chat, sent.id, "Ha").await;
    let expected = Message {
        reply_to_id: Some(sent.id),
        reply_to: Some(sent.quoted()),
        ..reply.clone()
    };
    assert_eq!(reply, expected);
    assert_eq!(alice.message(chat, reply.id).await, reply.seen_by_others());

    let edited = alice.edit(chat, sent.id, "Hello!").await;
    let seen = alice.messages(chat).await;
    assert_eq!(seen[0].reply_to, Some(edited.quoted()));
    assert_eq!(seen[0].rev, reply.rev, "the reply has not changed");

    let file = stack.attached(&alice, chat, b"12345").await;
    let reply = bob.reply(chat, file.id, "Nice").await;
    assert_eq!(reply.reply_to, Some(file.quoted()));
}

#[tokio::test]
async fn a_message_that_cannot_be_replied_to_is_400_with_one_text() {
    let stack = Stack::connect().await;
    let [alice, bob, carol, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let other = stack.direct_chat(&alice, &carol).await;
    let elsewhere = alice.send(other, "Hello!").await;
    let deleted = alice.send(chat, "Oops").await;
    alice.remove(chat, deleted.id).await;
    let closed = alice.send(chat, "before").await;
    bob.leave(chat).await;
    alice.send(chat, "after").await;
    for (person, id) in [
        (&bob, closed.id),
        (&bob, deleted.id),
        (&bob, elsewhere.id),
        (&alice, elsewhere.id),
        (&alice, deleted.id),
        (&bob, Uuid::new_v4()),
    ] {
        let body = json!({ "text": "Ha", "replyToId": id });
        let people = [&alice, &bob, &carol];
        let sending = person.try_send(chat, &body);
        let answer = stack.unchanged_by(&people, sending).await;
        answer.refused_field("replyToId", REFUSED);
    }
    for id in [closed.id, Uuid::new_v4()] {
        let body = json!({ "text": "Ha", "replyToId": id });
        let answer = stranger.try_send(chat, &body).await;
        answer.refused(403, "not_participant");
    }
    let answer = alice
        .try_send(chat, &json!({ "text": "Ha", "replyToId": 7 }))
        .await;
    answer.refused_field("replyToId", "must be a UUID");
    let absent = json!({ "text": "Ha", "replyToId": null });
    let sent = Message::read(&alice.try_send(chat, &absent).await.created());
    assert_eq!((sent.reply_to_id, sent.reply_to), (None, None));
}

#[tokio::test]
async fn a_deleted_message_is_quoted_to_nobody() {
    let stack = Stack::connect().await;
    let [author, alice, bob] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice, &bob]).await;
    let sent = alice.send(chat, "a secret").await;
    let reply = bob.reply(chat, sent.id, "Ha").await;
    alice.remove(chat, sent.id).await;
    let gone = Some(ReplyTo::unavailable(sent.id));
    for person in [&alice, &bob] {
        assert_eq!(person.messages(chat).await[0].reply_to, gone);
        assert_eq!(person.message(chat, reply.id).await.reply_to, gone);
        let page = person.changes(chat, "?since=0").await;
        let Change::Upsert { rev, message } = &page.data[0] else {
            panic!("{page:?}");
        };
        assert_eq!((*rev, &message.reply_to), (reply.rev, &gone));
        assert_eq!(page.rev, reply.rev + 1, "the deletion alone took a rev");
    }
    // The author moderates and sees the deleted message in its place.
    let [shown, kept] = author.messages_as_moderator(chat).await.try_into().unwrap();
    assert_eq!(
        (shown.reply_to, kept.text.as_deref()),
        (gone.clone(), Some("a secret"))
    );
    assert_eq!(bob.edit(chat, reply.id, "Ha!").await.reply_to, gone);
    assert_eq!(author.react(chat, reply.id, "👍").await.reply_to, gone);
}

#[tokio::test]
async fn a_returner_gets_nothing_quoted_from_before() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let before = alice.send(chat, "a secret").await;
    bob.leave(chat).await;
    let reply = alice.reply(chat, before.id, "Do you remember?").await;
    assert_eq!(reply.reply_to, Some(before.quoted()));
    let gone = Some(ReplyTo::unavailable(before.id));
    let answer = bob.get(&message_path(chat, reply.id)).await;
    assert_eq!(Message::read(&answer.ok()).reply_to, gone);
    let feed = bob.get(&format!("/chats/{chat}/changes?since=0")).await;
    let page = bob.get(&format!("/chats/{chat}/messages")).await;
    for answer in [feed, page, answer] {
        assert!(!answer.text().contains("a secret"), "{}", answer.text());
    }
    assert_eq!(bob.react(chat, reply.id, "👍").await.reply_to, gone);
}

#[tokio::test]
async fn a_reply_is_not_moved_by_an_edit() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let [one, two] = [alice.send(chat, "one").await, alice.send(chat, "two").await];
    let reply = bob.reply(chat, one.id, "Ha").await;
    let body = json!({ "text": "Ha!", "replyToId": two.id });
    let edited = bob.patch(&message_path(chat, reply.id), &body).await.ok();
    assert_eq!(Message::read(&edited).reply_to, Some(one.quoted()));
}

#[tokio::test]
async fn a_retry_is_the_first_message_and_another_reply_is_409() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = bob.send(chat, "Hello!").await;
    let key = Uuid::new_v4();
    let body = json!({ "text": "Ha", "clientId": key, "replyToId": sent.id });
    let first = Message::read(&alice.try_send(chat, &body).await.created());
    let again = alice.try_send(chat, &body).await.ok();
    assert_eq!(Message::read(&again), first);
    let plain = json!({ "text": "Ha", "clientId": key });
    let answer = alice.try_send(chat, &plain).await;
    answer.refused(409, "idempotency_mismatch");
    bob.remove(chat, sent.id).await;
    let again = Message::read(&alice.try_send(chat, &body).await.ok());
    assert_eq!(again.reply_to, Some(ReplyTo::unavailable(sent.id)));
}

/// The deletion of the quoted message and the reply wait for the same lock. Whichever comes first, nobody is quoted a
/// deleted text.
#[tokio::test]
async fn a_reply_that_races_with_the_deletion_quotes_it_before_or_not_at_all() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for _ in 0..12 {
        let sent = alice.send(chat, "a secret").await;
        let body = json!({ "text": "Ha", "replyToId": sent.id });
        let reply = bob.try_send(chat, &body);
        let (answer, ()) = tokio::join!(reply, alice.remove(chat, sent.id));
        if answer.status == 201 {
            let reply = Message::read(&answer.created());
            assert_eq!(reply.reply_to, Some(sent.quoted()));
            let seen = bob.message(chat, reply.id).await;
            assert_eq!(seen.reply_to, Some(ReplyTo::unavailable(sent.id)));
        } else {
            answer.refused_field("replyToId", REFUSED);
        }
    }
}
