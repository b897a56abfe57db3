//! plpgsql_check on trigger functions. `db lint` leaves them out, because they can only be checked
//! together with their tables.

use anyhow::{Context, Result};

use crate::postgres::{OWNER, Postgres};

/// In the form of `db lint`'s answer.
const CHECK: &str = include_str!("../../stack/lint_triggers.sql");

/// What plpgsql_check says of the functions of these schemas, for each trigger that calls one.
pub async fn check(postgres: &Postgres, schemas: &[&str]) -> Result<String> {
    let client = postgres.connect(OWNER).await?;
    let row = client
        .query_one(CHECK, &[&schemas])
        .await
        .context("cannot check the trigger functions")?;
    Ok(row.get(0))
}
