use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;
use crate::http::request_id::{RequestId, TraceParent};
use crate::input::cursor::MessagesCursor;
use crate::input::ids;
use crate::supabase::client::Method;
use crate::testing::TestPlatform;

const OBJECT: ExpectedAnswer = ExpectedAnswer::Object(&["id"]);
const CHAT: &str = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";

/// Answers one request, and gives the request that it got.
pub(crate) async fn upstream(status: &str, body: &str) -> (SupabaseConfig, JoinHandle<String>) {
    let length = body.len();
    raw_upstream(format!(
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}"
    ))
    .await
}

pub(crate) async fn raw_upstream(answer: String) -> (SupabaseConfig, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = Vec::new();
        while !complete(&asked) {
            let mut chunk = [0; 1024];
            let length = stream.read(&mut chunk).await.unwrap();
            asked.extend_from_slice(&chunk[..length]);
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(asked).unwrap()
    });
    (
        SupabaseConfig {
            url,
            anon_key: "anon-key".to_owned(),
            timeout_ms: 10_000,
        },
        asked,
    )
}

fn complete(asked: &[u8]) -> bool {
    let text = String::from_utf8_lossy(asked);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

/// The request line, the sorted headers without `host`, and the body.
pub(crate) fn lines(asked: &str) -> Vec<String> {
    let (head, body) = asked.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<String> = head.lines().map(str::to_owned).collect();
    lines.retain(|line| !line.starts_with("host: "));
    lines[1..].sort();
    lines.push(body.to_owned());
    lines
}

pub(crate) fn request() -> Request<()> {
    let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    Request {
        id: RequestId::accept(Some("req-1")),
        method: "GET".to_owned(),
        path: "/chats".to_owned(),
        query: String::new(),
        authorization: None,
        content_type: None,
        content_encoding: None,
        content_length: None,
        idempotency_key: None,
        traceparent: TraceParent::accept(Some(traceparent)),
        body: (),
    }
}

/// A scope whose platform lives as long as the test.
pub(crate) fn scope() -> &'static Scope<'static> {
    let platform: &'static TestPlatform = Box::leak(Box::default());
    Box::leak(Box::new(Scope::new(platform)))
}

fn anonymous(supabase: &SupabaseConfig) -> Postgrest<'_> {
    Postgrest::new(supabase, scope(), &request())
}

/// On behalf of a user.
pub(crate) fn acting(config: &SupabaseConfig) -> Rc<Supabase<'_>> {
    Rc::new(Supabase::new(config, scope(), &request()).acting_for("a.b.c"))
}

fn bearer(supabase: &SupabaseConfig) -> Postgrest<'_> {
    Postgrest::of(&acting(supabase))
}

