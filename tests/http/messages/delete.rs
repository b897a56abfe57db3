//! `DELETE /chats/:id/messages/:msgId`

use harness::{Chat, Message, Stack, messages_path};
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test]
async fn a_deleted_message_is_gone_for_both() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let kept = alice.send(chat, "kept").await;
    let gone = alice.send(chat, "a secret").await;

    alice.remove(chat, gone.id).await;

    assert_eq!(bob.messages(chat).await, [kept.seen_by_others()]);
    assert_eq!(alice.messages(chat).await, [kept]);
    for person in [&alice, &bob] {
        for path in [
            "/chats".to_owned(),
            format!("/chats/{chat}"),
            messages_path(chat),
        ] {
            let answer = person.get(&path).await;
            answer.ok();
            assert!(!answer.text().contains("a secret"), "{path}");
        }
    }
}

#[tokio::test]
async fn the_row_is_kept_and_tells_who_and_when() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "a secret").await;
    alice.remove(chat, sent.id).await;
    let row: Value = stack
        .value(
            "select json_build_object('text', text, 'deletedBy', deleted_by, 'rev', rev,
                                      'deletedLater', deleted_at > created_at)
             from public.messages where id = $1",
            &[&sent.id],
        )
        .await;
    let expected = json!({
        "text": "a secret", "deletedBy": alice.id, "rev": 2, "deletedLater": true,
    });
    assert_eq!(row, expected);
}

#[tokio::test]
async fn last_message_and_unread_follow_and_activity_stays() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let one = alice.send(chat, "one").await;
    let two = alice.send(chat, "two").await;
    let before = bob.chat(chat).await;
    assert_eq!(before.unread_count, 2);

    alice.remove(chat, two.id).await;
    let one_left = Chat {
        last_message: Some(one.as_last_message()),
        unread_count: 1,
        rev: 3,
        ..before.clone()
    };
    assert_eq!(bob.chat(chat).await, one_left);
    assert_eq!(bob.chats().await, [one_left]);

    alice.remove(chat, one.id).await;
    let none_left = Chat {
        last_message: None,
        unread_count: 0,
        rev: 4,
        ..before
    };
    assert_eq!(none_left.last_message_at, Some(two.created_at));
    assert_eq!(bob.chat(chat).await, none_left);
}

#[tokio::test]
async fn a_second_time_is_204_and_changes_nothing() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "Hello!").await;
    alice.remove(chat, sent.id).await;
    stack
        .unchanged_by(&[&alice, &bob], alice.remove(chat, sent.id))
        .await;
}

#[tokio::test]
async fn works_after_the_edit_window() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "Hello!").await;
    stack.backdate(sent.id, "30 days").await;
    alice.remove(chat, sent.id).await;
    assert_eq!(bob.messages(chat).await, []);
}

#[tokio::test]
async fn someone_elses_message_is_403_and_404_once_it_is_deleted() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "Hello!").await;
    let answer = stack
        .unchanged_by(&[&alice, &bob], bob.try_remove(chat, sent.id))
        .await;
    answer.refused(403, "not_sender");
    alice.remove(chat, sent.id).await;
    let answer = stack
        .unchanged_by(&[&alice, &bob], bob.try_remove(chat, sent.id))
        .await;
    answer.refused(404, "message_not_found");
}

#[tokio::test]
async fn an_unknown_message_or_one_of_another_chat_is_404() {
    let stack = Stack::connect().await;
    let [alice, bob, carol] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let other = stack.direct_chat(&alice, &carol).await;
    let elsewhere = alice.send(other, "Hello!").await;
    for message in [Uuid::new_v4(), elsewhere.id] {
        let answer = alice.try_remove(chat, message).await;
        answer.refused(404, "message_not_found");
    }
    assert_eq!(alice.messages(other).await, [elsewhere]);
}

#[tokio::test]
async fn unknown_chat_is_404_and_foreign_chat_403() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "Hello!").await;
    let unknown = alice.try_remove(Uuid::new_v4(), sent.id).await;
    unknown.refused(404, "chat_not_found");
    let foreign = stranger.try_remove(chat, sent.id).await;
    foreign.refused(403, "not_participant");
    assert_eq!(alice.messages(chat).await, [sent]);
}

#[tokio::test]
async fn twenty_at_once_take_one_rev() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "Hello!").await;
    let calls = (0..20).map(|_| alice.remove(chat, sent.id));
    futures_util::future::join_all(calls).await;
    let next: Message = alice.send(chat, "next").await;
    assert_eq!(next.rev, 3);
}
