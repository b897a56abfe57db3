//! The documents: `GET /openapi.json`, `/asyncapi.json`, `/llms.txt`, `/docs` and the files of that page.

use harness::{Answer, Client, Method, Stack, root};
use std::fs;

const PAGE: &str = "http://localhost:3000";
/// The paths, their content types, and the files that they must equal.
const DOCUMENTS: [(&str, &str, &str); 7] = [
    ("/openapi.json", "application/json", "openapi.json"),
    ("/asyncapi.json", "application/json", "asyncapi.json"),
    ("/llms.txt", "text/plain; charset=utf-8", "llms.txt"),
    (
        "/docs",
        "text/html; charset=utf-8",
        "functions/gateway/assets/docs.html",
    ),
    (
        "/docs/start.js",
        "text/javascript; charset=utf-8",
        "functions/gateway/assets/start.js",
    ),
    (
        "/docs/swagger-ui.js",
        "text/javascript; charset=utf-8",
        "node_modules/swagger-ui-dist/swagger-ui-bundle.js",
    ),
    (
        "/docs/swagger-ui.css",
        "text/css; charset=utf-8",
        "node_modules/swagger-ui-dist/swagger-ui.css",
    ),
];

async fn known(caller: &Client, method: Method, path: &str, tag: &str) -> Answer {
    let call = caller.call(method, path).header("if-none-match", tag);
    call.send().await
}

#[tokio::test]
async fn each_is_the_committed_file_without_a_token() {
    let stack = Stack::connect().await;
    for (path, content_type, file) in DOCUMENTS {
        let answer = stack.edge().get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some(content_type), "{path}");
        assert!(
            answer.body == fs::read(root().join(file)).unwrap(),
            "{path}"
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert!(answer.header("x-request-id").is_some(), "{path}");
        assert!(answer.header("server-timing").is_some(), "{path}");
    }
}

#[tokio::test]
async fn each_may_be_kept_and_is_304_for_those_who_have_it() {
    let stack = Stack::connect().await;
    let edge = stack.edge();
    for (path, _, _) in DOCUMENTS {
        let answer = edge.get(path).await;
        let cached = Some("public, max-age=300");
        assert_eq!(answer.header("cache-control"), cached, "{path}");
        let tag = answer.header("etag").unwrap().to_owned();
        for (method, tag) in [
            (Method::GET, tag.clone()),
            (Method::GET, format!("W/{tag}")),
            (Method::GET, format!("\"other\", {tag}")),
            (Method::HEAD, tag.clone()),
        ] {
            let again = known(&edge, method, path, &tag).await;
            assert_eq!((again.status, again.text()), (304, String::new()), "{path}");
            assert_eq!(again.header("etag"), answer.header("etag"), "{path}");
            assert_eq!(again.header("cache-control"), cached, "{path}");
            assert_eq!(again.header("content-type"), None, "{path}");
        }
        let other = known(&edge, Method::GET, path, "\"other\"").await;
        assert_eq!(other.status, 200, "{path}");
        assert!(other.body == answer.body, "{path}");
    }
}

#[tokio::test]
async fn head_is_the_same_without_the_body() {
    let stack = Stack::connect().await;
    for (path, content_type, _) in DOCUMENTS {
        let head = stack.edge().call(Method::HEAD, path).send().await;
        assert_eq!((head.status, head.text()), (200, String::new()), "{path}");
        assert_eq!(head.header("content-type"), Some(content_type), "{path}");
        assert!(head.header("etag").is_some(), "{path}");
        assert_ne!(head.header("content-length"), Some("0"), "{path}");
    }
}

#[tokio::test]
async fn another_method_is_405() {
    let stack = Stack::connect().await;
    let [alice] = stack.people().await;
    for (path, _, _) in DOCUMENTS {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            for caller in [&stack.edge(), &*alice] {
                let answer = caller.call(method.clone(), path).send().await;
                answer.not_allowed(&["GET", "HEAD"]);
            }
        }
    }
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_reads_them() {
    let stack = Stack::connect().await;
    let from_page = stack.edge().with("origin", PAGE);
    for (path, _, _) in DOCUMENTS {
        let preflight = from_page
            .call(Method::OPTIONS, path)
            .header("access-control-request-method", "GET");
        let preflight = preflight.send().await;
        preflight.no_content();
        for answer in [preflight, from_page.get(path).await] {
            let allowed = answer.header("access-control-allow-origin");
            assert_eq!(allowed, Some(PAGE), "{path}");
            assert_eq!(answer.header("vary"), Some("Origin"), "{path}");
        }
        let tag = from_page.get(path).await.header("etag").unwrap().to_owned();
        let again = known(&from_page, Method::GET, path, &tag).await;
        let allowed = again.header("access-control-allow-origin");
        assert_eq!((again.status, allowed), (304, Some(PAGE)), "{path}");
        let elsewhere = stack.edge().with("origin", "https://elsewhere.example");
        let answer = elsewhere.get(path).await;
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
    }
}

#[tokio::test]
async fn the_page_may_load_nothing_from_elsewhere() {
    let stack = Stack::connect().await;
    let page = stack.edge().get("/docs").await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"));
    assert!(
        !policy.contains("http") && !policy.contains('*'),
        "{policy}"
    );
    for file in ["openapi.json", "docs.html", "", "..%2fopenapi.json", "x"] {
        let answer = stack.edge().get(&format!("/docs/{file}")).await;
        answer.refused(404, "route_not_found");
    }
}
