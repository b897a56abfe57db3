use shared::http::document::PAGE_FILES;
use shared::http::reply::Reply;
use shared::http::request_id::RequestId;
use shared::routes::ROUTES;
use shared::testing::TestPlatform;

use super::*;

fn request(method: &str, path: &str) -> Request<()> {
    Request {
        id: RequestId::accept(Some("req-1")),
        method: method.to_owned(),
        path: path.to_owned(),
        query: String::new(),
        authorization: None,
        content_type: None,
        content_encoding: None,
        content_length: None,
        idempotency_key: None,
        traceparent: None,
        body: (),
    }
}

async fn handle<B>(
    request: &Request<B>,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Answer, ApiError> {
    let platform = TestPlatform::default();
    super::handle(request, &Scope::new(&platform), lookup).await
}

async fn health(query: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Reply, ApiError> {
    let query = query.to_owned();
    let request = Request {
        query,
        ..request("GET", "/health")
    };
    match handle(&request, lookup).await? {
        Answer::Reply(reply) => Ok(reply),
        Answer::Document(document) => panic!("{document:?}"),
    }
}

#[test]
fn each_path_belongs_to_one_function_whatever_the_method() {
    let id = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";
    for (path, binding, pattern) in [
        ("/chats".to_owned(), "CHATS", "/chats"),
        (format!("/chats/{id}"), "CHATS", "/chats/:id"),
        (
            format!("/chats/{id}/messages"),
            "MESSAGES",
            "/chats/:id/messages",
        ),
        ("/uploads".to_owned(), "UPLOADS", "/uploads"),
        // Whether this is an id is the function's to say.
        ("/chats/no-id".to_owned(), "CHATS", "/chats/:id"),
    ] {
        for method in ["GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS", "BREW"] {
            assert_eq!(
                route(&request(method, &path)),
                Ok(Some(Destination { binding, pattern })),
                "{method} {path}"
            );
        }
    }
    for path in ["/", "/rest/v1/messages"] {
        let error = route(&request("GET", path));
        assert_eq!(error, Err(ErrorCode::RouteNotFound.into()), "{path}");
    }
}

#[test]
fn health_is_for_reading() {
    for method in ["GET", "HEAD"] {
        assert_eq!(route(&request(method, "/health")), Ok(None));
    }
    for method in ["POST", "OPTIONS", "get", "head"] {
        assert_eq!(
            route(&request(method, "/health")),
            Err(ApiError::method_not_allowed("GET, HEAD")),
            "{method}"
        );
    }
}

#[tokio::test]
async fn each_route_of_the_gateway_is_answered() {
    let own = |route: &&routes::Route| route.function == Function::Gateway;
    for route in ROUTES.iter().filter(own) {
        let path = route.pattern.replace(":file", PAGE_FILES[0]);
        let answer = handle(&request(route.method, &path), &|_| None).await;
        assert!(answer.is_ok(), "{route:?}: {answer:?}");
    }
}

#[tokio::test]
async fn each_document_is_a_file_of_its_own() {
    let mut paths = vec!["/openapi.json", "/asyncapi.json", "/llms.txt", "/docs"];
    let of_page = PAGE_FILES.map(|name| format!("/docs/{name}"));
    paths.extend(of_page.iter().map(String::as_str));
    let mut files = Vec::new();
    for path in paths {
        match handle(&request("GET", path), &|_| None).await {
            Ok(Answer::Document(document)) => {
                assert_eq!(document.policy.is_some(), path == "/docs", "{path}");
                files.push(document.file);
            }
            other => panic!("{path}: {other:?}"),
        }
    }
    files.sort();
    files.dedup();
    assert_eq!(files.len(), 7);
}

#[tokio::test]
async fn the_page_has_no_other_files() {
    for name in [
        "openapi.json",
        "docs.html",
        "x",
        "%2e%2e",
        "swagger-ui.css%00",
    ] {
        let answer = handle(&request("GET", &format!("/docs/{name}")), &|_| None).await;
        assert_eq!(answer, Err(ErrorCode::RouteNotFound.into()), "{name}");
    }
}

#[tokio::test]
async fn shallow_health_needs_no_configuration() {
    let body = format!(
        r#"{{"status":"ok","version":"{}"}}"#,
        env!("CARGO_PKG_VERSION")
    );
    for query in ["", "deep=0", "deep", "deeper=1"] {
        assert_eq!(
            health(query, &|_| None).await,
            Ok(Reply::json(200, body.clone().into_bytes())),
            "{query}"
        );
    }
}

#[tokio::test]
async fn deep_health_needs_a_database() {
    let unset = health("deep=1", &|_| None).await.unwrap_err();
    assert_eq!(unset.code, ErrorCode::Internal);
    // Nothing listens on port 9; where something does, it is the discard service.
    let unreachable = |name: &str| match name {
        "SUPABASE_URL" => Some("http://127.0.0.1:9".to_owned()),
        "SUPABASE_PUBLISHABLE_KEY" => Some("anon-key".to_owned()),
        _ => None,
    };
    let down = health("deep=1", &unreachable).await.unwrap_err();
    assert_eq!(down.code, ErrorCode::Unavailable);
}

#[test]
fn a_declared_length_over_the_limit_goes_nowhere() {
    let declared = |length| Request {
        content_length: Some(length),
        ..request("GET", "/chats")
    };
    let chats = Destination {
        binding: "CHATS",
        pattern: "/chats",
    };
    assert_eq!(route(&declared(65_536)), Ok(Some(chats)));
    let over = route(&declared(65_537));
    assert_eq!(over, Err(ErrorCode::PayloadTooLarge.into()));
}
