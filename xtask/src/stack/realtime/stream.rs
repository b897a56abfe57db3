//! Follows what the database commits, in the order of the commits. Broadcasts go out at once; rows of tables wait
//! for their readers' policies.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use pg_walstream::{ColumnValue, EventType, Lsn, PgOutputDecoder};
use pgwire_replication::{ReplicationClient, ReplicationConfig, ReplicationEvent};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::Relay;
use super::bindings::PUBLICATION;
use super::hub::{Hub, Topic};
use super::rows::Change;
use crate::stack::ports::LOOPBACK;
use crate::stack::postgres::SUPERUSER;

/// The real server makes it too, and by this name.
const BROADCASTS: &str = "supabase_realtime_messages_publication";
const MAKE_BROADCASTS: &str = "do $$ begin \
    if not exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime_messages_publication') then \
      create publication supabase_realtime_messages_publication for table realtime.messages \
        with (publish = 'insert', publish_via_partition_root); \
    end if; end $$";
const AGAIN_AFTER: Duration = Duration::from_millis(500);
/// How many attempts fail before a person is told.
const TOLD_AFTER: u32 = 4;
/// The types json and jsonb.
const JSON: [u32; 2] = [114, 3802];

/// Follows while there is a connection. What is written while the database is lost reaches nobody, so all
/// connections are closed then: clients that come back ask for what they have missed.
pub async fn follow(relay: Arc<Relay>, changed: mpsc::Sender<Change>) {
    let mut failures = 0;
    let mut sockets = relay.hub.sockets.subscribe();
    loop {
        // The sender lives as long as the relay.
        let _ = sockets.wait_for(|count| *count > 0).await;
        let lost = tokio::select! {
            ended = follow_once(&relay, &changed) => ended.err(),
            _ = sockets.wait_for(|count| *count == 0) => None,
        };
        let was_heard = relay.hub.replicates.send_replace(false);
        if let Some(error) = lost {
            failures = if was_heard { 1 } else { failures + 1 };
            // Told once, and not while the stack is ending.
            if failures == TOLD_AFTER {
                eprintln!("Realtime's stand-in does not hear the database: {error:#}");
            }
            relay.hub.close_sockets();
            sleep(AGAIN_AFTER).await;
        }
    }
}

async fn follow_once(relay: &Relay, changed: &mpsc::Sender<Change>) -> Result<()> {
    // It goes with its connection, which may take a moment, so the next one has another name.
    let slot = format!("relay_{}", relay.hub.new_id());
    let (port, password) = (relay.postgres.port(), relay.postgres.password());
    let publications = [BROADCASTS, PUBLICATION];
    let config = ReplicationConfig::new(
        LOOPBACK,
        SUPERUSER,
        password,
        "postgres",
        &slot,
        publications,
    )
    .with_port(port);
    let mut client = ReplicationClient::connect_gated(config).await?;
    client.simple_query(MAKE_BROADCASTS).await?;
    let make = "TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT";
    client
        .simple_query(&format!("CREATE_REPLICATION_SLOT {slot} {make}"))
        .await?;
    client.start().await?;
    client.wait_started().await?;
    relay.hub.replicates.send_replace(true);
    let mut decoder = PgOutputDecoder::with_protocol_version(1);
    let (mut transaction, mut committed_micros) = (0, 0);
    while let Some(event) = client.recv().await? {
        match event {
            ReplicationEvent::Begin {
                xid,
                commit_time_micros,
                ..
            } => {
                (transaction, committed_micros) = (xid, commit_time_micros);
            }
            ReplicationEvent::XLogData {
                data, wal_start, ..
            } => {
                let event = decoder.decode_message(data, Lsn::new(wal_start.as_u64()))?;
                let change = event.and_then(|event| change(event.event_type, &decoder));
                let Some(change) = change else {
                    continue;
                };
                if change.schema == "realtime" && change.table == "messages" {
                    broadcast(&relay.hub, &change.record);
                } else {
                    let change = Change {
                        transaction,
                        committed_micros,
                        ..change
                    };
                    changed.send(change).await?;
                }
            }
            // Postgres ends only when it knows that everything was taken.
            ReplicationEvent::Commit { end_lsn: lsn, .. }
            | ReplicationEvent::KeepAlive { wal_end: lsn, .. } => client.update_applied_lsn(lsn),
            _ => {}
        }
    }
    bail!("the stream has ended")
}

/// The new or changed row of an event.
fn change(event: EventType, decoder: &PgOutputDecoder) -> Option<Change> {
    let (event, oid, data) = match event {
        EventType::Insert {
            relation_oid, data, ..
        } => ("INSERT", relation_oid, data),
        EventType::Update {
            relation_oid,
            new_data,
            ..
        } => ("UPDATE", relation_oid, new_data),
        _ => return None,
    };
    let relation = decoder.state().get_relation(oid)?;
    let mut record = Map::new();
    for column in &relation.columns {
        let value = match data.get(&column.name) {
            None => continue,
            Some(ColumnValue::Null) => Value::Null,
            Some(value) if JSON.contains(&column.type_id) => {
                serde_json::from_str(value.as_str()?).ok()?
            }
            Some(value) => value.as_str()?.into(),
        };
        record.insert(column.name.to_string(), value);
    }
    Some(Change {
        event,
        schema: relation.namespace.to_string(),
        table: relation.relation_name.to_string(),
        keys: relation
            .key_column_names()
            .map(|name| name.to_string())
            .collect(),
        record,
        transaction: 0,
        committed_micros: 0,
    })
}

/// Sends a row of `realtime.messages` to its topic.
fn broadcast(hub: &Hub, row: &Map<String, Value>) {
    let (Some(name), Some(event)) = (row["topic"].as_str(), row["event"].as_str()) else {
        return;
    };
    let topic = Topic {
        name: name.to_owned(),
        private: row["private"] == "t",
    };
    let message = json!({
        "type": "broadcast", "event": event, "payload": row["payload"], "meta": { "id": row["id"] },
    });
    hub.broadcast(&topic, message, None);
}
