//! Applies supabase/migrations and the seed as the official CLI does: as role `postgres`, each
//! file one transaction, the history in `supabase_migrations.schema_migrations`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

use crate::paths::file_hash;
use crate::stack::host::Host;

/// The seed's name in `supabase_migrations.seed_files`.
pub const SEED: &str = "supabase/seed.sql";
/// Where the official CLI looks for what was applied.
const RECORD: &str = "insert into supabase_migrations.schema_migrations (version, name, statements) values ($1, $2, $3)";
const RECORD_SEED: &str = "insert into supabase_migrations.seed_files (path, hash) values ($1, $2)";

/// One file of supabase/migrations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The digits before the first underscore.
    pub version: String,
    /// What follows, without the extension.
    pub name: String,
    /// Where it lies.
    pub file: PathBuf,
}

impl Migration {
    /// Reads a file name of the form `<digits>_<name>.sql`; the CLI skips every other one.
    fn from_file(file: &Path) -> Option<Self> {
        let stem = file.file_name()?.to_str()?.strip_suffix(".sql")?;
        let (version, name) = stem.split_once('_')?;
        let digits = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| Self {
            version: version.to_owned(),
            name: name.to_owned(),
            file: file.to_owned(),
        })
    }
}

/// The project's migrations in order.
pub fn list(dir: &Path) -> Result<Vec<Migration>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let file = entry?.path();
        match Migration::from_file(&file) {
            Some(migration) => found.push(migration),
            None if file.extension().is_some_and(|extension| extension == "sql") => println!(
                "  migrations   skipped {}: the name is not <digits>_<name>.sql",
                file.display()
            ),
            None => {}
        }
    }
    found.sort_by(|a, b| a.version.cmp(&b.version));
    if let Some(same) = found
        .windows(2)
        .find(|pair| pair[0].version == pair[1].version)
    {
        let [a, b] = [0, 1].map(|at| same[at].file.display());
        bail!("{a} and {b} have the same version");
    }
    Ok(found)
}

/// What [`apply`] did.
#[derive(Default)]
pub struct Applied {
    /// How many files were new.
    pub migrations: usize,
    /// Whether the seed ran.
    pub seeded: bool,
    /// Files that are not what was applied.
    pub changed: Vec<String>,
}

/// Applies what is pending; the seed only to a database that never had it.
pub async fn apply(client: &mut Client, host: &Host) -> Result<Applied> {
    let migrations = host.migrations()?;
    let history = history(client).await?;
    let known = |version: &&String| migrations.iter().any(|of| of.version == **version);
    if let Some(lost) = history.keys().find(|version| !known(version)) {
        bail!("the database has migration {lost}, which supabase/migrations has not");
    }
    let mut applied = Applied::default();
    for migration in &migrations {
        let sql = fs::read_to_string(&migration.file)
            .with_context(|| format!("cannot read {}", migration.file.display()))?;
        match history.get(&migration.version) {
            Some(before) if *before == sql => {}
            Some(_) => applied.changed.push(migration.file.display().to_string()),
            None => {
                let values: [&(dyn ToSql + Sync); 3] =
                    [&migration.version, &migration.name, &vec![&sql]];
                run(client, &migration.file, &sql, RECORD, &values).await?;
                applied.migrations += 1;
            }
        }
    }
    if let Some(seed) = host.seed() {
        let hash = file_hash(&seed)?;
        match seeded_with(client).await? {
            None => {
                let sql = fs::read_to_string(&seed)?;
                run(client, &seed, &sql, RECORD_SEED, &[&SEED, &hash]).await?;
                applied.seeded = true;
            }
            Some(before) if before == hash => {}
            Some(_) => applied.changed.push(seed.display().to_string()),
        }
    }
    Ok(applied)
}

/// Versions and texts of what was applied.
async fn history(client: &Client) -> Result<BTreeMap<String, String>> {
    let sql = "select version, coalesce(array_to_string(statements, ''), '') \
               from supabase_migrations.schema_migrations";
    let rows = client.query(sql, &[]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// The hash of the seed that ran.
async fn seeded_with(client: &Client) -> Result<Option<String>> {
    let sql = "select hash from supabase_migrations.seed_files where path = $1";
    let row = client.query_opt(sql, &[&SEED]).await?;
    Ok(row.map(|row| row.get(0)))
}

/// Runs a file and writes it down, in one transaction.
async fn run(
    client: &mut Client,
    file: &Path,
    sql: &str,
    record: &str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<()> {
    // A file must not depend on what an earlier one set for the session.
    client.batch_execute("reset all").await?;
    let transaction = client.transaction().await?;
    let explained = |error| explain(file, sql, &error);
    transaction.batch_execute(sql).await.map_err(explained)?;
    transaction.execute(record, values).await?;
    transaction.commit().await.map_err(explained)
}

/// Says where in the file Postgres stopped.
pub fn explain(file: &Path, sql: &str, error: &tokio_postgres::Error) -> anyhow::Error {
    use tokio_postgres::error::ErrorPosition;
    let Some(db) = error.as_db_error() else {
        return anyhow!("{}: {error}", file.display());
    };
    let line = match db.position() {
        Some(ErrorPosition::Original(at)) => {
            let before: String = sql.chars().take(*at as usize).collect();
            format!(":{}", before.lines().count().max(1))
        }
        _ => String::new(),
    };
    let (message, code) = (db.message(), db.code().code());
    let first = format!("{}{line}: {message} ({code})", file.display());
    let parts = [Some(first.as_str()), db.detail(), db.hint(), db.where_()];
    anyhow!(parts.into_iter().flatten().collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of what is found among these files.
    fn found(files: &[&str]) -> Result<Vec<String>> {
        let dir = tempfile::tempdir()?;
        for file in files {
            fs::write(dir.path().join(file), "")?;
        }
        let found = list(dir.path())?.into_iter();
        Ok(found
            .map(|of| format!("{} {}", of.version, of.name))
            .collect())
    }

    #[test]
    fn only_digits_an_underscore_and_sql_make_a_migration() {
        let found = found(&[
            "2026_chats_and_more.sql",
            "20260401090000_.sql",
            "chats.sql",
            "2026a_chats.sql",
            "_chats.sql",
            "20260401090000.sql",
            "1_a.txt",
            "README.md",
        ]);
        assert_eq!(found.unwrap(), ["2026 chats_and_more", "20260401090000 "]);
    }

    #[test]
    fn migrations_are_listed_by_version() {
        let found = found(&["20260102000000_b.sql", "20260101000000_z.sql"]);
        assert_eq!(found.unwrap(), ["20260101000000 z", "20260102000000 b"]);
    }

    #[test]
    fn two_files_of_one_version_are_an_error() {
        assert!(found(&["1_a.sql", "1_b.sql"]).is_err());
    }
}
