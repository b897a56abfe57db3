use tokio::net::TcpListener;

use super::*;
use crate::input::cursor::{MessagesCursor, Position};
use crate::input::ids;
use crate::runtime::config::SupabaseConfig;
use crate::supabase::test_server::{acting, lines, raw_upstream, request, scope, upstream};

const OBJECT: ExpectedAnswer = ExpectedAnswer::Object(&["id"]);
const CHAT: &str = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";

fn anonymous(supabase: &SupabaseConfig) -> Postgrest<'_> {
    Postgrest::new(supabase, scope(), &request())
}

fn bearer(supabase: &SupabaseConfig) -> Postgrest<'_> {
    Postgrest::of(&acting(supabase))
}

#[tokio::test]
async fn a_get_sends_typed_arguments_and_six_headers() {
    let (supabase, asked) = upstream("200 OK", "{\"a\": 1 }").await;
    let chat = ids::parse(CHAT).unwrap();
    let cursor = "bWVzc2FnZXMvMGE1YjdjOWQtMWUyZi00YTNiLThjNGQtNWU2ZjdhOGI5YzBkLzIwMjYtMDQtMDFUMTI6MzA6MDAuMDAwMTIwWg";
    let Position::Before(before) = MessagesCursor::of_chat(chat, cursor).unwrap().position else {
        panic!("the cursor leads to older messages");
    };
    let reply = bearer(&supabase)
        .get(
            "list_messages",
            &[
                ("chat_id", Argument::Id(chat)),
                ("page_limit", Argument::Number(50)),
                ("before", Argument::Time(before)),
                ("around_unread", Argument::True),
            ],
            ExpectedAnswer::Object(&["a"]),
        )
        .await;
    assert_eq!(reply, Ok(Reply::json(200, b"{\"a\": 1 }".to_vec())));
    assert_eq!(
        lines(&asked.await.unwrap()),
        [
            &format!(
                "GET /rest/v1/rpc/list_messages?chat_id={CHAT}&page_limit=50&before=2026-04-01T12:30:00.000120Z&around_unread=true HTTP/1.1"
            ),
            "accept-profile: public",
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
async fn an_epoch_is_sent_as_it_was_read() {
    let (supabase, asked) = upstream("200 OK", "{\"id\":1}").await;
    let epoch = Epoch::parse("7412345678901234567-1").unwrap();
    let arguments = [
        ("since", Argument::Number(7)),
        ("epoch", Argument::Epoch(&epoch)),
    ];
    let reply = bearer(&supabase)
        .get("list_changes", &arguments, OBJECT)
        .await;
    assert_eq!(reply.unwrap().status, 200);
    let asked = lines(&asked.await.unwrap());
    assert_eq!(
        asked[0],
        "GET /rest/v1/rpc/list_changes?since=7&epoch=7412345678901234567-1 HTTP/1.1"
    );
}

#[tokio::test]
async fn a_post_sends_json_and_forwards_the_status() {
    let (supabase, asked) = upstream("201 Created", "{\"id\":1}").await;
    let arguments = serde_json::json!({ "chat_id": CHAT, "text": "\"hi\"" });
    let reply = bearer(&supabase)
        .post("send_message", &arguments, OBJECT, Repeat::Never)
        .await;
    assert_eq!(reply, Ok(Reply::json(201, b"{\"id\":1}".to_vec())));
    assert_eq!(
        lines(&asked.await.unwrap()),
        [
            "POST /rest/v1/rpc/send_message HTTP/1.1",
            "accept-profile: public",
            "accept: application/json",
            "apikey: anon-key",
            "authorization: Bearer a.b.c",
            "content-length: 66",
            "content-profile: public",
            "content-type: application/json",
            "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "x-request-id: req-1",
            &arguments.to_string(),
        ]
    );
}

#[tokio::test]
async fn a_204_has_no_body() {
    let (supabase, _asked) = raw_upstream("HTTP/1.1 204 No Content\r\n\r\n".to_owned()).await;
    let reply = bearer(&supabase)
        .post("leave_chat", &(), ExpectedAnswer::Nothing, Repeat::Never)
        .await;
    assert_eq!(reply, Ok(Reply::json(204, Vec::new())));
}

#[tokio::test]
async fn a_refusal_is_mapped() {
    let (supabase, _asked) = upstream(
        "403 Forbidden",
        "{\"code\":\"PT403\",\"message\":\"not_participant\"}",
    )
    .await;
    let reply = bearer(&supabase).get("get_chat", &[], OBJECT).await;
    assert_eq!(reply, Err(ErrorCode::NotParticipant.into()));
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let supabase = SupabaseConfig {
        url,
        anon_key: "anon-key".to_owned(),
        timeout_ms: 10_000,
    };
    let error = bearer(&supabase)
        .get("get_chat", &[], OBJECT)
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::Unavailable);
    let error = bearer(&supabase).probe().await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unavailable);
}

#[tokio::test]
async fn a_body_cut_short_is_a_bad_upstream() {
    let (supabase, _asked) =
        raw_upstream("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"data\":".to_owned()).await;
    let error = bearer(&supabase)
        .get("get_chat", &[], OBJECT)
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::BadUpstream);
}

#[tokio::test]
async fn an_unexpected_success_is_a_bad_upstream() {
    for (status, body) in [
        ("200 OK", "<!doctype html><title>Welcome</title>"),
        ("200 OK", ""),
        ("200 OK", "{\"id\":1"),
        ("201 Created", "{\"message\":\"created\"}"),
        ("202 Accepted", "{\"id\":1}"),
        (
            "200 OK",
            "{\"code\":\"PT403\",\"message\":\"not_participant\"}",
        ),
    ] {
        let (supabase, _asked) = upstream(status, body).await;
        let reply = bearer(&supabase).get("get_chat", &[], OBJECT).await;
        let error = reply.unwrap_err();
        assert_eq!(error.code, ErrorCode::BadUpstream, "{status} {body}");
        // The log has its size only: the text may be anything.
        let size = format!("{} bytes", body.len());
        assert!(error.detail.unwrap().contains(&size), "{status} {body}");
    }
    let (supabase, _asked) = raw_upstream("HTTP/1.1 204 No Content\r\n\r\n".to_owned()).await;
    let reply = bearer(&supabase).get("get_chat", &[], OBJECT).await;
    assert_eq!(reply.unwrap_err().code, ErrorCode::BadUpstream);
}

#[tokio::test]
async fn the_probe_asks_as_anon_and_a_refusal_of_postgres_means_healthy() {
    let (supabase, asked) = upstream(
        "401 Unauthorized",
        "{\"code\":\"42501\",\"message\":\"permission denied\",\"hint\":0}",
    )
    .await;
    let anonymous = anonymous(&supabase);
    assert_eq!(anonymous.probe().await, Ok(()));
    assert_eq!(
        lines(&asked.await.unwrap()),
        [
            "GET /rest/v1/rpc/list_chats?page_limit=1 HTTP/1.1",
            "accept-profile: public",
            "accept: application/json",
            "apikey: anon-key",
            "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "x-request-id: req-1",
            "",
        ]
    );
}

#[tokio::test]
async fn any_other_answer_to_the_probe_is_unavailable() {
    let (supabase, _asked) = upstream("200 OK", "{}").await;
    let anonymous = anonymous(&supabase);
    let error = anonymous.probe().await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unavailable);
    assert_eq!(error.retry_after, Some(2));
}
