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
use super::channel::Channel;
use super::frame::Frame;
use super::policies::{Database, become_caller, begin};
use super::socket::Outbox;
use super::tokens::Claims;

/// The publication whose tables the real server listens to.
pub const PUBLICATION: &str = "supabase_realtime";

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

/// One `postgres_changes` of a channel.
struct Binding {
    /// The client knows it by this number.
    id: Value,
    event: String,
    schema: String,
    table: String,
    /// SQL about a row `r`.
    condition: String,
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
        let mut bindings = Vec::new();
        for asked in &channel.config.changes {
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

impl Binding {
    async fn new(database: &Database, asked: &Value, claims: &Claims) -> Result<Self> {
        const PUBLISHED: &str = "select from pg_catalog.pg_publication_tables where pubname = $1 \
            and $2 in ('*', schemaname) and $3 in ('*', tablename) limit 1";
        let word = |name: &str, default: &str| asked[name].as_str().unwrap_or(default).to_owned();
        let binding = Self {
            id: asked["id"].clone(),
            event: word("event", "*"),
            schema: word("schema", "public"),
            table: word("table", "*"),
            condition: condition(&word("filter", ""))?,
        };
        let (schema, table) = (&binding.schema, &binding.table);
        let mut client = database.client().await?;
        let transaction = begin(&mut client).await?;
        let published = [
            &PUBLICATION as &(dyn tokio_postgres::types::ToSql + Sync),
            schema,
            table,
        ];
        if transaction.query(PUBLISHED, &published).await?.is_empty() {
            bail!("Please check Realtime is enabled for the given connect parameters");
        }
        if table != "*" {
            // Postgres reads it as the caller: column, operator and value must fit, and be theirs to read.
            become_caller(&transaction, "", claims).await?;
            let (name, condition) = (name(schema, table), &binding.condition);
            let tried = format!("select from {name} as r where false and {condition}");
            transaction.execute(&tried, &[]).await?;
        }
        Ok(binding)
    }

    fn fits(&self, change: &Change) -> bool {
        let is = |asked: &str, word: &str| asked == "*" || asked == word;
        is(&self.event, change.event)
            && is(&self.schema, &change.schema)
            && is(&self.table, &change.table)
    }
}

/// A filter such as `chat_id=eq.1` as SQL.
fn condition(filter: &str) -> Result<String> {
    if filter.is_empty() {
        return Ok("true".to_owned());
    }
    let broken = || format!("Error parsing `filter` params: {filter}");
    let (column, test) = filter.split_once('=').with_context(broken)?;
    let (operator, value) = test.split_once('.').with_context(broken)?;
    let column = escape_identifier(column);
    let operator = match operator {
        "eq" => "=",
        "neq" => "<>",
        "lt" => "<",
        "lte" => "<=",
        "gt" => ">",
        "gte" => ">=",
        "in" => {
            let list = value
                .strip_prefix('(')
                .and_then(|list| list.strip_suffix(')'));
            let list = format!("{{{}}}", list.with_context(broken)?);
            return Ok(format!("r.{column} = any ({})", escape_literal(&list)));
        }
        _ => bail!(broken()),
    };
    Ok(format!("r.{column} {operator} {}", escape_literal(value)))
}

fn name(schema: &str, table: &str) -> String {
    format!("{}.{}", escape_identifier(schema), escape_identifier(table))
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
                outbox.push(&Frame::push(
                    topic,
                    Value::Null,
                    "postgres_changes",
                    payload,
                ));
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
        let mut client = database.client().await?;
        let seen = begin(&mut client)
            .await?
            .query_one(SEEN, &[&number])
            .await?;
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
    let transaction = begin(&mut client).await?;
    become_caller(&transaction, "", claims).await?;
    let shown = transaction
        .query_opt(&sql, &[&record, event, keys, schema, table, &micros])
        .await;
    // A policy that fails shows nothing.
    let shown = shown.ok().flatten();
    Ok(shown.and_then(|row| serde_json::from_str(row.get(0)).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_becomes_a_condition_that_cannot_leave_its_literals() {
        let sql = |filter| condition(filter).unwrap();
        assert_eq!(sql(""), "true");
        assert_eq!(sql("chat_id=eq.a'b"), "r.\"chat_id\" = 'a''b'");
        assert_eq!(sql("rev=in.(1,2)"), "r.\"rev\" = any ('{1,2}')");
        assert_eq!(sql("a\"; drop=gt.1"), "r.\"a\"\"; drop\" > '1'");
        for broken in ["undefined", "a=b", "a=foo.1", "a=in.1"] {
            assert!(condition(broken).is_err(), "{broken}");
        }
    }
}
