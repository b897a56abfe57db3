//! What is no attachment's URL: 400 with the field, and nothing of it goes upstream.

use harness::{Env, Method, Stack, messages_path};
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
async fn every_other_url_is_400_and_asks_nobody() {
    let stack = Stack::connect().await;
    let [alice, bob, carol] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let elsewhere = stack.direct_chat(&alice, &carol).await;
    let upload = stack.uploaded(&alice, chat, b"12345").await;
    let foreign = stack.uploaded(&bob, chat, b"12345").await;
    let other_chat = stack.uploaded(&alice, elsewhere, b"12345").await;
    let good = &upload.attachment_url;
    let base = &Env::get().supabase_url;
    let (scheme, host) = base.split_once("://").unwrap();
    let object = good.strip_prefix(base.as_str()).unwrap();
    let path = &upload.path;
    let bucket = good.strip_suffix(path.as_str()).unwrap();
    let (folder, name) = path.rsplit_once('/').unwrap();
    let parts: Vec<&str> = path.split('/').collect();
    let signed = good.replace("/authenticated/", "/sign/");
    for url in [
        foreign.attachment_url.clone(),
        other_chat.attachment_url.clone(),
        String::new(),
        path.clone(),
        object.to_owned(),
        format!("{scheme}://evil.example{object}"),
        format!("{scheme}://{host}@evil.example{object}"),
        format!("{scheme}://evil.example@{host}{object}"),
        format!("{scheme}://{host}.evil.example{object}"),
        format!("ftp://{host}{object}"),
        format!("javascript://{host}{object}"),
        format!("data:{good}"),
        format!("//{host}{object}"),
        format!("{}://{host}{object}", scheme.to_uppercase()),
        format!("{base}\\{object}"),
        format!("{base}/{object}"),
        format!("{base}/x/..{object}"),
        format!("{base}/%2e%2e{object}"),
        good.replace("/authenticated/", "/public/"),
        good.replace("/authenticated/", "/upload/sign/"),
        good.replace("chat-attachments", "avatars"),
        good.replace("chat-attachments", "chat-attachments%2f.."),
        format!("{bucket}../chat-attachments/{path}"),
        format!("{bucket}{folder}/../{}/{name}", parts[2]),
        format!("{bucket}{folder}/%2e%2e/{name}"),
        format!("{bucket}{folder}%2f{name}"),
        format!("{bucket}{folder}//{name}"),
        format!("{bucket}{folder}\\{name}"),
        format!("{bucket}{folder}/{name}\u{0}"),
        format!("{bucket}{folder}/{name}%00"),
        format!("{bucket}{folder}/{name}/"),
        format!("{bucket}{folder}/{name} "),
        format!("{bucket}{folder}/{name}?token=a"),
        format!("{bucket}{folder}/{name}?download="),
        format!("{bucket}{folder}/{name}#a"),
        format!("{bucket}{folder}/{name};a"),
        format!("{bucket}{folder}/"),
        format!("{bucket}{folder}/.."),
        format!("{bucket}{folder}/{}", "x".repeat(40_000)),
        format!(
            "{bucket}{}/{}/{}/{name}",
            parts[0].to_uppercase(),
            parts[1],
            parts[2]
        ),
        format!(
            "{bucket}{}/{}/{}/{name}",
            parts[0],
            parts[1].to_uppercase(),
            parts[2]
        ),
        format!(
            "{bucket}{}/{}/{}/{name}",
            parts[0],
            parts[1],
            parts[2].to_uppercase()
        ),
        format!("{signed}?token=a&token=b"),
        format!("{signed}?token=a#b"),
        format!("{signed}?x=y&token=a"),
        signed.clone(),
    ] {
        let request_id = Uuid::new_v4().to_string();
        let call = alice.call(Method::POST, &messages_path(chat));
        let body = json!({ "text": "look", "attachmentUrl": url });
        let answer = call.request_id(&request_id).json(&body).send().await;
        println!("{url:.200}");
        answer.invalid(&["attachmentUrl"]);
        assert_eq!(stack.upstream(&request_id).await, [""; 0]);
    }
    for value in [json!(5), json!([good]), json!({ "url": good }), json!(true)] {
        let body = json!({ "attachmentUrl": value });
        let answer = alice.try_send(chat, &body).await;
        answer.invalid(&["attachmentUrl"]);
    }
    assert_eq!(alice.messages(chat).await, []);
    // It was the URLs and not the upload.
    alice.attach(chat, &upload).await;
}

#[tokio::test]
async fn a_path_that_nobody_uploaded_is_400_by_the_database() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    let base = &Env::get().supabase_url;
    let path = format!("{chat}/{}/{}/photo.jpg", alice.id, Uuid::new_v4());
    let url = format!("{base}/storage/v1/object/authenticated/chat-attachments/{path}");
    let answer = alice.try_attach(chat, &url).await;
    answer.invalid(&["attachmentUrl"]);
    assert_eq!(alice.messages(chat).await, []);
}
