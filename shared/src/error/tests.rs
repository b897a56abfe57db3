use super::*;

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
