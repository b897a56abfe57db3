//! The PUT to Storage, and what Storage itself lets nobody do.

use harness::{Method, Stack};
use serde_json::json;

/// Asserts Storage's own error: HTTP 400 with the real status in the body.
#[track_caller]
fn storage_refused(answer: &harness::Answer, status: &str) {
    let body = answer.json(400);
    assert_eq!(body["statusCode"], json!(status), "{body}");
}

#[tokio::test]
async fn what_is_larger_than_the_bucket_allows_is_413() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let upload = alice.reserve(chat, "a.jpg", "image/jpeg", 5).await;
    let answer = stack.put(&upload, &vec![b'x'; 26_214_401]).await;
    storage_refused(&answer, "413");
    assert!(!stack.has_object(&upload.path).await);
}

#[tokio::test]
async fn another_type_than_the_bucket_allows_is_415() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let mut upload = alice.reserve(chat, "a.jpg", "image/jpeg", 5).await;
    for kind in ["text/html", "image/svg+xml", "application/x-sh"] {
        upload
            .headers
            .insert("content-type".to_owned(), kind.to_owned());
        storage_refused(&stack.put(&upload, b"<svg>").await, "415");
    }
    assert!(!stack.has_object(&upload.path).await);
}

/// A page's `Blob` goes as a form, which supabase-js makes of it in `uploadToSignedUrl`.
#[tokio::test]
async fn a_form_is_taken_as_supabase_js_sends_it_from_a_page() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let photo = vec![b'x'; 3_000_000];
    let mut upload = alice
        .reserve(chat, "a.jpg", "image/jpeg", photo.len())
        .await;
    let form = |file: &[u8]| {
        let head = "--line\r\ncontent-disposition: form-data; name=\"cacheControl\"\r\n\r\n3600\r\n\
                    --line\r\ncontent-disposition: form-data; name=\"\"; filename=\"a.jpg\"\r\n\
                    content-type: image/jpeg\r\n\r\n";
        [head.as_bytes(), file, b"\r\n--line--\r\n"].concat()
    };
    let kind = "multipart/form-data; boundary=line".to_owned();
    upload.headers.insert("content-type".to_owned(), kind);
    let broken = stack.put(&upload, b"--line\r\nno form").await;
    assert_eq!(broken.status, 400, "{broken:?}");
    let without_file =
        b"--line\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\nb\r\n--line--\r\n";
    storage_refused(&stack.put(&upload, without_file).await, "400");
    stack.put(&upload, &form(&photo)).await.ok();
    let url = alice.attach(chat, &upload).await.attachment_url.unwrap();
    let answer = stack.download(&url).await;
    assert_eq!(answer.header("content-type"), Some("image/jpeg"));
    assert_eq!(answer.text().len(), photo.len());
}

/// The signature binds neither size nor type: the bucket looks at the one, the database at both when
/// the object is attached.
#[tokio::test]
async fn a_second_put_is_refused_before_attaching_and_after() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let upload = stack.uploaded(&alice, chat, b"first").await;
    storage_refused(&stack.put(&upload, b"other").await, "409");
    let message = alice.attach(chat, &upload).await;
    storage_refused(&stack.put(&upload, b"other").await, "409");
    let url = message.attachment_url.unwrap();
    assert_eq!(stack.download(&url).await.text(), "first");
}

#[tokio::test]
async fn a_signature_is_for_its_own_path() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let one = alice.reserve(chat, "a.jpg", "image/jpeg", 5).await;
    let mut other = alice.reserve(chat, "a.jpg", "image/jpeg", 5).await;
    let (_, token) = one.upload_url.split_once('?').unwrap();
    let (url, _) = other.upload_url.split_once('?').unwrap();
    other.upload_url = format!("{url}?{token}");
    let answer = stack.put(&other, b"12345").await;
    assert!((400..500).contains(&answer.status), "{}", answer.status);
    assert!(!stack.has_object(&other.path).await);
}

#[tokio::test]
async fn storage_signs_nothing_that_was_not_reserved_by_the_caller() {
    let stack = Stack::connect().await;
    let [alice, bob, stranger] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let reserved = alice.reserve(chat, "a.jpg", "image/jpeg", 5).await;
    let made_up = format!("{chat}/{}/{}/a.jpg", bob.id, uuid::Uuid::new_v4());
    for (person, path) in [
        (&bob, &reserved.path),
        (&stranger, &reserved.path),
        (&bob, &made_up),
        (&alice, &format!("{}/more", reserved.path)),
        (&alice, &reserved.path.to_uppercase()),
        (&alice, &format!("{chat}/{}/a.jpg", alice.id)),
        (&alice, &"a.jpg".to_owned()),
    ] {
        for upsert in ["false", "true"] {
            let path = format!("/object/upload/sign/chat-attachments/{path}");
            let storage = stack.storage(person).with("x-upsert", upsert);
            let call = storage.call(Method::POST, &path);
            storage_refused(&call.send().await, "403");
            let path = path.replace("/upload/sign", "");
            let call = storage.call(Method::POST, &path).body("12345");
            let call = call.header("content-type", "image/jpeg");
            storage_refused(&call.send().await, "403");
        }
    }
    let rows: i64 = stack
        .value(
            "select count(*) from storage.objects where name like $1 || '%'",
            &[&chat.to_string()],
        )
        .await;
    assert_eq!(rows, 0);
}

#[tokio::test]
async fn nobody_overwrites_moves_copies_or_removes_what_was_attached() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let upload = stack.uploaded(&alice, chat, b"first").await;
    alice.attach(chat, &upload).await;
    let object = format!("/object/chat-attachments/{}", upload.path);
    for person in [&alice, &bob] {
        let storage = stack.storage(person);
        for upsert in ["false", "true"] {
            for method in [Method::POST, Method::PUT] {
                let call = storage.call(method, &object).header("x-upsert", upsert);
                let call = call.header("content-type", "image/jpeg");
                let answer = call.body("other").send().await;
                assert_eq!(answer.status, 400, "{}", answer.text());
            }
        }
        for (verb, destination) in [
            ("move", format!("{}-2", upload.path)),
            ("copy", format!("{}-2", upload.path)),
        ] {
            let body = json!({
                "bucketId": "chat-attachments", "sourceKey": upload.path, "destinationKey": destination,
            });
            let answer = storage.post(&format!("/object/{verb}"), &body).await;
            assert_eq!(answer.status, 400, "{verb} {}", answer.text());
        }
        let body = json!({ "prefixes": [upload.path] });
        let call = storage.call(Method::DELETE, "/object/chat-attachments");
        assert_eq!(call.json(&body).send().await.ok(), json!([]));
    }
    let read = stack.storage(&bob).get(&object).await;
    assert_eq!((read.status, read.text()), (200, "first".to_owned()));
}
