//! Broadcasts beside other transactions. What each of them says is tested by `realtime_messages.test.sql`.

use super::{REALTIME, broadcasts_of};
use futures_util::future::join_all;
use harness::{Stack, removal};
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

async fn lost(stack: &Stack) -> i64 {
    let sql = "select last_value from chat.lost_broadcasts";
    stack.value(sql, &[]).await
}

#[tokio::test]
async fn upkeep_of_realtimes_table_stops_no_write_and_is_counted() {
    let realtime = REALTIME.write().await;
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let lost_before = lost(&stack).await;

    let upkeep = Stack::sql_connection().await;
    upkeep
        .batch_execute("begin; lock table realtime.messages in access exclusive mode")
        .await
        .unwrap();
    let message = alice.send(chat, "unheard").await;
    // All of them wait for the chat's lock, one after the other.
    let senders = (0..40).map(|n| {
        let sender = if n % 2 == 0 { &alice } else { &bob };
        async move { sender.send(chat, &format!("line {n}")).await }
    });
    let lines = join_all(senders).await;
    let edited = alice.edit(chat, message.id, "unheard of").await;
    let last = lines.iter().max_by_key(|line| line.rev).unwrap();
    assert_eq!(bob.mark_read(chat, last.id).await, 0);
    assert_eq!(bob.messages(chat).await.len(), 41);
    assert_eq!(edited.rev, 42);
    alice.remove(chat, message.id).await;
    bob.leave(chat).await;
    upkeep.batch_execute("rollback").await.unwrap();

    assert!(lost(&stack).await >= lost_before + 44);
    assert_eq!(broadcasts_of(&stack, chat).await, []);
    drop(realtime);
}

#[tokio::test]
async fn a_message_that_waited_for_a_removal_is_told_where_the_removed_cannot_hear_it() {
    let realtime = REALTIME.read().await;
    let stack = Stack::connect().await;
    let [author, alice, bob] = stack.people().await;
    let (room, chat) = stack.room(&author, &[&alice, &bob]).await;
    assert_eq!(author.chat(chat).await.topic, format!("chat:{chat}"));
    alice.send(chat, "with bob").await;

    let host = Stack::sql_connection().await;
    host.batch_execute(&format!("begin; {}", removal(&[room], &bob)))
        .await
        .unwrap();
    let removal = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        host.batch_execute("commit").await.unwrap();
    };
    let (sent, ()) = tokio::join!(alice.send(chat, "without bob"), removal);

    let next = format!("chat:{chat}:1");
    assert_eq!(author.chat(chat).await.topic, next);
    assert_eq!(alice.changes(chat, "?since=0").await.topic, next);
    bob.is_shut_out_of(chat, sent.id).await;
    let [with_bob, left, without_bob] = broadcasts_of(&stack, chat).await.try_into().unwrap();
    assert_eq!(with_bob.0, format!("chat:{chat} message.created"));
    let told = json!({ "chatId": chat, "userIds": [bob.id], "topic": next });
    assert_eq!(left, (format!("chat:{chat} chat.left"), told));
    assert_eq!(without_bob.0, format!("{next} message.created"));
    assert_eq!(without_bob.1["message"]["text"], "without bob");
    drop(realtime);
}

#[tokio::test]
async fn each_send_of_many_at_once_is_told_once_and_at_its_rev() {
    let realtime = REALTIME.read().await;
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let senders = (0..40).map(|n| {
        let sender = if n % 2 == 0 { &alice } else { &bob };
        async move { sender.send(chat, &format!("line {n}")).await }
    });
    let mut sent = join_all(senders).await;
    sent.sort_by_key(|message| message.rev);

    let told: Vec<(i64, Uuid)> = broadcasts_of(&stack, chat)
        .await
        .iter()
        .map(|(_, payload)| {
            let id = payload["message"]["id"].as_str().unwrap();
            (payload["rev"].as_i64().unwrap(), id.parse().unwrap())
        })
        .collect();
    let expected: Vec<(i64, Uuid)> = sent.iter().map(|sent| (sent.rev, sent.id)).collect();
    let mut by_rev = told;
    by_rev.sort_unstable();
    assert_eq!(by_rev, expected);
    drop(realtime);
}
