//! `HEAD`: the answer of `GET` without its body, wherever there is a `GET`.

use harness::{
    Answer, Client, Env, Method, Stack, changes_path, chat_path, message_path, messages_path,
    reactions_path, reads_path,
};
use reqwest::header::HeaderMap;
use uuid::Uuid;

/// Calls both ways and asserts that the answers differ in nothing but the body.
async fn is_alike(caller: &Client, path: &str) -> Answer {
    let get = caller.call(Method::GET, path).send().await;
    let head = caller.call(Method::HEAD, path).send().await;
    assert_eq!(head.status, get.status, "{path}");
    assert_eq!(constant(&head.headers), constant(&get.headers), "{path}");
    assert_eq!(head.text(), "", "{path}");
    assert_ne!(get.text(), "", "{path}");
    // The length of what a GET would bring, give or take the request's id, or none.
    let length = head.header("content-length");
    assert!(length != Some("0"), "{path}: {length:?}");
    head
}

/// The headers without those that differ between any two answers, or go with the body.
fn constant(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for name in [
        "date",
        "x-request-id",
        "server-timing",
        "content-length",
        "transfer-encoding",
    ] {
        headers.remove(name);
    }
    headers
}

#[tokio::test]
async fn each_get_has_a_head() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = bob.send(chat, "hello").await.id;
    let (chats, messages) = (stack.chats_function(), stack.messages_function());
    for (function, path) in [
        (&chats, "/chats".to_owned()),
        (&chats, chat_path(chat)),
        (&chats, reads_path(chat)),
        (&chats, "/unread".to_owned()),
        (&messages, messages_path(chat)),
        (&messages, message_path(chat, sent)),
        (&messages, reactions_path(chat, sent)),
        (&messages, "/mentions".to_owned()),
        (&messages, "/search?q=hello".to_owned()),
        (&messages, format!("{}?since=0", changes_path(chat))),
    ] {
        for caller in [&*alice, &*alice.at(function)] {
            let head = is_alike(caller, &path).await;
            assert_eq!(head.status, 200, "{path}");
        }
    }
    for path in ["/health", "/health?deep=1"] {
        assert_eq!(is_alike(&stack.edge(), path).await.status, 200);
    }
}

#[tokio::test]
async fn errors_are_the_same_too() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let (chats, messages) = (stack.chats_function(), stack.messages_function());
    for (caller, path, status) in [
        (&stack.edge(), "/chats".to_owned(), 401),
        (&chats, "/chats".to_owned(), 401),
        (&stranger, chat_path(chat), 403),
        (&stranger.at(&messages), messages_path(chat), 403),
        (&alice, chat_path(Uuid::new_v4()), 404),
        (&alice, "/elsewhere".to_owned(), 404),
        (&alice, "/chats/no-id".to_owned(), 400),
        (&alice, "/uploads".to_owned(), 405),
        (&alice, format!("{}/typing", chat_path(chat)), 405),
    ] {
        let head = is_alike(caller, &path).await;
        assert_eq!(head.status, status, "{path}");
        assert_eq!(head.header("allow").is_some(), status == 405, "{path}");
    }
    let nowhere = stack.function_at(&Env::get().unreachable_edge_url);
    assert_eq!(is_alike(&nowhere, "/health?deep=1").await.status, 503);
}

#[tokio::test]
async fn postgrest_is_asked_as_for_a_get() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let request_id = Uuid::new_v4().to_string();
    let call = alice.call(Method::HEAD, "/chats").request_id(&request_id);
    assert_eq!(call.send().await.status, 200);
    let asked = ["GET /rest/v1/rpc/list_chats 200"];
    assert_eq!(stack.upstream(&request_id).await, asked);
}
