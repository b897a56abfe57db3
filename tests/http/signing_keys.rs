//! A project in the middle of leaving its legacy secret behind: its users' tokens are signed with
//! the secret, an ES256 key or an RS256 key, and all of them pass the edge and PostgREST.

mod caches;

use chrono::Utc;
use harness::{Algorithm, Client, Person, Stack, changes_path, chat_path, message_path, tokens};
use serde_json::{Value, json};

const KEYS: [Algorithm; 2] = [Algorithm::ES256, Algorithm::RS256];

/// The published key of an algorithm.
async fn published(stack: &Stack, algorithm: Algorithm) -> Value {
    let set = stack.auth().get("/.well-known/jwks.json").await.ok();
    let keys = set["keys"].as_array().unwrap();
    let name = format!("{algorithm:?}");
    let key = keys.iter().find(|key| key["alg"] == json!(name));
    key.unwrap().clone()
}

async fn kid(stack: &Stack, algorithm: Algorithm) -> String {
    let key = published(stack, algorithm).await;
    key["kid"].as_str().unwrap().to_owned()
}

/// The same person with a token by a signing key.
async fn by_key(stack: &Stack, person: &Person, algorithm: Algorithm, api: &Client) -> Person {
    let kid = kid(stack, algorithm).await;
    let token = tokens::sign_with_key(&tokens::claims(person.id), algorithm, &kid);
    Person::new(person.id, token, api)
}

#[tokio::test]
async fn the_endpoint_publishes_public_keys_and_nothing_private() {
    let stack = Stack::connect().await;
    for algorithm in KEYS {
        let key = published(&stack, algorithm).await;
        for private in ["d", "p", "q", "k"] {
            assert_eq!(key[private], Value::Null);
        }
    }
}

#[tokio::test]
async fn a_token_by_each_key_reads_and_writes_through_edge_and_postgrest() {
    let stack = Stack::connect().await;
    for algorithm in KEYS {
        let [alice, bob] = stack.people().await;
        let chat = stack.direct_chat(&alice, &bob).await;
        let alice = by_key(&stack, &alice, algorithm, &stack.edge()).await;
        let sent = alice.send(chat, "Signed anew").await;
        assert_eq!(sent.sender_id, alice.id);
        assert_eq!(bob.messages(chat).await, [sent.clone().seen_by_others()]);
        let shown = alice.messages(chat).await;
        assert_eq!(shown, std::slice::from_ref(&sent));
        assert_eq!(alice.chat(chat).await.id, chat);
        alice.changes(chat, "?since=0").await;
        alice.edit(chat, sent.id, "Signed and edited").await;
        alice.remove(chat, sent.id).await;
        alice.leave(chat).await;
        alice
            .get(&chat_path(chat))
            .await
            .refused(403, "not_participant");
    }
}

#[tokio::test]
async fn a_token_by_each_key_is_taken_by_each_function_and_by_postgrest_directly() {
    let stack = Stack::connect().await;
    for algorithm in KEYS {
        let [alice, bob] = stack.people().await;
        let chat = stack.direct_chat(&alice, &bob).await;
        let path = chat_path(chat);
        let at_chats = by_key(&stack, &alice, algorithm, &stack.chats_function()).await;
        at_chats.get(&path).await.ok();
        let at_messages = alice.at(&stack.messages_function());
        let at_messages = by_key(&stack, &at_messages, algorithm, &stack.messages_function()).await;
        at_messages
            .get(&format!("{}?since=0", changes_path(chat)))
            .await
            .ok();
        let direct = stack.postgrest(&at_chats);
        let body = json!({ "chat_id": chat, "text": "Hello!" });
        direct.post("/rpc/send_message", &body).await.created();
    }
}

#[tokio::test]
async fn who_changes_keys_in_the_middle_of_a_conversation_notices_nothing() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let by_secret = alice.send(chat, "By the secret").await;
    for algorithm in KEYS {
        let alice = by_key(&stack, &alice, algorithm, &stack.edge()).await;
        let text = format!("By {algorithm:?}");
        assert_eq!(
            alice.edit(chat, by_secret.id, &text).await.text.as_deref(),
            Some(&*text)
        );
    }
}

#[tokio::test]
async fn a_token_that_does_not_fit_its_key_is_refused_and_goes_nowhere() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = alice.send(chat, "Mine").await;
    let claims = tokens::claims(alice.id);
    let expired = tokens::claims_with(alice.id, &json!({ "exp": Utc::now().timestamp() - 3600 }));
    let service = tokens::claims_with(alice.id, &json!({ "role": "service_role" }));
    let [ec, rsa] = [
        kid(&stack, Algorithm::ES256).await,
        kid(&stack, Algorithm::RS256).await,
    ];
    for (token, code) in [
        (
            tokens::sign_with_key(&claims, Algorithm::ES256, &rsa),
            "invalid_token",
        ),
        (
            tokens::sign_with_key(&claims, Algorithm::RS256, &ec),
            "invalid_token",
        ),
        (
            tokens::sign_with_key(&claims, Algorithm::ES256, "nobody's"),
            "invalid_token",
        ),
        (
            tokens::sign_with_key(&service, Algorithm::ES256, &ec),
            "invalid_token",
        ),
        (
            tokens::sign_with_key(&expired, Algorithm::RS256, &rsa),
            "token_expired",
        ),
    ] {
        let request_id = uuid::Uuid::new_v4().to_string();
        let caller = stack.edge().bearer(&token);
        let call = caller.call(harness::Method::DELETE, &message_path(chat, sent.id));
        call.request_id(&request_id).send().await.refused(401, code);
        assert_eq!(stack.upstream(&request_id).await, [""; 0]);
    }
}
