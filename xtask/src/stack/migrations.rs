//! Applies supabase/migrations and the seed as the official CLI does: as role `postgres`, each
//! file one transaction, the history in `supabase_migrations.schema_migrations`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use tokio_postgres::Client;

use crate::host::Host;
use crate::paths::file_hash;

/// The seed's name in `supabase_migrations.seed_files`.
pub const SEED: &str = "supabase/seed.sql";

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
    for pair in found.windows(2) {
        if let [a, b] = pair
            && a.version == b.version
        {
            bail!(
                "{} and {} have the same version",
                a.file.display(),
                b.file.display()
            );
        }
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
    let known = |version: &String| {
        migrations
            .iter()
            .any(|migration| migration.version == *version)
    };
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
                apply_one(client, migration, &sql).await?;
                applied.migrations += 1;
            }
        }
    }
    if let Some(seed) = host.seed() {
        let hash = file_hash(&seed)?;
        match seeded_with(client).await? {
            None => {
                run_seed(client, &seed, &hash).await?;
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
    let rows = client
        .query(
            "select version, coalesce(array_to_string(statements, ''), '') \
             from supabase_migrations.schema_migrations",
            &[],
        )
        .await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

async fn apply_one(client: &mut Client, migration: &Migration, sql: &str) -> Result<()> {
    // A file must not live on what an earlier one set for the session.
    client.batch_execute("reset all").await?;
    let transaction = client.transaction().await?;
    transaction
        .batch_execute(sql)
        .await
        .map_err(|error| explain(&migration.file, sql, &error))?;
    transaction
        .execute(
            "insert into supabase_migrations.schema_migrations (version, name, statements) values ($1, $2, $3)",
            &[&migration.version, &migration.name, &vec![sql]],
        )
        .await?;
    transaction
        .commit()
        .await
        .map_err(|error| explain(&migration.file, sql, &error))
}

async fn run_seed(client: &mut Client, file: &Path, hash: &str) -> Result<()> {
    let sql = fs::read_to_string(file)?;
    client.batch_execute("reset all").await?;
    let transaction = client.transaction().await?;
    transaction
        .batch_execute(&sql)
        .await
        .map_err(|error| explain(file, &sql, &error))?;
    transaction
        .execute(
            "insert into supabase_migrations.seed_files (path, hash) values ($1, $2) \
             on conflict (path) do update set hash = excluded.hash",
            &[&SEED, &hash],
        )
        .await?;
    Ok(transaction.commit().await?)
}

/// The hash of the seed that ran.
async fn seeded_with(client: &Client) -> Result<Option<String>> {
    let row = client
        .query_opt(
            "select hash from supabase_migrations.seed_files where path = $1",
            &[&SEED],
        )
        .await?;
    Ok(row.map(|row| row.get(0)))
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
    let mut text = format!(
        "{}{line}: {} ({})",
        file.display(),
        db.message(),
        db.code().code()
    );
    for part in [db.detail(), db.hint(), db.where_()].into_iter().flatten() {
        text.push('\n');
        text.push_str(part);
    }
    anyhow!(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digits_an_underscore_and_sql_make_a_migration() {
        let name = |file: &str| {
            Migration::from_file(Path::new(file)).map(|found| (found.version, found.name))
        };
        assert_eq!(
            name("supabase/migrations/20260401090000_chats_and_more.sql"),
            Some(("20260401090000".to_owned(), "chats_and_more".to_owned()))
        );
        assert_eq!(
            name("20260401090000_.sql"),
            Some(("20260401090000".to_owned(), String::new()))
        );
        for other in [
            "chats.sql",
            "2026a_chats.sql",
            "_chats.sql",
            "20260401090000.sql",
            "1_a.txt",
        ] {
            assert_eq!(name(other), None, "{other}");
        }
    }

    #[test]
    fn migrations_are_listed_by_version() {
        let dir = tempfile::tempdir().unwrap();
        for file in ["20260102000000_b.sql", "20260101000000_z.sql", "README.md"] {
            fs::write(dir.path().join(file), "").unwrap();
        }
        let names: Vec<_> = list(dir.path())
            .unwrap()
            .into_iter()
            .map(|found| found.name)
            .collect();
        assert_eq!(names, ["z", "b"]);
    }

    #[test]
    fn two_files_of_one_version_are_an_error() {
        let dir = tempfile::tempdir().unwrap();
        for file in ["1_a.sql", "1_b.sql"] {
            fs::write(dir.path().join(file), "").unwrap();
        }
        assert!(list(dir.path()).is_err());
    }
}
