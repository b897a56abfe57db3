//! `cargo xtask doctor`: compares a database with what the chat needs there, and changes nothing.
//!
//! What there should be is supabase/inventory.tsv: the answer of `doctor/objects.sql` on a freshly migrated
//! database. The same query asks the database that is looked at.

mod compare;
mod exposed;
mod findings;
pub mod inventory;
mod mends;
mod surroundings;
mod target;
mod tls;

use anyhow::{Context, Result};
use findings::Findings;
use inventory::Inventory;
use tokio_postgres::IsolationLevel;

use crate::cli::DoctorArgs;
use crate::steps::Told;
use crate::{env_file, paths};

/// What decides how Postgres prints a definition, and a project may have set otherwise for its database or role.
const AS_THE_INVENTORY: &str = "set search_path = ''; set intervalstyle = 'postgres'; \
                                set quote_all_identifiers = off";

/// `cargo xtask doctor [--database-url …]`
pub async fn run(args: DoctorArgs) -> Result<()> {
    let stack = env_file::read(&paths::dev_state().join("stack.env"))?;
    let given = args.database_url.filter(|url| !url.is_empty());
    // Of another database nothing is asked of the dev stack.
    let of_the_stack = |name: &str| stack.get(name).filter(|_| given.is_none()).cloned();
    let api = args.supabase_url.or_else(|| of_the_stack("SUPABASE_URL"));
    let key = args
        .key
        .key()
        .or_else(|| of_the_stack("SUPABASE_PUBLISHABLE_KEY"));
    let url = given.clone().or_else(|| of_the_stack("DATABASE_URL"));
    let url = url.context(
        "which database? Give --database-url or DATABASE_URL, or start `cargo xtask dev`",
    )?;

    let mut client = target::connect(&url).await?;
    // One snapshot, and no write: whatever is asked here.
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
    let found = Inventory::of(transaction.client()).await?;
    if args.write_inventory {
        return found.write();
    }
    let mut findings = Findings::default();
    compare::compare(&Inventory::read()?, &found, &mut findings);
    surroundings::look(transaction.client(), &mut findings).await?;
    transaction.rollback().await?;
    exposed::ask(api.as_deref(), key.as_deref(), &mut findings).await;

    findings.print();
    let wrong = findings.wrong();
    if wrong > 0 {
        println!("\n{wrong} to mend");
        return Err(Told.into());
    }
    println!("\nnothing is missing");
    Ok(())
}

/// How the inventory in the checkout is not that of a freshly migrated database.
pub async fn stale_inventory(client: &tokio_postgres::Client) -> Result<Option<String>> {
    client.batch_execute(AS_THE_INVENTORY).await?;
    let (kept, found) = (Inventory::read()?, Inventory::of(client).await?);
    Ok(kept.difference(&found).map(|difference| {
        format!(
            "{} is not what the migrations make: {difference}\nWrite it anew: `cargo xtask dev --detach`, \
             `cargo xtask db reset`, `cargo xtask doctor --write-inventory`",
            inventory::FILE
        )
    }))
}
