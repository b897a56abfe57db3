//! The functions `chats`, `messages` and `uploads` without the gateway: none trusts it, each verifies
//! the token itself and answers with the same envelope.

use harness::{Client, Env, Method, Stack, chat_path, messages_path, tokens};
use serde_json::json;
use uuid::Uuid;

/// Each function and a path of it that answers 200 to `alice` of `chat`.
fn functions(stack: &Stack, chat: Uuid) -> [(Client, String); 2] {
    [
        (stack.chats_function(), chat_path(chat)),
        (stack.messages_function(), messages_path(chat)),
    ]
}

#[tokio::test]
async fn each_answers_like_the_edge() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    bob.send(chat, "hello").await;
    for (function, path) in functions(&stack, chat) {
        let alone = alice.at(&function).get(&path).await.ok();
        assert_eq!(alone, alice.get(&path).await.ok());
    }
}

#[tokio::test]
async fn each_writes_as_the_bearer_of_the_token() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice
        .at(&stack.messages_function())
        .send(chat, "hello")
        .await;
    assert_eq!(sent.sender_id, alice.id);
    assert_eq!(
        bob.at(&stack.chats_function())
            .mark_read(chat, sent.id)
            .await,
        0
    );
}

#[tokio::test]
async fn each_refuses_every_worthless_token_before_anything_goes_upstream() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let request_id = Uuid::new_v4().to_string();
    for (function, path) in functions(&stack, chat) {
        for (name, token, code) in tokens::worthless(alice.id) {
            println!("{name} at {path}");
            let call = function.clone().bearer(&token).call(Method::GET, &path);
            call.request_id(&request_id).send().await.refused(401, code);
            let uploads = stack.uploads_function().bearer(&token);
            let call = uploads.call(Method::POST, "/uploads");
            call.request_id(&request_id).send().await.refused(401, code);
        }
        let call = function.call(Method::GET, &path).request_id(&request_id);
        call.send().await.refused(401, "missing_token");
    }
    assert_eq!(stack.upstream(&request_id).await, [""; 0]);
}

#[tokio::test]
async fn uploads_alone_answers_like_the_edge() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let alone = alice.at(&stack.uploads_function());
    let upload = stack.uploaded(&alone, chat, b"12345").await;
    let sent = alice.attach(chat, &upload).await;
    assert_eq!(sent.sender_id, alice.id);
}

#[tokio::test]
async fn no_header_stands_in_for_a_token() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let service_role = format!("Bearer {}", Env::get().service_role_key);
    for (function, path) in functions(&stack, chat) {
        let mut call = function.call(Method::GET, &path);
        for name in [
            "x-user-id",
            "x-sub",
            "x-auth-user",
            "x-authenticated-user",
            "x-verified-sub",
        ] {
            call = call.header(name, alice.id.to_string());
        }
        for name in [
            "x-forwarded-authorization",
            "x-authorization",
            "proxy-authorization",
        ] {
            call = call.header(name, format!("Bearer {}", alice.token));
        }
        let call = call.header("apikey", &Env::get().service_role_key);
        let call = call.header("x-supabase-authorization", &service_role);
        call.send().await.refused(401, "missing_token");
    }
}

#[tokio::test]
async fn no_header_makes_one_someone_else() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for (function, path) in functions(&stack, chat) {
        let call = stranger.at(&function).call(Method::GET, &path);
        let call = call
            .header("x-user-id", alice.id.to_string())
            .header("apikey", &Env::get().service_role_key)
            .header("x-supabase-role", "service_role")
            .header("prefer", "tx=rollback")
            .header("accept-profile", "chat");
        call.send().await.refused(403, "not_participant");
    }
}

#[tokio::test]
async fn each_knows_its_own_routes_only() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let chat = Uuid::new_v4();
    let chats = alice.at(&stack.chats_function());
    let messages = alice.at(&stack.messages_function());
    let uploads = alice.at(&stack.uploads_function());
    for (function, path) in [
        (&chats, "/uploads".to_owned()),
        (&messages, "/uploads".to_owned()),
        (&uploads, "/chats".to_owned()),
        (&uploads, messages_path(chat)),
    ] {
        let answer = function.post(&path, &json!({})).await;
        answer.refused(404, "route_not_found");
    }
    chats
        .get(&messages_path(chat))
        .await
        .refused(404, "route_not_found");
    messages.get("/chats").await.refused(404, "route_not_found");
    messages
        .get(&chat_path(chat))
        .await
        .refused(404, "route_not_found");
    for function in [chats, messages, uploads] {
        function.get("/").await.refused(404, "route_not_found");
        function
            .get("/elsewhere")
            .await
            .refused(404, "route_not_found");
    }
}

#[tokio::test]
async fn each_limits_the_body_itself() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let body = json!({ "text": "x".repeat(65 * 1024), "type": "direct" });
    let chats = alice.at(&stack.chats_function());
    chats
        .post("/chats", &body)
        .await
        .refused(413, "payload_too_large");
    let messages = alice.at(&stack.messages_function());
    messages
        .try_send(chat, &body)
        .await
        .refused(413, "payload_too_large");
    let uploads = alice.at(&stack.uploads_function());
    uploads
        .try_reserve(&body)
        .await
        .refused(413, "payload_too_large");
    assert_eq!(alice.messages(chat).await, []);
}
