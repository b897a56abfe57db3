//! An upload becomes a message's attachment: once, its sender's, in its chat, as it was declared.

use futures_util::future::join_all;
use harness::{Attachment, Env, Message, Stack, Upload, changes_path};
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
async fn a_message_with_a_file_is_201_and_tells_what_the_file_is() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let upload = stack.uploaded(&alice, chat, b"12345").await;

    let sent = alice.attach(chat, &upload).await;

    let expected = Message {
        text: None,
        attachment_url: sent.attachment_url.clone(),
        attachment: Some(Attachment {
            path: upload.path.clone(),
            file_name: "photo.jpg".to_owned(),
            content_type: "image/jpeg".to_owned(),
            size: 5,
            width: None,
            height: None,
        }),
        rev: 1,
        ..sent.clone()
    };
    assert_eq!(sent, expected);
    let url = sent.attachment_url.unwrap();
    let (object, token) = url.split_once("?token=").unwrap();
    let objects = format!("{}/storage/v1/object/sign", Env::get().supabase_url);
    assert_eq!(
        object,
        format!("{objects}/chat-attachments/{}", upload.path)
    );
    assert!(!token.is_empty());
    let shown = bob.chat(chat).await.last_message.unwrap();
    assert_eq!((shown.id, shown.text), (sent.id, None));
    assert!(shown.has_attachment);
}

#[tokio::test]
async fn a_picture_tells_its_size_before_it_is_there() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let body = json!({
        "chatId": chat, "fileName": "a.png", "contentType": "image/x-png", "size": 5,
        "width": 640, "height": 480,
    });
    let upload = Upload::read(&alice.try_reserve(&body).await.created());
    stack.put(&upload, b"12345").await.ok();
    let sent = alice.attach(chat, &upload).await;
    let file = sent.attachment.unwrap();
    assert_eq!((file.width, file.height), (Some(640), Some(480)));
    assert_eq!(file.content_type, "image/png");
    let seen = bob.messages(chat).await.remove(0);
    assert_eq!(seen.attachment, Some(file));
}

#[tokio::test]
async fn a_text_may_stand_beside_it_and_be_edited() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let upload = stack.uploaded(&alice, chat, b"12345").await;
    let body = json!({ "text": " Look! ", "attachmentUrl": upload.attachment_url });
    let sent = Message::read(&alice.try_send(chat, &body).await.created());
    assert_eq!(sent.text.as_deref(), Some("Look!"));
    let edited = alice.edit(chat, sent.id, "Look here!").await;
    assert_eq!(edited.attachment, sent.attachment);
    assert_eq!(
        edited.unsigned().attachment_url,
        sent.unsigned().attachment_url
    );
    let bare = json!({ "attachmentUrl": upload.attachment_url, "text": "  " });
    alice.try_send(chat, &bare).await.invalid(&["text"]);
}

#[tokio::test]
async fn a_signed_url_of_ones_own_names_the_upload_too() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let upload = stack.uploaded(&alice, chat, b"12345").await;
    // Nobody gets one before the object is in a message; one from there is of an object that is taken.
    let signed = upload.attachment_url.replace("/authenticated/", "/sign/") + "?token=a.b.c";
    let sent = Message::read(&alice.try_attach(chat, &signed).await.created());
    let taken = alice.try_attach(chat, &sent.attachment_url.unwrap()).await;
    taken.invalid(&["attachmentUrl"]);
}

#[tokio::test]
async fn an_object_belongs_to_one_message() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let upload = stack.uploaded(&alice, chat, b"12345").await;
    let sends = (0..12).map(|_| alice.try_attach(chat, &upload.attachment_url));
    let answers = join_all(sends).await;
    let (taken, refused): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.status == 201);
    assert_eq!((taken.len(), refused.len()), (1, 11));
    for answer in refused {
        answer.invalid(&["attachmentUrl"]);
    }
    let messages = bob.messages(chat).await;
    assert_eq!(messages.len(), 1);
    assert_eq!(bob.chat(chat).await.rev, 1);
    // Deleted, it keeps its object.
    alice.remove(chat, messages[0].id).await;
    let again = alice.try_attach(chat, &upload.attachment_url).await;
    again.invalid(&["attachmentUrl"]);
}

#[tokio::test]
async fn a_retry_finds_the_message_and_another_body_does_not() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let upload = stack.uploaded(&alice, chat, b"12345").await;
    let body = json!({ "attachmentUrl": upload.attachment_url, "clientId": Uuid::new_v4() });
    let first = Message::read(&alice.try_send(chat, &body).await.created());
    let again = Message::read(&alice.try_send(chat, &body).await.ok());
    assert_eq!(again.unsigned(), first.unsigned());
    assert!(again.attachment_url.unwrap().contains("?token="));
    let mut other = body.clone();
    other["text"] = json!("Look!");
    let mismatch = alice.try_send(chat, &other).await;
    mismatch.refused(409, "idempotency_mismatch");
    other["attachmentUrl"] = json!(null);
    let mismatch = alice.try_send(chat, &other).await;
    mismatch.refused(409, "idempotency_mismatch");
}

