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
    let body =
        format!(r#"{{"chatId":"{ID}","fileName":"a.jpg","contentType":"image/jpeg","size":5}}"#);
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
        body: body.into_bytes(),
    }
}

/// The code of the error. No Supabase listens, so a request that gets as far as Supabase is
/// `unavailable`.
async fn code(request: Request<Vec<u8>>, platform: TestPlatform) -> ErrorCode {
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
        let is_answered = code(request(route.method, &path), TestPlatform::default()).await
            != ErrorCode::RouteNotFound;
        assert_eq!(
            is_answered,
            route.function == Function::Uploads,
            "{route:?}"
        );
    }
}

#[tokio::test]
async fn the_route_is_checked_before_the_token_and_the_token_before_the_rest() {
    let mut nowhere = request("GET", "/nowhere");
    nowhere.authorization = None;
    assert_eq!(
        code(nowhere, TestPlatform::default()).await,
        ErrorCode::RouteNotFound
    );
    let mut anonymous = request("POST", "/uploads");
    anonymous.authorization = None;
    anonymous.content_length = Some(1 << 30);
    assert_eq!(
        code(anonymous, TestPlatform::default()).await,
        ErrorCode::MissingToken
    );
}

#[tokio::test]
async fn the_body_is_checked_before_the_database() {
    let mut no_json = request("POST", "/uploads");
    no_json.content_type = None;
    assert_eq!(
        code(no_json, TestPlatform::default()).await,
        ErrorCode::UnsupportedMediaType
    );
    let mut empty = request("POST", "/uploads");
    empty.body = b"{}".to_vec();
    assert_eq!(
        code(empty, TestPlatform::default()).await,
        ErrorCode::InvalidRequest
    );
    let valid = request("POST", "/uploads");
    assert_eq!(
        code(valid, TestPlatform::default()).await,
        ErrorCode::Unavailable
    );
}

#[tokio::test]
async fn a_wrong_limit_is_an_internal_error_and_a_small_one_refuses() {
    for (value, expected) in [
        ("25 MiB", ErrorCode::Internal),
        ("4", ErrorCode::InvalidRequest),
        ("5", ErrorCode::Unavailable),
    ] {
        let mut platform = TestPlatform::default();
        let variables = &mut platform.variables;
        variables.insert("UPLOAD_MAX_BYTES", value.to_owned());
        assert_eq!(code(request("POST", "/uploads"), platform).await, expected);
    }
}
