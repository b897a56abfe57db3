//! `GET /health`

use harness::{Method, Stack};
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
async fn tells_status_and_version_and_touches_nothing() {
    let stack = Stack::connect().await;
    let request_id = Uuid::new_v4().to_string();
    let call = stack.edge().call(Method::GET, "/health");
    let answer = call.request_id(&request_id).send().await;
    let healthy = json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") });
    assert_eq!(answer.ok(), healthy);
    assert_eq!(answer.header("x-request-id"), Some(&*request_id));
    assert_eq!(stack.upstream(&request_id).await, [""; 0]);
}

#[tokio::test]
async fn deep_asks_postgrest_once() {
    let stack = Stack::connect().await;
    let request_id = Uuid::new_v4().to_string();
    let call = stack.edge().call(Method::GET, "/health?deep=1");
    let answer = call.request_id(&request_id).send().await;
    let healthy = json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") });
    assert_eq!(answer.ok(), healthy);
    // Nobody may execute anything without a token; that Postgres says so shows that it answers.
    let asked = ["GET /rest/v1/rpc/list_chats 401"];
    assert_eq!(stack.upstream(&request_id).await, asked);
}

#[tokio::test]
async fn needs_no_token_and_minds_none() {
    let stack = Stack::connect().await;
    let caller = stack.edge().bearer("not-a-token");
    let healthy = json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") });
    assert_eq!(caller.get("/health").await.ok(), healthy);
}

#[tokio::test]
async fn only_deep_1_is_deep() {
    let stack = Stack::connect().await;
    let request_id = Uuid::new_v4().to_string();
    for query in ["?deep=0", "?deep=", "?deeper=1", "?x=deep=1"] {
        let call = stack.edge().call(Method::GET, &format!("/health{query}"));
        call.request_id(&request_id).send().await.ok();
    }
    assert_eq!(stack.upstream(&request_id).await, [""; 0]);
}
