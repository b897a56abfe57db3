//! Web pages of other origins: the stack allows `http://localhost:3000` and `:5173`.

use harness::{Answer, Client, Method, Stack};

const PAGE: &str = "http://localhost:3000";

async fn preflight(caller: &Client, path: &str, origin: &str) -> Answer {
    let call = caller
        .call(Method::OPTIONS, path)
        .header("origin", origin)
        .header("access-control-request-method", "PATCH")
        .header(
            "access-control-request-headers",
            "authorization,content-type",
        );
    call.send().await
}

#[track_caller]
fn lets_the_page_read(answer: &Answer) {
    assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    assert_eq!(answer.header("vary"), Some("Origin"));
    assert_eq!(
        answer.header("access-control-expose-headers"),
        Some("x-request-id, retry-after, server-timing")
    );
}

#[tokio::test]
async fn a_preflight_is_answered_without_a_token_and_kept_for_two_hours() {
    let stack = Stack::connect().await;
    for caller in [
        stack.edge(),
        stack.chats_function(),
        stack.messages_function(),
    ] {
        let answer = preflight(&caller, "/chats", PAGE).await;
        answer.no_content();
        lets_the_page_read(&answer);
        assert_eq!(
            answer.header("access-control-allow-methods"),
            Some("GET, HEAD, POST, PATCH, DELETE")
        );
        assert_eq!(
            answer.header("access-control-allow-headers"),
            Some("authorization, content-type, idempotency-key, traceparent, x-request-id")
        );
        assert_eq!(answer.header("access-control-max-age"), Some("7200"));
    }
}

#[tokio::test]
async fn a_page_may_read_answers_and_errors_alike() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let from_page = |caller: Client| caller.with("origin", PAGE);
    let caller = from_page(stack.edge().bearer(&alice.token));
    let answer = caller.get("/chats").await;
    answer.ok();
    lets_the_page_read(&answer);
    for (path, status, code) in [
        ("/chats", 401, "missing_token"),
        ("/elsewhere", 404, "route_not_found"),
    ] {
        let answer = from_page(stack.edge()).get(path).await;
        answer.refused(status, code);
        lets_the_page_read(&answer);
    }
    let answer = from_page(stack.chats_function()).get("/chats").await;
    answer.refused(401, "missing_token");
    lets_the_page_read(&answer);
}

#[tokio::test]
async fn a_page_of_another_origin_may_not() {
    let stack = Stack::connect().await;
    for origin in [
        "null",
        "https://localhost:3000",
        "http://localhost:3001",
        "http://localhost:3000.evil.example",
    ] {
        let refused = preflight(&stack.edge(), "/chats", origin).await;
        refused.not_allowed(&["GET", "HEAD", "POST"]);
        let answer = stack.edge().with("origin", origin).get("/health").await;
        answer.ok();
        for answer in [refused, answer] {
            assert_eq!(answer.header("access-control-allow-origin"), None);
            assert_eq!(answer.header("vary"), Some("Origin"));
        }
    }
}
