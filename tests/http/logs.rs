//! One line a request in the functions' log, and its durations in `Server-Timing`. That no line
//! holds what it must not is checked on the log of the whole run, once these tests are over.

use harness::{Answer, Call, Client, Env, Method, Person, Stack, chat_path, messages_path, tokens};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// The lines of a request, once each of these functions has written one; and no more of them.
async fn lines(stack: &Stack, request_id: &str, functions: &[&str]) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    for _ in 0..500 {
        // Whatever the request still had to log comes before the line of a later one.
        let last = Uuid::new_v4().to_string();
        let later = stack.edge().call(Method::GET, "/health");
        later.request_id(&last).send().await.ok();
        let log = tokio::fs::read(&Env::get().functions_log).await.unwrap();
        let log = String::from_utf8_lossy(&log).into_owned();
        found = log
            .lines()
            .filter(|line| line.contains(request_id))
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        if log.contains(&last) && found.len() >= functions.len() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut names: Vec<_> = found.iter().map(|line| line["function"].clone()).collect();
    names.sort_by_key(Value::to_string);
    assert_eq!(json!(names), json!(functions));
    found
}

async fn logged(stack: &Stack, call: Call, functions: &[&str]) -> (Answer, Vec<Value>) {
    let request_id = Uuid::new_v4().to_string();
    let answer = call.request_id(&request_id).send().await;
    let lines = lines(stack, &request_id, functions).await;
    for line in &lines {
        assert_eq!(line["id"], json!(request_id));
        assert_eq!(line["status"], json!(answer.status), "{line}");
    }
    (answer, lines)
}

fn of<'l>(lines: &'l [Value], function: &str) -> &'l Value {
    let mut of = lines
        .iter()
        .filter(|line| line["function"] == json!(function));
    of.next().unwrap()
}

#[tokio::test]
async fn a_send_is_one_line_at_the_gateway_and_one_at_its_function() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let call = alice.call(Method::POST, &messages_path(chat));
    let call = call.json(&json!({ "text": Env::get().log_marker }));
    let (answer, lines) = logged(&stack, call, &["gateway", "messages"]).await;
    answer.created();

    let line = of(&lines, "messages").as_object().unwrap();
    let members: Vec<_> = line.keys().map(String::as_str).collect();
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
    assert_eq!(of(&lines, "gateway")["route"], "/chats/:id/messages");
    // The same durations to the caller.
    let timing = answer.header("server-timing").unwrap();
    for (name, member) in [("verify", "verifyMs"), ("upstream", "upstreamMs")] {
        let duration = format!("{name};dur={}", line[member]);
        assert!(timing.contains(&duration), "{timing}: {duration}");
    }
}

#[tokio::test]
async fn a_users_lines_have_one_name_and_it_is_not_their_id() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let name = async |person: &Person| {
        let call = person.call(Method::GET, "/chats");
        let (_, lines) = logged(&stack, call, &["chats", "gateway"]).await;
        let user = of(&lines, "chats")["user"].as_str().unwrap().to_owned();
        assert!(
            !lines
                .iter()
                .any(|line| line.to_string().contains(&person.id.to_string()))
        );
        user
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
    let both: &[&str] = &["gateway", "messages"];
    for (call, functions, code) in [
        (post(&edge, &path), both, "missing_token"),
        (post(&stranger, &path), both, "invalid_token"),
        (
            post(&alice, &messages_path(Uuid::new_v4())),
            both,
            "chat_not_found",
        ),
        (
            alice.call(Method::POST, &path).raw_json("{"),
            both,
            "invalid_json",
        ),
        (alice.call(Method::PUT, &path), both, "method_not_allowed"),
        (
            alice.call(Method::GET, "/elsewhere"),
            &["gateway"],
            "route_not_found",
        ),
        (
            post(&alice.at(&stack.messages_function()), "/chats"),
            &["messages"],
            "route_not_found",
        ),
        (
            post(&at(&env.unconfigured_url), "/chats"),
            &["chats"],
            "internal",
        ),
        (
            alice
                .at(&stack.function_at(&env.unreachable_url))
                .call(Method::GET, &chat_path(chat)),
            &["chats"],
            "unavailable",
        ),
        (
            alice
                .at(&stack.function_at(&env.misdirected_url))
                .call(Method::GET, &chat_path(chat)),
            &["chats"],
            "bad_upstream",
        ),
        (
            post(&alice, "/chats"),
            &["chats", "gateway"],
            "invalid_request",
        ),
    ] {
        let (answer, lines) = logged(&stack, call, functions).await;
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body["error"]["code"], json!(code));
        // The gateway passes the other function's answers on unread.
        let own = functions.iter().find(|name| **name != "gateway");
        assert_eq!(of(&lines, own.unwrap_or(&"gateway"))["code"], json!(code));
    }
}
