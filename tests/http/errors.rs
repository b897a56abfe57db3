//! Errors that no endpoint makes alone: routes, methods, ids, bodies, request ids.

use harness::{Answer, Client, Method, Stack, chat_path, messages_path, read_path};
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test]
async fn an_unknown_route_is_404() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let chat = Uuid::new_v4();
    for path in [
        "/".to_owned(),
        "/chat".to_owned(),
        "/Chats".to_owned(),
        "/chats/".to_owned(),
        "//chats".to_owned(),
        "/chats//".to_owned(),
        format!("/chats/{chat}/"),
        format!("/chats/{chat}/participants"),
        format!("/chats/{chat}/messages/"),
        format!("/chats/{chat}/messages/{chat}/more"),
        format!("/chats/{chat}/read/more"),
        format!("/chats/{chat}/changes/more"),
        format!("/rest/v1/chats?id=eq.{chat}"),
        "/rpc/list_chats".to_owned(),
        "/uploads/".to_owned(),
        "/uploads/x".to_owned(),
        "/health/".to_owned(),
        "/%63hats".to_owned(),
    ] {
        alice.get(&path).await.refused(404, "route_not_found");
    }
}

#[tokio::test]
async fn an_unknown_route_is_404_without_a_token_too() {
    let stack = Stack::connect().await;
    stack
        .edge()
        .get("/elsewhere")
        .await
        .refused(404, "route_not_found");
}

#[tokio::test]
async fn a_method_that_a_route_lacks_is_405() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let chat = chat_path(Uuid::new_v4());
    let messages = format!("{chat}/messages");
    let message = format!("{messages}/{}", Uuid::new_v4());
    let reactions = format!("{message}/reactions");
    let reaction = format!("{reactions}/%F0%9F%91%8D");
    let read = format!("{chat}/read");
    let changes = format!("{chat}/changes");
    let get_post: &[&str] = &["GET", "HEAD", "POST"];
    for (path, allowed) in [
        ("/chats", get_post),
        (&*chat, &["GET", "HEAD", "DELETE"]),
        (&*messages, get_post),
        (&*message, &["GET", "HEAD", "PATCH", "DELETE"]),
        (&*reactions, &["GET", "HEAD"]),
        (&*reaction, &["PUT", "DELETE"]),
        ("/mentions", &["GET", "HEAD"]),
        (&*read, &["POST"]),
        (&*changes, &["GET", "HEAD"]),
        ("/uploads", &["POST"]),
        ("/health", &["GET", "HEAD"]),
    ] {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            if allowed.contains(&method) {
                continue;
            }
            let call = alice.call(method.parse().unwrap(), path);
            call.send().await.not_allowed(allowed);
        }
    }
}

#[tokio::test]
async fn an_id_that_is_no_uuid_is_400_on_every_path() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let good = Uuid::new_v4();
    let bad_ids = [
        "1".to_owned(),
        "me".to_owned(),
        good.simple().to_string(),
        format!("{good}%20"),
        format!("{{{good}}}")
            .replace('{', "%7B")
            .replace('}', "%7D"),
        format!("urn:uuid:{good}"),
        "..%2f..%2frest".to_owned(),
        "%00".to_owned(),
        format!("{good}&id=eq.{good}"),
    ];
    let text = json!({ "text": "hello" });
    for bad in &bad_ids {
        for answer in [
            alice.get(&format!("/chats/{bad}")).await,
            alice.delete(&format!("/chats/{bad}")).await,
            alice.get(&format!("/chats/{bad}/messages")).await,
            alice.get(&format!("/chats/{bad}/changes?since=0")).await,
            alice.post(&format!("/chats/{bad}/messages"), &text).await,
            alice
                .patch(&format!("/chats/{bad}/messages/{good}"), &text)
                .await,
            alice
                .patch(&format!("/chats/{good}/messages/{bad}"), &text)
                .await,
            alice.delete(&format!("/chats/{good}/messages/{bad}")).await,
            alice.get(&format!("/chats/{good}/messages/{bad}")).await,
            alice
                .get(&format!("/chats/{good}/messages/{bad}/reactions"))
                .await,
            alice
                .call(
                    Method::PUT,
                    &format!("/chats/{good}/messages/{bad}/reactions/a"),
                )
                .send()
                .await,
            alice
                .delete(&format!("/chats/{bad}/messages/{good}/reactions/a"))
                .await,
            alice
                .post(&format!("/chats/{bad}/read"), &json!({ "messageId": good }))
                .await,
        ] {
            answer.refused(400, "invalid_id");
        }
    }
}

/// Sends a raw body to the four routes that read one. Each on a connection of its own, because
/// workerd closes the one on which it left more than 64 KiB unread.
async fn bodies(
    caller: &Client,
    chat: Uuid,
    body: &[u8],
    content_type: Option<&str>,
) -> [Answer; 4] {
    let paths = [
        "/chats".to_owned(),
        messages_path(chat),
        read_path(chat),
        "/uploads".to_owned(),
    ];
    let mut answers = Vec::new();
    for path in paths {
        let mut call = caller
            .on_new_connection()
            .call(Method::POST, &path)
            .body(body.to_vec());
        if let Some(content_type) = content_type {
            call = call.header("content-type", content_type);
        }
        answers.push(call.send().await);
    }
    answers.try_into().unwrap()
}

