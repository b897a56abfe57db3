//! Web pages of other origins: the stack allows every port of `localhost` and `127.0.0.1`.

mod stack_parts;

use harness::{Answer, Client, Method, Stack, variable};
use serde_json::json;
use uuid::Uuid;

const PAGE: &str = "http://localhost:4173";
/// What a page sends with its own headers, those of its tracing, and those of supabase-js.
const ASKED: &str = "apikey,authorization,baggage,content-type,idempotency-key,sentry-trace,traceparent,tracestate,\
    x-client-info,x-datadog-trace-id,x-request-id,x-supabase-api-version,x-supabase-client-platform";
/// Origins that look like allowed ones.
const OTHERS: [&str; 9] = [
    "null",
    "http://localhost:*",
    "http://localhost:*.evil.example",
    "http://localhost:3000.evil.example",
    "http://localhost.evil.example",
    "http://localhost.evil.example:3000",
    "http://localhost:3000@evil.example",
    "http://127.0.0.2:3000",
    "https://app.example",
];

async fn preflight(caller: &Client, path: &str, origin: &str, method: &str) -> Answer {
    let call = caller
        .call(Method::OPTIONS, path)
        .header("origin", origin)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", ASKED);
    call.send().await
}

/// Asserts what a browser does after a preflight, by the rules of Fetch: it goes on, and keeps that for a time.
#[track_caller]
fn lets_the_browser_go_on(answer: &Answer, origin: &str, method: &str) {
    let list = |name: &str| -> Vec<String> {
        let value = answer.header(name).unwrap_or_default();
        value
            .split(',')
            .map(|item| item.trim().to_lowercase())
            .collect()
    };
    assert!((200..300).contains(&answer.status), "{answer:?}");
    assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let methods = list("access-control-allow-methods");
    assert!(methods.contains(&method.to_lowercase()), "{methods:?}");
    let allowed = list("access-control-allow-headers");
    for name in ASKED.split(',') {
        let any = name != "authorization" && allowed.iter().any(|item| item == "*");
        assert!(
            any || allowed.iter().any(|item| item == name),
            "{name}: {allowed:?}"
        );
    }
    let age: u32 = answer
        .header("access-control-max-age")
        .unwrap()
        .parse()
        .unwrap();
    assert!(age >= 3600, "{age}");
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
        let answer = preflight(&caller, "/chats", PAGE, "PATCH").await;
        answer.no_content();
        lets_the_page_read(&answer);
        lets_the_browser_go_on(&answer, PAGE, "PATCH");
        assert_eq!(
            answer.header("access-control-allow-methods"),
            Some("GET, HEAD, POST, PUT, PATCH, DELETE")
        );
        assert_eq!(answer.header("access-control-max-age"), Some("7200"));
    }
}

#[tokio::test]
async fn every_port_of_this_machine_may_call() {
    let edge = Stack::connect().await.edge();
    for origin in [
        "http://localhost",
        "http://localhost:1",
        "https://localhost:3000",
        "http://127.0.0.1:65535",
        "https://127.0.0.1",
    ] {
        let answer = preflight(&edge, "/chats", origin, "DELETE").await;
        lets_the_browser_go_on(&answer, origin, "DELETE");
        let answer = edge.clone().with("origin", origin).get("/health").await;
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
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
    for origin in OTHERS {
        let refused = preflight(&stack.edge(), "/chats", origin, "PATCH").await;
        refused.not_allowed(&["GET", "HEAD", "POST"]);
        let answer = stack.edge().with("origin", origin).get("/health").await;
        answer.ok();
        for answer in [refused, answer] {
            assert_eq!(answer.header("access-control-allow-origin"), None);
            assert_eq!(answer.header("access-control-allow-headers"), None);
            assert_eq!(answer.header("vary"), Some("Origin"));
        }
    }
}

#[tokio::test]
async fn a_listed_origin_is_this_one_alone() {
    let stack = Stack::connect().await;
    let chats = stack.function_at(&variable("ONE_ORIGIN_URL"));
    let listed = "https://app.example:8443";
    let answer = preflight(&chats, "/chats", listed, "GET").await;
    lets_the_browser_go_on(&answer, listed, "GET");
    for origin in [
        "https://app.example",
        "https://app.example:8444",
        "http://app.example:8443",
        PAGE,
    ] {
        let refused = preflight(&chats, "/chats", origin, "GET").await;
        refused.not_allowed(&["GET", "HEAD", "POST"]);
        assert_eq!(refused.header("access-control-allow-origin"), None);
    }
}

#[tokio::test]
async fn a_refused_page_is_named_in_the_log_with_the_variable_that_allows_it() {
    let stack = Stack::connect().await;
    let long = format!("https://{}.example", "x".repeat(300));
    for (origin, logged) in [
        ("https://app.example:8443", Some("https://app.example:8443")),
        ("null", Some("null")),
        ("https://evil.example/?token=x", Some("another origin")),
        (r#"x","status":200,"y":""#, Some("another origin")),
        (&long, Some("another origin")),
        (PAGE, None),
        // The API's own pages.
        (&*variable("EDGE_URL"), None),
    ] {
        let expected = logged.map(|origin| format!("{origin} is not in CORS_ALLOWED_ORIGINS"));
        for (method, path, function) in [
            (Method::GET, "/health", "gateway"),
            (Method::GET, "/chats", "chats"),
            (Method::OPTIONS, "/chats", "chats"),
        ] {
            let id = Uuid::new_v4().to_string();
            let call = stack.edge().call(method, path).request_id(&id);
            call.header("origin", origin).send().await;
            let line = stack.log_line(&id, function).await;
            assert_eq!(line["refusedOrigin"], json!(expected), "{line}");
        }
    }
}
