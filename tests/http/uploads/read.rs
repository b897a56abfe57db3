//! Who gets an attachment: the people who may read its message.

use harness::{Message, Method, Person, Stack, changes_path, messages_path};
use serde_json::json;

/// What Storage gives this person for a path: the status of a GET, of a signature for one, and of
/// the entry in a batch of signatures.
async fn reads(stack: &Stack, person: &Person, path: &str) -> [bool; 3] {
    let storage = stack.storage(person);
    let object = format!("/object/authenticated/chat-attachments/{path}");
    let object = storage.get(&object).await;
    let hour = json!({ "expiresIn": 60 });
    let single = format!("/object/sign/chat-attachments/{path}");
    let single = storage.post(&single, &hour).await;
    if single.status == 200 {
        let url = single.ok()["signedURL"].to_string();
        assert!(url.starts_with("\"/object/sign/chat-attachments/"), "{url}");
    }
    let batch = json!({ "expiresIn": 60, "paths": [path] });
    let batch = storage.post("/object/sign/chat-attachments", &batch).await;
    let url = batch.ok()[0]["signedURL"].take();
    let signed = url.as_str().is_some_and(|url| url.contains("?token="));
    [object.status == 200, single.status == 200, signed]
}

const ALL: [bool; 3] = [true; 3];
const NONE: [bool; 3] = [false; 3];

fn path(message: &Message) -> &str {
    &message.attachment.as_ref().unwrap().path
}

#[tokio::test]
async fn both_sides_of_a_chat_read_it_and_a_stranger_does_not() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = stack.attached(&alice, chat, b"12345").await;
    assert_eq!(reads(&stack, &alice, path(&sent)).await, ALL);
    assert_eq!(reads(&stack, &bob, path(&sent)).await, ALL);
    assert_eq!(reads(&stack, &stranger, path(&sent)).await, NONE);
    let moderator = stranger.as_moderator(&stack.edge());
    assert_eq!(reads(&stack, &moderator, path(&sent)).await, NONE);
    let object = format!("/object/chat-attachments/{}", path(&sent));
    assert_ne!(stack.anonymous_storage().get(&object).await.status, 200);
    let public = object.replace("/object/", "/object/public/");
    assert_ne!(stack.anonymous_storage().get(&public).await.status, 200);
}

#[tokio::test]
async fn nobody_reads_it_before_it_is_in_a_message() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let upload = stack.uploaded(&alice, chat, b"12345").await;
    for person in [&alice, &bob] {
        assert_eq!(reads(&stack, person, &upload.path).await, NONE);
    }
    let listed = json!({ "prefix": format!("{chat}/{}", alice.id), "limit": 100 });
    let listed = stack
        .storage(&bob)
        .post("/object/list/chat-attachments", &listed)
        .await;
    assert_eq!(listed.ok(), json!([]));
}

#[tokio::test]
async fn who_left_a_group_reads_it_no_more_and_who_returns_to_a_pair_nothing_from_before() {
    let stack = Stack::connect().await;
    let [author, alice, bob] = stack.people().await;
    let (room, chat) = stack.room(&author, &[&alice, &bob]).await;
    let sent = stack.attached(&alice, chat, b"12345").await;
    assert_eq!(reads(&stack, &bob, path(&sent)).await, ALL);
    stack.remove_member(room, &bob).await;
    assert_eq!(reads(&stack, &bob, path(&sent)).await, NONE);
    // A URL that was handed out is good for its hour all the same.
    let url = sent.attachment_url.as_deref().unwrap();
    stack.download(url).await.text();

    let pair = stack.direct_chat(&alice, &bob).await;
    let before = stack.attached(&alice, pair, b"before").await;
    bob.leave(pair).await;
    let after = stack.attached(&alice, pair, b"after").await;
    assert_eq!(reads(&stack, &bob, path(&before)).await, NONE);
    assert_eq!(reads(&stack, &bob, path(&after)).await, ALL);
    assert_eq!(bob.messages(pair).await.len(), 1);
}

