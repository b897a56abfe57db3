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
        let path = path.replace(":emoji", "%F0%9F%91%8D");
        let is_answered = code(request(route.method, &path)).await != ErrorCode::RouteNotFound;
        assert_eq!(
            is_answered,
            route.function == Function::Messages,
            "{route:?}"
        );
    }
}

#[tokio::test]
async fn the_route_is_checked_before_the_token_and_the_token_before_the_rest() {
    let mut nowhere = request("GET", "/nowhere");
    nowhere.authorization = None;
    assert_eq!(code(nowhere).await, ErrorCode::RouteNotFound);
    let mut anonymous = request("POST", "/chats/no-id/messages");
    anonymous.authorization = None;
    anonymous.content_length = Some(1 << 30);
    assert_eq!(code(anonymous).await, ErrorCode::MissingToken);
}

#[tokio::test]
async fn ids_are_checked_before_the_body_and_the_body_before_the_database() {
    for (method, path) in [
        ("GET", "/chats/x/messages".to_owned()),
        ("POST", "/chats/x/messages".to_owned()),
        ("GET", format!("/chats/{ID}/messages/x")),
        ("PATCH", format!("/chats/{ID}/messages/x")),
        ("DELETE", format!("/chats/x/messages/{ID}")),
        ("GET", format!("/chats/{ID}/messages/x/reactions")),
        ("PUT", format!("/chats/x/messages/{ID}/reactions/%20")),
        ("DELETE", format!("/chats/{ID}/messages/x/reactions/%20")),
    ] {
        let mut no_json = request(method, &path);
        no_json.content_type = None;
        assert_eq!(code(no_json).await, ErrorCode::InvalidId, "{method} {path}");
    }
    let path = format!("/chats/{ID}/messages");
    let mut no_json = request("POST", &path);
    no_json.content_type = None;
    no_json.content_length = Some(1 << 30);
    assert_eq!(code(no_json).await, ErrorCode::UnsupportedMediaType);
    let mut large = request("POST", &path);
    large.content_length = Some(1 << 30);
    assert_eq!(code(large).await, ErrorCode::PayloadTooLarge);
    assert_eq!(
        code(request("POST", &path)).await,
        ErrorCode::InvalidRequest
    );
    let mut wrong_cursor = request("GET", &path);
    wrong_cursor.query = "cursor=x".to_owned();
    assert_eq!(code(wrong_cursor).await, ErrorCode::InvalidCursor);
    for method in ["PUT", "DELETE"] {
        let path = format!("{path}/{ID}/reactions/%20");
        let blank = code(request(method, &path)).await;
        assert_eq!(blank, ErrorCode::InvalidRequest, "{method}");
    }
}

#[tokio::test]
async fn a_valid_request_reaches_the_database() {
    let messages = format!("/chats/{ID}/messages");
    let message = format!("{messages}/{ID}");
    let reactions = format!("{message}/reactions");
    for (method, path) in [
        ("GET", &messages),
        ("HEAD", &messages),
        ("POST", &messages),
        ("GET", &message),
        ("PATCH", &message),
        ("DELETE", &message),
        ("GET", &reactions),
        ("PUT", &format!("{reactions}/%F0%9F%91%8D")),
        ("DELETE", &format!("{reactions}/%F0%9F%91%8D")),
        ("GET", &"/mentions".to_owned()),
        ("GET", &"/search".to_owned()),
    ] {
        let mut valid = request(method, path);
        valid.query = "q=hello".to_owned();
        valid.body = br#"{"text":"Hello!"}"#.to_vec();
        assert_eq!(code(valid).await, ErrorCode::Unavailable, "{method} {path}");
    }
}
