//! A handler that panics: its own request is told so, and nobody else notices.

use futures_util::future::join_all;
use harness::{Chat, Client, Env, Fault, FaultsEnv, Method, Page, Proxy, Stack};
use std::collections::HashSet;
use uuid::Uuid;

/// The instance with the routes that panic, for nobody in particular.
fn panicking(stack: &Stack) -> Client {
    stack.function_at(&FaultsEnv::get().panicking_url)
}

/// Calls, is told `internal`, and returns the request's id.
async fn panics(client: &Client, path: &str) -> String {
    let request_id = Uuid::new_v4().to_string();
    let call = client.call(Method::GET, path).request_id(&request_id);
    let answer = call.send().await;
    answer.refused(500, "internal");
    assert_eq!(answer.header("x-request-id"), Some(&*request_id));
    request_id
}

/// Once a test, at its end: the log is long, and while it is read no connection is looked after.
fn are_logged(request_ids: &[String]) {
    let log = std::fs::read_to_string(&Env::get().functions_log).unwrap();
    let lines = log
        .lines()
        .filter(|line| line.contains("\"code\":\"internal\"") && line.contains("panicked"));
    // The id comes first in a line.
    let logged: HashSet<&str> = lines.filter_map(|line| line.split('"').nth(3)).collect();
    for id in request_ids {
        assert!(logged.contains(&**id), "{id}");
    }
    // A panic's message may quote what somebody wrote.
    assert!(!log.contains("secret-of-a-panic"));
}

#[tokio::test]
async fn the_requests_beside_it_and_after_it_succeed() {
    const BESIDE: usize = 20;
    let stack = Stack::connect().await;
    let proxy = Proxy::start().await;
    let [alice] = stack.people().await;
    let instance = panicking(&stack);
    let alice = alice.at(&instance);
    let chats = async || {
        let answer = alice.get("/chats").await.ok();
        assert_eq!(Page::read(&answer, Chat::read).data, []);
    };
    chats().await;
    let mut panicked = Vec::new();

    proxy.set(Fault::Held).await;
    let beside = join_all((0..BESIDE).map(|_| chats()));
    let (_, ()) = futures_util::join!(beside, async {
        proxy.wait_for_open(BESIDE).await;
        for _ in 0..3 {
            panicked.push(panics(&instance, "/panic").await);
        }
        // One that comes now is served too, while the others still wait.
        instance.get("/state").await.ok();
        proxy.set(Fault::None).await;
    });
    for _ in 0..3 {
        chats().await;
        panicked.push(panics(&instance, "/panic").await);
        chats().await;
    }
    are_logged(&panicked);
}

#[tokio::test]
async fn what_it_leaves_broken_is_gone_with_the_instance() {
    let stack = Stack::connect().await;
    let instance = panicking(&stack);
    instance.get("/state").await.ok();
    let id = panics(&instance, "/break").await;
    instance.get("/state").await.ok();
    are_logged(&[id]);
}

#[tokio::test]
async fn many_at_once_and_no_end() {
    let stack = Stack::connect().await;
    let instance = panicking(&stack);
    let mut panicked = Vec::new();
    for _ in 0..20 {
        panicked.extend(join_all((0..20).map(|_| panics(&instance, "/panic"))).await);
        instance.get("/state").await.ok();
    }
    are_logged(&panicked);
}

/// One that waits keeps the instance from being renewed. A panic that left its part of the stack
/// behind would take a kilobyte of a megabyte.
#[tokio::test]
async fn an_instance_survives_more_of_them_than_its_stack_could_hold() {
    let stack = Stack::connect().await;
    let proxy = Proxy::start().await;
    let [alice] = stack.people().await;
    let instance = panicking(&stack);
    let alice = alice.at(&instance);
    proxy.set(Fault::Held).await;
    let (beside, panicked) = futures_util::join!(alice.get("/chats"), async {
        proxy.wait_for_open(1).await;
        let mut panicked = Vec::new();
        for _ in 0..60 {
            panicked.extend(join_all((0..20).map(|_| panics(&instance, "/panic"))).await);
        }
        proxy.set(Fault::None).await;
        panicked
    });
    assert_eq!(Page::read(&beside.ok(), Chat::read).data, []);
    instance.get("/state").await.ok();
    are_logged(&panicked);
}

/// Nobody can tell what it has left behind, so the instance ends with it.
#[tokio::test]
async fn a_trap_that_is_no_panic_is_over_with_its_instance() {
    let stack = Stack::connect().await;
    let instance = panicking(&stack);
    for _ in 0..3 {
        instance.get("/state").await.ok();
        panics(&instance, "/panic").await;
        let answer = instance.get("/trap").await;
        assert_eq!(answer.status, 500, "{}", answer.text());
        instance.get("/state").await.ok();
    }
}

/// The gateway answers for a function that cannot, and writes the line that the function has not.
#[tokio::test]
async fn a_function_that_is_gone_is_unavailable_behind_the_gateway() {
    let stack = Stack::connect().await;
    let edge = stack.function_at(&FaultsEnv::get().panicking_edge_url);
    for method in [Method::GET, Method::POST] {
        let request_id = Uuid::new_v4().to_string();
        let call = edge.call(method.clone(), "/chats/trap");
        let call = if method == Method::POST {
            call.json(&serde_json::json!({}))
        } else {
            call
        };
        let answer = call.request_id(&request_id).send().await;
        answer.refused(503, "unavailable");
        assert_eq!(answer.header("x-request-id"), Some(&*request_id));
        assert!(answer.header("retry-after").is_some());
        let line = stack.log_line(&request_id, "gateway").await;
        assert_eq!(line["method"], method.as_str());
        assert_eq!(line["route"], "/chats/:id");
        assert_eq!(line["code"], "unavailable");
        let next = edge.get("/chats/elsewhere").await;
        next.refused(404, "route_not_found");
    }
}

#[tokio::test]
async fn no_function_has_such_a_route() {
    let stack = Stack::connect().await;
    let env = Env::get();
    for url in [&env.edge_url, &env.chats_url, &env.messages_url] {
        for path in ["/panic", "/break", "/trap", "/state"] {
            let answer = stack.function_at(url).get(path).await;
            answer.refused(404, "route_not_found");
        }
    }
}
