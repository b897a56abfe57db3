use std::rc::Rc;

use shared::http::request::Request;
use shared::http::request_id::RequestId;
use shared::runtime::config::SupabaseConfig;
use shared::runtime::request_log::Scope;
use shared::supabase::client::Supabase;
use shared::testing::TestPlatform;

use super::*;

const CHAT: &str = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";
const ME: &str = "11111111-1111-4111-8111-111111111111";
const UPLOAD: &str = "22222222-2222-4222-8222-222222222222";
const OTHER: &str = "33333333-3333-4333-8333-333333333333";
const HOST: &str = "https://ref.supabase.co";

fn path(name: &str) -> String {
    format!("{CHAT}/{ME}/{UPLOAD}/{name}")
}

fn read_url(url: &str) -> Result<String, &'static str> {
    let uploads = Uploads {
        supabase_url: HOST,
        chat: CHAT.parse().unwrap(),
        user: ME.parse().unwrap(),
    };
    uploads.read_url(url).map(|path| path.to_string())
}

#[test]
fn the_url_of_an_upload_and_its_signed_urls_are_read() {
    let path = path("photo.jpg");
    for url in [
        format!("{HOST}/storage/v1/object/authenticated/chat-attachments/{path}"),
        format!("{HOST}/storage/v1/object/sign/chat-attachments/{path}?token=eyJh.b-_.c"),
    ] {
        assert_eq!(read_url(&url), Ok(path.clone()), "{url}");
    }
}

#[test]
fn every_other_url_is_refused() {
    let good = path("photo.jpg");
    let object = format!("/storage/v1/object/authenticated/chat-attachments/{good}");
    let signed = format!("{HOST}/storage/v1/object/sign/chat-attachments/{good}");
    let bucket = format!("{HOST}/storage/v1/object/authenticated/chat-attachments");
    let upper = CHAT.to_uppercase();
    for url in [
        String::new(),
        good.clone(),
        object.clone(),
        format!("http://ref.supabase.co{object}"),
        format!("HTTPS://ref.supabase.co{object}"),
        format!("https://REF.supabase.co{object}"),
        format!("https://evil.example{object}"),
        format!("https://ref.supabase.co.evil.example{object}"),
        format!("https://ref.supabase.co@evil.example{object}"),
        format!("https://ref.supabase.co:443{object}"),
        format!("https://me@ref.supabase.co{object}"),
        format!("https://ref.supabase.co\\@evil.example{object}"),
        format!("//ref.supabase.co{object}"),
        format!(" {HOST}{object}"),
        format!("{HOST}{object} "),
        format!("{HOST}/{object}"),
        format!("{HOST}/x/..{object}"),
        format!("{HOST}/%2e%2e{object}"),
        format!("{HOST}/storage/v1/object/public/chat-attachments/{good}"),
        format!("{HOST}/storage/v1/object/upload/sign/chat-attachments/{good}?token=a"),
        format!("{HOST}/storage/v1/object/authenticated/avatars/{good}"),
        format!("{HOST}/storage/v1/object/authenticated/chat-attachments-2/{good}"),
        format!("{HOST}/storage/v1/render/image/authenticated/chat-attachments/{good}"),
        format!("{bucket}//{good}"),
        format!("{bucket}/./{good}"),
        format!("{bucket}/../chat-attachments/{good}"),
        format!("{bucket}/{good}/"),
        format!("{bucket}/{good}/more"),
        format!("{bucket}/{good}?token=a"),
        format!("{bucket}/{good}?x=y"),
        format!("{bucket}/{good}#x"),
        format!("{bucket}/{good}%00"),
        format!("{bucket}/{good}\0"),
        format!("{bucket}/{}", path("..")),
        format!("{bucket}/{}", path("%2e%2e")),
        format!("{bucket}/{}", path("..%2f..%2fphoto.jpg")),
        format!("{bucket}/{}", path("a\\b")),
        format!("{bucket}/{CHAT}%2f{ME}/{UPLOAD}/photo.jpg"),
        format!("{bucket}/{CHAT}\\{ME}/{UPLOAD}/photo.jpg"),
        format!("{bucket}/{upper}/{ME}/{UPLOAD}/photo.jpg"),
        format!("{bucket}/{}", path(&"x".repeat(5_000))),
        signed.clone(),
        format!("{signed}?"),
        format!("{signed}?Token=a"),
        format!("{signed}?token=a&token=b"),
        format!("{signed}?token=a#b"),
        format!("{signed}?x=y&token=a"),
        format!("{signed}?token=a/../b"),
        format!("{signed}%3Ftoken=a"),
    ] {
        assert_eq!(
            read_url(&url),
            Err("must be the attachmentUrl of an upload"),
            "{url}"
        );
    }
    for (path, issue) in [
        (
            format!("{OTHER}/{ME}/{UPLOAD}/a"),
            "must be of an upload for this chat",
        ),
        (
            format!("{CHAT}/{OTHER}/{UPLOAD}/a"),
            "must be of an upload of yours",
        ),
    ] {
        assert_eq!(read_url(&format!("{bucket}/{path}")), Err(issue));
    }
}

