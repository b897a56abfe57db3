//! What no migration makes: the server, its settings, the history of migrations, and Realtime's.

use anyhow::Result;
use tokio_postgres::Client;

use super::findings::{Findings, State};
use crate::EXAMPLE_HOST;
use crate::migrations::Migration;

const CHECKS: &str = include_str!("../sql/checks.sql");
const HISTORY: &str = "supabase_migrations.schema_migrations";

/// Examines all of them.
pub async fn look(
    client: &Client,
    migrations: &[Migration],
    findings: &mut Findings,
) -> Result<()> {
    for row in client.query(CHECKS, &[]).await? {
        let state = State::named(row.get("state"));
        findings.add(state, row.get("check"), row.get("found"), row.get("repair"));
    }
    history(client, migrations, findings).await?;
    lost_broadcasts(client, findings).await?;
    public_channels(client, findings).await
}

/// Compares the migrations that the database has recorded with the files.
async fn history(client: &Client, migrations: &[Migration], findings: &mut Findings) -> Result<()> {
    let mut recorded: Vec<(String, String)> = Vec::new();
    if has(client, HISTORY).await? {
        let rows = client
            .query(
                "select version, coalesce(name, '') from supabase_migrations.schema_migrations order by version",
                &[],
            )
            .await?;
        recorded.extend(rows.iter().map(|row| (row.get(0), row.get(1))));
    }
    for file in migrations {
        // A project may have given the files other numbers.
        let same =
            |(version, name): &(String, String)| *version == file.version || *name == file.name;
        if recorded.iter().any(same) {
            recorded.retain(|row| !same(row));
            findings.count("migration");
            continue;
        }
        if file.name == EXAMPLE_HOST && !has(client, "example_host.friendships").await? {
            let found = "the example host is not there";
            let repair = "nothing, if the project has a host of its own; never push the example then, \
                 as its functions would replace the host's";
            findings.add(
                State::Notice,
                "migration",
                found.to_owned(),
                repair.to_owned(),
            );
            continue;
        }
        let found = format!("{}_{} is not recorded as applied", file.version, file.name);
        let repair = format!(
            "npx supabase db push --remote; or, where its objects are there (after a restore): \
             npx supabase migration repair --remote --status applied {}",
            file.version
        );
        findings.add(State::Missing, "migration", found, repair);
    }
    if !recorded.is_empty() {
        let names: Vec<_> = recorded
            .iter()
            .map(|(v, name)| format!("{v}_{name}"))
            .collect();
        let found = format!("unknown here: {}", names.join(", "));
        let repair =
            "nothing, if they are the project's own; else update this checkout, which is older";
        findings.add(State::Notice, "migration", found, repair.to_owned());
    }
    Ok(())
}

async fn lost_broadcasts(client: &Client, findings: &mut Findings) -> Result<()> {
    if !has(client, "chat.lost_broadcasts").await? {
        return Ok(());
    }
    let row = client
        .query_one("select last_value from chat.lost_broadcasts", &[])
        .await?;
    let lost: i64 = row.get(0);
    if lost > 0 {
        let found = format!("{lost} broadcasts could not be sent since the database was made");
        let repair =
            "the warnings in the database's log say why; clients have learnt of them by the feed";
        findings.add(State::Notice, "realtime", found, repair.to_owned());
    }
    Ok(())
}

/// Whether Realtime refuses public channels, in which anyone could use the topic of a chat. Only a self-hosted
/// Realtime keeps that in the database.
async fn public_channels(client: &Client, findings: &mut Findings) -> Result<()> {
    let check = "private channels";
    let columns = "select count(*) from pg_catalog.pg_attribute \
                   where attrelid = to_regclass('_realtime.tenants') and attname in ('private_only', 'external_id') \
                   and has_table_privilege(attrelid, 'select')";
    if client.query_one(columns, &[]).await?.get::<_, i64>(0) < 2 {
        let found = "cannot be seen from the database: whether Realtime refuses public channels";
        let repair = "Dashboard → Project Settings → Realtime: turn off \"Allow public access\"";
        findings.add(State::Notice, check, found.to_owned(), repair.to_owned());
        return Ok(());
    }
    let tenants = "select external_id, private_only from _realtime.tenants";
    for row in client.query(tenants, &[]).await? {
        let (tenant, private): (String, bool) = (row.get(0), row.get(1));
        if private {
            let found = format!("tenant {tenant} refuses public channels");
            findings.add(State::Ok, check, found, String::new());
        } else {
            let found =
                format!("tenant {tenant} has public channels, where anyone can forge events");
            let repair = format!(
                "update _realtime.tenants set private_only = true where external_id = '{tenant}', and restart Realtime"
            );
            findings.add(State::Notice, check, found, repair);
        }
    }
    Ok(())
}

async fn has(client: &Client, relation: &str) -> Result<bool> {
    let row = client
        .query_one("select to_regclass($1) is not null", &[&relation])
        .await?;
    Ok(row.get(0))
}
