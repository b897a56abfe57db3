//! Four requests that meet a fault together, and what has to come of them.

use crate::writes::{is_refused, is_settled_by_a_repeat, rows, with_client_id};
use harness::{
    Answer, Fault, FaultsEnv, Method, Person, Proxy, Stack, message_path, messages_path,
};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// What the instances behind the proxy wait for it.
const DEADLINE_MS: u64 = 2_000;

/// How long the function took by its own clock, which does not count a busy machine's queues.
fn total_ms(answer: &Answer) -> u64 {
    let timing = answer.header("server-timing").unwrap();
    let total = timing.strip_prefix("total;dur=").unwrap();
    total.split(',').next().unwrap().parse().unwrap()
}

/// A chat of two, and a message in it that can be edited.
pub(super) struct Scene {
    pub stack: Stack,
    pub proxy: Proxy,
    pub alice: Person,
    pub chat: Uuid,
    pub message: Uuid,
}

/// One of the four requests that meet each fault.
pub(super) struct Asked {
    pub request_id: String,
    pub answer: Answer,
}

/// A read, a send with a clientId, one without, and another write.
pub(super) struct Four {
    pub read: Asked,
    pub send: Asked,
    pub sent: Value,
    pub plain_send: Asked,
    pub plain_text: Uuid,
    pub edit: Asked,
    pub edited: Uuid,
}

impl Scene {
    pub async fn set() -> Scene {
        let stack = Stack::connect().await;
        let proxy = Proxy::start().await;
        let edge = stack.function_at(&FaultsEnv::get().edge_url);
        let [alice, bob] = stack.people().await;
        let alice = alice.at(&edge);
        let chat = stack.direct_chat(&alice, &bob).await;
        let message = alice.send(chat, "An early message").await.id;
        Scene {
            stack,
            proxy,
            alice,
            chat,
            message,
        }
    }

    pub async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Asked {
        let request_id = Uuid::new_v4().to_string();
        let call = self.alice.call(method, path).request_id(&request_id);
        let call = match body {
            Some(body) => call.json(body),
            None => call,
        };
        // Thirty times the deadline: an answer that has not come by then never comes.
        let answer = tokio::time::timeout(Duration::from_secs(60), call.send()).await;
        let answer = answer.expect("an answer before the deadline");
        let waited = total_ms(&answer);
        assert!(waited < 2 * DEADLINE_MS, "{waited} ms");
        Asked { request_id, answer }
    }

    /// All four at the same time, so that those that have to wait wait together.
    pub async fn ask_four(&self) -> Four {
        let messages = messages_path(self.chat);
        let (_, sent) = with_client_id();
        let (plain_text, edited) = (Uuid::new_v4(), Uuid::new_v4());
        let plain = json!({ "text": plain_text });
        let edit = json!({ "text": edited });
        let message = message_path(self.chat, self.message);
        let (read, send, plain_send, edit) = futures_util::join!(
            self.ask(Method::GET, &messages, None),
            self.ask(Method::POST, &messages, Some(&sent)),
            self.ask(Method::POST, &messages, Some(&plain)),
            self.ask(Method::PATCH, &message, Some(&edit)),
        );
        Four {
            read,
            send,
            sent,
            plain_send,
            plain_text,
            edit,
            edited,
        }
    }

    pub async fn text(&self) -> String {
        let sql = "select text from public.messages where id = $1";
        self.stack.value(sql, &[&self.message]).await
    }
}

/// What a fault is answered by, and what is left behind.
pub(super) struct Expected {
    pub status: u16,
    pub code: &'static str,
    /// How often a request is made that may be made again, and one that may not.
    pub attempts: (usize, usize),
    /// Whether PostgREST did it.
    pub done: bool,
}

/// Asserts what a fault does to the four, and that there is nothing of it left once it is over.
pub(super) async fn meet(scene: &Scene, fault: Fault, expected: &Expected) {
    println!("{fault:?}");
    scene.proxy.set(fault).await;
    let Four {
        read,
        send,
        sent,
        plain_send,
        plain_text,
        edit,
        edited,
    } = scene.ask_four().await;
    let Expected {
        status,
        code,
        attempts: (may_be_repeated, may_not),
        done,
    } = *expected;
    for (asked, attempts) in [
        (&read, may_be_repeated),
        (&send, may_be_repeated),
        (&plain_send, may_not),
        (&edit, may_not),
    ] {
        is_refused(&asked.answer, status, code, &asked.request_id);
        assert_eq!(scene.proxy.attempts(&asked.request_id), attempts);
    }

    scene.proxy.set(Fault::None).await;
    scene.alice.get(&messages_path(scene.chat)).await.ok();
    let done = i64::from(done);
    is_settled_by_a_repeat(&scene.stack, &scene.alice, scene.chat, &sent, done).await;
    assert_eq!(rows(&scene.stack, scene.chat, plain_text).await, done);
    let edited = edited.to_string();
    assert_eq!(scene.text().await == edited, done == 1);
    scene.alice.edit(scene.chat, scene.message, &edited).await;
    assert_eq!(scene.text().await, edited);
}
