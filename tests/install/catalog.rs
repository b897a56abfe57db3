//! A database's catalog and rows as lines of text: what a refused installation must not have changed,
//! and what two ways of installing must make alike.

use std::collections::BTreeSet;
use std::fmt::Write;

use tokio_postgres::Client;

use crate::database::{connect, variable};

/// The definitions of all objects. Rows are none, but a bucket's, which are what a project sets up.
pub async fn objects(superuser: &Client) -> BTreeSet<String> {
    let sql = include_str!("catalog.sql");
    let begin = "begin read only; set local search_path = ''";
    superuser.batch_execute(begin).await.expect(begin);
    let rows = superuser.query(sql, &[]).await.expect("the catalog");
    let mut lines: BTreeSet<String> = rows
        .iter()
        .map(|row| {
            let [kind, name, definition] = [0, 1, 2].map(|column| {
                let text: Option<&str> = row.get(column);
                text.unwrap_or("").to_owned()
            });
            format!("{kind} {name}: {definition}")
        })
        .collect();
    let sql = "select to_regclass('storage.buckets') is not null";
    if superuser.query_one(sql, &[]).await.expect(sql).get(0) {
        let sql = "select (to_jsonb(b) - 'created_at' - 'updated_at')::text from storage.buckets b";
        let buckets = superuser.query(sql, &[]).await.expect(sql);
        lines.extend(
            buckets
                .iter()
                .map(|row| format!("bucket {}", row.get::<_, &str>(0))),
        );
    }
    superuser.batch_execute("commit").await.expect("commit");
    lines
}

/// A line for each table: its rows, hashed.
pub async fn rows(superuser: &Client) -> BTreeSet<String> {
    let sql = "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace \
        where c.relkind = 'r' and n.nspname <> 'information_schema' and n.nspname not like 'pg\\_%'";
    let tables = superuser.query(sql, &[]).await.expect(sql);
    let mut lines = BTreeSet::new();
    for table in tables {
        let table: &str = table.get(0);
        let sql = format!(
            "select coalesce(md5(string_agg(t::text, ';' order by t::text)), 'empty') from {table} t"
        );
        let hash = superuser.query_one(&sql, &[]).await.expect(&sql);
        lines.insert(format!("rows of {table}: {}", hash.get::<_, &str>(0)));
    }
    lines
}

/// Both.
pub async fn snapshot(superuser: &Client) -> BTreeSet<String> {
    let mut lines = objects(superuser).await;
    lines.extend(rows(superuser).await);
    lines
}

/// The database of the running stack, migrated and seeded by `cargo xtask`.
pub async fn of_stack() -> BTreeSet<String> {
    let url = variable("SUPERUSER_URL");
    objects(&connect(&url.parse().expect("a connection string")).await).await
}

/// What is in one and not in the other, a line each; empty where there is no difference.
pub fn difference(before: &BTreeSet<String>, after: &BTreeSet<String>) -> String {
    let mut text = String::new();
    for line in before.difference(after) {
        let _ = writeln!(text, "- {line}");
    }
    for line in after.difference(before) {
        let _ = writeln!(text, "+ {line}");
    }
    text
}
