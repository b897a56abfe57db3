//! The data: made once, and kept between runs.

pub mod cases;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use crate::tool::Major;
use crate::tool::migrations::{self, explain};
use crate::tool::paths::{hex, root};
use crate::tool::{Keys, Postgres, SUPERUSER};

const SEED: &str = "bench/data/seed.sql";
const RESTORE: &str = "bench/data/restore.sql";
/// A file of the state: the hash of what the data was made from.
const STAMP: &str = "data.sha256";
/// No upkeep while something is measured, as it would slow down one target only. The data is
/// vacuumed between rounds. The database's rate limits stay and are looked up, but are out of reach.
const SETTINGS: [&str; 5] = [
    "alter system set autovacuum = off",
    "alter system set checkpoint_timeout = '1h'",
    "alter system set max_wal_size = '16GB'",
    "select pg_reload_conf()",
    "update chat.rate_limits set max_count = 2000000000 where name <> 'upload'",
];
/// Longer than a run.
const TOKEN_SECONDS: u64 = 6 * 60 * 60;

pub struct World {
    /// A connection of the superuser.
    pub sql: Client,
    key: EncodingKey,
}

/// Removes a database that was made from other migrations or another seed.
pub fn forget_outdated(state: &Path) -> Result<()> {
    if fs::read_to_string(state.join(STAMP)).unwrap_or_default() != stamp()? {
        let keys = Keys::load_or_make(&state.join("secrets.env"))?;
        Postgres::new(0, &keys.database_password, true, Major::default())?.remove()?;
    }
    Ok(())
}

fn stamp() -> Result<String> {
    let mut hash = Sha256::new();
    for migration in migrations::list(&root().join("supabase/migrations"))? {
        hash.update(fs::read(migration.file)?);
    }
    hash.update(fs::read(root().join(SEED))?);
    Ok(hex(&hash.finalize()))
}

impl World {
    /// Connects, and makes the data where there is none.
    pub async fn load(state: &Path, postgres: &Postgres, keys: &Keys) -> Result<Self> {
        let world = World {
            sql: postgres.connect(SUPERUSER).await?,
            key: EncodingKey::from_secret(keys.jwt_secret.as_bytes()),
        };
        for setting in SETTINGS {
            world.sql.batch_execute(setting).await?;
        }
        let is_there = "select to_regclass('bench.edited') is not null";
        if world.text(is_there).await? != "t" {
            world.run_file(SEED).await?;
            world.sql.batch_execute("vacuum analyze").await?;
            fs::write(state.join(STAMP), stamp()?)?;
        }
        Ok(world)
    }

    /// Takes back what was written, and makes the messages that will be edited young.
    pub async fn restore(&self) -> Result<()> {
        self.run_file(RESTORE).await?;
        let written = "vacuum public.messages, chat.message_words, chat.chats, chat.chat_participants, \
                       chat.read_marks, chat.allowances";
        Ok(self.sql.batch_execute(written).await?)
    }

    /// An access token of a person, with the claims that Supabase's Auth writes.
    pub fn token(&self, user: &str) -> Result<String> {
        let now = std::time::UNIX_EPOCH.elapsed()?.as_secs();
        let claims = json!({
            "sub": user, "aud": "authenticated", "role": "authenticated",
            "iat": now, "exp": now + TOKEN_SECONDS,
            "email": format!("{user}@bench.example"), "phone": "",
            "app_metadata": { "provider": "email", "providers": ["email"] }, "user_metadata": {},
            "aal": "aal1", "amr": [{ "method": "password", "timestamp": now }],
            "session_id": user, "is_anonymous": false,
        });
        Ok(encode(&Header::new(Algorithm::HS256), &claims, &self.key)?)
    }

    /// The rows of a query, by the names of their columns.
    pub async fn rows(&self, sql: &str) -> Result<Vec<BTreeMap<String, String>>> {
        let messages = self.sql.simple_query(sql).await;
        let messages = messages.with_context(|| sql.to_owned())?;
        let named = |row: &SimpleQueryRow| {
            let names = row.columns().iter().enumerate();
            let value = |at| row.get(at).unwrap_or_default().to_owned();
            names
                .map(|(at, column)| (column.name().to_owned(), value(at)))
                .collect()
        };
        let row = |message: &SimpleQueryMessage| match message {
            SimpleQueryMessage::Row(row) => Some(named(row)),
            _ => None,
        };
        Ok(messages.iter().filter_map(row).collect())
    }

    /// The only value of a query.
    pub async fn text(&self, sql: &str) -> Result<String> {
        let first = self.rows(sql).await?.into_iter().flatten().next();
        Ok(first.with_context(|| format!("no row: {sql}"))?.1)
    }

    /// Runs a file in one transaction.
    async fn run_file(&self, name: &str) -> Result<()> {
        let file = root().join(name);
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {name}"))?;
        let transaction = format!("begin;\n{text}\ncommit;");
        let done = self.sql.batch_execute(&transaction).await;
        done.map_err(|error| explain(&file, &text, &error))
    }
}
