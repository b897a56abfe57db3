//! The official CLI, without Docker, an account and the network.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::time::timeout;

use crate::paths;
use crate::postgres::{OWNER, Postgres};
use crate::processes::command;

const PROGRAM: &str = "node_modules/supabase/dist/supabase.js";
/// A command that takes longer has lost itself.
const TIME: Duration = Duration::from_secs(60);

/// The CLI, on one database.
pub struct Cli<'a> {
    postgres: &'a Postgres,
    /// Where it keeps what it would write into the checkout and the home folder.
    folder: PathBuf,
}

impl<'a> Cli<'a> {
    /// For a database, with a folder of its own in the state folder.
    pub fn new(postgres: &'a Postgres, state: &Path) -> Result<Self> {
        let folder = state.join("supabase-cli");
        fs::create_dir_all(&folder)?;
        Ok(Self { postgres, folder })
    }

    /// What plpgsql_check says of the schemas' functions.
    pub async fn db_lint(&self, schemas: &[&str]) -> Result<String> {
        let schemas = schemas.join(",");
        self.db(&["lint", "--schema", &schemas, "--level", "warning"])
            .await
    }

    /// What splinter says of the database: security and performance.
    pub async fn db_advisors(&self) -> Result<String> {
        self.db(&["advisors", "--type", "all", "--level", "info"])
            .await
    }

    /// Findings are not for the exit status to tell: it says whether the command could run.
    async fn db(&self, arguments: &[&str]) -> Result<String> {
        let mut cli = command("node", [paths::root().join(PROGRAM)]);
        cli.arg("db")
            .args(arguments)
            .args([
                "--fail-on",
                "none",
                "--output-format",
                "json",
                "--agent",
                "no",
            ])
            .arg(format!("--remote={}", self.postgres.address(OWNER)))
            .arg("--workdir")
            .arg(&self.folder)
            .env("SUPABASE_HOME", &self.folder)
            .env("PGPASSWORD", self.postgres.password())
            .env("PGSSLMODE", "disable")
            // It would count its use and look for a newer version.
            .env("DO_NOT_TRACK", "1")
            .env("SUPABASE_NO_UPDATE_NOTIFIER", "1")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let name = format!("supabase db {}", arguments.first().unwrap_or(&""));
        let output = timeout(TIME, cli.output())
            .await
            .with_context(|| format!("`{name}` has no end after {} s", TIME.as_secs()))?
            .context("node does not start")?;
        let answer = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("`{name}` ended with {}: {said}{answer}", output.status);
        }
        Ok(answer)
    }
}
