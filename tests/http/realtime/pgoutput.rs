//! A reader of `pgoutput`, the format of Postgres's logical replication, as far as the tests need it:
//! version 1 of the protocol, values as text. The format is told in the Postgres manual, "Logical
//! Replication Message Formats".

use harness::Stack;
use std::collections::BTreeMap;
use std::time::Duration;

/// What happened to a row of a published table.
#[derive(Debug, Clone, PartialEq)]
pub struct RowChange {
    /// `I`nsert, `U`pdate or `D`elete.
    pub kind: char,
    /// The table without its schema.
    pub table: String,
    /// The values by column: the new ones, or of a deleted row those that identify it.
    pub values: BTreeMap<String, Option<String>>,
}

/// A temporary slot on a publication, from when it was opened.
pub struct Slot {
    sql: tokio_postgres::Client,
    name: String,
}

impl Slot {
    /// Opens one; it ends with its connection.
    pub async fn open() -> Slot {
        let sql = Stack::sql_connection().await;
        let name = format!("tests_{}", uuid::Uuid::new_v4().simple());
        let create = "select pg_create_logical_replication_slot($1, 'pgoutput', true) is not null";
        sql.query_one(create, &[&name]).await.unwrap();
        Slot { sql, name }
    }

    /// Everything that was committed to the publication's tables since it was last asked.
    pub async fn changes(&self) -> Vec<RowChange> {
        self.written_out().await;
        let rows = self
            .sql
            .query(
                "select data from pg_logical_slot_get_binary_changes(
                   $1, null, null, 'proto_version', '1', 'publication_names', 'supabase_realtime'
                 )",
                &[&self.name],
            )
            .await
            .unwrap();
        let mut relations = BTreeMap::new();
        let mut changes = Vec::new();
        for row in &rows {
            let mut message = Message(row.get(0));
            match message.character() {
                'R' => {
                    let (id, relation) = message.relation();
                    relations.insert(id, relation);
                }
                kind @ ('I' | 'U' | 'D') => {
                    let (table, columns) = &relations[&message.number()];
                    changes.push(RowChange {
                        kind,
                        table: table.clone(),
                        values: message.tuple(columns),
                    });
                }
                // Begin, commit, type: nothing that a row's reader needs.
                _ => {}
            }
        }
        changes
    }

    /// Waits until all that is committed is in the log's files: the stack commits without waiting
    /// for that, and a slot reads no further.
    async fn written_out(&self) {
        let now = "select pg_current_wal_insert_lsn()::text";
        let committed: String = self.sql.query_one(now, &[]).await.unwrap().get(0);
        let reached = "select pg_current_wal_flush_lsn() >= ($1::text)::pg_lsn";
        for _ in 0..500 {
            let row = self.sql.query_one(reached, &[&committed]).await.unwrap();
            if row.get(0) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the log is not written out as far as {committed}");
    }
}

/// What is left to read of a message.
struct Message<'a>(&'a [u8]);

impl Message<'_> {
    fn bytes(&mut self, count: usize) -> &[u8] {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }

    fn character(&mut self) -> char {
        char::from(self.bytes(1)[0])
    }

    fn short(&mut self) -> u16 {
        u16::from_be_bytes(self.bytes(2).try_into().unwrap())
    }

    fn number(&mut self) -> u32 {
        u32::from_be_bytes(self.bytes(4).try_into().unwrap())
    }

    fn name(&mut self) -> String {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap();
        let name = String::from_utf8(self.bytes(end).to_vec()).unwrap();
        self.bytes(1);
        name
    }

    /// Its id, name and columns.
    fn relation(&mut self) -> (u32, (String, Vec<String>)) {
        let id = self.number();
        self.name();
        let table = self.name();
        self.character();
        let columns = (0..self.short())
            .map(|_| {
                self.character();
                let column = self.name();
                self.number();
                self.number();
                column
            })
            .collect();
        (id, (table, columns))
    }

    fn tuple(&mut self, columns: &[String]) -> BTreeMap<String, Option<String>> {
        // `N`ew, or the `K`ey of a deleted row; the old one (`O`) comes with a full identity only.
        let part = self.character();
        assert!(matches!(part, 'N' | 'K'), "a tuple of kind {part}");
        assert_eq!(usize::from(self.short()), columns.len());
        let value = |column: &String| {
            let value = match self.character() {
                't' => {
                    let length = usize::try_from(self.number()).unwrap();
                    Some(String::from_utf8(self.bytes(length).to_vec()).unwrap())
                }
                'n' => None,
                kind => panic!("a value of kind {kind}"),
            };
            (column.clone(), value)
        };
        columns.iter().map(value).collect()
    }
}
