//! Postgres and PostgREST going away and coming back while people talk.

use crate::writes::{is_settled_by_a_repeat, rows, with_client_id};
use futures_util::future::join_all;
use harness::{Answer, Person, Stack, command, messages_path};
use serde_json::Value;
use std::{
    cell::{Cell, RefCell},
    time::Duration,
};
use uuid::Uuid;

const SENDERS: usize = 24;
const READERS: usize = 8;

/// What the senders know of what they have sent.
#[derive(Default)]
struct Ledger {
    sent: RefCell<Vec<(usize, Value, u16)>>,
    reads: Cell<usize>,
    failed_reads: Cell<usize>,
    over: Cell<bool>,
}

impl Ledger {
    /// How many sends, and how many of those were acknowledged.
    fn counts(&self) -> (usize, usize) {
        let sent = self.sent.borrow();
        let acknowledged = sent.iter().filter(|(_, _, status)| *status == 201).count();
        (sent.len(), acknowledged)
    }

    /// Returns once there are more acknowledged sends, and failed ones, than there were.
    async fn wait_for(&self, what: &str, done: impl Fn(usize, usize) -> bool) {
        for _ in 0..3000 {
            let (sent, acknowledged) = self.counts();
            if done(acknowledged, sent - acknowledged) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!(
            "{what} did not come: {:?} sent and acknowledged",
            self.counts()
        );
    }
}

/// An answer is a success, or an error of those that say "try again", in the contract's form.
fn is_honest(answer: &Answer) {
    match answer.status {
        200 | 201 => {
            answer.json(answer.status);
        }
        502 => answer.refused(502, "bad_upstream"),
        504 => answer.refused(504, "upstream_timeout"),
        _ => answer.refused(503, "unavailable"),
    }
}

async fn send(ledger: &Ledger, sender: usize, person: &Person, chat: Uuid) {
    while !ledger.over.get() {
        let (id, body) = with_client_id();
        let answer = person.try_send(chat, &body).await;
        is_honest(&answer);
        if answer.status < 300 {
            assert_eq!(answer.json(answer.status)["clientId"], id.to_string());
        }
        // 200 is the edge's own second attempt, which has found what the first sent.
        let status = if answer.status == 200 {
            201
        } else {
            answer.status
        };
        ledger.sent.borrow_mut().push((sender, body, status));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn read(ledger: &Ledger, person: &Person, chat: Uuid) {
    while !ledger.over.get() {
        let answer = person.get(&messages_path(chat)).await;
        is_honest(&answer);
        let counter = if answer.status == 200 {
            &ledger.reads
        } else {
            &ledger.failed_reads
        };
        counter.set(counter.get() + 1);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Has people talk in several chats, does `fault` to the stack meanwhile, and settles every message.
async fn under_load(fault: impl AsyncFnOnce(&Ledger)) {
    let stack = Stack::connect().await;
    let people: [Person; SENDERS] = stack.people().await;
    let mut chats = Vec::new();
    for pair in people.chunks(2) {
        let [one, other] = pair else { break };
        let chat = stack.direct_chat(one, other).await;
        chats.extend([chat, chat]);
    }
    drop(stack);
    let ledger = Ledger::default();
    let senders = people.iter().zip(&chats).enumerate();
    let senders = senders.map(|(index, (person, chat))| send(&ledger, index, person, *chat));
    let readers = people.iter().zip(&chats).take(READERS);
    let readers = readers.map(|(person, chat)| read(&ledger, person, *chat));
    futures_util::join!(join_all(senders), join_all(readers), async {
        ledger
            .wait_for("load", |acknowledged, _| acknowledged > 50)
            .await;
        fault(&ledger).await;
        let (sent, acknowledged) = ledger.counts();
        let failed = sent - acknowledged;
        ledger
            .wait_for("service", |now, failures| {
                now > acknowledged + 2 * SENDERS || failures > failed + 100_000
            })
            .await;
        ledger.over.set(true);
    });

    let stack = Stack::connect().await;
    let (sent, acknowledged) = ledger.counts();
    let (reads, failed_reads) = (ledger.reads.get(), ledger.failed_reads.get());
    println!(
        "{acknowledged} of {sent} sends acknowledged, {failed_reads} reads failed, {reads} did not"
    );
    assert!(sent > acknowledged, "the fault was not felt");
    let (mut found, mut lost) = (0, 0);
    for (sender, body, status) in ledger.sent.into_inner() {
        let (person, chat) = (&people[sender], chats[sender]);
        let id: Uuid = body["clientId"].as_str().unwrap().parse().unwrap();
        let rows = rows(&stack, chat, id).await;
        if status == 201 {
            assert_eq!(rows, 1, "an acknowledged message");
        } else {
            assert!(rows <= 1, "{rows} of a message whose send failed");
            *(if rows == 1 { &mut found } else { &mut lost }) += 1;
            is_settled_by_a_repeat(&stack, person, chat, &body, rows).await;
        }
    }
    println!("of those that failed {found} had been sent and {lost} had not");
}

/// Returns once some sends have failed.
async fn felt(ledger: &Ledger) {
    let (sent, acknowledged) = ledger.counts();
    let failed = sent - acknowledged;
    ledger
        .wait_for("the fault", |_, failures| failures > failed + SENDERS / 2)
        .await;
}

#[tokio::test]
async fn postgres_stopped_and_started_under_load() {
    under_load(async |ledger| {
        command("stop postgres").await;
        felt(ledger).await;
        command("start postgres").await;
    })
    .await;
}

#[tokio::test]
async fn postgrest_killed_and_restarted_under_load() {
    under_load(async |ledger| {
        command("kill postgrest").await;
        felt(ledger).await;
        command("start postgrest").await;
    })
    .await;
}
