//! plpgsql_check, the extension behind `supabase db lint`. No npm package has it, so it comes from
//! the machine's apt sources, unpacked and not installed.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use harness::{connection, variable};
use tokio_postgres::Client;

/// Adds the files of the package $0 to the running Postgres $1, which has libraries in $2 and shared files in $3.
/// The control file is copied last: where it is, the rest is.
const ADD: &str = r#"
set -e
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get download "$0"
dpkg-deb -x ./*.deb .
cp "usr/lib/postgresql/$1/lib/plpgsql_check.so" "$2"
cd "usr/share/postgresql/$1/extension"
cp plpgsql_check--*.sql plpgsql_check.control "$3/extension"
"#;

/// Makes the extension; the error says why this machine cannot have it.
pub async fn create() -> Result<(), String> {
    let superuser = connection(&variable("SUPERUSER_URL")).await;
    install(&superuser).await?;
    // Hosted Supabase lets `postgres` make it; here only the superuser may.
    let sql = "create extension if not exists plpgsql_check with schema extensions";
    let made = superuser.batch_execute(sql).await;
    made.map_err(|error| format!("cannot create the extension plpgsql_check: {error:?}"))
}

/// Removes it from the database; its files stay.
pub async fn drop() {
    let superuser = connection(&variable("SUPERUSER_URL")).await;
    let sql = "drop extension if exists plpgsql_check";
    superuser.batch_execute(sql).await.expect("no extension");
}

/// Adds the extension's files to the programs, once a version.
async fn install(superuser: &Client) -> Result<(), String> {
    let sql = "select current_setting('server_version_num')::int / 10000,
        (select setting from pg_config where name = 'PKGLIBDIR'),
        (select setting from pg_config where name = 'SHAREDIR')";
    let row = superuser.query_one(sql, &[]).await.expect("its folders");
    let (major, libraries, shared): (i32, &str, &str) = (row.get(0), row.get(1), row.get(2));
    let control = Path::new(shared).join("extension/plpgsql_check.control");
    // Other checkouts have the same programs.
    let lock = File::create(Path::new(libraries).join("plpgsql_check.lock"));
    let lock = lock.expect("a lock file");
    lock.lock().expect("a lock");
    // Not again: a running Postgres may have the library loaded.
    if !control.is_file() {
        // The package's name in Debian, Ubuntu and PGDG.
        let package = format!("postgresql-{major}-plpgsql-check");
        let mut add = Command::new("sh");
        add.args(["-c", ADD, &package, &major.to_string(), libraries, shared]);
        if !add.status().is_ok_and(|status| status.success()) {
            return Err(format!(
                "apt-get finds no {package} here; Debian 12 has it for Postgres 15 (`--postgres 15`)"
            ));
        }
    }
    Ok(())
}
