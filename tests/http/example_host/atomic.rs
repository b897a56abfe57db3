//! Publishing and its chat are one transaction: both happen, or neither.
//!
//! To make a chat's creation fail, a second connection holds a row that the creation has to
//! wait for, and the publishing connection gives up waiting.

use super::chats_of;
use harness::Stack;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

async fn status_of(stack: &Stack, table: &str, id: Uuid) -> String {
    let sql = format!("select status::text from example_host.{table} where id = $1");
    stack.value(&sql, &[&id]).await
}

#[tokio::test]
async fn a_chat_that_cannot_be_created_rolls_the_publishing_back() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let event = stack.draft("Lantern Walk", &[&alice]).await;
    let holder = Stack::sql_connection().await;
    holder.batch_execute("begin").await.unwrap();
    holder
        .execute(
            "insert into chat.chats (type, event_id, name)
             values ('event_authors', $1, 'held')",
            &[&event],
        )
        .await
        .unwrap();

    stack
        .sql
        .batch_execute("set lock_timeout = '200ms'")
        .await
        .unwrap();
    let sql = "update example_host.events set status = 'published' where id = $1";
    let failure = stack.sql.execute(sql, &[&event]).await.unwrap_err();
    assert_eq!(failure.code(), Some(&SqlState::LOCK_NOT_AVAILABLE));
    assert_eq!(status_of(&stack, "events", event).await, "draft");

    holder.batch_execute("rollback").await.unwrap();
    assert_eq!(chats_of(&stack, event).await, 0);
    assert_eq!(alice.chats().await, []);
    stack.publish(event).await;
    assert_eq!(alice.chats().await.len(), 1);
}

#[tokio::test]
async fn a_chat_that_cannot_be_created_rolls_the_approval_back() {
    let stack = Stack::connect().await;
    let [author, alice] = stack.people().await;
    let event = stack.draft("Harvest Fair", &[&author]).await;
    let group = stack.group(event, "The Fiddlers", &[&alice]).await;
    let holder = Stack::sql_connection().await;
    holder.batch_execute("begin").await.unwrap();
    holder
        .execute(
            "insert into chat.chats (type, event_id, group_id, name)
             values ('approved_group', $1, $2, 'held')",
            &[&event, &group],
        )
        .await
        .unwrap();

    stack
        .sql
        .batch_execute("set lock_timeout = '200ms'")
        .await
        .unwrap();
    let sql = "update example_host.event_groups set status = 'approved' where id = $1";
    let failure = stack.sql.execute(sql, &[&group]).await.unwrap_err();
    assert_eq!(failure.code(), Some(&SqlState::LOCK_NOT_AVAILABLE));
    assert_eq!(status_of(&stack, "event_groups", group).await, "pending");

    holder.batch_execute("rollback").await.unwrap();
    assert_eq!(alice.chats().await, []);
    stack.approve(group).await;
    assert_eq!(alice.chats().await.len(), 1);
}

#[tokio::test]
async fn a_publishing_that_is_rolled_back_leaves_no_chat() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let event = stack.draft("Lantern Walk", &[&alice]).await;
    stack.sql.batch_execute("begin").await.unwrap();
    stack.publish(event).await;
    assert_eq!(chats_of(&stack, event).await, 1, "within the transaction");
    stack.sql.batch_execute("rollback").await.unwrap();
    assert_eq!(chats_of(&stack, event).await, 0);
    assert_eq!(status_of(&stack, "events", event).await, "draft");
    assert_eq!(alice.chats().await, []);
}

#[tokio::test]
async fn an_approval_that_is_rolled_back_leaves_no_chat() {
    let stack = Stack::connect().await;
    let [author, alice] = stack.people().await;
    let event = stack.draft("Harvest Fair", &[&author]).await;
    let group = stack.group(event, "The Fiddlers", &[&alice]).await;
    stack.sql.batch_execute("begin").await.unwrap();
    stack.approve(group).await;
    assert_eq!(chats_of(&stack, event).await, 1, "within the transaction");
    stack.sql.batch_execute("rollback").await.unwrap();
    assert_eq!(chats_of(&stack, event).await, 0);
    assert_eq!(alice.chats().await, []);
}

#[tokio::test]
async fn an_author_added_while_the_event_is_published_is_in_the_chat() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let event = stack.draft("Lantern Walk", &[&alice]).await;
    let publisher = Stack::sql_connection().await;
    publisher.batch_execute("begin").await.unwrap();
    let sql = "update example_host.events set status = 'published' where id = $1";
    publisher.execute(sql, &[&event]).await.unwrap();

    // The chat exists but is not committed when bob becomes an author.
    let adding = stack.add_author(event, &bob);
    let committing = async {
        tokio::task::yield_now().await;
        publisher.batch_execute("commit").await.unwrap();
    };
    futures_util::join!(adding, committing);

    let mut both = vec![alice.id, bob.id];
    both.sort();
    assert_eq!(bob.chats().await[0].participants, both);
}
