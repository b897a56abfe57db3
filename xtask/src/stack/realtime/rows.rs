//! `postgres_changes`: each changed row goes to those whose filter fits and whom row-level security shows it.
//! Postgres is asked for each of them, as the real server asks.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use postgres_protocol::escape::{escape_identifier, escape_literal};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::Relay;
use super::bindings::{Binding, name};
use super::channel::Channel;
use super::frame::Frame;
use super::policies::{Database, become_caller};
use super::socket::Outbox;
use super::tokens::Claims;

/// How many `postgres_changes` a channel may have. Each asks the database about each changed row.
const MAX_BINDINGS: usize = 100;

/// A new or changed row.
pub struct Change {
    /// INSERT or UPDATE.
    pub event: &'static str,
    pub schema: String,
    pub table: String,
    /// The columns of its key.
    pub keys: Vec<String>,
    /// Its values as texts, but for JSON. A large value that an update left as it was is not there.
    pub record: Map<String, Value>,
    pub transaction: u32,
    /// Since the start of the year 2000.
    pub committed_micros: i64,
}

/// What one channel asks for.
pub struct Subscription {
    outbox: Arc<Outbox>,
    topic: String,
    claims: Claims,
    bindings: Vec<Binding>,
}

impl Subscription {
    /// Checks what the channel asks for, or says what is wrong with it.
    pub async fn new(database: &Database, channel: &Channel, outbox: &Arc<Outbox>) -> Result<Self> {
        let changes = &channel.config.changes;
        if changes.len() > MAX_BINDINGS {
            bail!("more than {MAX_BINDINGS} postgres_changes on a channel");
        }
        let mut bindings = Vec::new();
        for asked in changes {
            let binding = Binding::new(database, asked, &channel.claims).await;
            let what = "Unable to subscribe to changes with given parameters";
            bindings.push(binding.with_context(|| format!("{what}: {asked}"))?);
        }
        Ok(Self {
            outbox: outbox.clone(),
            topic: channel.topic.wire(),
            claims: channel.claims.clone(),
            bindings,
        })
    }
}

/// Delivers until the stream is gone.
pub async fn deliver(relay: Arc<Relay>, mut changes: mpsc::Receiver<Change>) {
    // Not the connection that joins use, so that they wait for no row.
    let database = Database::new(&relay.postgres);
    while let Some(change) = changes.recv().await {
        if let Err(error) = deliver_one(&relay, &database, &change).await {
            eprintln!("Realtime's stand-in could not deliver a row: {error:#}");
        }
    }
}

async fn deliver_one(relay: &Relay, database: &Database, change: &Change) -> Result<()> {
    let mut is_visible = false;
    for subscription in relay.hub.subscriptions() {
        let Subscription {
            outbox,
            topic,
            claims,
            bindings,
        } = &*subscription;
        for binding in bindings.iter().filter(|binding| binding.fits(change)) {
            if !is_visible {
                until_visible(database, change.transaction).await?;
                is_visible = true;
            }
            if let Some(data) = shown(database, change, &binding.condition, claims).await? {
                let payload = json!({ "ids": [binding.id], "data": data });
                let frame = Frame::push(topic, Value::Null, "postgres_changes", payload);
                outbox.push(&frame);
            }
        }
    }
    Ok(())
}

/// The stream may be ahead of what other connections see by some microseconds.
async fn until_visible(database: &Database, transaction: u32) -> Result<()> {
    const SEEN: &str = "select pg_catalog.pg_visible_in_snapshot($1::text::xid8, pg_catalog.pg_current_snapshot())";
    let number = transaction.to_string();
    loop {
        let client = database.client().await?;
        let seen = client.query_one(SEEN, &[&number]).await?;
        if seen.get(0) {
            return Ok(());
        }
        sleep(Duration::from_millis(1)).await;
    }
}

/// The event for one reader, with the columns that they may read. Postgres makes it from the texts, as it alone
/// knows the types. None if the filter does not fit, or the row is not shown to them.
async fn shown(
    database: &Database,
    change: &Change,
    condition: &str,
    claims: &Claims,
) -> Result<Option<Value>> {
    let Change {
        event,
        schema,
        table,
        keys,
        ..
    } = change;
    let name = name(schema, table);
    let regclass = escape_literal(&name);
    let is_same = |key: &String| {
        let key = escape_identifier(key);
        format!("m.{key} = r.{key}")
    };
    let is_same: Vec<String> = keys.iter().map(is_same).collect();
    if is_same.is_empty() {
        return Ok(None);
    }
    let is_same = is_same.join(" and ");
    let sql = format!(
        "select jsonb_build_object(
           'record', jsonb_object_agg(a.attname, to_jsonb(r) -> a.attname::text),
           'old_record', jsonb_object_agg(a.attname, to_jsonb(r) -> a.attname::text)
             filter (where $2 = 'UPDATE' and a.attname = any ($3::text[])),
           'columns', jsonb_agg(jsonb_build_object('name', a.attname, 'type', t.typname) order by a.attnum),
           'type', $2, 'schema', $4::text, 'table', $5::text, 'errors', null,
           'commit_timestamp', timestamptz '2000-01-01 00:00Z' + $6 * interval '1 microsecond')::text
         from jsonb_populate_record(null::{name}, $1::text::jsonb) as r
           join pg_catalog.pg_attribute as a
             on a.attrelid = {regclass}::regclass and $1::text::jsonb ? a.attname::text
           join pg_catalog.pg_type as t on t.oid = a.atttypid
         where {condition} and exists (select from {name} as m where {is_same})
           and pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'select')
         having count(*) > 0"
    );
    let record = Value::from(change.record.clone()).to_string();
    // A float holds the microseconds of some centuries exactly.
    let micros = change.committed_micros as f64;
    let mut client = database.client().await?;
    let transaction = client.transaction().await?;
    become_caller(&transaction, "", claims).await?;
    let shown = transaction
        .query_opt(&sql, &[&record, event, keys, schema, table, &micros])
        .await;
    // A policy that fails shows nothing.
    let shown = shown.ok().flatten();
    Ok(shown.and_then(|row| serde_json::from_str(row.get(0)).ok()))
}
