//! Who is let in: bearer tokens of signed-in users, and nothing else.

use harness::{
    Client, Env, Method, Person, Stack, changes_path, chat_path, message_path, messages_path,
    reaction_path, reactions_path, read_path, tokens, typing_path,
};
use serde_json::json;
use uuid::Uuid;

/// Every endpoint that needs a token, on ids that nobody has.
fn endpoints() -> [(Method, String); 15] {
    let (chat, message) = (Uuid::new_v4(), Uuid::new_v4());
    [
        (Method::GET, "/chats".to_owned()),
        (Method::POST, "/chats".to_owned()),
        (Method::GET, chat_path(chat)),
        (Method::DELETE, chat_path(chat)),
        (Method::GET, messages_path(chat)),
        (Method::POST, messages_path(chat)),
        (Method::GET, changes_path(chat)),
        (Method::PATCH, message_path(chat, message)),
        (Method::DELETE, message_path(chat, message)),
        (Method::GET, reactions_path(chat, message)),
        (Method::PUT, reaction_path(chat, message, "👍")),
        (Method::DELETE, reaction_path(chat, message, "👍")),
        (Method::GET, "/mentions".to_owned()),
        (Method::POST, read_path(chat)),
        (Method::POST, typing_path(chat)),
    ]
}

/// Asserts that a caller with these credentials is refused everywhere, and nothing goes upstream.
async fn refused_everywhere(stack: &Stack, caller: &Client, code: &str) {
    let request_id = Uuid::new_v4().to_string();
    for (method, path) in endpoints() {
        let call = caller.call(method, &path).request_id(&request_id);
        let body = json!({ "text": "hello", "messageId": Uuid::new_v4() });
        call.json(&body).send().await.refused(401, code);
    }
    assert_eq!(stack.upstream(&request_id).await, [""; 0]);
}

#[tokio::test]
async fn no_token_is_401_at_every_endpoint() {
    let stack = Stack::connect().await;
    refused_everywhere(&stack, &stack.edge(), "missing_token").await;
}

#[tokio::test]
async fn an_apikey_is_no_token() {
    let stack = Stack::connect().await;
    let env = Env::get();
    for key in [&env.anon_key, &env.service_role_key] {
        let caller = stack.edge().with("apikey", key);
        refused_everywhere(&stack, &caller, "missing_token").await;
    }
}

#[tokio::test]
async fn a_forged_token_is_401_at_every_endpoint() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let forged = tokens::sign_with(
        &tokens::claims(alice.id),
        "a secret that is not the stack's",
    );
    refused_everywhere(&stack, &stack.edge().bearer(&forged), "invalid_token").await;
}

#[tokio::test]
async fn every_worthless_token_is_401_and_goes_nowhere() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let request_id = Uuid::new_v4().to_string();
    for (name, token, code) in tokens::worthless(alice.id) {
        println!("{name}");
        let call = stack.edge().bearer(&token).call(Method::GET, "/chats");
        call.request_id(&request_id).send().await.refused(401, code);
    }
    assert_eq!(stack.upstream(&request_id).await, [""; 0]);
}

#[tokio::test]
async fn the_same_request_with_a_good_token_goes_upstream() {
    // Without this, the tests of what goes nowhere could pass on a log that is never written.
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let request_id = Uuid::new_v4().to_string();
    let call = alice.call(Method::GET, "/chats").request_id(&request_id);
    call.send().await.ok();
    assert_eq!(stack.upstream(&request_id).await.len(), 1);
}

#[tokio::test]
async fn credentials_that_are_no_bearer_token_are_401() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let token = &alice.token;
    for (credentials, code) in [
        ("".to_owned(), "missing_token"),
        ("Bearer".to_owned(), "missing_token"),
        ("Bearer ".to_owned(), "missing_token"),
        ("Basic YWxpY2U6cGFzc3dvcmQ=".to_owned(), "missing_token"),
        (token.clone(), "missing_token"),
        (format!("Bearer {token}, Bearer {token}"), "invalid_token"),
        (format!("Bearer {token} {token}"), "invalid_token"),
        (format!("Bearer {token}."), "invalid_token"),
        ("Bearer ..".to_owned(), "invalid_token"),
    ] {
        println!("{credentials}");
        let caller = stack.edge().with("authorization", credentials);
        caller.get("/chats").await.refused(401, code);
    }
}

#[tokio::test]
async fn a_token_in_the_query_is_no_token() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let path = format!("/chats?access_token={0}&token={0}", alice.token);
    stack.edge().get(&path).await.refused(401, "missing_token");
}

#[tokio::test]
async fn the_scheme_is_written_in_any_case() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    for scheme in ["bearer", "BEARER"] {
        let credentials = format!("{scheme} {}", alice.token);
        let caller = stack.edge().with("authorization", credentials);
        caller.get("/chats").await.ok();
    }
}

#[tokio::test]
async fn tokens_that_auth_makes_are_taken() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let now = chrono::Utc::now().timestamp();
    for changes in [
        json!({ "is_anonymous": true }),
        json!({ "nbf": now - 60 }),
        json!({ "aud": ["authenticated"] }),
        json!({ "email": null, "app_metadata": null, "user_metadata": null, "session_id": null }),
    ] {
        let token = tokens::sign(&tokens::claims_with(alice.id, &changes));
        let person = Person::new(alice.id, token, &stack.edge());
        person.get("/chats").await.ok();
    }
}

#[tokio::test]
async fn a_token_that_postgrest_takes_for_one_of_the_future_is_told_so() {
    // The edge does not look at `iat`; PostgREST does, by a clock of its own.
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let now = chrono::Utc::now().timestamp();
    let changes = json!({ "iat": now + 600, "exp": now + 3600 });
    let token = tokens::sign(&tokens::claims_with(alice.id, &changes));
    let request_id = Uuid::new_v4().to_string();
    let caller = stack.edge().bearer(&token);
    let call = caller.call(Method::GET, "/chats").request_id(&request_id);
    call.send().await.refused(401, "token_not_yet_valid");
    let asked = ["GET /rest/v1/rpc/list_chats 401"];
    assert_eq!(stack.upstream(&request_id).await, asked);
}

#[tokio::test]
async fn a_refusal_does_not_repeat_the_token() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    for (_, token, code) in tokens::worthless(alice.id) {
        let answer = stack.edge().bearer(&token).get("/chats").await;
        answer.refused(401, code);
        assert!(!answer.text().contains(&token), "{}", answer.text());
    }
}
