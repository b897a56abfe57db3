//! Messages that may or may not have been sent, and what the database says of them.

use harness::{Answer, Person, Stack, messages_path};
use serde_json::{Value, json};
use uuid::Uuid;

/// A body with a text that is its own `clientId`, so that either finds the row.
pub fn with_client_id() -> (Uuid, Value) {
    let id = Uuid::new_v4();
    (id, json!({ "text": id.to_string(), "clientId": id }))
}

/// How many messages of this text there are.
pub async fn rows(stack: &Stack, chat: Uuid, text: Uuid) -> i64 {
    let sql = "select count(*) from public.messages where chat_id = $1 and text = $2";
    stack.value(sql, &[&chat, &text.to_string()]).await
}

/// Asserts that a send whose answer was an error is in the database this often, and that the same
/// send again finds it or makes it: once, whatever happened before.
pub async fn is_settled_by_a_repeat(
    stack: &Stack,
    sender: &Person,
    chat: Uuid,
    body: &Value,
    rows_before: i64,
) {
    let id: Uuid = body["clientId"].as_str().unwrap().parse().unwrap();
    assert_eq!(rows(stack, chat, id).await, rows_before);
    let answer = sender.post(&messages_path(chat), body).await;
    let message = answer.json(if rows_before == 0 { 201 } else { 200 });
    assert_eq!(message["clientId"], json!(id));
    assert_eq!(rows(stack, chat, id).await, 1);
}

/// Asserts an error of the contract that says nothing of where it comes from.
#[track_caller]
pub fn is_refused(answer: &Answer, status: u16, code: &str, request_id: &str) {
    answer.refused(status, code);
    assert_eq!(answer.header("x-request-id"), Some(request_id));
    for word in ["upstream-secret", "postgrest", "127.0.0.1", "<html"] {
        let text = answer.text().to_lowercase();
        assert!(!text.contains(word), "{word}: {text}");
    }
}
