//! A first conversation of two people who signed up at Auth, with the tokens that it gave them.

use harness::{Person, Stack};
use serde_json::json;
use uuid::Uuid;

async fn signs_up(stack: &Stack) -> Person {
    let body = json!({
        "email": format!("{}@example.test", Uuid::new_v4()),
        "password": "correct horse battery staple",
    });
    let session = stack.auth().post("/signup", &body).await.ok();
    let id = session["user"]["id"].as_str().unwrap().parse().unwrap();
    let token = session["access_token"].as_str().unwrap().to_owned();
    Person::new(id, token, &stack.edge())
}

#[tokio::test]
async fn two_people_sign_up_and_talk() {
    let stack = Stack::connect().await;
    let alice = signs_up(&stack).await;
    let bob = signs_up(&stack).await;
    let stranger = signs_up(&stack).await;

    alice.open(bob.id).await.refused(403, "not_friends");
    let chat = stack.direct_chat(&alice, &bob).await;
    let hello = alice.send(chat, "Hello!").await;
    assert_eq!(hello.sender_id, alice.id);
    assert_eq!(bob.messages(chat).await, [hello.seen_by_others()]);
    assert_eq!(bob.mark_read(chat, hello.id).await, 0);
    let edited = alice.edit(chat, hello.id, "Hello, Bob!").await;
    assert_eq!(bob.messages(chat).await, [edited.seen_by_others()]);
    alice.remove(chat, hello.id).await;
    assert_eq!(bob.messages(chat).await, []);
    stranger.is_shut_out_of(chat, hello.id).await;
}