fn message(id: u32, attachment: &str) -> String {
    format!(
        r#"{{"id":"{id}","text":null,"attachmentUrl":null,"attachment":{attachment},"rev":{id}}}"#
    )
}

fn attached(id: u32, path: &str) -> String {
    let attachment = format!(
        r#"{{"path":"{path}","fileName":"a \"b\".jpg","contentType":"image/jpeg","size":1,"width":null,"height":null}}"#
    );
    message(id, &attachment)
}

#[test]
fn the_urls_of_attachments_are_filled_in_and_no_other_byte_changes() {
    let [a, b, c] = ["a.jpg", "b.jpg", "c.jpg"].map(path);
    let rows = [
        attached(1, &a),
        message(2, "null"),
        attached(3, &b),
        attached(4, &c),
    ];
    let body = format!(
        r#"{{"data" : [{}], "nextCursor" : null}}"#,
        rows.join(",\n ")
    );
    let found = find(body.as_bytes());
    let paths: Vec<_> = found.iter().map(|(_, path)| path.to_string()).collect();
    assert_eq!(paths, [a.clone(), b.clone(), c.clone()]);

    let urls = BTreeMap::from([(a, "https://a?token=1".to_owned()), (c, "c\"".to_owned())]);
    let filled = String::from_utf8(filled(body.as_bytes(), &found, &urls)).unwrap();
    let mut expected: serde_json::Value = serde_json::from_str(&body).unwrap();
    expected["data"][0]["attachmentUrl"] = "https://a?token=1".into();
    expected["data"][3]["attachmentUrl"] = "c\"".into();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&filled).unwrap(),
        expected
    );
    let emptied = filled
        .replacen("\"https://a?token=1\"", "null", 1)
        .replacen(r#""c\"""#, "null", 1);
    assert_eq!(emptied, body);
}

#[test]
fn no_text_of_a_message_is_taken_for_an_attachment() {
    let hostile = attached(1, &path("a.jpg"));
    for text in [
        hostile.clone(),
        hostile.replace('"', "\\\""),
        UNSIGNED.to_owned(),
    ] {
        let body = serde_json::json!({ "text": text, "fileName": text, "attachmentUrl": null });
        assert_eq!(find(body.to_string().as_bytes()), [], "{text}");
    }
}

#[test]
fn a_path_of_another_form_is_left_unchanged() {
    for path in ["", "a", "../../../x", &format!("{CHAT}/{ME}/{UPLOAD}/a b")] {
        assert_eq!(find(attached(1, path).as_bytes()), [], "{path}");
    }
    assert_eq!(find(UNSIGNED.as_bytes()), []);
    assert_eq!(find(b"\xff"), []);
}

#[tokio::test]
async fn if_storage_does_not_answer_only_the_url_is_missing() {
    let config = SupabaseConfig {
        url: "http://127.0.0.1:9".to_owned(),
        anon_key: "anon-key".to_owned(),
        timeout_ms: 10_000,
    };
    let platform = TestPlatform::default();
    let scope = Scope::new(&platform);
    let request = Request {
        id: RequestId::accept(Some("req-1")),
        method: "GET".to_owned(),
        path: String::new(),
        query: String::new(),
        authorization: None,
        content_type: None,
        content_encoding: None,
        content_length: None,
        idempotency_key: None,
        traceparent: None,
        body: (),
    };
    let storage = Storage::of(&Rc::new(Supabase::new(&config, &scope, &request)));
    let reply = Reply::json(201, attached(1, &path("a.jpg")).into_bytes());
    assert_eq!(sign(&storage, reply.clone()).await, reply);
}
