//! Storage failing while PostgREST works: uploads get the contract's errors, and messages come all
//! the same, without the URLs of their attachments.

use crate::writes::is_refused;
use harness::{
    Answer, Fault, FaultsEnv, Message, Method, Person, Proxy, Service, Stack, Upload, changes_path,
    message_path, messages_path,
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use uuid::Uuid;

const HTML: &str = "text/html";
const JSON: &str = "application/json; charset=utf-8";
const PAGE: &str = "<html><body>upstream-secret</body></html>";

/// What the functions behind the proxy wait for Supabase, and what a busy machine may add.
const DEADLINE: Duration = Duration::from_millis(2_000 + 1_500);

/// A chat of two with a file in it.
struct Scene {
    stack: Stack,
    proxy: Proxy,
    alice: Person,
    chat: Uuid,
    sent: Message,
}

impl Scene {
    async fn set() -> Scene {
        let stack = Stack::connect().await;
        let proxy = Proxy::start().await;
        let edge = stack.function_at(&FaultsEnv::get().edge_url);
        let [alice, bob] = stack.people().await;
        let alice = alice.at(&edge);
        let chat = stack.direct_chat(&alice, &bob).await;
        let sent = stack.attached(&alice, chat, b"12345").await;
        assert!(sent.attachment_url.is_some());
        Scene {
            stack,
            proxy,
            alice,
            chat,
            sent,
        }
    }

    /// Asks; returns the request's id, the answer, and how often Storage was asked.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> (String, Answer, usize) {
        let id = Uuid::new_v4().to_string();
        let call = self.alice.call(method, path).request_id(&id);
        let call = match body {
            Some(body) => call.json(body),
            None => call,
        };
        let begun = Instant::now();
        let answer = call.send().await;
        assert!(begun.elapsed() < DEADLINE, "{:?}", begun.elapsed());
        let attempts = self.proxy.attempts_at(Service::Storage, &id);
        (id, answer, attempts)
    }

    async fn reserve(&self) -> (String, Answer, usize) {
        let body = json!({
            "chatId": self.chat, "fileName": "a.jpg", "contentType": "image/jpeg", "size": 5,
        });
        self.ask(Method::POST, "/uploads", Some(&body)).await
    }

    /// Takes the reservations away, so that the tests do not reach the limit of open ones.
    async fn forget_reservations(&self) {
        let sql = "delete from chat.uploads where user_id = $1";
        self.stack.execute(sql, &[&self.alice.id]).await;
    }
}

