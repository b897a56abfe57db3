use crate::error::ErrorCode;
use crate::supabase::test_server::{acting, lines, raw_upstream, upstream};

use super::*;

const ID: &str = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";
/// `exp` is 1800000000.
const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJvd25lciI6Im1lIiwiZXhwIjoxODAwMDAwMDAwfQ.c2ln";

fn path(name: &str) -> ObjectPath {
    ObjectPath::parse(&format!("{ID}/{ID}/{ID}/{name}")).unwrap()
}

#[tokio::test]
async fn an_upload_is_signed_on_behalf_of_the_user() {
    let hosted =
        format!(r#"{{"url":"/object/upload/sign/b/elsewhere?token=x","token":"{TOKEN}"}}"#);
    let (config, asked) = upstream("200 OK", &hosted).await;
    let signed = Storage::of(&acting(&config))
        .sign_upload(&path("a.jpg"))
        .await;
    let url = format!(
        "/storage/v1/object/upload/sign/chat-attachments/{}",
        path("a.jpg")
    );
    assert_eq!(
        signed,
        Ok(SignedUpload {
            url: format!("{}{url}?token={TOKEN}", config.url),
            expires_at: Some(1_800_000_000),
        })
    );
    assert_eq!(
        lines(&asked.await.unwrap()),
        [
            &format!("POST {url} HTTP/1.1"),
            "accept: application/json",
            "apikey: anon-key",
            "authorization: Bearer a.b.c",
            "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "x-request-id: req-1",
            "",
        ]
    );
}

#[tokio::test]
async fn a_signature_without_an_end_is_accepted() {
    for (token, expires_at) in [
        ("opaque", None),
        ("a.b.c", None),
        ("a.eyJleHAiOiJzb29uIn0.c", None),
        (TOKEN, Some(1_800_000_000)),
    ] {
        let (config, _asked) = upstream("200 OK", &format!(r#"{{"token":"{token}"}}"#)).await;
        let signed = Storage::of(&acting(&config)).sign_upload(&path("a")).await;
        assert_eq!(signed.unwrap().expires_at, expires_at, "{token}");
    }
}

#[tokio::test]
async fn downloads_are_signed_in_one_request_and_missing_objects_left_out() {
    let [a, b, c, d] = ["a", "b", "c", "d"].map(path);
    let answer = format!(
        r#"[{{"error":null,"path":"{a}","signedURL":"/object/sign/chat-attachments/{a}?token=t-a"}},
            {{"error":null,"path":"{b}","signedURL":"/object/sign/chat-attachments/{b}?token=t-b"}},
            {{"error":"Either the object does not exist or …","path":"{c}","signedURL":null}},
            {{"error":null,"path":"{d}","signedURL":"/object/sign/chat-attachments/{d}"}}]"#
    );
    let (config, asked) = upstream("200 OK", &answer).await;
    let signed = Storage::of(&acting(&config))
        .sign_downloads(&[&a, &b, &c, &d])
        .await;
    let url = |path: &ObjectPath, token: &str| {
        let prefix = format!("{}/storage/v1/object/sign/chat-attachments", config.url);
        (path.to_string(), format!("{prefix}/{path}?token={token}"))
    };
    assert_eq!(signed, Ok(BTreeMap::from([url(&a, "t-a"), url(&b, "t-b")])));
    let asked = lines(&asked.await.unwrap());
    assert_eq!(
        asked[0],
        "POST /storage/v1/object/sign/chat-attachments HTTP/1.1"
    );
    let body = serde_json::json!({
        "expiresIn": 3600,
        "paths": [a.to_string(), b.to_string(), c.to_string(), d.to_string()],
    });
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(asked.last().unwrap()).unwrap(),
        body
    );
}

#[tokio::test]
async fn no_part_of_an_answer_can_end_a_url_or_a_string() {
    for token in ["a\\\"b", "a&b=c", "a b", "a#b", "a/b", "é", "a\\u0000"] {
        let (config, _asked) = upstream("200 OK", &format!(r#"{{"token":"{token}"}}"#)).await;
        let signed = Storage::of(&acting(&config)).sign_upload(&path("a")).await;
        assert_eq!(signed.unwrap_err().code, ErrorCode::BadUpstream, "{token}");
        let answer = format!(
            r#"[{{"path":"{}","signedURL":"x?token={token}"}}]"#,
            path("a")
        );
        let (config, _asked) = upstream("200 OK", &answer).await;
        let signed = Storage::of(&acting(&config))
            .sign_downloads(&[&path("a")])
            .await;
        assert_eq!(signed, Ok(BTreeMap::new()), "{token}");
    }
}

#[tokio::test]
async fn any_other_answer_is_an_error() {
    let refused = r#"{"statusCode":"403","error":"Unauthorized","message":"a/b/c"}"#;
    for (status, body, code) in [
        ("200 OK", "<html>", ErrorCode::BadUpstream),
        ("200 OK", "", ErrorCode::BadUpstream),
        ("200 OK", "{\"token\":5}", ErrorCode::BadUpstream),
        ("201 Created", "{\"token\":\"t\"}", ErrorCode::BadUpstream),
        ("400 Bad Request", refused, ErrorCode::Forbidden),
        ("504 Gateway Timeout", "<html>", ErrorCode::UpstreamTimeout),
        ("502 Bad Gateway", "<html>", ErrorCode::Unavailable),
    ] {
        let (config, _asked) = upstream(status, body).await;
        let signed = Storage::of(&acting(&config)).sign_upload(&path("a")).await;
        assert_eq!(signed.unwrap_err().code, code, "{status} {body}");
        let (config, _asked) = upstream(status, body).await;
        let signed = Storage::of(&acting(&config))
            .sign_downloads(&[&path("a")])
            .await;
        assert_eq!(signed.unwrap_err().code, code, "{status} {body}");
    }
    let (config, _asked) =
        raw_upstream("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"token\":".to_owned()).await;
    let signed = Storage::of(&acting(&config)).sign_upload(&path("a")).await;
    let error = signed.unwrap_err();
    assert_eq!(error.code, ErrorCode::BadUpstream);
    assert!(error.detail.unwrap().starts_with("Storage gave no answer"));
}

#[test]
fn a_message_has_the_authenticated_url_of_an_attachment() {
    let config = crate::runtime::config::SupabaseConfig {
        url: "https://ref.supabase.co".to_owned(),
        anon_key: "anon-key".to_owned(),
        timeout_ms: 10_000,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let _clock = runtime.enter();
    assert_eq!(
        Storage::of(&acting(&config)).attachment_url(&path("a.jpg")),
        format!(
            "https://ref.supabase.co/storage/v1/object/authenticated/chat-attachments/{}",
            path("a.jpg")
        )
    );
}
