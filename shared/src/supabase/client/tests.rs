use std::sync::atomic::Ordering;

use super::*;
use crate::supabase::expected_answer::ExpectedAnswer;
use crate::supabase::postgrest::Postgrest;
use crate::supabase::test_server::{acting, answers, lines, upstream};

const OBJECT: ExpectedAnswer = ExpectedAnswer::Object(&["id"]);
const OK: Option<&str> =
    Some("HTTP/1.1 200 OK\r\ncontent-length: 8\r\nconnection: close\r\n\r\n{\"id\":1}");
const UNAVAILABLE: Option<&str> =
    Some("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
const BROKEN: Option<&str> =
    Some("HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");

fn bearer(supabase: &SupabaseConfig) -> Postgrest<'_> {
    Postgrest::of(&acting(supabase))
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
