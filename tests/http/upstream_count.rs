//! What a call costs upstream: one PostgREST request for each success path, one to Storage more where
//! there are attachments, none for a request that is wrong in itself.

use harness::{
    Answer, Message, Method, Person, Stack, Upload, changes_path, chat_path, message_path,
    messages_path, reaction_path, reactions_path, read_path, reads_path, settings_path,
    typing_path,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// Calls under a request id of its own; returns the answer and what went upstream.
async fn counted(
    stack: &Stack,
    person: &Person,
    method: Method,
    path: String,
    body: Option<Value>,
) -> (Answer, Vec<String>) {
    let request_id = Uuid::new_v4().to_string();
    let call = person.call(method, &path).request_id(&request_id);
    let call = match body {
        Some(body) => call.json(&body),
        None => call,
    };
    let answer = call.send().await;
    (answer, stack.upstream(&request_id).await)
}

#[tokio::test]
async fn each_success_is_one_request() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    stack.friends(&alice, &bob).await;
    let asked = |method, path: &str, body| {
        let path = path.to_owned();
        counted(&stack, &alice, method, path, body)
    };
    let direct = json!({ "type": "direct", "participantIds": [bob.id] });

    let (answer, upstream) = asked(Method::POST, "/chats", Some(direct.clone())).await;
    let chat: Uuid = answer.created()["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(upstream, ["POST /rest/v1/rpc/open_direct_chat 201"]);

    let (answer, upstream) = asked(Method::POST, "/chats", Some(direct)).await;
    answer.ok();
    assert_eq!(upstream, ["POST /rest/v1/rpc/open_direct_chat 200"]);

    let (answer, upstream) = asked(Method::GET, "/chats", None).await;
    answer.ok();
    assert_eq!(upstream, ["GET /rest/v1/rpc/list_chats 200"]);

    let since = answer.ok()["since"].as_str().unwrap().to_owned();
    for query in ["?archived=true".to_owned(), format!("?since={since}")] {
        let (answer, upstream) = asked(Method::GET, &format!("/chats{query}"), None).await;
        answer.ok();
        let function = match query.starts_with("?since") {
            true => "list_changed_chats",
            false => "list_chats",
        };
        assert_eq!(upstream, [format!("GET /rest/v1/rpc/{function} 200")]);
    }

    let (answer, upstream) = asked(Method::GET, "/unread", None).await;
    answer.ok();
    assert_eq!(upstream, ["GET /rest/v1/rpc/count_unread 200"]);

    let (answer, upstream) = asked(Method::GET, &reads_path(chat), None).await;
    answer.ok();
    assert_eq!(upstream, ["GET /rest/v1/rpc/list_reads 200"]);

    let pin = json!({ "pinned": true });
    let (answer, upstream) = asked(Method::PATCH, &settings_path(chat), Some(pin)).await;
    answer.ok();
    assert_eq!(upstream, ["POST /rest/v1/rpc/change_chat_settings 200"]);

    let (answer, upstream) = asked(Method::GET, &chat_path(chat), None).await;
    answer.ok();
    assert_eq!(upstream, ["GET /rest/v1/rpc/get_chat 200"]);

    let sent = json!({ "text": "Hello!", "clientId": Uuid::new_v4() });
    let path = messages_path(chat);
    let (answer, upstream) = asked(Method::POST, &path, Some(sent.clone())).await;
    let message: Uuid = answer.created()["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(upstream, ["POST /rest/v1/rpc/send_message 201"]);

    let (answer, upstream) = asked(Method::POST, &path, Some(sent)).await;
    answer.ok();
    assert_eq!(upstream, ["POST /rest/v1/rpc/send_message 200"]);

    let (answer, upstream) = asked(Method::GET, &path, None).await;
    answer.ok();
    assert_eq!(upstream, ["GET /rest/v1/rpc/list_messages 200"]);

    for query in ["?around=unread".to_owned(), format!("?around={message}")] {
        let (answer, upstream) = asked(Method::GET, &format!("{path}{query}"), None).await;
        answer.ok();
        assert_eq!(upstream, ["GET /rest/v1/rpc/list_messages 200"]);
    }

    let one = message_path(chat, message);
    let (answer, upstream) = asked(Method::GET, &one, None).await;
    answer.ok();
    assert_eq!(upstream, ["GET /rest/v1/rpc/get_message 200"]);

    let changes = format!("{}?since=0", changes_path(chat));
    let (answer, upstream) = asked(Method::GET, &changes, None).await;
    answer.ok();
    assert_eq!(upstream, ["GET /rest/v1/rpc/list_changes 200"]);

    let path = message_path(chat, message);
    let (answer, upstream) = asked(Method::PATCH, &path, Some(json!({ "text": "Hi!" }))).await;
    answer.ok();
    assert_eq!(upstream, ["POST /rest/v1/rpc/edit_message 200"]);

    let reaction = reaction_path(chat, message, "👍");
    for _ in 0..2 {
        let (answer, upstream) = asked(Method::PUT, &reaction, None).await;
        answer.ok();
        assert_eq!(upstream, ["POST /rest/v1/rpc/add_reaction 200"]);
    }
    let reactions = reactions_path(chat, message);
    for query in ["", "?emoji=%F0%9F%91%8D&limit=1"] {
        let (answer, upstream) = asked(Method::GET, &format!("{reactions}{query}"), None).await;
        answer.ok();
        assert_eq!(upstream, ["GET /rest/v1/rpc/list_reactions 200"]);
    }
    for _ in 0..2 {
        let (answer, upstream) = asked(Method::DELETE, &reaction, None).await;
        answer.ok();
        assert_eq!(upstream, ["POST /rest/v1/rpc/remove_reaction 200"]);
    }

    let (answer, upstream) = asked(Method::GET, "/mentions", None).await;
    answer.ok();
    assert_eq!(upstream, ["GET /rest/v1/rpc/list_mentions 200"]);

    // With POST, so that the words are in no log of Supabase.
    let (answer, upstream) = asked(Method::GET, "/search?q=hello", None).await;
    answer.ok();
    assert_eq!(upstream, ["POST /rest/v1/rpc/search_messages 200"]);

    let body = json!({ "messageId": message });
    let (answer, upstream) = asked(Method::POST, &read_path(chat), Some(body)).await;
    answer.ok();
    assert_eq!(upstream, ["POST /rest/v1/rpc/mark_read 200"]);

    for _ in 0..2 {
        let (answer, upstream) = asked(Method::POST, &typing_path(chat), None).await;
        answer.accepted();
        assert_eq!(upstream, ["POST /rest/v1/rpc/send_typing 202"]);
    }

    for _ in 0..2 {
        let (answer, upstream) = asked(Method::DELETE, &path, None).await;
        answer.no_content();
        assert_eq!(upstream, ["POST /rest/v1/rpc/delete_message 204"]);
    }

    let (answer, upstream) = asked(Method::DELETE, &chat_path(chat), None).await;
    answer.no_content();
    assert_eq!(upstream, ["POST /rest/v1/rpc/leave_chat 204"]);
}

#[tokio::test]
async fn attachments_are_one_request_to_storage_more_and_none_where_there_are_none() {
    const SIGN: &str = "POST /storage/v1/object/sign/chat-attachments 200";
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let asked = |method, path: &str, body| {
        let path = path.to_owned();
        counted(&stack, &alice, method, path, body)
    };
    let reservation = json!({
        "chatId": chat, "fileName": "photo.jpg", "contentType": "image/jpeg", "size": 5,
    });
    let (answer, upstream) = asked(Method::POST, "/uploads", Some(reservation)).await;
    let upload = Upload::read(&answer.created());
    let signed = format!(
        "POST /storage/v1/object/upload/sign/chat-attachments/{} 200",
        upload.path
    );
    assert_eq!(
        upstream,
        ["POST /rest/v1/rpc/reserve_upload 201", signed.as_str()]
    );
    stack.put(&upload, b"12345").await.ok();

    let path = messages_path(chat);
    let sent = json!({ "attachmentUrl": upload.attachment_url, "clientId": Uuid::new_v4() });
    let (answer, upstream) = asked(Method::POST, &path, Some(sent.clone())).await;
    let message = Message::read(&answer.created()).id;
    assert_eq!(upstream, ["POST /rest/v1/rpc/send_message 201", SIGN]);
    let (answer, upstream) = asked(Method::POST, &path, Some(sent)).await;
    answer.ok();
    assert_eq!(upstream, ["POST /rest/v1/rpc/send_message 200", SIGN]);

    // However many there are.
    for _ in 0..3 {
        stack.attached(&bob, chat, b"12345").await;
    }
    let changes = format!("{}?since=0", changes_path(chat));
    for (path, function) in [(&path, "list_messages"), (&changes, "list_changes")] {
        let (answer, upstream) = asked(Method::GET, path, None).await;
        assert_eq!(answer.ok()["data"].as_array().map(Vec::len), Some(4));
        let asked = format!("GET /rest/v1/rpc/{function} 200");
        assert_eq!(upstream, [asked.as_str(), SIGN]);
    }
    let edited = json!({ "text": "Look!" });
    let (answer, upstream) = asked(Method::PATCH, &message_path(chat, message), Some(edited)).await;
    answer.ok();
    assert_eq!(upstream, ["POST /rest/v1/rpc/edit_message 200", SIGN]);

    // The page that has none of them is one request still.
    alice.send(chat, "the newest").await;
    let (answer, upstream) = asked(Method::GET, &format!("{path}?limit=1"), None).await;
    answer.ok();
    assert_eq!(upstream, ["GET /rest/v1/rpc/list_messages 200"]);
}

#[tokio::test]
async fn each_further_page_is_one_request() {
    let stack = Stack::connect().await;
    let [alice, bob, carol] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    stack.direct_chat(&alice, &carol).await;
    stack.history(chat, &bob, 2).await;

    let next = alice
        .messages_page(chat, "?limit=1")
        .await
        .next_cursor
        .unwrap();
    let path = format!("{}?limit=1&cursor={next}", messages_path(chat));
    let (answer, upstream) = counted(&stack, &alice, Method::GET, path, None).await;
    answer.ok();
    assert_eq!(upstream, ["GET /rest/v1/rpc/list_messages 200"]);

    let next = alice.chats_page("?limit=1").await.next_cursor.unwrap();
    let path = format!("/chats?limit=1&cursor={next}");
    let (answer, upstream) = counted(&stack, &alice, Method::GET, path, None).await;
    answer.ok();
    assert_eq!(upstream, ["GET /rest/v1/rpc/list_chats 200"]);
}

#[tokio::test]
async fn a_refusal_is_two_requests_at_most() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for (path, status, code) in [
        (chat_path(chat), 403, "not_participant"),
        (messages_path(chat), 403, "not_participant"),
        (changes_path(chat) + "?since=0", 403, "not_participant"),
        (chat_path(Uuid::new_v4()), 404, "chat_not_found"),
        (messages_path(Uuid::new_v4()), 404, "chat_not_found"),
    ] {
        let (answer, upstream) = counted(&stack, &stranger, Method::GET, path, None).await;
        answer.refused(status, code);
        assert!((1..=2).contains(&upstream.len()), "{upstream:?}");
    }
}

#[tokio::test]
async fn a_request_that_is_wrong_in_itself_is_none() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let messages = messages_path(chat);
    let message = message_path(chat, Uuid::new_v4());
    let read = read_path(chat);
    let changes = changes_path(chat);
    let blank = reaction_path(chat, Uuid::new_v4(), " ");
    let reactions = format!("{}?emoji=%00", reactions_path(chat, Uuid::new_v4()));
    let too_long = "x".repeat(4001);
    for (method, path, body, code) in [
        (Method::GET, "/chats/no-uuid", None, "invalid_id"),
        (Method::GET, "/chats?limit=0", None, "invalid_request"),
        (Method::GET, "/chats?cursor=garbled", None, "invalid_cursor"),
        (Method::GET, &changes, None, "invalid_request"),
        (
            Method::POST,
            "/chats",
            Some(json!({ "type": "group" })),
            "invalid_request",
        ),
        (
            Method::POST,
            &messages,
            Some(json!({ "text": " " })),
            "invalid_request",
        ),
        (
            Method::POST,
            &messages,
            Some(json!({ "text": too_long })),
            "invalid_request",
        ),
        (Method::PATCH, &message, Some(json!({})), "invalid_request"),
        (Method::PUT, &blank, None, "invalid_request"),
        (Method::DELETE, &blank, None, "invalid_request"),
        (Method::GET, &reactions, None, "invalid_request"),
        (
            Method::GET,
            "/mentions?cursor=garbled",
            None,
            "invalid_cursor",
        ),
        (Method::GET, "/search?q=", None, "invalid_request"),
        (
            Method::GET,
            "/search?q=a&cursor=garbled",
            None,
            "invalid_cursor",
        ),
        (
            Method::POST,
            &messages,
            Some(json!({ "text": "hello", "mentions": "all" })),
            "invalid_request",
        ),
        (
            Method::POST,
            &read,
            Some(json!({ "messageId": 1 })),
            "invalid_request",
        ),
        (
            Method::POST,
            "/uploads",
            Some(json!({ "chatId": chat, "fileName": "a", "contentType": "text/html", "size": 1 })),
            "invalid_request",
        ),
    ] {
        let (answer, upstream) = counted(&stack, &alice, method, path.to_owned(), body).await;
        answer.refused(400, code);
        assert_eq!(upstream, [""; 0], "{path}");
    }
}
