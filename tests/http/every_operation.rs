//! What every operation of `openapi.json` refuses, before it looks for anything.

use harness::contract::{Contract, Operation};
use harness::{Answer, Call, Client, Env, Person, Stack, tokens};
use serde_json::json;

fn operations() -> impl Iterator<Item = &'static Operation> {
    Contract::get().operations.iter()
}

fn secured() -> impl Iterator<Item = &'static Operation> {
    operations().filter(|operation| operation.secured)
}

/// A request of this operation that is good but for its ids.
fn call(caller: &Client, operation: &Operation, query: &str) -> Call {
    let path = operation.some_path() + query;
    let call = caller.call(operation.method.parse().unwrap(), &path);
    if operation.has_body() {
        return call.json(&json!({}));
    }
    call
}

/// A `HEAD` has no code.
#[track_caller]
fn refuses(operation: &Operation, answer: &Answer, status: u16, code: &str) {
    if operation.method == "HEAD" {
        assert_eq!(answer.status, status, "{}", operation.id);
    } else {
        answer.refused(status, code);
    }
}

#[tokio::test]
async fn a_worthless_token() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    for operation in secured() {
        let answer = call(&stack.edge(), operation, "").send().await;
        refuses(operation, &answer, 401, "missing_token");
        for (_, token, code) in tokens::worthless(alice.id) {
            let caller = stack.edge().bearer(&token);
            let answer = call(&caller, operation, "").send().await;
            refuses(operation, &answer, 401, code);
        }
    }
}

#[tokio::test]
async fn somebody_without_an_account_where_such_people_are_not_let_in() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let claims = tokens::claims_with(alice.id, &json!({ "is_anonymous": true }));
    let edge = stack.function_at(&Env::get().no_guests_edge_url);
    let guest = Person::new(alice.id, tokens::sign(&claims), &edge);
    for operation in secured() {
        let answer = call(&guest, operation, "").send().await;
        refuses(operation, &answer, 403, "forbidden");
    }
    alice.at(&edge).get("/chats").await.ok();
}

#[tokio::test]
async fn a_url_that_is_too_long() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let query = format!("?more={}", "x".repeat(16 * 1024));
    for operation in operations() {
        let answer = call(&alice, operation, &query).send().await;
        refuses(operation, &answer, 400, "invalid_request");
    }
}

/// Each on a connection of its own, because workerd closes the one on which it left more than 64 KiB unread.
#[tokio::test]
async fn a_body_that_is_too_large_whether_it_is_read_or_not() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    for operation in operations() {
        let call = call(&alice.on_new_connection(), operation, "");
        let answer = call.body(vec![b'x'; 64 * 1024 + 1]).send().await;
        refuses(operation, &answer, 413, "payload_too_large");
    }
}

#[tokio::test]
async fn a_body_of_another_kind() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let reading = operations().filter(|operation| operation.has_body());
    let mut count = 0;
    for operation in reading {
        let (method, path) = (operation.method.parse().unwrap(), operation.some_path());
        let call = alice.call(method, &path);
        let other = call.header("content-type", "text/plain").body("{}");
        other.send().await.refused(415, "unsupported_media_type");
        let method = operation.method.parse().unwrap();
        let broken = alice.call(method, &path).raw_json("{");
        broken.send().await.refused(400, "invalid_json");
        count += 1;
    }
    assert!(count >= 5, "{count}");
}

#[tokio::test]
async fn more_requests_than_one_person_may_send() {
    /// More than twice the limit of this instance: a window of time may end in between.
    const MOST: usize = 100;
    let stack = Stack::connect().await;
    let edge = stack.function_at(&Env::get().limited_edge_url);
    for operation in secured() {
        let [alice] = stack.people().await;
        let alice = alice.at(&edge);
        let mut limited = None;
        for _ in 0..MOST {
            let answer = call(&alice, operation, "").send().await;
            if answer.status == 429 {
                limited = Some(answer);
                break;
            }
        }
        let answer = limited.unwrap_or_else(|| panic!("nothing limits {}", operation.id));
        refuses(operation, &answer, 429, "rate_limited");
    }
}
