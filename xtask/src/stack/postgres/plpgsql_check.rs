//! plpgsql_check, the extension behind `supabase db lint`. No npm package has it, so it comes from
//! the machine's apt sources, unpacked and not installed.

use anyhow::{Context, Result};

use super::programs::{self, Major};
use super::{Postgres, SUPERUSER};
use crate::processes::{Processes, Spec, command};
use crate::tools::lock_file;

/// Adds the files of the package $0 to the programs in $2, which are Postgres $1. The control file is copied last:
/// where it is, the rest is.
const ADD: &str = r#"
set -e
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get download "$0"
dpkg-deb -x ./*.deb .
cp "usr/lib/postgresql/$1/lib/plpgsql_check.so" "$2/lib/postgresql"
cd "usr/share/postgresql/$1/extension"
cp plpgsql_check--*.sql plpgsql_check.control "$2/share/postgresql/extension"
"#;

/// The package's name in Debian, Ubuntu and PGDG.
pub fn package(major: Major) -> String {
    format!("postgresql-{}-plpgsql-check", major.number())
}

/// Makes the extension in a running cluster; `false` where the machine cannot get it.
pub async fn create(postgres: &Postgres, processes: &Processes) -> Result<bool> {
    if !install(postgres.major(), processes).await? {
        return Ok(false);
    }
    // Hosted Supabase lets `postgres` make it; here only the superuser may.
    let superuser = postgres.connect(SUPERUSER).await?;
    let sql = "create extension if not exists plpgsql_check with schema extensions";
    let made = superuser.batch_execute(sql).await;
    made.context("cannot create the extension plpgsql_check")?;
    Ok(true)
}

/// Removes it from the cluster; its files stay.
pub async fn drop(postgres: &Postgres) -> Result<()> {
    let superuser = postgres.connect(SUPERUSER).await?;
    let dropped = superuser
        .batch_execute("drop extension plpgsql_check")
        .await;
    dropped.context("cannot drop the extension plpgsql_check")
}

/// Adds the extension's files to the programs, once a version.
async fn install(major: Major, processes: &Processes) -> Result<bool> {
    let programs = programs::install(major)?;
    let control = programs.join("share/postgresql/extension/plpgsql_check.control");
    let cache = programs.parent().context("the programs have a folder")?;
    let _one_at_a_time = lock_file(&cache.join(format!("{}.lock", package(major)))).await?;
    // Not again: a running Postgres may have the library loaded.
    if !control.is_file() {
        let mut add = command(
            "sh",
            ["-c", ADD, &package(major), &major.number().to_string()],
        );
        add.arg(&programs);
        processes.status(Spec::new("plpgsql_check", add)).await?;
    }
    Ok(control.is_file())
}
