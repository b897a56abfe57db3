//! What a client is told when the edge or what is behind it cannot do its work: the contract's
//! status and code, and never a word of the database's, a host or a variable.

use harness::{Algorithm, Env, Method, Stack, tokens};
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
async fn a_missing_variable_is_500_and_the_log_names_it() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let request_id = Uuid::new_v4().to_string();
    let function = stack.function_at(&Env::get().unconfigured_url);
    let call = function.bearer(&alice.token).call(Method::GET, "/chats");
    call.request_id(&request_id)
        .send()
        .await
        .refused(500, "internal");

    let log = std::fs::read_to_string(&Env::get().functions_log).unwrap();
    let line = log.lines().find(|line| line.contains(&request_id));
    assert!(
        line.is_some_and(|line| line.contains("SUPABASE_PUBLISHABLE_KEY is not set")),
        "{line:?}"
    );
}

#[tokio::test]
async fn a_database_that_nobody_can_reach_is_503() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let function = stack.function_at(&Env::get().unreachable_url);
    let alice = alice.at(&function);
    alice.open(bob.id).await.refused(503, "unavailable");
    function
        .bearer(&alice.token)
        .get("/chats")
        .await
        .refused(503, "unavailable");
}

#[tokio::test]
async fn a_token_whose_key_nobody_can_fetch_is_503_and_no_401() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let claims = tokens::claims(alice.id);
    let token = tokens::sign_with_key(&claims, Algorithm::ES256, "a-key-to-be-fetched");
    let request_id = Uuid::new_v4().to_string();
    let function = stack.function_at(&Env::get().unreachable_url);
    let call = function.bearer(&token).call(Method::GET, "/chats");
    let answer = call.request_id(&request_id).send().await;
    answer.refused(503, "unavailable");
    assert!(answer.header("retry-after").is_some());
    let log = std::fs::read_to_string(&Env::get().functions_log).unwrap();
    let line = log.lines().find(|line| line.contains(&request_id));
    assert!(
        line.is_some_and(|line| line.contains("the signing keys")),
        "{line:?}"
    );
}

#[tokio::test]
async fn deep_health_is_503_when_the_database_is_away_and_health_is_not() {
    let stack = Stack::connect().await;
    let edge = stack.function_at(&Env::get().unreachable_edge_url);
    edge.get("/health?deep=1").await.refused(503, "unavailable");
    edge.get("/health").await.ok();
}

#[tokio::test]
async fn an_answer_that_is_not_postgrests_is_502() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let function = stack.function_at(&Env::get().misdirected_url);
    function
        .bearer(&alice.token)
        .get("/chats")
        .await
        .refused(502, "bad_upstream");
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_504_and_writes_nothing() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let lock = stack.lock_chat(chat).await;
    // Postgres ends it by the function's own statement_timeout.
    let late = json!({ "text": "late" });
    alice
        .try_send(chat, &late)
        .await
        .refused(504, "upstream_timeout");
    lock.release().await;
    assert_eq!(bob.messages(chat).await, []);
    assert_eq!(alice.send(chat, "in time").await.rev, 1);
}
