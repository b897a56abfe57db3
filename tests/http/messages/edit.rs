//! `PATCH /chats/:id/messages/:msgId`

use harness::{Message, Stack, message_path};
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
async fn an_edit_takes_the_next_rev_and_sets_edited_at() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "Helo!").await;
    bob.send(chat, "Hi").await;

    let edited = alice.edit(chat, sent.id, "  Hello!\n").await;

    let expected = Message {
        text: Some("Hello!".to_owned()),
        edited_at: edited.edited_at,
        rev: 3,
        ..sent.clone()
    };
    assert_eq!(edited, expected);
    assert!(edited.edited_at > Some(sent.created_at));
    assert_eq!(bob.messages(chat).await[1], edited.seen_by_others());
    assert_eq!(bob.chat(chat).await.rev, 3);
}

#[tokio::test]
async fn works_14_minutes_and_59_seconds_after_creation() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "Helo!").await;
    // A machine that stalls for a second is past the window: only then, by the database's
    // clock, is a refusal right, and the edit tried anew.
    loop {
        stack.backdate(sent.id, "14 minutes 59 seconds").await;
        let answer = alice.try_edit(chat, sent.id, "Hello!").await;
        let too_late: bool = stack
            .value(
                "select clock_timestamp() >= created_at + interval '15 minutes'
                 from public.messages where id = $1",
                &[&sent.id],
            )
            .await;
        if answer.status == 403 && too_late {
            continue;
        }
        assert_eq!(Message::read(&answer.ok()).text.as_deref(), Some("Hello!"));
        break;
    }
}

#[tokio::test]
async fn fails_15_minutes_and_1_second_after_creation() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "Helo!").await;
    stack.backdate(sent.id, "15 minutes 1 second").await;
    let answer = stack
        .unchanged_by(&[&alice, &bob], alice.try_edit(chat, sent.id, "Hello!"))
        .await;
    answer.refused(403, "edit_window_expired");
}

#[tokio::test]
async fn an_edit_opens_no_new_window() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "Helo!").await;
    alice.edit(chat, sent.id, "Hello!").await;
    stack.backdate(sent.id, "15 minutes 1 second").await;
    let answer = alice.try_edit(chat, sent.id, "Hello?").await;
    answer.refused(403, "edit_window_expired");
}

#[tokio::test]
async fn someone_elses_message_is_403() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "Hello!").await;
    let answer = stack
        .unchanged_by(&[&alice, &bob], bob.try_edit(chat, sent.id, "Goodbye!"))
        .await;
    answer.refused(403, "not_sender");
}

#[tokio::test]
async fn a_moderator_does_not_edit_for_others() {
    let stack = Stack::connect().await;
    let [author, alice] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice]).await;
    let sent = alice.send(chat, "Hello!").await;
    for moderator in [author.clone(), author.as_moderator(&stack.edge())] {
        let answer = moderator.try_edit(chat, sent.id, "Goodbye!").await;
        answer.refused(403, "not_sender");
    }
}

#[tokio::test]
async fn a_deleted_message_is_404() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "Hello!").await;
    alice.remove(chat, sent.id).await;
    for person in [&alice, &bob] {
        let answer = stack
            .unchanged_by(&[&alice, &bob], person.try_edit(chat, sent.id, "Goodbye!"))
            .await;
        answer.refused(404, "message_not_found");
    }
}

#[tokio::test]
async fn neither_of_a_pair_edits_once_one_has_blocked_the_other() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let of_alice = alice.send(chat, "Hello!").await;
    let of_bob = bob.send(chat, "Hello!").await;
    stack.block(&bob, &alice).await;
    for (person, message) in [(&alice, of_alice.id), (&bob, of_bob.id)] {
        let answer = stack
            .unchanged_by(&[&alice, &bob], person.try_edit(chat, message, "Goodbye!"))
            .await;
        answer.refused(403, "blocked");
    }
}

#[tokio::test]
async fn an_unknown_message_is_404() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let answer = alice.try_edit(chat, Uuid::new_v4(), "Hello!").await;
    answer.refused(404, "message_not_found");
}

#[tokio::test]
async fn a_message_of_another_chat_is_404() {
    let stack = Stack::connect().await;
    let [alice, bob, carol] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let other = stack.direct_chat(&alice, &carol).await;
    let elsewhere = alice.send(other, "Hello!").await;
    let answer = alice.try_edit(chat, elsewhere.id, "Goodbye!").await;
    answer.refused(404, "message_not_found");
    assert_eq!(alice.messages(other).await, [elsewhere]);
}

#[tokio::test]
async fn unknown_chat_is_404_and_foreign_chat_403() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "Hello!").await;
    let unknown = alice.try_edit(Uuid::new_v4(), sent.id, "Goodbye!").await;
    unknown.refused(404, "chat_not_found");
    let foreign = stranger.try_edit(chat, sent.id, "Goodbye!").await;
    foreign.refused(403, "not_participant");
}

#[tokio::test]
async fn an_empty_text_or_none_is_400() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "Hello!").await;
    for body in [
        json!({}),
        json!({ "text": null }),
        json!({ "text": 5 }),
        json!({ "text": "" }),
        json!({ "text": " \n\u{3000}" }),
        json!({ "text": "nul\u{0}" }),
        json!({ "text": "x".repeat(4001) }),
    ] {
        let answer = alice.patch(&message_path(chat, sent.id), &body).await;
        answer.invalid(&["text"]);
    }
    assert_eq!(alice.messages(chat).await, [sent]);
}
