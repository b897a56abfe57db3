//! One line a request in the functions' log, and its durations in `Server-Timing`. That no line
//! holds what it must not is checked on the log of the whole run, once these tests are over.

use harness::{Answer, Call, Client, Env, Method, Person, Stack, chat_path, messages_path, tokens};
use serde_json::{Value, json};
use uuid::Uuid;

async fn logged(stack: &Stack, call: Call, function: &str) -> (Answer, Value) {
    let request_id = Uuid::new_v4().to_string();
    let answer = call.request_id(&request_id).send().await;
    let line = stack.log_line(&request_id, function).await;
    assert_eq!(line["status"], json!(answer.status), "{line}");
    (answer, line)
}

#[tokio::test]
async fn a_send_is_one_line_of_the_function_that_answers() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let call = alice.call(Method::POST, &messages_path(chat));
    let call = call.json(&json!({ "text": Env::get().log_marker }));
    let (answer, line) = logged(&stack, call, "messages").await;
    answer.created();

    let members: Vec<_> = line
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        members,
        [
            "function",
            "id",
            "method",
            "route",
            "status",
            "tokenCache",
            "totalMs",
            "upstreamMs",
            "upstreamRequests",
            "user",
            "verifyMs"
        ]
    );
    assert_eq!(line["method"], "POST");
    assert_eq!(line["route"], "/chats/:id/messages");
    assert_eq!(line["upstreamRequests"], 1);
    // The same durations to the caller.
    let timing = answer.header("server-timing").unwrap();
    for (name, member) in [("verify", "verifyMs"), ("upstream", "upstreamMs")] {
        let duration = format!("{name};dur={}", line[member]);
        assert!(timing.contains(&duration), "{timing}: {duration}");
    }
}

#[tokio::test]
async fn what_somebody_searches_for_is_in_no_line() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let marker = &Env::get().log_marker;
    for (query, status) in [("", 200), ("&limit=0", 400)] {
        let path = format!("/search?q={marker}{query}");
        let (answer, line) = logged(&stack, alice.call(Method::GET, &path), "messages").await;
        assert_eq!(answer.status, status);
        assert_eq!(line["route"], "/search");
        assert!(!line.to_string().contains(marker), "{line}");
    }
}

#[tokio::test]
async fn a_users_lines_have_one_name_and_it_is_not_their_id() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let name = async |person: &Person| {
        let call = person.call(Method::GET, "/chats");
        let (_, line) = logged(&stack, call, "chats").await;
        assert!(!line.to_string().contains(&person.id.to_string()));
        line["user"].as_str().unwrap().to_owned()
    };
    let first = name(&alice).await;
    assert_eq!(name(&alice).await, first);
    assert_ne!(name(&bob).await, first);
}

#[tokio::test]
async fn every_kind_of_ending_is_one_line_with_its_code() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let marked = json!({ "text": Env::get().log_marker, "type": Env::get().log_marker });
    let path = messages_path(chat);
    let env = Env::get();
    let at = |url: &str| alice.at(&stack.function_at(url));
    let post = |caller: &Client, path: &str| caller.call(Method::POST, path).json(&marked);
    let edge = stack.edge();
    let stranger = edge
        .clone()
        .bearer(&tokens::sign_with(&tokens::claims(alice.id), "forged"));
    for (call, function, code) in [
        (post(&edge, &path), "messages", "missing_token"),
        (post(&stranger, &path), "messages", "invalid_token"),
        (
            post(&alice, &messages_path(Uuid::new_v4())),
            "messages",
            "chat_not_found",
        ),
        (
            alice.call(Method::POST, &path).raw_json("{"),
            "messages",
            "invalid_json",
        ),
        (
            alice.call(Method::PUT, &path),
            "messages",
            "method_not_allowed",
        ),
        (
            alice.call(Method::GET, "/elsewhere"),
            "gateway",
            "route_not_found",
        ),
        (
            post(&alice.at(&stack.messages_function()), "/chats"),
            "messages",
            "route_not_found",
        ),
        (
            post(&at(&env.unconfigured_url), "/chats"),
            "chats",
            "internal",
        ),
        (
            alice
                .at(&stack.function_at(&env.unreachable_url))
                .call(Method::GET, &chat_path(chat)),
            "chats",
            "unavailable",
        ),
        (
            alice
                .at(&stack.function_at(&env.misdirected_url))
                .call(Method::GET, &chat_path(chat)),
            "chats",
            "bad_upstream",
        ),
        (post(&alice, "/chats"), "chats", "invalid_request"),
    ] {
        let (answer, line) = logged(&stack, call, function).await;
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body["error"]["code"], json!(code));
        assert_eq!(line["code"], json!(code));
    }
}
