//! `cargo xtask db reset`: empties the running stack's database, and applies migrations and seed.

use anyhow::{Result, bail};

use crate::env_file;
use crate::run::Run;
use crate::stack::host::Host;
use crate::stack::lite;
use crate::stack::postgres::programs::Major;
use crate::stack::postgres::{OWNER, Postgres, SUPERUSER};
use crate::stack::{migrate, platform};
use crate::{paths, supervisor};

/// Removes what migrations and users made, and keeps what the platform made. The database itself stays,
/// as Auth and PostgREST are connected to it.
const EMPTY: &str = include_str!("stack/empty.sql");

/// `cargo xtask db reset`
pub async fn reset() -> Result<()> {
    let state = paths::dev_state();
    let vars = env_file::read(&state.join("stack.env"))?;
    let url = vars.get("DATABASE_URL").cloned().unwrap_or_default();
    if supervisor::holder(&state).is_none() {
        bail!("the stack is not running: start it with `cargo xtask dev`");
    }
    let secrets = env_file::read(&state.join("secrets.env"))?;
    let password = secrets.get("DATABASE_PASSWORD").map_or("", String::as_str);
    let Some(port) = embedded_port(&url, password) else {
        bail!(
            "`dev` runs on a Supabase of yours, which this command does not touch: use `supabase db reset`"
        );
    };
    let postgres = Postgres::new(port, password, true, Major::default())?;
    let run = Run::new(&state)?;
    let work = async {
        let superuser = postgres.connect(SUPERUSER).await?;
        superuser.batch_execute(EMPTY).await?;
        lite::remove_files(&state)?;
        platform(&postgres).await
    };
    let repair = "`cargo xtask stop`, then `cargo xtask dev` and again";
    let what = "schemas, users, files and history are removed";
    run.step("empty", what, repair, work).await?;
    let repair = "correct the file, then `cargo xtask db reset` again";
    migrate(&postgres, &Host::default(), repair, &run).await?;
    println!("the database is as on the first start; tokens of removed users no longer work");
    Ok(())
}

/// The port in the embedded stack's own connection string, whose password is this checkout's.
fn embedded_port(url: &str, password: &str) -> Option<u16> {
    let rest = url.strip_prefix(&format!("postgres://{OWNER}:{password}@127.0.0.1:"))?;
    rest.strip_suffix("/postgres")?.parse().ok()
}
