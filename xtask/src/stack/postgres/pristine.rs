//! A copy of the database as it is before any migration: the tests of installing make theirs from it,
//! by `create database … template`.

use anyhow::{Context, Result};

use super::{Postgres, SUPERUSER, connect};

/// The copy's name.
pub const NAME: &str = "pristine";

/// Makes the copy. Ends all connections to the database, as Postgres only copies a database without any, and
/// Auth and Storage would connect again at once.
pub async fn make(postgres: &Postgres) -> Result<()> {
    let client = connect(&postgres.url_of(SUPERUSER, "template1")).await?;
    for sql in [
        "alter database postgres allow_connections false",
        "select pg_terminate_backend(pid, 1000) from pg_stat_activity where datname = 'postgres'",
        &format!("create database {NAME} template postgres"),
        "alter database postgres allow_connections true",
    ] {
        let done = client.batch_execute(sql).await;
        done.context("cannot copy the database before the migrations")?;
    }
    Ok(())
}
