use shared::auth::verifier::Verifier;
use shared::http::request_id::RequestId;
use shared::runtime::config::{Config, SupabaseConfig, TokenConfig};
use shared::runtime::request_log::Scope;
use shared::testing::TestPlatform;

use super::*;

#[test]
fn every_route_has_its_method_and_path() {
    for (method, path, route) in [
        ("GET", "/chats/7/messages", Route::List { chat: "7" }),
        ("HEAD", "/chats/7/messages", Route::List { chat: "7" }),
        ("GET", "/chats/7/changes", Route::Changes { chat: "7" }),
        ("HEAD", "/chats/7/changes", Route::Changes { chat: "7" }),
        ("POST", "/chats/7/messages", Route::Send { chat: "7" }),
        (
            "PATCH",
            "/chats/7/messages/8",
            Route::Edit {
                chat: "7",
                message: "8",
            },
        ),
        (
            "DELETE",
            "/chats/7/messages/8",
            Route::Delete {
                chat: "7",
                message: "8",
            },
        ),
        (
            "DELETE",
            "/chats/7/messages/%2e",
            Route::Delete {
                chat: "7",
                message: "%2e",
            },
        ),
    ] {
        assert_eq!(resolve(method, path), Ok(route), "{method} {path}");
    }
}

#[test]
fn another_method_is_405_with_those_that_work() {
    for (path, allow, methods) in [
        (
            "/chats/7/messages",
            "GET, HEAD, POST",
            ["PUT", "DELETE", "head", "OPTIONS", "post"],
        ),
        (
            "/chats/7/changes",
            "GET, HEAD",
            ["PUT", "DELETE", "head", "OPTIONS", "POST"],
        ),
        (
            "/chats/7/messages/8",
            "PATCH, DELETE",
            ["GET", "PUT", "HEAD", "OPTIONS", "BREW"],
        ),
    ] {
        for method in methods {
            let error = ApiError::method_not_allowed(allow);
            assert_eq!(resolve(method, path), Err(error), "{method} {path}");
        }
    }
}

#[test]
fn another_path_is_404() {
    for path in [
        "/",
        "/chats",
        "/chats/7",
        "/chats/7/messages/",
        "/chats//messages",
        "//chats/7/messages",
        "/chats/7/messages/..",
        "/chats/7/messages/8/9",
        "/chats/7/Messages",
        "/messages",
    ] {
        assert_eq!(
            resolve("GET", path),
            Err(ErrorCode::RouteNotFound.into()),
            "{path}"
        );
    }
}

/// Signed with [`SECRET`] for a made-up user, valid until the year 2100.
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

/// The code of the error, with a database that nobody answers for: whatever gets as far as
/// calling it is `unavailable`.
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
async fn the_route_is_judged_before_the_token_and_the_token_before_the_rest() {
    let mut nowhere = request("GET", "/nowhere");
    nowhere.authorization = None;
    assert_eq!(code(nowhere).await, ErrorCode::RouteNotFound);
    let mut stranger = request("POST", "/chats/no-id/messages");
    stranger.authorization = None;
    stranger.content_length = Some(1 << 30);
    assert_eq!(code(stranger).await, ErrorCode::MissingToken);
}

#[tokio::test]
async fn ids_are_judged_before_the_body_and_the_body_before_the_database() {
    for (method, path) in [
        ("GET", "/chats/x/messages".to_owned()),
        ("POST", "/chats/x/messages".to_owned()),
        ("PATCH", format!("/chats/{ID}/messages/x")),
        ("DELETE", format!("/chats/x/messages/{ID}")),
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
    let mut garbled = request("GET", &path);
    garbled.query = "cursor=x".to_owned();
    assert_eq!(code(garbled).await, ErrorCode::InvalidCursor);
}

#[tokio::test]
async fn a_sound_request_reaches_the_database() {
    let messages = format!("/chats/{ID}/messages");
    let message = format!("{messages}/{ID}");
    for (method, path) in [
        ("GET", &messages),
        ("HEAD", &messages),
        ("POST", &messages),
        ("PATCH", &message),
        ("DELETE", &message),
    ] {
        let mut sound = request(method, path);
        sound.body = br#"{"text":"Hello!"}"#.to_vec();
        assert_eq!(code(sound).await, ErrorCode::Unavailable, "{method} {path}");
    }
}
