//! Sizes that the edge would have refused: 20,000 rows at once, a text of 5 MB.

use super::attackers;
use harness::Stack;
use serde_json::{Value, json};

#[tokio::test]
async fn a_bulk_insert_of_20000_rows_is_refused() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let rows: Value = (0..20_000)
        .map(|n| json!({ "chat_id": chat, "text": n.to_string() }))
        .collect();
    let people = [&alice, &bob, &stranger];
    for (attacker, status) in attackers(&stack, &alice, &stranger) {
        let call = attacker.post("/messages", &rows);
        stack
            .unchanged_by(&people, call)
            .await
            .denied(status, "42501");
    }
}

#[tokio::test]
async fn a_text_of_5_mb_is_refused() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "hello").await;
    let people = [&alice, &bob, &stranger];
    let text = "x".repeat(5 * 1024 * 1024);

    let body = json!({ "chat_id": chat, "text": text });
    for (attacker, status) in attackers(&stack, &alice, &stranger) {
        let call = attacker.post("/messages", &body);
        stack
            .unchanged_by(&people, call)
            .await
            .denied(status, "42501");
    }
    let rest = stack.postgrest(&alice);
    let call = rest.post("/rpc/send_message", &body);
    stack
        .unchanged_by(&people, call)
        .await
        .raised(400, "invalid_request");
    let body = json!({ "chat_id": chat, "message_id": sent.id, "text": text });
    let call = rest.post("/rpc/edit_message", &body);
    stack
        .unchanged_by(&people, call)
        .await
        .raised(400, "invalid_request");
}
