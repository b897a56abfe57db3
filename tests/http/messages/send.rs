//! `POST /chats/:id/messages`

use harness::{Body, Env, Message, Method, Stack, exchange, messages_path};
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test]
async fn a_message_is_201() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;

    let sent = alice.send(chat, "Hello!").await;

    let expected = Message {
        id: sent.id,
        chat_id: chat,
        sender_id: alice.id,
        text: Some("Hello!".to_owned()),
        attachment_url: None,
        attachment: None,
        client_id: None,
        reply_to_id: None,
        reply_to: None,
        mentions: vec![],
        reactions: vec![],
        created_at: sent.created_at,
        edited_at: None,
        rev: 1,
        editable_until: Some(sent.created_at.plus_minutes(15)),
        deleted_at: None,
        deleted_by: None,
    };
    assert_eq!(sent, expected);
    assert_eq!(bob.messages(chat).await, [sent.seen_by_others()]);
    assert_eq!(alice.messages(chat).await, [sent]);
}

#[tokio::test]
async fn each_message_takes_the_next_rev_and_a_later_time() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let one = alice.send(chat, "one").await;
    let two = bob.send(chat, "two").await;
    let three = alice.send(chat, "three").await;
    assert_eq!((one.rev, two.rev, three.rev), (1, 2, 3));
    assert!(one.created_at < two.created_at && two.created_at < three.created_at);
    let seen = alice.chat(chat).await;
    assert_eq!(
        (seen.rev, seen.last_message_at),
        (3, Some(three.created_at))
    );
}

#[tokio::test]
async fn no_text_and_no_attachment_is_400() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for body in [
        json!({}),
        json!({ "text": null }),
        json!({ "text": 5 }),
        json!({ "text": ["Hello!"] }),
        json!({ "body": "Hello!" }),
    ] {
        alice.try_send(chat, &body).await.invalid(&["text"]);
    }
    assert_eq!(alice.messages(chat).await, []);
}

#[tokio::test]
async fn an_attachment_that_is_no_upload_is_400() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for url in [json!("https://example.test/photo.jpg"), json!(""), json!(1)] {
        let body = json!({ "text": "look", "attachmentUrl": url });
        alice
            .try_send(chat, &body)
            .await
            .invalid(&["attachmentUrl"]);
    }
    let none = json!({ "text": "look", "attachmentUrl": null, "clientId": null });
    let sent = Message::read(&alice.try_send(chat, &none).await.created());
    assert_eq!((sent.attachment_url, sent.client_id), (None, None));
}

#[tokio::test]
async fn fields_that_are_not_the_clients_are_ignored() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let mut forged = json!({
        "text": "Hello!", "id": Uuid::new_v4(), "senderId": bob.id, "chatId": Uuid::new_v4(),
        "createdAt": "2001-01-01T00:00:00.000000Z", "rev": 77, "editedAt": "2001-01-01T00:00:00Z",
    });
    let sent = Message::read(&alice.try_send(chat, &forged).await.created());
    assert_ne!(json!(sent.id), forged["id"].take());
    assert_eq!(
        (sent.sender_id, sent.chat_id, sent.rev),
        (alice.id, chat, 1)
    );
    assert!(sent.edited_at.is_none() && sent.created_at > alice.chat(chat).await.created_at);
}

#[tokio::test]
async fn unknown_chat_is_404_and_foreign_chat_403() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let body = json!({ "text": "Hello!" });
    let unknown = stranger.try_send(Uuid::new_v4(), &body).await;
    unknown.refused(404, "chat_not_found");
    let foreign = stack
        .unchanged_by(&[&alice, &bob], stranger.try_send(chat, &body))
        .await;
    foreign.refused(403, "not_participant");
}

#[tokio::test]
async fn a_block_either_way_is_403_for_both() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let body = json!({ "text": "Hello!" });
    for (blocker, other) in [(&alice, &bob), (&bob, &alice)] {
        stack.block(blocker, other).await;
        alice.try_send(chat, &body).await.refused(403, "blocked");
        bob.try_send(chat, &body).await.refused(403, "blocked");
        stack.unblock(blocker, other).await;
    }
    assert_eq!(alice.messages(chat).await, []);
    assert_eq!(alice.send(chat, "Hello!").await.rev, 1);
}

#[tokio::test]
async fn a_block_of_two_people_does_not_touch_their_group() {
    let stack = Stack::connect().await;
    let [author, alice, bob] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice, &bob]).await;
    stack.block(&alice, &bob).await;
    assert_eq!(bob.send(chat, "Hello!").await.rev, 1);
}

/// A message of this many bytes: white space around JSON is JSON too.
fn body_of(size: usize) -> String {
    let message = r#"{"text":"Hello!"}"#;
    message.to_owned() + &" ".repeat(size - message.len())
}

#[tokio::test]
async fn a_body_of_64_kib_fits_and_one_more_byte_is_413() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    // workerd closes the connection on which it left more than 64 KiB unread.
    let own_connection = alice.on_new_connection();
    let post = || own_connection.call(Method::POST, &messages_path(chat));

    let fits = post().raw_json(body_of(64 * 1024)).send().await;
    assert_eq!(Message::read(&fits.created()).rev, 1);

    let too_long = post().raw_json(body_of(64 * 1024 + 1)).send().await;
    too_long.refused(413, "payload_too_large");
    assert_eq!(alice.messages(chat).await.len(), 1);
}

#[tokio::test]
async fn a_body_without_a_length_is_measured_as_it_comes() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for (size, fits) in [
        (64 * 1024, true),
        (64 * 1024 + 1, false),
        (96 * 1024, false),
    ] {
        let text = body_of(size);
        let chunks: Vec<std::io::Result<Vec<u8>>> = text
            .as_bytes()
            .chunks(8192)
            .map(|chunk| Ok(chunk.to_vec()))
            .collect();
        let body = Body::wrap_stream(futures_util::stream::iter(chunks));
        let own_connection = alice.on_new_connection();
        let call = own_connection.call(Method::POST, &messages_path(chat));
        let answer = call.raw_json(body).send().await;
        if fits {
            answer.created();
        } else {
            answer.refused(413, "payload_too_large");
        }
    }
    assert_eq!(alice.messages(chat).await.len(), 1);
}

#[tokio::test]
async fn a_length_over_the_limit_is_413_before_the_body_comes() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let (path, token) = (messages_path(chat), &alice.token);
    let env = Env::get();
    for server in [&env.edge_url, &env.messages_url] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: edge\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: 5242880\r\n\r\n"
        );
        exchange(server, &head)
            .await
            .refused(413, "payload_too_large");
    }
}

#[tokio::test]
async fn an_answer_repeats_nothing_that_was_not_asked() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let answer = alice.try_send(chat, &json!({ "text": "Hello!" })).await;
    assert_eq!(Message::read(&answer.created()).rev, 1);
    for header in [
        "location",
        "content-location",
        "content-range",
        "preference-applied",
    ] {
        assert_eq!(answer.header(header), None, "{header} is PostgREST's");
    }
    assert_ne!(answer.header("x-request-id"), None);
    let first: Value = answer.created();
    assert_eq!(
        alice.get(&messages_path(chat)).await.ok()["data"],
        json!([first])
    );
}
