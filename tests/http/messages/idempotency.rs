//! `clientId`, and the header `Idempotency-Key` that means the same.

use futures_util::{future::join_all, join};
use harness::{Answer, Message, Method, Person, Stack, messages_path};
use serde_json::{Value, json};
use uuid::Uuid;

async fn send_as(person: &Person, chat: Uuid, key: Uuid, text: &str) -> Answer {
    let body = json!({ "text": text, "clientId": key });
    person.try_send(chat, &body).await
}

async fn send_with_header(person: &Person, chat: Uuid, key: &str, body: &Value) -> Answer {
    let call = person.call(Method::POST, &messages_path(chat));
    call.header("idempotency-key", key).json(body).send().await
}

#[tokio::test]
async fn the_same_again_is_200_and_writes_nothing() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let key = Uuid::new_v4();
    let first = send_as(&alice, chat, key, "Hello!").await.created();
    assert_eq!(Message::read(&first).client_id, Some(key));

    let again = stack
        .unchanged_by(&[&alice, &bob], send_as(&alice, chat, key, "Hello!"))
        .await;

    assert_eq!(again.ok(), first);
}

#[tokio::test]
async fn twenty_at_once_store_one_row() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let key = Uuid::new_v4();

    let lock = stack.lock_chat(chat).await;
    let sends = join_all((0..20).map(|_| send_as(&alice, chat, key, "Hello!")));
    let release = async {
        lock.wait_for(2).await;
        lock.release().await;
    };
    let (answers, ()) = join!(sends, release);

    let created = answers.iter().filter(|answer| answer.status == 201);
    assert_eq!(created.count(), 1, "one of them stores the message");
    let first = answers[0].json(answers[0].status);
    for answer in &answers {
        let status = if answer.status == 201 { 201 } else { 200 };
        assert_eq!(answer.json(status), first);
    }
    assert_eq!(alice.messages(chat).await, [Message::read(&first)]);
    assert_eq!(alice.chat(chat).await.rev, 1);
}

#[tokio::test]
async fn the_header_means_the_same() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let key = Uuid::new_v4();
    let body = json!({ "text": "Hello!" });
    let with_both = json!({ "text": "Hello!", "clientId": key });

    let first = send_with_header(&alice, chat, &key.to_string(), &body)
        .await
        .created();

    assert_eq!(Message::read(&first).client_id, Some(key));
    let header = send_with_header(&alice, chat, &key.to_string(), &body).await;
    assert_eq!(header.ok(), first);
    assert_eq!(send_as(&alice, chat, key, "Hello!").await.ok(), first);
    let both = send_with_header(&alice, chat, &key.to_string(), &with_both).await;
    assert_eq!(both.ok(), first);
}

#[tokio::test]
async fn another_body_is_409() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let key = Uuid::new_v4();
    send_as(&alice, chat, key, "Hello!").await.created();
    let answer = stack
        .unchanged_by(&[&alice, &bob], send_as(&alice, chat, key, "Goodbye!"))
        .await;
    answer.refused(409, "idempotency_mismatch");
}

#[tokio::test]
async fn the_body_is_compared_as_it_is_stored() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let key = Uuid::new_v4();
    let first = send_as(&alice, chat, key, "Hello!").await.created();
    assert_eq!(send_as(&alice, chat, key, " Hello!\n").await.ok(), first);
}

#[tokio::test]
async fn after_an_edit_it_is_200_with_the_message_as_it_is() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let key = Uuid::new_v4();
    let first = Message::read(&send_as(&alice, chat, key, "Helo!").await.created());
    let edited = alice.edit(chat, first.id, "Hello!").await;
    let again = send_as(&alice, chat, key, "Helo!").await;
    assert_eq!(Message::read(&again.ok()), edited);
    assert_eq!(alice.messages(chat).await, [edited]);
}

#[tokio::test]
async fn after_a_deletion_it_is_404() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let key = Uuid::new_v4();
    let first = Message::read(&send_as(&alice, chat, key, "Hello!").await.created());
    alice.remove(chat, first.id).await;
    let answer = stack
        .unchanged_by(&[&alice, &bob], send_as(&alice, chat, key, "Hello!"))
        .await;
    answer.refused(404, "message_not_found");
}

#[tokio::test]
async fn the_id_counts_for_one_sender_and_one_chat() {
    let stack = Stack::connect().await;
    let [alice, bob, carol] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let other = stack.direct_chat(&alice, &carol).await;
    let key = Uuid::new_v4();
    let ids = [
        send_as(&alice, chat, key, "Hello!").await.created()["id"].take(),
        send_as(&bob, chat, key, "Hello!").await.created()["id"].take(),
        send_as(&alice, other, key, "Hello!").await.created()["id"].take(),
    ];
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
}

#[tokio::test]
async fn it_opens_no_chat_that_was_left() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let key = Uuid::new_v4();
    send_as(&alice, chat, key, "Hello!").await.created();
    alice.leave(chat).await;
    for person in [&alice, &stranger] {
        let answer = send_as(person, chat, key, "Hello!").await;
        answer.refused(403, "not_participant");
    }
}

#[tokio::test]
async fn an_id_that_is_no_uuid_is_400() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for key in [json!("one"), json!(1), json!("")] {
        let body = json!({ "text": "Hello!", "clientId": key });
        alice.try_send(chat, &body).await.invalid(&["clientId"]);
    }
    let body = json!({ "text": "Hello!" });
    for key in ["one", "1"] {
        let answer = send_with_header(&alice, chat, key, &body).await;
        answer.invalid(&["Idempotency-Key"]);
    }
    assert_eq!(alice.messages(chat).await, []);
}

#[tokio::test]
async fn two_different_ids_in_one_request_are_400() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let body = json!({ "text": "Hello!", "clientId": Uuid::new_v4() });
    let header = Uuid::new_v4().to_string();
    let answer = send_with_header(&alice, chat, &header, &body).await;
    answer.invalid(&["clientId"]);
    assert_eq!(alice.messages(chat).await, []);
}
