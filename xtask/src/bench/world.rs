//! The data: made once, kept between runs, and known by numbers.

use std::fs;
use std::path::Path;
use std::rc::Rc;

use anyhow::{Context, Result, anyhow};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio_postgres::Client;

use crate::keys::Keys;
use crate::migrations::{self, explain};
use crate::paths::{hex, root};
use crate::postgres::{Postgres, SUPERUSER};

const DATA: &str = "tests/bench/data.sql";
const WRITES: &str = "tests/bench/writes.sql";
/// A file of the state: the hash of what the data was made from.
const STAMP: &str = "data.sha256";
/// Upkeep in the middle of a round would be taken for the fault of whoever is measured then; the
/// data is vacuumed between runs.
const QUIET: [&str; 4] = [
    "alter system set autovacuum = off",
    "alter system set checkpoint_timeout = '1h'",
    "alter system set max_wal_size = '16GB'",
    "select pg_reload_conf()",
];
/// How long the tokens last: longer than a run.
const TOKEN_SECONDS: u64 = 6 * 60 * 60;

/// Who and where.
pub struct World {
    /// As the superuser.
    pub sql: Client,
    people: Vec<String>,
    chats: Vec<String>,
    key: EncodingKey,
}

/// A message that its sender may edit.
pub struct Editable {
    /// Its chat.
    pub chat: String,
    /// Its id.
    pub id: String,
    /// The number of its sender among the senders.
    pub sender: usize,
}

/// Removes a database whose data was made by other migrations or other SQL.
pub fn forget_outdated(state: &Path) -> Result<()> {
    if fs::read_to_string(state.join(STAMP)).unwrap_or_default() != stamp()? {
        let keys = Keys::load_or_make(&state.join("secrets.env"))?;
        Postgres::new(0, &keys.database_password, true)?.remove()?;
    }
    Ok(())
}

fn stamp() -> Result<String> {
    let mut hash = Sha256::new();
    for migration in migrations::list(&root().join("supabase/migrations"))? {
        hash.update(fs::read(migration.file)?);
    }
    hash.update(fs::read(root().join(DATA))?);
    Ok(hex(&hash.finalize()))
}

impl World {
    /// Makes the data where there is none.
    pub async fn load(state: &Path, postgres: &Postgres, keys: &Keys) -> Result<Self> {
        let sql = postgres.connect(SUPERUSER).await?;
        for setting in QUIET {
            sql.batch_execute(setting).await?;
        }
        // One person sends many here; the row stays, so that looking it up still costs what it costs.
        sql.batch_execute(
            "update chat.rate_limits set max_count = 2000000000 where name <> 'upload'",
        )
        .await?;
        let found = sql.query_one("select to_regclass('bench.edited') is not null", &[]);
        if !found.await?.get::<_, bool>(0) {
            run(&sql, DATA).await?;
            sql.batch_execute("vacuum analyze").await?;
            fs::write(state.join(STAMP), stamp()?)?;
        }
        let ids = async |table: &str| -> Result<Vec<String>> {
            let query = format!("select id::text from bench.{table} order by n");
            let rows = sql.query(&query, &[]).await?;
            Ok(rows.iter().map(|row| row.get(0)).collect())
        };
        Ok(World {
            people: ids("people").await?,
            chats: ids("chats").await?,
            key: EncodingKey::from_secret(keys.jwt_secret.as_bytes()),
            sql,
        })
    }

    /// Takes back what was written, and makes the messages that will be edited young.
    pub async fn restore(&self) -> Result<()> {
        run(&self.sql, WRITES).await?;
        self.sql
            .batch_execute("vacuum public.messages, chat.chats, chat.chat_participants, chat.read_marks, chat.allowances")
            .await?;
        Ok(())
    }

    /// The id of the n-th person.
    pub fn person(&self, number: usize) -> Result<&str> {
        let person = self.people.get(number).map(String::as_str);
        person.with_context(|| format!("there is no person {number}"))
    }

    /// The id of the n-th chat.
    pub fn chat(&self, number: usize) -> Result<&str> {
        let chat = self.chats.get(number).map(String::as_str);
        chat.with_context(|| format!("there is no chat {number}"))
    }

    /// An access token of the n-th person, with the claims that Supabase's Auth writes.
    pub fn token(&self, number: usize) -> Result<Rc<str>> {
        let user = self.person(number)?;
        let now = std::time::UNIX_EPOCH.elapsed()?.as_secs();
        let claims = json!({
            "sub": user, "aud": "authenticated", "role": "authenticated",
            "iat": now, "exp": now + TOKEN_SECONDS,
            "email": format!("{user}@bench.example"), "phone": "",
            "app_metadata": { "provider": "email", "providers": ["email"] }, "user_metadata": {},
            "aal": "aal1", "amr": [{ "method": "password", "timestamp": now }],
            "session_id": user, "is_anonymous": false,
        });
        Ok(encode(&Header::new(Algorithm::HS256), &claims, &self.key)?.into())
    }

    /// The text of the one row's column.
    pub async fn text(&self, sql: &str) -> Result<String> {
        let row = self.sql.query_one(sql, &[]).await;
        Ok(row.with_context(|| sql.to_owned())?.get(0))
    }

    /// The messages that may be edited, so that those who follow each other have different senders.
    pub async fn editable(&self) -> Result<Vec<Editable>> {
        let sql = "select chat_id::text, id::text, sender from bench.edited order by line, sender";
        let rows = self.sql.query(sql, &[]).await?;
        let editable = rows.iter().map(|row| Editable {
            chat: row.get(0),
            id: row.get(1),
            sender: row.get::<_, i32>(2).unsigned_abs() as usize,
        });
        Ok(editable.collect())
    }

    /// Chats and messages to be marked as read: the last but four of each chat, then the last but
    /// three of each, so that every mark moves.
    pub async fn marks(&self) -> Result<Vec<(String, String)>> {
        let sql = "select m.chat_id::text, m.id::text from bench.chats c \
                   join public.messages m on m.chat_id = c.id \
                   where c.n between 2 and 1001 and m.rev > c.lines - 5 and m.deleted_at is null \
                   order by m.rev - c.lines, c.n";
        let rows = self.sql.query(sql, &[]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }
}

/// Runs a file in one transaction.
async fn run(sql: &Client, name: &str) -> Result<()> {
    let file = root().join(name);
    let text = fs::read_to_string(&file).map_err(|error| anyhow!("{name}: {error}"))?;
    sql.batch_execute(&format!("begin;\n{text}\ncommit;"))
        .await
        .map_err(|error| explain(&file, &text, &error))
}
