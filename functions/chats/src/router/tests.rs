use shared::auth::verifier::Verifier;
use shared::http::request_id::RequestId;
use shared::routes::ROUTES;
use shared::runtime::config::{Config, SupabaseConfig, TokenConfig};
use shared::runtime::request_log::Scope;
use shared::testing::TestPlatform;

use super::*;

/// Signed with [`SECRET`] for an invented user, valid until the year 2100.
const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMTExMTExMS0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCJhdWQiOiJhdXRoZW50aWNhdGVkIiwicm9sZSI6ImF1dGhlbnRpY2F0ZWQiLCJleHAiOjQxMDI0NDQ4MDB9.YrUPep5LVCkDIAqPy-LdHyQklUfZauYvb4NDhxKqsJo";
const SECRET: &str = "known-to-this-test-only";
const ID: &str = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";

fn request(method: &str, path: &str) -> Request<Vec<u8>> {
    Request {
        id: RequestId::accept(Some("req-1")),
        method: method.to_owned(),
        path: path.to_owned(),
        query: String::new(),
        authorization: Some(format!("Bearer {TOKEN}")),
        content_type: Some("application/json".to_owned()),
        content_encoding: None,
        content_length: None,
        idempotency_key: None,
        traceparent: None,
        body: b"{}".to_vec(),
    }
}

/// The code of the error. No database listens, so a request that gets as far as the database is
/// `unavailable`.
async fn code(request: Request<Vec<u8>>) -> ErrorCode {
    let config = Config {
        supabase: SupabaseConfig {
            url: "http://127.0.0.1:9".to_owned(),
            anon_key: "anon-key".to_owned(),
            timeout_ms: 10_000,
        },
        tokens: TokenConfig {
            jwt_secret: Some(SECRET.to_owned()),
            keys_url: String::new(),
            issuer: None,
            allow_anonymous: false,
        },
    };
    let platform = TestPlatform::default();
    let context = Context {
        config: &config,
        verifier: &Verifier::default(),
        scope: &Scope::new(&platform),
    };
    handle(request, &context).await.unwrap_err().code
}

#[tokio::test]
async fn each_route_of_the_function_is_answered_and_no_other() {
    for route in ROUTES {
        let path = route.pattern.replace(":id", ID).replace(":msgId", ID);
        let is_answered = code(request(route.method, &path)).await != ErrorCode::RouteNotFound;
        assert_eq!(is_answered, route.function == Function::Chats, "{route:?}");
    }
}

#[tokio::test]
async fn the_route_is_checked_before_the_token_and_the_token_before_the_rest() {
    let mut nowhere = request("GET", "/nowhere");
    nowhere.authorization = None;
    assert_eq!(code(nowhere).await, ErrorCode::RouteNotFound);
    let mut anonymous = request("POST", "/chats/no-id/read");
    anonymous.authorization = None;
    anonymous.content_length = Some(1 << 30);
    assert_eq!(code(anonymous).await, ErrorCode::MissingToken);
}

#[tokio::test]
async fn ids_are_checked_before_the_body_and_the_body_before_the_database() {
    for (method, path) in [
        ("GET", "/chats/x"),
        ("DELETE", "/chats/x"),
        ("POST", "/chats/x/read"),
        ("PATCH", "/chats/x/me"),
        ("GET", "/chats/x/reads"),
    ] {
        let mut no_json = request(method, path);
        no_json.content_type = None;
        assert_eq!(code(no_json).await, ErrorCode::InvalidId, "{method} {path}");
    }
    let mut no_json = request("POST", "/chats");
    no_json.content_type = None;
    no_json.content_length = Some(1 << 30);
    assert_eq!(code(no_json).await, ErrorCode::UnsupportedMediaType);
    let mut large = request("POST", "/chats");
    large.content_length = Some(1 << 30);
    assert_eq!(code(large).await, ErrorCode::PayloadTooLarge);
    assert_eq!(
        code(request("POST", "/chats")).await,
        ErrorCode::InvalidRequest
    );
    let mut wrong_cursor = request("GET", "/chats");
    wrong_cursor.query = "cursor=x".to_owned();
    assert_eq!(code(wrong_cursor).await, ErrorCode::InvalidCursor);
}

#[tokio::test]
async fn a_valid_request_reaches_the_database() {
    let chat = format!("/chats/{ID}");
    let read = format!("{chat}/read");
    let reads = format!("{chat}/reads");
    let settings = format!("{chat}/me");
    let typing = format!("{chat}/typing");
    for (method, path, body) in [
        ("GET", "/chats", String::new()),
        (
            "POST",
            "/chats",
            format!(r#"{{"type":"direct","participantIds":["{ID}"]}}"#),
        ),
        ("HEAD", "/chats", String::new()),
        ("GET", &chat, String::new()),
        ("HEAD", &chat, String::new()),
        ("DELETE", &chat, String::new()),
        ("PATCH", &settings, r#"{"pinned":true}"#.to_owned()),
        ("GET", &reads, String::new()),
        ("HEAD", &reads, String::new()),
        ("GET", "/unread", String::new()),
        ("POST", &typing, String::new()),
        ("POST", &read, format!(r#"{{"messageId":"{ID}"}}"#)),
    ] {
        let mut valid = request(method, path);
        valid.body = body.into_bytes();
        assert_eq!(code(valid).await, ErrorCode::Unavailable, "{method} {path}");
    }
}
