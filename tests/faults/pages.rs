//! A web page can read that a part is down. Without the CORS headers the browser would hide the error from it.

use harness::{Stack, command};
use serde_json::json;

const PAGE: &str = "http://localhost:4173";

#[tokio::test]
async fn a_page_reads_the_errors_of_a_stack_without_postgrest() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    command("stop postgrest").await;
    let postgrest = stack.postgrest(&alice).with("origin", PAGE);
    let direct = postgrest.get("/messages").await;
    let edge = stack.edge().bearer(&alice.token).with("origin", PAGE);
    let api = edge.get("/chats").await;
    command("start postgrest").await;
    let text = "An invalid response was received from the upstream server";
    assert_eq!(direct.json(502), json!({ "message": text }));
    assert!((502..=504).contains(&api.status), "{api:?}");
    for answer in [direct, api] {
        let allowed = answer.header("access-control-allow-origin");
        assert_eq!(allowed, Some(PAGE), "{answer:?}");
    }
}
