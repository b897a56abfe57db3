use super::*;
use crate::error::ErrorCode;

fn names(reply: &Reply) -> Vec<&'static str> {
    reply.headers.iter().map(|(name, _)| *name).collect()
}

#[test]
fn a_body_is_declared_as_json() {
    let id = RequestId::accept(Some("req-1"));
    let reply = Reply::json(200, b"{}".to_vec()).with_common_headers(&id);
    assert_eq!(
        reply.headers,
        vec![
            ("content-type", "application/json".to_owned()),
            ("cache-control", "private, no-store".to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
            ("x-request-id", "req-1".to_owned()),
        ]
    );
}

#[test]
fn an_empty_answer_declares_no_type() {
    let id = RequestId::accept(Some("req-1"));
    let reply = Reply::json(204, Vec::new()).with_common_headers(&id);
    assert_eq!(
        names(&reply),
        ["cache-control", "x-content-type-options", "x-request-id"]
    );
}

fn id() -> RequestId {
    RequestId::accept(Some("req-1"))
}

#[test]
fn a_400_lists_its_fields() {
    let reply = ApiError::invalid_field("text", "must be a string").reply(&id());
    assert_eq!(reply.status, 400);
    assert_eq!(reply.headers, vec![]);
    assert_eq!(
        String::from_utf8(reply.body).unwrap(),
        r#"{"error":{"code":"invalid_request","message":"The request is not valid.","requestId":"req-1","retryable":false,"fields":[{"path":"text","issue":"must be a string"}]}}"#
    );
}

#[test]
fn a_401_names_the_scheme() {
    let scheme = vec![("www-authenticate", "Bearer".to_owned())];
    for code in ErrorCode::ALL.iter().filter(|code| code.status() == 401) {
        let reply = ApiError::from(*code).reply(&id());
        assert_eq!((reply.status, &reply.headers), (401, &scheme), "{code:?}");
    }
    let reply = ApiError::from(ErrorCode::MissingToken).reply(&id());
    assert_eq!(
        String::from_utf8(reply.body).unwrap(),
        r#"{"error":{"code":"missing_token","message":"A bearer token is required.","requestId":"req-1","retryable":false}}"#
    );
}

#[test]
fn a_405_names_the_methods() {
    let reply = ApiError::method_not_allowed("GET, HEAD, POST").reply(&id());
    assert_eq!(reply.status, 405);
    assert_eq!(reply.headers, vec![("allow", "GET, HEAD, POST".to_owned())]);
}

#[test]
fn a_503_says_when_to_come_back_and_keeps_its_detail() {
    let error = ApiError::with_detail(ErrorCode::Unavailable, "connect to db.internal failed");
    let reply = error.reply(&id());
    assert_eq!(reply.status, 503);
    assert_eq!(reply.headers, vec![("retry-after", "2".to_owned())]);
    assert_eq!(
        String::from_utf8(reply.body).unwrap(),
        r#"{"error":{"code":"unavailable","message":"The service is not available at the moment.","requestId":"req-1","retryable":true}}"#
    );
}