#[tokio::test]
async fn a_body_that_is_no_json_is_400() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let nested = "[".repeat(20_000);
    for body in [
        "",
        " ",
        "{",
        "{\"text\":\"hello\"",
        "{\"text\":\"hello\"}{}",
        "{'text':'hello'}",
        "{\"text\":\"hello\",}",
        "text=hello",
        "undefined",
        &nested,
    ] {
        for answer in bodies(&alice, chat, body.as_bytes(), Some("application/json")).await {
            answer.refused(400, "invalid_json");
        }
    }
    assert_eq!(alice.messages(chat).await, []);
}

#[tokio::test]
async fn json_that_is_no_object_is_400() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for body in [
        "null",
        "[]",
        "\"hello\"",
        "1",
        "true",
        "[{\"text\":\"hello\"}]",
    ] {
        for answer in bodies(&alice, chat, body.as_bytes(), Some("application/json")).await {
            answer.invalid(&[""]);
        }
    }
}

#[tokio::test]
async fn a_body_that_does_not_say_it_is_json_is_415() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for content_type in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data; boundary=x"),
        Some("application/jsonp"),
        Some("text/plain; application/json"),
    ] {
        for answer in bodies(&alice, chat, b"{\"text\":\"hello\"}", content_type).await {
            answer.refused(415, "unsupported_media_type");
        }
    }
    let json = Some("Application/JSON; charset=utf-8");
    let [_, sent, _, _] = bodies(&alice, chat, b"{\"text\":\"hello\"}", json).await;
    sent.created();
}

#[tokio::test]
async fn a_body_that_is_encoded_is_415() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    // As it would be taken were its header not looked at.
    let body = json!({
        "text": "hello", "type": "direct", "participantIds": [bob.id], "messageId": Uuid::new_v4(),
        "chatId": chat, "fileName": "a.txt", "contentType": "text/plain", "size": 5,
    });
    let messages = alice.at(&stack.messages_function());
    for coding in ["gzip", "br", "deflate", "GZIP", "identity, gzip"] {
        for path in [
            "/chats".to_owned(),
            messages_path(chat),
            read_path(chat),
            "/uploads".to_owned(),
        ] {
            let call = alice.call(Method::POST, &path).json(&body);
            let answer = call.header("content-encoding", coding).send().await;
            answer.refused(415, "unsupported_media_type");
        }
        let call = messages.call(Method::POST, &messages_path(chat));
        let call = call.json(&body).header("content-encoding", coding);
        call.send().await.refused(415, "unsupported_media_type");
    }
    assert_eq!(alice.messages(chat).await, []);
    for coding in ["identity", "Identity", ""] {
        let call = alice.call(Method::POST, &messages_path(chat)).json(&body);
        let call = call.header("content-encoding", coding);
        call.send().await.created();
    }
}

#[tokio::test]
async fn a_body_over_64_kib_is_413_on_every_route_that_reads_one() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let body = vec![b' '; 64 * 1024 + 1];
    for answer in bodies(&alice, Uuid::new_v4(), &body, Some("application/json")).await {
        answer.refused(413, "payload_too_large");
    }
}

#[tokio::test]
async fn a_request_id_comes_back_and_a_strange_one_is_replaced() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let own = Uuid::new_v4().to_string();
    for path in ["/chats", "/elsewhere", "/health"] {
        let answer = alice.call(Method::GET, path).request_id(&own).send().await;
        assert_eq!(answer.header("x-request-id"), Some(&*own), "{path}");
    }
    for strange in ["two words", "<script>", "a,b", &"x".repeat(300)] {
        let answer = alice
            .call(Method::GET, "/elsewhere")
            .request_id(strange)
            .send()
            .await;
        answer.refused(404, "route_not_found");
        let id = answer.header("x-request-id").unwrap();
        assert!(Uuid::try_parse(id).is_ok(), "{strange} became {id}");
    }
}

#[tokio::test]
async fn two_requests_have_two_ids() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let (one, two) = (alice.get("/chats").await, alice.get("/chats").await);
    assert!(one.header("x-request-id").is_some());
    assert_ne!(one.header("x-request-id"), two.header("x-request-id"));
}

#[tokio::test]
async fn a_refusal_tells_nothing_of_the_database() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for answer in [
        stranger.get(&chat_path(chat)).await,
        stranger.try_send(chat, &json!({ "text": "hello" })).await,
        alice.try_mark_read(chat, Uuid::new_v4()).await,
        alice.open(stranger.id).await,
    ] {
        let body: Value = answer.json(answer.status);
        let shown = body["error"]["message"].as_str().unwrap().to_lowercase();
        for word in [
            "pt4",
            "sql",
            "postg",
            "permission",
            "relation",
            "row",
            "127.0.0.1",
            "hint",
        ] {
            assert!(!shown.contains(word), "{shown}");
        }
        assert_eq!(answer.header("proxy-status"), None);
        // The edge's own, never PostgREST's, which names the steps inside it.
        let timing = answer.header("server-timing").unwrap();
        for entry in timing.split(", ") {
            let name = entry.split(';').next().unwrap();
            assert!(["total", "verify", "upstream"].contains(&name), "{timing}");
        }
    }
}
