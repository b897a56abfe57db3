//! A database's catalog and rows as lines of text: what a refused installation must not have changed,
//! and what two ways of installing must make alike.

use std::collections::BTreeSet;
use std::fmt::Write;

use tokio_postgres::Client;

use crate::database::{connect, variable};

/// An object: its kind, its qualified name, its definition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    pub kind: String,
    pub name: String,
    pub definition: String,
}

/// All objects. A bucket is one of them, as it is what a project sets up.
pub async fn objects(superuser: &Client) -> BTreeSet<Object> {
    let begin = "begin read only; set local search_path = ''";
    superuser.batch_execute(begin).await.expect(begin);
    let sql = include_str!("catalog.sql");
    let mut rows = superuser.query(sql, &[]).await.expect("the catalog");
    let sql = "select to_regclass('storage.buckets') is not null";
    if superuser.query_one(sql, &[]).await.expect(sql).get(0) {
        let sql = "select 'bucket', id, (to_jsonb(b) - 'created_at' - 'updated_at')::text from storage.buckets b";
        rows.extend(superuser.query(sql, &[]).await.expect(sql));
    }
    superuser.batch_execute("commit").await.expect("commit");
    let text = |row: &tokio_postgres::Row, column: usize| {
        let text: Option<&str> = row.get(column);
        text.unwrap_or("").to_owned()
    };
    rows.iter()
        .map(|row| Object {
            kind: text(row, 0),
            name: text(row, 1),
            definition: text(row, 2),
        })
        .collect()
}

/// The objects of the running stack's database, migrated and seeded by `cargo xtask`.
pub async fn of_stack() -> BTreeSet<Object> {
    let url = variable("SUPERUSER_URL");
    objects(&connect(&url.parse().expect("a connection string")).await).await
}

/// The rows of each table, hashed. Without the transactions that wrote them, because a dump that is loaded is another one.
pub async fn rows(superuser: &Client) -> BTreeSet<Object> {
    let sql = "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace \
        where c.relkind = 'r' and n.nspname <> 'information_schema' and n.nspname not like 'pg\\_%'";
    let tables = superuser.query(sql, &[]).await.expect(sql);
    let mut hashes = BTreeSet::new();
    for table in tables {
        let name: String = table.get(0);
        let sql = format!(
            "select md5(string_agg(row::text, ';' order by row::text)) \
             from {name} t, lateral (select to_jsonb(t) - 'changed_in') r (row)"
        );
        let hash: Option<String> = superuser.query_one(&sql, &[]).await.expect(&sql).get(0);
        hashes.insert(Object {
            kind: "rows".to_owned(),
            name,
            definition: hash.unwrap_or_else(|| "none".to_owned()),
        });
    }
    hashes
}

/// Everything: objects and rows.
pub async fn snapshot(superuser: &Client) -> BTreeSet<Object> {
    let mut all = objects(superuser).await;
    all.extend(rows(superuser).await);
    all
}

/// What is in one and not in the other, a line each; empty where there is no difference.
pub fn difference(before: &BTreeSet<Object>, after: &BTreeSet<Object>) -> String {
    let mut text = String::new();
    for (sign, object) in before
        .difference(after)
        .map(|object| ('-', object))
        .chain(after.difference(before).map(|object| ('+', object)))
    {
        let Object {
            kind,
            name,
            definition,
        } = object;
        let _ = writeln!(text, "{sign} {kind} {name}: {definition}");
    }
    text
}