#[tokio::test]
async fn what_differs_from_its_declaration_is_400() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let longer = alice.reserve(chat, "a.jpg", "image/jpeg", 5).await;
    stack.put(&longer, b"123456").await.ok();
    let mut other = alice.reserve(chat, "a.jpg", "image/jpeg", 5).await;
    let declared = "content-type".to_owned();
    other.headers.insert(declared, "image/png".to_owned());
    stack.put(&other, b"12345").await.ok();
    let absent = alice.reserve(chat, "a.jpg", "image/jpeg", 5).await;
    for (upload, issue) in [
        (&longer, "differs from what was declared: size"),
        (&other, "differs from what was declared: content type"),
        (&absent, "has not been uploaded"),
    ] {
        let answer = alice.try_attach(chat, &upload.attachment_url).await;
        answer.invalid(&["attachmentUrl"]);
        let body = answer.json(400);
        assert_eq!(body["error"]["fields"][0]["issue"], issue);
    }
    assert_eq!(bob.messages(chat).await, []);
}

#[tokio::test]
async fn an_upload_is_its_owners_in_its_chat_for_a_day() {
    let stack = Stack::connect().await;
    let [alice, bob, carol] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let elsewhere = stack.direct_chat(&alice, &carol).await;
    let upload = stack.uploaded(&alice, chat, b"12345").await;
    for (person, into) in [(&bob, chat), (&alice, elsewhere), (&carol, elsewhere)] {
        let answer = person.try_attach(into, &upload.attachment_url).await;
        answer.invalid(&["attachmentUrl"]);
    }
    // The same past the edge.
    for (person, into) in [(&bob, chat), (&alice, elsewhere)] {
        let body = json!({ "chat_id": into, "attachment_path": upload.path });
        let database = stack.postgrest(person);
        let answer = database.post("/rpc/send_message", &body).await;
        answer.raised(400, "invalid_request");
    }
    let sql = "update chat.uploads set created_at = created_at - interval '24 hours 1 minute'
               where path = $1";
    assert_eq!(stack.execute(sql, &[&upload.path]).await, 1);
    let late = alice.try_attach(chat, &upload.attachment_url).await;
    late.invalid(&["attachmentUrl"]);
}

#[tokio::test]
async fn the_feed_and_both_sides_see_it() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = stack.attached(&alice, chat, b"12345").await;
    let seen = bob.messages(chat).await;
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].unsigned(), sent.seen_by_others().unsigned());
    let path = format!("{}?since=0", changes_path(chat));
    let feed = bob.get(&path).await.ok();
    let told = Message::read(&feed["data"][0]["message"]);
    assert_eq!(told.unsigned(), sent.seen_by_others().unsigned());
    for message in [&seen[0], &told] {
        let url = message.attachment_url.as_deref().unwrap();
        let file = stack.download(url).await;
        assert_eq!((file.status, file.body), (200, b"12345".to_vec()));
        let kind = file.headers["content-type"].to_str().unwrap();
        assert_eq!(kind, "image/jpeg");
    }
}

#[tokio::test]
async fn messages_and_their_texts_stay_as_they_were_beside_attachments() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let fake = r#"{"attachmentUrl":null,"attachment":{"path":"a/b/c/d"}}"#;
    let text = alice.send(chat, fake).await;
    let uploads: Vec<Upload> = {
        let mut uploads = Vec::new();
        for bytes in [&b"one"[..], b"two"] {
            uploads.push(stack.uploaded(&alice, chat, bytes).await);
        }
        uploads
    };
    let one = alice.attach(chat, &uploads[0]).await;
    let between = bob.send(chat, "قهوة ☕ \"quoted\" \\ \u{1}").await;
    let two = alice.attach(chat, &uploads[1]).await;
    let seen: Vec<_> = alice.messages(chat).await;
    let unsigned: Vec<_> = seen.iter().map(Message::unsigned).collect();
    assert_eq!(
        unsigned,
        [
            two.unsigned(),
            between.seen_by_others(),
            one.unsigned(),
            text
        ]
    );
    for (message, bytes) in [(&seen[0], "two"), (&seen[2], "one")] {
        let url = message.attachment_url.as_deref().unwrap();
        assert_eq!(stack.download(url).await.text(), bytes);
    }
}
