//! A copy of the database as it is before any migration: the tests of installing make theirs from it,
//! by `create database … template`.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::sleep;
use tokio_postgres::error::SqlState;

use super::{Postgres, SUPERUSER, connect};

/// The copy's name.
pub const NAME: &str = "pristine";
/// Auth and Storage connect again at once.
const ATTEMPTS: usize = 20;

/// Makes the copy. Ends all connections to the database, as Postgres only copies a database without any.
pub async fn make(postgres: &Postgres) -> Result<()> {
    let client = connect(&postgres.url_of(SUPERUSER, "template1")).await?;
    let throw_out =
        "select pg_terminate_backend(pid, 1000) from pg_stat_activity where datname = 'postgres'";
    for attempt in 1.. {
        client.query(throw_out, &[]).await?;
        let sql = format!("create database {NAME} template postgres");
        match client.batch_execute(&sql).await {
            Err(error) if error.code() == Some(&SqlState::OBJECT_IN_USE) && attempt < ATTEMPTS => {
                sleep(Duration::from_millis(50)).await;
            }
            done => return done.context("cannot copy the database before the migrations"),
        }
    }
    Ok(())
}
