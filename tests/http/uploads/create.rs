//! `POST /uploads`

use chrono::{TimeDelta, Utc};
use harness::{Env, Method, Person, Stack, Timestamp, Upload};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

fn body(chat: Uuid) -> Value {
    json!({ "chatId": chat, "fileName": "photo.jpg", "contentType": "image/jpeg", "size": 5 })
}

fn with(chat: Uuid, member: &str, value: Value) -> Value {
    let mut body = body(chat);
    body[member] = value;
    body
}

async fn reserved(person: &Person, body: &Value) -> Upload {
    Upload::read(&person.try_reserve(body).await.created())
}

#[tokio::test]
async fn an_upload_is_201_with_all_that_a_client_needs() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;

    let upload = reserved(&alice, &body(chat)).await;

    let (folder, name) = upload.path.rsplit_once('/').unwrap();
    assert_eq!(name, "photo.jpg");
    let (owner, id) = folder.rsplit_once('/').unwrap();
    assert_eq!(owner, format!("{chat}/{}", alice.id));
    assert!(id.parse::<Uuid>().is_ok());
    let objects = format!("{}/storage/v1/object", Env::get().supabase_url);
    let object = format!("chat-attachments/{}", upload.path);
    let (url, token) = upload.upload_url.split_once("?token=").unwrap();
    assert_eq!(url, format!("{objects}/upload/sign/{object}"));
    assert_eq!(token.split('.').count(), 3);
    assert_eq!(
        upload.attachment_url,
        format!("{objects}/authenticated/{object}")
    );
    assert_eq!(upload.method, "PUT");
    let headers = [("content-type".to_owned(), "image/jpeg".to_owned())];
    assert_eq!(upload.headers, BTreeMap::from(headers));
    assert_eq!(upload.file_name, "photo.jpg");
    assert_eq!(upload.content_type, "image/jpeg");
    let Timestamp(until) = upload.expires_at;
    let (least, most) = (TimeDelta::minutes(119), TimeDelta::minutes(121));
    assert!((Utc::now() + least..Utc::now() + most).contains(&until));
}

#[tokio::test]
async fn two_uploads_of_one_name_are_two() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let one = reserved(&alice, &body(chat)).await;
    let two = reserved(&alice, &body(chat)).await;
    assert_ne!(one.path, two.path);
}

#[tokio::test]
async fn a_name_is_cleaned_to_be_shown_and_more_so_in_the_path() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for (name, shown, key) in [
        ("تقرير مايو 📎.pdf", "تقرير مايو 📎.pdf", "file.pdf"),
        ("a/b\\c.jpg", "a-b-c.jpg", "a-b-c.jpg"),
        ("../../etc/passwd", "etc-passwd", "etc-passwd"),
        ("..", "file", "file"),
        ("", "file", "file"),
        (" \t", "file", "file"),
        ("\u{0}", "file", "file"),
        ("\u{200b}\u{feff}", "file", "file"),
        ("%2e%2e%2fx", "%2e%2e%2fx", "2e-2e-2fx"),
        ("e\u{301}.txt", "é.txt", "e.txt"),
        ("a\u{0}\u{7}\u{202e}b.txt", "ab.txt", "ab.txt"),
        ("?token=x&y#z", "?token=x&y#z", "token-x-y-z"),
    ] {
        let upload = reserved(&alice, &with(chat, "fileName", json!(name))).await;
        assert_eq!(upload.file_name, shown, "{name}");
        let kept = upload.path.rsplit('/').next().unwrap();
        assert!(
            kept.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)),
            "{kept}"
        );
        assert!(!kept.contains(".."), "{kept}");
        if key != "e.txt" {
            assert_eq!(kept, key, "{name}");
        }
    }
    let long = format!("{}.jpeg", "x".repeat(5_000));
    let upload = reserved(&alice, &with(chat, "fileName", json!(long))).await;
    assert_eq!(upload.file_name.chars().count(), 255);
    assert!(upload.file_name.ends_with(".jpeg") && upload.path.ends_with(".jpeg"));
}

