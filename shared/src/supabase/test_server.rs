//! A server on the loopback interface that takes the place of Supabase in the tests of the clients.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::http::request::Request;
use crate::http::request_id::{RequestId, TraceParent};
use crate::runtime::config::SupabaseConfig;
use crate::runtime::request_log::Scope;
use crate::supabase::client::Supabase;
use crate::testing::TestPlatform;

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

/// On behalf of a user.
pub(crate) fn acting(config: &SupabaseConfig) -> Rc<Supabase<'_>> {
    Rc::new(Supabase::new(config, scope(), &request()).acting_for("a.b.c"))
}

/// Gives these answers one after the other, each on its own connection, and counts the requests. For
/// `None` the connection is closed without an answer.
pub(crate) async fn answers(list: &[Option<&str>]) -> (SupabaseConfig, Arc<AtomicUsize>) {
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
