use super::*;

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

#[test]
fn the_codes_are_the_contracts() {
    let table: Vec<String> = ErrorCode::ALL
        .iter()
        .map(|code| format!("{} {} {}", code.status(), code.as_str(), code.retryable()))
        .collect();
    assert_eq!(
        table,
        [
            "400 invalid_json false",
            "400 invalid_request false",
            "400 invalid_cursor false",
            "400 invalid_id false",
            "401 missing_token false",
            "401 invalid_token false",
            "401 token_expired false",
            "401 token_not_yet_valid true",
            "401 token_too_large false",
            "403 not_participant false",
            "403 not_sender false",
            "403 edit_window_expired false",
            "403 not_friends false",
            "403 blocked false",
            "403 forbidden false",
            "404 chat_not_found false",
            "404 message_not_found false",
            "404 route_not_found false",
            "405 method_not_allowed false",
            "409 idempotency_mismatch false",
            "410 resync_required false",
            "413 payload_too_large false",
            "415 unsupported_media_type false",
            "429 rate_limited true",
            "500 internal false",
            "502 bad_upstream true",
            "503 unavailable true",
            "504 upstream_timeout true",
        ]
    );
}