#[tokio::test]
async fn each_field_is_checked_and_all_faults_told_at_once() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for (field, values) in [
        ("chatId", json!([null, "no-id", 5])),
        ("fileName", json!([null, 5, ["a.jpg"]])),
        (
            "contentType",
            json!(["text/html", "image/svg+xml", "image/*", "image", 5]),
        ),
        ("size", json!([null, -1, 1.5, "5", 26_214_401_u64, 1e30])),
    ] {
        for value in values.as_array().unwrap() {
            let answer = alice.try_reserve(&with(chat, field, value.clone())).await;
            answer.invalid(&[field]);
        }
    }
    for (width, height, fields) in [
        (json!(1), json!(null), &["height"][..]),
        (json!(null), json!(1), &["width"]),
        (json!(0), json!(1), &["width"]),
        (json!(1), json!(100_001), &["height"]),
        (json!(1.5), json!("1"), &["width", "height"]),
    ] {
        let mut body = body(chat);
        body["width"] = width;
        body["height"] = height;
        alice.try_reserve(&body).await.invalid(fields);
    }
    for (name, kind) in [
        ("program.exe", json!(null)),
        ("program.exe", json!("application/octet-stream")),
        ("page.html", json!("")),
        ("drawing.svg", json!("")),
        ("jpg", json!("")),
    ] {
        let mut body = body(chat);
        body["fileName"] = json!(name);
        body["contentType"] = kind;
        alice.try_reserve(&body).await.invalid(&["contentType"]);
    }
    let all = &["chatId", "fileName", "contentType", "size"];
    alice.try_reserve(&json!({})).await.invalid(all);
    let sql = "select count(*) from chat.uploads where user_id = $1";
    assert_eq!(stack.value::<i64>(sql, &[&alice.id]).await, 0);
}

#[tokio::test]
async fn the_largest_and_the_empty_file_may_be_uploaded_and_parameters_of_a_type_are_dropped() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for size in [0, 26_214_400] {
        reserved(&alice, &with(chat, "size", json!(size))).await;
    }
    let voice = json!("Audio/WebM;codecs=opus");
    let upload = reserved(&alice, &with(chat, "contentType", voice)).await;
    assert_eq!(upload.headers["content-type"], "audio/webm");
}

#[tokio::test]
async fn what_devices_send_is_taken_by_its_canonical_name_and_so_uploaded() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for (name, declared, canonical) in [
        ("photo", json!("image/jpg"), "image/jpeg"),
        ("photo.avif", json!("image/avif"), "image/avif"),
        (
            "a.zip",
            json!("application/x-zip-compressed"),
            "application/zip",
        ),
        ("voice.m4a", json!("audio/x-m4a"), "audio/mp4"),
        ("song.mp3", json!("Audio/MP3"), "audio/mpeg"),
        ("sound.wav", json!("audio/vnd.wave"), "audio/wav"),
        ("sound.aac", json!("audio/x-aac"), "audio/aac"),
        ("voice.3gp", json!("audio/3gpp"), "audio/3gpp"),
        ("clip.3GP", json!(""), "video/3gpp"),
        (
            "notes.md",
            json!("application/octet-stream"),
            "text/markdown",
        ),
        (
            "letter.docx",
            json!(null),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (
            "table.csv",
            json!("text/comma-separated-values; charset=utf-8"),
            "text/csv",
        ),
    ] {
        let mut body = with(chat, "fileName", json!(name));
        body["contentType"] = declared;
        let upload = reserved(&alice, &body).await;
        assert_eq!(upload.content_type, canonical, "{name}");
        assert_eq!(upload.headers["content-type"], canonical, "{name}");
        stack.put(&upload, b"12345").await.ok();
        let file = alice.attach(chat, &upload).await.attachment.unwrap();
        assert_eq!(file.content_type, canonical, "{name}");
    }
    let mut absent = body(chat);
    absent.as_object_mut().unwrap().remove("contentType");
    let upload = reserved(&alice, &absent).await;
    assert_eq!(upload.content_type, "image/jpeg");
}

#[tokio::test]
async fn a_stranger_is_403_and_an_unknown_chat_404() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let foreign = stranger.try_reserve(&body(chat)).await;
    foreign.refused(403, "not_participant");
    let unknown = alice.try_reserve(&body(Uuid::new_v4())).await;
    unknown.refused(404, "chat_not_found");
    stack.block(&bob, &alice).await;
    let blocked = alice.try_reserve(&body(chat)).await;
    blocked.refused(403, "blocked");
    alice.leave(chat).await;
    let left = alice.try_reserve(&body(chat)).await;
    left.refused(403, "not_participant");
}

#[tokio::test]
async fn without_a_token_it_is_401_and_another_method_405() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    let nobody = stack.edge().post("/uploads", &body(Uuid::new_v4())).await;
    nobody.refused(401, "missing_token");
    for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE] {
        let answer = alice.call(method, "/uploads").send().await;
        answer.not_allowed(&["POST"]);
    }
}

#[tokio::test]
async fn twenty_may_be_open_and_an_attached_one_is_open_no_more() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    for _ in 0..19 {
        reserved(&alice, &body(chat)).await;
    }
    let last = stack.uploaded(&alice, chat, b"12345").await;
    let refused = alice.try_reserve(&body(chat)).await;
    refused.refused(429, "rate_limited");
    let seconds: u32 = refused.header("retry-after").unwrap().parse().unwrap();
    // The true wait, though it is long: until the first of them ends.
    assert!((7_000..=7_200).contains(&seconds), "{seconds}");
    reserved(&bob, &body(chat)).await;

    alice.attach(chat, &last).await;
    reserved(&alice, &body(chat)).await;
}