#[tokio::test]
async fn a_deleted_messages_file_is_for_moderators_alone() {
    let stack = Stack::connect().await;
    let [author, alice, bob] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice, &bob]).await;
    let sent = stack.attached(&alice, chat, b"12345").await;
    alice.remove(chat, sent.id).await;
    for person in [&alice, &bob] {
        assert_eq!(reads(&stack, person, path(&sent)).await, NONE);
        let feed = person.get(&format!("{}?since=0", changes_path(chat))).await;
        assert!(!feed.text().contains(path(&sent)));
    }
    assert_eq!(reads(&stack, &author, path(&sent)).await, ALL);
    let seen = author.messages_as_moderator(chat).await;
    assert_eq!(seen[0].attachment, sent.attachment);
    let url = seen[0].attachment_url.as_deref().unwrap();
    assert_eq!(stack.download(url).await.text(), "12345");
}

#[tokio::test]
async fn an_object_that_has_gone_leaves_a_null_and_no_error() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let gone = stack.attached(&alice, chat, b"gone").await;
    let stays = stack.attached(&alice, chat, b"stays").await;
    let sql = "delete from storage.objects where name = $1";
    assert_eq!(stack.execute(sql, &[&path(&gone)]).await, 1);
    let seen = bob.messages(chat).await;
    let expected = Message {
        attachment_url: None,
        ..gone.seen_by_others()
    };
    assert_eq!(seen[1], expected);
    assert_eq!(seen[0].unsigned(), stays.seen_by_others().unsigned());
}

#[tokio::test]
async fn a_url_is_signed_anew_for_each_answer_and_for_an_hour() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let sent = stack.attached(&alice, chat, b"12345").await;
    let url = sent.attachment_url.unwrap();
    let token = url.split_once("?token=").unwrap().1;
    let lifetime: i64 = stack
        .value(
            "select (claims ->> 'exp')::bigint - (claims ->> 'iat')::bigint
             from convert_from(decode(
               translate(split_part($1, '.', 2), '-_', '+/')
               || repeat('=', (4 - length(split_part($1, '.', 2)) % 4) % 4), 'base64'), 'UTF8') as text,
               lateral (select text::jsonb) as parsed (claims)",
            &[&token],
        )
        .await;
    assert_eq!(lifetime, 3_600);
    // A signature says which object and until when; changed, it is none.
    let forged = format!("{}x", url);
    assert_ne!(stack.download(&forged).await.status, 200);
    let other = url.replace("photo.jpg", "other.jpg");
    assert_ne!(stack.download(&other).await.status, 200);
}

#[tokio::test]
async fn a_page_of_files_has_a_url_for_each() {
    // The embedded stack signs them one by one, and the function waits for two seconds.
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    stack.history(chat, &alice, 30).await;
    // Objects without bytes: what is signed is the row.
    stack
        .execute(
            "insert into storage.objects (bucket_id, name, metadata)
             select 'chat-attachments', format('%s/%s/%s/photo.jpg', m.chat_id, m.sender_id, m.id), '{\"size\": 5}'
             from public.messages m where m.chat_id = $1",
            &[&chat],
        )
        .await;
    stack
        .execute(
            "update public.messages m set
               attachment_path = format('%s/%s/%s/photo.jpg', m.chat_id, m.sender_id, m.id),
               attachment_file_name = 'photo.jpg', attachment_content_type = 'image/jpeg', attachment_size = 5
             where m.chat_id = $1",
            &[&chat],
        )
        .await;
    let request_id = uuid::Uuid::new_v4().to_string();
    let call = bob.call(Method::GET, &format!("{}?limit=100", messages_path(chat)));
    let page = call.request_id(&request_id).send().await.ok();
    let rows = page["data"].as_array().unwrap();
    assert_eq!(rows.len(), 30);
    for row in rows {
        let message = Message::read(row);
        assert!(
            message
                .attachment_url
                .unwrap()
                .contains(&message.id.to_string())
        );
    }
    assert_eq!(
        stack.upstream(&request_id).await,
        [
            "GET /rest/v1/rpc/list_messages 200",
            "POST /storage/v1/object/sign/chat-attachments 200"
        ]
    );
}