#[tokio::test]
async fn a_get_sends_typed_arguments_and_six_headers() {
    let (supabase, asked) = upstream("200 OK", "{\"a\": 1 }").await;
    let chat = ids::parse(CHAT).unwrap();
    let cursor = "bWVzc2FnZXMvMGE1YjdjOWQtMWUyZi00YTNiLThjNGQtNWU2ZjdhOGI5YzBkLzIwMjYtMDQtMDFUMTI6MzA6MDAuMDAwMTIwWg";
    let before = MessagesCursor::decode(cursor, chat).unwrap().before;
    let reply = bearer(&supabase)
        .get(
            "list_messages",
            &[
                ("chat_id", Argument::Id(chat)),
                ("page_limit", Argument::Number(50)),
                ("before", Argument::Time(before)),
            ],
            ExpectedAnswer::Object(&["a"]),
        )
        .await;
    assert_eq!(reply, Ok(Reply::json(200, b"{\"a\": 1 }".to_vec())));
    assert_eq!(
        lines(&asked.await.unwrap()),
        [
            &format!(
                "GET /rest/v1/rpc/list_messages?chat_id={CHAT}&page_limit=50&before=2026-04-01T12:30:00.000120Z HTTP/1.1"
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
async fn a_request_by_path_names_the_schema_to_postgrest_and_to_no_other_service() {
    for (path, names_it) in [
        ("/rest/v1/rpc/list_leftover_uploads", true),
        ("/auth/v1/token", false),
        ("/storage/v1/object/chat-attachments", false),
    ] {
        let (config, asked) = upstream("200 OK", "{}").await;
        let supabase = acting(&config);
        let answer = supabase.ask_json("Supabase", Method::POST, path, b"{}".to_vec());
        assert_eq!(answer.await, Ok((200, b"{}".to_vec())));
        let asked = lines(&asked.await.unwrap());
        for header in ["accept-profile: public", "content-profile: public"] {
            let named = asked.iter().any(|line| line == header);
            assert_eq!(named, names_it, "{path}: {header}");
        }
    }
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

/// Gives these answers one after the other, each on its own connection, and counts the requests. For
/// `None` the connection is closed without an answer.
async fn answers(list: &[Option<&str>]) -> (SupabaseConfig, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let list: Vec<Option<String>> = list
        .iter()
        .map(|answer| answer.map(str::to_owned))
        .collect();
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    tokio::spawn(async move {
        for answer in list {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut chunk = [0; 4096];
            let _ = stream.read(&mut chunk).await;
            counter.fetch_add(1, Ordering::SeqCst);
            if let Some(answer) = answer {
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        }
        // A further request is accepted and gets no answer.
        let held = listener.accept().await;
        counter.fetch_add(1, Ordering::SeqCst);
        std::future::pending::<()>().await;
        drop(held);
    });
    let supabase = SupabaseConfig {
        url,
        anon_key: "anon-key".to_owned(),
        timeout_ms: 1_000,
    };
    (supabase, asked)
}

const OK: Option<&str> =
    Some("HTTP/1.1 200 OK\r\ncontent-length: 8\r\nconnection: close\r\n\r\n{\"id\":1}");
const UNAVAILABLE: Option<&str> =
    Some("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
const BROKEN: Option<&str> =
    Some("HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");

#[tokio::test]
async fn a_read_is_repeated_once_if_the_service_was_down() {
    for (list, expected, requests) in [
        (&[UNAVAILABLE, OK][..], Ok(()), 2),
        (&[None, OK], Ok(()), 2),
        (
            &[UNAVAILABLE, UNAVAILABLE, OK],
            Err(ErrorCode::Unavailable),
            2,
        ),
        (&[None, None, OK], Err(ErrorCode::Unavailable), 2),
        (&[BROKEN, OK], Err(ErrorCode::BadUpstream), 1),
    ] {
        let (supabase, asked) = answers(list).await;
        let reply = bearer(&supabase).get("get_chat", &[], OBJECT).await;
        let outcome = reply.map(|_| ()).map_err(|error| error.code);
        assert_eq!(outcome, expected, "{list:?}");
        assert_eq!(asked.load(Ordering::SeqCst), requests, "{list:?}");
    }
}

#[tokio::test]
async fn a_write_is_repeated_only_if_it_may_be() {
    for (repeat, expected, requests) in [
        (Repeat::Never, Err(ErrorCode::Unavailable), 1),
        (Repeat::Once, Ok(()), 2),
    ] {
        for first in [None, UNAVAILABLE] {
            let (supabase, asked) = answers(&[first, OK]).await;
            let reply = bearer(&supabase)
                .post("send_message", &1, OBJECT, repeat)
                .await;
            let outcome = reply.map(|_| ()).map_err(|error| error.code);
            assert_eq!(outcome, expected);
            assert_eq!(asked.load(Ordering::SeqCst), requests);
        }
    }
}

#[tokio::test]
async fn one_deadline_ends_every_wait() {
    let slow_body = Some("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{");
    for (list, requests) in [(&[][..], 1), (&[UNAVAILABLE], 2), (&[None], 2)] {
        let (supabase, asked) = answers(list).await;
        let begun = tokio::time::Instant::now();
        let reply = bearer(&supabase).get("get_chat", &[], OBJECT).await;
        let code = reply.unwrap_err().code;
        assert_eq!(code, ErrorCode::UpstreamTimeout, "{list:?}");
        let waited = begun.elapsed().as_millis();
        assert!((950..1_500).contains(&waited), "{waited} ms");
        assert_eq!(asked.load(Ordering::SeqCst), requests);
    }
    // An answer that breaks off is not forwarded.
    let (supabase, _) = answers(&[slow_body]).await;
    let error = bearer(&supabase)
        .get("get_chat", &[], OBJECT)
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::BadUpstream);
}
