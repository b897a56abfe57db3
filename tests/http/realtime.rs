//! What Realtime's server is given to pass on: the rows of `realtime.messages`, and the logical
//! stream of the publication.

mod broadcasts;
mod pgoutput;
mod published;
mod typing;

use harness::Stack;
use serde_json::Value;
use tokio::sync::RwLock;
use uuid::Uuid;

/// Held for writing by the test that makes all broadcasts fail, for reading by those that count on them.
pub static REALTIME: RwLock<()> = RwLock::const_new(());

/// The broadcasts to the topics of a chat: `<topic> <event>` and payload, in the order of the topics and revs.
async fn broadcasts_of(stack: &Stack, chat: Uuid) -> Vec<(String, Value)> {
    let rows = stack
        .sql
        .query(
            "select m.topic || ' ' || m.event, m.payload - 'id' from realtime.messages m
             where m.topic ~ ('^chat:' || $1::uuid || '(:|$)')
             order by m.topic, m.inserted_at, (m.payload ->> 'rev')::bigint",
            &[&chat],
        )
        .await
        .unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}
