//! `GET /unread`

use harness::{Stack, messages_path};
use serde_json::json;

#[tokio::test]
async fn all_chats_count_but_muted_and_archived_ones() {
    let stack = Stack::connect().await;
    let [alice, bob, carol] = stack.people().await;
    let with_bob = stack.direct_chat(&alice, &bob).await;
    let with_carol = stack.direct_chat(&alice, &carol).await;
    assert_eq!(alice.unread_totals().await, [0, 0, 0]);
    bob.send(with_bob, "one").await;
    let mention = json!({ "text": "for you", "mentions": [alice.id] });
    let mentioned = bob.post(&messages_path(with_bob), &mention).await.created();
    carol.send(with_carol, "three").await;
    assert_eq!(alice.unread_totals().await, [2, 3, 1]);
    assert_eq!(bob.unread_totals().await, [0, 0, 0]);

    let muted = json!({ "mutedUntil": "2100-01-01T00:00:00Z" });
    alice.choose(with_bob, &muted).await;
    assert_eq!(alice.unread_totals().await, [1, 1, 0]);
    alice.choose(with_bob, &json!({ "mutedUntil": null })).await;
    alice.choose(with_carol, &json!({ "archived": true })).await;
    assert_eq!(alice.unread_totals().await, [1, 2, 1]);
    carol.send(with_carol, "four").await;
    assert_eq!(alice.unread_totals().await, [2, 4, 1]);

    let id = mentioned["id"].as_str().unwrap().parse().unwrap();
    alice.mark_read(with_bob, id).await;
    assert_eq!(alice.unread_totals().await, [1, 2, 0]);
    alice
        .choose(with_bob, &json!({ "markedUnread": true }))
        .await;
    assert_eq!(alice.unread_totals().await, [2, 2, 0]);
    alice.leave(with_carol).await;
    assert_eq!(alice.unread_totals().await, [1, 0, 0]);
}

#[tokio::test]
async fn exact_to_99_then_100() {
    let stack = Stack::connect().await;
    let [alice, bob, carol] = stack.people().await;
    let with_bob = stack.direct_chat(&alice, &bob).await;
    let with_carol = stack.direct_chat(&alice, &carol).await;
    stack.history(with_bob, &bob, 60).await;
    stack.history(with_carol, &carol, 38).await;
    for expected in [98, 99, 100, 100] {
        assert_eq!(alice.unread_totals().await, [2, expected, 0]);
        bob.send(with_bob, "one more").await;
    }
}