/// Every way in which Storage can fail, the answer of `/uploads` to it, and how often Storage is asked.
fn faults() -> Vec<(Fault, u16, &'static str, usize)> {
    let instead = |line, kind, body| Fault::Instead((line, kind, body));
    let told = |body| instead("400 Bad Request", JSON, body);
    vec![
        (Fault::ResetBefore, 503, "unavailable", 2),
        (Fault::ResetAfter, 503, "unavailable", 2),
        (Fault::Silent, 504, "upstream_timeout", 1),
        (Fault::SlowHead, 504, "upstream_timeout", 1),
        (Fault::SlowBody, 504, "upstream_timeout", 1),
        (Fault::CutLength, 502, "bad_upstream", 1),
        (Fault::CutChunks, 502, "bad_upstream", 1),
        (instead("200 OK", HTML, PAGE), 502, "bad_upstream", 1),
        (instead("200 OK", JSON, ""), 502, "bad_upstream", 1),
        (instead("200 OK", JSON, "null"), 502, "bad_upstream", 1),
        (
            instead("200 OK", JSON, "{\"message\":\"upstream-secret\"}"),
            502,
            "bad_upstream",
            1,
        ),
        (instead("204 No Content", JSON, ""), 502, "bad_upstream", 1),
        (
            instead("500 Internal Server Error", HTML, PAGE),
            502,
            "bad_upstream",
            1,
        ),
        (
            instead("502 Bad Gateway", HTML, PAGE),
            503,
            "unavailable",
            1,
        ),
        (
            instead("503 Service Unavailable", HTML, PAGE),
            503,
            "unavailable",
            2,
        ),
        (
            instead("504 Gateway Timeout", HTML, PAGE),
            504,
            "upstream_timeout",
            1,
        ),
        (
            told(
                r#"{"statusCode":"403","error":"Unauthorized","message":"upstream-secret violates row-level security"}"#,
            ),
            403,
            "forbidden",
            1,
        ),
        (
            told(r#"{"statusCode":"404","error":"Bucket not found","message":"upstream-secret"}"#),
            502,
            "bad_upstream",
            1,
        ),
        (
            told(r#"{"statusCode":"409","error":"Duplicate","message":"upstream-secret"}"#),
            502,
            "bad_upstream",
            1,
        ),
        (
            told(
                r#"{"statusCode":"503","code":"LockTimeout","error":"acquiring_lock_timeout","message":"upstream-secret"}"#,
            ),
            503,
            "unavailable",
            1,
        ),
        (
            told(r#"{"statusCode":"400","code":"InvalidJWT","message":"upstream-secret"}"#),
            401,
            "invalid_token",
            1,
        ),
    ]
}

#[tokio::test]
async fn uploads_get_the_contracts_errors_and_a_second_attempt_succeeds() {
    let scene = Scene::set().await;
    for (fault, status, code, asked) in faults() {
        println!("{fault:?}");
        scene.proxy.set_for(Service::Storage, fault).await;
        let (id, answer, attempts) = scene.reserve().await;
        is_refused(&answer, status, code, &id);
        assert_eq!(attempts, asked);
        assert_eq!(scene.proxy.attempts(&id), 1, "one reservation");
        scene.forget_reservations().await;
    }
    for fault in [
        Fault::ResetBefore,
        Fault::Instead(("503 Service Unavailable", HTML, PAGE)),
    ] {
        scene.proxy.set_once_for(Service::Storage, fault).await;
        let (_, answer, attempts) = scene.reserve().await;
        let upload = Upload::read(&answer.created());
        assert_eq!(attempts, 2);
        scene.proxy.set(Fault::None).await;
        scene.stack.put(&upload, b"12345").await.ok();
        scene.alice.attach(scene.chat, &upload).await;
    }
}

/// The same messages as without the fault, but for the URLs.
#[tokio::test]
async fn messages_come_without_urls() {
    let scene = Scene::set().await;
    let expected = Message {
        attachment_url: None,
        ..scene.sent.clone()
    };
    let messages = messages_path(scene.chat);
    let changes = format!("{}?since=0", changes_path(scene.chat));
    for (fault, _, _, asked) in faults() {
        println!("{fault:?}");
        scene.proxy.set_for(Service::Storage, fault).await;
        let (page, feed) = futures_util::join!(
            scene.ask(Method::GET, &messages, None),
            scene.ask(Method::GET, &changes, None),
        );
        for ((_, answer, attempts), member) in [(page, None), (feed, Some("message"))] {
            let row = &answer.ok()["data"][0];
            let message = Message::read(member.map_or(row, |member| &row[member]));
            assert_eq!(message, expected);
            assert_eq!(attempts, asked);
        }
    }
    scene.proxy.set(Fault::None).await;
    let (_, answer, _) = scene.ask(Method::GET, &messages, None).await;
    let message = Message::read(&answer.ok()["data"][0]);
    assert_eq!(message.unsigned(), scene.sent.unsigned());
}

#[tokio::test]
async fn what_is_written_is_written_and_the_log_says_why_there_is_no_url() {
    let scene = Scene::set().await;
    let upload = scene.stack.uploaded(&scene.alice, scene.chat, b"12345");
    let upload = upload.await;
    let unavailable = Fault::Instead(("503 Service Unavailable", HTML, PAGE));
    scene.proxy.set_for(Service::Storage, unavailable).await;
    let body = json!({ "attachmentUrl": upload.attachment_url, "clientId": Uuid::new_v4() });
    let path = messages_path(scene.chat);
    let (id, answer, _) = scene.ask(Method::POST, &path, Some(&body)).await;
    let sent = Message::read(&answer.created());
    assert_eq!(sent.attachment_url, None);
    assert_eq!(sent.attachment.as_ref().unwrap().path, upload.path);
    let edit = json!({ "text": "Look!" });
    let own = message_path(scene.chat, sent.id);
    let (_, answer, _) = scene.ask(Method::PATCH, &own, Some(&edit)).await;
    assert_eq!(Message::read(&answer.ok()).attachment, sent.attachment);

    let log = std::fs::read_to_string(&harness::Env::get().functions_log).unwrap();
    let mut lines = log.lines().filter(|line| line.contains(&id));
    let line = lines.rfind(|line| line.contains("\"messages\""));
    let line: Value = serde_json::from_str(line.unwrap()).unwrap();
    assert_eq!(
        line["unsigned"],
        "Storage answered 503 with status 503 and code \"\""
    );
    assert_eq!(line["status"], 201);

    scene.proxy.set(Fault::None).await;
    let (_, answer, _) = scene.ask(Method::POST, &path, Some(&body)).await;
    assert!(Message::read(&answer.ok()).attachment_url.is_some());
}

#[tokio::test]
async fn pages_without_files_do_not_ask_a_storage_that_is_away() {
    let scene = Scene::set().await;
    scene
        .proxy
        .set_for(Service::Storage, Fault::ResetBefore)
        .await;
    let text = json!({ "text": "no file" });
    let path = messages_path(scene.chat);
    let (_, answer, attempts) = scene.ask(Method::POST, &path, Some(&text)).await;
    answer.created();
    assert_eq!(attempts, 0);
    let page = format!("{path}?limit=1");
    let (_, answer, attempts) = scene.ask(Method::GET, &page, None).await;
    answer.ok();
    assert_eq!(attempts, 0);
}
