//! PostgREST's pool of connections, exhausted for real.

use crate::writes::{is_refused, is_settled_by_a_repeat, with_client_id};
use futures_util::future::join_all;
use harness::{Stack, command, messages_path};
use uuid::Uuid;

/// What PostgREST has in this test, and what a request waits for one of them, in seconds.
const CONNECTIONS: usize = 2;
const PATIENCE: usize = 1;

#[tokio::test]
async fn a_pool_whose_connections_are_all_held() {
    let stack = Stack::connect().await;
    let [alice, bob] = stack.people().await;
    let chat = stack.direct_chat(&alice, &bob).await;
    command("stop postgrest").await;
    let pool = format!(
        "start postgrest PGRST_DB_POOL={CONNECTIONS} PGRST_DB_POOL_ACQUISITION_TIMEOUT={PATIENCE}"
    );
    command(&pool).await;

    let lock = stack.lock_chat(chat).await;
    let held = (0..CONNECTIONS).map(|_| async {
        let (_, body) = with_client_id();
        (alice.try_send(chat, &body).await, body)
    });
    let (held, shut_out) = futures_util::join!(join_all(held), async {
        lock.wait_for(i64::try_from(CONNECTIONS).unwrap()).await;
        let (_, body) = with_client_id();
        let [read_id, send_id] = [Uuid::new_v4().to_string(), Uuid::new_v4().to_string()];
        let path = messages_path(chat);
        let read = bob.call(harness::Method::GET, &path).request_id(&read_id);
        let send = bob.call(harness::Method::POST, &path).request_id(&send_id);
        let (read, send) = futures_util::join!(read.send(), send.json(&body).send());
        is_refused(&read, 503, "unavailable", &read_id);
        is_refused(&send, 503, "unavailable", &send_id);
        // More of the same is the last thing that a full pool needs.
        assert_eq!(stack.upstream(&read_id).await.len(), 1);
        assert_eq!(stack.upstream(&send_id).await.len(), 1);
        lock.release().await;
        body
    });

    bob.messages(chat).await;
    is_settled_by_a_repeat(&stack, &bob, chat, &shut_out, 0).await;
    for (answer, body) in held {
        if answer.status == 201 {
            is_settled_by_a_repeat(&stack, &alice, chat, &body, 1).await;
        } else {
            // The database's own limit for a statement came before the release.
            answer.refused(504, "upstream_timeout");
            is_settled_by_a_repeat(&stack, &alice, chat, &body, 0).await;
        }
    }
    command("stop postgrest").await;
    command("start postgrest").await;
    bob.messages(chat).await;
}
