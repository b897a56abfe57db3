//! `cargo xtask doctor`: compares a database with what the chat needs there, and changes nothing.
//!
//! What there should be is supabase/inventory.tsv: the answer of `sql/objects.sql` on a freshly migrated
//! database. The same query asks the database that is examined.

mod compare;
mod exposed;
mod findings;
mod inventory;
mod migrations;
mod repairs;
mod surroundings;
mod target;
mod tls;

use std::path::Path;

use anyhow::Result;
use findings::Findings;
use inventory::Inventory;
use repairs::Repairs;
use tokio_postgres::{Client, IsolationLevel, Transaction};

/// The schema that the migrations make for what is no API.
const CHAT: &str = "chat";
/// The schema of the example host, and what follows the number in the name of its migration.
const EXAMPLE_HOST: &str = "example_host";
/// These settings decide how Postgres prints a definition. A project may have set others for its database or role.
const AS_THE_INVENTORY: &str = "set search_path = ''; set intervalstyle = 'postgres'; \
                                set quote_all_identifiers = off";

/// The Supabase of a database.
#[derive(Clone, Copy, Debug)]
pub struct Api<'a> {
    /// Its URL.
    pub url: &'a str,
    /// Its publishable or anon key.
    pub key: &'a str,
}

/// Examines a database, prints what it finds, and returns how many things must be repaired. `checkout` is the
/// folder that holds `supabase/`. Without an `api`, PostgREST is not asked which schemas it exposes.
pub async fn examine(checkout: &Path, database_url: &str, api: Option<Api<'_>>) -> Result<usize> {
    let mut client = target::connect(database_url).await?;
    let snapshot = snapshot(&mut client).await?;
    let found = Inventory::of(snapshot.client()).await?;
    let migrations = migrations::list(checkout)?;
    let mut findings = Findings::default();
    let expected = Inventory::read(checkout)?;
    compare::compare(&expected, &found, &Repairs(&migrations), &mut findings);
    surroundings::look(snapshot.client(), &migrations, &mut findings).await?;
    snapshot.rollback().await?;
    exposed::ask(api, &mut findings).await;
    findings.print();
    Ok(findings.wrong())
}

/// Writes what a database has into supabase/inventory.tsv, after a change of a migration.
pub async fn write_inventory(checkout: &Path, database_url: &str) -> Result<()> {
    let mut client = target::connect(database_url).await?;
    let snapshot = snapshot(&mut client).await?;
    let found = Inventory::of(snapshot.client()).await?;
    found.write(checkout)
}

/// How supabase/inventory.tsv differs from what a freshly migrated database has.
pub async fn stale_inventory(checkout: &Path, client: &Client) -> Result<Option<String>> {
    client.batch_execute(AS_THE_INVENTORY).await?;
    let (kept, found) = (Inventory::read(checkout)?, Inventory::of(client).await?);
    Ok(kept.difference(&found).map(|difference| {
        format!(
            "{} is not what the migrations make: {difference}\nWrite it anew: `cargo xtask dev --detach`, \
             `cargo xtask db reset`, `cargo xtask doctor --write-inventory`",
            inventory::FILE
        )
    }))
}

/// A transaction that writes nothing and sees one state of the database, whatever is asked in it.
async fn snapshot(client: &mut Client) -> Result<Transaction<'_>> {
    let transaction = client
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await?;
    transaction.batch_execute(AS_THE_INVENTORY).await?;
    transaction
        .batch_execute("set local lock_timeout = '5s'")
        .await?;
    target::check(transaction.client()).await?;
    Ok(transaction)
}
